//! What a byte of the image is for: the rows of the table, and which Rust path belongs to which.
//!
//! Contract: a path belongs to the longest prefix that is listed, so to exactly one part. Containers
//! that hold other people's things (`core::`, `heapless::`, the core's tables) belong to none: what
//! they hold, or who calls them, decides. A field of the core's memory has to be listed by name.

use serde::Serialize;

/// One row of the table.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Sessions: what is known of each peer, its limits, its deadlines' heads.
    Sessions,
    /// Rooms and their members.
    Rooms,
    /// The rooms' broadcast rings.
    Ring,
    /// Who may join: attaches and their index.
    Registry,
    /// Channels and their members.
    Channels,
    /// What was said last in the channels.
    History,
    /// The wheel and one entry a timer.
    Timers,
    /// The node's shell and the role's own state: configuration, link to Main, statistics.
    Node,
    /// Buffers for private packets and for frames that are cut.
    Pools,
    /// Frames, messages, their encoding.
    Protocol,
    /// The handshakes and messages of WebSockets.
    WebSocket,
    /// The game.
    Game,
    /// The driver between node and network stack, and its links.
    Links,
    /// The bytes that sockets receive into and send from.
    SocketBuffers,
    /// The network stack's state of each connection.
    Sockets,
    /// embassy-net and smoltcp, apart from their sockets.
    Network,
    /// The board, its Ethernet driver with its frames, interrupts.
    Board,
    /// Executor, tasks' heads, timers' driver.
    Executor,
    /// The roles' start and report.
    Roles,
    /// The compiler's library: copying, division, parsing.
    Library,
    /// Constants without a name, and what alignment leaves empty.
    Rest,
}

impl Part {
    /// All of them, in the table's order.
    pub const ALL: [Self; 21] = [
        Self::Sessions,
        Self::Rooms,
        Self::Ring,
        Self::Registry,
        Self::Channels,
        Self::History,
        Self::Timers,
        Self::Node,
        Self::Pools,
        Self::Protocol,
        Self::WebSocket,
        Self::Game,
        Self::Links,
        Self::SocketBuffers,
        Self::Sockets,
        Self::Network,
        Self::Board,
        Self::Executor,
        Self::Roles,
        Self::Library,
        Self::Rest,
    ];

    /// Its name in the table.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Rooms => "rooms and members",
            Self::Ring => "room ring",
            Self::Registry => "registry of attaches",
            Self::Channels => "channels and members",
            Self::History => "channels' history",
            Self::Timers => "timers",
            Self::Node => "node and role state",
            Self::Pools => "pools of buffers",
            Self::Protocol => "frames and messages",
            Self::WebSocket => "WebSocket",
            Self::Game => "game",
            Self::Links => "links (driver of the node)",
            Self::SocketBuffers => "sockets' buffers",
            Self::Sockets => "sockets",
            Self::Network => "network stack",
            Self::Board => "board and Ethernet driver",
            Self::Executor => "executor and time",
            Self::Roles => "role's start and report",
            Self::Library => "compiler's library",
            Self::Rest => "constants, alignment",
        }
    }

    /// Whether it counts as the core's own share: sessions, rooms or channels, and what is kept for them.
    pub const fn is_core_share(self) -> bool {
        matches!(
            self,
            Self::Sessions
                | Self::Rooms
                | Self::Ring
                | Self::Registry
                | Self::Channels
                | Self::History
        )
    }

    /// The part of a Rust path like `tinyrealm_core::timer::TimerWheel`; `None` for a container.
    pub fn of_path(path: &str) -> Option<Self> {
        let holds = |prefix: &str| {
            path.strip_prefix(prefix).is_some_and(|rest| {
                rest.is_empty() || rest.starts_with("::") || prefix.ends_with('_')
            })
        };
        let found = PATHS.iter().filter(|(prefix, _)| holds(prefix));
        found.max_by_key(|(prefix, _)| prefix.len()).and_then(|(_, part)| *part)
    }
}

/// Path prefixes; one that ends with `_` stands for every crate whose name begins so.
const PATHS: &[(&str, Option<Part>)] = &[
    ("tinyrealm_", Some(Part::Board)),
    ("tinyrealm_core", Some(Part::Node)),
    ("tinyrealm_core::broadcast", Some(Part::Ring)),
    ("tinyrealm_core::dispatch", Some(Part::Protocol)),
    ("tinyrealm_core::entropy", None),
    ("tinyrealm_core::node::chat::channel", Some(Part::Channels)),
    ("tinyrealm_core::node::chat::history", Some(Part::History)),
    ("tinyrealm_core::node::uid_table", None),
    ("tinyrealm_core::node::world::attach", Some(Part::Registry)),
    ("tinyrealm_core::node::world::fan_out", Some(Part::Rooms)),
    ("tinyrealm_core::node::world::game", Some(Part::Rooms)),
    ("tinyrealm_core::node::world::room", Some(Part::Rooms)),
    ("tinyrealm_core::node::world::room_manager", Some(Part::Rooms)),
    ("tinyrealm_core::node::world::saves", Some(Part::Rooms)),
    ("tinyrealm_core::node::world::things", Some(Part::Rooms)),
    ("tinyrealm_core::node::world::user", Some(Part::Rooms)),
    ("tinyrealm_core::protocol", Some(Part::Protocol)),
    ("tinyrealm_core::session", Some(Part::Sessions)),
    ("tinyrealm_core::session::manager::web_socket", Some(Part::WebSocket)),
    ("tinyrealm_core::session::receiver::messages", Some(Part::WebSocket)),
    ("tinyrealm_core::storage", None),
    ("tinyrealm_core::storage::pool", Some(Part::Pools)),
    ("tinyrealm_core::time", None),
    ("tinyrealm_core::timer", Some(Part::Timers)),
    ("tinyrealm_core::wire", Some(Part::Protocol)),
    ("tinyrealm_core::wire::ws", Some(Part::WebSocket)),
    ("base64ct", Some(Part::WebSocket)),
    ("sha1", Some(Part::WebSocket)),
    ("tinyrealm_firmware", Some(Part::Roles)),
    ("tinyrealm_firmware::links::SocketBuffers", Some(Part::SocketBuffers)),
    ("tinyrealm_firmware::network", Some(Part::Network)),
    ("tinyrealm_board_parts::executor", Some(Part::Executor)),
    ("tinyrealm_mps2_an385::dual_timer", Some(Part::Executor)),
    ("tinyrealm_stm32f103::timer", Some(Part::Executor)),
    ("tinyrealm_smoltcp", Some(Part::Links)),
    ("tinyrealm_coin_rush", Some(Part::Game)),
    ("tinyrealm_tag", Some(Part::Game)),
    ("postcard", Some(Part::Protocol)),
    ("serde", Some(Part::Protocol)),
    ("serde_core", Some(Part::Protocol)),
    ("embassy_executor", Some(Part::Executor)),
    ("embassy_futures", Some(Part::Executor)),
    ("embassy_sync", Some(Part::Executor)),
    ("embassy_time", Some(Part::Executor)),
    ("embassy_time_driver", Some(Part::Executor)),
    ("embassy_time_queue_utils", Some(Part::Executor)),
    ("cordyceps", Some(Part::Executor)),
    ("embassy_net", Some(Part::Network)),
    ("embassy_net::tcp", Some(Part::Sockets)),
    ("embassy_net_", Some(Part::Board)),
    ("embassy_net_driver", Some(Part::Network)),
    ("managed", Some(Part::Network)),
    ("smoltcp", Some(Part::Network)),
    ("smoltcp::socket", Some(Part::Sockets)),
    ("smoltcp::storage::assembler", Some(Part::Sockets)),
    ("smoltcp::storage::ring_buffer", Some(Part::Sockets)),
    ("cortex_m", Some(Part::Board)),
    ("cortex_m_rt", Some(Part::Board)),
    ("embassy_rp", Some(Part::Board)),
    ("embassy_stm32", Some(Part::Board)),
    ("defmt", Some(Part::Board)),
    ("compiler_builtins", Some(Part::Library)),
];

/// The part of a field of one of the structs that hold several parts: `Err` if the struct is one of
/// them and the field is not known, `Ok(None)` if the field's type decides.
pub fn of_field(structure: &str, field: &str) -> Result<Option<Part>, String> {
    let fields: &[(&str, Part)] = match structure {
        "NodeMemory" => NODE_MEMORY,
        "WorldMemory" => WORLD_MEMORY,
        "ChatMemory" => CHAT_MEMORY,
        "StackResources" if field == "sockets" => return Ok(Some(Part::Sockets)),
        _ => return Ok(None),
    };
    let found = fields.iter().find(|(name, _)| *name == field);
    found.map(|(_, part)| Some(*part)).ok_or_else(|| {
        format!("{structure} has a new field `{field}`: list it in budget/src/part.rs")
    })
}

const NODE_MEMORY: &[(&str, Part)] = &[
    ("sessions", Part::Sessions),
    ("inbounds", Part::Sessions),
    ("receive_bytes", Part::Pools),
    ("receive_metas", Part::Pools),
    ("send_bytes", Part::Pools),
    ("send_metas", Part::Pools),
    ("levels", Part::Timers),
    ("timers", Part::Timers),
    ("ready_queue", Part::Sessions),
    ("ready_listed", Part::Sessions),
    ("request_queue", Part::Sessions),
    ("request_listed", Part::Sessions),
    ("ended", Part::Sessions),
    ("addresses", Part::Sessions),
    ("openings", Part::Sessions),
    ("address_heads", Part::Sessions),
    ("address_nexts", Part::Sessions),
    ("networks", Part::Sessions),
    ("network_heads", Part::Sessions),
    ("network_nexts", Part::Sessions),
];

const WORLD_MEMORY: &[(&str, Part)] = &[
    ("rooms", Part::Rooms),
    ("ring_bytes", Part::Ring),
    ("message_ring_bytes", Part::Ring),
    ("dirty_queue", Part::Rooms),
    ("dirty_listed", Part::Rooms),
    ("users", Part::Rooms),
    ("asks", Part::Rooms),
    ("user_heads", Part::Rooms),
    ("user_nexts", Part::Rooms),
    ("games", Part::Game),
    ("bans", Part::Registry),
    ("attaches", Part::Registry),
    ("attach_heads", Part::Registry),
    ("attach_nexts", Part::Registry),
    ("wanted_options", Part::Registry),
];

const CHAT_MEMORY: &[(&str, Part)] = &[
    ("channels", Part::Channels),
    ("channel_heads", Part::Channels),
    ("channel_nexts", Part::Channels),
    ("members", Part::Channels),
    ("member_heads", Part::Channels),
    ("member_nexts", Part::Channels),
    ("history_bytes", Part::History),
    ("mains", Part::Node),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_decides() {
        let of = Part::of_path;
        assert_eq!(of("tinyrealm_core::node::world::attach::Attach"), Some(Part::Registry));
        assert_eq!(of("tinyrealm_core::node::world::World"), Some(Part::Node));
        assert_eq!(of("tinyrealm_core::node::world::room_manager::x"), Some(Part::Rooms));
        assert_eq!(of("tinyrealm_some_board::x"), Some(Part::Board));
        assert_eq!(of("embassy_net_wiznet::x"), Some(Part::Board));
        assert_eq!(of("embassy_net::Inner"), Some(Part::Network));
    }

    #[test]
    fn containers_and_strangers_have_no_part() {
        assert_eq!(Part::of_path("core::cell::UnsafeCell"), None);
        assert_eq!(Part::of_path("tinyrealm_core::storage::table::Slot"), None);
        assert_eq!(Part::of_path("smoltcpish"), None);
    }

    #[test]
    fn a_field_that_nobody_has_listed_is_an_error() {
        assert_eq!(of_field("NodeMemory", "send_bytes"), Ok(Some(Part::Pools)));
        assert_eq!(of_field("ChatMemory", "history_bytes"), Ok(Some(Part::History)));
        assert_eq!(of_field("Another", "send_bytes"), Ok(None));
        assert!(of_field("NodeMemory", "news").is_err_and(|problem| problem.contains("`news`")));
    }

    #[test]
    fn every_part_is_a_row_once() {
        for (number, part) in Part::ALL.iter().enumerate() {
            assert!(!Part::ALL[..number].contains(part));
        }
    }
}
