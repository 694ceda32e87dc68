//! What becomes of a world. Peer 0 is Main; the others are players.

use tinyrealm_core::protocol::Versions;
use tinyrealm_core::protocol::client_to_world::{Event, Join, Leave, Move};
use tinyrealm_core::protocol::either_way::{Bye, Error, Ping};
use tinyrealm_core::protocol::main_to_world::{AttachUser, DetachUser, Registered};
use tinyrealm_core::protocol::{
    Bytes, Direction, ErrorCode, HandshakeKey, Position, Text, Uid, Wish,
};
use tinyrealm_core::wire::ws::FrameKind;

use super::{
    broken_frames, broken_web_socket_frames, flood, pings, rude_strangers, rude_web_sockets,
    tolerated, tolerated_web_socket, unknown,
};
use crate::cluster::Claim;
use crate::hosts::Place;
use crate::nodes::USERS;
use crate::script::{Act, Script, by_web_socket, frame, raw_frame, sealed_with_tickets};
use crate::sealing::ClientKey;
use crate::web::{masked, messages};

const MAIN: usize = 0;
const TTL_MS: u32 = 40_000;

/// All of them.
pub fn all() -> Vec<Script> {
    vec![
        Script { name: "handshake", acts: handshake() },
        Script { name: "a room", acts: room() },
        Script { name: "a room of a stream and a WebSocket", acts: by_web_socket(2, room()) },
        Script { name: "a room of WebSockets", acts: by_web_socket(1, by_web_socket(2, room())) },
        Script { name: "WebSockets", acts: web_sockets() },
        Script { name: DENIED, acts: denied() },
        Script { name: "shown out", acts: shown_out() },
        Script { name: "full", acts: full() },
        Script { name: "tolerated", acts: tolerance() },
        Script { name: "rude strangers", acts: strangers() },
        Script { name: "rude members", acts: members() },
        Script { name: "Main goes and comes", acts: main_comes_back() },
        Script { name: "ends", acts: ends() },
    ]
}

/// Those of players who seal their links with the keys of their tickets.
pub fn of_sealed_players() -> Vec<Script> {
    let scripts = all().into_iter().filter(|script| script.name != DENIED);
    scripts.map(|it| Script { name: it.name, acts: sealed_with_tickets(it.acts) }).collect()
}

/// Those of players whose tickets are no good: who seals its link is told so by other words.
pub fn of_denied_sealed_players() -> Vec<Script> {
    vec![Script { name: DENIED, acts: sealed_with_tickets(denied()) }]
}

const DENIED: &str = "denied";

fn key(of: u8) -> HandshakeKey {
    HandshakeKey([of; 32])
}

/// The next peer is the Main that the world connects to, and has heard its registration.
fn proven_main(peer: usize) -> Vec<Act> {
    vec![Act::Accept(Place::Main), Act::Prove(peer, Claim::Main), Act::Await(peer, 1)]
}

fn registered() -> Vec<Act> {
    let mut acts = proven_main(MAIN);
    acts.extend([Act::Say(MAIN, frame(&Registered {})), Act::Await(MAIN, 2)]);
    acts
}

fn attach(uid: u32) -> Vec<Act> {
    attach_with(uid, key(uid as u8))
}

fn attach_with(uid: u32, handshake_key: HandshakeKey) -> Vec<Act> {
    let attach = AttachUser {
        uid: Uid(uid.into()),
        key_id: ClientKey::of_ticket(&handshake_key).id(),
        handshake_key,
        ttl_ms: TTL_MS,
        attempt: uid,
        account: Text::EMPTY,
        nickname: Text::EMPTY,
        wish: Wish::ANY,
    };
    vec![Act::Say(MAIN, frame(&attach)), Act::Await(MAIN, 1)]
}

fn joins(uid: u32) -> Vec<u8> {
    frame(&Join {
        versions: Versions::OURS,
        uid: Uid(uid.into()),
        handshake_key: Some(key(uid as u8)),
        fingerprint: 0,
    })
}

/// A new peer joins; Main hears of it.
fn enter(peer: usize, uid: u32) -> Vec<Act> {
    let mut acts = attach(uid);
    acts.extend([
        Act::Connect,
        Act::Say(peer, joins(uid)),
        Act::Await(peer, 2),
        Act::Await(MAIN, 1),
    ]);
    acts
}

fn moves(x: i32) -> Vec<u8> {
    frame(&Move { pos: Position { x, y: -x, z: 7 }, dir: Direction(x as u16) })
}

fn says(data: &[u8]) -> Vec<u8> {
    frame(&Event { request: 5, kind: data.len() as u16, data: Bytes::new(data).expect("short") })
}

fn handshake() -> Vec<Act> {
    let mut acts = registered();
    acts.extend(enter(1, 1));
    acts.extend([Act::Say(1, frame(&Leave {})), Act::AwaitEnd(1), Act::Await(MAIN, 1)]);
    acts
}

/// Two players; everything that one does is heard by the other before the next thing happens.
fn room() -> Vec<Act> {
    let mut acts = registered();
    acts.extend(enter(1, 1));
    acts.extend(enter(2, 2));
    acts.push(Act::Await(1, 1));
    for x in [0, 1_000, -2_000, i32::MAX] {
        acts.extend([Act::Say(1, moves(x)), Act::Await(2, 1)]);
        acts.extend([Act::Say(2, moves(x / 2)), Act::Await(1, 1)]);
    }
    for data in [&b""[..], b"hello", &[0xEE; 256]] {
        acts.extend([Act::Say(1, says(data)), Act::Await(1, 1), Act::Await(2, 1)]);
    }
    acts.extend([Act::Trickle(2, moves(5)), Act::Await(1, 1)]);
    let many: Vec<u8> = (0..64).flat_map(|number| says(&[number])).collect();
    acts.extend([Act::Say(1, many), Act::Await(1, 64), Act::Await(2, 64)]);
    acts.extend([Act::Say(1, frame(&Leave {})), Act::AwaitEnd(1), Act::Await(2, 1)]);
    acts.push(Act::Await(MAIN, 1));
    acts
}

/// A player by stream sees what becomes of those by WebSocket.
fn web_sockets() -> Vec<Act> {
    let mut acts = registered();
    acts.extend(enter(1, 100));
    acts.extend(by_web_socket_too(2, 2));
    acts.extend(tolerated_web_socket(2));
    // Goodbye in the WebSocket's way.
    let goodbye = masked(FrameKind::Close, &[&1_000_u16.to_be_bytes()[..], b"enough"].concat());
    acts.extend([Act::Say(2, goodbye), Act::AwaitEnd(2), Act::Await(1, 1), Act::Await(MAIN, 1)]);
    for (number, bytes) in broken_web_socket_frames().into_iter().enumerate() {
        let peer = 3 + number;
        acts.extend(by_web_socket_too(peer, 3 + number as u32));
        acts.extend([Act::Say(peer, bytes), Act::AwaitEnd(peer)]);
        acts.extend([Act::Await(1, 1), Act::Await(MAIN, 1)]);
    }
    acts.extend(rude_web_sockets(3 + broken_web_socket_frames().len()));
    acts
}

/// A new peer joins as a WebSocket; Main and the player who is there hear of it.
fn by_web_socket_too(peer: usize, uid: u32) -> Vec<Act> {
    let mut acts = attach(uid);
    acts.extend([
        Act::Connect,
        Act::Open(peer),
        Act::Say(peer, messages(&joins(uid))),
        Act::Await(peer, 2),
        Act::Await(1, 1),
        Act::Await(MAIN, 1),
    ]);
    acts
}

fn denied() -> Vec<Act> {
    let mut acts = registered();
    acts.extend([Act::Connect, Act::Say(1, joins(1)), Act::AwaitEnd(1)]);
    acts.extend(attach_with(1, key(99)));
    acts.extend([Act::Connect, Act::Say(2, joins(1)), Act::AwaitEnd(2)]);
    acts.extend(enter(3, 1));
    // The key is used.
    acts.extend([Act::Connect, Act::Say(4, joins(1)), Act::AwaitEnd(4)]);
    acts
}

/// Main, or a second login, ends a player's stay.
fn shown_out() -> Vec<Act> {
    let mut acts = registered();
    acts.extend(enter(1, 1));
    let second = attach_with(1, key(50));
    acts.extend(second);
    let join = Join {
        versions: Versions::OURS,
        uid: Uid(1),
        handshake_key: Some(key(50)),
        fingerprint: 0,
    };
    acts.extend([Act::Connect, Act::Say(2, frame(&join)), Act::AwaitEnd(1), Act::Await(2, 2)]);
    acts.push(Act::Await(MAIN, 2));
    let detach = DetachUser { uid: Uid(1), reason: ErrorCode::DETACHED };
    acts.extend([Act::Say(MAIN, frame(&detach)), Act::AwaitEnd(2), Act::Await(MAIN, 1)]);
    let nobody = DetachUser { uid: Uid(77), reason: ErrorCode::DETACHED };
    acts.extend([Act::Say(MAIN, frame(&nobody)), Act::Await(MAIN, 1)]);
    acts.extend(attach(3));
    acts
}

fn full() -> Vec<Act> {
    let mut acts = registered();
    for number in 1..=USERS {
        acts.extend(enter(number, number as u32));
        acts.extend((1..number).map(|peer| Act::Await(peer, 1)));
    }
    acts.extend(attach(20));
    acts
}

fn tolerance() -> Vec<Act> {
    let mut acts = registered();
    acts.push(Act::Connect);
    acts.extend(tolerated(1));
    acts.extend(enter(2, 2));
    acts.extend(tolerated(2));
    // What a peer refuses is none of our business.
    let refusal = frame(&Error { code: ErrorCode::BUSY, about: 3 });
    acts.extend([Act::Say(2, [refusal, pings(1)].concat()), Act::Await(2, 1)]);
    acts.extend([Act::Say(MAIN, [unknown(100), pings(3)].concat()), Act::Await(MAIN, 3)]);
    acts
}

fn strangers() -> Vec<Act> {
    let mut acts = registered();
    acts.extend(rude_strangers(1));
    let next = 1 + broken_frames().len();
    let out_of_place =
        [moves(1), says(b"x"), frame(&Leave {}), frame(&Bye { reason: ErrorCode::GOODBYE })];
    for (number, bytes) in out_of_place.into_iter().enumerate() {
        let peer = next + number;
        acts.extend([Act::Connect, Act::Say(peer, bytes), Act::AwaitEnd(peer)]);
    }
    let next = next + 4;
    for (number, bytes) in malformed().into_iter().enumerate() {
        let peer = next + number;
        acts.extend([Act::Connect, Act::Say(peer, bytes), Act::AwaitEnd(peer)]);
    }
    acts.extend(flood(next + malformed().len()));
    acts
}

/// Messages of this link that don't decode: short, with bytes left over, over their limits.
fn malformed() -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    for whole in [joins(1), moves(1), says(b"abc"), frame(&Leave {})] {
        let body = &whole[2..];
        if body.len() > 4 {
            frames.push(raw_frame(&body[..body.len() - 1]));
            frames.push(raw_frame(&body[..4]));
        }
        frames.push(raw_frame(&[body, &[0]].concat()));
    }
    let too_long = [&[3, 0x20, 0, 0, 1, 0x81, 0x02][..], &[7; 257]].concat();
    frames.push(raw_frame(&too_long));
    frames
}

/// Players who break the rules: they are told, the others see them go, Main hears of it.
fn members() -> Vec<Act> {
    let mut acts = registered();
    acts.extend(enter(1, 100));
    let twice = vec![joins(9)];
    let breaks = broken_frames().into_iter().chain(malformed()).chain(twice);
    for (number, bytes) in breaks.enumerate() {
        let peer = 2 + number;
        acts.extend(enter(peer, 2 + number as u32));
        acts.push(Act::Await(1, 1));
        // What comes behind it does not matter any more.
        acts.extend([Act::Say(peer, bytes), Act::AwaitEnd(peer)]);
        acts.extend([Act::Await(1, 1), Act::Await(MAIN, 1)]);
    }
    acts
}

fn main_comes_back() -> Vec<Act> {
    let mut acts = registered();
    acts.extend(enter(1, 1));
    acts.extend([Act::Shut(MAIN), Act::AwaitEnd(MAIN)]);
    acts.extend(proven_main(2));
    acts.push(Act::Say(2, frame(&Registered {})));
    // Who is there, and a player who has noticed nothing.
    acts.extend([Act::Await(2, 2), Act::Say(1, frame(&Ping { nonce: 1 })), Act::Await(1, 1)]);
    // A Main that breaks the rules is left, too.
    acts.extend([Act::Say(2, raw_frame(&[2])), Act::AwaitEnd(2)]);
    acts.extend(proven_main(3));
    acts
}

/// Whoever closes its side behind a question has the answer.
fn ends() -> Vec<Act> {
    let mut acts = registered();
    acts.extend([Act::Connect, Act::Shut(1), Act::AwaitEnd(1)]);
    acts.extend([Act::Connect, Act::Say(2, pings(3)), Act::Shut(2), Act::AwaitEnd(2)]);
    acts.extend(enter(3, 3));
    acts.extend([Act::Say(3, frame(&Leave {})), Act::Shut(3), Act::AwaitEnd(3)]);
    acts.push(Act::Await(MAIN, 1));
    // In the middle of a frame.
    acts.extend([
        Act::Connect,
        Act::Say(4, pings(1)[..4].to_vec()),
        Act::Shut(4),
        Act::AwaitEnd(4),
    ]);
    acts
}
