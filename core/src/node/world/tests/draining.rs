//! A world that takes nobody new.

use super::*;
use crate::protocol::main_to_world::DrainWorld;
use crate::protocol::world_to_main::{AttachAck, AttachDenied, DrainState, Status};

const DRAINING: DrainState = DrainState { is_draining: true };
const TAKING: DrainState = DrainState { is_draining: false };

fn denied(uid: u64, attempt: u32) -> Said {
    Said::of(&AttachDenied { uid: Uid(uid), attempt, reason: ErrorCode::FULL })
}

#[test]
fn a_world_that_drains_denies_newcomers_keeps_who_is_inside_and_takes_some_again() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        let key = bench.fill(main, 1)[0];
        bench.heard(main);
        bench.act(|world, cx| world.drain(cx, None));
        assert_eq!(bench.heard(main), [Said::of(&DRAINING)]);
        bench.say(main, &attach_of(Uid(2), 7));
        assert_eq!(bench.heard(main), [denied(2, 7)]);
        bench.say(main, &attach_of(Uid(1), 8));
        let ack = Said::of(&AttachAck { uid: Uid(1), attempt: 8 });
        assert_eq!(bench.heard(main), [ack], "whoever is inside may come back");
        bench.say(key, &step(5));
        assert_eq!(bench.state(key), Some(SessionState::Ready));
        assert_eq!(bench.uids(), [1]);
        bench.act(World::take_again);
        assert_eq!(bench.heard(main), [Said::of(&TAKING)]);
        bench.say(main, &attach_of(Uid(2), 9));
        assert_eq!(bench.heard(main), [Said::of(&AttachAck { uid: Uid(2), attempt: 9 })]);
    });
}

#[test]
fn a_main_has_it_drain_and_all_mains_hear_of_it() {
    with_world(Setup { mains: 2, ..SETUP }, |bench| {
        bench.act(World::start);
        let [one, other] = [bench.register(), bench.register()];
        bench.heard(one);
        bench.heard(other);
        bench.say(one, &DrainWorld { is_draining: true, within_ms: 500 });
        assert_eq!(bench.heard(one), [Said::of(&DRAINING)]);
        assert_eq!(bench.heard(other), [Said::of(&DRAINING)]);
        let start = bench.now;
        let is_over =
            |bench: &WorldBench<'_, Relay>, ms| bench.role().is_drain_over(start.after_ms(ms));
        assert!(!is_over(bench, 499) && is_over(bench, 500));
        bench.say(other, &DrainWorld { is_draining: true, within_ms: 0 });
        assert!(bench.role().is_draining() && !is_over(bench, u32::MAX), "as long as it takes");
        assert_eq!(bench.heard(one), [Said::of(&DRAINING)]);
        bench.say(one, &DrainWorld { is_draining: false, within_ms: 0 });
        assert_eq!(bench.heard(one), [Said::of(&TAKING)]);
        assert!(!bench.role().is_draining() && !is_over(bench, u32::MAX));
    });
}

#[test]
fn a_main_that_begins_anew_hears_of_it_behind_the_registration() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        bench.act(|world, cx| world.drain(cx, None));
        bench.disconnect(main);
        bench.act(|world, cx| world.drain(cx, None));
        bench.pass_ms(RECONNECT_MOST_MS);
        let again = bench.connect_next();
        bench.main_connected(again);
        bench.heard(again);
        bench.say(again, &Registered {});
        assert!(bench.heard(again).contains(&Said::of(&DRAINING)));
        bench.say(again, &attach_of(Uid(2), 7));
        assert_eq!(bench.heard(again), [denied(2, 7)]);
    });
}

#[test]
fn a_world_that_drains_has_as_many_places_for_its_mains_and_holds_seats() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        bench.fill(main, 12);
        let load = |bench: &mut WorldBench<'_, Relay>| {
            bench.pass_ms(STATUS_MS);
            let heard = bench.heard(main);
            heard.iter().find_map(|said| said.read::<Status>().map(|status| status.load))
        };
        let before = load(bench).expect("a report");
        bench.act(|world, cx| world.drain(cx, None));
        assert_eq!(load(bench), Some(before));
        assert_eq!(bench.role().rooms().capacity(), 2 * usize::from(SETUP.room_capacity));
    });
}
