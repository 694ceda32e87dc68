//! Peers that have gone without a word, players who only listen, and ends that say whether to come back.

use std::time::Instant;

use tinyrealm_core::backoff::Backoff;
use tinyrealm_core::net::{NetConnector, NetErrorKind, NetOutbound, NetSession, NetState};
use tinyrealm_core::protocol;
use tinyrealm_core::protocol::ErrorCode;
use tinyrealm_core::protocol::either_way::{Bye, Error, Ping, Pong};
use tinyrealm_core::protocol::encode_body;
use tinyrealm_std::client::{KeepAlive, NetOptions};

use crate::support::{
    Diary, EachWay, Message, OPTIONS, Peer, Told, Way, alone, connecting, each_way, eventually,
    opened, tick_until,
};

const KEEP_ALIVE: KeepAlive = KeepAlive { ping_interval_ms: 60, idle_timeout_ms: 150 };

fn options() -> NetOptions {
    NetOptions { keep_alive: Some(KEEP_ALIVE), ..OPTIONS }
}

fn body_of(message: &impl tinyrealm_core::protocol::Message) -> Vec<u8> {
    let mut out = vec![0; 64];
    let used = encode_body(message, &mut out).unwrap();
    out.truncate(used);
    out
}

/// The next thing that a client asks to find out whether we are there.
fn question(peer: &mut Peer) -> bool {
    match peer.way {
        Way::Tcp => peer.receive() == Some(body_of(&Ping { nonce: 0 })),
        Way::WebSocket => peer.receive_message() == Some(Message::Ping(Vec::new())),
    }
}

fn answer(peer: &mut Peer) {
    match peer.way {
        Way::Tcp => {
            let pong = peer.wire_body(&body_of(&Pong { nonce: 0 }));
            peer.write(&pong);
        }
        Way::WebSocket => peer.pong(),
    }
}

/// It answers three times, then never again, and keeps its connection.
struct Vanishing;

impl EachWay for Vanishing {
    fn run<C: NetConnector>(&self, way: Way, connector: &C, scheme: &str) {
        let (mut session, mut peer, mut diary) = opened(way, connector, scheme);
        for _ in 0..3 {
            assert!(question(&mut peer), "{way:?}");
            answer(&mut peer);
        }
        let silent_since = Instant::now();
        tick_until(&mut session, &mut diary, "it is lost", |diary| diary.error().is_some());
        assert_eq!(diary.error(), Some(NetErrorKind::Lost));
        assert!(silent_since.elapsed().as_millis() >= 60);
        assert_eq!(session.last_error(), "the peer was silent for 150 ms");
        assert_eq!(diary.closes(), [(1_006, "the peer was silent for 150 ms")]);
    }
}

#[test]
fn a_peer_that_vanishes_is_lost() {
    let _alone = alone();
    each_way(&options(), &Vanishing);
}

#[test]
fn by_default_a_vanished_peer_is_told_within_30_s() {
    let keep_alive = NetOptions::DEFAULT.keep_alive.unwrap();
    assert!(keep_alive.idle_timeout_ms <= 29_000);
    assert!(keep_alive.ping_interval_ms < keep_alive.idle_timeout_ms);
}

/// With a back-off it is looked for again.
struct LookedForAgain;

impl EachWay for LookedForAgain {
    fn run<C: NetConnector>(&self, way: Way, connector: &C, scheme: &str) {
        let (host, mut session) = connecting(way, connector, scheme);
        let _silent = host.accept();
        let mut diary = Diary::default();
        tick_until(&mut session, &mut diary, "it is lost", |diary| diary.error().is_some());
        assert_eq!(session.state(), NetState::Waiting);
        let accepted = std::thread::spawn(move || (host.accept(), host));
        diary.notes.clear();
        tick_until(&mut session, &mut diary, "it is back", |diary| diary.has(&Told::Open));
        drop(session);
        drop(accepted.join().unwrap());
    }
}

#[test]
fn a_loss_by_time_out_may_come_back() {
    let _alone = alone();
    let reconnect = Some(Backoff::new(10, 20));
    each_way(&NetOptions { reconnect, ..options() }, &LookedForAgain);
}

protocol! {
    /// To a server that talks all the time.
    mod to_talker in Band { first: 100, count: 10 }, hears from_talker;

    /// Nothing much.
    0 nod => Nod {}
}

protocol! {
    /// From a server that talks all the time.
    mod from_talker in Band { first: 110, count: 10 }, hears to_talker;

    /// A number.
    0 tell => Tell {
        /// Which.
        number: u32,
    }
}

/// A player who says nothing.
#[derive(Default)]
struct Listener {
    told: u32,
    errors: Vec<NetErrorKind>,
    closes: Vec<u16>,
}

impl tinyrealm_core::net::NetEvents for Listener {
    fn on_error(&mut self, error: tinyrealm_core::net::NetError<'_>) {
        assert!(!error.text.is_empty());
        self.errors.push(error.kind);
    }

    fn on_close(&mut self, code: tinyrealm_core::net::CloseCode, _: &str) {
        self.closes.push(code.0);
    }
}

impl from_talker::Stub<tinyrealm_core::net::NetSender<'_>> for Listener {
    fn tell(&mut self, _: &mut tinyrealm_core::net::NetSender<'_>, message: from_talker::Tell) {
        self.told = message.number;
    }
}

type Proxy<S> = to_talker::Proxy<tinyrealm_core::net::NetLink<S, from_talker::Runtime<Listener>>>;

fn listening<C: NetConnector>(way: Way, connector: &C, scheme: &str) -> (Proxy<C::Session>, Peer) {
    let host = crate::support::Host::new(way);
    let mut proxy = Proxy::<C::Session>::default();
    proxy.connect(Listener::default(), &host.url(scheme), connector).unwrap();
    let peer = host.accept();
    eventually("it opens", || {
        proxy.tick();
        proxy.is_connected()
    });
    (proxy, peer)
}

/// Our own Ping is answered on every transport, by nobody's doing.
struct ReceiveOnly;

impl EachWay for ReceiveOnly {
    fn run<C: NetConnector>(&self, way: Way, connector: &C, scheme: &str) {
        let (mut proxy, mut peer) = listening(way, connector, scheme);
        for nonce in [1, 7, u32::MAX] {
            let ping = peer.wire_body(&body_of(&Ping { nonce }));
            peer.write(&ping);
            let tell = peer.wire_body(&body_of(&from_talker::Tell { number: nonce }));
            peer.write(&tell);
            eventually("it is heard", || {
                proxy.tick();
                proxy.stub().is_some_and(|stub| stub.told == nonce)
            });
            assert_eq!(peer.receive(), Some(body_of(&Pong { nonce })));
        }
        assert_eq!(proxy.sink.client().unwrap().unhandled(), 0);
        drop(proxy);
    }
}

#[test]
fn who_only_listens_answers_all_the_same() {
    let _alone = alone();
    each_way(&OPTIONS, &ReceiveOnly);
}

/// What a peer says last, and whether its client comes back.
struct LastWords {
    comes_back: bool,
    reason: ErrorCode,
}

impl EachWay for LastWords {
    fn run<C: NetConnector>(&self, way: Way, connector: &C, scheme: &str) {
        let (mut proxy, mut peer) = listening(way, connector, scheme);
        let bye = peer.wire_body(&body_of(&Bye { reason: self.reason }));
        peer.write(&bye);
        peer.send_close(self.reason.close_code().0, "");
        drop(peer);
        eventually("it ends", || {
            proxy.tick();
            matches!(proxy.state(), NetState::Waiting | NetState::Closed)
        });
        assert_eq!(
            proxy.state() == NetState::Waiting,
            self.comes_back,
            "{way:?} {:?}",
            self.reason
        );
        if self.comes_back {
            assert!(!proxy.last_error().is_empty());
        }
    }
}

#[test]
fn a_goodbye_says_whether_to_come_back() {
    let _alone = alone();
    let options = NetOptions { reconnect: Some(Backoff::new(60_000, 60_000)), ..OPTIONS };
    for (reason, comes_back) in [
        (ErrorCode::SILENT, true),
        (ErrorCode::SHUTTING_DOWN, true),
        (ErrorCode::TOO_SLOW, true),
        (ErrorCode::REMOVED, false),
        (ErrorCode::REVOKED, false),
        (ErrorCode::REPLACED, false),
        (ErrorCode::GOODBYE, false),
    ] {
        each_way(&options, &LastWords { comes_back, reason });
    }
}

/// Every error is the last one, whoever has found it.
struct LastError;

impl EachWay for LastError {
    fn run<C: NetConnector>(&self, way: Way, connector: &C, scheme: &str) {
        let malformed = [&from_talker::Tell::OPCODE.0.to_le_bytes()[..], &[1, 2, 3]].concat();
        let malformed_ping = [&Ping::OPCODE.0.to_le_bytes()[..], &[1, 2, 3]].concat();
        let refused = body_of(&Error { code: ErrorCode::BUSY, about: 100 });
        for (body, text) in [
            (&malformed, "a payload does not decode"),
            (&malformed_ping, "a payload does not decode"),
            (&refused, "BUSY"),
        ] {
            let (mut proxy, mut peer) = listening(way, connector, scheme);
            assert_eq!(proxy.last_error(), "");
            let bytes = peer.wire_body(body);
            peer.write(&bytes);
            eventually("it is an error", || {
                proxy.tick();
                !proxy.last_error().is_empty()
            });
            assert_eq!(proxy.last_error(), text);
        }
        let mut proxy = Proxy::<C::Session>::default();
        assert!(proxy.connect(Listener::default(), "nowhere", connector).is_err());
        assert!(proxy.last_error().contains("scheme"), "{}", proxy.last_error());
    }
}

#[test]
fn every_error_is_the_last_error() {
    let _alone = alone();
    each_way(&OPTIONS, &LastError);
}
