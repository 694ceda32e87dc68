//! What becomes of a Main. Peers are worlds and clients, as they say.

use tinyrealm_core::protocol::Versions;
use tinyrealm_core::protocol::client_to_main::{ChatSay, EnterWorldReq, Hello};
use tinyrealm_core::protocol::either_way::Bye;
use tinyrealm_core::protocol::main_to_client::Welcome;
use tinyrealm_core::protocol::main_to_world::AttachUser;
use tinyrealm_core::protocol::world_to_main::{
    AttachAck, AttachDenied, RegisterWorld, Status, UserJoined, UserLeft, UserList,
};
use tinyrealm_core::protocol::{ErrorCode, Text, Token, Uid, Wish, WorldId, decode};

use super::{
    broken_frames, broken_web_socket_frames, flood, rude_strangers, rude_web_sockets, tolerated,
    tolerated_web_socket,
};
use crate::cluster::Claim;
use crate::script::{Act, Heard, Script, by_web_socket, frame, raw_frame};
use crate::web::messages;

/// All of them.
pub fn all() -> Vec<Script> {
    vec![
        Script { name: "hello", acts: hello() },
        Script { name: "enter", acts: enter() },
        Script { name: "enter by WebSocket", acts: by_web_socket(2, enter()) },
        Script { name: "WebSockets", acts: web_sockets() },
        Script { name: "a second login", acts: second_login() },
        Script { name: "worlds", acts: worlds() },
        Script { name: "tolerated", acts: tolerance() },
        Script { name: "rude strangers", acts: strangers() },
        Script { name: "rude clients", acts: clients() },
        Script { name: "ends", acts: ends() },
    ]
}

fn greets() -> Vec<u8> {
    frame(&Hello { versions: Versions::OURS, token: None, nickname: Text::EMPTY })
}

fn asks(region: &str) -> Vec<u8> {
    frame(&EnterWorldReq { region: Text::truncated(region), wish: Wish::ANY })
}

fn registers(id: u16) -> Vec<u8> {
    frame(&RegisterWorld {
        versions: Versions::OURS,
        world_id: WorldId(id),
        region: Text::truncated("eu"),
        capacity: 10,
        addr: Text::truncated("world:7200"),
        fingerprint: 0,
        rooms: 0,
        is_sealing: false,
    })
}

fn welcome(heard: &Heard, peer: usize) -> Welcome {
    decode(&heard.frames(peer)[0][4..]).expect("a Welcome")
}

/// The newest `AttachUser` that the world, peer 0, has heard.
fn attach(heard: &Heard) -> AttachUser<'_> {
    let frames = heard.frames(0);
    let mut attaches = frames.iter().filter_map(|body| decode::<AttachUser>(&body[4..]));
    attaches.next_back().expect("an AttachUser")
}

fn acknowledges(heard: &Heard) -> Vec<u8> {
    let AttachUser { uid, attempt, .. } = attach(heard);
    frame(&AttachAck { uid, attempt })
}

fn denies(heard: &Heard) -> Vec<u8> {
    let AttachUser { uid, attempt, .. } = attach(heard);
    frame(&AttachDenied { uid, attempt, reason: ErrorCode::FULL })
}

/// The new peer connects to Main, and proves that it is the world of this id.
fn proven_world(peer: usize, id: u16) -> Vec<Act> {
    vec![Act::Connect, Act::Prove(peer, Claim::World(id))]
}

fn a_world() -> Vec<Act> {
    let mut acts = proven_world(0, 1);
    acts.extend([Act::Say(0, registers(1)), Act::Await(0, 1)]);
    acts
}

fn a_client(peer: usize) -> Vec<Act> {
    vec![Act::Connect, Act::Say(peer, greets()), Act::Await(peer, 1)]
}

fn hello() -> Vec<Act> {
    let mut acts = a_client(0);
    acts.extend(a_client(1));
    // No world is there; chat is not either.
    acts.extend([
        Act::Say(0, asks("eu")),
        Act::Await(0, 1),
        Act::Say(0, asks("")),
        Act::Await(0, 1),
    ]);
    let say = ChatSay { request: 5, channel: Text::truncated("all"), msg: Text::truncated("hi") };
    acts.extend([Act::Say(0, frame(&say)), Act::Await(0, 1)]);
    let forged =
        Hello { versions: Versions::OURS, token: Some(Token([9; 32])), nickname: Text::EMPTY };
    acts.extend([Act::Connect, Act::Say(2, frame(&forged)), Act::AwaitEnd(2)]);
    let newer = Hello { versions: Versions { from: 3, to: 9 }, token: None, nickname: Text::EMPTY };
    acts.extend([Act::Connect, Act::Say(3, frame(&newer)), Act::AwaitEnd(3)]);
    acts.extend([Act::Connect, Act::Trickle(4, greets()), Act::Await(4, 1)]);
    acts.extend([Act::Say(1, frame(&Bye { reason: ErrorCode::GOODBYE })), Act::AwaitEnd(1)]);
    acts
}

fn enter() -> Vec<Act> {
    let mut acts = a_world();
    acts.extend(a_client(1));
    acts.extend([Act::Say(1, asks("eu")), Act::Await(0, 1)]);
    acts.extend([Act::Answer(0, acknowledges), Act::Await(1, 1)]);
    acts.push(Act::Answer(0, |heard| {
        frame(&UserJoined { uid: welcome(heard, 1).uid, is_spectator: false })
    }));
    acts.push(Act::Answer(0, |heard| frame(&UserLeft { uid: welcome(heard, 1).uid })));
    // One that is denied, in any region, and tries again.
    acts.extend(a_client(2));
    acts.extend([
        Act::Say(2, asks("")),
        Act::Await(0, 1),
        Act::Answer(0, denies),
        Act::Await(2, 1),
    ]);
    acts.extend([Act::Say(2, asks("eu")), Act::Await(0, 1)]);
    acts.extend([Act::Answer(0, acknowledges), Act::Await(2, 1)]);
    acts.extend([Act::Say(2, asks("us")), Act::Await(2, 1)]);
    // The world goes: whoever was in it is told.
    acts.extend([Act::Shut(0), Act::AwaitEnd(0), Act::Await(2, 1)]);
    acts
}

fn web_sockets() -> Vec<Act> {
    let mut acts = by_web_socket(0, a_client(0));
    acts.extend(tolerated_web_socket(0));
    let broken = broken_web_socket_frames();
    for (peer, bytes) in (1..).zip(broken.clone()) {
        acts.extend([Act::Connect, Act::Open(peer), Act::Say(peer, messages(&greets()))]);
        acts.extend([Act::Await(peer, 1), Act::Say(peer, bytes), Act::AwaitEnd(peer)]);
    }
    acts.extend(rude_web_sockets(1 + broken.len()));
    acts
}

fn second_login() -> Vec<Act> {
    let mut acts = a_client(0);
    acts.push(Act::Connect);
    acts.push(Act::Answer(1, |heard| {
        frame(&Hello {
            versions: Versions::OURS,
            token: Some(welcome(heard, 0).token),
            nickname: Text::EMPTY,
        })
    }));
    acts.extend([Act::AwaitEnd(0), Act::Await(1, 1)]);
    acts
}

fn worlds() -> Vec<Act> {
    let mut acts = a_world();
    let status = Status { users: 3, rooms: 1, load: 300, held: 0 };
    acts.push(Act::Say(0, frame(&status)));
    let uids = [Uid(5), Uid(6)].into_iter().collect();
    acts.push(Act::Say(
        0,
        frame(&UserList { is_first: true, is_last: true, uids, held: 0, spectators: 0 }),
    ));
    // The same world, from another address.
    let other = RegisterWorld {
        versions: Versions::OURS,
        world_id: WorldId(1),
        region: Text::truncated("eu"),
        capacity: 1,
        addr: Text::truncated("elsewhere:1"),
        fingerprint: 0,
        rooms: 0,
        is_sealing: false,
    };
    acts.extend(proven_world(1, 1));
    acts.extend([Act::Say(1, frame(&other)), Act::Await(1, 1), Act::AwaitEnd(0)]);
    // And again.
    acts.extend(proven_world(2, 1));
    acts.extend([Act::Say(2, registers(1)), Act::Await(2, 1), Act::AwaitEnd(1)]);
    acts.extend(proven_world(3, 2));
    acts.extend([Act::Say(3, registers(2)), Act::Await(3, 1)]);
    acts.extend(proven_world(4, 3));
    acts.extend([Act::Say(4, registers(3)), Act::AwaitEnd(4)]);
    // A world that says what clients say.
    acts.extend([Act::Say(3, greets()), Act::Await(3, 0)]);
    acts
}

fn tolerance() -> Vec<Act> {
    let mut acts = vec![Act::Connect];
    acts.extend(tolerated(0));
    acts.extend(a_client(1));
    acts.extend(tolerated(1));
    acts.extend(proven_world(2, 1));
    acts.extend([Act::Say(2, registers(1)), Act::Await(2, 1)]);
    acts.extend(tolerated(2));
    acts
}

/// Messages of this link that don't decode: short, with bytes left over, texts that are none.
fn malformed() -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    for whole in [greets(), asks("eu")] {
        let body = &whole[2..];
        frames.push(raw_frame(&body[..body.len() - 1]));
        frames.push(raw_frame(&body[..4]));
        frames.push(raw_frame(&[body, &[0]].concat()));
    }
    frames.push(raw_frame(&[2, 0x10, 0, 0, 2, 0xC3, 0x28]));
    frames.push(raw_frame(&[&[2, 0x10, 0, 0, 17][..], &[b'r'; 17]].concat()));
    frames.push(raw_frame(&[1, 0x10, 0, 0, 1, 2]));
    frames
}

fn strangers() -> Vec<Act> {
    let mut acts = rude_strangers(0);
    let next = broken_frames().len();
    let out_of_place = [asks("eu"), frame(&Status { users: 0, rooms: 0, load: 0, held: 0 })];
    let register = registers(1);
    let half = raw_frame(&register[2..register.len() - 1]);
    let frames = malformed().into_iter().chain(out_of_place).chain([half]);
    let count = frames.clone().count();
    for (number, bytes) in frames.enumerate() {
        let peer = next + number;
        acts.extend([Act::Connect, Act::Say(peer, bytes), Act::AwaitEnd(peer)]);
    }
    acts.extend(flood(next + count));
    acts
}

/// Clients that break the rules after their hello.
fn clients() -> Vec<Act> {
    let mut acts = Vec::new();
    let breaks = broken_frames().into_iter().chain(malformed()).chain([greets()]);
    for (peer, bytes) in breaks.enumerate() {
        acts.extend(a_client(peer));
        acts.extend([Act::Say(peer, bytes), Act::AwaitEnd(peer)]);
    }
    acts
}

fn ends() -> Vec<Act> {
    let mut acts = vec![Act::Connect, Act::Say(0, greets()), Act::Shut(0), Act::AwaitEnd(0)];
    acts.extend([Act::Connect, Act::Shut(1), Act::AwaitEnd(1)]);
    acts.extend([Act::Connect, Act::Say(2, greets()[..5].to_vec()), Act::Shut(2)]);
    acts.push(Act::AwaitEnd(2));
    acts
}
