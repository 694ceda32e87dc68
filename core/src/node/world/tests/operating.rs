//! What whoever runs a world asks of it.

use super::*;
use crate::protocol::world_to_main::{AttachAck, AttachDenied};

#[test]
fn a_world_that_takes_nobody_new_denies_those_and_keeps_who_is_inside() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        let key = bench.fill(main, 1)[0];
        bench.heard(main);
        bench.act(|world, _| world.stop_taking());
        bench.say(main, &attach_of(Uid(2), 7));
        let reason = ErrorCode::FULL;
        let denied = Said::of(&AttachDenied { uid: Uid(2), attempt: 7, reason });
        assert_eq!(bench.heard(main), [denied]);
        bench.say(main, &attach_of(Uid(1), 8));
        let ack = Said::of(&AttachAck { uid: Uid(1), attempt: 8 });
        assert_eq!(bench.heard(main), [ack], "whoever is inside may come back");
        bench.say(key, &step(5));
        assert_eq!(bench.state(key), Some(SessionState::Ready));
        assert_eq!(bench.uids(), [1]);
    });
}

#[test]
fn lines_are_of_those_who_are_there() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        bench.fill(main, 2);
        let world = bench.role();
        let slots = 0..world.user_slots() as u16;
        let mut uids: Vec<_> = slots.filter_map(|slot| Some(world.user_line(slot)?.0.0)).collect();
        uids.sort_unstable();
        assert_eq!((uids, world.id()), (std::vec![1, 2], WorldId(7)));
        let line = world.room_line(0).expect("there are two in it");
        assert_eq!((line.members, line.spectators, line.capacity), (2, 0, SETUP.room_capacity));
        assert!(world.room_line(1).is_none() && world.room_line(u16::MAX).is_none());
    });
}

#[test]
fn a_world_that_takes_nobody_new_has_as_many_places_for_its_mains_and_holds_seats() {
    use crate::protocol::world_to_main::Status;
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        bench.fill(main, 12);
        let load = |bench: &mut WorldBench<'_, Relay>| {
            bench.pass_ms(STATUS_MS);
            let heard = bench.heard(main);
            heard.iter().find_map(|said| said.read::<Status>().map(|status| status.load))
        };
        let before = load(bench).expect("a report");
        bench.act(|world, _| world.stop_taking());
        assert_eq!(load(bench), Some(before));
        assert_eq!(bench.role().rooms().capacity(), 2 * usize::from(SETUP.room_capacity));
    });
}
