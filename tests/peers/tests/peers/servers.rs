//! Our client talks to their servers: echoes of all sizes, pieces, pings, floods, every kind of end.

use tinyrealm_core::net::{CloseCode, NetConnector, NetErrorKind, NetOutbound, NetSession};
use tinyrealm_core::wire::Opcode;
use tinyrealm_peers::{Peer, Role, opcodes};
use tinyrealm_std::client::{NetWsClient, NetWsConnector};

use crate::runtime::{Diary, Told, tick_to_end, tick_until};
use crate::support::{Process, Stream};

const FLOOD_FRAMES: u32 = 5_000;

/// Their server, and our sessions with it.
struct Theirs {
    process: Process,
    url: String,
}

impl Theirs {
    fn start(peer: Peer) -> Self {
        let process = Process::spawn(&format!("{peer:?}"), peer.script(Role::Server));
        let address = process
            .wait_for(Stream::Stdout, |line| Some(line.strip_prefix("listening on ")?.to_owned()));
        Self { process, url: format!("ws://{address}/realm?of=theirs") }
    }

    /// A session that is open, and has heard its hello.
    fn session(&self) -> (NetWsClient, Diary) {
        let mut session = NetWsConnector::default().create_session(&self.url).unwrap();
        let mut diary = Diary::default();
        session.connect();
        tick_until(&mut session, &mut diary, "the hello", |diary| diary.frames() == 1);
        assert_eq!(diary.notes, [Told::Open, Told::Frame(body(opcodes::HELLO, b""))]);
        (session, diary)
    }

    fn closed_with(&self, words: &str) {
        self.process.wait_until_said(Stream::Stdout, words, 1);
    }
}

fn body(opcode: i32, payload: &[u8]) -> Vec<u8> {
    [&opcode.to_le_bytes(), payload].concat()
}

fn say(session: &mut NetWsClient, opcode: i32, payload: &[u8]) {
    session.send_frame(Opcode(opcode), payload).unwrap();
}

fn echoes(theirs: &Theirs) {
    let (mut session, mut diary) = theirs.session();
    let payload: Vec<u8> = (0..16_380_u32).map(|place| place as u8).collect();
    for opcode in [opcodes::ECHO, opcodes::ECHO_IN_PIECES] {
        // Around the borders of a header's three lengths that a frame's limit leaves, 125 and 126.
        for size in [0, 1, 121, 122, 123, 4_000, payload.len()] {
            diary.notes.clear();
            say(&mut session, opcode, &payload[..size]);
            tick_until(&mut session, &mut diary, "an echo", |diary| diary.frames() == 1);
            assert_eq!(diary.notes, [Told::Frame(body(opcode, &payload[..size]))]);
        }
    }
    session.close(CloseCode(4_001), "enough");
    assert_eq!(tick_to_end(&mut session, &mut diary), (4_001, "enough".to_owned()));
    theirs.closed_with("closed with 4001 enough");
}

fn floods(theirs: &Theirs) {
    let (mut session, mut diary) = theirs.session();
    diary.notes.clear();
    say(&mut session, opcodes::FLOOD, &FLOOD_FRAMES.to_le_bytes());
    let all = FLOOD_FRAMES as usize;
    tick_until(&mut session, &mut diary, "the flood", |diary| diary.frames() == all);
    let numbers = 0..FLOOD_FRAMES;
    let expected: Vec<_> =
        numbers.map(|number| Told::Frame(body(opcodes::FLOOD, &number.to_le_bytes()))).collect();
    assert!(diary.notes == expected, "in order, and each of them once");
    session.close(CloseCode::NORMAL, "");
    assert_eq!(tick_to_end(&mut session, &mut diary).0, 1_000);
}

fn ends(theirs: &Theirs) {
    let (mut session, mut diary) = theirs.session();
    say(&mut session, opcodes::CLOSE, "genug für heute".as_bytes());
    assert_eq!(tick_to_end(&mut session, &mut diary), (4_000, "genug für heute".to_owned()));
    assert_eq!(diary.error(), None);
    theirs.closed_with("closed with 4000 ");

    let (mut session, mut diary) = theirs.session();
    say(&mut session, opcodes::VANISH, b"");
    assert_eq!(tick_to_end(&mut session, &mut diary).0, 1_006);
    assert_ne!(diary.error(), Some(NetErrorKind::Handshake));
}

fn our_client_talks_to(peer: Peer) {
    let theirs = Theirs::start(peer);
    echoes(&theirs);
    floods(&theirs);
    ends(&theirs);
}

#[test]
fn our_client_talks_to_python() {
    our_client_talks_to(Peer::Python);
}

#[test]
fn our_client_talks_to_node() {
    our_client_talks_to(Peer::Node);
}
