//! A client at the bench: Main and the world are scripted, one frame at a time.

#[cfg(feature = "asks")]
#[expect(dead_code, unreachable_pub, reason = "a test uses a part of what `protocol!` makes")]
mod asking;
mod comeback;
#[cfg(feature = "sealed-clients")]
mod device;
mod failing;
mod life;
mod login;
#[cfg(feature = "mains")]
mod mains;
mod random;
#[cfg(feature = "sealed-clients")]
mod sealed;
mod stopping;
#[cfg(feature = "rooms")]
mod wishes;

use crate::protocol::Versions;
use core::cell::RefCell;
use std::boxed::Box;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::node::testing::{Asked, BENCH_CONFIG, Bench, BenchMemory, Said, Sizes, frame_of};
use crate::protocol::client_to_main::{EnterWorldReq, Hello};
use crate::protocol::client_to_world::{Event, Join, Leave, Move};
use crate::protocol::either_way::{Bye, Error};
use crate::protocol::main_to_client::{EnterWorldAck, Welcome};
use crate::protocol::world_to_client::{
    EventBroadcast, InputAck, JoinDenied, MemberName, MoveBroadcast, UserEntered, UserLeft,
};
use crate::protocol::{HandshakeKey, JoinDenial, KeyId, RoomId, Text, Token, Wish};
use crate::timer::TICK_MS;

/// A [`ClientEvent`] that owns what it says.
#[derive(Clone, PartialEq, Debug)]
enum Noted {
    Welcome(Uid),
    LoginDenied(LoginDenial, u32),
    LoginLost(ErrorCode),
    MainLost(ErrorCode),
    EnterRefused(ErrorCode),
    JoinDenied(JoinDenial, u16, std::string::String),
    Named(MemberNumber, std::string::String),
    Joined(JoinOk),
    Resumed(u32),
    Snapshot(Box<RoomSnapshot>),
    State(std::string::String),
    Entered(MemberState),
    Left(MemberNumber),
    Away(MemberNumber),
    InputAck(InputAck),
    /// As it prints.
    Answered(u32, std::string::String),
    Asked(u32, i32, Vec<u8>),
    Back(MemberNumber),
    Rooms(usize, u16),
    Announced(std::string::String),
    Moved(MoveBroadcast),
    Said(MemberNumber, u32, u16, Vec<u8>),
    EventRefused(u32, ErrorCode),
    WorldLost(ErrorCode),
    Refused(ErrorCode, i32),
    /// As it prints.
    Chat(std::string::String),
    Stopped(ErrorCode),
}

/// Notes every event.
#[derive(Default)]
struct Diary {
    notes: RefCell<Vec<Noted>>,
}

impl ClientHandler for Diary {
    fn on_event(&mut self, client: u16, event: ClientEvent<'_>) {
        assert_eq!(client, 0);
        self.notes.borrow_mut().push(match event {
            ClientEvent::Welcome(uid) => Noted::Welcome(uid),
            ClientEvent::LoginDenied { reason, retry_after_ms } => {
                Noted::LoginDenied(reason, retry_after_ms)
            }
            ClientEvent::LoginLost(code) => Noted::LoginLost(code),
            ClientEvent::MainLost(code) => Noted::MainLost(code),
            ClientEvent::EnterRefused(code) => Noted::EnterRefused(code),
            ClientEvent::JoinDenied(JoinDenied { reason, code, text }) => {
                Noted::JoinDenied(reason, code, text.as_str().into())
            }
            ClientEvent::Named(MemberName { number, name }) => {
                Noted::Named(number, name.as_str().into())
            }
            ClientEvent::Joined(join_ok) => Noted::Joined(join_ok),
            ClientEvent::Resumed { missed_events } => Noted::Resumed(missed_events),
            ClientEvent::Snapshot(snapshot) => Noted::Snapshot(Box::new(snapshot.clone())),
            ClientEvent::State(state) => Noted::State(std::format!("{state:?}")),
            ClientEvent::Entered(member) => Noted::Entered(member),
            ClientEvent::Left(number) => Noted::Left(number),
            ClientEvent::InputAck(ack) => Noted::InputAck(ack),
            ClientEvent::Answered { ask, answer } => {
                Noted::Answered(ask, std::format!("{answer:?}"))
            }
            ClientEvent::Asked { ask, question } => {
                Noted::Asked(ask, question.opcode.0, question.payload.to_vec())
            }
            ClientEvent::Away(number) => Noted::Away(number),
            ClientEvent::Back(number) => Noted::Back(number),
            ClientEvent::Rooms(page) => Noted::Rooms(page.rooms.len(), page.next_after),
            ClientEvent::Announced(text) => Noted::Announced(text.into()),
            ClientEvent::Moved(member) => Noted::Moved(member),
            ClientEvent::Said(EventBroadcast { number, request, kind, data }) => {
                Noted::Said(number, request, kind, data.as_slice().to_vec())
            }
            ClientEvent::EventRefused { request, reason } => Noted::EventRefused(request, reason),
            ClientEvent::WorldLost(code) => Noted::WorldLost(code),
            ClientEvent::Refused { code, about } => Noted::Refused(code, about),
            ClientEvent::Chat(event) => Noted::Chat(std::format!("{event:?}")),
            ClientEvent::Stopped(code) => Noted::Stopped(code),
        });
    }
}

type ClientBench<'a> = Bench<'a, Client<Diary>>;

const FIRST_MS: u32 = 320;
const MOST_MS: u32 = 1_280;
const UID: Uid = Uid(7);
const TOKEN: Token = Token([5; 32]);
const KEY: HandshakeKey = HandshakeKey([3; 32]);
const WORLD: &str = "world1:9";

fn text<const MOST: usize>(text: &str) -> heapless::String<MOST> {
    heapless::String::try_from(text).expect("a short text")
}

fn with_sizes(sizes: Sizes, test: impl FnOnce(&mut ClientBench<'_>)) {
    let config = ClientConfig {
        region: text("north"),
        reconnect_first_ms: FIRST_MS,
        reconnect_most_ms: MOST_MS,
        ..ClientConfig::DEFAULT
    };
    let mut memory = Box::new(BenchMemory::NEW);
    let client = Client::new(text("main:7"), config, Diary::default());
    let mut bench = Bench::new(sizes.lend(&mut memory), BENCH_CONFIG, client);
    test(&mut bench);
    bench.finish();
}

fn with_client(test: impl FnOnce(&mut ClientBench<'_>)) {
    with_sizes(Sizes { sessions: 2, ..Sizes::ALL }, test);
}

fn hello(token: Option<Token>) -> Said {
    Said::of(&Hello { versions: Versions::OURS, token, nickname: Text::EMPTY })
}

fn asking() -> Said {
    Said::of(&EnterWorldReq { region: Text::new("north").unwrap(), wish: Wish::ANY })
}

fn joining() -> Said {
    Said::of(&Join { versions: Versions::OURS, uid: UID, handshake_key: Some(KEY), fingerprint: 0 })
}

fn bye(reason: ErrorCode) -> Said {
    Said::of(&Bye { reason })
}

fn join_ok() -> JoinOk {
    JoinOk {
        version: 2,
        number: MemberNumber(1),
        room_id: RoomId(4),
        spawn_pos: Position::ORIGIN,
        members: 0,
        spawn_dir: Direction(0),
        is_returned: false,
    }
}

/// To a world that seals nothing.
fn sent_to_world() -> EnterWorldAck<'static> {
    let world_addr = Text::new(WORLD).unwrap();
    EnterWorldAck { world_addr, is_sealing: false, key_id: KeyId([7; 8]), handshake_key: KEY }
}

impl ClientBench<'_> {
    fn links(&self) -> ClientState {
        self.role().machine().state()
    }

    /// What has been noted since the last look.
    fn notes(&self) -> Vec<Noted> {
        self.role().handler().notes.take()
    }

    fn start(&mut self) {
        self.act(Client::start);
    }

    fn stop(&mut self) {
        self.act(Client::stop);
    }

    /// The client wants to connect to `address`, now; it does.
    fn connect_to(&mut self, address: &str) -> SessionKey {
        let asked = self.requests();
        let dials = asked.iter().filter_map(|asked| match asked {
            Asked::Connect { key, address } => Some((*key, address.as_str())),
            _ => None,
        });
        let dials: Vec<_> = dials.collect();
        assert!(matches!(&dials[..], [(_, at)] if *at == address), "{asked:?}");
        let key = dials[0].0;
        self.connected(key);
        key
    }

    fn wants_to_connect(&mut self) -> bool {
        self.requests().iter().any(|asked| matches!(asked, Asked::Connect { .. }))
    }

    fn welcome(&mut self, main: SessionKey) {
        self.say(main, &Welcome { version: 2, uid: UID, token: TOKEN });
    }

    fn send_to_world(&mut self, main: SessionKey) {
        self.say(main, &sent_to_world());
    }

    /// Up to the question for a world.
    fn meet_main(&mut self) -> SessionKey {
        self.start();
        let main = self.connect_to("main:7");
        self.welcome(main);
        assert_eq!(self.heard(main), [hello(None), asking()]);
        main
    }

    /// Up to the question whether it may join.
    fn reach_world(&mut self, main: SessionKey) -> SessionKey {
        self.send_to_world(main);
        let world = self.connect_to(WORLD);
        assert_eq!(self.heard(world), [joining()]);
        world
    }

    /// The whole way into a room, with nothing left to look at.
    fn go_inside(&mut self) -> (SessionKey, SessionKey) {
        let main = self.meet_main();
        let world = self.reach_world(main);
        self.say(world, &join_ok());
        assert_eq!(self.links(), (MainState::Ready, WorldState::Inside));
        self.notes();
        (main, world)
    }

    /// Lets a wait of about `whole_ms` pass: nothing may happen in its first half.
    fn wait_about(&mut self, whole_ms: u32) {
        self.pass_ms(whole_ms / 2 - 1);
        assert!(!self.wants_to_connect(), "too early");
        self.pass_ms(whole_ms - whole_ms / 2 + 1 + TICK_MS);
    }
}
