//! A chat server on a device: Mains dial it, and it owns their users' channels.
//!
//! Purpose: what a desktop chat server does, for a small realm. Main knows it by `main.chat` alone.
//!
//! Bounds: `mains`, `channels` and `memberships` of `device.toml`, and each byte is a `static` below.

use embassy_net::StackResources;
use static_cell::ConstStaticCell;
use tinyrealm_core::config::NetConfig;
use tinyrealm_core::entropy::{Entropy, Turn};
use tinyrealm_core::node::chat::{
    CHAT_MAIN_COUNT_MAX, Chat, ChatConfig, ChatMemory, MAIN_BODY_MAX_BYTES, PAST_FRAME_MAX_BYTES,
    PAST_PAGE_MAX, RECORD_HEAD_BYTES,
};
use tinyrealm_core::node::cluster::{ClusterKey, ClusterKeys};
use tinyrealm_core::node::{Node, NodeMemory};
use tinyrealm_core::protocol::Seq;
use tinyrealm_core::wire::PacketHeader;
use tinyrealm_smoltcp::{Engine, Link, embassy};

use crate::device::chat;
use crate::links::{self, SocketBuffers};
use crate::network::{FEEDING, Network, STACK_SOCKETS};
use crate::report::{REPORT, set};
use crate::{Board, Boot};

const MAINS: usize = chat::MAINS as usize;
/// Sockets of a chat server: the Mains', and those who have not proven yet that they are one. It dials
/// nobody.
pub const SOCKETS: usize = MAINS + chat::SPARE_SESSIONS as usize;
const CHANNELS: usize = chat::CHANNELS as usize;
const MEMBERSHIPS: usize = chat::MEMBERSHIPS as usize;
const HISTORY_BYTES: usize = CHANNELS
    * chat::HISTORY_MESSAGES as usize
    * (RECORD_HEAD_BYTES + chat::HISTORY_MESSAGE_BYTES as usize);
/// What may wait for each Main, and one a stranger, for its challenge and its proof.
const SEND_BUFFERS: usize =
    MAINS * chat::SEND_BUFFERS_PER_MAIN as usize + chat::SPARE_SESSIONS as usize;
/// One a socket: each may hold a frame that the end of a segment has cut.
const RECEIVE_BUFFERS: usize = SOCKETS;
const RECEIVE_BUFFER_BYTES: usize = MAIN_BODY_MAX_BYTES + PacketHeader::BYTES;
/// Bytes that a socket receives at once.
const RECEIVE_BYTES: usize = chat::RECEIVE_BYTES as usize;
/// Bytes of both buffers of a socket.
pub const SOCKET_BYTES: usize = RECEIVE_BYTES + chat::SEND_BYTES as usize;

/// An answer about the past: who is in, or what goes on; the messages; the end. The next question waits
/// until it has gone.
const ANSWER_BUFFERS: usize = 1 + chat::PAST_PAGE as usize + 1;

const _: () = {
    assert!(MAINS >= 1 && MAINS <= CHAT_MAIN_COUNT_MAX, "device.toml: chat.mains, 1 to 8");
    assert!(chat::SPARE_SESSIONS >= 1, "device.toml: chat.spare_sessions, or no Main comes back");
    assert!(
        chat::PAST_PAGE >= 1 && chat::PAST_PAGE <= PAST_PAGE_MAX as u32,
        "device.toml: past_page"
    );
    assert!(
        chat::SEND_BUFFERS_PER_MAIN as usize >= ANSWER_BUFFERS,
        "device.toml: chat.send_buffers_per_main holds no answer about the past"
    );
    assert!(
        chat::SEND_BYTES as usize >= PAST_FRAME_MAX_BYTES,
        "device.toml: chat.send_bytes holds no message of the past"
    );
    assert!(
        RECEIVE_BYTES >= RECEIVE_BUFFER_BYTES,
        "device.toml: chat.receive_bytes holds no message of a Main"
    );
    assert!(LIMITS.problem().is_none(), "device.toml: the limits contradict each other");
};

const LIMITS: NetConfig = NetConfig {
    frame_limit_bytes: MAIN_BODY_MAX_BYTES as u32,
    // Only strangers are no servers.
    send_buffers_per_session: 1,
    send_buffers_per_server: chat::SEND_BUFFERS_PER_MAIN as u16,
    ..links::LIMITS
};

type Memory = NodeMemory<
    SOCKETS,
    SOCKETS,
    RECEIVE_BUFFERS,
    { RECEIVE_BUFFERS * RECEIVE_BUFFER_BYTES },
    SEND_BUFFERS,
    { SEND_BUFFERS * PAST_FRAME_MAX_BYTES },
    // There are fewer sockets than an address could be refused.
    0,
>;

/// The network stack's own memory.
pub static STACK_RESOURCES: ConstStaticCell<StackResources<{ SOCKETS + STACK_SOCKETS }>> =
    ConstStaticCell::new(StackResources::new());
/// The sockets' buffers.
pub static SOCKET_BUFFERS: ConstStaticCell<SocketBuffers<SOCKETS, SOCKET_BYTES>> =
    ConstStaticCell::new(SocketBuffers::NEW);
static NODE_MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory::NEW);
static CHAT_MEMORY: ConstStaticCell<ChatMemory<CHANNELS, MEMBERSHIPS, MAINS, HISTORY_BYTES>> =
    ConstStaticCell::new(ChatMemory::NEW);
static LINKS: ConstStaticCell<[Link; SOCKETS]> = ConstStaticCell::new([Link::CLOSED; SOCKETS]);

/// The statics of a chat server, and `run`, which runs it for ever.
#[macro_export]
macro_rules! chat {
    () => {
        #[allow(unused_imports, reason = "not every board names them")]
        use $crate::chat::{SOCKET_BUFFERS, SOCKET_BYTES, SOCKETS, STACK_RESOURCES, run};
    };
}

/// Runs the chat server for ever.
pub async fn run(
    network: Network<SOCKETS, SOCKET_BYTES>,
    entropy: impl Entropy,
    mut board: impl Board,
) -> ! {
    network.wait(&mut board).await;
    let mut sockets = network.sockets(RECEIVE_BYTES);
    let boot = board.count_boot();
    #[cfg(feature = "secure")]
    let mut entropy =
        crate::randomness::Randomness::new(crate::unit::chat_key().bytes(), boot, entropy);
    #[cfg(not(feature = "secure"))]
    let mut entropy = entropy;
    let mut engine = engine(boot, &mut entropy);
    let port = chat::PORT as u16;
    loop {
        embassy::run(&mut engine, &mut sockets, port, &mut entropy, |engine, turn| {
            board.feed_watchdog();
            report(engine.node(), board.idle_ms());
            Some(turn.now.after_ms(FEEDING.as_millis() as u32))
        })
        .await;
    }
}

/// Not inlined: what it needs of the stack is free again while the chat server runs.
#[inline(never)]
#[cfg_attr(not(feature = "secure"), expect(unused_variables, reason = "nothing is sealed"))]
fn engine(boot: Boot, entropy: &mut dyn Entropy) -> Engine<'static, Chat<'static>> {
    let mut turn = Turn { now: embassy::now(), entropy };
    let config = ChatConfig {
        channel_members: chat::MEMBERSHIPS as u16,
        reserved: &[],
        past_page: chat::PAST_PAGE as u16,
        // It has no clock of the day: it goes on behind what its Mains know, and believes them.
        first_number: Seq(0),
        ..ChatConfig::DEFAULT
    };
    let chat = Chat::new(
        CHAT_MEMORY.take().storage(),
        config,
        ClusterKeys::of(ClusterKey::new(*crate::unit::chat_key().bytes())),
    );
    let storage = NODE_MEMORY.take().storage();
    #[cfg(feature = "secure")]
    let storage = match boot {
        Boot::Lost => storage,
        _ => tinyrealm_core::node::NodeStorage { seals: crate::sealing::of_chat(), ..storage },
    };
    let node = Node::new(storage, LIMITS, chat, &mut turn);
    Engine::new(node, LINKS.take(), SOCKETS)
}

fn report(node: &Node<'static, Chat<'static>>, idle_ms: u32) {
    REPORT.tell(node, idle_ms);
    let chat = node.role();
    set(&REPORT.users, chat.members().len() as u32);
    set(&REPORT.deliveries, chat.stats().copies as u32);
}
