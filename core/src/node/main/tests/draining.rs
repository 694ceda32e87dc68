//! Worlds that drain: who is sent where, and what becomes of an order while links come and go.

use super::*;
use crate::protocol::main_to_world::DrainWorld;
use crate::protocol::world_to_main::DrainState;

const DRAIN: DrainWorld = DrainWorld { is_draining: true, within_ms: 60_000 };
const STATUS: Status = Status { users: 0, rooms: 0, load: 0, held: 0 };

impl MainBench<'_> {
    fn order(&mut self, world_id: u16, is_draining: bool) -> bool {
        let within_ms = is_draining.then_some(60_000);
        self.act(|main, cx| main.order_drain(cx, WorldId(world_id), is_draining, within_ms))
    }

    fn says(&mut self, world: SessionKey, is_draining: bool) {
        self.say(world, &DrainState { is_draining });
    }

    /// Whether anybody new is sent to the only world.
    fn sends_to(&mut self, world: SessionKey) -> bool {
        let guest = self.greet();
        self.ask(guest, "");
        let is_sent = self.heard(world).iter().any(Said::is::<AttachUser<'_>>);
        self.disconnect(guest.key);
        self.heard(world);
        is_sent
    }
}

#[test]
fn nobody_new_is_sent_to_a_world_that_is_to_drain_and_whoever_has_a_seat_is() {
    with_main(|bench| {
        let (world, other) = (bench.register(1, "", 10), bench.register(2, "", 10));
        let inside = bench.greet();
        bench.enter(inside, world);
        assert!(bench.order(1, true));
        assert_eq!(bench.heard(world), [Said::of(&DRAIN)]);
        for _ in 0..3 {
            let guest = bench.greet();
            bench.enter(guest, other);
        }
        assert_eq!(bench.heard(world), []);
        bench.ask(inside, "");
        assert_eq!(bench.attach_at(world).uid, inside.uid);
    });
}

#[test]
fn all_that_drain_are_full_and_one_that_is_not_here_can_t_be_told() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        assert!(!bench.order(2, true));
        bench.order(1, true);
        bench.heard(world);
        let guest = bench.greet();
        bench.ask(guest, "");
        assert_eq!(bench.heard(guest.key), [refused(ErrorCode::FULL)]);
    });
}

#[test]
fn an_order_is_taken_back_and_what_was_said_before_that_is_heard_counts_less() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        bench.order(1, true);
        bench.order(1, false);
        let undrain = DrainWorld { is_draining: false, within_ms: 0 };
        assert_eq!(bench.heard(world), [Said::of(&DRAIN), Said::of(&undrain)]);
        bench.says(world, true);
        assert!(bench.sends_to(world), "it has not heard the second word yet");
        bench.says(world, false);
        assert!(bench.sends_to(world));
    });
}

#[test]
fn a_world_says_by_itself_that_it_drains() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        bench.says(world, true);
        assert!(!bench.sends_to(world));
        bench.disconnect(world);
        let world = bench.register(1, "", 10);
        assert!(bench.sends_to(world), "it has begun anew, and says nothing");
        bench.says(world, true);
        assert!(!bench.sends_to(world));
        bench.says(world, false);
        assert!(bench.sends_to(world));
    });
}

/// Until it says that it has heard it.
#[test]
fn a_world_that_is_lost_before_it_has_heard_an_order_is_told_again() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        bench.order(1, true);
        bench.say(world, &STATUS);
        bench.disconnect(world);
        let world = bench.say_register(1, "", 10);
        assert_eq!(bench.heard(world), [Said::of(&Registered {}), Said::of(&DRAIN)]);
        assert!(!bench.sends_to(world));
        bench.says(world, true);
        bench.disconnect(world);
        // What comes now is another one, or says itself that it drains.
        let world = bench.register(1, "", 10);
        assert!(bench.sends_to(world));
    });
}

#[test]
fn one_that_passes_over_it_is_sent_nobody_and_its_successor_is_not_meant() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        bench.order(1, true);
        bench.heard(world);
        for _ in 0..2 {
            bench.say(world, &STATUS);
        }
        assert!(!bench.sends_to(world));
        bench.disconnect(world);
        let world = bench.register(1, "", 10);
        assert!(bench.sends_to(world));
    });
}

#[test]
fn a_world_whose_link_is_full_is_told_when_there_is_room() {
    with_main(|bench| {
        let world = bench.register(1, "", 90);
        bench.limit(world, 0);
        let guests: Vec<_> = (0..40).map(|_| bench.greet()).collect();
        for guest in &guests {
            bench.ask(*guest, "");
        }
        assert!(bench.order(1, true));
        assert_eq!(bench.heard(world), []);
        bench.unblock(world, usize::MAX);
        let heard = bench.heard(world);
        assert_eq!(heard.iter().filter(|said| **said == Said::of(&DRAIN)).count(), 1);
    });
}

#[test]
fn orders_for_worlds_that_are_gone_give_way() {
    with_main(|bench| {
        for id in 1..=2 * WORLD_COUNT_MAX as u16 {
            let world = bench.register(id, "", 10);
            assert!(bench.order(id, true), "{id}");
            bench.disconnect(world);
        }
    });
}
