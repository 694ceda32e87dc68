//! What whoever runs a Main asks of it.

use super::*;

#[test]
fn whoever_is_kicked_is_out_of_its_world_too_and_nobody_else_is() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        let (kicked, other) = (bench.greet(), bench.greet());
        bench.enter(kicked, world);
        assert!(bench.act(|main, cx| main.kick(cx, kicked.uid)));
        assert_eq!(bench.heard(kicked.key), [bye(ErrorCode::REMOVED)]);
        assert_eq!(bench.heard(world), [detach(kicked.uid, ErrorCode::REMOVED)]);
        assert_eq!(bench.state(other.key), Some(SessionState::Ready));
        assert!(!bench.act(|main, cx| main.kick(cx, kicked.uid)), "it is on its way out");
        assert!(!bench.act(|main, cx| main.kick(cx, Uid(99))), "there is none");
    });
}

#[test]
fn a_user_s_line_says_where_it_is_and_a_free_slot_has_none() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        let guest = bench.greet();
        bench.enter(guest, world);
        let main = bench.role();
        let slots = 0..main.users().capacity() as u16;
        let lines: std::vec::Vec<_> = slots.filter_map(|slot| main.user_line(slot)).collect();
        let [line] = &lines[..] else { panic!("{lines:?}") };
        assert_eq!((line.uid, line.session, line.room), (guest.uid, guest.key, None));
        assert_eq!(line.world.map(|world| world.0), Some(1));
        assert!(matches!(line.place, Place::Inside(_)), "{line:?}");
        assert!(main.user_line(u16::MAX).is_none());
        assert!(main.room_line(0).is_none() && main.channel_line(0).is_none());
    });
}
