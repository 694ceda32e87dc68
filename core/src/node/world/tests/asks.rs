//! Questions with an answer, both ways: their outcomes, their order, their bounds.

use super::*;
use crate::node::{ASKS_MAX, Answer};
use crate::protocol;
use crate::protocol::client_to_world::{AnswerGame, AskGame};
use crate::protocol::world_to_client::{GameAnswers, GameAsks};
use crate::protocol::{Dispatched, EVENT_MAX_BYTES, Message, SendError};
use crate::wire::Frame;
use crate::wire::opcode::GAME;

protocol! {
    /// From a client to the game.
    mod to_oracle in GAME.client_to_server;

    /// What is it?
    3 riddle => Riddle {
        /// What the oracle does.
        how: u8,
    }
}

protocol! {
    /// From the game to a client.
    mod from_oracle in GAME.server_to_client;

    /// It is this.
    4 wisdom => Wisdom {
        /// This.
        number: u16,
    }

    /// It is all of this.
    5 scroll => Scroll<'a> {
        /// This.
        #[serde(borrow)]
        text: &'a [u8],
    }
}

use from_oracle::{Scroll, Wisdom};
use to_oracle::Riddle;

const AT_ONCE: u8 = 0;
const LATER: u8 = 1;
const REFUSE: u8 = 2;
const TWICE: u8 = 3;
const FORGET: u8 = 4;

#[derive(Default)]
struct Oracle {
    open: Vec<AskId>,
    outcomes: Vec<Result<(), SendError>>,
    /// Who, which, and what: the first number of an answer, or a code.
    answers: Vec<(Uid, AskId, Result<u8, ErrorCode>)>,
    /// It asks again whoever does not answer.
    insists: bool,
    losses: usize,
}

impl Game for Oracle {
    const NAME: &'static str = "oracle";
    const HOLD_MS: u32 = 10_000;

    fn on_ask(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        uid: Uid,
        ask: AskId,
        question: Frame<'_>,
    ) -> Dispatched {
        let Some(Riddle { how }) = question.read() else { return Dispatched::Unknown };
        let wisdom = Wisdom { number: 42 };
        match how {
            AT_ONCE => {
                let _ = room.broadcast(uid, 1, Bytes::EMPTY);
                self.outcomes.push(room.answer(ask, &wisdom));
                let _ = room.broadcast(uid, 2, Bytes::EMPTY);
            }
            REFUSE => self.outcomes.push(room.refuse(ask, 77)),
            TWICE => {
                let both = [room.answer(ask, &wisdom), room.answer(ask, &wisdom)];
                self.outcomes.extend(both);
            }
            FORGET => return Dispatched::Malformed,
            _ => self.open.push(ask),
        }
        Dispatched::Handled
    }

    fn on_answer(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        uid: Uid,
        ask: AskId,
        answer: Answer<'_>,
    ) {
        self.answers.push((
            uid,
            ask,
            match answer {
                Answer::Given(frame) => {
                    frame.read().map(|Riddle { how }| how).ok_or(ErrorCode::MALFORMED)
                }
                Answer::Refused(code) => Err(ErrorCode(1_000 + code)),
                Answer::Failed(code) => Err(code),
            },
        ));
        if self.insists {
            self.outcomes.push(room.ask(uid, &Wisdom { number: 2 }, 0).map(|_| ()));
        }
    }

    fn on_lost(&mut self, _: &mut RoomContext<'_, '_>, _: Uid) {
        self.losses = self.answers.len();
    }
}

type OracleBench<'a> = WorldBench<'a, Oracle>;

fn kind_of(opcode: crate::wire::Opcode) -> u8 {
    (opcode.0 & 0xFF) as u8
}

fn encoded<M: Message>(message: &M) -> Vec<u8> {
    let mut out = [0; 512];
    let bytes = crate::protocol::encode_body(message, &mut out).unwrap();
    out[4..bytes].to_vec()
}

fn riddle(number: u32, how: &[u8], timeout_ms: u32) -> AskGame<'_> {
    let kind = kind_of(Riddle::OPCODE);
    AskGame { number, timeout_ms, kind, data: Bytes::new(how).unwrap() }
}

fn wisdom(number: u32) -> Said {
    let data = encoded(&Wisdom { number: 42 });
    let (kind, data) = (kind_of(Wisdom::OPCODE), Bytes::new(&data).unwrap());
    Said::of(&GameAnswers { number, reason: ErrorCode(0), code: 0, kind, data })
}

fn no_answer(number: u32, reason: ErrorCode, code: u16) -> Said {
    Said::of(&GameAnswers { number, reason, code, kind: 0, data: Bytes::EMPTY })
}

fn reply(number: u32, how: &[u8]) -> AnswerGame<'_> {
    let (kind, data) = (kind_of(Riddle::OPCODE), Bytes::new(how).unwrap());
    AnswerGame { number, reason: ErrorCode(0), code: 0, kind, data }
}

fn with_oracle(test: impl FnOnce(&mut OracleBench<'_>, SessionKey, &[SessionKey])) {
    with_game(SETUP, |bench: &mut OracleBench<'_>| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 2);
        test(bench, main, &keys);
    });
}

impl OracleBench<'_> {
    fn with_oracle<T>(
        &mut self,
        act: impl FnOnce(&mut Oracle, &mut RoomContext<'_, '_>) -> T,
    ) -> T {
        self.act(|world, cx| world.with_room(cx, RoomId(0), act)).unwrap()
    }

    fn ask(&mut self, uid: u64, timeout_ms: u32) -> Result<AskId, SendError> {
        self.with_oracle(|_, room| room.ask(Uid(uid), &Wisdom { number: 1 }, timeout_ms))
    }

    fn oracle(&self) -> &Oracle {
        self.role().game(RoomId(0)).unwrap()
    }
}

#[test]
fn an_answer_stands_where_it_was_given() {
    with_oracle(|bench, _, keys| {
        bench.say(keys[0], &riddle(9, &[AT_ONCE], 1_000));
        let said = |kind| {
            Said::of(&EventBroadcast { number: number(1), request: 0, kind, data: Bytes::EMPTY })
        };
        assert_eq!(bench.flush_and_hear(keys[0]), [said(1), wisdom(9), said(2)]);
        assert_eq!(bench.flush_and_hear(keys[1]), [said(1), said(2)]);
        assert_eq!(bench.oracle().outcomes, [Ok(())]);
    });
}

#[test]
fn refused_not_known_and_answered_twice_are_one_outcome_each() {
    with_oracle(|bench, _, keys| {
        bench.say(keys[0], &riddle(1, &[REFUSE], 1_000));
        bench.say(keys[0], &riddle(2, &[], 1_000));
        bench.say(keys[0], &AskGame { kind: u8::MAX, ..riddle(3, &[AT_ONCE], 1_000) });
        bench.say(keys[0], &riddle(4, &[TWICE], 1_000));
        let unknown = ErrorCode::NOT_UNDERSTOOD;
        let told = [
            no_answer(1, ErrorCode::REFUSED, 77),
            no_answer(2, unknown, 0),
            no_answer(3, unknown, 0),
            wisdom(4),
        ];
        assert_eq!(bench.flush_and_hear(keys[0]), told);
        assert_eq!(bench.oracle().outcomes, [Ok(()), Ok(()), Err(SendError::Closed)]);
        bench.say(keys[0], &riddle(5, &[FORGET], 1_000));
        assert_eq!(bench.heard(keys[0]), [error(ErrorCode::MALFORMED, AskGame::OPCODE.0)]);
    });
}

fn error(code: ErrorCode, about: i32) -> Said {
    Said::of(&Error { code, about })
}

#[test]
fn both_sides_of_how_much_a_member_may_ask_at_a_time() {
    with_oracle(|bench, _, keys| {
        let most = ASKS_MAX as u32;
        for number in 1..=most + 1 {
            bench.say(keys[0], &riddle(number, &[LATER], 50));
            // The same again is the same question, and none has no number.
            bench.say(keys[0], &riddle(number.min(most), &[LATER], 50));
            bench.say(keys[0], &riddle(0, &[LATER], 50));
        }
        assert_eq!(bench.oracle().open.len(), ASKS_MAX);
        assert_eq!(bench.heard(keys[0]), [no_answer(most + 1, ErrorCode::BUSY, 0)]);
        bench.say(keys[1], &riddle(1, &[AT_ONCE], 50));
        assert_eq!(bench.oracle().outcomes, [Ok(())], "another's places are its own");
        bench.flush_and_hear(keys[0]);
        let first = bench.oracle().open[0];
        assert_eq!(bench.with_oracle(|_, room| room.answer(first, &Wisdom { number: 42 })), Ok(()));
        assert_eq!(bench.heard(keys[0]), [wisdom(1)]);
        bench.pass_ms(50);
        for number in 11..=10 + most {
            bench.say(keys[0], &riddle(number, &[LATER], u32::MAX));
        }
        assert_eq!(bench.oracle().open.len(), 2 * ASKS_MAX, "those have had their time");
        let late = bench.oracle().open[1];
        let told = bench.with_oracle(|_, room| room.answer(late, &Wisdom { number: 42 }));
        assert_eq!(told, Err(SendError::Closed));
    });
}

#[test]
fn the_game_asks_and_hears_exactly_one_outcome() {
    with_oracle(|bench, _, keys| {
        let asks: Vec<_> = (0..ASKS_MAX).map(|_| bench.ask(1, 100).unwrap()).collect();
        assert_eq!(bench.ask(1, 100), Err(SendError::Full));
        assert_eq!(bench.ask(3, 100), Err(SendError::Closed), "nobody");
        let data = encoded(&Wisdom { number: 1 });
        let asked = |number| {
            let (kind, data) = (kind_of(Wisdom::OPCODE), Bytes::new(&data).unwrap());
            Said::of(&GameAsks { number, kind, data })
        };
        assert_eq!(bench.flush_and_hear(keys[0]), [asked(1), asked(2), asked(3), asked(4)]);
        bench.say(keys[0], &reply(2, &[8]));
        bench.say(keys[0], &reply(2, &[9]));
        bench.say(keys[1], &reply(1, &[9]));
        bench.say(keys[0], &reply(0, &[9]));
        bench.say(keys[0], &reply(99, &[9]));
        let refusal = AnswerGame { reason: ErrorCode::REFUSED, code: 5, ..reply(3, &[]) };
        bench.say(keys[0], &refusal);
        bench.say(keys[0], &AnswerGame { kind: 200, ..reply(1, &[8]) });
        let uid = Uid(1);
        let answers = [
            (uid, asks[1], Ok(8)),
            (uid, asks[2], Err(ErrorCode(1_005))),
            (uid, asks[0], Err(ErrorCode::MALFORMED)),
        ];
        assert_eq!(bench.oracle().answers, answers);
        bench.pass_ms(79);
        assert_eq!(bench.oracle().answers.len(), 3);
        bench.pass_ms(1);
        assert_eq!(bench.oracle().answers[3..], [(uid, asks[3], Err(ErrorCode::TIMED_OUT))]);
        bench.say(keys[0], &reply(4, &[1]));
        bench.pass_ms(1_000);
        assert_eq!(bench.oracle().answers.len(), 4, "late, and once");
        assert_eq!(bench.state(keys[0]), Some(SessionState::Ready));
    });
}

#[test]
fn what_is_too_long_is_not_asked_and_takes_no_place() {
    with_oracle(|bench, _, keys| {
        for _ in 0..2 * ASKS_MAX {
            let text = [0; EVENT_MAX_BYTES - 1];
            let asked = bench.with_oracle(|_, room| room.ask(Uid(1), &Scroll { text: &text }, 100));
            assert_eq!(asked, Err(SendError::TooLong));
        }
        let text = [0; EVENT_MAX_BYTES - 2];
        let asked = bench.with_oracle(|_, room| room.ask(Uid(1), &Scroll { text: &text }, 100));
        assert!(asked.is_ok());
        assert_eq!(bench.flush_and_hear(keys[0]).len(), 1);
    });
}

#[test]
fn a_game_that_insists_keeps_nobody_busy() {
    with_oracle(|bench, _, keys| {
        bench.with_oracle(|oracle, _| oracle.insists = true);
        bench.ask(1, 0).unwrap();
        bench.pass_ms(10);
        let asked = bench.oracle().answers.len();
        assert!((1..=11).contains(&asked), "one a millisecond: {asked}");
        assert_eq!(bench.state(keys[0]), Some(SessionState::Ready));
    });
}

#[test]
fn a_cut_is_an_outcome_before_the_game_hears_of_it() {
    with_oracle(|bench, main, keys| {
        let ask = bench.ask(1, 5_000).unwrap();
        bench.say(keys[0], &riddle(1, &[LATER], 5_000));
        bench.with_oracle(|oracle, _| oracle.insists = true);
        bench.disconnect(keys[0]);
        let oracle = bench.oracle();
        assert_eq!(oracle.answers, [(Uid(1), ask, Err(ErrorCode::LOST))]);
        assert_eq!(oracle.outcomes, [Err(SendError::Closed)], "nobody is there to be asked");
        assert_eq!(oracle.losses, usize::from(cfg!(feature = "seats")));
        let open = oracle.open[0];
        let again = bench.join(main, 1);
        bench.flush_and_hear(again);
        bench.say(again, &riddle(1, &[LATER], 5_000));
        let told = bench.with_oracle(|_, room| room.answer(open, &Wisdom { number: 42 }));
        assert_eq!(told, Err(SendError::Closed), "that was another connection's");
        bench.say(again, &reply(1, &[1]));
        bench.pass_ms(6_000);
        assert_eq!(bench.oracle().answers.len(), 1);
    });
}

#[test]
fn whoever_leaves_has_an_outcome_too() {
    with_oracle(|bench, _, keys| {
        let ask = bench.ask(2, 5_000).unwrap();
        bench.say(keys[1], &Leave {});
        assert_eq!(bench.oracle().answers, [(Uid(2), ask, Err(ErrorCode::LOST))]);
    });
}

#[test]
fn a_stranger_asks_nobody() {
    with_oracle(|bench, _, _| {
        let about = [(AskGame::OPCODE, 0), (AnswerGame::OPCODE, 1)];
        for (opcode, kind) in about {
            let stranger = bench.accept();
            match kind {
                0 => bench.say(stranger, &riddle(1, &[LATER], 10)),
                _ => bench.say(stranger, &reply(1, &[1])),
            }
            assert_eq!(bench.heard(stranger), [error(ErrorCode::OUT_OF_PLACE, opcode.0)]);
        }
        assert!(bench.oracle().open.is_empty() && bench.oracle().answers.is_empty());
    });
}
