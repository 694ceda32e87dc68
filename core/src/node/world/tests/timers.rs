//! Timers of rooms, and their random numbers.

use core::cell::RefCell;

use super::*;
use crate::timer::TICK_MS;

const ROOM_TIMERS: u16 = 3;
/// Events of these kinds: arm the timer that the first byte names, in as many ticks as the second; disarm it; draw.
const ARM: u16 = 1;
const DISARM: u16 = 2;
const DRAW: u16 = 3;
/// A timer that arms itself again at once, but for this often.
const EAGER: u16 = 2;
const EAGER_MOST: usize = 5;

#[derive(Default)]
struct Alarms {
    fired: RefCell<Vec<u16>>,
    armed: RefCell<Vec<bool>>,
    drawn: RefCell<Vec<u32>>,
    eager: usize,
}

impl Game for Alarms {
    const NAME: &'static str = "alarms";
    const TIMERS: usize = ROOM_TIMERS as usize;

    fn on_event(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        _: Uid,
        kind: u16,
        data: Bytes<'_, { crate::protocol::EVENT_MAX_BYTES }>,
    ) -> Result<(), crate::wire::Full> {
        let place = |place: usize| data.as_slice().get(place).copied().map_or(0, u16::from);
        match kind {
            ARM => {
                let armed = room.after(u32::from(place(1)) * TICK_MS, TimerId(place(0)));
                self.armed.get_mut().push(armed);
            }
            DISARM => room.cancel(TimerId(place(0))),
            _ => self.drawn.get_mut().push(room.random_u32()),
        }
        Ok(())
    }

    fn on_timer(&mut self, room: &mut RoomContext<'_, '_>, timer: TimerId) {
        self.fired.get_mut().push(timer.0);
        self.eager += usize::from(timer == TimerId(EAGER));
        if timer == TimerId(EAGER) && self.eager < EAGER_MOST {
            room.after(0, timer);
        }
    }
}

type AlarmBench<'a> = WorldBench<'a, Alarms>;

impl AlarmBench<'_> {
    fn game(&self, room: u16) -> &Alarms {
        self.role().game(RoomId(room)).unwrap()
    }

    fn fired(&self, room: u16) -> Vec<u16> {
        self.game(room).fired.take()
    }
}

fn with_alarms(test: impl FnOnce(&mut AlarmBench<'_>, SessionKey, &[SessionKey])) {
    with_game(Setup { room_capacity: 1, ..SETUP }, |bench: &mut AlarmBench<'_>| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 2);
        test(bench, main, &keys);
    });
}

#[test]
fn a_timer_fires_once_and_for_its_own_room() {
    with_alarms(|bench, _, keys| {
        bench.say(keys[1], &event(ARM, &[1, 4]));
        bench.pass_ms(4 * TICK_MS - 1);
        assert_eq!((bench.fired(0), bench.fired(1)), (vec![], vec![]));
        bench.pass_ms(TICK_MS);
        assert_eq!((bench.fired(0), bench.fired(1)), (vec![], vec![1]));
        bench.pass_ms(100 * TICK_MS);
        assert_eq!((bench.fired(0), bench.fired(1)), (vec![], vec![]));
    });
}

#[test]
fn a_timer_is_moved_and_disarmed() {
    with_alarms(|bench, _, keys| {
        bench.say(keys[0], &event(ARM, &[0, 4]));
        bench.say(keys[0], &event(ARM, &[0, 20]));
        bench.say(keys[0], &event(ARM, &[1, 4]));
        bench.say(keys[1], &event(DISARM, &[1]));
        bench.pass_ms(6 * TICK_MS);
        assert_eq!(bench.fired(0), [1], "another room's is another");
        bench.pass_ms(16 * TICK_MS);
        assert_eq!(bench.fired(0), [0]);
        bench.say(keys[0], &event(ARM, &[0, 4]));
        bench.say(keys[0], &event(DISARM, &[0]));
        bench.pass_ms(6 * TICK_MS);
        assert!(bench.fired(0).is_empty());
    });
}

#[test]
fn both_sides_of_how_many_timers_a_room_has() {
    with_alarms(|bench, _, keys| {
        for timer in [0, ROOM_TIMERS - 1, ROOM_TIMERS, u16::from(u8::MAX)] {
            bench.say(keys[0], &event(ARM, &[timer as u8, 1]));
            bench.say(keys[0], &event(DISARM, &[timer as u8]));
        }
        assert_eq!(bench.game(0).armed.take(), [true, true, false, false]);
        bench.pass_ms(3 * TICK_MS);
        assert_eq!((bench.fired(0), bench.fired(1)), (vec![], vec![]));
    });
}

#[test]
fn timers_go_on_in_an_empty_room() {
    with_alarms(|bench, _, keys| {
        bench.say(keys[0], &event(ARM, &[0, 10]));
        bench.disconnect(keys[0]);
        bench.pass_ms(12 * TICK_MS);
        assert_eq!(bench.fired(0), [0]);
    });
}

#[test]
fn a_timer_that_is_armed_for_now_does_not_take_all_of_the_node_s_time() {
    with_alarms(|bench, _, keys| {
        bench.say(keys[0], &event(ARM, &[EAGER as u8, 0]));
        bench.pass_ms(2 * TICK_MS);
        assert!((1..=2).contains(&bench.fired(0).len()), "one a tick of the wheel");
        bench.pass_ms(10 * TICK_MS);
        assert_eq!(bench.game(0).eager, EAGER_MOST);
    });
}

#[test]
fn a_room_draws_from_its_own_seed() {
    with_alarms(|bench, _, keys| {
        let seeds = [0, 1].map(|room| bench.role().seed(RoomId(room)).unwrap());
        assert!(seeds[0] != seeds[1] && seeds[0] != 0, "of the driver's entropy");
        assert_eq!(bench.role().seed(RoomId(9)), None);
        let mut drawn_with = |seed| {
            bench.act(|world, _| world.set_seed(RoomId(0), seed));
            for room in [0, 1, 0, 1] {
                bench.say(keys[room], &event(DRAW, &[]));
            }
            [bench.game(0).drawn.take(), bench.game(1).drawn.take()]
        };
        let (one, same, other) = (drawn_with(7), drawn_with(7), drawn_with(8));
        assert_eq!(one[0], same[0]);
        assert!(one[0] != other[0] && one[1] != same[1], "the other room goes on");
    });
}
