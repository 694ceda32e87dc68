//! `tinyrealm bots`: the load and correctness tool.
//!
//! Purpose: real clients, many to a process, that number everything they say. [`swarm`] drives them,
//! [`ledger`] compares what arrived with what should have, [`outcome`] says it.
//!
//! Contract: a delivery is *lost* if a member who was in the room did not get it, *conflated* if
//! nobody got a move because a newer one of the same bot replaced it before the flush. Events are
//! never conflated. In channels ([`chat_ledger`]) every message has a number, so a missing one shows
//! in the next. Bots outlive every server: they come back by themselves, and [`outages`] tells how long
//! that took. Exit code 0 only if nothing is lost, repeated, out of order or misrouted, and nobody
//! has lost its room; with `--through-restarts`, if everyone is back in one at the end.

pub(crate) mod accounts;
mod chat_ledger;
mod control;
mod latency;
pub(crate) mod ledger;
mod outages;
mod outcome;
pub(crate) mod plan;
pub(crate) mod report;
mod room_book;
pub(crate) mod swarm;
mod walk;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tinyrealm_core::node::Node;
use tinyrealm_core::node::client::client_timers;
use tinyrealm_std::memory::{NodeSizes, node_storage};
use tinyrealm_std::{Driver, Scheme, SocketOptions, Sockets, runtime};
use tokio_util::sync::CancellationToken;

use crate::cli::{BotOptions, scheme_of};
use crate::config::Config;
use crate::config::net::NetSettings;
use crate::games;
use crate::process;
use crate::report::Shared;
use crate::say::hand_out;
use crate::status::StatusLine;
use control::SwarmControl;
use outcome::Outcome;
use plan::{Plan, Play, Restarts};
use report::{BotsReport, Phase};
use swarm::Swarm;

/// Sessions of one client: to Main and to its world.
const SESSIONS_PER_BOT: usize = 2;
/// And one to Login, which may close while the one to Main opens.
const SESSIONS_PER_ACCOUNT: usize = 3;
const PROGRESS_INTERVAL: Duration = Duration::from_secs(1);

/// Runs bots for as long as the options say, and judges the realm.
pub(crate) fn run(options: &BotOptions, config: &Config) -> anyhow::Result<ExitCode> {
    let web_sockets = web_sockets(options)?;
    let shutdown = process::shutdown_on_signal()?;
    let (accounts, _throw_aways) = accounts::of(options, config)?;
    let main = alike(&options.main)?;
    let plan = Plan {
        main_addresses: options.main.clone(),
        dialing: options.trust.dialing(main)?,
        region: options.region.clone(),
        wish: options.room.wish(),
        accounts,
        count: options.count,
        web_sockets,
        hz: options.hz,
        seconds: Some(options.seconds),
        play: play(options, config)?,
        chat_hz: options.chat_hz,
        channels: options.channels,
        restarts: if options.through_restarts { Restarts::Trial } else { Restarts::Fault },
        join_seconds: options.join_seconds,
    };
    let shared = Shared::default();
    shared.publish(BotsReport { count: plan.count, ..BotsReport::default() });
    let progress = show_progress(&shared, &shutdown);
    let swarm = serve(plan, &config.net, shutdown.clone(), shared)?;
    shutdown.cancel();
    drop(progress.map(std::thread::JoinHandle::join));
    if let Some(reason) = swarm.unreachable() {
        bail!("no bot has reached Main at {}: {reason}; is it running?", options.main.join(", "));
    }
    let outcome = Outcome::of(&swarm);
    if options.json {
        hand_out!("{}", serde_json::to_string(&outcome)?)?;
    } else {
        hand_out!("{outcome}")?;
    }
    Ok(if outcome.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What they do: with a game, what its author has written.
fn play(options: &BotOptions, config: &Config) -> anyhow::Result<Play> {
    let Some(name) = &options.game else {
        return Ok(if options.events { Play::Events } else { Play::Moves });
    };
    let game = games::find(config.games, name)?;
    let no_bot = || format!("no bot plays {name:?}: name one behind it, `games![Game => GameBot]`");
    game.make_bot().map(Play::Game).with_context(no_bot)
}

/// Any of these Mains: all are reached by the same scheme.
fn alike(mains: &[String]) -> anyhow::Result<&str> {
    let first = mains.first().context("--main: which?")?;
    let same = mains.iter().all(|main| scheme_of(main) == scheme_of(first));
    ensure!(same, "--main: all of them have the same scheme, or none");
    Ok(first)
}

/// How many bots are to be WebSockets.
fn web_sockets(options: &BotOptions) -> anyhow::Result<u16> {
    let count = match options.ws {
        None if matches!(scheme_of(alike(&options.main)?), Some(Scheme::Ws | Scheme::Wss)) => {
            options.count
        }
        None => 0,
        Some(None) => options.count,
        Some(Some(count)) => count,
    };
    ensure!(count <= options.count, "--ws {count} is more than the {} bots", options.count);
    Ok(count)
}

/// Runs a swarm on this thread until its plan is done, or `shutdown`.
pub(crate) fn serve(
    plan: Plan,
    net: &NetSettings,
    shutdown: CancellationToken,
    shared: Shared<BotsReport>,
) -> anyhow::Result<Swarm> {
    let count = usize::from(plan.count);
    let sessions_per_bot =
        if plan.accounts.is_some() { SESSIONS_PER_ACCOUNT } else { SESSIONS_PER_BOT };
    process::raise_file_limit(count * sessions_per_bot);
    let sizes = NodeSizes {
        sessions: count * sessions_per_bot,
        role_timers: client_timers(count),
        sealed_links: count * sessions_per_bot,
        ..net.node_sizes()
    };
    let options = SocketOptions { send_buffer_bytes: 0 };
    let dialing = plan.dialing.clone();
    runtime::current_thread()?.block_on(async {
        let driver = Driver::new(Sockets::without_listener()?, options, |turn| {
            let mut node = Node::new(node_storage(sizes), net.to_core(), Swarm::new(plan), turn);
            node.act(turn, Swarm::start);
            node
        });
        let control = SwarmControl::new(shutdown, shared);
        Ok(process::run(driver.dialing(dialing), control).await.into_role())
    })
}

/// Shows on standard error how far the bots are, on a thread that ends with `shutdown`.
fn show_progress(
    shared: &Shared<BotsReport>,
    shutdown: &CancellationToken,
) -> Option<std::thread::JoinHandle<()>> {
    let (shared, shutdown) = (shared.clone(), shutdown.clone());
    let runtime = runtime::current_thread().ok()?;
    let show = move || {
        let mut line = StatusLine::on_stderr();
        runtime.block_on(async {
            let mut interval = tokio::time::interval(PROGRESS_INTERVAL);
            loop {
                tokio::select! {
                    () = shutdown.cancelled() => return,
                    _ = interval.tick() => line.show(&progress_text(&shared.read())),
                }
            }
        });
    };
    std::thread::Builder::new().name("progress".to_owned()).spawn(show).ok()
}

fn progress_text(report: &BotsReport) -> String {
    let BotsReport { joined, count, sent, received, .. } = report;
    match report.phase {
        Phase::Joining => format!("joining: {joined} of {count} bots are in their rooms"),
        Phase::Running => format!("running: {sent} sent, {received} received"),
        Phase::Settling | Phase::Done => format!("waiting for the last of {sent} to arrive"),
    }
}
