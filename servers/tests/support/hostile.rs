//! Peers that break every rule, and what is to become of them: the same on a desktop server
//! and on a device.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};
use tinyrealm_core::protocol::Versions;

use super::peer::{frame, name_of, raw_frame};
use super::{Peer, Report};
use tinyrealm_core::protocol::client_to_main::{
    ChatJoin, ChatLeave, ChatSay, EnterWorldReq, Hello,
};
use tinyrealm_core::protocol::client_to_world::{
    AnswerGame, AskGame, Event, Input, Join, Leave, Move,
};
use tinyrealm_core::protocol::either_way::{Bye, Error, Ping, Pong};
use tinyrealm_core::protocol::main_to_client::{EnterWorldAck, Welcome};
use tinyrealm_core::protocol::main_to_world::{AttachUser, DetachUser, Registered};
use tinyrealm_core::protocol::world_to_client::{JoinOk, MoveBroadcast};
use tinyrealm_core::protocol::world_to_main::{RegisterWorld, Status, UserJoined};
use tinyrealm_core::protocol::{
    Bytes, Direction, EVENT_MAX_BYTES, ErrorCode, HandshakeKey, Message, Position, Text, Uid, Wish,
};
use tinyrealm_core::session::limits::STRANGER_BURST;

/// Where a realm under attack listens. Its limits are those of [`SETTINGS`], but for the frames'.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Targets {
    pub(crate) main: SocketAddr,
    pub(crate) world: SocketAddr,
    pub(crate) frame_limit_bytes: usize,
    /// What a member may say, and this world does not understand: it is built without that.
    pub(crate) lacks: &'static [i32],
}

/// Slow enough that nothing is earned while one segment is on its way.
pub(crate) const SETTINGS: [&str; 6] = [
    "main.hello_timeout_ms=1000",
    "net.greeting_timeout_ms=2000",
    "net.ping_interval_ms=1000",
    "net.idle_timeout_ms=3000",
    "net.packets_per_second=20",
    "net.packet_burst=100",
];

const GREETING_TIMEOUT: Duration = Duration::from_millis(2_000);
const IDLE_TIMEOUT: Duration = Duration::from_millis(3_000);
const PACKET_BURST: u32 = 100;

/// How far a peer has come before it misbehaves.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    MainStranger,
    MainGuest,
    WorldStranger,
    WorldMember,
}

pub(crate) const PLACES: [Place; 4] =
    [Place::MainStranger, Place::MainGuest, Place::WorldStranger, Place::WorldMember];

/// What a server is to have counted.
#[derive(Copy, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) violations: u64,
    pub(crate) floods: u64,
    pub(crate) unknown_opcodes: u64,
    pub(crate) silent: u64,
}

impl Tally {
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self {
            violations: self.violations + other.violations,
            floods: self.floods + other.floods,
            unknown_opcodes: self.unknown_opcodes + other.unknown_opcodes,
            silent: self.silent + other.silent,
        }
    }

    #[track_caller]
    pub(crate) fn expect(&self, report: &Report) {
        report.expect(&[
            ("net.violations", self.violations),
            ("net.floods", self.floods),
            ("net.unknown_opcodes", self.unknown_opcodes),
            ("net.silent", self.silent),
            ("net.overflows", 0),
            ("net.sessions", 0),
            ("net.buffers_in_use", 0),
        ]);
    }
}

/// A message as a client would send it.
pub(crate) struct Sample {
    pub(crate) opcode: i32,
    pub(crate) frame: Vec<u8>,
}

fn sample<M: Message>(message: &M) -> Sample {
    Sample { opcode: M::OPCODE.0, frame: frame(message) }
}

const KEY: HandshakeKey = HandshakeKey([3; 32]);
const POSITION: Position = Position { x: 1, y: -2, z: 3 };

pub(crate) fn to_main() -> Vec<Sample> {
    let (channel, msg) = (Text::truncated("all"), Text::truncated("hi"));
    vec![
        sample(&Hello { versions: Versions::OURS, token: None, nickname: Text::EMPTY }),
        sample(&EnterWorldReq { region: Text::EMPTY, wish: Wish::ANY }),
        sample(&ChatJoin { channel }),
        sample(&ChatLeave { channel }),
        sample(&ChatSay { request: 7, channel, msg }),
    ]
}

fn to_world() -> Vec<Sample> {
    vec![
        sample(&Join {
            versions: Versions::OURS,
            uid: Uid(1),
            handshake_key: Some(KEY),
            fingerprint: 0,
        }),
        sample(&Move { pos: POSITION, dir: Direction(4) }),
        sample(&Event { request: 7, kind: 1, data: Bytes::new(b"x").unwrap() }),
        sample(&Leave {}),
        sample(&Input { tick: 1, kind: 1, data: Bytes::new(b"x").unwrap() }),
        sample(&AskGame { number: 1, timeout_ms: 9, kind: 1, data: Bytes::EMPTY }),
        sample(&AnswerGame {
            number: 1,
            reason: ErrorCode(0),
            code: 0,
            kind: 1,
            data: Bytes::EMPTY,
        }),
    ]
}

fn either_way() -> Vec<Sample> {
    vec![
        sample(&Error { code: ErrorCode::BUSY, about: 0 }),
        sample(&Ping { nonce: 1 }),
        sample(&Pong { nonce: 1 }),
        sample(&Bye { reason: ErrorCode::GOODBYE }),
    ]
}

impl Place {
    /// How many frames may come at once, where `most` is what the configuration lets those do who have shown
    /// who they are.
    pub(crate) fn burst(self, most: u32) -> u32 {
        match self {
            Self::MainStranger | Self::WorldStranger => most.min(STRANGER_BURST.into()),
            Self::MainGuest | Self::WorldMember => most,
        }
    }

    const fn is_main(self) -> bool {
        matches!(self, Self::MainStranger | Self::MainGuest)
    }

    /// A new connection, and what brings it here.
    fn open(self, targets: Targets) -> (Peer, Vec<u8>) {
        let mut peer = Peer::connect(if self.is_main() { targets.main } else { targets.world });
        let opening = match self {
            Self::MainStranger | Self::WorldStranger => Vec::new(),
            Self::MainGuest => {
                frame(&Hello { versions: Versions::OURS, token: None, nickname: Text::EMPTY })
            }
            Self::WorldMember => {
                let mut main = Peer::connect(targets.main);
                let uid = main.hello(None).uid;
                let handshake_key = Some(main.enter("").key);
                peer.keep_session(main);
                frame(&Join { versions: Versions::OURS, uid, handshake_key, fingerprint: 0 })
            }
        };
        (peer, opening)
    }

    /// A peer who is here.
    pub(crate) fn reach(self, targets: Targets) -> Peer {
        let (mut peer, opening) = self.open(targets);
        peer.send_bytes(&opening);
        match self {
            Self::MainStranger | Self::WorldStranger => {}
            Self::MainGuest => drop(peer.expect::<Welcome>()),
            Self::WorldMember => drop(peer.expect::<JoinOk>()),
        }
        peer
    }

    /// Messages that this server knows.
    fn known(self) -> Vec<Sample> {
        let mut known = if self.is_main() { to_main() } else { to_world() };
        known.extend(either_way());
        known
    }

    /// Messages that this server knows, and does not want here.
    fn out_of_place(self) -> Vec<Sample> {
        match self {
            Self::MainStranger => {
                let mut messages = to_main();
                messages.remove(0);
                messages.push(sample(&Status { users: 1, rooms: 1, load: 1, held: 0 }));
                messages.push(sample(&UserJoined { uid: Uid(1), is_spectator: false }));
                messages
            }
            Self::MainGuest => vec![to_main().remove(0)],
            Self::WorldStranger => to_world().split_off(1),
            Self::WorldMember => vec![to_world().remove(0)],
        }
    }

    /// Opcodes that nobody has, and those that are for other ears.
    fn unknown(self) -> Vec<i32> {
        let mut opcodes = vec![i32::MAX, i32::MIN, -1, 0x00FF, 0x3001, 0x4001];
        let (attach, detach) = (AttachUser::OPCODE.0, DetachUser::OPCODE.0);
        opcodes.extend([attach, detach, Registered::OPCODE.0]);
        if self.is_main() {
            opcodes.extend([Welcome::OPCODE.0, EnterWorldAck::OPCODE.0, Join::OPCODE.0]);
        } else {
            opcodes.extend([JoinOk::OPCODE.0, MoveBroadcast::OPCODE.0, Hello::OPCODE.0]);
            opcodes.extend([Status::OPCODE.0, RegisterWorld::OPCODE.0]);
        }
        if self == Self::MainGuest {
            opcodes.extend([Status::OPCODE.0, RegisterWorld::OPCODE.0]);
        }
        opcodes
    }
}

/// The frame with one more byte of payload.
fn with_trailing_byte(frame: &[u8]) -> Vec<u8> {
    let body_bytes = u16::try_from(frame.len() - 1).unwrap();
    [&body_bytes.to_le_bytes()[..], &frame[2..], &[0]].concat()
}

/// What breaks the protocol at a place: the bytes, and the answer.
fn violations(place: Place, targets: Targets) -> Vec<(String, Vec<u8>, ErrorCode, i32)> {
    let Targets { frame_limit_bytes, lacks, .. } = targets;
    let mut cases = Vec::new();
    for length in [0, 1, 2, 3, frame_limit_bytes + 1, 0xFFFF] {
        let prefix = (length as u16).to_le_bytes();
        let mut add = |what: &str, body_bytes: usize| {
            let bytes = [&prefix[..], &vec![0; body_bytes]].concat();
            cases.push((format!("length {length}, {what}"), bytes, ErrorCode::BAD_FRAME, 0));
        };
        add("alone", 0);
        add("with its body", length);
    }
    let is_understood = |sample: &Sample| !lacks.contains(&sample.opcode);
    for Sample { opcode, frame } in place.known().into_iter().filter(is_understood) {
        let mut add = |what: &str, bytes: Vec<u8>| {
            let name = name_of(opcode);
            cases.push((format!("{name} {what}"), bytes, ErrorCode::MALFORMED, opcode));
        };
        add("with a trailing byte", with_trailing_byte(&frame));
        add("undecodable", raw_frame(opcode, &[0xFF; 20]));
        add("of the limit", raw_frame(opcode, &vec![0xFF; frame_limit_bytes - 4]));
    }
    for Sample { opcode, frame } in place.out_of_place() {
        let name = name_of(opcode);
        cases.push((format!("{name} out of place"), frame, ErrorCode::OUT_OF_PLACE, opcode));
    }
    if !place.is_main() {
        let too_much = [&[1, 0x81, 0x02][..], &[0; EVENT_MAX_BYTES + 1]].concat();
        let opcode = Event::OPCODE.0;
        let bytes = raw_frame(opcode, &too_much);
        cases.push(("an event of 257 bytes".to_owned(), bytes, ErrorCode::MALFORMED, opcode));
    }
    cases
}

pub(crate) fn break_every_rule(targets: Targets, place: Place) -> Tally {
    let cases = violations(place, targets);
    for (name, bytes, code, about) in &cases {
        println!("{place:?}: {name}");
        let mut peer = place.reach(targets);
        // The end may come before all of it is sent.
        peer.send_if_open(bytes);
        peer.expect_refused(*code, *about);
    }
    Tally { violations: cases.len() as u64, ..Tally::default() }
}

pub(crate) fn say_what_nobody_knows(targets: Targets, place: Place) -> Tally {
    let mut opcodes = place.unknown();
    if place == Place::WorldMember {
        opcodes.extend(targets.lacks);
    }
    let longest = targets.frame_limit_bytes - 4;
    // Few enough of them for a stranger's burst.
    for opcodes in opcodes.chunks(8) {
        let mut peer = place.reach(targets);
        for opcode in opcodes {
            println!("{place:?}: unknown {opcode:#x}");
            peer.send_bytes(&raw_frame(*opcode, b""));
            peer.send_bytes(&raw_frame(*opcode, &vec![0xFF; longest]));
            peer.expect_served();
        }
    }
    Tally { unknown_opcodes: 2 * opcodes.len() as u64, ..Tally::default() }
}

/// Pings, the longest that there are.
fn pings(count: u32) -> impl Iterator<Item = Ping> {
    (0..count).map(|number| Ping { nonce: u32::MAX - number })
}

/// Frames in one segment: what brings a peer to its place, and pings; answers how many of those.
pub(crate) fn open_with_pings(targets: Targets, place: Place, frames: u32) -> (Peer, u32) {
    let (mut peer, mut bytes) = place.open(targets);
    let count = frames - u32::from(!bytes.is_empty());
    bytes.extend(pings(count).flat_map(|ping| frame(&ping)));
    peer.send_bytes(&bytes);
    (peer, count)
}

/// Every ping is answered, in order.
#[track_caller]
pub(crate) fn expect_pongs(peer: &mut Peer, count: u32) {
    for Ping { nonce } in pings(count) {
        assert_eq!(peer.find::<Pong>().nonce, nonce);
    }
}

/// Some packets are earned again.
pub(crate) fn take_a_breath() {
    thread::sleep(Duration::from_millis(150));
}

pub(crate) fn send_in_odd_pieces(targets: Targets, place: Place) -> Tally {
    println!("{place:?}: many frames in one segment");
    let (mut peer, count) = open_with_pings(targets, place, place.burst(66) - 1);
    expect_pongs(&mut peer, count);
    println!("{place:?}: one frame in many segments");
    for byte in frame(&Ping { nonce: 0xFFFF_FFFF }) {
        peer.send_bytes(&[byte]);
        // So that each is a segment of its own.
        thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(peer.find::<Pong>().nonce, 0xFFFF_FFFF);
    println!("{place:?}: half a frame, then the end");
    peer.send_bytes(&frame(&Ping { nonce: 7 })[..4]);
    Tally::default()
}

pub(crate) fn send_as_fast_as_allowed_and_faster(targets: Targets, place: Place) -> Tally {
    println!("{place:?}: just under the limit");
    let burst = place.burst(PACKET_BURST);
    let (mut peer, count) = open_with_pings(targets, place, burst);
    expect_pongs(&mut peer, count);
    println!("{place:?}: just over the limit");
    let (mut fast, _) = open_with_pings(targets, place, burst + 1);
    fast.expect_refused(ErrorCode::TOO_FAST, 0);
    take_a_breath();
    peer.expect_served();
    Tally { violations: 1, floods: 1, ..Tally::default() }
}

/// Half a frame and nothing more, and a frame that comes by drops, are silence both.
pub(crate) fn fall_silent(targets: Targets, place: Place) -> Tally {
    println!("{place:?}: half a frame, then silence");
    let is_known = matches!(place, Place::MainGuest | Place::WorldMember);
    let (timeout, code) = if is_known {
        (IDLE_TIMEOUT, ErrorCode::SILENT)
    } else {
        (GREETING_TIMEOUT, ErrorCode::GREETING_TIMEOUT)
    };
    let began = Instant::now();
    let (mut silent, mut dripping) = (place.reach(targets), place.reach(targets));
    silent.send_bytes(&frame(&Ping { nonce: 7 })[..4]);
    for byte in &frame(&Ping { nonce: u32::MAX })[..8] {
        dripping.send_bytes(&[*byte]);
        thread::sleep(timeout / 16);
    }
    for peer in [&mut silent, &mut dripping] {
        if is_known {
            peer.find::<Ping>();
        }
        peer.expect_bye(code);
    }
    let took = began.elapsed();
    // Whoever is known is asked first, and given the rest of its time.
    assert!(took >= timeout && took < timeout + Duration::from_secs(3), "{place:?}: {took:?}");
    Tally { silent: 2, ..Tally::default() }
}
