//! Inputs: their order, their acknowledgements, and whose they are.

use super::*;
use crate::protocol::client_to_world::Input;
use crate::protocol::world_to_client::InputAck;
use crate::protocol::{Dispatched, INPUT_MAX_BYTES, protocol};
use crate::wire::Frame;
use crate::wire::opcode::GAME;

protocol! {
    /// What a stepper does.
    mod to_stepper in GAME.client_to_server;

    /// Steps east, as far as it may.
    1 step => Step {
        /// So far.
        by: u8,
    }

    /// Stays.
    2 stay => Stay {}

    /// Goes.
    3 go => Go {}

    /// As long as an input may be.
    4 sing => Sing<'a> {
        /// What is sung.
        #[serde(borrow)]
        song: Bytes<'a, 64>,
    }
}

use to_stepper::{Go, Sing, Stay, Step};

/// Does what it is told, and notes it.
#[derive(Default)]
struct Stepper {
    heard: core::cell::RefCell<Vec<(u32, u32)>>,
}

const WALL: i32 = 1_000;

impl Game for Stepper {
    const NAME: &'static str = "stepper";
    const HOLD_MS: u32 = 10_000;

    fn on_input(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        uid: Uid,
        tick: u32,
        input: Frame<'_>,
    ) -> Dispatched {
        self.heard.get_mut().push((uid.0 as u32, tick));
        to_stepper::dispatch(self, &mut Speaker { room, uid }, input)
    }

    fn on_move(
        &mut self,
        _: &mut RoomContext<'_, '_>,
        _: MemberState,
        to: MemberState,
    ) -> MoveVerdict {
        if to.pos.x <= WALL { MoveVerdict::Accept } else { MoveVerdict::Refuse }
    }
}

impl to_stepper::Stub<Speaker<'_, '_, '_>> for Stepper {
    fn step(&mut self, speaker: &mut Speaker<'_, '_, '_>, Step { by }: Step) {
        let Speaker { room, uid } = speaker;
        let Some(member) = room.member(*uid) else { return };
        let x = (member.pos.x + i32::from(by)).min(WALL);
        room.place(*uid, Position { x, ..member.pos }, Direction(9));
    }

    fn stay(&mut self, _: &mut Speaker<'_, '_, '_>, _: Stay) {}

    fn go(&mut self, speaker: &mut Speaker<'_, '_, '_>, _: Go) {
        speaker.room.kick(speaker.uid, &Refusal::UNSAID);
    }

    fn sing(&mut self, _: &mut Speaker<'_, '_, '_>, _: Sing<'_>) {}
}

type InputBench<'a> = WorldBench<'a, Stepper>;

/// A step.
fn input(tick: u32, by: &[u8; 1]) -> Input<'_> {
    Input { tick, kind: 1, data: Bytes::new(by).unwrap() }
}

fn without_data(tick: u32, kind: u8) -> Input<'static> {
    Input { tick, kind, data: Bytes::EMPTY }
}

fn ack(tick: u32, x: i32) -> Said {
    Said::of(&InputAck { tick, pos: Position { x, ..Position::ORIGIN }, dir: Direction(9) })
}

fn with_stepper(test: impl FnOnce(&mut InputBench<'_>, SessionKey, &[SessionKey])) {
    with_game(SETUP, |bench: &mut InputBench<'_>| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 2);
        test(bench, main, &keys);
    });
}

impl InputBench<'_> {
    fn ticks_heard(&self) -> Vec<(u32, u32)> {
        self.role().game(RoomId(0)).unwrap().heard.take()
    }
}

#[test]
fn the_newest_of_a_flush_is_acknowledged_with_where_one_is() {
    with_stepper(|bench, _, keys| {
        for tick in 1..=3 {
            bench.say(keys[0], &input(tick, &[10]));
        }
        assert_eq!(bench.heard(keys[0]), [], "with the next flush");
        assert_eq!(bench.flush_and_hear(keys[0]), [ack(3, 30)]);
        let pos = Position { x: 30, ..Position::ORIGIN };
        let seen = MoveBroadcast { number: number(1), pos, dir: Direction(9) };
        assert_eq!(bench.heard(keys[1]), [Said::of(&seen)]);
        assert_eq!(bench.flush_and_hear(keys[0]), [], "once");
        assert_eq!(bench.role().stats().inputs, 3);
    });
}

#[test]
fn an_input_that_leads_nowhere_is_acknowledged_too() {
    with_stepper(|bench, _, keys| {
        bench.say(keys[0], &without_data(5, 2));
        let told = InputAck { tick: 5, pos: Position::ORIGIN, dir: Direction(0) };
        assert_eq!(bench.flush_and_hear(keys[0]), [Said::of(&told)]);
        assert_eq!(bench.heard(keys[1]), []);
    });
}

#[test]
fn both_sides_of_being_late() {
    with_stepper(|bench, _, keys| {
        for tick in [0, 7, 7, 6, 1, 8, u32::MAX, 0, 9] {
            bench.say(keys[0], &input(tick, &[1]));
        }
        assert_eq!(bench.ticks_heard(), [(1, 7), (1, 8), (1, u32::MAX)]);
        let stats = bench.role().stats();
        assert_eq!((stats.inputs, stats.inputs_late), (3, 6));
        assert_eq!(bench.flush_and_hear(keys[0]), [ack(u32::MAX, 3)]);
        assert_eq!(bench.state(keys[0]), Some(SessionState::Ready));
    });
}

#[test]
fn each_member_has_its_own_numbers_and_whoever_comes_again_begins_anew() {
    with_stepper(|bench, main, keys| {
        bench.say(keys[0], &input(100, &[1]));
        bench.say(keys[1], &input(1, &[2]));
        assert_eq!(bench.ticks_heard(), [(1, 100), (2, 1)]);
        assert_eq!(bench.flush_and_hear(keys[1])[0], ack(1, 2));
        bench.disconnect(keys[0]);
        let again = bench.join(main, 1);
        bench.say(again, &input(1, &[3]));
        assert_eq!(bench.ticks_heard(), [(1, 1)]);
        // Where its seat was held it goes on from where it was.
        let x = if cfg!(feature = "seats") { 4 } else { 3 };
        assert!(bench.flush_and_hear(again).contains(&ack(1, x)));
    });
}

#[test]
fn a_correction_names_the_input_that_it_is_about() {
    with_stepper(|bench, _, keys| {
        bench.say(keys[0], &input(4, &[10]));
        bench.flush_and_hear(keys[0]);
        bench.say(keys[0], &step(WALL + 1));
        bench.say(keys[0], &without_data(5, 2));
        assert_eq!(bench.heard(keys[0]), []);
        assert_eq!(bench.flush_and_hear(keys[0]), [ack(5, 10)]);
        // Whoever says none hears of its moves as ever.
        bench.heard(keys[1]);
        bench.say(keys[1], &step(WALL + 1));
        let refused = MoveBroadcast { number: number(2), pos: Position::ORIGIN, dir: Direction(0) };
        assert_eq!(bench.heard(keys[1]), [Said::of(&refused)]);
    });
}

#[test]
fn both_sides_of_an_input_s_length() {
    with_stepper(|bench, _, keys| {
        let song = [&[63][..], &[1; 63]].concat();
        let longest = Input { tick: 1, kind: 4, data: Bytes::new(&song).unwrap() };
        assert_eq!(song.len(), INPUT_MAX_BYTES);
        bench.say(keys[0], &longest);
        assert_eq!(bench.ticks_heard(), [(1, 1)]);
        let mut longer = frame_of(&Input { tick: 2, ..longest });
        longer[8] += 1;
        longer[9] += 1;
        longer[0] += 1;
        longer.push(1);
        bench.say_bytes(keys[0], &longer);
        assert_eq!(bench.ticks_heard(), []);
        assert_eq!(bench.ended(keys[0]), Some(ErrorCode::MALFORMED));
        assert_eq!(bench.stats().violations, 1);
    });
}

#[test]
fn what_is_no_input_of_the_game_s_is_not_understood() {
    with_stepper(|bench, _, keys| {
        bench.say(keys[0], &without_data(1, 200));
        let error = Error { code: ErrorCode::NOT_UNDERSTOOD, about: Input::OPCODE.0 };
        assert!(bench.heard(keys[0]).contains(&Said::of(&error)));
        bench.say(keys[0], &input(2, &[1]));
        assert_eq!(bench.flush_and_hear(keys[0]), [ack(2, 1)], "its number is heard");
    });
}

#[test]
fn an_input_that_does_not_decode_ends_the_connection_and_nothing_else() {
    let too_long = [1, 2];
    for data in [&[][..], &too_long] {
        with_stepper(|bench, _, keys| {
            bench.say(keys[0], &Input { tick: 1, kind: 1, data: Bytes::new(data).unwrap() });
            assert_eq!(bench.ended(keys[0]), Some(ErrorCode::MALFORMED));
            bench.say(keys[1], &input(1, &[7]));
            assert!(bench.flush_and_hear(keys[1]).contains(&ack(1, 7)));
        });
    }
}

#[test]
fn a_member_that_takes_nothing_is_told_the_newest_when_it_does() {
    with_stepper(|bench, _, keys| {
        bench.limit(keys[0], 0);
        for tick in 1..=50 {
            bench.say(keys[0], &input(tick, &[1]));
            bench.pass_ms(FLUSH_MS);
        }
        bench.unblock(keys[0], usize::MAX);
        bench.pass_ms(2 * FLUSH_MS);
        let heard = bench.heard(keys[0]);
        assert_eq!(heard.last(), Some(&ack(50, 50)));
        assert!(heard.len() < 10, "not one an input: {}", heard.len());
        assert_eq!(bench.state(keys[0]), Some(SessionState::Ready));
    });
}

#[test]
fn the_game_may_remove_whoever_says_an_input() {
    with_stepper(|bench, _, keys| {
        let both = [frame_of(&without_data(1, 3)), frame_of(&input(2, &[1]))].concat();
        bench.say_bytes(keys[0], &both);
        assert_eq!(bench.ticks_heard(), [(1, 1)]);
        assert_eq!(bench.heard(keys[0]), [bye(ErrorCode::REMOVED)]);
        assert_eq!(bench.flush_and_hear(keys[1]), [left(1)]);
    });
}
