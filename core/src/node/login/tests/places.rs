//! PROTOCOL.md's table of what is taken when, at Login.

use super::*;
use crate::node::testing::cases;

#[test]
fn a_stranger_s_messages() {
    for case in cases("Login, before `LoginReq`") {
        with_login(|bench| {
            let key = bench.accept();
            bench.say_bytes(key, &case.frame);
            case.expect(&bench.heard(key));
        });
    }
}

#[test]
fn messages_of_whoever_waits() {
    for case in cases("Login, behind it") {
        with_login(|bench| {
            let key = bench.try_from(1, "alice");
            bench.say_bytes(key, &case.frame);
            case.expect(&bench.heard(key));
        });
    }
}
