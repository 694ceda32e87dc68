//! Who gets a token, who does not, and who may not even try.

use super::*;

#[test]
fn the_right_password_gets_a_token_that_only_its_owner_knows() {
    with_login(|bench| {
        let client = bench.try_from(1, "alice");
        assert_eq!(bench.state(client), Some(SessionState::Ready));
        let work = bench.next_login().unwrap();
        assert_eq!((work.id.as_str(), work.password.as_str()), ("alice", "hunter2"));
        assert_eq!(work.from, address_of(1));
        bench.finish_login(&work, GRANTED);
        let heard = bench.heard(client);
        let ack: LoginAck = heard[0].read().unwrap();
        assert_eq!((ack.uid, ack.ttl_s), (UID, TTL_S));
        assert_eq!(TokenHash::of(&ack.token), work.token_hash);
        assert_eq!(heard[1..], [Said::of(&Bye { reason: ErrorCode::GOODBYE })]);
        assert_eq!((bench.role().logins(), bench.role().stats().granted), (0, 1));
    });
}

#[test]
fn no_two_tokens_are_the_same() {
    with_login(|bench| {
        let (first, second) = (bench.attempt(1, "a", GRANTED), bench.attempt(1, "a", GRANTED));
        assert_ne!(first.payload, second.payload);
    });
}

#[test]
fn denials_say_why() {
    for (reason, retry_after_ms) in [
        (LoginDenial::WRONG, 0),
        (LoginDenial::DISABLED, 0),
        (LoginDenial::BANNED, 0),
        (LoginDenial::UNAVAILABLE, BUSY_RETRY_MS),
    ] {
        with_login(|bench| {
            let answer = bench.attempt(1, "alice", LoginOutcome::Denied(reason));
            assert_eq!(answer, denied(reason, retry_after_ms));
            assert_eq!(bench.role().stats().denied_for(reason), 1);
        });
    }
}

/// Whoever counts beside this Login is believed, and a wrong guess that it has counted counts here, too.
#[test]
fn who_is_held_elsewhere_waits_as_long_as_that_says() {
    let held = |reason| LoginOutcome::Held { reason, retry_after_ms: 7_000 };
    with_login(|bench| {
        for reason in [LoginDenial::LOCKED, LoginDenial::TOO_MANY, LoginDenial::WRONG] {
            for _ in 0..2 {
                assert_eq!(bench.attempt(1, "alice", held(reason)), denied(reason, 7_000));
            }
        }
        let answer = bench.attempt(1, "alice", LoginOutcome::Denied(LoginDenial::WRONG));
        assert_eq!(answer, denied(LoginDenial::WRONG, 1_000), "the third that was wrong");
    });
}

#[test]
fn a_connection_has_one_attempt() {
    with_login(|bench| {
        let client = bench.try_from(1, "alice");
        bench.say(client, &request("alice", "other"));
        let refusal = Error { code: ErrorCode::OUT_OF_PLACE, about: LoginReq::OPCODE.0 };
        assert_eq!(bench.heard(client), [Said::of(&refusal)]);
        assert_eq!(bench.role().logins(), 0, "nobody waits for the answer");
        assert!(bench.next_login().is_none());
    });
}

#[test]
fn both_sides_of_the_account_limit() {
    with_login(|bench| {
        // From ever new addresses, so that only the account counts; whether it exists is not known here.
        let mut from = 100;
        let mut attempt = |bench: &mut LoginBench<'_>, outcome| {
            from += 1;
            bench.attempt(from, "alice", outcome)
        };
        assert_eq!(attempt(bench, WRONG), denied(LoginDenial::WRONG, 0));
        assert_eq!(attempt(bench, WRONG), denied(LoginDenial::WRONG, 0));
        assert_eq!(attempt(bench, WRONG), denied(LoginDenial::WRONG, 1_000));
        bench.pass_ms(999);
        assert_eq!(attempt(bench, GRANTED), denied(LoginDenial::LOCKED, 1));
        assert!(!bench.attempt(90, "bob", WRONG).payload.is_empty(), "another is not concerned");
        bench.pass_ms(1);
        assert_eq!(attempt(bench, WRONG), denied(LoginDenial::WRONG, 2_000));
        bench.pass_ms(2_000);
        assert!(attempt(bench, GRANTED).is::<LoginAck>());
        // The right password makes up for the wrong ones.
        assert_eq!(attempt(bench, WRONG), denied(LoginDenial::WRONG, 0));
        assert_eq!(bench.role().stats().denied_for(LoginDenial::LOCKED), 1);
    });
}

#[test]
fn both_sides_of_the_address_limit() {
    with_login(|bench| {
        let ids = ["a", "b", "c", "d", "e", "f"];
        for id in &ids[..4] {
            assert_eq!(bench.attempt(1, id, WRONG), denied(LoginDenial::WRONG, 0));
        }
        // The right password of its own account does not clear an address.
        assert!(bench.attempt(1, "mine", GRANTED).is::<LoginAck>());
        assert_eq!(bench.attempt(1, ids[4], WRONG), denied(LoginDenial::WRONG, 2_000));
        bench.pass_ms(1_999);
        assert_eq!(bench.attempt(1, ids[5], GRANTED), denied(LoginDenial::TOO_MANY, 1));
        assert!(bench.attempt(2, ids[5], GRANTED).is::<LoginAck>(), "another is not concerned");
        bench.pass_ms(1);
        assert!(bench.attempt(1, ids[5], GRANTED).is::<LoginAck>());
        assert_eq!(bench.role().stats().denied_for(LoginDenial::TOO_MANY), 1);
    });
}

/// Somebody at an address of an IPv6 network, of which there are 65,536 that count for themselves.
fn at(network: u16, subnet: u16) -> PeerAddress {
    let words = [0x2001, 0xdb8, network, subnet, 0, 0, 0, 1];
    PeerAddress(core::net::Ipv6Addr::from(words).octets())
}

impl LoginBench<'_> {
    #[track_caller]
    fn attempt_at(&mut self, from: PeerAddress, id: &str, outcome: LoginOutcome) -> Said {
        let client = self.accept_from(from).expect("the node takes one more");
        self.say(client, &request(id, "hunter2"));
        if let Some(work) = self.next_login() {
            self.finish_login(&work, outcome);
        }
        self.answer(client)
    }
}

/// Twice as much as an address has, however many addresses there are.
#[test]
fn both_sides_of_the_network_limit() {
    with_login(|bench| {
        let ids: Vec<String> = (0..10).map(|number| format!("user{number}")).collect();
        for (subnet, id) in (0..8).zip(&ids) {
            let said = bench.attempt_at(at(1, subnet), id, WRONG);
            assert_eq!(said, denied(LoginDenial::WRONG, 0), "subnet {subnet}");
        }
        // The right password of its own account does not clear a network.
        assert!(bench.attempt_at(at(1, 8), "mine", GRANTED).is::<LoginAck>());
        assert_eq!(bench.attempt_at(at(1, 9), &ids[8], WRONG), denied(LoginDenial::WRONG, 2_000));
        bench.pass_ms(1_999);
        let too_many = denied(LoginDenial::TOO_MANY, 1);
        assert_eq!(bench.attempt_at(at(1, 10), &ids[9], GRANTED), too_many);
        assert!(bench.attempt_at(at(2, 10), &ids[9], GRANTED).is::<LoginAck>(), "another network");
        assert!(bench.attempt_at(at(1, 8), "mine", GRANTED).is::<LoginAck>(), "who was let in");
        bench.pass_ms(1);
        assert!(bench.attempt_at(at(1, 10), &ids[9], GRANTED).is::<LoginAck>());
        assert_eq!(bench.role().stats().denied_for(LoginDenial::TOO_MANY), 1);
    });
}

/// An address of it waits for its own guesses; a refusal there costs the network nothing.
#[test]
fn an_address_s_limit_holds_within_its_network() {
    with_login(|bench| {
        let ids = ["a", "b", "c", "d", "e", "f"];
        for id in &ids[..4] {
            assert_eq!(bench.attempt_at(at(1, 1), id, WRONG), denied(LoginDenial::WRONG, 0));
        }
        assert_eq!(bench.attempt_at(at(1, 1), ids[4], WRONG), denied(LoginDenial::WRONG, 2_000));
        for _ in 0..20 {
            let said = bench.attempt_at(at(1, 1), ids[5], WRONG);
            assert_eq!(said, denied(LoginDenial::TOO_MANY, 2_000));
        }
        for subnet in 2..5 {
            let said = bench.attempt_at(at(1, subnet), &format!("{subnet}"), WRONG);
            assert_eq!(said, denied(LoginDenial::WRONG, 0), "subnet {subnet}");
        }
        assert_eq!(bench.attempt_at(at(1, 5), "g", WRONG), denied(LoginDenial::WRONG, 2_000));
    });
}

/// Of what is under way a network has twice an address's part.
#[test]
fn both_sides_of_what_is_under_way_for_one_network() {
    let policy = AttemptPolicy { most_under_way: 2, ..CONFIG.address };
    with_config(LoginConfig { address: policy, ..CONFIG }, |bench| {
        let ask = |bench: &mut LoginBench<'_>, subnet| {
            let client = bench.accept_from(at(1, subnet)).expect("the node takes one more");
            bench.say(client, &request(&format!("user{subnet}"), "hunter2"));
            bench.heard(client)
        };
        for subnet in 0..4 {
            assert_eq!(ask(bench, subnet), [], "subnet {subnet}");
        }
        assert_eq!(ask(bench, 4)[0], denied(LoginDenial::TOO_MANY, BUSY_RETRY_MS));
        let work = bench.next_login().unwrap();
        bench.finish_login(&work, GRANTED);
        assert_eq!(ask(bench, 5), []);
        while let Some(work) = bench.next_login() {
            bench.finish_login(&work, WRONG);
        }
    });
}

#[test]
fn both_sides_of_what_is_under_way_for_one_account() {
    with_login(|bench| {
        let first = bench.try_from(1, "alice");
        let _second = bench.try_from(2, "alice");
        let third = bench.try_from(3, "alice");
        assert_eq!(bench.answer(third), denied(LoginDenial::BUSY, BUSY_RETRY_MS));
        bench.disconnect(first);
        let fourth = bench.try_from(4, "alice");
        assert_eq!(bench.heard(fourth), []);
    });
}

#[test]
fn whoever_has_gone_is_not_checked() {
    with_login(|bench| {
        let gone = bench.try_from(1, "alice");
        bench.disconnect(gone);
        assert_eq!((bench.role().logins(), bench.next_login().is_none()), (0, true));
        // Once somebody is at it, it counts until the outcome is there.
        let gone = bench.try_from(1, "alice");
        let work = bench.next_login().unwrap();
        bench.disconnect(gone);
        assert_eq!((bench.role().logins(), bench.role().logins_running()), (1, 1));
        bench.finish_login(&work, WRONG);
        assert_eq!((bench.role().logins(), bench.role().logins_running()), (0, 0));
        // The second outcome of a job is about nothing.
        bench.finish_login(&work, GRANTED);
        assert_eq!(bench.role().stats().granted, 0);
    });
}

#[test]
fn a_stranger_who_says_nothing_is_closed() {
    with_login(|bench| {
        let silent = bench.accept();
        bench.pass_ms(BENCH_CONFIG.greeting_timeout_ms);
        assert_eq!(bench.ended(silent), Some(ErrorCode::GREETING_TIMEOUT));
        // Whoever waits for us is not.
        let waiting = bench.try_from(1, "alice");
        bench.pass_ms(BENCH_CONFIG.greeting_timeout_ms);
        assert_eq!(bench.ended(waiting), None);
    });
}
