//! Mains who ask whose token it is.

use super::*;
use crate::node::testing::frame_of;
use crate::protocol::login_to_main::{
    DeviceAck, Revocations, StoreRevision, VerifyAck, VerifyDenied,
};
use crate::protocol::main_to_login::{RevokedSince, VerifyDevice, VerifyToken};
use crate::protocol::{KeyId, Revision, Revocation, ServerKind};

const TOKEN: Token = Token([5; 32]);
const REVISION: Revision = Revision(9);
fn ack() -> Said {
    let account = Text::truncated("alice");
    Said::of(&VerifyAck { request: 1, uid: UID, revision: REVISION, account })
}

fn verified() -> VerifyOutcome {
    VerifyOutcome::Verified(UID, REVISION, heapless::String::try_from("alice").unwrap())
}

impl LoginBench<'_> {
    /// A Main that has proven itself.
    pub(super) fn accept_main(&mut self) -> SessionKey {
        let main = self.accept();
        self.prove_as(main, ServerKind::MAIN, ServerKind::LOGIN, 0);
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
            (1, verified(), ack()),
            (2, VerifyOutcome::Refused, token_denied(2, ErrorCode::BAD_TOKEN)),
            (3, VerifyOutcome::Unavailable, token_denied(3, ErrorCode::LOGIN_UNAVAILABLE)),
        ] {
            bench.ask(main, request);
            let work = bench.next_verify().unwrap();
            assert_eq!(work.question, VerifyQuestion::Token(TokenHash::of(&TOKEN)));
            bench.finish_verify(work, outcome);
            assert_eq!(bench.heard(main), [answer]);
        }
        let stats = bench.role().stats();
        assert_eq!((stats.verifies, stats.verified, bench.role().verifies()), (3, 1, 0));
    });
}

#[test]
fn a_device_is_looked_up_and_answered() {
    const KEY_ID: KeyId = KeyId([3; 8]);
    const SEAL_KEY: SealKey = SealKey([4; 32]);
    with_login(|bench| {
        let main = bench.accept_main();
        for (request, outcome, answer) in [
            (
                1,
                VerifyOutcome::Sealed(SEAL_KEY),
                Said::of(&DeviceAck { request: 1, seal_key: SEAL_KEY }),
            ),
            (2, VerifyOutcome::Refused, token_denied(2, ErrorCode::BAD_PROOF)),
            (3, VerifyOutcome::Unavailable, token_denied(3, ErrorCode::LOGIN_UNAVAILABLE)),
        ] {
            bench.say(main, &VerifyDevice { request, key_id: KEY_ID });
            let work = bench.next_verify().unwrap();
            assert_eq!(work.question, VerifyQuestion::Device(KEY_ID));
            bench.finish_verify(work, outcome);
            assert_eq!(bench.heard(main), [answer]);
        }
        let stats = bench.role().stats();
        assert_eq!((stats.verifies, stats.verified, bench.role().verifies()), (3, 1, 0));
        // They share the places of tokens.
        for request in 0..VERIFIES as u32 {
            bench.ask(main, request);
        }
        bench.say(main, &VerifyDevice { request: 99, key_id: KEY_ID });
        assert_eq!(bench.heard(main), [token_denied(99, ErrorCode::BUSY)]);
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
        bench.finish_verify(work, verified());
        let work = bench.next_verify().unwrap();
        bench.finish_verify(work, verified());
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

/// A Main that asks more than it takes answers: it stays, is answered when it does, and no other Main waits for it.
#[test]
fn a_main_is_answered_at_the_pace_of_its_link() {
    const QUESTIONS: u32 = 1_000;
    let net = NetConfig { send_buffers_per_server: 2, ..BENCH_CONFIG };
    with_net(net, Sizes::ALL, CONFIG, |bench| {
        let (slow, other) = (bench.accept_main(), bench.accept_main());
        bench.limit(slow, 0);
        let questions = |request| frame_of(&VerifyToken { request, token: TOKEN });
        bench.say_bytes(slow, &(0..QUESTIONS).flat_map(questions).collect::<Vec<u8>>());
        bench.act(|login, cx| login.store_changed(cx, Revision(4)));
        let settle = |bench: &mut LoginBench<'_>| {
            while let Some(work) = bench.next_verify() {
                bench.finish_verify(work, VerifyOutcome::Refused);
            }
        };
        settle(bench);
        assert!(bench.unheard_bytes(slow) > 0);
        bench.heard(other);
        bench.ask(other, 1);
        settle(bench);
        assert_eq!(bench.heard(other), [token_denied(1, ErrorCode::BAD_TOKEN)]);
        while bench.unheard_bytes(slow) > 0 {
            bench.unblock(slow, 100);
            settle(bench);
        }
        bench.unblock(slow, usize::MAX);
        settle(bench);
        let heard = bench.heard(slow);
        let mut answered: Vec<u32> =
            heard.iter().filter_map(Said::read::<VerifyDenied>).map(|said| said.request).collect();
        answered.sort_unstable();
        assert_eq!(answered, (0..QUESTIONS).collect::<Vec<_>>());
        assert!(heard.contains(&Said::of(&StoreRevision { revision: Revision(4) })));
        assert_eq!((bench.ended(slow), bench.stats().overflows), (None, 0));
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
        bench.say(world, &crate::node::cluster::tests::hello_of(ServerKind::WORLD, 7));
        assert_eq!(bench.ended(world), Some(ErrorCode::OUT_OF_PLACE));
        assert_eq!((bench.role().stats().verifies, bench.role().verifies()), (0, 0));
    });
}

#[test]
fn every_main_hears_of_a_new_revision_once() {
    with_login(|bench| {
        let mains = [(); 3].map(|()| bench.accept_main());
        let stranger = bench.accept();
        let client = bench.try_from(1, "alice");
        for revision in [4, 4, 3] {
            bench.act(|login, cx| login.store_changed(cx, Revision(revision)));
        }
        for main in mains {
            let heard = bench.heard(main);
            assert_eq!(heard, [Said::of(&StoreRevision { revision: Revision(4) })]);
        }
        assert_eq!((bench.heard(stranger), bench.heard(client)), (vec![], vec![]));
        bench.disconnect(client);
    });
}

#[test]
fn who_was_revoked_is_read_outside_one_page_at_a_time() {
    with_login(|bench| {
        let (main, other) = (bench.accept_main(), bench.accept_main());
        let asked = |revision| RevokedSince { revision: Revision(revision), uid: UID };
        bench.say(main, &asked(1));
        bench.say(other, &asked(2));
        let read = |bench: &mut LoginBench<'_>| bench.act(|login, _| login.next_revocations());
        let work = RevocationWork { revision: Revision(1), uid: UID };
        assert_eq!(read(bench), Some(work));
        assert_eq!(read(bench), None);
        let one = Revocation { uid: Uid(8), revision: Revision(3), renewed_at: Revision(0) };
        let page = RevocationPage { list: [one].into_iter().collect(), complete: Revision(3) };
        let answer = page.clone();
        bench.act(|login, cx| login.finish_revocations(cx, Some(answer)));
        let (after, after_uid) = (Revision(1), UID);
        let RevocationPage { list, complete } = page;
        let said = Said::of(&Revocations { after, after_uid, list, complete });
        assert_eq!(bench.heard(main), [said]);
        // What can't be read is not answered; its Main asks again.
        assert_eq!(read(bench).map(|work| work.revision), Some(Revision(2)));
        bench.act(|login, cx| login.finish_revocations(cx, None));
        assert_eq!((bench.heard(other), read(bench)), (vec![], None));
        // An outcome that nobody waits for is nobody's.
        bench.act(|login, cx| login.finish_revocations(cx, Some(RevocationPage::default())));
        assert_eq!(bench.heard(main), []);
    });
}

#[test]
fn both_sides_of_the_questions_that_wait() {
    with_login(|bench| {
        let main = bench.accept_main();
        for revision in 0..17 {
            bench.say(main, &RevokedSince { revision: Revision(revision), uid: UID });
        }
        let mut answered = 0;
        while bench.act(|login, _| login.next_revocations()).is_some() {
            let page = Some(RevocationPage::default());
            bench.act(|login, cx| login.finish_revocations(cx, page));
            answered += 1;
        }
        assert_eq!((answered, bench.heard(main).len()), (16, 16));
    });
}
