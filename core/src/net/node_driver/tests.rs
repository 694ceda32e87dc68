//! The realm's client on sessions in memory.

use std::cell::RefCell;
use std::rc::Rc;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use super::*;
use crate::entropy::Entropy;
use crate::net::{NetSessionId, RealmDriver, RealmMemory, UrlError};
use crate::node::client::{ClientConfig, ClientEvent, ClientHandler, MainState};
use crate::protocol::client_to_main::{EnterWorldReq, Hello};
use crate::protocol::main_to_client::Welcome;
use crate::protocol::{Encode, Message, SendError, Token, Uid, encode_body};

/// What the test and the sessions share.
#[derive(Default)]
struct Wire {
    urls: Vec<String>,
    sent: Vec<Vec<u8>>,
    /// How many frames are still taken.
    room: usize,
    inbound: Vec<Vec<u8>>,
    state: NetState,
    is_refused: bool,
}

/// A session, a handle, and a connector: all of them are the same wire.
#[derive(Clone, Default)]
struct Fake(Rc<RefCell<Wire>>);

impl NetOutbound for Fake {
    fn session_id(&self) -> NetSessionId {
        NetSessionId(1)
    }

    fn state(&self) -> NetState {
        self.0.borrow().state
    }

    fn send_body(&mut self, encode: Encode<'_>) -> Result<(), SendError> {
        let mut wire = self.0.borrow_mut();
        wire.room = wire.room.checked_sub(1).ok_or(SendError::Full)?;
        let mut body = vec![0; 600];
        let used = encode(&mut body).map_err(|_| SendError::TooLong)?;
        body.truncate(used);
        wire.sent.push(body);
        Ok(())
    }

    fn close(&mut self, _: CloseCode, _: &str) {
        self.0.borrow_mut().state = NetState::Closing;
    }
}

impl NetSession for Fake {
    type Handle = Self;

    fn handle(&self) -> Self {
        self.clone()
    }

    fn url(&self) -> &str {
        ""
    }

    fn last_error(&self) -> &str {
        ""
    }

    fn connect(&mut self) {
        self.0.borrow_mut().state = NetState::Connecting;
    }

    fn tick(&mut self, handler: &mut dyn NetHandler) -> usize {
        let state = self.state();
        match state {
            NetState::Connecting => {
                self.0.borrow_mut().state = NetState::Open;
                handler.on_open(&mut NetSender::new(self));
            }
            NetState::Closing => {
                self.0.borrow_mut().state = NetState::Closed;
                handler.on_close(CloseCode::NORMAL, "");
            }
            _ => {}
        }
        let bodies = core::mem::take(&mut self.0.borrow_mut().inbound);
        bodies.iter().for_each(|body| handler.on_frame(&mut NetSender::new(self), body));
        bodies.len()
    }
}

impl NetConnector for Fake {
    type Session = Self;

    fn create_session(&self, url: &str) -> Result<Self, UrlError> {
        self.0.borrow_mut().urls.push(url.to_string());
        if self.0.borrow().is_refused { Err(UrlError::Host) } else { Ok(self.clone()) }
    }
}

struct Zeros;

impl Entropy for Zeros {
    fn fill(&mut self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

#[derive(Default)]
struct Losses(usize);

impl ClientHandler for Losses {
    fn on_event(&mut self, _: u16, event: ClientEvent<'_>) {
        self.0 += usize::from(matches!(event, ClientEvent::MainLost(_)));
    }
}

fn turn(ms: u32) -> Turn<'static> {
    // Nothing is in it, so it costs nothing to leave it behind.
    Turn {
        now: crate::time::testing::start().after_ms(ms),
        entropy: std::boxed::Box::leak(std::boxed::Box::new(Zeros)),
    }
}

fn start<'m>(memory: &'m mut RealmMemory<Fake>, wire: &Fake) -> RealmDriver<'m, Losses, Fake> {
    let address = "main:7000".try_into().unwrap();
    let network = (wire.clone(), "tcp");
    memory.client(address, ClientConfig::DEFAULT, Losses::default(), network, &mut turn(0))
}

fn tick(realm: &mut RealmDriver<'_, Losses, Fake>, ms: core::ops::Range<u32>) {
    for ms in ms {
        realm.tick(&mut turn(ms));
    }
}

fn body<M: Message>(message: &M) -> Vec<u8> {
    let mut out = vec![0; 600];
    let used = encode_body(message, &mut out).unwrap();
    out.truncate(used);
    out
}

fn opcodes(wire: &Fake) -> Vec<i32> {
    let opcode = |body: &Vec<u8>| i32::from_le_bytes(*body.first_chunk().unwrap());
    wire.0.borrow().sent.iter().map(opcode).collect()
}

#[test]
fn bodies_go_both_ways_and_a_full_queue_is_tried_again() {
    let (wire, mut memory) = (Fake::default(), RealmMemory::NEW);
    let mut realm = start(&mut memory, &wire);
    realm.tick(&mut turn(0));
    assert_eq!(wire.0.borrow().urls, ["tcp://main:7000"]);
    for ms in 1..4 {
        realm.tick(&mut turn(ms));
        assert!(opcodes(&wire).is_empty(), "there is no room");
    }
    wire.0.borrow_mut().room = 10;
    realm.tick(&mut turn(5));
    assert_eq!(opcodes(&wire), [Hello::OPCODE.0]);
    let welcome = Welcome { version: 2, uid: Uid(7), token: Token([7; 32]) };
    wire.0.borrow_mut().inbound.push(body(&welcome));
    assert_eq!(realm.tick(&mut turn(6)), 1);
    assert_eq!(realm.node().role().machine().uid(), Some(Uid(7)));
    assert_eq!(opcodes(&wire), [Hello::OPCODE.0, EnterWorldReq::OPCODE.0]);
}

#[test]
fn who_closes_is_lost_and_looked_for_again() {
    let (wire, mut memory) = (Fake::default(), RealmMemory::NEW);
    wire.0.borrow_mut().room = 10;
    let mut realm = start(&mut memory, &wire);
    tick(&mut realm, 0..3);
    wire.0.borrow_mut().state = NetState::Closing;
    realm.tick(&mut turn(3));
    assert_eq!(realm.node().role().handler().0, 1);
    // An address that can't be connected to is lost as well, without a session.
    wire.0.borrow_mut().is_refused = true;
    realm.tick(&mut turn(10_000));
    realm.tick(&mut turn(10_001));
    assert_eq!(wire.0.borrow().urls.len(), 2);
    assert_eq!(realm.node().role().handler().0, 2);
    assert_eq!(realm.node().role().machine().state().0, MainState::Waiting);
}

#[test]
fn a_body_over_the_limit_is_a_violation() {
    let (wire, mut memory) = (Fake::default(), RealmMemory::NEW);
    wire.0.borrow_mut().room = 10;
    let mut realm = start(&mut memory, &wire);
    tick(&mut realm, 0..3);
    wire.0.borrow_mut().inbound.push(vec![0; 70_000]);
    tick(&mut realm, 3..6);
    assert_eq!(realm.node().stats().violations, 1);
    assert_eq!(realm.node().role().handler().0, 1);
}
