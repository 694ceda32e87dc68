//! `tinyrealm up`: Main, worlds and demo bots in one process, one thread each.

use std::process::ExitCode;
use std::thread::JoinHandle;
use std::time::Duration;

use tinyrealm_std::runtime;
use tokio_util::sync::CancellationToken;

use crate::bots::{self, swarm::BotsReport, swarm::Plan};
use crate::chat_server::{self, ChatReport};
use crate::config::Config;
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
    println!("try:  tinyrealm client --main {}", realm.nodes[0].address);
    println!("stop: Ctrl-C");
    show_status(&realm, &shutdown)?;
    drop(swarm.map(JoinHandle::join));
    for node in realm.nodes {
        node.join()?;
    }
    Ok(ExitCode::SUCCESS)
}

fn start(config: &Config, shutdown: &CancellationToken) -> anyhow::Result<Realm> {
    let secret = secret::cluster(&config.cluster, Asker::Realm)?;
    let main = Shared::default();
    let address = config.main.address();
    let chat = Shared::default();
    let chat_node = chat_server::spawn(config, secret.clone(), shutdown.clone(), chat.clone())?;
    let mut config = config.clone();
    config.main.chat = chat_node.address.to_string();
    let config = &config;
    let node = main_server::spawn(config, address, secret.clone(), shutdown.clone(), main.clone())?;
    println!("main listening on {}", node.address);
    println!("chat listening on {}", chat_node.address);
    let nodes = vec![node, chat_node];
    let mut realm = Realm { nodes, main, worlds: Vec::new(), chat, bots: Shared::default() };
    for number in 0..worlds(config) {
        let mut settings = world_server::numbered(&config.world, number);
        settings.main = realm.nodes[0].address.to_string();
        let (id, shared) = (settings.id, Shared::default());
        let address = config.world.address(number);
        let (secret, shutdown) = (secret.clone(), shutdown.clone());
        let node =
            world_server::spawn(config, settings, address, secret, shutdown, shared.clone())?;
        println!("world {id} listening on {}", node.address);
        realm.nodes.push(node);
        realm.worlds.push(shared);
    }
    Ok(realm)
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
) -> anyhow::Result<Option<JoinHandle<()>>> {
    if config.up.bots == 0 {
        return Ok(None);
    }
    let plan = Plan {
        main_address: realm.nodes[0].address.to_string(),
        region: String::new(),
        count: config.up.bots,
        hz: config.up.bots_hz,
        seconds: None,
        sends_events: false,
        chat_hz: config.up.bots_chat_hz,
        channels: DEMO_CHANNELS,
        join_seconds: BOTS_JOIN_SECONDS,
    };
    let (net, shutdown, shared) = (config.net.to_core(), shutdown.clone(), realm.bots.clone());
    let serve = move || {
        if let Err(failure) = bots::serve(plan, net, shutdown, shared) {
            tracing::error!("the bots have ended: {failure:#}");
        }
    };
    Ok(Some(std::thread::Builder::new().name("bots".to_owned()).spawn(serve)?))
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
