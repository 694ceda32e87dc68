//! `Tuning`: the numbers of one realm. The seed varies those whose extremes find bugs.
//!
//! Timeouts are shortened, so that half a minute of virtual time has many of each.

use tinyrealm_core::config::NetConfig;
use tinyrealm_core::node::chat::ChatConfig;
use tinyrealm_core::node::client::ClientConfig;
use tinyrealm_core::node::cluster::ClusterKeys;
use tinyrealm_core::node::device_key::DeviceKey;
use tinyrealm_core::node::login::{AttemptPolicy, LoginConfig};
use tinyrealm_core::node::main::{
    Accounts, ChatPolicy, Guests, GuestsOrAccounts, LoginLinkConfig, MainConfig,
};
use tinyrealm_core::node::world::{Game, MAINS_MAX, StateSizes, WorldConfig, ring_min_bytes_for};
use tinyrealm_core::protocol::{ADDRESS_MAX_BYTES, Seq, WorldId};
use tinyrealm_core::time::Instant;
use tinyrealm_core::wire::Framing;

use crate::actors::Recorder;
use crate::bounded::bounded;
use crate::checks::calling::Calling;
use crate::host::{Cutting, Habits, Pace};
use crate::ids::{HostId, Role, region_of};
use crate::layout::Layout;
use crate::profile::Profile;
use crate::settings::Sabotage;
use crate::sizes::{BUFFERS, RING_BYTES, ROOM_MEMBERS, ROOM_SPECTATORS};
use crate::talk::MESSAGE_MAX_BYTES;
use tinyrealm_testing::Random;

/// Guests' tokens are signed with this, on every Main, before and after a restart.
const GUEST_SECRET: [u8; 32] = [42; 32];

const NET: NetConfig = NetConfig {
    greeting_timeout_ms: 1_500,
    ping_interval_ms: 700,
    idle_timeout_ms: 2_400,
    drain_timeout_ms: 500,
    ..NetConfig::DEFAULT
};

/// Wrong passwords cost a wait that an account can sit out before a run ends.
const ATTEMPTS: AttemptPolicy = AttemptPolicy {
    free_failures: 2,
    first_delay_ms: 200,
    most_delay_ms: 1_000,
    forget_after_ms: 4_000,
    most_under_way: 2,
};

/// Login's own settings.
pub(crate) const LOGIN: LoginConfig = LoginConfig {
    account: ATTEMPTS,
    address: ATTEMPTS,
    logins_running: 4,
    kept_percent: 25,
    verifies_running: 8,
    busy_retry_ms: 100,
};

/// The least that a room can do with, more often than more.
const RINGS_BYTES: [usize; 4] = [RING_BYTES / 4, RING_BYTES / 4, RING_BYTES / 2, RING_BYTES];
const RING_MIN_BYTES: usize =
    ring_min_bytes_for(ROOM_MEMBERS, Recorder::MESSAGE_MAX_BYTES, StateSizes::of::<Recorder>());
const _: () = assert!(RING_BYTES / 4 == RING_MIN_BYTES, "rings are small");

/// With Login's time below the greeting's.
pub(crate) const CLAIM_TIMEOUT_MS: u32 = 700;

/// Some tokens expire while their owners play.
const TOKEN_TTL_US: (u64, u64) = (2_000_000, 20_000_000);

/// The numbers of one realm; see the [module](self).
#[derive(Copy, Clone, Debug)]
pub(crate) struct Tuning {
    pub(crate) layout: Layout,
    /// Whether worlds are told of all Mains but one by that one.
    announces_mains: bool,
    pub(crate) ring_bytes: usize,
    pub(crate) send_buffers: usize,
    pub(crate) receive_buffers: usize,
    pub(crate) net: NetConfig,
    flush_interval_ms: u32,
    late_permille: u32,
    short_write_permille: u32,
    /// How many clients, in a thousand, come as WebSockets.
    web_socket_permille: u32,
    /// How many players, in a thousand, seal their links to worlds.
    pub(crate) sealed_permille: u32,
    pub(crate) has_accounts: bool,
    pub(crate) token_ttl_us: u64,
    /// Whether the cluster's secret is exchanged.
    pub(crate) exchanges_secrets: bool,
    pub(crate) sabotage: Sabotage,
}

impl Tuning {
    pub(crate) fn pick(random: &mut Random, profile: Profile, sabotage: Sabotage) -> Self {
        let is_kind = profile.is_kind();
        let tight = |random: &mut Random, is_allowed, few| match random.below(3) {
            0 if is_allowed => few,
            _ => BUFFERS,
        };
        let layout = match Layout::pick(random) {
            picked if sabotage == Sabotage::Nothing => picked,
            picked if sabotage.needs_directory() => Layout::Shared(picked.mains().max(2)),
            _ => Layout::Apart,
        };
        let buffers_per_session = if is_kind { 8 } else { random.within((2, 8)) as u16 };
        Self {
            layout,
            announces_mains: random.chance(500),
            ring_bytes: random.pick(&RINGS_BYTES).unwrap_or(RING_BYTES),
            // Without a buffer for Main a world closes that link, and order is gone.
            send_buffers: tight(random, !profile.is_orderly(), 10),
            receive_buffers: tight(random, !is_kind, 5),
            net: NetConfig { send_buffers_per_session: buffers_per_session, ..NET },
            flush_interval_ms: random.pick(&[0, 10, 20, 20, 50]).unwrap_or(20),
            short_write_permille: profile.weather().short_write_permille,
            late_permille: if profile.is_orderly() { 0 } else { 20 },
            web_socket_permille: random.pick(&[0, 300, 300, 1_000]).unwrap_or(300),
            sealed_permille: random.pick(&[0, 300, 300, 1_000]).unwrap_or(300),
            has_accounts: random.chance(750) || sabotage.needs_accounts(),
            token_ttl_us: random.within(TOKEN_TTL_US),
            exchanges_secrets: profile.loses_servers() && random.chance(500)
                || sabotage.needs_exchange(),
            sabotage,
        }
    }

    /// What is broken on purpose in a server: one Main, one world, or the chat server.
    pub(crate) fn sabotage_of(&self, host: HostId) -> Sabotage {
        let is_one = [HostId::main(0), HostId::world(0), HostId::CHAT].contains(&host);
        let is_world = matches!(host.role(), Role::World(_));
        let is_saboteur = is_one || is_world && self.sabotage.is_of_all_worlds();
        if is_saboteur { self.sabotage } else { Sabotage::Nothing }
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

    pub(crate) fn main(&self) -> MainConfig {
        let chat = ChatPolicy {
            reserved: &[],
            channels_per_user: 3,
            message_bytes: MESSAGE_MAX_BYTES as u16,
            requests_per_second: 5,
            request_burst: 10,
            flush_interval_ms: self.flush_interval_ms,
            reconnect_first_ms: 100,
            reconnect_most_ms: 800,
        };
        MainConfig {
            attach_timeout_ms: 600,
            attach_ttl_ms: 2_000,
            registry_settle_ms: 800,
            room_hold_ms: 1_500,
            claim_timeout_ms: CLAIM_TIMEOUT_MS,
            chat,
            ..MainConfig::DEFAULT
        }
    }

    /// The chat server's own settings: channels may be full, and an answer about the past has pages.
    pub(crate) const fn chat(&self, now: Instant) -> ChatConfig {
        // Its clock has gone on since it was there before.
        let first_number = Seq(now.micros());
        ChatConfig {
            channel_members: 20,
            reserved: &[],
            past_page: 6,
            first_number,
            ..ChatConfig::DEFAULT
        }
    }

    /// Who is let in, and where Main asks about it.
    pub(crate) fn door(&self) -> (GuestsOrAccounts, Option<LoginLinkConfig>) {
        if !self.has_accounts {
            return (GuestsOrAccounts::Guests(Guests::new(GUEST_SECRET)), None);
        }
        let login = LoginLinkConfig {
            address: bounded(&HostId::LOGIN.address()),
            hello_timeout_ms: 700,
            reconnect_first_ms: 100,
            reconnect_most_ms: 800,
        };
        (GuestsOrAccounts::Accounts(Accounts), Some(login))
    }

    pub(crate) fn world(&self, number: usize, cluster_keys: ClusterKeys) -> WorldConfig {
        WorldConfig {
            world_id: WorldId(number as u16 + 1),
            region: bounded(region_of(number)),
            address: bounded(&HostId::world(number).address()),
            main_addresses: self.mains_of_world(number),
            cluster_keys,
            room_capacity: ROOM_MEMBERS as u16,
            room_spectators: ROOM_SPECTATORS as u16,
            flush_interval_ms: self.flush_interval_ms,
            status_interval_ms: 400,
            reconnect_first_ms: 100,
            reconnect_most_ms: 800,
        }
    }

    /// Where a world looks for its Mains: at all of them, or at one that tells it of the others.
    fn mains_of_world(&self, number: usize) -> [heapless::String<ADDRESS_MAX_BYTES>; MAINS_MAX] {
        let mut addresses = [const { heapless::String::new() }; MAINS_MAX];
        let known = if self.announces_mains { 1 } else { MAINS_MAX };
        let mains = self.layout.mains_of_world(number).take(known);
        let mains = mains.map(|main| bounded(&HostId::main(main).address()));
        addresses.iter_mut().zip(mains).for_each(|(place, address)| *place = address);
        addresses
    }

    /// The same client as a device, which comes by this key.
    pub(crate) fn device(config: ClientConfig, key: DeviceKey) -> ClientConfig {
        let (device_key, framing) = (Some(key), Framing::Stream);
        ClientConfig { device_key, framing, has_account: false, ..config }
    }

    pub(crate) fn client(&self, random: &mut Random, calling: &Calling) -> ClientConfig {
        let is_web_socket = random.chance(self.web_socket_permille);
        ClientConfig {
            framing: if is_web_socket { Framing::Message } else { Framing::Stream },
            has_account: self.has_accounts,
            nickname: bounded(calling.nickname),
            region: bounded(calling.region),
            fingerprint: Recorder::FINGERPRINT ^ u32::from(calling.is_of_another_game),
            reconnect_first_ms: 100,
            reconnect_most_ms: 800,
            ..ClientConfig::DEFAULT
        }
    }
}
