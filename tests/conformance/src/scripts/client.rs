//! What becomes of a client. Peers are Main and the worlds that it is sent to.

use tinyrealm_core::protocol::MemberNumber;
use tinyrealm_core::protocol::either_way::{Bye, Ping};
use tinyrealm_core::protocol::main_to_client::{EnterWorldAck, Welcome};
use tinyrealm_core::protocol::world_to_client::{JoinOk, RoomSnapshot};
use tinyrealm_core::protocol::{
    Direction, ErrorCode, HandshakeKey, KeyId, Position, RoomId, Text, Token, Uid,
};

use super::{tolerated, unknown};
use crate::hosts::Place;
use crate::script::{Act, Heard, Script, by_web_socket, frame, raw_frame};

const MAIN: usize = 0;

/// Those in which every server is a stream's.
pub fn all() -> Vec<Script> {
    vec![
        Script { name: "into a world", acts: joined() },
        Script { name: "replaced", acts: replaced() },
        Script { name: "a world that goes", acts: world_lost() },
        Script { name: "a Main that goes", acts: main_lost() },
        Script { name: "rude servers", acts: rude_servers() },
    ]
}

/// Those in which every server is a WebSocket's.
pub fn all_by_web_socket() -> Vec<Script> {
    vec![
        Script { name: "into a world by WebSocket", acts: of_web_sockets(2, joined()) },
        Script { name: "replaced by WebSocket", acts: of_web_sockets(2, replaced()) },
        Script { name: "a world that goes by WebSocket", acts: of_web_sockets(3, world_lost()) },
        Script { name: "a Main that goes by WebSocket", acts: of_web_sockets(3, main_lost()) },
    ]
}

fn of_web_sockets(peers: usize, acts: Vec<Act>) -> Vec<Act> {
    (0..peers).fold(acts, |acts, peer| by_web_socket(peer, acts))
}

fn welcomes() -> Vec<u8> {
    frame(&Welcome { version: 2, uid: Uid(0x8000_0001), token: Token([5; 32]) })
}

fn sends_to_world(heard: &Heard) -> Vec<u8> {
    let world_addr = Text::truncated(&heard.addresses.world);
    frame(&EnterWorldAck {
        world_addr,
        is_sealing: false,
        key_id: KeyId([6; 8]),
        handshake_key: HandshakeKey([6; 32]),
    })
}

fn lets_in() -> Vec<u8> {
    let joined = JoinOk {
        version: 2,
        number: MemberNumber(1),
        room_id: RoomId(0),
        spawn_pos: Position::default(),
        members: 0,
        spawn_dir: Direction(0),
        is_returned: false,
    };
    let members = heapless::Vec::new();
    let snapshot = RoomSnapshot { pages_left: 0, members_left: 0, missed_events: 0, members };
    [frame(&joined), frame(&snapshot)].concat()
}

/// Main hears `Hello` and `EnterWorldReq`, the world, peer `world`, hears `Join`.
fn to_world(main: usize, world: usize) -> Vec<Act> {
    vec![
        Act::Answer(main, sends_to_world),
        Act::Accept(Place::World),
        Act::Await(world, 1),
        Act::Say(world, lets_in()),
        Act::Say(world, frame(&Ping { nonce: 9 })),
        Act::Await(world, 1),
    ]
}

fn joined() -> Vec<Act> {
    let mut acts = vec![Act::Accept(Place::Main), Act::Await(MAIN, 1), Act::Say(MAIN, welcomes())];
    acts.push(Act::Await(MAIN, 1));
    acts.extend(to_world(MAIN, 1));
    acts.extend(tolerated(MAIN));
    acts.extend([Act::Say(1, unknown(100)), Act::Trickle(1, frame(&Ping { nonce: 1 }))]);
    acts.push(Act::Await(1, 1));
    acts
}

fn replaced() -> Vec<Act> {
    let mut acts = joined();
    let bye = frame(&Bye { reason: ErrorCode::REPLACED });
    acts.extend([Act::Say(MAIN, bye), Act::AwaitEnd(MAIN), Act::AwaitEnd(1)]);
    acts
}

fn world_lost() -> Vec<Act> {
    let mut acts = joined();
    acts.extend([Act::Shut(1), Act::AwaitEnd(1), Act::Await(MAIN, 1)]);
    acts.extend(to_world(MAIN, 2));
    acts
}

fn main_lost() -> Vec<Act> {
    let mut acts = joined();
    acts.extend([Act::Shut(MAIN), Act::AwaitEnd(MAIN)]);
    // It comes with its token, and stays where it is.
    acts.extend([Act::Accept(Place::Main), Act::Await(2, 1), Act::Say(2, welcomes())]);
    acts.extend([Act::Say(1, frame(&Ping { nonce: 2 })), Act::Await(1, 1)]);
    acts
}

fn rude_servers() -> Vec<Act> {
    let mut acts = joined();
    acts.extend([Act::Say(1, raw_frame(&[7, 0x21, 0, 0, 0xFF])), Act::AwaitEnd(1)]);
    acts.extend([Act::Say(MAIN, vec![3, 0]), Act::AwaitEnd(MAIN)]);
    acts.extend([Act::Accept(Place::Main), Act::Await(2, 1)]);
    acts
}
