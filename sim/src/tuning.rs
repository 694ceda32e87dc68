//! `Tuning`: the numbers of one realm. The seed varies those whose extremes find bugs.
//!
//! Timeouts are shortened, so that half a minute of virtual time has many of each.

use tinyrealm_core::config::NetConfig;
use tinyrealm_core::node::client::ClientConfig;
use tinyrealm_core::node::cluster::ClusterSecret;
use tinyrealm_core::node::main::MainConfig;
use tinyrealm_core::node::world::{WorldConfig, ring_min_bytes};
use tinyrealm_core::protocol::WorldId;

use crate::host::{Cutting, Habits, Pace};
use crate::ids::HostId;
use crate::memory::{BUFFERS, RING_BYTES, ROOM_MEMBERS};
use crate::profile::Profile;
use crate::random::Random;
use crate::settings::Sabotage;

/// Guests' tokens are signed with this, before and after a restart of Main.
pub(crate) const GUEST_SECRET: [u8; 32] = [42; 32];

/// What the realm's servers share.
pub(crate) fn cluster_secret() -> ClusterSecret {
    ClusterSecret::new(&[7; 32]).expect("32 bytes")
}

const NET: NetConfig = NetConfig {
    greeting_timeout_ms: 1_500,
    ping_interval_ms: 700,
    idle_timeout_ms: 2_400,
    drain_timeout_ms: 500,
    ..NetConfig::DEFAULT
};

pub(crate) const MAIN: MainConfig =
    MainConfig { attach_timeout_ms: 600, attach_ttl_ms: 2_000, ..MainConfig::DEFAULT };

/// The least that a room can do with, more often than more.
const RINGS_BYTES: [usize; 4] = [RING_BYTES / 4, RING_BYTES / 4, RING_BYTES / 2, RING_BYTES];
const _: () = assert!(RING_BYTES / 4 == ring_min_bytes(ROOM_MEMBERS), "rings are small");

/// The numbers of one realm; see the [module](self).
#[derive(Copy, Clone, Debug)]
pub(crate) struct Tuning {
    pub(crate) ring_bytes: usize,
    pub(crate) send_buffers: usize,
    pub(crate) receive_buffers: usize,
    pub(crate) net: NetConfig,
    flush_interval_ms: u32,
    late_permille: u32,
    short_write_permille: u32,
    pub(crate) sabotage: Sabotage,
}

impl Tuning {
    pub(crate) fn pick(random: &mut Random, profile: Profile, sabotage: Sabotage) -> Self {
        let is_kind = profile.is_kind();
        let tight = |random: &mut Random, is_allowed, few| match random.below(3) {
            0 if is_allowed => few,
            _ => BUFFERS,
        };
        let buffers_per_session = if is_kind { 8 } else { random.between((2, 8)) as u16 };
        Self {
            ring_bytes: random.pick(&RINGS_BYTES).unwrap_or(RING_BYTES),
            // Without a buffer for Main a world closes that link, and order is gone.
            send_buffers: tight(random, !profile.is_orderly(), 10),
            receive_buffers: tight(random, !is_kind, 5),
            net: NetConfig { send_buffers_per_session: buffers_per_session, ..NET },
            flush_interval_ms: random.pick(&[0, 10, 20, 20, 50]).unwrap_or(20),
            short_write_permille: profile.weather().short_write_permille,
            late_permille: if profile.is_orderly() { 0 } else { 20 },
            sabotage,
        }
    }

    pub(crate) fn habits(&self, random: &mut Random, host: HostId) -> Habits {
        let is_saboteur = host == HostId::world(0);
        Habits {
            cutting: if random.chance(250) { Cutting::WholeFrames } else { Cutting::Anywhere },
            pace: if random.chance(500) { Pace::Lazy } else { Pace::Eager },
            short_write_permille: self.short_write_permille,
            read_bytes: random.pick(&[1, 7, 64, 512, 4_096, 4_096]).unwrap_or(512),
            late_permille: self.late_permille,
            sabotage: if is_saboteur { self.sabotage } else { Sabotage::Nothing },
        }
    }

    pub(crate) fn world(&self, number: usize) -> WorldConfig {
        WorldConfig {
            world_id: WorldId(number as u16 + 1),
            region: heapless::String::new(),
            address: bounded(&HostId::world(number).address()),
            main_address: bounded(&HostId::MAIN.address()),
            cluster_secret: cluster_secret(),
            room_capacity: ROOM_MEMBERS as u16,
            flush_interval_ms: self.flush_interval_ms,
            status_interval_ms: 400,
            reconnect_first_ms: 100,
            reconnect_most_ms: 800,
        }
    }

    pub(crate) fn client() -> ClientConfig {
        ClientConfig { reconnect_first_ms: 100, reconnect_most_ms: 800, ..ClientConfig::DEFAULT }
    }
}

fn bounded<const MAX: usize>(text: &str) -> heapless::String<MAX> {
    heapless::String::try_from(text).unwrap_or_default()
}
