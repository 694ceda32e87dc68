//! A Main whose link takes little: it asks no faster than it is answered, and is not closed for what its users ask.

use super::*;
use crate::node::testing::frame_of;
use crate::protocol::Revision;
use crate::protocol::login_to_main::{VerifyAck, VerifyDenied};
use crate::protocol::main_to_login::VerifyToken;

/// Little may wait for a Main: fewer than the answers to what it asks.
const NET: NetConfig = NetConfig { send_buffers_per_server: 2, ..BENCH_CONFIG };
const QUESTIONS: u32 = 1_000;
const TOKEN: Token = Token([5; 32]);

impl LoginBench<'_> {
    /// All that is to be found out is, at once.
    fn find_out(&mut self) {
        while let Some(work) = self.act(|login, _| login.next_verify()) {
            let account = heapless::String::try_from("alice").unwrap();
            let outcome = VerifyOutcome::Verified(UID, Revision(9), account);
            self.act(|login, cx| login.finish_verify(cx, work.key, outcome));
        }
    }
}

/// A Login of which one Main has asked a lot, whose transport takes nothing, and another Main.
fn with_questions(test: impl FnOnce(&mut LoginBench<'_>, SessionKey, SessionKey)) {
    with_net(NET, Sizes::ALL, CONFIG, |bench| {
        let [slow, other] = [(); 2].map(|()| bench.accept_main());
        bench.limit(slow, 0);
        bench.say_bytes(
            slow,
            &frame_of(&VerifyToken { request: 1, token: TOKEN }).repeat(QUESTIONS as usize),
        );
        bench.find_out();
        assert!(bench.unheard_bytes(slow) > 0, "it is not read while it does not take its answers");
        test(bench, slow, other);
        assert_eq!((bench.stats().overflows, bench.state(slow)), (0, Some(SessionState::Ready)));
    });
}

/// Until no question is left; answers what was heard.
fn take_all(bench: &mut LoginBench<'_>, slow: SessionKey) -> Vec<Said> {
    let mut heard = Vec::new();
    bench.unblock(slow, usize::MAX);
    loop {
        bench.find_out();
        let more = bench.heard(slow);
        if more.is_empty() {
            return heard;
        }
        heard.extend(more);
    }
}

#[test]
fn tokens_wait_until_the_answers_are_taken() {
    with_questions(|bench, slow, other| {
        // Nobody else waits.
        bench.say(other, &VerifyToken { request: 2, token: TOKEN });
        bench.find_out();
        let heard = bench.heard(other);
        assert!(matches!(&heard[..], [said] if said.is::<VerifyAck<'_>>()), "{heard:?}");
        let granted = bench.attempt(1, "alice", GRANTED);
        assert!(granted.is::<LoginAck>());

        let heard = take_all(bench, slow);
        let is_answer = |said: &Said| said.is::<VerifyAck<'_>>() || said.is::<VerifyDenied>();
        assert!(heard.iter().all(is_answer), "{heard:?}");
        assert_eq!((heard.len(), bench.unheard_bytes(slow)), (QUESTIONS as usize, 0));
    });
}
