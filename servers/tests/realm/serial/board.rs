//! `Board`: a world or a client as a board runs it, on a thread of its own, whose one way out is a serial line.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{JoinHandle, Thread};
use std::time::Duration;

use tinyrealm_core::config::NetConfig;
use tinyrealm_core::entropy::{Entropy, Turn};
use tinyrealm_core::node::client::{
    Client, ClientConfig, ClientEvent, ClientHandler, client_timers,
};
use tinyrealm_core::node::cluster::{ClusterKey, ClusterKeys, Way};
use tinyrealm_core::node::longest::{WORLD_BUFFER_BYTES, WORLD_HEARS_BYTES};
use tinyrealm_core::node::world::{Relay, World, WorldConfig, world_timers};
use tinyrealm_core::node::{Node, Role};
use tinyrealm_core::protocol::WorldId;
use tinyrealm_core::time::Instant;
use tinyrealm_smoltcp::serial::{Channel, Clock, End, Mux, Options, SerialBank, Stats, run};
use tinyrealm_smoltcp::{Engine, Link};
use tinyrealm_std::OsEntropy;
use tinyrealm_std::memory::{NodeSizes, WorldSizes, node_storage, world_storage};

use super::uart::{BAUD, BoardEnd, Uart};
use crate::support::{PATIENCE, Process, Stream};

pub(super) const WORLD_ID: u16 = 9;
const CHANNELS: usize = 8;
/// Players, and one more who has not said yet who he is.
const LISTENERS: usize = CHANNELS - 1;
pub(super) const PLAYERS: usize = LISTENERS - 1;
/// Whatever the desktop takes for Main.
const MAIN: &str = "0.0.0.0:0";
/// Of one direction of one channel: the longest frame, with its prefix.
const BUFFER_BYTES: usize = WORLD_HEARS_BYTES + WORLD_BUFFER_BYTES;

/// A running board.
pub(super) struct Board {
    thread: Option<JoinHandle<Stats>>,
    is_over: Arc<AtomicBool>,
}

impl Board {
    /// Starts one at this line, whose players come to `address`.
    pub(super) fn start(uart: &Uart, address: &str) -> Self {
        let (address, key) = (address.to_owned(), key());
        Self::run(uart, LISTENERS, move |turn| world(turn, &address, key))
    }

    /// Starts one that plays.
    pub(super) fn start_client(uart: &Uart) -> Self {
        Self::run(uart, 0, client)
    }

    fn run<R: Role<'static>>(
        uart: &Uart,
        listeners: usize,
        make: impl FnOnce(&mut Turn<'_>) -> Node<'static, R> + Send + 'static,
    ) -> Self {
        let end = uart.board();
        let is_over = Arc::<AtomicBool>::default();
        let told = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || run_node(end, listeners, make, &told));
        Self { thread: Some(thread), is_over }
    }

    /// Resets it: it forgets everything at once, and says nothing. Answers what its line has seen.
    pub(super) fn reset(mut self) -> Stats {
        self.stop()
    }

    fn stop(&mut self) -> Stats {
        self.is_over.store(true, Ordering::Release);
        let Some(thread) = self.thread.take() else { return Stats::default() };
        thread.thread().unpark();
        thread.join().expect("the board has not panicked")
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.stop();
        }
    }
}

/// What its `device.toml` would have.
fn key() -> ClusterKey {
    let finished = Process::start(&["key", "world", &WORLD_ID.to_string()]).finish(PATIENCE);
    ClusterKey::from_hex(finished.lines(Stream::Stdout)[0]).expect("a key")
}

fn run_node<R: Role<'static>>(
    end: BoardEnd,
    listeners: usize,
    make: impl FnOnce(&mut Turn<'_>) -> Node<'static, R>,
    is_over: &AtomicBool,
) -> Stats {
    let (clock, mut entropy) = (SystemClock::new(), OsEntropy);
    let mut channels = [Channel::IDLE; CHANNELS];
    let mut bytes = [0; CHANNELS * 2 * BUFFER_BYTES];
    let mut epoch = [0; 2];
    entropy.fill(&mut epoch);
    let epoch = u16::from_le_bytes(epoch);
    let options = Options { end: End::Board, listeners: listeners as u8, baud: BAUD, epoch };
    let mut line = SerialBank::new(end, Mux::new(options, &mut channels, &mut bytes));
    let links = vec![Link::CLOSED; CHANNELS].leak();
    let node = make(&mut Turn { now: clock.now(), entropy: &mut entropy });
    let mut engine = Engine::new(node, links, listeners);
    clock.block_on(run(&mut engine, &mut line, &clock, &mut entropy, |_, _| None), is_over);
    line.stats()
}

fn world(
    turn: &mut Turn<'_>,
    address: &str,
    key: ClusterKey,
) -> Node<'static, World<'static, Relay>> {
    let sizes = WorldSizes { rooms: 1, ring_bytes: 2_048, users: PLAYERS, attaches: PLAYERS + 1 };
    let storage = world_storage::<Relay>(sizes);
    storage.games.fill_with(|| Relay);
    let config = WorldConfig {
        world_id: WorldId(WORLD_ID),
        region: heapless::String::new(),
        address: address.try_into().expect("it is short"),
        main_addresses: WorldConfig::only_main(MAIN.try_into().expect("it is short")),
        cluster_keys: ClusterKeys::of(key).on(Way::Clear),
        room_capacity: PLAYERS as u16,
        room_spectators: 0,
        flush_interval_ms: 50,
        status_interval_ms: 1_000,
        reconnect_first_ms: 50,
        reconnect_most_ms: 500,
    };
    let node_storage = node_storage(node_sizes(world_timers(sizes.attaches)));
    let mut node = Node::new(node_storage, NET, World::new(storage, config), turn);
    node.act(turn, World::start);
    node
}

fn client(turn: &mut Turn<'_>) -> Node<'static, Client<Ignore>> {
    let role = Client::new(MAIN.try_into().expect("it is short"), ClientConfig::DEFAULT, Ignore);
    let mut node = Node::new(node_storage(node_sizes(client_timers(1))), NET, role, turn);
    node.act(turn, Client::start);
    node
}

/// What nobody looks at.
struct Ignore;

impl ClientHandler for Ignore {
    fn on_event(&mut self, _: u16, _: ClientEvent<'_>) {}
}

const NET: NetConfig =
    NetConfig { frame_limit_bytes: WORLD_HEARS_BYTES as u32, ..NetConfig::SERVER };

fn node_sizes(role_timers: usize) -> NodeSizes {
    NodeSizes {
        sessions: CHANNELS,
        role_timers,
        buffer_bytes: BUFFER_BYTES,
        spare_send_buffers: 2 * CHANNELS,
        ..NodeSizes::SERVER
    }
}

/// The time of this machine, and when the one task that there is wants to be woken.
pub(super) struct SystemClock {
    began: std::time::Instant,
    due: Cell<Option<Instant>>,
}

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::from_micros(self.began.elapsed().as_micros() as u64)
    }

    async fn until(&self, at: Instant) {
        poll_fn(|_| {
            self.due.set(Some(at));
            if self.now() >= at { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl SystemClock {
    pub(super) fn new() -> Self {
        Self { began: std::time::Instant::now(), due: Cell::new(None) }
    }

    /// Runs `task` to its end, or until it `is_over`.
    pub(super) fn block_on(&self, task: impl Future<Output = ()>, is_over: &AtomicBool) {
        let mut task = pin!(task);
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        while !is_over.load(Ordering::Acquire) {
            if task.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                return;
            }
            let due = self.due.take().unwrap_or_else(|| self.now().after_ms(1_000));
            let wait_us = due.micros().saturating_sub(self.now().micros());
            std::thread::park_timeout(Duration::from_micros(wait_us));
        }
    }
}
