//! What whoever runs a world asks of it.

use super::*;

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
