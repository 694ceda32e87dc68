//! The registry of worlds: who is taken, who is replaced, who is refused.

use super::*;
use crate::protocol::Versions;
use crate::wire::Opcode;

#[test]
fn a_world_registers_with_what_it_is() {
    with_main(|bench| {
        let key = bench.register(5, "north", 40);
        let entry = bench.role().worlds().get(bench.key_of_world(5)).unwrap();
        assert_eq!((entry.region.as_str(), entry.address.as_str()), ("north", "world5:9"));
        assert_eq!((entry.capacity, entry.users, entry.session), (40, 0, key));
        assert_eq!(bench.role().stats().worlds_registered, 1);
        assert_eq!(bench.state(key), Some(SessionState::Ready));
    });
}

#[test]
fn a_world_that_registers_again_from_its_address_replaces_its_older_link() {
    with_main(|bench| {
        let old = bench.register(5, "north", 40);
        let new = bench.register(5, "south", 50);
        assert_eq!(bench.heard(old), [bye(ErrorCode::REPLACED)]);
        assert_eq!(bench.ended(old), Some(ErrorCode::REPLACED));
        let is_new = |bench: &MainBench<'_>| {
            let entry = bench.role().worlds().get(bench.key_of_world(5)).unwrap();
            (entry.region.as_str(), entry.capacity, entry.session) == ("south", 50, new)
        };
        assert!(is_new(bench));
        // What the old link still says, and its end, are not the new one's.
        bench.say(old, &Status { users: 50, rooms: 1, load: 999, held: 0 });
        bench.disconnect(old);
        assert!(is_new(bench));
        let entry = bench.role().worlds().get(bench.key_of_world(5)).unwrap();
        assert_eq!((bench.role().worlds().len(), entry.reported_users), (1, 0));
        let stats = bench.role().stats();
        assert_eq!((stats.worlds_registered, stats.worlds_lost), (2, 1));
    });
}

/// It has shown the key of its id, so it is the one.
#[test]
fn a_world_that_comes_back_elsewhere_replaces_its_former_self_at_once() {
    with_main(|bench| {
        let first = bench.register(5, "", 40);
        let other = bench.accept_world(5);
        bench.say(other, &registration_elsewhere(5));
        assert_eq!(bench.heard(other), [Said::of(&Registered {})]);
        assert_eq!(bench.ended(first), Some(ErrorCode::REPLACED));
        let entry = bench.role().worlds().get(bench.key_of_world(5)).unwrap();
        assert_eq!((entry.address.as_str(), entry.session), ("elsewhere:9", other));
    });
}

#[test]
fn a_world_registers_no_id_but_its_own() {
    with_main(|bench| {
        let first = bench.register(5, "", 40);
        let other = bench.accept_world(6);
        bench.say(other, &registration_elsewhere(5));
        assert_eq!(bench.heard(other), [bye(ErrorCode::NOT_YOURS)]);
        assert_eq!(bench.ended(other), Some(ErrorCode::NOT_YOURS));
        assert_eq!(bench.state(first), Some(SessionState::Ready));
        let stats = bench.role().stats();
        assert_eq!((bench.role().worlds().len(), stats.worlds_registered), (1, 1));
    });
}

#[test]
fn both_sides_of_main_s_list_of_worlds() {
    let north = heapless::String::try_from("north").unwrap();
    let allowed = [
        AllowedWorld { world_id: WorldId(5), region: Some(north) },
        AllowedWorld { world_id: WorldId(6), region: None },
    ];
    let allowed: &[AllowedWorld] = std::boxed::Box::leak(std::boxed::Box::new(allowed));
    with_main(|bench| {
        bench.act(|main, _| main.allowed = allowed);
        for (id, region, may) in
            [(5, "north", true), (5, "south", false), (6, "south", true), (7, "north", false)]
        {
            let key = bench.say_register(id, region, 1);
            let answer = if may { Said::of(&Registered {}) } else { bye(ErrorCode::NOT_YOURS) };
            assert_eq!(bench.heard(key), [answer], "{id} {region}");
        }
    });
}

fn registration_elsewhere(world_id: u16) -> RegisterWorld<'static> {
    RegisterWorld {
        versions: Versions::OURS,
        world_id: WorldId(world_id),
        region: Text::EMPTY,
        capacity: 1,
        addr: Text::new("elsewhere:9").unwrap(),
        fingerprint: 0,
        rooms: 0,
        is_sealing: false,
    }
}

#[test]
fn both_sides_of_the_registry_s_size() {
    with_main(|bench| {
        let worlds: Vec<_> =
            (0..WORLD_COUNT_MAX as u16).map(|id| bench.register(id, "", 1)).collect();
        let late = bench.say_register(100, "", 1);
        assert_eq!(bench.heard(late), [bye(ErrorCode::FULL)]);
        let stats = bench.role().stats();
        assert_eq!((stats.worlds_registered, stats.worlds_lost), (WORLD_COUNT_MAX as u32, 0));
        // One that is there may come again, and one that goes makes room.
        bench.register(3, "", 1);
        bench.disconnect(worlds[9]);
        bench.register(100, "", 1);
        assert_eq!(bench.role().worlds().len(), WORLD_COUNT_MAX);
    });
}

#[test]
fn a_second_registration_of_one_link_is_out_of_place() {
    with_main(|bench| {
        let world = bench.register(5, "", 40);
        bench.say_registration(world, 6, "", 40);
        let expected = error(ErrorCode::OUT_OF_PLACE, RegisterWorld::OPCODE.0);
        assert_eq!(bench.heard(world), [expected]);
        assert!(bench.role().worlds().is_empty());
        assert_eq!(bench.stats().violations, 1);
    });
}

#[test]
fn nothing_of_a_world_comes_before_its_registration() {
    let uid = Uid(1);
    let cases: [(Vec<u8>, Opcode); 6] = [
        (frame_of(&Status { users: 0, rooms: 0, load: 0, held: 0 }), Status::OPCODE),
        (frame_of(&AttachAck { uid, attempt: 1 }), AttachAck::OPCODE),
        (
            frame_of(&AttachDenied { uid, attempt: 1, reason: ErrorCode::FULL }),
            AttachDenied::OPCODE,
        ),
        (frame_of(&UserJoined { uid, is_spectator: false }), UserJoined::OPCODE),
        (frame_of(&UserLeft { uid }), UserLeft::OPCODE),
        (frame_of(&user_list(&[])), UserList::OPCODE),
    ];
    for (frame, opcode) in cases {
        with_main(|bench| {
            for key in [bench.accept(), bench.accept_world(5)] {
                bench.say_bytes(key, &frame);
                assert_eq!(bench.heard(key), [error(ErrorCode::OUT_OF_PLACE, opcode.0)]);
            }
            assert!(bench.role().users().is_empty());
        });
    }
}

/// Not even parsed: the payload would not decode.
#[test]
fn a_world_that_has_not_proven_itself_is_out_of_place() {
    with_main(|bench| {
        let key = bench.say_register_unproven(5);
        let expected = error(ErrorCode::OUT_OF_PLACE, RegisterWorld::OPCODE.0);
        assert_eq!(bench.heard(key), core::slice::from_ref(&expected));
        let key = bench.accept();
        bench.say_bytes(key, &[4, 0, 0x01, 0x22, 0, 0]);
        assert_eq!(bench.heard(key), [expected]);
        assert!(bench.role().worlds().is_empty());
    });
}

#[test]
fn a_world_that_has_proven_itself_is_no_client() {
    with_main(|bench| {
        let key = bench.accept_world(5);
        bench.say(key, &Hello { versions: Versions::OURS, token: None, nickname: Text::EMPTY });
        assert_eq!(bench.heard(key), [error(ErrorCode::NOT_UNDERSTOOD, Hello::OPCODE.0)]);
        assert!(bench.role().users().is_empty());
    });
}

#[test]
fn a_report_counts_for_the_choice() {
    with_main(|bench| {
        let first = bench.register(1, "", 10);
        let second = bench.register(2, "", 10);
        bench.say(first, &Status { users: 9, rooms: 3, load: 900, held: 0 });
        bench.say(second, &Status { users: 8, rooms: 2, load: 800, held: 0 });
        let entry = bench.role().worlds().get(bench.key_of_world(1)).unwrap();
        assert_eq!((entry.reported_users, entry.reported_rooms), (9, 3));
        let guest = bench.greet();
        bench.enter(guest, second);
        bench.say(second, &Status { users: 10, rooms: 2, load: 1_000, held: 0 });
        let guest = bench.greet();
        bench.enter(guest, first);
        bench.say(first, &Status { users: 10, rooms: 3, load: 1_000, held: 0 });
        let guest = bench.greet();
        bench.ask(guest, "");
        assert_eq!(bench.heard(guest.key), [refused(ErrorCode::FULL)]);
    });
}

#[test]
fn a_world_may_say_as_much_as_it_likes() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        let frames = 2 * usize::from(BENCH_CONFIG.packet_burst);
        let status = frame_of(&Status { users: 0, rooms: 0, load: 0, held: 0 });
        bench.say_bytes(world, &status.repeat(frames));
        assert_eq!(bench.stats().floods, 0);
        assert_eq!(bench.state(world), Some(SessionState::Ready));
    });
}

#[test]
fn a_silent_world_leaves_the_registry() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        bench.pass_ms(BENCH_CONFIG.idle_timeout_ms - 1);
        assert_eq!(bench.role().worlds().len(), 1);
        bench.pass_ms(1);
        assert_eq!(bench.ended(world), Some(ErrorCode::SILENT));
        assert_eq!((bench.role().worlds().len(), bench.role().stats().worlds_lost), (0, 1));
    });
}
