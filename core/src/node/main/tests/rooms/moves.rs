//! Rooms that move: Main carries words, and leads whoever has its seat elsewhere.

use super::*;
use crate::node::main::{MoveProblem, MoveState};
use crate::protocol::MoveWord;
use crate::protocol::main_to_client::Moved;
use crate::protocol::main_to_world::{HearOfMove, MoveRoom, TakeBlock};
use crate::protocol::world_to_main::{
    DrainState, MovesRooms, OffersRoom, RoomBlock, RoomMovedHere, SayOfMove, UserMovedHere,
};

const FROM: WorldId = WorldId(1);
const TO: WorldId = WorldId(2);

/// Runs `test` when a guest is in room 3, "den", of world 1, beside world 2 of the same game.
fn with_den(test: impl FnOnce(&mut MainBench<'_>, [SessionKey; 2], Guest)) {
    with_rooms(|bench| {
        let source = bench.register_with_rooms(1);
        let guest = bench.greet();
        bench.wish(guest, named_or_new("den"));
        bench.let_open(source, 3, guest);
        bench.say(source, &UserJoined { uid: guest.uid, is_spectator: false });
        let target = bench.register_with_rooms(2);
        for world in [source, target] {
            bench.say(world, &MovesRooms { game_version: 5 });
        }
        bench.heard(guest.key);
        test(bench, [source, target], guest);
        let counted = bench.role().worlds().iter().map(|(_, world)| usize::from(world.users));
        let users = bench.role().users().iter();
        let placed = users.filter(|(_, user)| user.place().world().is_some()).count();
        assert_eq!(counted.sum::<usize>(), placed);
    });
}

fn ask(bench: &mut MainBench<'_>, to: Option<WorldId>) -> Result<u32, MoveProblem> {
    let (world, room) = bench.role().find_room(bench.now, "den").expect("it is open");
    bench.act(|main, cx| main.move_room(cx, (world, room), to))
}

fn state(bench: &MainBench<'_>, id: u32) -> Option<MoveState> {
    bench.role().moves().find(|it| it.id == id).map(|it| it.state)
}

fn say(move_id: u32, to: WorldId, word: MoveWord, about: u16) -> SayOfMove {
    SayOfMove { move_id, to, word, about }
}

/// The target has the room and its seat.
fn has_come(bench: &mut MainBench<'_>, target: SessionKey, guest: Guest) {
    let name = Text::new("den").unwrap();
    bench.say(target, &RoomMovedHere { from: FROM, name });
    bench.open(target, 6, line("den", "", 1));
    bench.say(target, &UserMovedHere { uid: guest.uid, from: FROM });
}

#[test]
fn words_and_blocks_go_to_the_world_at_the_other_end() {
    with_den(|bench, [source, target], _| {
        let id = ask(bench, None).unwrap();
        let heard = bench.heard(source);
        let asked: MoveRoom = heard[0].read().unwrap();
        assert_eq!((asked.move_id, asked.room_id, asked.to), (id, RoomId(3), TO));
        let bytes = Bytes::new(&[1, 2, 3]).unwrap();
        let block = RoomBlock { move_id: id, to: TO, index: 0, is_last: true, bytes };
        bench.say(source, &block);
        let taken = TakeBlock { move_id: id, from: FROM, index: 0, is_last: true, bytes };
        assert_eq!(bench.heard(target), [Said::of(&taken)]);
        bench.say(target, &say(id, FROM, MoveWord::ARRIVED, 0));
        let word = HearOfMove { move_id: id, from: TO, word: MoveWord::ARRIVED, about: 0 };
        assert_eq!(bench.heard(source), [Said::of(&word)]);
        assert_eq!(state(bench, id), Some(MoveState::Moving));
        bench.say(target, &say(id, FROM, MoveWord::OPENED, 0));
        assert_eq!(state(bench, id), Some(MoveState::Moved));
        // What comes late changes nothing of that.
        bench.say(source, &say(id, TO, MoveWord::KEPT, 0));
        assert_eq!(state(bench, id), Some(MoveState::Moved));
        // Nobody is there to take it.
        bench.heard(source);
        bench.say(source, &RoomBlock { to: WorldId(9), ..block });
        let (word, about) = (MoveWord::REFUSED, ErrorCode::NO_WORLD.0);
        let refused = HearOfMove { move_id: id, from: WorldId(9), word, about };
        assert_eq!(bench.heard(source), [Said::of(&refused)]);
    });
}

#[test]
fn a_room_is_asked_to_move_where_it_can() {
    with_den(|bench, [_, target], _| {
        assert_eq!(ask(bench, Some(FROM)), Err(MoveProblem::NotThere));
        assert_eq!(ask(bench, Some(WorldId(9))), Err(MoveProblem::NoSuchWorld));
        // It takes nobody new.
        bench.say(target, &DrainState { is_draining: true });
        assert_eq!(ask(bench, Some(TO)), Err(MoveProblem::NotThere));
        assert_eq!(ask(bench, None), Err(MoveProblem::NoTarget));
        bench.say(target, &DrainState { is_draining: false });
        // Another version of the game.
        bench.say(target, &MovesRooms { game_version: 6 });
        assert_eq!(ask(bench, None), Err(MoveProblem::NoTarget));
        bench.say(target, &MovesRooms { game_version: 5 });
        let ids: Vec<_> = (0..4).map(|_| ask(bench, Some(TO)).unwrap()).collect();
        assert_eq!(ask(bench, None), Err(MoveProblem::Busy));
        bench.say(target, &say(ids[1], FROM, MoveWord::REFUSED, ErrorCode::FULL.0));
        assert_eq!(state(bench, ids[1]), Some(MoveState::Stayed(ErrorCode::FULL)));
        ask(bench, None).unwrap();
        let nowhere = bench.act(|main, cx| main.move_room(cx, (WorldId(9), RoomId(0)), None));
        assert_eq!(nowhere, Err(MoveProblem::NoSuchWorld));
        bench.register_with_rooms(3);
        let fixed = bench.act(|main, cx| main.move_room(cx, (WorldId(3), RoomId(0)), Some(TO)));
        assert_eq!(fixed, Err(MoveProblem::Fixed));
    });
}

/// What is known not to fit is not asked for: a place too many, a member, or a room.
#[test]
fn a_room_is_not_asked_to_move_where_it_does_not_fit() {
    with_den(|bench, [source, target], _| {
        let den = |capacity, members| RoomLine { capacity, ..line("den", "", members) };
        // A room there has four places.
        bench.open(source, 3, den(5, 4));
        bench.heard(source);
        for to in [Some(TO), None] {
            assert_eq!(ask(bench, to), Err(MoveProblem::TooLarge));
        }
        bench.say(source, &OffersRoom { room_id: RoomId(3), not_to: FROM });
        assert_eq!(bench.heard(source), []);
        bench.open(source, 3, den(4, 4));
        ask(bench, Some(TO)).unwrap();
        // It has 32 places in all.
        bench.say(target, &Status { users: 29, rooms: 7, load: 0, held: 0 });
        for to in [Some(TO), None] {
            assert_eq!(ask(bench, to), Err(MoveProblem::Full));
        }
        bench.say(target, &Status { users: 28, rooms: 7, load: 0, held: 0 });
        ask(bench, Some(TO)).unwrap();
        // Another one has two rooms: somebody is in each, or each has a name.
        let small = bench.register_sized(3, 8, 2);
        bench.say(small, &MovesRooms { game_version: 5 });
        let to_small = Some(WorldId(3));
        bench.say(small, &Status { users: 2, rooms: 2, load: 0, held: 0 });
        assert_eq!(ask(bench, to_small), Err(MoveProblem::Full));
        bench.say(small, &Status { users: 0, rooms: 0, load: 0, held: 0 });
        for (room, name) in ["hut", "inn"].into_iter().enumerate() {
            bench.open(small, room as u16, line(name, "", 0));
        }
        assert_eq!(ask(bench, to_small), Err(MoveProblem::Full));
        bench.say(small, &RoomClosed { room_id: RoomId(1) });
        ask(bench, to_small).unwrap();
    });
}

#[test]
fn a_room_that_its_world_offers_is_asked_for_if_another_world_takes_it() {
    with_den(|bench, [source, target], _| {
        let room_id = RoomId(3);
        bench.heard(source);
        for (not_to, closed) in [(TO, false), (FROM, true)] {
            bench.say(target, &DrainState { is_draining: closed });
            bench.say(source, &OffersRoom { room_id, not_to });
            assert_eq!(bench.heard(source), []);
        }
        bench.say(target, &DrainState { is_draining: false });
        bench.say(source, &OffersRoom { room_id, not_to: FROM });
        let asked: MoveRoom = bench.heard(source)[0].read().unwrap();
        assert_eq!((asked.room_id, asked.to), (room_id, TO));
    });
}

#[test]
fn whoever_has_its_seat_elsewhere_is_led_there_unasked() {
    with_den(|bench, [source, target], guest| {
        has_come(bench, target, guest);
        let attach = bench.attach_at(target);
        assert_eq!((attach.uid, attach.wish.name.as_str()), (guest.uid, "den"));
        // What its former world says now is old.
        bench.say(source, &UserLeft { uid: guest.uid });
        bench.say(source, &RoomClosed { room_id: RoomId(3) });
        bench.say(target, &ack(&attach));
        let world_addr = address(2);
        let moved = Moved {
            world_addr: Text::new(&world_addr).unwrap(),
            is_sealing: false,
            key_id: attach.key_id,
            handshake_key: attach.handshake_key,
        };
        assert_eq!(bench.heard(guest.key), [Said::of(&moved)]);
        bench.say(target, &UserJoined { uid: guest.uid, is_spectator: false });
        assert_eq!(bench.place(guest.uid), Some(Place::Inside(bench.key_of_world(2))));
        assert_eq!(bench.heard(source), []);
        let den = bench.role().find_room(bench.now, "den");
        assert_eq!(den, Some((TO, RoomId(6))));
        // Others who wish for it go there.
        let other = bench.greet();
        bench.wish(other, named("den"));
        assert_eq!(bench.attach_at(target).uid, other.uid);
    });
}

#[test]
fn who_asks_meanwhile_gets_an_answer_and_no_more() {
    with_den(|bench, [_, target], guest| {
        has_come(bench, target, guest);
        let attach = bench.attach_at(target);
        bench.wish(guest, named_or_new("den"));
        bench.say(target, &ack(&attach));
        assert_eq!(bench.heard(guest.key), [sent_to(2, &attach)]);
    });
}

#[test]
fn who_asks_before_main_hears_of_the_move_waits_for_it() {
    with_den(|bench, [source, target], guest| {
        bench.wish(guest, named_or_new("den"));
        let attach = bench.attach_at(source);
        let reason = ErrorCode::MOVED;
        bench.say(source, &AttachDenied { reason, ..denial(&attach) });
        assert_eq!(bench.heard(guest.key), []);
        has_come(bench, target, guest);
        let attach = bench.attach_at(target);
        bench.say(target, &ack(&attach));
        assert_eq!(bench.heard(guest.key), [sent_to(2, &attach)]);
        assert_eq!(bench.heard(source), []);
    });
}

#[test]
fn a_world_that_does_not_answer_leaves_its_seat_where_it_is() {
    with_den(|bench, [_, target], guest| {
        has_come(bench, target, guest);
        let attach = bench.attach_at(target);
        bench.pass_ms(ATTACH_TIMEOUT_MS);
        assert_eq!(bench.heard(guest.key), []);
        assert_eq!(bench.place(guest.uid), Some(Place::Inside(bench.key_of_world(2))));
        assert_eq!(bench.heard(target), []);
        bench.say(target, &ack(&attach));
        bench.wish(guest, named_or_new("den"));
        assert_eq!(bench.attach_at(target).uid, guest.uid);
    });
}

#[test]
fn who_has_left_for_elsewhere_leaves_the_seat_behind() {
    with_den(|bench, [source, target], guest| {
        bench.wish(guest, created("hut"));
        assert_eq!(bench.heard(source), [detach(guest.uid, ErrorCode::REPLACED)]);
        has_come(bench, target, guest);
        let heard = bench.heard(target);
        assert!(heard.contains(&detach(guest.uid, ErrorCode::REPLACED)), "{heard:?}");
    });
}
