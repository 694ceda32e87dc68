//! The driver's calls: connecting, stale keys, timers, closing down.

use core::slice;
use std::vec;

use super::*;
use crate::config::NetConfig;

#[test]
fn a_connection_that_was_asked_for_stands_once() {
    let recorder = Recorder { address: "main:7".into(), ..Recorder::default() };
    with_recorder(Sizes::ALL, BENCH_CONFIG, recorder, |bench| {
        let tag = LinkTag { kind: 3, index: 4 };
        let key = bench.act(|_, cx| cx.sessions.connect(cx.now, tag)).unwrap();
        assert_eq!(bench.requests(), [Asked::Connect { key, address: "main:7".into() }]);
        assert_eq!(bench.state(key), Some(SessionState::Connecting));
        bench.connected(key);
        bench.turn(|node, turn| node.handle_connected(turn, key));
        assert_eq!(bench.seen(), [Seen::Connected(key)]);
        assert_eq!(bench.node.sessions().get(key).unwrap().tag(), tag);
        assert_eq!((bench.state(key), bench.requests()), (Some(SessionState::Greeting), vec![]));
    });
}

/// A connection that is given up while the driver is at it may still succeed for the driver.
#[test]
fn a_connection_that_was_given_up_does_not_stand() {
    with_clients(|bench| {
        let key = bench.act(|_, cx| cx.sessions.connect(cx.now, LinkTag::default())).unwrap();
        bench.turn(|node, turn| {
            node.act(turn, |_, cx| {
                cx.sessions.close(
                    cx.now,
                    key,
                    crate::session::manager::Farewell::Bye(ErrorCode(1)),
                );
            });
            node.handle_connected(turn, key);
        });
        bench.drive();
        assert_eq!(bench.seen(), []);
        assert!(bench.requests().contains(&Asked::Drop(key)));
    });
}

/// The slot of a session that is gone has a new tenant with half a frame, a full transport and
/// something to send: none of the calls with the old key may change that.
#[test]
fn a_stale_key_does_nothing() {
    let sizes = Sizes { sessions: 1, ..Sizes::ALL };
    with_recorder(sizes, BENCH_CONFIG, Recorder::trusting(Trust::Client), |bench| {
        let stale = bench.accept();
        bench.disconnect(stale);
        let key = bench.accept();
        assert_eq!(stale.index(), key.index());
        bench.limit(key, 3);
        bench.say(key, &Ping { nonce: 9 });
        let whole = frame(Recorder::KNOWN, 4);
        bench.say_bytes(key, &whole[..5]);
        bench.seen();
        let frames = bench.stats().frames_received;

        let pong = frame_of(&Pong { nonce: 0 });
        let taken = bench.turn(|node, turn| {
            node.handle_connected(turn, stale);
            node.handle_connect_failed(turn, stale, ConnectFailure::Unresolved);
            node.handle_disconnected(turn, stale);
            node.handle_writable(stale);
            (
                node.handle_received(turn, stale, &pong),
                node.handle_received(turn, stale, &pong[..3]),
            )
        });
        assert_eq!(taken, (Taken::All, Taken::All));
        assert!(bench.node.poll_transmit(bench.now).is_none());
        assert_eq!((bench.seen(), bench.requests()), (vec![], vec![]));
        assert_eq!(bench.node.role().ended.len(), 1);
        assert_eq!(bench.stats().frames_received, frames);

        bench.say_bytes(key, &whole[5..]);
        assert_eq!(bench.seen(), [Seen::Frame(key, Recorder::KNOWN)]);
        bench.unblock(key, usize::MAX);
        assert_eq!(bench.heard(key), [Said::of(&Pong { nonce: 9 })]);
    });
}

#[test]
fn the_role_s_timers_fire_once_and_can_be_moved_and_stopped() {
    with_clients(|bench| {
        bench.act(|_, cx| {
            cx.sessions.schedule(0, cx.now.after_ms(160));
            cx.sessions.schedule(1, cx.now.after_ms(160));
            cx.sessions.schedule(2, cx.now.after_ms(320));
            cx.sessions.schedule(0, cx.now.after_ms(480));
            cx.sessions.cancel(1);
        });
        bench.pass_ms(319);
        assert_eq!(bench.seen(), []);
        bench.pass_ms(1);
        assert_eq!(bench.seen(), [Seen::Timer(2)]);
        bench.pass_ms(160);
        assert_eq!(bench.seen(), [Seen::Timer(0)]);
        bench.pass_ms(10_000);
        assert_eq!((bench.seen(), bench.node.poll_timeout()), (vec![], None));
    });
}

/// The timers of sessions and of the role are beside each other.
#[test]
fn a_full_house_does_not_reach_the_role_s_timers() {
    let sizes = Sizes { sessions: 3, ..Sizes::ALL };
    with_recorder(sizes, BENCH_CONFIG, Recorder::default(), |bench| {
        let keys = [bench.accept(), bench.accept(), bench.accept()];
        bench.seen();
        bench.act(|_, cx| cx.sessions.schedule(0, cx.now.after_ms(160)));
        bench.pass_ms(BENCH_CONFIG.greeting_timeout_ms);
        assert_eq!(bench.seen(), [Seen::Timer(0)]);
        assert!(keys.iter().all(|key| bench.ended(*key).is_some()));
    });
}

#[test]
fn an_idle_node_has_nothing_to_wait_for() {
    with_clients(|bench| {
        assert_eq!(bench.node.poll_timeout(), None);
        let key = bench.accept();
        let at = bench.node.poll_timeout().expect("a peer may fall silent");
        assert!(at > bench.now && at <= bench.now.after_ms(BENCH_CONFIG.ping_interval_ms));
        bench.disconnect(key);
        assert_eq!(bench.node.poll_timeout(), None);
    });
}

#[test]
fn everyone_is_told_that_the_node_closes_down() {
    with_recorder(Sizes::ALL, BENCH_CONFIG, Recorder::default(), |bench| {
        let (stranger, known, slow) = (bench.accept(), bench.accept(), bench.accept());
        let closing = bench.accept();
        bench.act(|_, cx| {
            cx.sessions.prove(cx.now, known, Trust::Client);
            cx.sessions.close(
                cx.now,
                closing,
                crate::session::manager::Farewell::Bye(ErrorCode(9)),
            );
        });
        bench.limit(slow, 0);
        let dialed = bench.act(|_, cx| cx.sessions.connect(cx.now, LinkTag::default())).unwrap();
        bench.requests();
        bench.heard(closing);
        bench.seen();
        assert!(!bench.node.is_finished());

        bench.turn(Node::handle_shutdown);
        bench.drive();
        let bye = Said::of(&Bye { reason: ErrorCode::SHUTTING_DOWN });
        assert_eq!(bench.heard(stranger), slice::from_ref(&bye));
        assert_eq!(bench.heard(known), slice::from_ref(&bye));
        assert_eq!((bench.heard(slow), bench.heard(closing)), (vec![], vec![]));
        let asked = bench.requests();
        for expected in [Asked::Shutdown(stranger), Asked::Shutdown(known), Asked::Drop(dialed)] {
            assert!(asked.contains(&expected), "{expected:?}");
        }
        assert_eq!(bench.seen(), [Seen::Shutdown]);
        for key in [stranger, known, slow, dialed] {
            assert_eq!(bench.ended(key), Some(ErrorCode::SHUTTING_DOWN));
        }
        assert_eq!(bench.accept_from(address_of(77)), Err(Refusal::ShuttingDown));

        for key in [stranger, known, closing] {
            assert!(!bench.node.is_finished());
            bench.disconnect(key);
        }
        bench.unblock(slow, usize::MAX);
        assert_eq!((bench.heard(slow), bench.node.is_finished()), (vec![bye], false));
        bench.disconnect(slow);
        assert!(bench.node.is_finished());
    });
}

#[test]
fn closing_down_ends_even_if_nobody_hangs_up() {
    let config = NetConfig { drain_timeout_ms: 160, ..BENCH_CONFIG };
    with_recorder(Sizes::ALL, config, Recorder::trusting(Trust::Client), |bench| {
        let (mute, full) = (bench.accept(), bench.accept());
        bench.limit(full, 0);
        bench.turn(Node::handle_shutdown);
        bench.pass_ms(159);
        assert!(!bench.node.is_finished());
        bench.pass_ms(1);
        assert!(bench.node.is_finished());
        let asked = bench.requests();
        assert!(asked.contains(&Asked::Drop(mute)) && asked.contains(&Asked::Drop(full)));
    });
}

#[test]
fn an_empty_node_closes_down_at_once() {
    with_clients(|bench| {
        assert!(!bench.node.is_finished());
        bench.turn(Node::handle_shutdown);
        assert!(bench.node.is_finished());
    });
}
