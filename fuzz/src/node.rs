//! A whole Main under peers that do anything: connect, talk bytes and frames of both framings, read
//! slowly, go, let time pass.
//!
//! What must hold: a peer who keeps to the rules is answered whatever the others do, and what the others
//! are told is whole frames of their transport, in its own rules.

use tinyrealm_core::config::NetConfig;
use tinyrealm_core::entropy::{Entropy, Turn};
use tinyrealm_core::node::cluster::{ClusterSecret, ClusterSecrets, Way};
use tinyrealm_core::node::main::{Guests, Main, MainConfig, MainMemory};
use tinyrealm_core::node::{Node, NodeMemory, Request, Taken};
use tinyrealm_core::protocol::Versions;
use tinyrealm_core::protocol::client_to_main::Hello;
use tinyrealm_core::protocol::either_way::{Ping, Pong};
use tinyrealm_core::protocol::{Message, Text, decode, encode_frame};
use tinyrealm_core::session::{PeerAddress, SessionKey};
use tinyrealm_core::time::Instant;
use tinyrealm_core::wire::ws::{FrameHeader, ParsedHeader, Side, reframe_into};
use tinyrealm_core::wire::{Framed, PacketFramer};

use crate::operations::Operations;

const SESSIONS: usize = 5;
const HOSTILE_PEERS: usize = 4;
const OPERATIONS_MAX: usize = 200;
/// What a hostile peer's transport takes at first.
const ROOM_BYTES: usize = 300;

const NET: NetConfig =
    NetConfig { packets_per_second: 1_000, packet_burst: 2_000, ..NetConfig::DEFAULT };
const BUFFER_BYTES: usize = NET.frame_limit_bytes as usize + 2;
const BUFFERS: usize = SESSIONS * NET.send_buffers_per_session as usize;

type Memory = NodeMemory<
    SESSIONS,
    { SESSIONS + 16 },
    SESSIONS,
    { SESSIONS * BUFFER_BYTES },
    BUFFERS,
    { BUFFERS * BUFFER_BYTES },
>;

const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;

const REQUEST: &[u8] =
    b"GET / HTTP/1.1\r\nHost: realm\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// Counts, so that the same bytes take the same course.
struct Counter(u8);

impl Entropy for Counter {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(5).wrapping_add(17);
            *byte = self.0;
        }
    }
}

/// A peer's end of a connection.
#[derive(Default)]
struct Peer {
    key: Option<SessionKey>,
    /// What its transport still takes.
    room_bytes: usize,
    heard: Vec<u8>,
    unsent: Vec<u8>,
}

struct Bench<'a> {
    node: Node<'a, Main<'a, Guests>>,
    entropy: Counter,
    now: Instant,
    hostile: [Peer; HOSTILE_PEERS],
    good: Peer,
    nonce: u32,
}

/// A list of operations, each a byte (two bits of a peer, six of what it does) and what that needs.
pub fn node(bytes: &[u8]) {
    let mut memory = Box::new(Memory::NEW);
    let mut users: Box<MainMemory<8, 2>> = Box::new(MainMemory::NEW);
    let secret = ClusterSecrets::of(ClusterSecret::new(&[9; 32]).expect("32 bytes")).on(Way::Clear);
    let role = Main::new(users.storage(), MainConfig::DEFAULT, Guests::new([7; 32]), secret);
    let (mut entropy, now) = (Counter(1), Instant::from_millis(1));
    let node = Node::new(memory.storage(), NET, role, &mut Turn { now, entropy: &mut entropy });
    let (hostile, good) = (Default::default(), Peer::default());
    let mut bench = Bench { node, entropy, now, hostile, good, nonce: 0 };
    bench.greet();
    let mut operations = Operations(bytes);
    for _ in 0..OPERATIONS_MAX {
        let Some(operation) = operations.byte() else { break };
        bench.run(usize::from(operation & 3), operation >> 2, &mut operations);
        bench.settle();
        bench.expect_an_answer();
    }
    for peer in &bench.hostile {
        peer.expect_frames();
    }
}

/// A length, and so many bytes as far as there are any.
fn piece_of<'b>(operations: &mut Operations<'b>) -> &'b [u8] {
    let length = operations.number();
    operations.bytes(length)
}

fn framed<M: Message>(message: &M) -> Vec<u8> {
    let mut frame = vec![0; BUFFER_BYTES];
    let used = encode_frame(message, &mut frame).expect("it fits");
    frame.truncate(used);
    frame
}

/// A frame of a client with this payload, which may be too long for its kind.
fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let length = payload.len();
    let length = match u8::try_from(length) {
        Ok(short) if short < 126 => vec![0x80 | short],
        _ => [&[0xFE][..], &(length as u16).to_be_bytes()].concat(),
    };
    let masked = payload.iter().zip([1, 2, 3, 4].iter().cycle()).map(|(byte, key)| byte ^ key);
    [&[0x80 | opcode][..], &length, &[1, 2, 3, 4], &masked.collect::<Vec<u8>>()].concat()
}

fn hello() -> Vec<u8> {
    framed(&Hello { versions: Versions::OURS, token: None, nickname: Text::EMPTY })
}

/// What a peer says by these numbers.
fn words(what: u8, operations: &mut Operations<'_>) -> Vec<u8> {
    match what {
        1 => piece_of(operations).to_vec(),
        2 => REQUEST.to_vec(),
        3 => masked(BINARY, piece_of(operations)),
        4 => masked(PING, piece_of(operations)),
        5 => masked(CLOSE, piece_of(operations)),
        6 => {
            let body = piece_of(operations);
            [&(body.len() as u16).to_le_bytes()[..], body].concat()
        }
        7 => hello(),
        _ => {
            let mut out = [0; 100];
            let made = reframe_into(&hello(), &mut out, Some([4, 3, 2, 1])).expect("a frame");
            out[..made.written_bytes].to_vec()
        }
    }
}

impl<'a> Bench<'a> {
    fn with<T>(
        &mut self,
        act: impl FnOnce(&mut Node<'a, Main<'a, Guests>>, &mut Turn<'_>) -> T,
    ) -> T {
        act(&mut self.node, &mut Turn { now: self.now, entropy: &mut self.entropy })
    }

    fn greet(&mut self) {
        self.good.room_bytes = usize::MAX;
        self.good.key = self.connect(HOSTILE_PEERS);
        self.good.unsent = hello();
        self.settle();
        assert!(!self.good.heard.is_empty(), "no Welcome");
    }

    fn connect(&mut self, place: usize) -> Option<SessionKey> {
        let address =
            PeerAddress([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 127, 0, 0, place as u8]);
        self.with(|node, turn| node.handle_accepted(turn, address)).ok()
    }

    fn run(&mut self, place: usize, what: u8, operations: &mut Operations<'_>) {
        let peer = &mut self.hostile[place];
        match what {
            0 if peer.key.is_none() => {
                *peer = Peer { room_bytes: ROOM_BYTES, ..Peer::default() };
                let key = self.connect(place);
                self.hostile[place].key = key;
            }
            0 => self.disconnect(place),
            1..=8 => peer.unsent.extend(words(what, operations)),
            9 => {
                peer.room_bytes += 10 * piece_of(operations).len() + 1;
                if let Some(key) = peer.key {
                    self.node.handle_writable(key);
                }
            }
            10 => {
                let units = u32::from(operations.byte().unwrap_or(0));
                self.pass_ms(units * 20);
            }
            _ => {}
        }
    }

    fn disconnect(&mut self, place: usize) {
        let peer = &mut self.hostile[place];
        peer.expect_frames();
        if let Some(key) = peer.key.take() {
            self.with(|node, turn| node.handle_disconnected(turn, key));
        }
        self.hostile[place] = Peer::default();
    }

    fn pass_ms(&mut self, ms: u32) {
        self.now = self.now.after_ms(ms);
        if self.node.poll_timeout().is_some_and(|at| at <= self.now) {
            self.with(Node::handle_timeout);
        }
    }

    fn peers(&mut self) -> impl Iterator<Item = &mut Peer> {
        self.hostile.iter_mut().chain([&mut self.good])
    }

    fn peer_of(&mut self, key: SessionKey) -> Option<&mut Peer> {
        self.peers().find(|peer| peer.key == Some(key))
    }

    /// The driver's loop, until nothing more happens.
    fn settle(&mut self) {
        loop {
            let has_received = self.receive();
            let has_sent = self.transmit();
            let has_been_asked = self.fulfil();
            if !(has_received || has_sent || has_been_asked) {
                return;
            }
        }
    }

    fn receive(&mut self) -> bool {
        let waiting = self.peers().filter(|peer| !peer.unsent.is_empty());
        let waiting =
            waiting.filter_map(|peer| Some((peer.key?, std::mem::take(&mut peer.unsent))));
        let waiting: Vec<_> = waiting.collect();
        let mut has_taken = false;
        for (key, bytes) in waiting {
            let taken = self.with(|node, turn| node.handle_received(turn, key, &bytes));
            let count = if let Taken::Part(count) = taken { count } else { bytes.len() };
            has_taken |= count > 0;
            if let Some(peer) = self.peer_of(key) {
                peer.unsent = bytes[count..].to_vec();
            }
        }
        has_taken
    }

    fn transmit(&mut self) -> bool {
        let mut has_sent = false;
        while let Some(transmit) = self.node.poll_transmit(self.now) {
            has_sent = true;
            let (key, bytes) = (transmit.key(), transmit.slices().concat());
            let mut count = bytes.len();
            if let Some(peer) = self.peer_of(key) {
                count = count.min(peer.room_bytes);
                peer.room_bytes -= count;
                peer.heard.extend(&bytes[..count]);
            }
            self.node.handle_transmitted(self.now, count);
        }
        has_sent
    }

    fn fulfil(&mut self) -> bool {
        let mut has_been_asked = false;
        while let Some(request) = self.node.poll_request() {
            has_been_asked = true;
            match request {
                Request::Connect { .. } => panic!("a Main connects to nobody here"),
                Request::Shutdown { key } => {
                    assert_ne!(self.good.key, Some(key), "who keeps to the rules is not sent away");
                    if let Some(peer) = self.peer_of(key) {
                        peer.key = None;
                    }
                    self.with(|node, turn| node.handle_disconnected(turn, key));
                }
                Request::Drop { key } => {
                    assert_ne!(self.good.key, Some(key), "who keeps to the rules is not dropped");
                    if let Some(peer) = self.peer_of(key) {
                        peer.key = None;
                    }
                }
            }
        }
        has_been_asked
    }

    /// The good peer asks, and hears the answer at once.
    fn expect_an_answer(&mut self) {
        self.nonce += 1;
        self.good.heard.clear();
        self.good.unsent = framed(&Ping { nonce: self.nonce });
        self.settle();
        let (nonce, mut is_answered) = (self.nonce, false);
        let mut rest = &self.good.heard[..];
        while let Framed::Frame { frame, rest: behind } =
            PacketFramer::new(NET.frame_limit_bytes as u16).next_frame(rest)
        {
            let pong = (frame.opcode == Pong::OPCODE).then(|| decode::<Pong>(frame.payload));
            is_answered |= pong.is_some_and(|pong| pong.is_some_and(|pong| pong.nonce == nonce));
            rest = behind;
        }
        assert!(is_answered && rest.is_empty(), "no Pong to {nonce}");
    }
}

impl Peer {
    /// What it has heard is an HTTP response and messages, or frames of a stream; the last one may be a
    /// part.
    fn expect_frames(&self) {
        if !self.heard.starts_with(b"HTTP") {
            let (framer, mut rest) = (PacketFramer::new(u16::MAX), &self.heard[..]);
            loop {
                match framer.next_frame(rest) {
                    Framed::Frame { rest: behind, .. } => rest = behind,
                    Framed::Partial { .. } => return,
                    Framed::Invalid(error) => panic!("a stream is told {error:?}"),
                }
            }
        }
        let head = self.heard.windows(4).position(|four| four == b"\r\n\r\n");
        let Some(mut rest) = head.map(|end| &self.heard[end + 4..]) else { return };
        loop {
            match FrameHeader::parse(rest, Side::Client) {
                ParsedHeader::Whole { header, header_bytes } => {
                    let end = header_bytes + header.payload_bytes;
                    let Some(behind) = rest.get(end..) else { return };
                    rest = behind;
                }
                ParsedHeader::Partial { .. } => return,
                ParsedHeader::Invalid(code) => panic!("a WebSocket is told what is {code:?}"),
            }
        }
    }
}
