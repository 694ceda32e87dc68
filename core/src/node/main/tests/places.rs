//! PROTOCOL.md's table of what is taken when, at Main.

use super::*;
use crate::node::testing::{cases, expect_of_server};

/// Leads to a state; the peer that is in it.
type Lead = fn(&mut MainBench<'_>) -> SessionKey;

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

#[test]
fn a_world_s_messages() {
    expect_of_server("Main, a world before `Registered`", |case| {
        let mut found = None;
        with_main(|bench| {
            let key = bench.accept_world(1);
            found = case.say(bench, key);
        });
        found
    });
    expect_of_server("Main, a world behind it", |case| {
        let mut found = None;
        with_main(|bench| {
            let key = bench.register(1, "", 10);
            found = case.say(bench, key);
        });
        found
    });
}

#[test]
fn login_s_messages() {
    expect_of_server("Main, Login before `ClusterAck`", |case| {
        let mut found = None;
        login::with_accounts(|bench| {
            let key = bench.dial_login();
            found = case.say(bench, key);
        });
        found
    });
    expect_of_server("Main, Login behind it", |case| {
        let mut found = None;
        login::with_accounts(|bench| {
            let key = bench.connect_login();
            found = case.say(bench, key);
        });
        found
    });
}

#[test]
fn the_chat_server_s_messages() {
    let ways: [(&str, Lead); 3] = [
        ("Main, chat before `ClusterAck`", |bench| bench.dial_chat()),
        ("Main, chat before `Opened`", |bench| {
            let key = bench.dial_chat();
            bench.take_proof_as(key, ServerKind::CHAT);
            key
        }),
        ("Main, chat behind it", |bench| bench.open_chat()),
    ];
    for (state, lead) in ways {
        expect_of_server(state, |case| {
            let mut found = None;
            with_channels(ChatPolicy::DEFAULT, |bench| {
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
    for case in cases("Main, behind it") {
        with_main(|bench| {
            let guest = bench.greet();
            bench.welcome(Some(guest.token));
            assert_eq!(bench.heard(guest.key), [bye(ErrorCode::REPLACED)]);
            bench.say_bytes(guest.key, &case.frame);
            assert_eq!(bench.heard(guest.key), [], "`{}`", case.message);
        });
    }
}
