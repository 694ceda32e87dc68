//! Sessions with a back-off come back; without, and when they are told to, they do not.

use tinyrealm_core::backoff::Backoff;
use tinyrealm_core::net::{
    CloseCode, NetConnector, NetErrorKind, NetOutbound, NetSession, NetState,
};
use tinyrealm_std::client::NetOptions;

use crate::support::{
    Diary, EachWay, Host, OPTIONS, Told, Way, alone, connecting, each_way, tick_to_end, tick_until,
};

fn options(first_ms: u32) -> NetOptions {
    NetOptions { reconnect: Some(Backoff::new(first_ms, 2 * first_ms)), ..OPTIONS }
}

/// The peer goes twice without a goodbye, and is found again each time.
struct Returning;

impl EachWay for Returning {
    fn run<C: NetConnector>(&self, way: Way, connector: &C, scheme: &str) {
        let (host, mut session) = connecting(way, connector, scheme);
        let mut diary = Diary::default();
        for _ in 0..2 {
            let mut peer = host.accept();
            peer.send(1, b"here");
            tick_until(&mut session, &mut diary, "a frame comes", |diary| diary.frames() == 1);
            peer.reset();
            tick_until(&mut session, &mut diary, "it is lost", |diary| diary.error().is_some());
            assert_eq!(session.state(), NetState::Waiting);
            assert!(matches!(
                diary.notes[..],
                [Told::Open, Told::Frame(_), Told::Error(NetErrorKind::Lost, _)]
            ));
            diary.notes.clear();
            tick_until(&mut session, &mut diary, "it tries", |_| true);
            while session.state() == NetState::Waiting {
                session.tick(&mut diary);
            }
        }
        let _peer = host.accept();
        tick_until(&mut session, &mut diary, "it opens", |diary| diary.has(&Told::Open));
        session.close(CloseCode::NORMAL, "");
        tick_to_end(&mut session, &mut diary);
    }
}

#[test]
fn what_is_lost_is_found_again() {
    let _alone = alone();
    each_way(&options(10), &Returning);
}

/// Between two attempts, the end is told at once.
struct ClosedWhileWaiting;

impl EachWay for ClosedWhileWaiting {
    fn run<C: NetConnector>(&self, way: Way, connector: &C, scheme: &str) {
        let url = Host::new(way).url(scheme);
        let mut session = connector.create_session(&url).unwrap();
        session.connect();
        let mut diary = Diary::default();
        tick_until(&mut session, &mut diary, "it fails", |diary| diary.error().is_some());
        assert_eq!(session.state(), NetState::Waiting);
        assert!(diary.closes().is_empty());
        session.close(CloseCode::NORMAL, "");
        assert_eq!(session.tick(&mut diary), 1);
        tick_to_end(&mut session, &mut diary);
    }
}

#[test]
fn closing_between_two_attempts_is_the_end() {
    let _alone = alone();
    each_way(&options(60_000), &ClosedWhileWaiting);
}

/// A peer that says goodbye for good is not asked again.
struct SentAway;

impl EachWay for SentAway {
    fn run<C: NetConnector>(&self, way: Way, connector: &C, scheme: &str) {
        if way == Way::Tcp {
            return;
        }
        let (host, mut session) = connecting(way, connector, scheme);
        let mut peer = host.accept();
        peer.send_close(4_001, "kicked");
        let mut diary = Diary::default();
        let end = tick_to_end(&mut session, &mut diary);
        assert_eq!(end, (4_001, "kicked".to_owned()));
    }
}

#[test]
fn who_is_sent_away_stays_away() {
    let _alone = alone();
    each_way(&options(10), &SentAway);
}
