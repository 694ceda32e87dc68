//! Those who were let in before: what others guess does not hold them back.

use super::*;
use crate::node::login::devices::DeviceClaim;

const CLAIM: DeviceClaim = DeviceClaim { uid: UID, generation: GENERATION };

impl LoginBench<'_> {
    /// One attempt, with what a device has kept.
    fn attempt_with(&mut self, from: u16, device: Option<Token>, outcome: LoginOutcome) -> Said {
        let client = self.try_with(from, "alice", device);
        if let Some(work) = self.next_login() {
            self.finish_login(&work, outcome);
        }
        self.answer(client)
    }

    /// Guesses from ever new addresses until the account is locked for everybody who is not known.
    fn lock_alice(&mut self) {
        for from in 200..203 {
            self.attempt(from, "alice", WRONG);
        }
        let locked = self.attempt(203, "alice", GRANTED);
        assert_eq!(locked, denied(LoginDenial::LOCKED, 1_000));
    }

    fn log_in_from(&mut self, from: u16) -> Token {
        let ack: LoginAck = self.attempt(from, "alice", GRANTED).read().expect("a token");
        ack.device
    }
}

#[test]
fn an_address_that_was_let_in_is_not_held_back_by_guesses_from_elsewhere() {
    with_login(|bench| {
        bench.log_in_from(1);
        bench.lock_alice();
        assert!(bench.attempt(1, "alice", GRANTED).is::<LoginAck>());
        // That makes nobody else's guesses good.
        let locked = bench.attempt(204, "alice", GRANTED);
        assert_eq!(locked, denied(LoginDenial::LOCKED, 1_000));
        // It is known for this account only.
        for _ in 0..2 {
            bench.attempt(205, "bob", WRONG);
        }
        bench.attempt(205, "bob", WRONG);
        assert_eq!(bench.attempt(1, "bob", GRANTED), denied(LoginDenial::LOCKED, 1_000));
    });
}

#[test]
fn a_device_that_was_let_in_is_not_held_back_wherever_it_is() {
    with_login(|bench| {
        let device = bench.log_in_from(1);
        bench.lock_alice();
        let ack: LoginAck = bench.attempt_with(50, Some(device), GRANTED).read().expect("a token");
        assert_eq!(ack.device, device, "the same, as long as the password is");
        // From an address that guesses, too: behind a proxy everybody has the same one.
        for id in ["a", "b", "c", "d", "e"] {
            bench.attempt(7, id, WRONG);
        }
        assert_eq!(bench.attempt(7, "f", GRANTED), denied(LoginDenial::TOO_MANY, 2_000));
        assert!(bench.attempt_with(7, Some(device), GRANTED).is::<LoginAck>());
        // One of somebody else's, or of another Login's, is worth nothing.
        let others = crate::node::login::devices::tests::device_of([9; 32], "alice", CLAIM);
        let locked = bench.attempt_with(60, Some(others), GRANTED);
        assert_eq!(locked, denied(LoginDenial::LOCKED, 1_000));
    });
}

#[test]
fn whoever_is_known_waits_for_their_own_guesses() {
    with_login(|bench| {
        let device = bench.log_in_from(1);
        let wrong = |bench: &mut LoginBench<'_>| bench.attempt_with(1, Some(device), WRONG);
        assert_eq!(wrong(bench), denied(LoginDenial::WRONG, 0));
        assert_eq!(wrong(bench), denied(LoginDenial::WRONG, 0));
        assert_eq!(wrong(bench), denied(LoginDenial::WRONG, 1_000));
        let locked = bench.attempt_with(1, Some(device), GRANTED);
        assert_eq!(locked, denied(LoginDenial::LOCKED, 1_000));
        // Nobody else does.
        assert!(bench.attempt(2, "alice", GRANTED).is::<LoginAck>());
        bench.pass_ms(1_000);
        assert!(bench.attempt_with(1, Some(device), GRANTED).is::<LoginAck>());
    });
}

/// Only the accounts know whether a device's password is the present one.
#[test]
fn a_device_of_an_earlier_password_is_held_back_like_anybody() {
    with_login(|bench| {
        let device = bench.log_in_from(1);
        let try_it = |bench: &mut LoginBench<'_>| {
            let client = bench.accept_from(address_of(70)).unwrap();
            let device = Some(device);
            bench.say(client, &LoginReq { device, ..request("alice", "hunter2") });
            (client, bench.next_login().unwrap())
        };
        let (_, work) = try_it(bench);
        assert_eq!((work.device, work.is_held_back), (Some(CLAIM), false));
        bench.finish_login(&work, WRONG);
        bench.lock_alice();
        let (client, work) = try_it(bench);
        assert_eq!((work.device, work.is_held_back), (Some(CLAIM), true));
        bench.finish_login(&work, LoginOutcome::Denied(LoginDenial::LOCKED));
        assert_eq!(bench.answer(client), denied(LoginDenial::LOCKED, 1_000));
    });
}

#[test]
fn who_counts_beside_this_login_hears_how_it_counts() {
    with_login(|bench| {
        let counted_by = |bench: &mut LoginBench<'_>, from, device| {
            let client = bench.accept_from(address_of(from)).unwrap();
            bench.say(client, &LoginReq { device, ..request("alice", "hunter2") });
            let work = bench.next_login().unwrap();
            bench.finish_login(&work, LoginOutcome::Denied(LoginDenial::UNAVAILABLE));
            work.counted_by
        };
        assert_eq!(counted_by(bench, 1, None), CountedBy::Account);
        let device = bench.log_in_from(1);
        assert_eq!(counted_by(bench, 1, None), CountedBy::Address);
        assert_eq!(counted_by(bench, 2, Some(device)), CountedBy::Device);
    });
}
