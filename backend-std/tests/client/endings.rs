//! The end is told once, whatever the peer does with our goodbye.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use tinyrealm_core::net::{
    CloseCode, NetConnector, NetErrorKind, NetOutbound, NetSession, NetState,
};
use tinyrealm_core::wire::Opcode;
use tinyrealm_std::client::NetOptions;

use crate::support::{
    CLOSE_TIMEOUT_MS, Diary, EachWay, Host, OPTIONS, Peer, Way, alone, each_way, opened,
    tick_to_end, would_block,
};

/// What a peer does behind the greeting, until the test is over.
/// Whom it gives back is let go of then.
type Conduct = fn(Peer) -> Option<Peer>;

/// Closes on a peer of this conduct.
struct Closing {
    conduct: Conduct,
    expected: fn(Way) -> Ending,
}

#[derive(PartialEq, Eq, Debug)]
struct Ending {
    code: u16,
    error: Option<NetErrorKind>,
}

const UNANSWERED: Ending = Ending { code: 1_006, error: Some(NetErrorKind::CloseTimeout) };

impl EachWay for Closing {
    fn run<C: NetConnector>(&self, way: Way, connector: &C, scheme: &str) {
        let (mut session, peer, mut diary) = opened(way, connector, scheme);
        let conduct = self.conduct;
        let playing = std::thread::spawn(move || conduct(peer));
        // Something that is under way, and then the end.
        let _ = session.send_frame(Opcode(1), &[7; 1_000]);
        let asked_at = Instant::now();
        session.close(CloseCode::NORMAL, "bye");
        assert_eq!(session.state(), NetState::Closing);
        assert!(session.send_frame(Opcode(1), b"").is_err());
        let (code, _) = tick_to_end(&mut session, &mut diary);
        assert_eq!(Ending { code, error: diary.error() }, (self.expected)(way), "{way:?}");
        let most = Duration::from_millis(u64::from(CLOSE_TIMEOUT_MS)) + Duration::from_secs(1);
        assert!(asked_at.elapsed() < most, "it took {:?}", asked_at.elapsed());
        drop(session);
        drop(playing.join().unwrap());
    }
}

fn closing(conduct: Conduct, expected: fn(Way) -> Ending) {
    let _alone = alone();
    each_way(&OPTIONS, &Closing { conduct, expected });
}

#[test]
fn on_a_peer_that_closes_too() {
    closing(
        |mut peer| {
            while peer.receive().is_some() {}
            peer.send_close(1_000, "bye");
            None
        },
        |_| Ending { code: 1_000, error: None },
    );
}

#[test]
fn on_a_peer_that_never_answers() {
    closing(
        |mut peer| {
            peer.drain();
            Some(peer)
        },
        |_| UNANSWERED,
    );
}

#[test]
fn on_a_peer_that_does_not_even_read() {
    closing(Some, |_| UNANSWERED);
}

#[test]
fn on_a_peer_that_floods() {
    closing(
        |mut peer| {
            let frames = peer.wire(1, &[7; 100]).repeat(100);
            while peer.stream.write_all(&frames).is_ok() {}
            Some(peer)
        },
        |_| UNANSWERED,
    );
}

#[test]
fn on_a_peer_that_resets() {
    closing(
        |mut peer| {
            while peer.receive().is_some() {}
            peer.reset();
            None
        },
        |_| Ending { code: 1_006, error: Some(NetErrorKind::Lost) },
    );
}

/// The end comes while our own writing hangs: the peer has not read for so long that nothing goes.
struct Stuck;

impl EachWay for Stuck {
    fn run<C: NetConnector>(&self, way: Way, connector: &C, scheme: &str) {
        let (mut session, _peer, mut diary) = opened(way, connector, scheme);
        // Full for longer than a write takes that only has to wait for its turn.
        let mut full_since = Instant::now();
        while full_since.elapsed() < Duration::from_millis(100) {
            if session.send_frame(Opcode(1), &[7; 10_000]).is_ok() {
                full_since = Instant::now();
            }
        }
        session.close(CloseCode::NORMAL, "");
        let (code, _) = tick_to_end(&mut session, &mut diary);
        assert_eq!(Ending { code, error: diary.error() }, UNANSWERED);
    }
}

#[test]
fn while_writing_hangs() {
    let _alone = alone();
    each_way(&OPTIONS, &Stuck);
}

/// The end comes while the inbox is full and reading waits.
struct Unread;

impl EachWay for Unread {
    fn run<C: NetConnector>(&self, way: Way, connector: &C, scheme: &str) {
        let (mut session, mut peer, mut diary) = opened(way, connector, scheme);
        peer.stream.set_write_timeout(Some(Duration::from_millis(50))).unwrap();
        let frames = peer.wire(1, &[7; 1_000]).repeat(100);
        let stopped = loop {
            if let Err(error) = peer.stream.write_all(&frames) {
                break error;
            }
        };
        assert!(would_block(&stopped), "{stopped}");
        session.close(CloseCode::NORMAL, "");
        tick_to_end(&mut session, &mut diary);
        assert_eq!(diary.frames(), 0, "behind a close no frame is told");
    }
}

#[test]
fn while_reading_waits_for_room() {
    let _alone = alone();
    each_way(&NetOptions { receive_queue_bytes: 4_096, ..OPTIONS }, &Unread);
}

/// The end comes before the beginning.
struct Unopened {
    url: Option<String>,
}

impl EachWay for Unopened {
    fn run<C: NetConnector>(&self, way: Way, connector: &C, scheme: &str) {
        let host = Host::new(way);
        let url =
            self.url.as_ref().map_or_else(|| host.url(scheme), |at| format!("{scheme}://{at}"));
        let mut session = connector.create_session(&url).unwrap();
        session.close(CloseCode::NORMAL, "");
        let mut diary = Diary::default();
        assert_eq!((session.state(), session.tick(&mut diary)), (NetState::Idle, 0));
        session.connect();
        session.close(CloseCode::NORMAL, "");
        assert_eq!(session.tick(&mut diary), 1, "there is nobody to wait for");
        let end = tick_to_end(&mut session, &mut diary);
        assert_eq!(end, (1_006, "closed before it was open".to_owned()));
        // And once more, from the beginning.
        session.connect();
        assert_eq!(session.state(), NetState::Connecting);
        session.close(CloseCode::NORMAL, "");
        session.tick(&mut diary);
        assert_eq!(diary.closes().len(), 2);
    }
}

#[test]
fn while_connecting() {
    let _alone = alone();
    each_way(&OPTIONS, &Unopened { url: None });
}

/// A listener whose queue is full: on Linux a further connection gets no answer at all.
fn full_listener() -> (TcpListener, Vec<std::net::TcpStream>) {
    use socket2::{Domain, Socket, Type};
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into()).unwrap();
    socket.listen(0).unwrap();
    let listener = TcpListener::from(socket);
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) =
        std::net::TcpStream::connect_timeout(&address, Duration::from_millis(100))
    {
        waiting.push(stream);
        assert!(waiting.len() < 100, "the queue never fills");
    }
    (listener, waiting)
}

#[test]
fn while_the_network_does_not_answer() {
    let _alone = alone();
    let (listener, _waiting) = full_listener();
    let at = listener.local_addr().unwrap().to_string();
    // The thread in the hanging call is woken, too: `alone` waits for it for less than the timeout.
    let options = NetOptions { connect_timeout_ms: 60_000, ..OPTIONS };
    each_way(&options, &Unopened { url: Some(at.clone()) });
    struct Hanging {
        at: String,
    }
    impl EachWay for Hanging {
        fn run<C: NetConnector>(&self, _: Way, connector: &C, scheme: &str) {
            let mut session = connector.create_session(&format!("{scheme}://{}", self.at)).unwrap();
            session.connect();
            // Long enough for the thread to be in the call; if not, the test is an easier one.
            std::thread::sleep(Duration::from_millis(50));
            session.close(CloseCode::NORMAL, "");
            let mut diary = Diary::default();
            assert_eq!(session.tick(&mut diary), 1);
            assert_eq!(diary.closes().len(), 1);
        }
    }
    each_way(&options, &Hanging { at });
}

static HANGS: Mutex<bool> = Mutex::new(false);
static RELEASED: Condvar = Condvar::new();

/// A resolver that does not come back until it is let go.
fn hanging_resolver(_: &str, _: u16) -> std::io::Result<Vec<SocketAddr>> {
    let mut hangs = HANGS.lock().unwrap();
    while *hangs {
        hangs = RELEASED.wait(hangs).unwrap();
    }
    Ok(Vec::new())
}

#[test]
fn while_the_resolver_hangs() {
    let _alone = alone();
    *HANGS.lock().unwrap() = true;
    let options = NetOptions { resolver: hanging_resolver, connect_timeout_ms: 50, ..OPTIONS };
    each_way(&options, &Unopened { url: Some("nowhere:7".to_owned()) });
    struct Unanswered;
    impl EachWay for Unanswered {
        fn run<C: NetConnector>(&self, _: Way, connector: &C, scheme: &str) {
            let mut session = connector.create_session(&format!("{scheme}://nowhere:7")).unwrap();
            session.connect();
            let mut diary = Diary::default();
            let end = tick_to_end(&mut session, &mut diary);
            assert_eq!(end, (1_006, "nobody has answered in time".to_owned()));
            assert_eq!(diary.error(), Some(NetErrorKind::Connect));
            assert_eq!(session.last_error(), "nobody has answered in time");
        }
    }
    each_way(&options, &Unanswered);
    *HANGS.lock().unwrap() = false;
    RELEASED.notify_all();
}

/// Dropped without a word: the peer hears a goodbye all the same.
struct Dropped;

impl EachWay for Dropped {
    fn run<C: NetConnector>(&self, way: Way, connector: &C, scheme: &str) {
        let (session, mut peer, _) = opened(way, connector, scheme);
        let mut handle = session.handle();
        handle.send_frame(Opcode(9), b"last words").unwrap();
        drop(session);
        assert!(handle.send_frame(Opcode(9), b"").is_err());
        assert_eq!(peer.receive().unwrap(), b"\x09\0\0\0last words");
        assert_eq!(peer.receive(), None, "the end");
    }
}

#[test]
fn by_being_dropped() {
    let _alone = alone();
    each_way(&OPTIONS, &Dropped);
}
