//! PROTOCOL.md's table of what is taken when, at Login.

use super::*;
use crate::node::cluster::tests::{hello_of, secure_hello_to};
use crate::node::testing::{cases, expect_of_server, frame_of};

#[test]
fn a_stranger_s_messages() {
    for case in cases("Login, before `LoginReq`") {
        with_login(|bench| {
            let key = bench.accept();
            // The vector is a world's; here it's Mains that dial.
            let frame = match case.message {
                "ClusterHello" => frame_of(&hello_of(ServerKind::MAIN, 0)),
                "SecureHello" => frame_of(&secure_hello_to(ServerKind::LOGIN)),
                _ => case.frame.clone(),
            };
            bench.say_bytes(key, &frame);
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

#[test]
fn a_main_s_messages() {
    expect_of_server("Login, a Main behind `ClusterAck`", |case| {
        let mut found = None;
        with_login(|bench| {
            let key = bench.accept_main();
            found = case.say(bench, key);
        });
        found
    });
}

/// Whoever has its answer gets nothing more, whatever it says.
#[test]
fn who_has_heard_the_last_word_is_answered_nothing() {
    for case in cases("Login, behind it") {
        with_login(|bench| {
            let denial = LoginOutcome::Denied(LoginDenial::WRONG);
            let key = bench.try_from(1, "alice");
            let work = bench.next_login().expect("work");
            bench.finish_login(&work, denial);
            bench.heard(key);
            bench.say_bytes(key, &case.frame);
            assert_eq!(bench.heard(key), [], "`{}`", case.message);
        });
    }
}
