//! Main and the names of rooms in a realm of several Mains, one answer at a time.

use super::rooms::{created, line, named_or_new, with_named_rooms};
use super::*;
use crate::node::directory::{NameAnswer, NameAsk, NameHolder, NameWork};
use crate::protocol::main_to_world::{CloseRoom, RoomClaimed};
use crate::protocol::world_to_main::{
    RoomChanged, RoomClaimEnds, RoomClosed, RoomIsClaimed, RoomOpened,
};
use crate::protocol::{Bytes, ClaimNumber, RoomId};

impl MainBench<'_> {
    /// The one question that the directory is asked about a name now.
    #[track_caller]
    fn asked_name(&mut self, name: &str) -> NameWork {
        let work = self.act(|main, _| main.next_name_work()).expect("a question");
        assert_eq!(self.act(|main, _| main.next_name_work()), None);
        assert_eq!(work.name, name);
        work
    }

    fn expect_no_question(&mut self) {
        assert_eq!(self.act(|main, _| main.next_name_work()), None);
    }

    fn answer_name(&mut self, work: &NameWork, answer: NameAnswer) {
        self.act(|main, cx| main.name_answered(cx, work, answer));
    }

    /// The world says that it has a room that is claimed under this number.
    fn open_claimed(&mut self, world: SessionKey, room: u16, name: &str, claim: u64) {
        self.say(world, &RoomIsClaimed { claim: ClaimNumber(claim) });
        let room_id = RoomId(room);
        self.say(world, &RoomOpened { room_id, line: line(name, "", 0), is_listed: true });
    }

    /// The attach that the world is asked for, for a room that is claimed under this number.
    #[track_caller]
    fn claimed_attach(&mut self, world: SessionKey, claim: u64) -> AttachUser<'static> {
        let heard = self.heard(world);
        assert_eq!(heard[0], Said::of(&RoomClaimed { claim: ClaimNumber(claim) }), "{heard:?}");
        heard[1].keep().expect("an attach")
    }
}

const fn write(world: u16, expected: u64) -> NameAsk {
    NameAsk::Write { world: WorldId(world), expected: ClaimNumber(expected) }
}

const fn written(number: u64) -> NameAnswer {
    NameAnswer::Written(ClaimNumber(number))
}

const fn at_world(world: u16, number: u64) -> NameAnswer {
    let (number, world) = (ClaimNumber(number), WorldId(world));
    NameAnswer::Found(NameHolder { number, world, is_here: false, is_elsewhere: false })
}

const fn at_world_elsewhere(world: u16, number: u64) -> NameAnswer {
    let (number, world) = (ClaimNumber(number), WorldId(world));
    NameAnswer::Found(NameHolder { number, world, is_here: false, is_elsewhere: true })
}

fn close(room: u16, name: &str) -> Said {
    Said::of(&CloseRoom { room_id: RoomId(room), name: Text::new(name).unwrap() })
}

#[test]
fn a_new_room_waits_for_its_name_and_its_world_hears_the_number() {
    with_named_rooms(4, |bench| {
        let world = bench.register_with_rooms(1);
        let (ann, bob) = (bench.greet(), bench.greet());
        bench.wish(ann, named_or_new("den"));
        bench.wish(bob, named_or_new("den"));
        let work = bench.asked_name("den");
        assert_eq!((work.ask, bench.heard(world)), (write(1, 0), vec![]));
        bench.answer_name(&work, written(7));
        let attach = bench.claimed_attach(world, 7);
        assert_eq!(attach.uid, ann.uid);
        bench.open_claimed(world, 0, "den", 7);
        bench.say(world, &ack(&attach));
        assert_eq!(bench.heard(ann.key), [sent_to(1, &attach)]);
        bench.pass_ms(128);
        assert_eq!(bench.claimed_attach(world, 7).uid, bob.uid);
        bench.expect_no_question();
        // Its name is given back with its end.
        bench.say(world, &RoomClosed { room_id: RoomId(0) });
        let work = bench.asked_name("den");
        assert_eq!(work.ask, NameAsk::Remove { expected: ClaimNumber(7) });
        bench.answer_name(&work, NameAnswer::Removed);
        bench.expect_no_question();
    });
}

#[test]
fn who_is_second_comes_into_the_room_of_who_was_first() {
    with_named_rooms(4, |bench| {
        let worlds = [1, 2].map(|id| bench.register_with_rooms(id));
        let ann = bench.greet();
        bench.wish(ann, named_or_new("den"));
        let work = bench.asked_name("den");
        let NameAsk::Write { world, .. } = work.ask else { panic!("{work:?}") };
        let other = if world == WorldId(1) { 2 } else { 1 };
        bench.answer_name(&work, NameAnswer::Conflict);
        let work = bench.asked_name("den");
        assert_eq!(work.ask, NameAsk::Read);
        bench.answer_name(&work, at_world(other, 9));
        // So whoever gives it back under that number does not.
        let work = bench.asked_name("den");
        assert_eq!(work.ask, write(other, 9));
        bench.answer_name(&work, written(11));
        let attach = bench.claimed_attach(worlds[usize::from(other) - 1], 11);
        assert_eq!((attach.uid, attach.wish.name.as_str()), (ann.uid, "den"));
    });
}

/// A world that has the name, and no place, and does not give it back: whoever asks is not sent to and fro.
#[test]
fn a_name_of_a_full_world_is_asked_for_once() {
    with_named_rooms(4, |bench| {
        let worlds = [1, 2].map(|id| bench.register_with_rooms(id));
        let ann = bench.greet();
        bench.wish(ann, named_or_new("den"));
        let work = bench.asked_name("den");
        let NameAsk::Write { world, .. } = work.ask else { panic!("{work:?}") };
        let other = if world == WorldId(1) { 2 } else { 1 };
        let full = worlds[usize::from(other) - 1];
        for (has_been_asked, number) in [(false, 11), (true, 21)] {
            let work = match has_been_asked {
                false => work.clone(),
                true => bench.asked_name("den"),
            };
            bench.answer_name(&work, NameAnswer::Conflict);
            let work = bench.asked_name("den");
            bench.answer_name(&work, at_world(other, number - 1));
            let work = bench.asked_name("den");
            bench.answer_name(&work, written(number));
            if has_been_asked {
                assert_eq!(bench.heard(ann.key), [refused(ErrorCode::FULL)]);
                assert_eq!(bench.heard(full), []);
            } else {
                let attach = bench.claimed_attach(full, number);
                bench.say(full, &AttachDenied { reason: ErrorCode::FULL, ..denial(&attach) });
                assert_eq!(bench.heard(ann.key), []);
            }
        }
        assert!(bench.role().rooms().is_empty());
        bench.expect_no_question();
    });
}

#[test]
fn a_name_that_there_is_refuses_who_wants_a_new_one() {
    with_named_rooms(4, |bench| {
        let _worlds = [1, 2].map(|id| bench.register_with_rooms(id));
        let ann = bench.greet();
        bench.wish(ann, created("den"));
        let work = bench.asked_name("den");
        let NameAsk::Write { world, .. } = work.ask else { panic!("{work:?}") };
        bench.answer_name(&work, NameAnswer::Conflict);
        let work = bench.asked_name("den");
        bench.answer_name(&work, at_world(3 - world.0, 9));
        assert_eq!(bench.heard(ann.key), [refused(ErrorCode::ROOM_EXISTS)]);
        assert!(bench.role().rooms().is_empty());
        bench.expect_no_question();
    });
}

#[test]
fn a_name_of_a_world_that_another_main_has_is_not_taken() {
    with_named_rooms(4, |bench| {
        let world = bench.register_with_rooms(1);
        let ann = bench.greet();
        bench.wish(ann, named_or_new("den"));
        let work = bench.asked_name("den");
        bench.answer_name(&work, NameAnswer::Conflict);
        let work = bench.asked_name("den");
        bench.answer_name(&work, at_world_elsewhere(5, 9));
        assert_eq!(bench.heard(ann.key), [refused(ErrorCode::NO_WORLD)]);
        assert!(bench.role().rooms().is_empty());
        // Of one that nobody has it is.
        bench.wish(ann, named_or_new("den"));
        let work = bench.asked_name("den");
        bench.answer_name(&work, NameAnswer::Conflict);
        let work = bench.asked_name("den");
        bench.answer_name(&work, at_world(5, 9));
        let work = bench.asked_name("den");
        assert_eq!(work.ask, write(1, 9));
        bench.answer_name(&work, written(10));
        bench.claimed_attach(world, 10);
    });
}

#[test]
fn without_an_answer_the_wish_is_refused_and_what_is_written_all_the_same_is_given_back() {
    with_named_rooms(4, |bench| {
        let world = bench.register_with_rooms(1);
        let ann = bench.greet();
        bench.wish(ann, named_or_new("den"));
        let work = bench.asked_name("den");
        bench.answer_name(&work, NameAnswer::Unavailable);
        assert_eq!(bench.heard(ann.key), [refused(ErrorCode::DIRECTORY_UNAVAILABLE)]);
        bench.wish(ann, named_or_new("den"));
        let work = bench.asked_name("den");
        bench.pass_ms(ATTACH_TIMEOUT_MS - 16);
        assert_eq!(bench.heard(ann.key), []);
        bench.pass_ms(32);
        assert_eq!(bench.heard(ann.key), [refused(ErrorCode::DIRECTORY_UNAVAILABLE)]);
        assert!(bench.role().rooms().is_empty());
        bench.answer_name(&work, written(8));
        let work = bench.asked_name("den");
        assert_eq!(work.ask, NameAsk::Remove { expected: ClaimNumber(8) });
        assert_eq!(bench.heard(world), []);
    });
}

#[test]
fn who_leaves_while_its_name_is_asked_for_leaves_nothing() {
    with_named_rooms(4, |bench| {
        bench.register_with_rooms(1);
        let ann = bench.greet();
        bench.wish(ann, named_or_new("den"));
        let work = bench.asked_name("den");
        bench.disconnect(ann.key);
        assert!(bench.role().rooms().is_empty());
        bench.answer_name(&work, written(8));
        let work = bench.asked_name("den");
        assert_eq!(work.ask, NameAsk::Remove { expected: ClaimNumber(8) });
        bench.answer_name(&work, NameAnswer::Unavailable);
        bench.expect_no_question();
    });
}

#[test]
fn a_stale_number_is_claimed_anew() {
    with_named_rooms(4, |bench| {
        let world = bench.register_with_rooms(1);
        let ann = bench.greet();
        bench.wish(ann, named_or_new("den"));
        let work = bench.asked_name("den");
        bench.answer_name(&work, written(7));
        let attach = bench.claimed_attach(world, 7);
        bench.say(world, &RoomClaimEnds { claim: ClaimNumber(7) });
        bench.say(world, &AttachDenied { reason: ErrorCode::STALE_ROOM, ..denial(&attach) });
        let work = bench.asked_name("den");
        assert_eq!(work.ask, NameAsk::Remove { expected: ClaimNumber(7) });
        bench.pass_ms(128);
        // The removal is not waited for.
        let again = bench.asked_name("den");
        assert_eq!(again.ask, write(1, 7));
        bench.answer_name(&work, NameAnswer::Removed);
        bench.answer_name(&again, NameAnswer::Conflict);
        let work = bench.asked_name("den");
        bench.answer_name(&work, NameAnswer::Free(ClaimNumber(0)));
        let work = bench.asked_name("den");
        assert_eq!(work.ask, write(1, 0));
        bench.answer_name(&work, written(9));
        bench.claimed_attach(world, 9);
    });
}

#[test]
fn of_two_rooms_of_one_name_the_higher_number_stays_whoever_is_heard_first() {
    for is_higher_first in [true, false] {
        with_named_rooms(4, |bench| {
            let [low, high] = [1, 2].map(|id| bench.register_with_rooms(id));
            if is_higher_first {
                bench.open_claimed(high, 0, "den", 9);
                bench.open_claimed(low, 3, "den", 8);
            } else {
                bench.open_claimed(low, 3, "den", 8);
                bench.open_claimed(high, 0, "den", 9);
            }
            assert_eq!((bench.heard(low), bench.heard(high)), (vec![close(3, "den")], vec![]));
            bench.say(low, &RoomClosed { room_id: RoomId(3) });
            bench.expect_no_question();
            // Whoever comes back is known by its number, and by its world.
            bench.disconnect(high);
            let other = bench.register_with_rooms(3);
            bench.open_claimed(other, 0, "den", 8);
            assert_eq!(bench.heard(other), [close(0, "den")]);
            let high = bench.register_with_rooms(2);
            bench.open_claimed(high, 0, "den", 9);
            assert_eq!(bench.heard(high), []);
        });
    }
}

#[test]
fn a_room_that_nobody_has_claimed_is_claimed_for_its_world() {
    with_named_rooms(4, |bench| {
        let world = bench.register_with_rooms(1);
        let room_id = RoomId(0);
        bench.say(world, &RoomOpened { room_id, line: line("den", "", 0), is_listed: true });
        let work = bench.asked_name("den");
        assert_eq!(work.ask, write(1, 0));
        bench.answer_name(&work, NameAnswer::Unavailable);
        bench.expect_no_question();
        let properties = Bytes::EMPTY;
        let (is_locked, is_listed) = (false, true);
        bench.say(world, &RoomChanged { room_id, members: 1, is_locked, is_listed, properties });
        let work = bench.asked_name("den");
        bench.answer_name(&work, NameAnswer::Conflict);
        let work = bench.asked_name("den");
        // What was there before gives way to what is there.
        bench.answer_name(&work, at_world_elsewhere(2, 5));
        let work = bench.asked_name("den");
        assert_eq!(work.ask, write(1, 5));
        bench.answer_name(&work, written(6));
        let ann = bench.greet();
        bench.wish(ann, named_or_new("den"));
        bench.claimed_attach(world, 6);
    });
}

#[test]
fn both_sides_of_how_many_names_are_asked_about() {
    with_named_rooms(1, |bench| {
        bench.register_with_rooms(1);
        let (ann, bob) = (bench.greet(), bench.greet());
        bench.wish(ann, named_or_new("den"));
        bench.wish(bob, named_or_new("hut"));
        assert_eq!(
            (bench.heard(ann.key), bench.heard(bob.key)),
            (vec![], vec![refused(ErrorCode::FULL)])
        );
        let work = bench.asked_name("den");
        bench.answer_name(&work, written(7));
        bench.wish(bob, named_or_new("hut"));
        bench.asked_name("hut");
    });
}
