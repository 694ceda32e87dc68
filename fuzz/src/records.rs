//! A sealed link of two nodes, and somebody on the way who does anything to what they say, from its first byte on.
//!
//! What must hold: what an end hears is what the other one has said, in order, from its beginning; and all of it where
//! nobody has meddled.

mod talker;

use tinyrealm_core::config::NetConfig;
use tinyrealm_core::entropy::{Entropy, Turn};
use tinyrealm_core::node::{Node, NodeMemory, NodeStorage, Request, Taken};
use tinyrealm_core::session::{PeerAddress, SealMemory, SessionKey};
use tinyrealm_core::time::Instant;

use talker::{Talker, VOICES};

use crate::operations::Operations;

const OPERATIONS_MAX: usize = 120;
/// Of operations.
const KINDS: u8 = 14;
/// A node has one connection, and one that it has not let go of yet.
const SESSIONS: usize = 3;
const BUFFERS: usize = 24;
const BUFFER_BYTES: usize = 300;
/// The longest text of a frame.
const TEXT_MAX_BYTES: usize = 200;
/// A byte of time, so that an hour passes, after which keys are exchanged.
const UNIT_MS: u32 = 20_000;
/// The most of it in all: nobody gives up before.
const MOST_MS: u32 = 36_000_000;

const START: Instant = Instant::from_millis(1);

const NET: NetConfig = NetConfig {
    greeting_timeout_ms: 2 * MOST_MS,
    ping_interval_ms: 2 * MOST_MS,
    idle_timeout_ms: 2 * MOST_MS,
    send_buffers_per_session: 8,
    send_buffers_per_server: 8,
    ..NetConfig::DEFAULT
};

type Memory = NodeMemory<
    SESSIONS,
    { SESSIONS + 2 },
    SESSIONS,
    { SESSIONS * BUFFER_BYTES },
    BUFFERS,
    { BUFFERS * BUFFER_BYTES },
>;

/// The dialer takes the shortest records that there are, and the listener longer ones.
type DialersSeals = SealMemory<SESSIONS, { SESSIONS * 83 }, { SESSIONS * 300 }>;
type ListenersSeals = SealMemory<SESSIONS, { SESSIONS * 200 }, { SESSIONS * 120 }>;

/// Never draws the same twice, so that nothing of one connection is worth anything in another one.
struct Draws(u64);

impl Entropy for Draws {
    fn fill(&mut self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(8) {
            self.0 += 2;
            let drawn = self.0.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes();
            part.iter_mut().zip(drawn).for_each(|(place, byte)| *place = byte);
        }
    }
}

/// One end of the link.
struct End<'a> {
    node: Node<'a, Talker>,
    entropy: Draws,
    /// Its side of the present connection, unless that has ended.
    key: Option<SessionKey>,
    /// On its way to the other end.
    wire: Vec<u8>,
    /// What has arrived, and is not taken yet.
    arrived: Vec<u8>,
    /// What it has said in the connection before, and in this one, transmission by transmission.
    former_tape: Vec<Vec<u8>>,
    tape: Vec<Vec<u8>>,
    /// What the role was told to say in this connection.
    said: Vec<Vec<u8>>,
}

/// Both ends, the dialer first, and the way between.
struct Link<'a> {
    ends: [End<'a>; 2],
    now: Instant,
    texts: u8,
    is_meddled: bool,
}

/// A list of operations, each a byte (one bit of whose words, seven of what is done) and what that needs.
pub fn records(bytes: &[u8]) {
    let (mut first, mut second) = (Box::new(Memory::NEW), Box::new(Memory::NEW));
    let (mut dialers, mut listeners) = (DialersSeals::NEW, ListenersSeals::NEW);
    let dialer = NodeStorage { seals: dialers.storage(), ..first.storage() };
    let listener = NodeStorage { seals: listeners.storage(), ..second.storage() };
    let mut link = Link::new([dialer, listener]);
    link.dial();
    let mut operations = Operations(bytes);
    for _ in 0..OPERATIONS_MAX {
        let Some(operation) = operations.byte() else { break };
        link.run(usize::from(operation & 1), operation >> 1, &mut operations);
        link.settle();
        link.expect_prefixes();
    }
    if !link.is_meddled {
        link.pass_everything();
        link.expect_everything();
    }
}

impl<'a> End<'a> {
    fn new(storage: NodeStorage<'a>, place: u64) -> Self {
        let mut entropy = Draws(place);
        let turn = &mut Turn { now: START, entropy: &mut entropy };
        let node = Node::new(storage, NET, Talker::new(), turn);
        Self {
            node,
            entropy,
            key: None,
            wire: Vec::new(),
            arrived: Vec::new(),
            former_tape: Vec::new(),
            tape: Vec::new(),
            said: Vec::new(),
        }
    }

    fn with<T>(
        &mut self,
        now: Instant,
        act: impl FnOnce(&mut Node<'a, Talker>, &mut Turn<'_>) -> T,
    ) -> T {
        act(&mut self.node, &mut Turn { now, entropy: &mut self.entropy })
    }

    fn begin(&mut self, now: Instant) {
        if let Some(key) = self.key.take() {
            self.with(now, |node, turn| node.handle_disconnected(turn, key));
        }
        self.former_tape = std::mem::take(&mut self.tape);
        (self.wire, self.arrived, self.said) = Default::default();
        self.with(now, |node, turn| node.act(turn, |talker, _| talker.begin()));
    }
}

/// What was said so long ago.
fn said_in(tape: &[Vec<u8>], ago: usize) -> &[u8] {
    tape.iter().rev().nth(ago).map_or(&[], Vec::as_slice)
}

impl<'a> Link<'a> {
    fn new(storages: [NodeStorage<'a>; 2]) -> Self {
        let [dialer, listener] = storages;
        let ends = [End::new(dialer, 0), End::new(listener, 1)];
        Self { ends, now: START, texts: 0, is_meddled: false }
    }

    /// A new connection, in place of the one there was.
    fn dial(&mut self) {
        let now = self.now;
        self.ends.iter_mut().for_each(|end| end.begin(now));
        self.settle();
        let [dialer, listener] = &mut self.ends;
        let dialed = dialer.with(now, |node, turn| node.act(turn, Talker::dial));
        let address = PeerAddress([0; 16]);
        let accepted = listener.with(now, |node, turn| node.handle_accepted(turn, address));
        (dialer.key, listener.key) = (dialed, accepted.ok());
        self.settle();
    }

    fn run(&mut self, way: usize, what: u8, operations: &mut Operations<'_>) {
        match what % KINDS {
            0 => self.say(way, operations.number()),
            1 => self.pass(way, usize::MAX),
            2 => self.pass(way, operations.number()),
            3 => self.pass_ms(operations.number() as u32 * UNIT_MS),
            4 => self.dial(),
            kind => {
                self.is_meddled = true;
                self.meddle(way, kind, operations);
            }
        }
    }

    /// Does something to what is on its way.
    fn meddle(&mut self, way: usize, kind: u8, operations: &mut Operations<'_>) {
        let (end, first) = (&mut self.ends[way], operations.number());
        let wire = &mut end.wire;
        let from = first.min(wire.len());
        match kind {
            5 => {
                let change = operations.number() as u8;
                wire.iter_mut().skip(first).take(1).for_each(|byte| *byte ^= change);
            }
            6 => {
                let behind = (from + operations.number()).min(wire.len());
                let repeated = wire[from..behind].to_vec();
                wire.splice(behind..behind, repeated);
            }
            7 => wire.rotate_left(from),
            8 => {
                let behind = (from + operations.number()).min(wire.len());
                drop(wire.drain(from..behind));
            }
            9 => wire.extend(operations.bytes(first)),
            10 => wire.extend(said_in(&end.tape, first)),
            11 => wire.extend(said_in(&end.former_tape, first)),
            12 => {
                let reflected = said_in(&self.ends[1 - way].tape, first).to_vec();
                self.ends[way].wire.extend(reflected);
            }
            // What was said last overtakes what is on its way.
            _ => {
                let last = end.tape.last().map_or(0, Vec::len).min(wire.len());
                wire.rotate_right(last);
            }
        }
    }

    /// The end says so many bytes, if it knows to whom.
    fn say(&mut self, way: usize, bytes: usize) {
        let (now, end) = (self.now, &mut self.ends[way]);
        self.texts = self.texts.wrapping_add(1);
        let text = vec![self.texts; bytes.min(TEXT_MAX_BYTES)];
        let Some(key) = end.key else { return };
        if end.with(now, |node, turn| node.act(turn, |talker, cx| talker.say(cx, key, &text))) {
            end.said.push(text);
        }
    }

    /// The first `most` bytes that are on their way arrive.
    fn pass(&mut self, way: usize, most: usize) {
        let wire = &mut self.ends[way].wire;
        let passed: Vec<u8> = wire.drain(..most.min(wire.len())).collect();
        self.ends[1 - way].arrived.extend(passed);
    }

    fn pass_ms(&mut self, ms: u32) {
        let end = START.after_ms(MOST_MS);
        self.now = self.now.after_ms(ms).min(end);
        let now = self.now;
        for end in &mut self.ends {
            if end.node.poll_timeout().is_some_and(|at| at <= now) {
                end.with(now, Node::handle_timeout);
            }
        }
    }

    fn pass_everything(&mut self) {
        for _ in 0..OPERATIONS_MAX {
            (0..2).for_each(|way| self.pass(way, usize::MAX));
            self.settle();
        }
    }

    /// The drivers' loops, until nothing more happens.
    fn settle(&mut self) {
        while [self.turn(0), self.turn(1)].contains(&true) {}
    }

    fn turn(&mut self, way: usize) -> bool {
        let now = self.now;
        let end = &mut self.ends[way];
        let has_taken = end.receive(now);
        let has_sent = end.transmit(now);
        let ended = end.fulfil(now);
        if ended {
            // The other end learns it.
            let other = &mut self.ends[1 - way];
            if let Some(key) = other.key.take() {
                other.with(now, |node, turn| node.handle_disconnected(turn, key));
            }
        }
        has_taken || has_sent || ended
    }

    /// What an end has heard is how the other one has begun.
    fn expect_prefixes(&self) {
        for (way, voice) in VOICES.iter().enumerate() {
            let (said, heard) = (&self.ends[way].said, self.ends[1 - way].node.role().heard());
            assert!(said.starts_with(heard), "{voice} said {said:?}, heard was {heard:?}");
        }
    }

    fn expect_everything(&self) {
        for (way, voice) in VOICES.iter().enumerate() {
            let (end, other) = (&self.ends[way], &self.ends[1 - way]);
            assert!(end.key.is_some(), "{voice} is gone, and nobody has meddled");
            assert!(other.node.role().is_proven(), "{voice} is not believed");
            assert_eq!(other.node.role().heard(), end.said, "{voice}");
        }
    }
}

impl End<'_> {
    fn receive(&mut self, now: Instant) -> bool {
        let Some(key) = self.key else {
            self.arrived.clear();
            return false;
        };
        if self.arrived.is_empty() {
            return false;
        }
        let arrived = std::mem::take(&mut self.arrived);
        let taken = self.with(now, |node, turn| node.handle_received(turn, key, &arrived));
        let count = if let Taken::Part(count) = taken { count } else { arrived.len() };
        self.arrived = arrived[count..].to_vec();
        count > 0 || self.node.has_heard()
    }

    fn transmit(&mut self, now: Instant) -> bool {
        let mut has_sent = false;
        while let Some(transmit) = self.node.poll_transmit(now) {
            has_sent = true;
            let bytes = transmit.slices().concat();
            let is_present = self.key == Some(transmit.key());
            self.node.handle_transmitted(now, bytes.len());
            if is_present {
                self.wire.extend_from_slice(&bytes);
                self.tape.push(bytes);
            }
        }
        has_sent
    }

    /// Does what the node wants; answers whether its connection has ended.
    fn fulfil(&mut self, now: Instant) -> bool {
        let mut has_ended = false;
        while let Some(request) = self.node.poll_request() {
            match request {
                Request::Connect { key, .. } => {
                    self.key = Some(key);
                    self.with(now, |node, turn| node.handle_connected(turn, key));
                }
                Request::Shutdown { key } => {
                    has_ended |= self.key.take_if(|own| *own == key).is_some();
                    self.with(now, |node, turn| node.handle_disconnected(turn, key));
                }
                Request::Drop { key } => has_ended |= self.key.take_if(|own| *own == key).is_some(),
            }
        }
        has_ended
    }
}
