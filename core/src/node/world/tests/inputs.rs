//! Inputs: their order, their acknowledgements, and whose they are.

use super::*;
use crate::protocol::INPUT_MAX_BYTES;
use crate::protocol::client_to_world::Input;
use crate::protocol::world_to_client::InputAck;

/// Steps east by each input's first byte, as far as it may.
#[derive(Default)]
struct Stepper {
    heard: core::cell::RefCell<Vec<(u32, u32, Vec<u8>)>>,
}

const WALL: i32 = 1_000;

impl Game for Stepper {
    const NAME: &'static str = "stepper";
    const HOLD_MS: u32 = 10_000;

    fn on_input(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid, tick: u32, input: &[u8]) {
        self.heard.get_mut().push((uid.0 as u32, tick, input.to_vec()));
        let Some(member) = room.member(uid) else { return };
        match input.first() {
            Some(0xFF) => room.kick(uid, &Refusal::UNSAID),
            Some(step) => {
                let x = (member.pos.x + i32::from(*step)).min(WALL);
                room.place(uid, Position { x, ..member.pos }, Direction(9));
            }
            None => {}
        }
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

type InputBench<'a> = WorldBench<'a, Stepper>;

fn input(tick: u32, data: &[u8]) -> Input<'_> {
    Input { tick, data: Bytes::new(data).unwrap() }
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
        let heard = self.role().game(RoomId(0)).unwrap().heard.take();
        heard.into_iter().map(|(uid, tick, _)| (uid, tick)).collect()
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
        bench.say(keys[0], &input(5, &[]));
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
        bench.say(keys[0], &input(5, &[]));
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
        bench.say(keys[0], &input(1, &[1; INPUT_MAX_BYTES]));
        assert_eq!(bench.ticks_heard(), [(1, 1)]);
        let mut longer = frame_of(&input(2, &[1; INPUT_MAX_BYTES]));
        longer[7] += 1;
        longer[0] += 1;
        longer.push(1);
        bench.say_bytes(keys[0], &longer);
        assert_eq!(bench.ticks_heard(), []);
        assert_eq!(bench.ended(keys[0]), Some(ErrorCode::MALFORMED));
        assert_eq!(bench.stats().violations, 1);
    });
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
        let both = [frame_of(&input(1, &[0xFF])), frame_of(&input(2, &[1]))].concat();
        bench.say_bytes(keys[0], &both);
        assert_eq!(bench.ticks_heard(), [(1, 1)]);
        assert_eq!(bench.heard(keys[0]), [bye(ErrorCode::REMOVED)]);
        assert_eq!(bench.flush_and_hear(keys[1]), [left(1)]);
    });
}
