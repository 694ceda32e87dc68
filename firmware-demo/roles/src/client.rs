//! A client on a device: logs in if it has an account, says hello to Main and in a channel, joins a world,
//! and has the bot that [`client!`](crate::client!) names play there.
//!
//! Bounds: one link to Login and then to Main, one to the world.

use embassy_net::StackResources;
use embassy_time::{Duration, Instant};
use static_cell::ConstStaticCell;
use tinyrealm_core::config::NetConfig;
use tinyrealm_core::entropy::{Entropy, Turn};
#[cfg(feature = "sealed-clients")]
use tinyrealm_core::node::NodeStorage;
use tinyrealm_core::node::client::{
    Bot, BotSeat, Client, ClientConfig, ClientEvent, ClientHandler, Credentials, WorldState,
    client_timers,
};
use tinyrealm_core::node::main::chat::CHAT_FRAME_MAX_BYTES;
use tinyrealm_core::node::{Context, Node, NodeMemory};
use tinyrealm_core::protocol::{ACCOUNT_MAX_BYTES, Dispatched, PASSWORD_MAX_BYTES, Text};
use tinyrealm_core::wire::{Frame, PacketHeader};
use tinyrealm_smoltcp::{Engine, Link, embassy};

use crate::device;
use crate::device::client::{ACCOUNT, CHANNEL, DEVICE_KEY, GREETING, PASSWORD};
use crate::greeting::{Greeting, Wish};
use crate::links::{
    LIMITS, RECEIVE_BYTES, RECONNECT_FIRST_MS, RECONNECT_MOST_MS, SEND_BUFFER_BYTES, SEND_BYTES,
    SocketBuffers, text,
};
use crate::network::{Network, STACK_SOCKETS};
use crate::report::{REPORT, set};
use crate::{Board, info, unit};

/// Sockets of a client: to Main, to the world, and to the next world while the last one ends.
pub const SOCKETS: usize = 3;
/// Bytes of both buffers of a socket.
pub const SOCKET_BYTES: usize = RECEIVE_BYTES + SEND_BYTES;
/// One a session, for its ping, and what a link says at its start beside.
const SEND_BUFFERS: usize = SOCKETS + 2;
const RECEIVE_BUFFER_BYTES: usize =
    device::client::FRAME_LIMIT_BYTES as usize + PacketHeader::BYTES;
/// Between two turns of the bot.
const TURN: Duration = Duration::from_millis(1_000 / device::client::MOVES_PER_SECOND as u64);

/// The frame of a login: prefix and opcode, both texts with their lengths.
const LOGIN_BYTES: usize = 6 + 1 + 2 + unit::ACCOUNT_BYTES;
/// The frame of the greeting, as well.
const GREETING_BYTES: usize = 6 + 1 + CHANNEL.len() + 2 + GREETING.len();

const _: () = {
    assert!(
        RECEIVE_BUFFER_BYTES >= CHAT_FRAME_MAX_BYTES,
        "device.toml: client.frame_limit_bytes holds no message of a channel"
    );
    assert!(SEND_BUFFER_BYTES >= LOGIN_BYTES, "device.toml: send_buffer_bytes holds no login");
    assert!(
        SEND_BUFFER_BYTES >= GREETING_BYTES,
        "device.toml: send_buffer_bytes holds no greeting"
    );
    assert!(
        DEVICE_KEY.is_empty() || cfg!(feature = "sealed-clients"),
        "device.toml: client.device_key needs `--features sealed-clients`"
    );
    assert!(ACCOUNT.len() <= ACCOUNT_MAX_BYTES, "device.toml: client.account");
    assert!(PASSWORD.len() <= PASSWORD_MAX_BYTES, "device.toml: client.password");
};

const CLIENT_LIMITS: NetConfig =
    NetConfig { frame_limit_bytes: device::client::FRAME_LIMIT_BYTES, ..LIMITS };

const _: () = assert!(CLIENT_LIMITS.problem().is_none(), "device.toml: client.frame_limit_bytes");

type Memory = NodeMemory<
    SOCKETS,
    { SOCKETS + client_timers(1) },
    SOCKETS,
    { SOCKETS * RECEIVE_BUFFER_BYTES },
    SEND_BUFFERS,
    { SEND_BUFFERS * SEND_BUFFER_BYTES },
    0,
>;

/// The network stack's own memory.
pub static STACK_RESOURCES: ConstStaticCell<StackResources<{ SOCKETS + STACK_SOCKETS }>> =
    ConstStaticCell::new(StackResources::new());
/// The sockets' buffers.
pub static SOCKET_BUFFERS: ConstStaticCell<SocketBuffers<SOCKETS>> =
    ConstStaticCell::new(SocketBuffers::NEW);
static NODE_MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory::NEW);
static LINKS: ConstStaticCell<[Link; SOCKETS]> = ConstStaticCell::new([Link::CLOSED; SOCKETS]);

/// Who plays, what it has seen of its room, in numbers, and what it says in its channel.
struct Player<B> {
    seat: BotSeat<B>,
    seen: u32,
    greeting: Greeting,
}

impl<B: Bot> ClientHandler for Player<B> {
    fn on_event(&mut self, _: u16, event: ClientEvent<'_>) {
        self.greeting.hear(&event);
        self.seat.on_event(&event);
        match event {
            ClientEvent::Welcome(uid) => info!("Main knows us as user {}", uid.0),
            ClientEvent::Joined(joined) => info!("in room {}", joined.room_id.0),
            ClientEvent::Moved(_) | ClientEvent::Said { .. } => self.seen += 1,
            ClientEvent::LoginDenied { reason, .. } => info!("no token: {}", reason.name()),
            ClientEvent::LoginLost(code) => info!("Login is lost: {}", code.name()),
            ClientEvent::Stopped(code) => info!("it is over: {}", code.name()),
            ClientEvent::MainLost(code) | ClientEvent::WorldLost(code) => {
                info!("a link has ended: {}", code.name());
            }
            _ => {}
        }
    }

    fn on_message(&mut self, _: u16, frame: Frame<'_>) -> Dispatched {
        self.seen += 1;
        self.seat.on_message(frame)
    }

    fn credentials(&self, _: u16) -> Credentials<'_> {
        let (id, password) = unit::account();
        Credentials { login_address: unit::login_address(), id, password, device: None }
    }
}

type ClientEngine<B> = Engine<'static, Client<Player<B>>>;

/// The statics of a client, and `run`, which runs it for ever with this bot: without one, it walks a circle.
#[macro_export]
macro_rules! client {
    () => {
        $crate::client!($crate::walker::Walker);
    };
    ($Bot:ty) => {
        #[allow(unused_imports, reason = "not every board names them")]
        use $crate::client::{SOCKET_BUFFERS, SOCKET_BYTES, SOCKETS, STACK_RESOURCES};

        async fn run(
            network: $crate::network::Network<SOCKETS, SOCKET_BYTES>,
            entropy: impl $crate::Entropy,
            board: impl $crate::Board,
        ) -> ! {
            $crate::client::run::<$Bot>(network, entropy, board).await
        }
    };
}

/// Runs the client for ever.
pub async fn run<B: Bot + Default>(
    network: Network<SOCKETS>,
    mut entropy: impl Entropy,
    mut board: impl Board,
) -> ! {
    network.wait(&mut board).await;
    let mut sockets = network.sockets(RECEIVE_BYTES);
    let mut engine = engine::<B>(&mut entropy);
    start(&mut engine, &mut entropy);
    let mut next = Instant::now();
    loop {
        let wake = |engine: &mut ClientEngine<B>, turn: &mut Turn<'_>| {
            board.feed_watchdog();
            report(engine.node(), board.idle_ms());
            play(engine, turn, &mut next);
            Some(tinyrealm_core::time::Instant::from_micros(next.as_micros()))
        };
        embassy::run(&mut engine, &mut sockets, 0, &mut entropy, wake).await;
    }
}

/// Not inlined: what it needs of the stack is free again while the client runs.
#[inline(never)]
fn engine<B: Bot + Default>(entropy: &mut dyn Entropy) -> ClientEngine<B> {
    let mut turn = Turn { now: embassy::now(), entropy };
    let config = ClientConfig {
        region: text(unit::client_region()),
        has_account: !unit::account().0.is_empty(),
        reconnect_first_ms: RECONNECT_FIRST_MS,
        reconnect_most_ms: RECONNECT_MOST_MS,
        #[cfg(feature = "sealed-clients")]
        device_key: unit::device_key(),
        ..ClientConfig::DEFAULT
    };
    let seat = BotSeat::new(B::default());
    let player = Player { seat, seen: 0, greeting: Greeting::NEW };
    let client = Client::new(text(unit::main_address()), config, player);
    let storage = NODE_MEMORY.take().storage();
    #[cfg(feature = "sealed-clients")]
    let storage = NodeStorage { seals: crate::sealing::of_client(), ..storage };
    let node = Node::new(storage, CLIENT_LIMITS, client, &mut turn);
    Engine::new(node, LINKS.take(), 0)
}

/// Behind [`engine`], not in it: the engine would be on the stack once more while it starts.
#[inline(never)]
fn start<B: Bot>(engine: &mut ClientEngine<B>, entropy: &mut dyn Entropy) {
    engine.node_mut().act(&mut Turn { now: embassy::now(), entropy }, Client::start);
}

/// Gives the bot its turn if it is time, and says when the next one is.
fn play<B: Bot>(engine: &mut ClientEngine<B>, turn: &mut Turn<'_>, next: &mut Instant) {
    let now = Instant::now();
    if now < *next {
        return;
    }
    *next = now + TURN;
    engine.node_mut().act(turn, |client, cx| {
        if client.play(cx, |player| Some(&mut player.seat)).is_err() {
            info!("a rule of the game is broken");
        }
        greet(client, cx, now);
    });
}

/// Says in the channel what is to be said there now.
fn greet<B: Bot>(client: &mut Client<Player<B>>, cx: &mut Context<'_, '_>, now: Instant) {
    let channel = Text::truncated(CHANNEL);
    let asked = match client.handler().greeting.wish(now) {
        None => return,
        Some(Wish::Join) => client.join_channel(cx, channel),
        Some(Wish::Say) => client.say_in_channel(cx, channel, Text::truncated(GREETING)).map(drop),
    };
    // A queue that is full now has room for the next step.
    if asked.is_ok() {
        client.handler_mut().greeting.asked(now);
    }
}

fn report<B: Bot>(node: &Node<'static, Client<Player<B>>>, idle_ms: u32) {
    REPORT.tell(node, idle_ms);
    let client = node.role();
    set(&REPORT.users, u32::from(client.machine().state().1 == WorldState::Inside));
    set(&REPORT.deliveries, client.handler().seen);
}
