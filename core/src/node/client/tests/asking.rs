//! Questions of a client's, and to it.

use super::*;
use crate::node::ASKS_MAX;
use crate::protocol;
use crate::protocol::Bytes;
use crate::protocol::client_to_world::{AnswerGame, AskGame};
use crate::protocol::world_to_client::{GameAnswers, GameAsks};
use crate::wire::opcode::GAME;

protocol! {
    /// From a client to the game.
    mod to_oracle in GAME.client_to_server;

    /// What is it?
    3 riddle => Riddle {
        /// Which.
        number: u8,
    }
}

use to_oracle::Riddle;

const RIDDLE: Riddle = Riddle { number: 7 };

fn asked(number: u32, timeout_ms: u32) -> Said {
    Said::of(&AskGame { number, timeout_ms, kind: 3, data: Bytes::new(&[7]).unwrap() })
}

fn answer(number: u32) -> GameAnswers<'static> {
    let data = Bytes::new(&[5]).unwrap();
    GameAnswers { number, reason: ErrorCode(0), code: 0, kind: 4, data }
}

fn failed(number: u32, code: ErrorCode) -> Noted {
    Noted::Answered(number, std::format!("Failed({code:?})"))
}

impl ClientBench<'_> {
    fn ask(&mut self, timeout_ms: u32) -> Result<u32, SendError> {
        self.act(|client, cx| client.ask(cx, &RIDDLE, timeout_ms))
    }
}

#[test]
fn each_question_has_one_outcome() {
    with_client(|bench| {
        assert_eq!(bench.ask(100), Err(SendError::Closed), "in no room");
        let (_, world) = bench.go_inside();
        let first = bench.ask(100).unwrap();
        let others = [bench.ask(200), bench.ask(50), bench.ask(100)];
        assert_eq!(others, [Ok(first + 1), Ok(first + 2), Ok(first + 3)]);
        assert_eq!(bench.ask(100), Err(SendError::Full));
        let heard = [(0, 100), (1, 200), (2, 50), (3, 100)].map(|(at, ms)| asked(first + at, ms));
        assert_eq!(bench.heard(world), heard);
        bench.say(world, &answer(first));
        bench.say(world, &answer(first));
        bench.say(world, &answer(first + 90));
        bench.say(world, &answer(0));
        bench.say(world, &GameAnswers { reason: ErrorCode::REFUSED, code: 9, ..answer(first + 1) });
        let given = "Given(Frame { opcode: Opcode(20740), payload: [5] })";
        let notes =
            [Noted::Answered(first, given.into()), Noted::Answered(first + 1, "Refused(9)".into())];
        assert_eq!(bench.notes(), notes);
        bench.pass_ms(50 - TICK_MS);
        assert_eq!(bench.notes(), []);
        bench.pass_ms(2 * TICK_MS);
        assert_eq!(bench.notes(), [failed(first + 2, ErrorCode::TIMED_OUT)]);
        bench.say(world, &answer(first + 2));
        bench.pass_ms(50);
        assert_eq!(bench.notes(), [failed(first + 3, ErrorCode::TIMED_OUT)]);
        bench.pass_ms(1_000);
        assert_eq!(bench.notes(), [], "late, and once");
    });
}

#[test]
fn a_cut_is_an_outcome_before_the_room_is_lost() {
    with_client(|bench| {
        let (_, world) = bench.go_inside();
        let asks: Vec<_> = (0..ASKS_MAX).map(|_| bench.ask(5_000).unwrap()).collect();
        bench.disconnect(world);
        let lost = asks.iter().map(|ask| failed(*ask, ErrorCode::LOST));
        let notes: Vec<_> = lost.chain([Noted::WorldLost(ErrorCode::LOST)]).collect();
        assert_eq!(bench.notes(), notes);
        assert_eq!(bench.ask(100), Err(SendError::Closed));
    });
}

#[test]
fn what_the_game_asks_is_answered_or_refused() {
    with_client(|bench| {
        let (_, world) = bench.go_inside();
        bench.say(world, &GameAsks { number: 3, kind: 4, data: Bytes::new(&[1, 2]).unwrap() });
        assert_eq!(bench.notes(), [Noted::Asked(3, 20_740, vec![1, 2])]);
        assert_eq!(bench.act(|client, cx| client.answer(cx, 3, &RIDDLE)), Ok(()));
        assert_eq!(bench.act(|client, cx| client.refuse_ask(cx, 4, 6)), Ok(()));
        let data = Bytes::new(&[7]).unwrap();
        let answer = AnswerGame { number: 3, reason: ErrorCode(0), code: 0, kind: 3, data };
        let refusal = AnswerGame {
            number: 4,
            reason: ErrorCode::REFUSED,
            code: 6,
            kind: 0,
            data: Bytes::EMPTY,
        };
        assert_eq!(bench.heard(world), [Said::of(&answer), Said::of(&refusal)]);
    });
}
