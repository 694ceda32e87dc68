//! Long frames between a real server, of a role of this test's own, and real clients.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;
use std::task::Context as TaskContext;

use tinyrealm_core::config::NetConfig;
use tinyrealm_core::entropy::Turn;
use tinyrealm_core::net::{NetConnector, NetOutbound, NetSession};
use tinyrealm_core::node::{Caller, Context, Node, Role};
use tinyrealm_core::protocol::{Dispatched, SendError};
use tinyrealm_core::session::manager::Ended;
use tinyrealm_core::session::{SessionKey, Trust};
use tinyrealm_core::wire::ws::{FrameKind, write_frame};
use tinyrealm_core::wire::{Frame, Opcode};
use tinyrealm_std::client::{NetOptions, NetWsConnector};
use tinyrealm_std::memory::{NodeSizes, node_storage};
use tinyrealm_std::{Control, Driver, NextStep, SocketOptions, Sockets};

use crate::support::{
    Diary, EachWay, OPTIONS, Told, Way, alone, each_way, tick_to_end, tick_until,
};

const MIB: usize = 1_024 * 1_024;
const STREAM_MOST: usize = 17_734;

/// Its payload comes back.
const ECHO: i32 = 0x100;
/// A number of bytes, and a body of that many is sent to whoever asks.
const GIVE: i32 = 0x101;
/// Not sent, and why: 1 for `Full`, 2 for `TooLong`.
const UNSENT: i32 = 0x102;
const OPCODE_BYTES: usize = 4;

/// Whether who connects is known at once.
#[derive(Copy, Clone)]
struct Giver {
    knows_everyone: bool,
}

impl<'a> Role<'a> for Giver {
    fn on_accepted(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey) {
        if self.knows_everyone {
            cx.sessions.prove(cx.now, key, Trust::Client);
        }
    }

    fn on_frame(&mut self, caller: &mut Caller<'_, 'a>, frame: Frame<'_>) -> Dispatched {
        let sent = match frame.opcode {
            Opcode(ECHO) => caller.sessions.send_frame(caller.key, frame),
            Opcode(GIVE) => {
                let Ok(count) = frame.payload.try_into() else { return Dispatched::Malformed };
                let payload = vec![7; u32::from_le_bytes(count) as usize - OPCODE_BYTES];
                let given = Frame { opcode: Opcode(GIVE), payload: &payload };
                caller.sessions.send_frame(caller.key, given)
            }
            _ => return Dispatched::Unknown,
        };
        let why = match sent {
            Err(SendError::Full) => 1,
            Err(SendError::TooLong) => 2,
            _ => return Dispatched::Handled,
        };
        let unsent = Frame { opcode: Opcode(UNSENT), payload: &[why] };
        caller.sessions.send_frame(caller.key, unsent).unwrap();
        Dispatched::Handled
    }

    fn on_ended(&mut self, _: &mut Context<'_, 'a>, _: Ended) {}
}

/// As long as the test's process.
struct Forever;

impl<'a> Control<'a, Giver> for Forever {
    fn poll_control(
        &mut self,
        _: &mut TaskContext<'_>,
        _: &mut Turn<'_>,
        _: &mut Node<'a, Giver>,
    ) -> NextStep {
        NextStep::Continue
    }
}

/// A server whose peers may send bodies of up to `limit_bytes`.
fn serving(limit_bytes: usize, long_frames: usize, role: Giver) -> SocketAddr {
    let (tell, address) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tinyrealm_std::runtime::current_thread().unwrap();
        runtime.block_on(async {
            let sockets = Sockets::listen(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
            tell.send(sockets.local_address().unwrap()).unwrap();
            let sizes = NodeSizes {
                sessions: 8,
                long_frame_bytes: limit_bytes,
                long_frames,
                ..NodeSizes::SERVER
            };
            let net = NetConfig { frame_limit_bytes: limit_bytes as u32, ..NetConfig::DEFAULT };
            let options = SocketOptions { send_buffer_bytes: 16 * 1_024 };
            let make = |turn: &mut Turn<'_>| Node::new(node_storage(sizes), net, role, turn);
            Driver::new(sockets, options, make).run(Forever).await;
        });
    });
    address.recv().unwrap()
}

/// A client that takes whatever there is.
fn options() -> NetOptions {
    NetOptions {
        frame_limit_bytes: MIB as u32,
        send_queue_bytes: 4 * MIB,
        receive_queue_bytes: 4 * MIB,
        ..OPTIONS
    }
}

fn open<C: NetConnector>(connector: &C, url: &str) -> (C::Session, Diary) {
    let (mut session, mut diary) = (connector.create_session(url).unwrap(), Diary::default());
    session.connect();
    tick_until(&mut session, &mut diary, "it opens", |diary| diary.has(&Told::Open));
    (session, diary)
}

/// The next body that comes.
fn next_body<S: NetSession>(session: &mut S, diary: &mut Diary) -> Vec<u8> {
    let before = diary.frames();
    tick_until(session, diary, "it comes", |diary| diary.frames() > before);
    let Some(Told::Frame(body)) = diary.notes.last() else { panic!("{:?}", diary.notes) };
    body.clone()
}

fn ask<S: NetSession>(session: &mut S, body_bytes: usize) {
    session.send_frame(Opcode(GIVE), &(body_bytes as u32).to_le_bytes()).unwrap();
}

fn unsent(why: u8) -> Vec<u8> {
    [&UNSENT.to_le_bytes()[..], &[why]].concat()
}

/// Both sides of what a server can say, and of what it hears.
struct Longest(SocketAddr);

impl EachWay for Longest {
    fn run<C: NetConnector>(&self, way: Way, connector: &C, scheme: &str) {
        let most = if way == Way::Tcp { STREAM_MOST } else { MIB };
        let (mut session, mut diary) = open(connector, &format!("{scheme}://{}", self.0));
        for body_bytes in [508, 509, 512, 600, 17_000, most - 1, most] {
            ask(&mut session, body_bytes);
            assert_eq!(next_body(&mut session, &mut diary).len(), body_bytes);
            let payload: Vec<u8> = (0..body_bytes - OPCODE_BYTES).map(|n| n as u8).collect();
            session.send_frame(Opcode(ECHO), &payload).unwrap();
            assert_eq!(next_body(&mut session, &mut diary)[OPCODE_BYTES..], payload);
        }
        for body_bytes in [most + 1, 2 * MIB] {
            ask(&mut session, body_bytes);
            assert_eq!(next_body(&mut session, &mut diary), unsent(2), "{body_bytes} never fit");
        }
    }
}

#[test]
fn a_server_says_and_hears_frames_as_long_as_their_transport_carries_them() {
    let _alone = alone();
    let address = serving(MIB, 2, Giver { knows_everyone: true });
    each_way(&options(), &Longest(address));
}

/// Both sides of what a server takes: so many bytes, and so many are too many.
struct Limit(SocketAddr, [usize; 2]);

impl EachWay for Limit {
    fn run<C: NetConnector>(&self, way: Way, connector: &C, scheme: &str) {
        let (mut session, mut diary) = open(connector, &format!("{scheme}://{}", self.0));
        let [most, too_many] = self.1;
        session.send_frame(Opcode(ECHO), &vec![1; most - OPCODE_BYTES]).unwrap();
        assert_eq!(next_body(&mut session, &mut diary).len(), most);
        session.send_frame(Opcode(ECHO), &vec![1; too_many - OPCODE_BYTES]).unwrap();
        let (code, _) = tick_to_end(&mut session, &mut diary);
        // A stream has no code of its own: the frame before has said `BAD_FRAME`.
        assert_eq!(code, if way == Way::Tcp { 1005 } else { 1009 });
    }
}

#[test]
fn what_is_longer_than_a_server_asks_for_ends_the_connection() {
    let _alone = alone();
    let address = serving(9_000, 2, Giver { knows_everyone: true });
    each_way(&options(), &Limit(address, [9_000, 9_001]));
}

/// Who has proven nothing has no long buffer.
#[test]
fn a_strangers_frames_are_short() {
    let _alone = alone();
    let address = serving(MIB, 2, Giver { knows_everyone: false });
    // What fits a session's own buffer, with room for a control frame of a WebSocket.
    each_way(&options(), &Limit(address, [NodeSizes::SERVER.buffer_bytes, 1_700]));
}

/// As a WebSocket, by hand: it does not read, or does not send all that it has announced.
fn raw_web_socket(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let (mut response, mut byte) = (Vec::new(), [0]);
    while !response.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        response.push(byte[0]);
    }
    stream
}

fn masked(opcode: i32, payload: &[u8]) -> Vec<u8> {
    let body = [&opcode.to_le_bytes()[..], payload].concat();
    let mut bytes = vec![0; body.len() + 14];
    let used = write_frame(&mut bytes, FrameKind::Binary, Some([0; 4]), &body).unwrap();
    bytes.truncate(used);
    bytes
}

/// The next message of a server, which is short.
fn short_message(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let mut head = [0; 2];
    stream.read_exact(&mut head).unwrap();
    let mut payload = vec![0; usize::from(head[1])];
    stream.read_exact(&mut payload).unwrap();
    (head[0] & 0xF, payload)
}

/// One buffer for each way: while somebody else has it, what would fit is `Full`, and what never fits is
/// `TooLong` as before.
#[test]
fn a_reply_that_never_fits_is_told_from_one_that_does_not_fit_now() {
    let _alone = alone();
    let address = serving(MIB, 1, Giver { knows_everyone: true });
    let mut slow = raw_web_socket(address);
    slow.write_all(&masked(GIVE, &(MIB as u32).to_le_bytes())).unwrap();
    // Its reply has begun, and is far from being read.
    let mut head = [0; 10];
    slow.read_exact(&mut head).unwrap();
    let connector = NetWsConnector { options: options(), ..NetWsConnector::default() };
    let (mut session, mut diary) = open(&connector, &format!("ws://{address}"));
    for (body_bytes, why) in [(MIB + 1, 2), (MIB, 1), (1_600, 1)] {
        ask(&mut session, body_bytes);
        assert_eq!(next_body(&mut session, &mut diary), unsent(why), "{body_bytes} bytes");
    }
    ask(&mut session, 500);
    assert_eq!(next_body(&mut session, &mut diary).len(), 500, "what is short has its own buffers");
    let mut rest = vec![0; MIB];
    slow.read_exact(&mut rest).unwrap();
    ask(&mut session, MIB);
    assert_eq!(next_body(&mut session, &mut diary).len(), MIB);
}

#[test]
fn a_long_frame_waits_for_nobody_and_says_so() {
    let _alone = alone();
    let address = serving(MIB, 1, Giver { knows_everyone: true });
    let mut slow = raw_web_socket(address);
    let long = masked(ECHO, &[5; 100_000]);
    slow.write_all(&long[..90_000]).unwrap();
    let mut second = raw_web_socket(address);
    second.write_all(&masked(ECHO, b"short")).unwrap();
    assert_eq!(short_message(&mut second).1[OPCODE_BYTES..], *b"short");
    // The server reads what is there in the order of its connections: the first has its buffer by now.
    second.write_all(&long).unwrap();
    let (kind, error) = short_message(&mut second);
    assert_eq!((kind, &error[4..6]), (2, &[21, 0][..]), "{error:?}");
    let (kind, close) = short_message(&mut second);
    assert_eq!((kind, &close[..2]), (8, &1_013_u16.to_be_bytes()[..]));
    slow.write_all(&long[90_000..]).unwrap();
    let mut echoed = vec![0; 100_004 + 10];
    slow.read_exact(&mut echoed).unwrap();
    assert_eq!(echoed[10 + OPCODE_BYTES..], [5; 100_000]);
    let mut third = raw_web_socket(address);
    third.write_all(&long).unwrap();
    third.read_exact(&mut echoed).unwrap();
}
