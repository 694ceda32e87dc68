//! `tinyrealm up`: Login, Main, chat, worlds, demo bots and the live page in one process, one thread
//! each.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use tinyrealm_core::protocol::OwnedWish;
use tinyrealm_std::{DialOptions, runtime};
use tokio_util::sync::CancellationToken;

use crate::accounts::IfLost;
use crate::accounts::throw_away::ThrowAways;
use crate::admin;
use crate::bots;
use crate::bots::accounts::Accounts;
use crate::bots::plan::{Plan, Play, Restarts};
use crate::bots::report::BotsReport;
use crate::chat_server;
use crate::config::{Auth, Config, HttpService};
use crate::games::HostedGame;
use crate::http::figures::{Counts, Figures, Wanted, WorldFigures};
use crate::http::{self, Directory, Entrance, Page, Site, Visitors};
use crate::keyring::{Asker, Keyring};
use crate::login_server;
use crate::main_server;
use crate::main_server::report::Published;
use crate::process::{self, NodeThread};
use crate::report::Shared;
use crate::say::say;
use crate::service_manager;
use crate::status::StatusLine;
use crate::world_server;

const STATUS_INTERVAL: Duration = Duration::from_secs(1);
/// Channels of the demo bots.
const DEMO_CHANNELS: u16 = 1;
const BOTS_JOIN_SECONDS: f64 = 30.0;

/// A realm in one process.
struct Realm {
    nodes: Vec<NodeThread>,
    /// Where Main listens.
    main_address: SocketAddr,
    /// Where Login does, unless everyone is a guest.
    login_address: Option<SocketAddr>,
    figures: Figures,
    bots: Shared<BotsReport>,
}

/// Runs the realm until a signal.
pub(crate) fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let shutdown = process::shutdown_on_signal()?;
    let mut realm = start(config, &shutdown).inspect_err(|_| shutdown.cancel())?;
    let page = start_http(config, &mut realm, &shutdown).inspect_err(|_| shutdown.cancel())?;
    let swarm = start_bots(config, &realm, &shutdown)?;
    show_the_way(&realm);
    if let Some(page) = page {
        say!("see:  {page}");
    }
    say!("stop: Ctrl-C");
    let _service = service_manager::start(realm.figures.clone(), shutdown.clone())?;
    show_status(&realm, &shutdown)?;
    if let Some((swarm, throw_aways)) = swarm {
        drop(swarm.join());
        drop(throw_aways);
    }
    for node in realm.nodes {
        node.join()?;
    }
    Ok(ExitCode::SUCCESS)
}

fn show_the_way(realm: &Realm) {
    let main = process::local(realm.main_address);
    match realm.login_address.map(process::local) {
        Some(login) => {
            say!("try:  tinyrealm user add NAME");
            say!("then: tinyrealm client --main {main} --login {login} --id NAME");
        }
        None => say!("try:  tinyrealm client --main {main}"),
    }
}

fn start(config: &Config, shutdown: &CancellationToken) -> anyhow::Result<Realm> {
    let keyring = Keyring::load(&config.cluster, Asker::Realm)?;
    let mut config = config.clone();
    config.main.auth = config.up.auth;
    if config.net.origins.is_empty() && config.http.service == HttpService::On {
        config.net.origins = config.http.origins(&config.net);
    }
    let mut nodes = Vec::new();
    let (mut login_address, mut login) = (None, None);
    if config.up.auth == Auth::Login {
        let (address, shared) = (config.login.address(), Shared::default());
        let node = login_server::spawn(
            &config,
            IfLost::Refuse,
            address,
            keyring.clone(),
            shutdown.clone(),
            shared.clone(),
        )?;
        say!("login listening on {}", node.address);
        config.main.login = process::local(node.address).to_string();
        (login_address, login) = (Some(node.address), Some(shared));
        nodes.push(node);
    }
    let main = Published::default();
    let address = config.main.address();
    let chat = Shared::default();
    let chat_node = chat_server::spawn(&config, keyring.clone(), shutdown.clone(), chat.clone())?;
    config.main.chat = process::local(chat_node.address).to_string();
    let node =
        main_server::spawn(&config, address, keyring.clone(), shutdown.clone(), main.clone())?;
    say!("main listening on {}", node.address);
    say!("chat listening on {}", chat_node.address);
    let main_address = node.address;
    nodes.extend([node, chat_node]);
    let worlds = start_worlds(&config, main_address, &keyring, shutdown, &mut nodes)?;
    let bots = Shared::default();
    let figures = Figures {
        login,
        chat: Some(chat),
        worlds,
        bots: Some(bots.clone()),
        ..Figures::new().with_main(main, Wanted::by(&config.main))
    };
    Ok(Realm { nodes, main_address, login_address, figures, bots })
}

fn start_worlds(
    config: &Config,
    main_address: SocketAddr,
    keyring: &Keyring,
    shutdown: &CancellationToken,
    nodes: &mut Vec<NodeThread>,
) -> anyhow::Result<Vec<WorldFigures>> {
    let mut worlds = Vec::new();
    for number in 0..world_count(config) {
        let mut settings = world_server::numbered(&config.world, number);
        settings.mains = vec![process::local(main_address).to_string()];
        let (id, report) = (settings.id, Shared::default());
        let address = config.world.address(number);
        let shutdown = shutdown.clone();
        let node =
            world_server::spawn(config, settings, address, keyring, shutdown, report.clone())?;
        say!("world {id} listening on {}", node.address);
        worlds.push(WorldFigures { id, report });
        nodes.push(node);
    }
    Ok(worlds)
}

/// The operator's entrance, and the live page if it is wanted; answers where that is.
fn start_http(
    config: &Config,
    realm: &mut Realm,
    shutdown: &CancellationToken,
) -> anyhow::Result<Option<String>> {
    let visitors = match &realm.login_address {
        Some(_) if config.http.service == HttpService::On => {
            let prefix = account_prefix("web", realm);
            Some(Mutex::new(Visitors::new(config, &prefix, config.http.visitors)?))
        }
        _ => None,
    };
    let directory = Directory {
        main: realm.main_address,
        login: realm.login_address,
        region: config.world.region_of(0),
    };
    let page = Page::new(&config.http.page, config.games)?;
    let figures = realm.figures.clone();
    let admin = admin::open(config, config.main.address(), figures.clone(), shutdown.clone())?;
    admin::show(&admin);
    realm.nodes.push(admin);
    if config.http.service == HttpService::Off {
        return Ok(None);
    }
    let entrance = Entrance::Page(Arc::new(Site { page, directory, figures, visitors }));
    let address = config.http.address();
    let node = http::open(config, "http", entrance, address, shutdown.clone())?;
    let page = node.address;
    say!("http listening on {page}");
    realm.nodes.push(node);
    let scheme = if config.net.tls.is_on() { "https" } else { "http" };
    Ok(Some(format!("{scheme}://{}/", process::local(page))))
}

fn world_count(config: &Config) -> u16 {
    match config.up.worlds {
        0 => std::thread::available_parallelism().map_or(1, |cores| cores.get().min(8) as u16),
        chosen => chosen,
    }
}

fn start_bots(
    config: &Config,
    realm: &Realm,
    shutdown: &CancellationToken,
) -> anyhow::Result<Option<(JoinHandle<()>, Option<ThrowAways>)>> {
    if config.up.bots == 0 {
        return Ok(None);
    }
    let throw_aways = match &realm.login_address {
        Some(_) => {
            Some(ThrowAways::make(&config.login, &account_prefix("up", realm), config.up.bots)?)
        }
        None => None,
    };
    let login_address = realm.login_address.map(|address| process::local(address).to_string());
    let accounts = login_address.zip(throw_aways.as_ref());
    let plan = Plan {
        main_addresses: vec![process::local(realm.main_address).to_string()],
        dialing: DialOptions::default(),
        region: String::new(),
        wish: OwnedWish::ANY,
        accounts: accounts.map(|(login_address, made)| Accounts {
            login_address,
            credentials: made.credentials.clone(),
        }),
        count: config.up.bots,
        web_sockets: 0,
        hz: config.up.bots_hz,
        seconds: None,
        play: demo_play(config)?,
        chat_hz: config.up.bots_chat_hz,
        channels: DEMO_CHANNELS,
        restarts: Restarts::Trial,
        join_seconds: BOTS_JOIN_SECONDS,
    };
    let (net, shutdown, shared) = (config.net.clone(), shutdown.clone(), realm.bots.clone());
    let serve = move || {
        if let Err(failure) = bots::serve(plan, &net, shutdown, shared) {
            tracing::error!("the bots have ended: {failure:#}");
        }
    };
    let thread = std::thread::Builder::new().name("bots".to_owned()).spawn(serve)?;
    Ok(Some((thread, throw_aways)))
}

/// Demo bots go where there is place, so they play a game only if all worlds have it.
fn demo_play(config: &Config) -> anyhow::Result<Play> {
    let mut names = Vec::new();
    for number in 0..world_count(config) {
        names.push(config.game_of(&config.world.region_of(number))?);
    }
    let first = names.first().filter(|first| names.iter().all(|game| game.name() == first.name()));
    Ok(first.and_then(HostedGame::make_bot).map_or(Play::Moves, Play::Game))
}

/// What the ids of accounts that it makes begin with: no other realm of this machine has the same.
fn account_prefix(kind: &str, realm: &Realm) -> String {
    format!("{kind}-{}-", realm.main_address.port())
}

fn show_status(realm: &Realm, shutdown: &CancellationToken) -> anyhow::Result<()> {
    let mut line = StatusLine::on_stdout();
    runtime::current_thread()?.block_on(async {
        let mut interval = tokio::time::interval(STATUS_INTERVAL);
        interval.tick().await;
        let mut before = realm.figures.counts();
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = interval.tick() => {}
            }
            let now = realm.figures.counts();
            line.show(&status_text(&before, &now, &realm.bots.read()));
            before = now;
        }
    });
    Ok(())
}

fn status_text(before: &Counts, now: &Counts, bots: &BotsReport) -> String {
    format!(
        "{} users in {} rooms | {} packets/s in | {} deliveries/s out | {} messages/s | p99 {:.1} ms | lost {}",
        now.users,
        now.rooms,
        now.packets - before.packets,
        now.deliveries - before.deliveries,
        now.messages - before.messages,
        bots.p99_ms,
        bots.lost,
    )
}
