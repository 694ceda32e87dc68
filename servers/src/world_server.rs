//! `tinyrealm world`: WorldServer on the tokio driver, one node or several.

mod drain;
pub(crate) mod node;
mod operated;

use std::net::SocketAddr;
use std::process::ExitCode;

use tinyrealm_core::protocol::ServerKind;
use tokio_util::sync::CancellationToken;

use crate::admin;
use crate::chat_server;
use crate::chat_server::report::ChatReport;
use crate::config::world::WorldSettings;
use crate::config::{ChatPlace, Config};
use crate::hopeless::Watch;
use crate::http::figures::{Figures, WorldFigures};
use crate::keyring::{Asker, Keyring};
use crate::process::{self, NodeThread};
use crate::report::{self, Shared};
use crate::say::say;
use crate::service_manager;
use crate::store::{self, Owner};
use node::{OpenStore, WorldReport, WorldStart, server_name};

/// Runs the configured worlds until a signal.
pub(crate) fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let shutdown = process::shutdown_on_signal()?;
    let keyring = Keyring::load(&config.cluster, Asker::Peer)?;
    let figures = figures_of(config);
    let admin = admin::open(config, config.world.address(0), figures.clone(), shutdown.clone())?;
    let chat = match &figures.chat {
        Some(shared) => {
            Some((start_chat(config, &keyring, &shutdown, shared.clone())?, shared.clone()))
        }
        None => None,
    };
    let mut nodes = Vec::new();
    for (node, WorldFigures { report: shared, .. }) in (0..).zip(figures.worlds.clone()) {
        let address = config.world.address(node);
        let settings = numbered(&config.world, node);
        let id = settings.id;
        let thread = spawn(config, settings, address, &keyring, shutdown.clone(), shared.clone())?;
        say!("{} listening on {}", server_name(id), thread.address);
        nodes.push((id, thread, shared));
    }
    admin::show(&admin);
    let watch = Watch::start(config, figures.clone(), shutdown.clone())?;
    let _service = service_manager::start(figures, shutdown.clone())?;
    for (id, thread, shared) in nodes {
        thread.join()?;
        report::print(&server_name(id), &shared.read())?;
    }
    if let Some((thread, shared)) = chat {
        thread.join()?;
        report::print("chat", &shared.read())?;
    }
    // Worlds end by themselves when their drain is over.
    shutdown.cancel();
    admin.join()?;
    Ok(watch.exit_code())
}

/// What the nodes of this process will tell.
fn figures_of(config: &Config) -> Figures {
    let world =
        |node| WorldFigures { id: numbered(&config.world, node).id, report: Shared::default() };
    let worlds = (0..config.world.nodes).map(world).collect();
    let chat = (config.world.chat != ChatPlace::Remote).then(Shared::default);
    Figures { worlds, chat, ..Figures::new() }
}

/// The realm's chat server in this process.
fn start_chat(
    config: &Config,
    keyring: &Keyring,
    shutdown: &CancellationToken,
    shared: Shared<ChatReport>,
) -> anyhow::Result<NodeThread> {
    let thread = chat_server::spawn(config, keyring.clone(), shutdown.clone(), shared)?;
    say!("chat listening on {}", thread.address);
    Ok(thread)
}

/// The settings of node `node` of a process.
pub(crate) fn numbered(settings: &WorldSettings, node: u16) -> WorldSettings {
    let mut settings = settings.clone();
    settings.id = settings.id.saturating_add(node);
    settings.region = settings.region_of(node);
    if let Some((host, port)) = settings.advertise.rsplit_once(':') {
        // It is a number, which is checked with the configuration.
        let port = port.parse::<u16>().unwrap_or_default().saturating_add(node);
        settings.advertise = format!("{host}:{port}");
    }
    settings
}

/// Runs a world on a thread of its own.
///
/// # Errors
/// If the address can't be had.
pub(crate) fn spawn(
    config: &Config,
    settings: WorldSettings,
    address: SocketAddr,
    keyring: &Keyring,
    shutdown: CancellationToken,
    shared: Shared<WorldReport>,
) -> anyhow::Result<NodeThread> {
    process::raise_file_limit(settings.sessions() * usize::from(settings.nodes));
    let game = config.game_of(&settings.region)?;
    let kept = if game.keeps_things() {
        let owner = Owner { game: game.name(), fingerprint: game.fingerprint() };
        Some(open_store(&settings, owner)?)
    } else {
        None
    };
    let name = format!("world-{}", settings.id);
    let keys = keyring.keys_of(ServerKind::WORLD, settings.id);
    let (net, threads) = (config.net.clone(), config.threads.clone());
    let game_settings = config.settings_of(game.name());
    NodeThread::spawn(&name, address, move |bound| {
        game.serve(WorldStart {
            settings,
            net,
            game_settings,
            threads,
            kept,
            keys,
            bound,
            shutdown,
            shared,
        })
    })
}

fn open_store(settings: &WorldSettings, owner: Owner) -> anyhow::Result<OpenStore> {
    let mut store = store::open(settings, owner)?;
    let rooms = store.rooms()?;
    Ok((store, rooms))
}
