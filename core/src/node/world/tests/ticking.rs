//! Ticks of a world whose node is late, and of rooms with nobody in them.

use core::cell::RefCell;

use super::*;

const TICK_MS: u32 = 100;

/// What its ticks were: number, milliseconds, members.
#[derive(Default)]
struct Metronome<const WHEN_EMPTY: bool>(RefCell<Vec<(u64, u32, usize)>>);

impl<const WHEN_EMPTY: bool> Game for Metronome<WHEN_EMPTY> {
    const NAME: &'static str = "metronome";
    const TICK_INTERVAL_MS: u32 = TICK_MS;
    const TICKS_WHEN_EMPTY: bool = WHEN_EMPTY;

    fn on_tick(&mut self, room: &mut RoomContext<'_, '_>, tick: Tick) {
        self.0.get_mut().push((tick.number, tick.elapsed_ms, room.members().count()));
    }
}

fn ticks_of<const WHEN_EMPTY: bool>(
    bench: &WorldBench<'_, Metronome<WHEN_EMPTY>>,
    room: u16,
) -> Vec<(u64, u32, usize)> {
    bench.role().game(RoomId(room)).unwrap().0.take()
}

#[test]
fn a_late_node_makes_up_for_it_by_one_tick() {
    with_game(SETUP, |bench: &mut WorldBench<'_, Metronome<false>>| {
        let main = bench.meet_main();
        bench.join(main, 1);
        bench.pass_ms(2 * TICK_MS);
        assert_eq!(ticks_of(bench, 0), [(1, TICK_MS, 1), (2, TICK_MS, 1)]);
        bench.stall_ms(3 * TICK_MS + 30);
        assert_eq!(ticks_of(bench, 0), [(5, 3 * TICK_MS + 30, 1)]);
        bench.pass_ms(TICK_MS - 30);
        assert_eq!(ticks_of(bench, 0), [(6, TICK_MS - 30, 1)]);
    });
}

#[test]
fn a_room_that_was_empty_goes_on_with_the_world_s_numbers() {
    with_game(SETUP, |bench: &mut WorldBench<'_, Metronome<false>>| {
        let main = bench.meet_main();
        let only = bench.join(main, 1);
        bench.pass_ms(TICK_MS);
        bench.disconnect(only);
        bench.pass_ms(10 * TICK_MS);
        bench.join(main, 2);
        bench.pass_ms(TICK_MS);
        assert_eq!(ticks_of(bench, 0), [(1, TICK_MS, 1), (2, TICK_MS, 1)]);
    });
}

#[test]
fn only_rooms_that_are_there_are_acted_on_from_outside() {
    with_game(SETUP, |bench: &mut WorldBench<'_, Metronome<false>>| {
        let rooms = [0, 1, 2, u16::MAX].map(|room| {
            bench.act(|world, cx| world.with_room(cx, RoomId(room), |_, context| context.room_id()))
        });
        assert_eq!(rooms, [Some(RoomId(0)), Some(RoomId(1)), None, None]);
    });
}

#[test]
fn empty_rooms_tick_too_if_their_game_wants_it() {
    with_game(SETUP, |bench: &mut WorldBench<'_, Metronome<true>>| {
        let main = bench.meet_main();
        bench.pass_ms(2 * TICK_MS);
        let only = bench.join(main, 1);
        bench.pass_ms(TICK_MS);
        bench.disconnect(only);
        bench.pass_ms(TICK_MS);
        let members =
            |room| ticks_of(bench, room).iter().map(|(_, _, count)| *count).collect::<Vec<_>>();
        let (first, second) = (members(0), members(1));
        assert_eq!(first[first.len() - 3..], [0, 1, 0]);
        assert_eq!(
            (first.len(), second.len()),
            (second.len(), second.iter().filter(|count| **count == 0).count())
        );
    });
}
