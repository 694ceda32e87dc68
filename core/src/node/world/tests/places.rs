//! PROTOCOL.md's table of what is taken when, at a world.

use super::*;
use crate::node::testing::{Case, cases, expect_of_server};
use crate::protocol::Dispatched;
use crate::wire::Frame;

/// Knows every input.
#[derive(Default)]
struct Willing;

impl Game for Willing {
    const NAME: &'static str = "willing";

    fn on_input(
        &mut self,
        _: &mut RoomContext<'_, '_>,
        _: Uid,
        _: u32,
        _: Frame<'_>,
    ) -> Dispatched {
        Dispatched::Handled
    }
}

/// Leads to a state; the peer that is in it.
type Lead = fn(&mut WorldBench<'_, Relay>) -> SessionKey;

#[test]
fn a_stranger_s_messages() {
    for case in cases("world, before `JoinOk`") {
        with_world(SETUP, |bench| {
            let key = bench.accept();
            bench.say_bytes(key, &case.frame);
            case.expect(&bench.heard(key));
        });
    }
}

#[test]
fn a_member_s_messages() {
    let is_there = |case: &Case| {
        let (is_input, is_ask) = (case.message == "Input", case.message.ends_with("Game"));
        (cfg!(feature = "inputs") || !is_input) && (cfg!(feature = "asks") || !is_ask)
    };
    for case in cases("world, behind it").into_iter().filter(is_there) {
        with_game(SETUP, |bench: &mut WorldBench<'_, Willing>| {
            let main = bench.meet_main();
            let key = bench.fill(main, 1)[0];
            bench.say_bytes(key, &case.frame);
            case.expect(&bench.flush_and_hear(key));
        });
    }
}

#[test]
fn main_s_messages() {
    let ways: [(&str, Lead); 3] = [
        ("a world, before `ClusterAck`", |bench| bench.connect_next()),
        ("a world, before `Registered`", |bench| bench.connect_main()),
        ("a world, behind it", |bench| bench.register()),
    ];
    for (state, lead) in ways {
        expect_of_server(state, |case| {
            let mut found = None;
            with_world(SETUP, |bench| {
                bench.act(World::start);
                let key = lead(bench);
                found = case.say(bench, key);
            });
            found
        });
    }
}

/// Whoever is shown out gets nothing more, whatever it says.
#[test]
fn who_has_heard_the_last_word_is_answered_nothing() {
    for case in cases("world, behind it") {
        with_world(SETUP, |bench| {
            let main = bench.meet_main();
            let key = bench.fill(main, 1)[0];
            bench.say(main, &DetachUser { uid: Uid(1), reason: ErrorCode::REPLACED });
            assert!(bench.heard(key).last().is_some_and(Said::is::<Bye>));
            bench.say_bytes(key, &case.frame);
            assert_eq!(bench.flush_and_hear(key), [], "`{}`", case.message);
        });
    }
}
