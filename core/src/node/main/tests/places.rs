//! PROTOCOL.md's table of what is taken when, at Main.

use super::*;
use crate::node::testing::cases;

#[test]
fn a_stranger_s_messages() {
    for case in cases("Main, before `Welcome`") {
        with_main(|bench| {
            let key = bench.accept();
            bench.say_bytes(key, &case.frame);
            case.expect(&bench.heard(key));
        });
    }
}

#[test]
fn a_user_s_messages() {
    for case in cases("Main, behind it") {
        with_main(|bench| {
            let key = bench.greet().key;
            bench.say_bytes(key, &case.frame);
            case.expect(&bench.heard(key));
        });
    }
}
