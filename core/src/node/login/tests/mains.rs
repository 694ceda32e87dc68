//! Mains who ask whose token it is.

use super::*;
use crate::protocol::ServerKind;
use crate::protocol::login_to_main::{VerifyAck, VerifyDenied};
use crate::protocol::main_to_login::VerifyToken;

const TOKEN: Token = Token([5; 32]);

impl LoginBench<'_> {
    /// A Main that has proven itself.
    fn accept_main(&mut self) -> SessionKey {
        let main = self.accept();
        self.prove_as(main, ServerKind::MAIN, ServerKind::LOGIN);
        assert_eq!(self.state(main), Some(SessionState::Ready));
        main
    }

    fn ask(&mut self, main: SessionKey, request: u32) {
        self.say(main, &VerifyToken { request, token: TOKEN });
    }

    fn next_verify(&mut self) -> Option<VerifyWork> {
        self.act(|login, _| login.next_verify())
    }

    fn finish_verify(&mut self, work: VerifyWork, outcome: VerifyOutcome) {
        self.act(|login, cx| login.finish_verify(cx, work.key, outcome));
    }
}

fn token_denied(request: u32, reason: ErrorCode) -> Said {
    Said::of(&VerifyDenied { request, reason })
}

#[test]
fn a_token_is_looked_up_and_answered() {
    with_login(|bench| {
        let main = bench.accept_main();
        for (request, outcome, answer) in [
            (1, VerifyOutcome::Verified(UID), Said::of(&VerifyAck { request: 1, uid: UID })),
            (2, VerifyOutcome::Refused, token_denied(2, ErrorCode::BAD_TOKEN)),
            (3, VerifyOutcome::Unavailable, token_denied(3, ErrorCode::LOGIN_UNAVAILABLE)),
        ] {
            bench.ask(main, request);
            let work = bench.next_verify().unwrap();
            assert_eq!(work.token_hash, TokenHash::of(&TOKEN));
            bench.finish_verify(work, outcome);
            assert_eq!(bench.heard(main), [answer]);
        }
        let stats = bench.role().stats();
        assert_eq!((stats.verifies, stats.verified, bench.role().verifies()), (3, 1, 0));
    });
}

#[test]
fn both_sides_of_the_tokens_that_wait() {
    with_login(|bench| {
        let main = bench.accept_main();
        for request in 0..VERIFIES as u32 {
            bench.ask(main, request);
        }
        assert_eq!(bench.heard(main), []);
        bench.ask(main, 99);
        assert_eq!(bench.heard(main), [token_denied(99, ErrorCode::BUSY)]);
        // The oldest first, and no more outside than may be.
        let first = bench.next_verify().unwrap();
        let second = bench.next_verify().unwrap();
        assert!(bench.next_verify().is_none());
        bench.finish_verify(second, VerifyOutcome::Refused);
        bench.finish_verify(first, VerifyOutcome::Refused);
        let answers = [1, 0].map(|request| token_denied(request, ErrorCode::BAD_TOKEN));
        assert_eq!(bench.heard(main), answers);
        bench.ask(main, 100);
        assert_eq!(bench.heard(main), []);
    });
}

#[test]
fn an_answer_to_a_main_that_has_gone_is_nobody_s() {
    with_login(|bench| {
        let main = bench.accept_main();
        bench.ask(main, 1);
        let work = bench.next_verify().unwrap();
        bench.ask(main, 2);
        bench.disconnect(main);
        let other = bench.accept();
        bench.finish_verify(work, VerifyOutcome::Verified(UID));
        let work = bench.next_verify().unwrap();
        bench.finish_verify(work, VerifyOutcome::Verified(UID));
        assert_eq!((bench.heard(other), bench.role().verifies()), (Vec::new(), 0));
    });
}

#[test]
fn a_main_is_no_client_and_a_client_no_main() {
    with_login(|bench| {
        let main = bench.accept_main();
        bench.ask(main, 1);
        bench.say(main, &request("alice", "hunter2"));
        assert_eq!((bench.role().logins(), bench.stats().unknown_opcodes), (0, 1));
        let client = bench.try_from(1, "alice");
        bench.ask(client, 2);
        assert_eq!((bench.role().verifies(), bench.stats().unknown_opcodes), (1, 2));
        // What is left for `finish`.
        bench.disconnect(client);
        let work = bench.next_verify().unwrap();
        bench.finish_verify(work, VerifyOutcome::Refused);
    });
}

#[test]
fn nobody_asks_without_a_proof() {
    with_login(|bench| {
        let stranger = bench.accept();
        bench.ask(stranger, 1);
        assert_eq!(bench.ended(stranger), Some(ErrorCode::OUT_OF_PLACE));
        // A proof of another kind of server does not help.
        let world = bench.accept();
        bench.say(world, &crate::node::cluster::tests::hello_of(ServerKind::WORLD));
        assert_eq!(bench.ended(world), Some(ErrorCode::OUT_OF_PLACE));
        assert_eq!((bench.role().stats().verifies, bench.role().verifies()), (0, 0));
    });
}
