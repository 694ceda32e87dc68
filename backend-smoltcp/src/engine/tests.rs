//! The engine on a bank whose sockets do what the test says.

mod links;
mod table;

use std::collections::VecDeque;

use tinyrealm_core::config::NetConfig;
use tinyrealm_core::entropy::Entropy;
use tinyrealm_core::node::{Caller, Context, NodeMemory};
use tinyrealm_core::protocol::either_way::Ping;
use tinyrealm_core::protocol::{Dispatched, encode_frame};
use tinyrealm_core::session::manager::Ended;
use tinyrealm_core::session::{LinkTag, PeerAddress, Trust};
use tinyrealm_core::wire::Frame;

use super::*;

/// Four sessions, one buffer for partial frames, eight of 64 bytes for private packets.
pub(super) type Memory = NodeMemory<4, 5, 1, 64, 8, 512>;

pub(super) struct Zeros;

impl Entropy for Zeros {
    fn fill(&mut self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

/// Trusts everybody, notes what happens, and answers the opcode `n` with `n - 0x7000` pings.
#[derive(Default)]
pub(super) struct Scribe {
    pub(super) log: Vec<&'static str>,
    pub(super) frames: usize,
}

impl<'a> Role<'a> for Scribe {
    fn on_accepted(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey) {
        self.log.push("accepted");
        cx.sessions.prove(cx.now, key, Trust::Server);
    }

    fn on_connected(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey) {
        self.log.push("connected");
        cx.sessions.prove(cx.now, key, Trust::Server);
    }

    fn on_frame(&mut self, caller: &mut Caller<'_, 'a>, frame: Frame<'_>) -> Dispatched {
        self.frames += 1;
        for nonce in 0..frame.opcode.0 - 0x7000 {
            let _ = caller.sessions.send(caller.key, &Ping { nonce: nonce as u32 });
        }
        Dispatched::Handled
    }

    fn on_ended(&mut self, _: &mut Context<'_, 'a>, _: Ended) {
        self.log.push("ended");
    }

    fn address(&self, _: LinkTag) -> &str {
        "10.0.0.1:7100"
    }
}

/// One socket of a [`FakeBank`].
pub(super) struct FakeSocket {
    pub(super) state: SocketState,
    pub(super) received: VecDeque<u8>,
    pub(super) room: usize,
    pub(super) capacity: usize,
    pub(super) sent: Vec<u8>,
}

/// Sockets that do what they are asked to, and what the test does to them.
pub(super) struct FakeBank {
    pub(super) sockets: Vec<FakeSocket>,
    pub(super) calls: Vec<&'static str>,
    pub(super) connects: bool,
}

impl FakeBank {
    pub(super) fn new(count: usize) -> Self {
        let socket = || FakeSocket {
            state: SocketState::Idle,
            received: VecDeque::new(),
            room: 100,
            capacity: 100,
            sent: Vec::new(),
        };
        let sockets = (0..count).map(|_| socket()).collect();
        Self { sockets, calls: Vec::new(), connects: true }
    }
}

impl SocketBank for FakeBank {
    fn state(&mut self, number: usize) -> SocketState {
        self.sockets[number].state
    }

    fn listen(&mut self, number: usize) {
        self.sockets[number].state = SocketState::Listening;
        self.calls.push("listen");
    }

    fn connect(&mut self, number: usize, address: SocketAddr) -> bool {
        self.sockets[number].state = SocketState::Connecting;
        assert_eq!(address, "10.0.0.1:7100".parse().unwrap());
        self.calls.push("connect");
        self.connects
    }

    fn peer(&self, _: usize) -> PeerAddress {
        PeerAddress::default()
    }

    fn receive(&mut self, number: usize, take: &mut dyn FnMut(&[u8]) -> usize) -> usize {
        let received = &mut self.sockets[number].received;
        let lay_there = received.as_slices().0.len();
        if lay_there > 0 {
            let taken = take(received.as_slices().0);
            received.drain(..taken);
        }
        lay_there
    }

    fn room(&self, number: usize) -> usize {
        self.sockets[number].room
    }

    fn capacity(&self, number: usize) -> usize {
        self.sockets[number].capacity
    }

    fn send(&mut self, number: usize, bytes: &[u8]) {
        let socket = &mut self.sockets[number];
        assert!(bytes.len() <= socket.room, "more than there is room for");
        socket.room -= bytes.len();
        socket.sent.extend_from_slice(bytes);
    }

    fn shut(&mut self, _: usize) {
        self.calls.push("shut");
    }

    fn abort(&mut self, number: usize) {
        self.sockets[number].state = SocketState::Resetting;
        self.calls.push("abort");
    }
}

/// An engine of one listening link and one of its own, its bank, and a clock.
pub(super) struct Bench<'a> {
    pub(super) engine: Engine<'a, Scribe>,
    pub(super) bank: FakeBank,
    pub(super) now: Instant,
}

pub(super) fn with_bench(listeners: usize, own: usize, test: impl FnOnce(&mut Bench<'_>)) {
    let mut memory = Memory::NEW;
    let mut links = vec![Link::CLOSED; listeners + own];
    let now = Instant::from_millis(1_000);
    let mut zeros = Zeros;
    let mut turn = Turn { now, entropy: &mut zeros };
    let config = NetConfig { connections_per_address: 100, ..NetConfig::DEFAULT };
    let node = Node::new(memory.storage(), config, Scribe::default(), &mut turn);
    let engine = Engine::new(node, &mut links, listeners);
    test(&mut Bench { engine, bank: FakeBank::new(listeners + own), now });
}

impl<'a> Bench<'a> {
    pub(super) fn with<T>(
        &mut self,
        act: impl FnOnce(&mut Engine<'a, Scribe>, &mut Turn<'_>, &mut FakeBank) -> T,
    ) -> T {
        let mut turn = Turn { now: self.now, entropy: &mut Zeros };
        act(&mut self.engine, &mut turn, &mut self.bank)
    }

    pub(super) fn turn(&mut self) {
        self.with(Engine::turn);
    }

    pub(super) fn pass_ms(&mut self, ms: u32) {
        self.now = self.now.after_ms(ms);
    }

    /// Takes what was asked of the bank, and what the role has noted.
    pub(super) fn seen(&mut self) -> Vec<&'static str> {
        let mut turn = Turn { now: self.now, entropy: &mut Zeros };
        let log = self.engine.node.act(&mut turn, |role, _| std::mem::take(&mut role.log));
        std::mem::take(&mut self.bank.calls).into_iter().chain(log).collect()
    }

    /// A session of our own that the driver is to connect.
    pub(super) fn own_session(&mut self) -> SessionKey {
        let tag = LinkTag { kind: 0, index: 0 };
        let mut turn = Turn { now: self.now, entropy: &mut Zeros };
        self.engine.node.act(&mut turn, |_, cx| cx.sessions.connect(cx.now, tag).unwrap())
    }

    pub(super) fn is_alive(&self, key: SessionKey) -> bool {
        self.engine.node.sessions().get(key).is_some()
    }

    pub(super) fn frames(&self) -> usize {
        self.engine.node.role().frames
    }
}

/// A frame without a payload; the [`Scribe`] answers with `pings`.
pub(super) fn ask_for(pings: i32) -> Vec<u8> {
    let mut out = [0; 16];
    let used = tinyrealm_core::wire::write_frame(
        &mut out,
        tinyrealm_core::wire::Opcode(0x7000 + pings),
        b"",
    )
    .unwrap();
    out[..used].to_vec()
}

pub(super) fn pings(count: u32) -> Vec<u8> {
    let mut out = [0; 16];
    (0..count)
        .flat_map(|nonce| {
            let used = encode_frame(&Ping { nonce }, &mut out).unwrap();
            out[..used].to_vec()
        })
        .collect()
}
