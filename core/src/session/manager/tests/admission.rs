//! Who is taken: slots, addresses, and nobody while the node closes down.

use super::*;
#[cfg(feature = "shares")]
use crate::config::NetConfig;
use crate::node::testing::{Seen, address_of};
use crate::session::manager::Refusal;

const THREE: Sizes = Sizes { sessions: 3, ..Sizes::ALL };

#[test]
fn both_sides_of_the_session_limit() {
    with_recorder(THREE, BENCH_CONFIG, Recorder::default(), |bench| {
        let keys = [bench.accept(), bench.accept(), bench.accept()];
        assert_eq!(bench.accept_from(address_of(9)), Err(Refusal::Full));
        let stats = bench.stats();
        assert_eq!((stats.accepted, stats.refused_full, stats.refused_address), (3, 1, 0));
        assert_eq!(bench.role().seen, keys.map(Seen::Accepted));

        bench.disconnect(keys[1]);
        let fourth = bench.accept();
        assert_eq!(fourth.index(), keys[1].index());
        assert_ne!(fourth, keys[1]);
        assert_eq!(bench.stats().accepted, 4);
    });
}

#[test]
fn a_session_that_closes_keeps_its_slot_until_it_is_gone() {
    with_recorder(THREE, BENCH_CONFIG, Recorder::default(), |bench| {
        let first = bench.session_in(SessionState::Lingering);
        bench.session_in(SessionState::Draining);
        bench.session_in(SessionState::Connecting);
        assert_eq!(bench.accept_from(address_of(9)), Err(Refusal::Full));
        bench.disconnect(first);
        bench.accept();
    });
}

#[test]
fn connecting_takes_a_slot_like_accepting() {
    with_recorder(THREE, BENCH_CONFIG, Recorder::default(), |bench| {
        for _ in 0..3 {
            bench.dial();
        }
        let refused = bench.act(|_, cx| cx.sessions.connect(cx.now, LinkTag::default()));
        assert_eq!(refused, Err(Refusal::Full));
        assert_eq!(bench.requests(), []);
        assert_eq!(bench.stats().accepted, 0);
    });
}

/// Strangers leave as many slots free as the role has links of its own to open, and not one more.
#[test]
fn both_sides_of_what_is_kept_for_own_links() {
    let role = Recorder { own_links: 1, ..Recorder::default() };
    with_recorder(THREE, BENCH_CONFIG, role, |bench| {
        let first = bench.accept();
        bench.accept();
        assert_eq!(bench.accept_from(address_of(9)), Err(Refusal::Full));
        let own = bench.dial();
        bench.disconnect(first);
        let third = bench.accept(); // the link has its slot, so this one is free
        bench.disconnect(own);
        bench.disconnect(third);
        bench.accept();
        assert_eq!(bench.accept_from(address_of(9)), Err(Refusal::Full));
        bench.dial();
    });
}

#[cfg(feature = "shares")]
#[test]
fn both_sides_of_the_address_limit() {
    let config = NetConfig { connections_per_address: 2, ..BENCH_CONFIG };
    with_recorder(Sizes::ALL, config, Recorder::trusting(Trust::Client), |bench| {
        let first = bench.accept_from(address_of(1)).unwrap();
        let second = bench.accept_from(address_of(1)).unwrap();
        assert_eq!(bench.accept_from(address_of(1)), Err(Refusal::AddressLimit));
        bench.accept_from(address_of(2)).unwrap();
        let stats = bench.stats();
        assert_eq!((stats.accepted, stats.refused_full, stats.refused_address), (3, 0, 1));

        // A closing connection is still one of its address, and gives way to the next.
        bench.close(second, Farewell::Bye(ErrorCode::GOODBYE));
        bench.accept_from(address_of(1)).unwrap();
        assert_eq!(bench.stats().crowded_out, 1);
        assert_eq!(bench.accept_from(address_of(1)), Err(Refusal::AddressLimit));
        bench.disconnect(first);
        bench.accept_from(address_of(1)).unwrap();
    });
}

/// The allowance is the address's: it outlives the connections that have used it.
#[cfg(feature = "shares")]
#[test]
fn both_sides_of_how_often_an_address_may_come() {
    let config = NetConfig { connections_per_address: 2, openings_per_second: 5, ..BENCH_CONFIG };
    with_recorder(Sizes::ALL, config, Recorder::trusting(Trust::Client), |bench| {
        let come_and_go = |bench: &mut Bench<'_, Recorder>| {
            let key = bench.accept_from(address_of(1))?;
            bench.disconnect(key);
            Ok(())
        };
        for _ in 0..5 {
            assert_eq!(come_and_go(bench), Ok(()));
        }
        assert_eq!(come_and_go(bench), Err(Refusal::TooOften));
        let other = bench.accept_from(address_of(2)).unwrap();
        bench.pass_ms(200);
        assert_eq!(come_and_go(bench), Ok(()));
        assert_eq!(come_and_go(bench), Err(Refusal::TooOften));
        assert_eq!((bench.stats().accepted, bench.stats().refused_often), (7, 2));
        assert!(bench.node.sessions().is_open(other));
    });
}

#[cfg(feature = "shares")]
#[test]
fn connections_of_our_own_have_no_address_to_count() {
    let config = NetConfig { connections_per_address: 1, ..BENCH_CONFIG };
    with_recorder(Sizes::ALL, config, Recorder::trusting(Trust::Client), |bench| {
        let dialed = [bench.dial(), bench.dial()];
        bench.accept_from(address_of(0)).unwrap();
        for key in dialed {
            bench.connect_failed(key);
        }
        assert_eq!(bench.accept_from(address_of(0)), Err(Refusal::AddressLimit));
    });
}

#[test]
fn nobody_is_taken_while_the_node_closes_down() {
    with_sessions(|bench| {
        bench.turn(crate::node::Node::handle_shutdown);
        assert_eq!(bench.accept_from(address_of(1)), Err(Refusal::ShuttingDown));
        let refused = bench.act(|_, cx| cx.sessions.connect(cx.now, LinkTag::default()));
        assert_eq!(refused, Err(Refusal::ShuttingDown));
        let stats = bench.stats();
        assert_eq!((stats.accepted, stats.refused_full, stats.refused_address), (0, 0, 0));
    });
}
