//! One node of a world server: a world of some game, from its start to its end.

use std::net::SocketAddr;

use serde::Serialize;
use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::Node;
use tinyrealm_core::node::cluster::ClusterKeys;
use tinyrealm_core::node::world::saves::{RestoreRefusal, SaveStats};
use tinyrealm_core::node::world::{Game, StateSizes, World, WorldConfig};
use tinyrealm_core::protocol::{JoinDenial, RoomId, WorldId};
use tinyrealm_std::memory::{NodeSizes, WorldSizes, node_storage, notice_line, world_storage};
use tinyrealm_std::{Driver, Scheme, SocketOptions};
use tokio_util::sync::CancellationToken;

use super::drain::DrainControl;
use crate::config::net::NetSettings;
use crate::config::world::WorldSettings;
use crate::control::{NOTICE_LINE_BYTES, Threads};
use crate::game_settings;
use crate::process::{self, Bound};
use crate::refused::Refused;
use crate::report::{NetReport, ServerControl, Shared};
use crate::store::courier::{Courier, found};
use crate::store::{Kept, Store};

/// What a world tells about itself.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct WorldReport {
    pub(crate) registered: bool,
    /// Whether it takes nobody new.
    pub(crate) draining: bool,
    /// The Mains that refuse it.
    pub(crate) refused: Vec<Refused>,
    /// How many Mains it is to have.
    #[serde(skip)]
    pub(crate) mains: usize,
    pub(crate) users: usize,
    pub(crate) away: usize,
    pub(crate) rooms: usize,
    pub(crate) joined: u32,
    pub(crate) left: u32,
    pub(crate) lost: u32,
    pub(crate) returned: u32,
    pub(crate) moves: u64,
    pub(crate) moves_conflated: u64,
    pub(crate) moves_refused: u64,
    pub(crate) events: u64,
    pub(crate) events_missed: u64,
    pub(crate) inputs: u64,
    pub(crate) inputs_late: u64,
    pub(crate) deliveries: u64,
    pub(crate) flushes: u64,
    pub(crate) snapshots: u32,
    pub(crate) denied: Vec<(&'static str, u32)>,
    pub(crate) saves: SavesReport,
    pub(crate) net: NetReport,
}

/// What has become of what the rooms keep.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct SavesReport {
    pub(crate) accepted: u32,
    pub(crate) replaced: u32,
    pub(crate) refused: u32,
    pub(crate) handed_out: u32,
    pub(crate) failed: u32,
    pub(crate) unreadable: u32,
}

impl From<&SaveStats> for SavesReport {
    fn from(stats: &SaveStats) -> Self {
        let &SaveStats { accepted, replaced, refused, handed_out, failed, unreadable } = stats;
        Self { accepted, replaced, refused, handed_out, failed, unreadable }
    }
}

fn report<G: Game>(node: &Node<'_, World<'_, G>>) -> WorldReport {
    let (world, sessions) = (node.role(), node.sessions());
    let buffers = sessions.buffers_in_use() + node.receive_buffers_in_use();
    let (rooms, stats) = (world.rooms(), world.stats());
    let denials = JoinDenial::ALL.iter();
    WorldReport {
        registered: world.is_registered(),
        draining: world.is_draining(),
        refused: world.refusals().filter_map(|(at, it)| Refused::of("Main", at, it)).collect(),
        mains: world.refusals().count(),
        users: rooms.users(),
        away: rooms.away(),
        rooms: rooms.occupied_rooms(),
        joined: stats.joined,
        left: stats.left,
        lost: stats.lost,
        returned: stats.returned,
        moves: stats.moves,
        moves_conflated: stats.moves_conflated,
        moves_refused: stats.moves_refused,
        events: stats.events,
        events_missed: stats.events_missed,
        inputs: stats.inputs,
        inputs_late: stats.inputs_late,
        deliveries: stats.deliveries,
        flushes: stats.flushes,
        snapshots: stats.snapshots,
        denied: denials.map(|denial| (denial.name(), stats.denied_for(*denial))).collect(),
        saves: world.save_stats().into(),
        net: NetReport::new(node.stats(), sessions.len(), buffers),
    }
}

/// The store of a world whose game keeps anything, and what is in it of its rooms.
pub(super) type OpenStore = (Box<dyn Store>, Vec<(RoomId, Kept)>);

/// All that a world needs to begin.
pub(crate) struct WorldStart {
    pub(super) settings: WorldSettings,
    pub(super) net: NetSettings,
    pub(super) game_settings: toml::Table,
    pub(super) threads: Threads,
    pub(super) kept: Option<OpenStore>,
    pub(super) keys: ClusterKeys,
    pub(super) bound: Bound,
    pub(super) shutdown: CancellationToken,
    pub(super) shared: Shared<WorldReport>,
}

/// Runs a world of this game until its end.
pub(crate) async fn serve<G: Game + Default + Send + 'static>(start: WorldStart) {
    let WorldStart { settings, net, threads, kept, bound, shutdown, shared, .. } = start;
    let (store, kept_rooms) = kept.unzip();
    let node_sizes = NodeSizes {
        sessions: settings.sessions(),
        role_timers: settings.timers(G::TIMERS),
        sealed_clients: settings.sealed_clients.into(),
        ..net.node_sizes()
    };
    let world_sizes = WorldSizes {
        rooms: usize::from(settings.rooms),
        ring_bytes: settings.ring_bytes(G::MESSAGE_MAX_BYTES, StateSizes::of::<G>()),
        users: settings.listeners(),
        attaches: settings.attaches(),
    };
    let options = SocketOptions { send_buffer_bytes: net.socket_send_buffer_bytes as usize };
    let driver = Driver::new(bound.sockets, options, |turn| {
        let storage = world_storage::<G>(world_sizes);
        let new_game = game_settings::new_game::<G>(start.game_settings);
        storage.games.fill_with(new_game.0);
        let role = World::new(storage, core_config(&settings, start.keys, bound.address))
            .with_named_rooms(new_game)
            .with_notices(notice_line(NOTICE_LINE_BYTES));
        let mut node =
            Node::new(node_storage(node_sizes), net_of(&net, &settings).to_core(), role, turn);
        for (room, kept) in kept_rooms.iter().flatten() {
            restore(&mut node, turn, *room, kept);
        }
        node.act(turn, World::start);
        node
    });
    let driver = process::open(driver, &server_name(settings.id), bound.address, &net);
    let control = ServerControl::new(
        &server_name(settings.id),
        bound.asked,
        shutdown,
        shared.clone(),
        &net.changes,
        report,
    );
    let control = DrainControl::new(control, settings.move_away_ms);
    let control = match threads.start::<G, _>(WorldId(settings.id), control) {
        Ok(control) => control,
        Err(error) => panic!("no thread for what acts on world {}: {error}", settings.id),
    };
    // Its jobs, and the state of each room.
    let most_outside = usize::from(settings.rooms) * (G::SAVES_IN_FLIGHT + 1);
    let node = match store {
        None => process::run(driver, control).await,
        Some(store) => match Courier::start(control, store, most_outside) {
            Ok(courier) => process::run(driver, courier).await,
            Err(error) => panic!("no thread for the store: {error}"),
        },
    };
    shared.end(report(&node));
}

/// A room goes on where it was, or the operator hears why not.
fn restore<'a, G: Game>(
    node: &mut Node<'a, World<'a, G>>,
    turn: &mut Turn<'_>,
    room: RoomId,
    kept: &Kept,
) {
    let mut buffer = vec![0; node.role().job_bytes()];
    let found = found(kept, &mut buffer);
    let restored = node.act(turn, |world, cx| world.restore_room(cx, room, found));
    let (name, number) = (G::NAME, room.0);
    match restored {
        Ok(()) => tracing::debug!("room {number} goes on where it was"),
        Err(RestoreRefusal::NoSuchRoom) => {
            tracing::warn!(
                "room {number} was kept, and this world has no such room: raise world.rooms to have it again"
            );
        }
        Err(RestoreRefusal::Version(version)) => tracing::warn!(
            "room {number} begins anew: it was kept by version {version} of {name}, which version {} does not migrate",
            G::VERSION
        ),
        Err(RestoreRefusal::Unreadable) => {
            tracing::warn!("room {number} begins anew: {name} can't read what it has kept of it");
        }
    }
}

/// Pages find a world where it says that it is.
fn net_of(net: &NetSettings, settings: &WorldSettings) -> NetSettings {
    let mut net = net.clone();
    let advertised = Scheme::split(&settings.advertise).and_then(|(_, it)| it.rsplit_once(':'));
    net.hosts.extend(advertised.map(|(host, _)| host.to_owned()));
    net
}

fn core_config(
    settings: &WorldSettings,
    cluster_keys: ClusterKeys,
    bound: SocketAddr,
) -> WorldConfig {
    let address = match settings.advertise.as_str() {
        "" => bound.to_string(),
        advertised => advertised.to_owned(),
    };
    WorldConfig {
        world_id: WorldId(settings.id),
        // The lengths are checked with the configuration.
        region: settings.region.as_str().try_into().unwrap_or_default(),
        address: address.as_str().try_into().unwrap_or_default(),
        main_addresses: core::array::from_fn(|index| {
            let address = settings.mains.get(index);
            address.and_then(|it| it.as_str().try_into().ok()).unwrap_or_default()
        }),
        cluster_keys,
        room_capacity: settings.room_capacity,
        room_spectators: settings.room_spectators,
        flush_interval_ms: settings.flush_interval_ms,
        status_interval_ms: settings.status_interval_ms,
        reconnect_first_ms: settings.reconnect_first_ms,
        reconnect_most_ms: settings.reconnect_most_ms,
    }
}

pub(super) fn server_name(id: u16) -> String {
    format!("world {id}")
}
