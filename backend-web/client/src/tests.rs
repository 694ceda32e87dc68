//! The client between its queues, with the test as the host.

use std::borrow::ToOwned;
use std::boxed::Box;
use std::string::String;
use std::vec;
use std::vec::Vec;
use tinyrealm_core::protocol::MemberNumber;

use tinyrealm_core::net::{
    NetConnector, NetError, NetErrorKind, NetEvents, NetHandler, NetOutbound, NetSender, NetSession,
};
use tinyrealm_core::protocol::client_to_login::LoginReq;
use tinyrealm_core::protocol::client_to_main::{ChatJoin, EnterWorldReq, Hello, ListRoomsReq};
use tinyrealm_core::protocol::client_to_world::{Event, Join, Leave, Move};
use tinyrealm_core::protocol::either_way::{Bye, Error};
use tinyrealm_core::protocol::login_to_client::{LoginAck, LoginDenied};
use tinyrealm_core::protocol::main_to_client::{EnterWorldAck, Welcome};
use tinyrealm_core::protocol::world_to_client::{EventBroadcast, JoinOk};
use tinyrealm_core::protocol::{
    Bytes, Direction, ErrorCode, HandshakeKey, KeyId, LoginDenial, Message, Password, Position,
    RoomId, Text, Token, Uid, Wish, encode_body,
};

use crate::messages::host_to_module::Start;
use crate::messages::module_to_host::{Closed, Lost, State};
use crate::*;

/// A client, its queues, and what the host has seen.
struct Host {
    network: &'static WebNetwork,
    client: WebClient<'static>,
    now_ms: u64,
    opened: Vec<u16>,
    /// What was sent, by opcode.
    sent: Vec<i32>,
    /// The last of them.
    sent_last: Vec<u8>,
    requests: Vec<(u8, u16)>,
    /// What the game has heard, by opcode.
    events: Vec<i32>,
}

/// What a login before has given to this device.
const DEVICE: Token = Token([8; 32]);

fn body<M: Message>(message: &M) -> Vec<u8> {
    let mut out = vec![0; BODY_MAX_BYTES];
    let bytes = encode_body(message, &mut out).unwrap();
    out.truncate(bytes);
    out
}

fn opcode(body: &[u8]) -> i32 {
    i32::from_le_bytes(*body.first_chunk().unwrap())
}

fn start(login_address: &str) -> Vec<u8> {
    body(&Start {
        main_address: Text::new("main:1").unwrap(),
        region: Text::EMPTY,
        nickname: Text::EMPTY,
        login_address: Text::new(login_address).unwrap(),
        id: Text::new("ada").unwrap(),
        pw: Password(Text::new("word").unwrap()),
        token: None,
        device: (!login_address.is_empty()).then_some(DEVICE),
        fingerprint: 0,
    })
}

impl Host {
    fn new() -> Self {
        Self::with_login("")
    }

    fn with_login(login_address: &str) -> Self {
        // What lives as long as an instance is not given back here either.
        let network = Box::leak(Box::new(WebNetwork::new()));
        let memory = Box::leak(Box::new(WebMemory::NEW));
        let client = WebClient::new(network, memory, start(login_address).leak()).unwrap();
        let (opened, sent, requests, events) = (vec![], vec![], vec![], vec![]);
        Self { network, client, now_ms: 0, opened, sent, sent_last: Vec::new(), requests, events }
    }

    fn take_requests(&mut self) {
        while let Some((kind, socket, body)) =
            self.network.request(|r| (r.kind, r.socket, r.body.to_vec()))
        {
            self.network.request_taken();
            self.requests.push((kind, socket));
            match kind {
                1 => self.opened.push(socket),
                2 => {
                    self.sent.push(opcode(&body));
                    self.sent_last = body;
                }
                _ => {}
            }
        }
    }

    fn take_events(&mut self) {
        while let Some(opcode) = self.network.event(|event| opcode(event.body)) {
            self.network.event_taken();
            self.events.push(opcode);
        }
    }

    fn tick(&mut self, ms: u64) -> usize {
        self.now_ms += ms;
        let count = self.client.tick(self.now_ms, &[0x80; ENTROPY_BYTES]);
        self.take_requests();
        self.take_events();
        count
    }

    fn say<M: Message>(&mut self, socket: u16, message: &M) {
        assert_eq!(self.network.heard(socket, &body(message)), Answer::Taken);
    }

    /// As far as into a room: answers Main's socket and the world's.
    fn come_in(&mut self) -> (u16, u16) {
        self.tick(1);
        let main = *self.opened.last().unwrap();
        assert_eq!(self.network.opened(main), Answer::Taken);
        self.say(main, &Welcome { version: 2, uid: Uid(7), token: Token([7; 32]) });
        let world_addr = Text::new("world:1").unwrap();
        self.say(
            main,
            &EnterWorldAck {
                world_addr,
                is_sealing: false,
                key_id: KeyId([1; 8]),
                handshake_key: HandshakeKey([1; 32]),
            },
        );
        self.tick(1);
        let world = *self.opened.last().unwrap();
        assert_eq!(self.network.opened(world), Answer::Taken);
        self.say(
            world,
            &JoinOk {
                version: 2,
                number: MemberNumber(1),
                room_id: RoomId(1),
                spawn_pos: Position::ORIGIN,
                members: 1,
                spawn_dir: Direction(0),
                is_returned: false,
            },
        );
        self.tick(1);
        (main, world)
    }
}

fn said(number: u32) -> EventBroadcast<'static> {
    EventBroadcast {
        number: MemberNumber(number as u16),
        request: 0,
        kind: 1,
        data: Bytes::new(&[9; 200]).unwrap(),
    }
}

fn a_move() -> Vec<u8> {
    body(&Move { pos: Position::ORIGIN, dir: Direction(1) })
}

#[test]
fn it_comes_in_speaks_and_leaves() {
    let mut host = Host::new();
    assert_eq!(host.client.command(&a_move()), Answer::Nobody);
    let (main, world) = host.come_in();
    assert_eq!(host.sent, [Hello::OPCODE.0, EnterWorldReq::OPCODE.0, Join::OPCODE.0]);
    let heard: Vec<i32> =
        host.events.iter().copied().filter(|opcode| *opcode != State::OPCODE.0).collect();
    assert_eq!(heard, [Welcome::OPCODE.0, EnterWorldAck::OPCODE.0, JoinOk::OPCODE.0]);
    assert_eq!(host.client.command(&a_move()), Answer::Taken);
    let join = body(&ChatJoin { channel: Text::new("lobby").unwrap() });
    assert_eq!(host.client.command(&join), Answer::Taken);
    for own in [body(&Leave {}), body(&said(1)), vec![1], body(&Bye { reason: ErrorCode::FULL })] {
        assert_eq!(host.client.command(&own), Answer::Refused, "{own:?}");
    }
    host.tick(1);
    assert_eq!(host.sent.split_off(3), [Move::OPCODE.0, ChatJoin::OPCODE.0]);
    host.client.stop();
    host.tick(1);
    host.tick(1);
    assert!(host.requests.contains(&(RequestKind::Close as u8, main)));
    assert_eq!(host.network.closed(main, 1006, &[]), Answer::Taken);
    assert_eq!(host.network.closed(world, 1006, &[]), Answer::Taken);
    host.tick(1);
    assert_eq!(host.events.last(), Some(&Closed::OPCODE.0));
    assert!(host.client.is_over());
    assert_eq!((host.tick(1), host.client.command(&a_move())), (0, Answer::Nobody));
    assert_eq!(host.network.used(), [0; 3]);
}

#[test]
fn both_sides_of_the_time_to_say_goodbye() {
    let mut host = Host::new();
    let (main, world) = host.come_in();
    host.client.stop();
    host.tick(1);
    host.tick(u64::from(CLOSE_TIMEOUT_MS) - 1);
    assert!(!host.client.is_over());
    host.tick(1);
    assert!(host.client.is_over());
    let dropped = |socket| host.requests.contains(&(RequestKind::Drop as u8, socket));
    assert!(dropped(main) && dropped(world), "{:?}", host.requests);
    assert_eq!(host.events.iter().filter(|opcode| **opcode == Closed::OPCODE.0).count(), 1);
    assert_eq!(host.network.closed(main, 1006, &[]), Answer::Nobody, "the host has let go of it");
}

#[test]
fn a_full_inbox_says_so_and_loses_nothing() {
    let mut host = Host::new();
    let (_, world) = host.come_in();
    host.events.clear();
    let mut taken = 0;
    while host.network.heard(world, &body(&said(taken))) == Answer::Taken {
        taken += 1;
    }
    assert_eq!(host.network.heard(world, &body(&said(taken))), Answer::Full);
    assert!(taken > 100);
    while host.tick(1) > 0 {}
    assert_eq!(host.events.len(), taken as usize);
    assert_eq!(host.network.used(), [0; 3]);
}

#[test]
fn events_that_nobody_takes_hold_everything_up() {
    let mut host = Host::new();
    let (_, world) = host.come_in();
    let mut handed_over = 0;
    for _ in 0..100 {
        while host.network.heard(world, &body(&said(handed_over))) == Answer::Taken {
            handed_over += 1;
        }
        host.client.tick(host.now_ms, &[]);
    }
    assert_eq!(host.client.tick(host.now_ms, &[]), 0, "no room");
    host.events.clear();
    host.take_events();
    while host.tick(1) > 0 {}
    assert_eq!(host.events.len(), handed_over as usize);
}

#[test]
fn requests_that_nobody_takes_hold_frames_up_and_nothing_else() {
    let mut host = Host::new();
    let (_, world) = host.come_in();
    // Far more commands than the outbox takes.
    let event = Event { request: 0, kind: 1, data: Bytes::new(&[3; 256]).unwrap() };
    let mut answers = vec![];
    for _ in 0..2_000 {
        answers.push(host.client.command(&body(&event)));
        host.client.tick(host.now_ms, &[]);
        host.take_events();
    }
    assert!(answers.contains(&Answer::Taken) && answers.ends_with(&[Answer::Full]));
    assert_eq!(host.network.heard(world, &body(&said(1))), Answer::Taken);
    assert_eq!(host.client.tick(host.now_ms, &[]), 0, "an answer might find no room");
    // Closing is asked for all the same.
    host.client.stop();
    host.client.tick(host.now_ms + 10_000, &[]);
    host.client.tick(host.now_ms + 20_000, &[]);
    host.take_requests();
    assert!(host.requests.contains(&(RequestKind::Drop as u8, world)));
}

#[test]
fn both_sides_of_the_longest_body() {
    for (bytes, answer) in [(HANDOVER_BYTES, Answer::Taken), (HANDOVER_BYTES + 1, Answer::Refused)]
    {
        let mut host = Host::new();
        let (_, world) = host.come_in();
        assert_eq!(host.network.heard(world, &vec![0x21; bytes]), answer);
        host.tick(1);
        let is_lost = host.events.contains(&Lost::OPCODE.0);
        assert_eq!(is_lost, answer == Answer::Taken, "one byte too many ends its link");
    }
    let mut host = Host::new();
    let (_, world) = host.come_in();
    assert_eq!(host.network.heard(world, &[0x21; BODY_MAX_BYTES]), Answer::Taken);
    host.tick(1);
    assert!(!host.events.contains(&Lost::OPCODE.0), "unknown, but a body");
}

#[test]
fn what_is_no_socket_s_is_nobody_s() {
    let mut host = Host::new();
    assert_eq!(host.network.opened(0), Answer::Nobody);
    assert_eq!(host.network.heard(77, &[]), Answer::Nobody);
    // Asked for, but not taken yet: the host can't know of it.
    host.client.tick(1, &[]);
    let socket = host.network.request(|request| request.socket).unwrap();
    assert_eq!(host.network.opened(socket), Answer::Nobody);
    host.take_requests();
    assert_eq!(host.network.opened(socket), Answer::Taken);
    assert_eq!(host.network.closed(socket, 1006, &[]), Answer::Taken);
    assert_eq!(host.network.closed(socket, 1006, &[]), Answer::Nobody, "once");
    assert_eq!(host.network.heard(socket, &[]), Answer::Nobody);
}

#[test]
fn a_socket_that_fails_again_and_again_leaves_nothing_behind() {
    let mut host = Host::new();
    for _ in 0..2_000 {
        host.tick(100);
        while let Some(socket) = host.opened.pop() {
            assert_eq!(host.network.closed(socket, 1006, &[]), Answer::Taken);
        }
    }
    let attempts = host.requests.iter().filter(|(kind, _)| *kind == 1).count();
    assert!((40..200).contains(&attempts), "{attempts} attempts in 200 s");
    assert_eq!(host.network.used(), [0; 3]);
    // One that never opens is given up, too, and let go.
    for _ in 0..600 {
        host.tick(100);
    }
    assert!(host.requests.iter().any(|(kind, _)| *kind == RequestKind::Drop as u8));
}

/// What a session tells of its errors.
#[derive(Default)]
struct Errors(Vec<(NetErrorKind, String)>);

impl NetEvents for Errors {
    fn on_error(&mut self, error: NetError<'_>) {
        self.0.push((error.kind, error.text.to_owned()));
    }
}

impl NetHandler for Errors {
    fn on_frame(&mut self, sender: &mut NetSender<'_>, _: &[u8]) {
        let error = NetError {
            kind: NetErrorKind::Malformed(tinyrealm_core::wire::Opcode(1)),
            text: "half a message",
        };
        sender.report(self, error);
    }
}

fn take_all_requests(network: &WebNetwork) {
    while network.request(|_| ()).is_some() {
        network.request_taken();
    }
}

#[test]
fn every_error_is_the_last_error() {
    const LOST: &str = "the connection ended without a goodbye";
    let network = Box::leak(Box::new(WebNetwork::new()));
    for (opens, code, reason, error) in [
        (false, 1006, "", Some((NetErrorKind::Connect, "no connection was to be had"))),
        (true, 1006, "", Some((NetErrorKind::Lost, LOST))),
        (true, 1006, "gone", Some((NetErrorKind::Lost, "gone"))),
        (true, 1000, "", None),
    ] {
        let mut session = WebConnector::new(network).create_session("ws://host:1").unwrap();
        let mut errors = Errors::default();
        session.connect();
        let socket = session.handle().session_id().0 as u16;
        take_all_requests(network);
        if opens {
            assert_eq!(network.opened(socket), Answer::Taken);
        }
        assert_eq!(network.closed(socket, code, reason.as_bytes()), Answer::Taken);
        session.tick(&mut errors);
        let told = error.map(|(kind, text)| (kind, text.to_owned()));
        assert_eq!(errors.0.last(), told.as_ref());
        assert_eq!(session.last_error(), error.map_or("", |(_, text)| text));
        while network.event(|_| ()).is_some() {
            network.event_taken();
        }
    }
    let mut session = WebConnector::new(network).create_session("ws://host:1").unwrap();
    session.connect();
    let socket = session.handle().session_id().0 as u16;
    take_all_requests(network);
    assert_eq!(network.opened(socket), Answer::Taken);
    assert_eq!(network.heard(socket, &[1, 0, 0, 0]), Answer::Taken);
    session.tick(&mut Errors::default());
    assert_eq!(session.last_error(), "half a message");
}

#[test]
fn a_login_leads_to_main_or_to_the_end() {
    let mut host = Host::with_login("login:1");
    host.tick(1);
    let login = host.opened[0];
    host.network.opened(login);
    host.tick(1);
    assert_eq!(host.sent, [LoginReq::OPCODE.0]);
    assert!(host.sent_last.ends_with(&DEVICE.0), "what the device has kept");
    let (token, device) = (Token([7; 32]), Token([9; 32]));
    host.say(login, &LoginAck { version: 2, uid: Uid(7), token, ttl_s: 1, device });
    host.tick(1);
    assert_eq!(host.opened.len(), 2, "on to Main");
    for (reason, is_over) in [(LoginDenial::BUSY, false), (LoginDenial::WRONG, true)] {
        let mut host = Host::with_login("login:1");
        host.tick(1);
        let login = host.opened[0];
        host.network.opened(login);
        host.say(login, &LoginDenied { reason, retry_after_ms: 3_000 });
        host.network.closed(login, 1006, &[]);
        host.tick(1);
        assert!(host.events.contains(&LoginDenied::OPCODE.0));
        assert_eq!(host.client.is_over(), is_over, "{reason:?}");
        host.tick(2_900);
        assert_eq!(host.opened.len(), 1, "not before its time");
        host.tick(200);
        host.tick(1);
        assert_eq!(host.opened.len(), if is_over { 1 } else { 2 });
    }
}

#[test]
fn what_another_server_would_say_is_unknown_and_half_of_it_a_violation() {
    let mut host = Host::new();
    let (main, world) = host.come_in();
    host.events.clear();
    host.say(world, &Welcome { version: 2, uid: Uid(8), token: Token([8; 32]) });
    host.say(main, &said(1));
    host.tick(1);
    assert_eq!(host.events, []);
    let welcome = body(&Welcome { version: 2, uid: Uid(8), token: Token([8; 32]) });
    host.network.heard(main, &welcome[..welcome.len() - 1]);
    host.tick(1);
    assert_eq!(host.events, [Lost::OPCODE.0, State::OPCODE.0]);
}

#[test]
fn what_the_host_can_t_decode_ends_its_link() {
    for (opcode, is_main_s) in [(EventBroadcast::OPCODE, false), (EnterWorldAck::OPCODE, true)] {
        let mut host = Host::new();
        let (main, world) = host.come_in();
        host.sent.clear();
        host.client.refuse(opcode);
        host.tick(1);
        assert_eq!(host.sent, [Error::OPCODE.0], "it is told");
        let socket = if is_main_s { main } else { world };
        assert!(host.requests.contains(&(RequestKind::Close as u8, socket)));
    }
}

#[test]
fn settings_that_are_none_make_no_client() {
    let whole = start("");
    for bytes in 0..whole.len() {
        let network = Box::leak(Box::new(WebNetwork::new()));
        let memory = Box::leak(Box::new(WebMemory::NEW));
        let body = Vec::from(&whole[..bytes]).leak();
        assert!(WebClient::new(network, memory, body).is_none(), "{bytes} bytes");
    }
}

/// The wish for a room goes to Main with the first question; another one leaves the room, and is asked for at once.
#[test]
fn a_client_wishes_for_a_room_and_for_another() {
    let mut host = Host::new();
    let (_, world) = host.come_in();
    let before = host.sent.len();
    let hut = EnterWorldReq { region: Text::EMPTY, wish: Wish::named(Text::new("hut").unwrap()) };
    assert_eq!(host.client.command(&body(&hut)), Answer::Taken);
    assert_eq!(host.client.command(&a_move()), Answer::Nobody, "it is outside");
    host.tick(1);
    assert_eq!(host.network.closed(world, 1000, &[]), Answer::Taken);
    host.tick(1);
    let sent = [Leave::OPCODE.0, Bye::OPCODE.0, EnterWorldReq::OPCODE.0];
    assert_eq!(host.sent.split_off(before), sent);
    let list = ListRoomsReq { region: Text::EMPTY, mode: Text::EMPTY, after: 0 };
    assert_eq!(host.client.command(&body(&list)), Answer::Taken);
    host.tick(1);
    assert_eq!(host.sent.last(), Some(&ListRoomsReq::OPCODE.0));
    let mut broken = body(&hut);
    broken.truncate(6);
    assert_eq!(host.client.command(&broken), Answer::Refused);
}
