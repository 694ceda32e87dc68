//! `tinyrealm up`: Login, Main, chat, worlds and demo bots in one process, one thread each.

use std::process::ExitCode;
use std::thread::JoinHandle;
use std::time::Duration;

use tinyrealm_core::node::cluster::ClusterSecret;
use tinyrealm_std::runtime;
use tokio_util::sync::CancellationToken;

use crate::accounts::throw_away::ThrowAways;
use crate::bots;
use crate::bots::accounts::Accounts;
use crate::bots::plan::{BotsReport, Plan, Restarts};
use crate::chat_server::{self, ChatReport};
use crate::config::{Auth, Config};
use crate::login_server;
use crate::main_server::{self, MainReport};
use crate::process::{self, NodeThread};
use crate::report::Shared;
use crate::secret::{self, Asker};
use crate::status::StatusLine;
use crate::world_server::{self, WorldReport};

const STATUS_INTERVAL: Duration = Duration::from_secs(1);
/// Channels of the demo bots.
const DEMO_CHANNELS: u16 = 1;
const BOTS_JOIN_SECONDS: f64 = 30.0;

/// A realm in one process.
struct Realm {
    nodes: Vec<NodeThread>,
    main_address: String,
    /// Unless everyone is a guest.
    login_address: Option<String>,
    main: Shared<MainReport>,
    worlds: Vec<Shared<WorldReport>>,
    chat: Shared<ChatReport>,
    bots: Shared<BotsReport>,
}

/// Runs the realm until a signal.
pub(crate) fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let shutdown = process::shutdown_on_signal()?;
    let realm = start(config, &shutdown).inspect_err(|_| shutdown.cancel())?;
    let swarm = start_bots(config, &realm, &shutdown)?;
    show_the_way(&realm);
    println!("stop: Ctrl-C");
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
    match &realm.login_address {
        Some(login) => {
            println!("try:  tinyrealm user add NAME");
            println!(
                "then: tinyrealm client --main {} --login {login} --id NAME",
                realm.main_address
            );
        }
        None => println!("try:  tinyrealm client --main {}", realm.main_address),
    }
}

fn start(config: &Config, shutdown: &CancellationToken) -> anyhow::Result<Realm> {
    let secret = secret::cluster(&config.cluster, Asker::Realm)?;
    let mut config = config.clone();
    config.main.auth = config.up.auth;
    let mut nodes = Vec::new();
    let mut login_address = None;
    if config.up.auth == Auth::Login {
        let (address, secret) = (config.login.address(), secret.clone());
        let login =
            login_server::spawn(&config, address, secret, shutdown.clone(), Shared::default())?;
        println!("login listening on {}", login.address);
        config.main.login = login.address.to_string();
        login_address = Some(login.address.to_string());
        nodes.push(login);
    }
    let main = Shared::default();
    let address = config.main.address();
    let chat = Shared::default();
    let chat_node = chat_server::spawn(&config, secret.clone(), shutdown.clone(), chat.clone())?;
    config.main.chat = chat_node.address.to_string();
    let node =
        main_server::spawn(&config, address, secret.clone(), shutdown.clone(), main.clone())?;
    println!("main listening on {}", node.address);
    println!("chat listening on {}", chat_node.address);
    let main_address = node.address.to_string();
    nodes.extend([node, chat_node]);
    let worlds = start_worlds(&config, &main_address, &secret, shutdown, &mut nodes)?;
    Ok(Realm { nodes, main_address, login_address, main, worlds, chat, bots: Shared::default() })
}

fn start_worlds(
    config: &Config,
    main_address: &str,
    secret: &ClusterSecret,
    shutdown: &CancellationToken,
    nodes: &mut Vec<NodeThread>,
) -> anyhow::Result<Vec<Shared<WorldReport>>> {
    let mut reports = Vec::new();
    for number in 0..worlds(config) {
        let mut settings = world_server::numbered(&config.world, number);
        settings.main = main_address.to_owned();
        let (id, shared) = (settings.id, Shared::default());
        let address = config.world.address(number);
        let (secret, shutdown) = (secret.clone(), shutdown.clone());
        let node =
            world_server::spawn(config, settings, address, secret, shutdown, shared.clone())?;
        println!("world {id} listening on {}", node.address);
        nodes.push(node);
        reports.push(shared);
    }
    Ok(reports)
}

fn worlds(config: &Config) -> u16 {
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
        Some(_) => Some(ThrowAways::make(&config.login, &bots_prefix(realm), config.up.bots)?),
        None => None,
    };
    let accounts = realm.login_address.clone().zip(throw_aways.as_ref());
    let plan = Plan {
        main_address: realm.main_address.clone(),
        region: String::new(),
        accounts: accounts.map(|(login_address, made)| Accounts {
            login_address,
            credentials: made.credentials.clone(),
        }),
        count: config.up.bots,
        hz: config.up.bots_hz,
        seconds: None,
        sends_events: false,
        chat_hz: config.up.bots_chat_hz,
        channels: DEMO_CHANNELS,
        restarts: Restarts::Trial,
        join_seconds: BOTS_JOIN_SECONDS,
    };
    let (net, shutdown, shared) = (config.net.to_core(), shutdown.clone(), realm.bots.clone());
    let serve = move || {
        if let Err(failure) = bots::serve(plan, net, shutdown, shared) {
            tracing::error!("the bots have ended: {failure:#}");
        }
    };
    let thread = std::thread::Builder::new().name("bots".to_owned()).spawn(serve)?;
    Ok(Some((thread, throw_aways)))
}

/// What the ids of its bots begin with: no other realm of this machine has the same.
fn bots_prefix(realm: &Realm) -> String {
    let port = realm.main_address.rsplit(':').next().unwrap_or_default();
    format!("up-{port}-")
}

/// Sums over all worlds, at one moment.
#[derive(Copy, Clone, Default)]
struct Counts {
    users: usize,
    rooms: usize,
    packets: u64,
    deliveries: u64,
    messages: u64,
}

impl Realm {
    fn counts(&self) -> Counts {
        let reports = self.worlds.iter().map(Shared::read);
        let mut counts = reports.fold(Counts::default(), |sum, world| Counts {
            users: sum.users + world.users,
            rooms: sum.rooms + world.rooms,
            packets: sum.packets + world.net.frames_received,
            deliveries: sum.deliveries + world.deliveries,
            ..sum
        });
        counts.messages = self.chat.read().said;
        counts.packets += self.main.read().net.frames_received;
        counts
    }
}

fn show_status(realm: &Realm, shutdown: &CancellationToken) -> anyhow::Result<()> {
    let mut line = StatusLine::on_stdout();
    runtime::current_thread()?.block_on(async {
        let mut interval = tokio::time::interval(STATUS_INTERVAL);
        interval.tick().await;
        let mut before = realm.counts();
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = interval.tick() => {}
            }
            let now = realm.counts();
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
