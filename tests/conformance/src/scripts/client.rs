//! What becomes of a client. Peers are Main and the worlds that it is sent to.

use tinyrealm_core::node::device_key::DeviceKey;
use tinyrealm_core::protocol::MemberNumber;
use tinyrealm_core::protocol::either_way::{Bye, Ping};
use tinyrealm_core::protocol::main_to_client::{EnterWorldAck, Welcome};
use tinyrealm_core::protocol::world_to_client::{JoinOk, RoomSnapshot};
use tinyrealm_core::protocol::{
    Direction, ErrorCode, HandshakeKey, Position, RoomId, Text, Token, Uid,
};

use super::{tolerated, unknown};
use crate::hosts::Place;
use crate::nodes::DEVICE_KEY;
use crate::script::{Act, Heard, Script, by_web_socket, frame, raw_frame};
use crate::sealing::ClientKey;

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

/// Those in which worlds take links that are sealed with the key of the ticket.
pub fn all_into_sealing_worlds() -> Vec<Script> {
    all().into_iter().map(|it| Script { name: it.name, acts: sealing_worlds(it.acts) }).collect()
}

/// Those of a device, whose link to Main is sealed as well.
pub fn all_of_devices() -> Vec<Script> {
    let of_device = |it: Script| Script { name: it.name, acts: sealing_mains(it.acts) };
    all_into_sealing_worlds().into_iter().map(of_device).collect()
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

fn sealing_worlds(acts: Vec<Act>) -> Vec<Act> {
    let key = ClientKey::of_ticket(&TICKET);
    let acts = acts.into_iter().map(|act| match act {
        Act::Answer(main, _) => Act::Answer(main, sends_to_sealing_world),
        other => other,
    });
    sealed_at(Place::World, key, acts.collect())
}

fn sealing_mains(acts: Vec<Act>) -> Vec<Act> {
    sealed_at(Place::Main, ClientKey::of_device(&DeviceKey::new(DEVICE_KEY)), acts)
}

/// The links to whoever is at this place are sealed.
fn sealed_at(place: Place, key: ClientKey, acts: Vec<Act>) -> Vec<Act> {
    let mut peers = 0;
    let acts = acts.into_iter().flat_map(|act| {
        let seals = matches!(act, Act::Accept(at) if at == place);
        peers += usize::from(matches!(act, Act::Connect | Act::Accept(_)));
        [Some(act), seals.then(|| Act::Seal(peers - 1, key))].into_iter().flatten()
    });
    acts.collect()
}

fn welcomes() -> Vec<u8> {
    frame(&Welcome { version: 2, uid: Uid(0x8000_0001), token: Token([5; 32]) })
}

const TICKET: HandshakeKey = HandshakeKey([6; 32]);

fn sends_to_world(heard: &Heard) -> Vec<u8> {
    frame(&ticket(heard, false))
}

fn sends_to_sealing_world(heard: &Heard) -> Vec<u8> {
    frame(&ticket(heard, true))
}

fn ticket(heard: &Heard, is_sealing: bool) -> EnterWorldAck<'_> {
    EnterWorldAck {
        world_addr: Text::truncated(&heard.addresses.world),
        is_sealing,
        key_id: ClientKey::of_ticket(&TICKET).id(),
        handshake_key: TICKET,
    }
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
