//! PROTOCOL.md's table of what is taken when, at a world.

use super::*;
use crate::node::testing::cases;

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
    for case in cases("world, behind it") {
        with_world(SETUP, |bench| {
            let main = bench.meet_main();
            let key = bench.fill(main, 1)[0];
            bench.say_bytes(key, &case.frame);
            case.expect(&bench.flush_and_hear(key));
        });
    }
}
