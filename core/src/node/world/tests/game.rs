//! A game on top: what it is called with, and what it can do.

use crate::protocol::world_to_client::EventRefused;
use core::cell::RefCell;
use core::slice;

use super::*;
use crate::protocol::{EVENT_MAX_BYTES, SendError, world_to_main};
use crate::wire::Full;

/// What the game was called with. `members` are the uids that its context showed, newest first.
#[derive(Clone, PartialEq, Debug)]
enum Call {
    Spawn(u32, Vec<u32>),
    Enter(u32, Vec<u32>),
    Leave(u32, Vec<u32>),
    Move(MemberState, MemberState),
    Event(u32, u16, Vec<u8>),
    Tick(u64, u32),
}

/// Events of these kinds make the game do something, to the member whose uid is the data.
const RELAY: u16 = 0;
const REFUSE: u16 = 1;
const PLACE: u16 = 2;
const TELL: u16 = 3;
const REMOVE: u16 = 4;
const FLOOD: u16 = 5;

/// Users from here on are removed as soon as they are in.
const UNWANTED: u32 = 90;
/// Users from here on are not let in.
const BARRED: u32 = 95;
const TICK_MS: u32 = 100;
const FIELD: i32 = 1_000;

#[derive(Default)]
struct Recording {
    calls: RefCell<Vec<Call>>,
    told: RefCell<Vec<Result<(), SendError>>>,
    floods: RefCell<Vec<usize>>,
}

fn members(room: &RoomContext<'_, '_>) -> Vec<u32> {
    room.members().map(|member| member.uid.0 as u32).collect()
}

fn spawn_of(uid: u32) -> Position {
    Position { x: uid as i32 * 10, y: 1, z: -1 }
}

impl Recording {
    fn note(&self, call: Call) {
        self.calls.borrow_mut().push(call);
    }
}

impl Game for Recording {
    const NAME: &'static str = "recording";
    const TICK_INTERVAL_MS: u32 = TICK_MS;

    fn admit(&mut self, _: &mut RoomContext<'_, '_>, who: &Who<'_>) -> Admission {
        match who.uid.0 as u32 {
            BARRED.. => Admission::Refuse(Refusal::new(7, "barred")),
            _ => Admission::Player,
        }
    }

    fn spawn(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid) -> (Position, Direction) {
        self.note(Call::Spawn(uid.0 as u32, members(room)));
        (spawn_of(uid.0 as u32), Direction(5))
    }

    fn on_enter(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid) {
        self.note(Call::Enter(uid.0 as u32, members(room)));
        if (uid.0 as u32) >= UNWANTED {
            room.kick(uid, &Refusal::UNSAID);
        }
    }

    fn on_leave(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid, _: Left) {
        assert_eq!(room.member(uid), None);
        self.note(Call::Leave(uid.0 as u32, members(room)));
    }

    fn on_move(
        &mut self,
        _: &mut RoomContext<'_, '_>,
        from: MemberState,
        to: MemberState,
    ) -> MoveVerdict {
        self.note(Call::Move(from, to));
        match to.pos.x {
            ..0 => MoveVerdict::Refuse,
            0..=FIELD => MoveVerdict::Accept,
            _ => MoveVerdict::Correct(Position { x: FIELD, ..to.pos }, Direction(6)),
        }
    }

    fn on_event(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        uid: Uid,
        kind: u16,
        data: Bytes<'_, EVENT_MAX_BYTES>,
    ) -> Result<(), Full> {
        self.note(Call::Event(uid.0 as u32, kind, data.as_slice().to_vec()));
        let whom = Uid(data.as_slice().first().copied().unwrap_or_default().into());
        match kind {
            REFUSE => return Err(Full),
            PLACE => room.place(whom, at(333), Direction(7)),
            TELL => self.told.borrow_mut().push(room.tell_event(whom, 77, data)),
            REMOVE => room.kick(whom, &Refusal::UNSAID),
            FLOOD => {
                let said = (0..1_000).take_while(|_| room.broadcast(uid, FLOOD, data).is_ok());
                self.floods.borrow_mut().push(said.count());
            }
            _ => return room.broadcast(uid, kind, data),
        }
        Ok(())
    }

    fn on_tick(&mut self, room: &mut RoomContext<'_, '_>, tick: Tick) {
        assert!(room.members().count() > 0);
        self.note(Call::Tick(tick.number, tick.elapsed_ms));
    }
}

type GameBench<'a> = WorldBench<'a, Recording>;

impl GameBench<'_> {
    /// What the game of `room` was called with since the last look, without ticks.
    fn calls(&self, room: u16) -> Vec<Call> {
        let game = self.role().game(RoomId(room)).expect("a room");
        let calls = game.calls.borrow_mut().split_off(0);
        calls.into_iter().filter(|call| !matches!(call, Call::Tick(..))).collect()
    }

    fn ticks(&self, room: u16) -> usize {
        let game = self.role().game(RoomId(room)).expect("a room");
        let calls = game.calls.borrow_mut().split_off(0);
        calls.into_iter().filter(|call| matches!(call, Call::Tick(..))).count()
    }
}

fn with_recording(test: impl FnOnce(&mut GameBench<'_>, SessionKey)) {
    with_game(Setup { room_capacity: 3, ..SETUP }, |bench| {
        let main = bench.meet_main();
        test(bench, main);
    });
}

fn state_of(uid: u32, pos: Position, dir: u16) -> MemberState {
    MemberState { number: number(uid), uid: Uid(uid.into()), pos, dir: Direction(dir) }
}

#[test]
fn a_room_s_life_in_order() {
    with_recording(|bench, main| {
        let first = bench.join(main, 1);
        let welcome: JoinOk = bench.heard(first)[0].read().unwrap();
        assert_eq!(welcome.spawn_pos, spawn_of(1));
        let second = bench.join(main, 2);
        let snapshot: RoomSnapshot = bench.heard(second)[1].read().unwrap();
        assert_eq!(snapshot.members.as_slice(), [state_of(1, spawn_of(1), 5)]);
        bench.say(first, &event(RELAY, b"hi"));
        bench.say(second, &step(40));
        bench.say(first, &Leave {});
        bench.disconnect(second);
        let moved_to =
            MemberState { number: number(2), uid: Uid(2), pos: at(40), dir: Direction(9) };
        let expected = [
            Call::Spawn(1, vec![]),
            Call::Enter(1, vec![1]),
            Call::Spawn(2, vec![1]),
            Call::Enter(2, vec![2, 1]),
            Call::Event(1, RELAY, b"hi".to_vec()),
            Call::Move(state_of(2, spawn_of(2), 5), moved_to),
            Call::Leave(1, vec![2]),
            Call::Leave(2, vec![]),
        ];
        assert_eq!(bench.calls(0), expected);
        assert_eq!(bench.calls(1), []);
    });
}

#[test]
fn every_room_has_a_game_of_its_own() {
    with_recording(|bench, main| {
        bench.fill(main, 4);
        assert_eq!(bench.calls(0).len(), 6);
        assert_eq!(bench.calls(1), [Call::Spawn(4, vec![]), Call::Enter(4, vec![4])]);
    });
}

#[test]
fn an_accepted_move_is_told_to_the_others_alone() {
    with_recording(|bench, main| {
        let keys = bench.fill(main, 2);
        bench.say(keys[0], &step(FIELD));
        bench.pass_ms(FLUSH_MS);
        assert_eq!((bench.heard(keys[0]), bench.heard(keys[1])), (vec![], vec![moved(1, FIELD)]));
        let stats = bench.role().stats();
        assert_eq!((stats.moves, stats.moves_refused), (1, 0));
    });
}

#[test]
fn a_corrected_move_is_told_to_everyone_and_to_the_mover_at_once() {
    with_recording(|bench, main| {
        let keys = bench.fill(main, 2);
        bench.say(keys[0], &step(FIELD + 1));
        let corrected = state_of(1, Position { x: FIELD, ..at(0) }, 6);
        let MemberState { number, pos, dir, .. } = corrected;
        let corrected = Said::of(&MoveBroadcast { number, pos, dir });
        assert_eq!(bench.heard(keys[0]), slice::from_ref(&corrected));
        assert_eq!(bench.flush_and_hear(keys[1]), [corrected]);
        assert_eq!(bench.heard(keys[0]), []);
        let stats = bench.role().stats();
        assert_eq!((stats.moves, stats.moves_refused), (0, 1));
    });
}

#[test]
fn a_refused_move_is_told_to_the_mover_alone_with_where_it_is() {
    with_recording(|bench, main| {
        let keys = bench.fill(main, 2);
        bench.say(keys[0], &step(70));
        bench.say(keys[0], &step(-1));
        assert_eq!(bench.heard(keys[0]), [moved(1, 70)]);
        assert_eq!(bench.flush_and_hear(keys[1]), [moved(1, 70)]);
        let stats = bench.role().stats();
        assert_eq!((stats.moves, stats.moves_refused), (1, 1));
    });
}

#[test]
fn a_refused_event_is_answered_and_told_to_nobody() {
    with_recording(|bench, main| {
        let keys = bench.fill(main, 2);
        bench.say(keys[0], &event(REFUSE, b""));
        let busy = EventRefused { request: REQUEST, reason: ErrorCode::BUSY };
        assert_eq!(bench.heard(keys[0]), [Said::of(&busy)]);
        assert_eq!(bench.flush_and_hear(keys[1]), []);
        assert_eq!(bench.role().stats().events, 0);
        assert_eq!(bench.state(keys[0]), Some(SessionState::Ready));
    });
}

#[test]
fn ticks_begin_with_the_first_user_and_end_with_the_last() {
    with_recording(|bench, main| {
        bench.pass_ms(10 * TICK_MS);
        assert_eq!(bench.ticks(0), 0);
        let keys = [bench.join(main, 1), bench.join(main, 2)];
        bench.ticks(0);
        bench.pass_ms(TICK_MS - 1);
        assert_eq!(bench.ticks(0), 0);
        bench.pass_ms(1);
        assert_eq!(bench.ticks(0), 1);
        bench.disconnect(keys[0]);
        bench.pass_ms(7 * TICK_MS);
        assert_eq!((bench.ticks(0), bench.ticks(1)), (7, 0));
        bench.say(keys[1], &Leave {});
        bench.pass_ms(7 * TICK_MS);
        assert_eq!((bench.ticks(0), bench.role().next_deadline()), (0, None));
        bench.join(main, 3);
        bench.pass_ms(TICK_MS);
        assert_eq!(bench.ticks(0), 1);
    });
}

#[test]
fn ticks_are_for_rooms_with_somebody_in_them() {
    with_recording(|bench, main| {
        let keys = bench.fill(main, 4);
        for key in &keys[..3] {
            bench.disconnect(*key);
        }
        bench.ticks(0);
        bench.ticks(1);
        bench.pass_ms(3 * TICK_MS);
        assert_eq!((bench.ticks(0), bench.ticks(1)), (0, 3));
    });
}

#[test]
fn a_member_that_the_game_puts_somewhere_is_told_and_everyone_sees_it() {
    with_recording(|bench, main| {
        let keys = bench.fill(main, 3);
        bench.say(keys[0], &event(PLACE, &[2]));
        let placed = MoveBroadcast { number: number(2), pos: at(333), dir: Direction(7) };
        let placed = Said::of(&placed);
        assert_eq!(bench.heard(keys[1]), slice::from_ref(&placed));
        bench.pass_ms(FLUSH_MS);
        assert_eq!(bench.heard(keys[0]), slice::from_ref(&placed));
        assert_eq!(bench.heard(keys[1]), []);
        assert_eq!(bench.heard(keys[2]), [placed]);
        bench.say(keys[0], &event(PLACE, &[99])); // nobody of that name
        assert_eq!(bench.flush_and_hear(keys[2]), []);
    });
}

#[test]
fn the_game_tells_one_member_of_its_own_room() {
    with_recording(|bench, main| {
        let keys = bench.fill(main, 4); // the fourth is in the next room
        for whom in [2, 4, 99] {
            bench.say(keys[0], &event(TELL, &[whom]));
        }
        let told = bench.role().game(RoomId(0)).unwrap().told.take();
        assert_eq!(told, [Ok(()), Err(SendError::Closed), Err(SendError::Closed)]);
        assert_eq!(bench.heard(keys[1]), [said_event(0, 77, &[2])]);
        for key in [keys[0], keys[2], keys[3]] {
            assert_eq!(bench.flush_and_hear(key), []);
        }
    });
}

#[test]
fn whom_the_game_removes_leaves_like_anyone() {
    with_recording(|bench, main| {
        let keys = bench.fill(main, 3);
        bench.calls(0);
        bench.say(keys[0], &event(REMOVE, &[2]));
        assert_eq!(bench.heard(keys[1]), [bye(ErrorCode::REMOVED)]);
        assert_eq!(bench.ended(keys[1]), Some(ErrorCode::REMOVED));
        assert_eq!(bench.heard(main), [Said::of(&world_to_main::UserLeft { uid: Uid(2) })]);
        assert_eq!(bench.flush_and_hear(keys[2]), [left(2)]);
        let expected = [Call::Event(1, REMOVE, vec![2]), Call::Leave(2, vec![3, 1])];
        assert_eq!(bench.calls(0), expected);
    });
}

#[test]
fn the_game_may_remove_whoever_is_calling_it() {
    with_recording(|bench, main| {
        let keys = bench.fill(main, 2);
        let input = [frame_of(&event(REMOVE, &[1])), frame_of(&step(5))].concat();
        bench.calls(0);
        bench.say_bytes(keys[0], &input);
        assert_eq!(bench.heard(keys[0]), [bye(ErrorCode::REMOVED)]);
        assert_eq!(bench.flush_and_hear(keys[1]), [left(1)]);
        assert_eq!(bench.calls(0).len(), 2); // and nothing of it is heard any more
    });
}

#[test]
fn the_game_may_remove_a_newcomer() {
    with_recording(|bench, main| {
        let keys = bench.fill(main, 1);
        bench.calls(0);
        let unwanted = bench.join(main, UNWANTED);
        let heard = bench.heard(unwanted);
        assert!(heard[0].is::<JoinOk>());
        assert_eq!(heard.last(), Some(&bye(ErrorCode::REMOVED)));
        let expected = [
            Call::Spawn(UNWANTED, vec![1]),
            Call::Enter(UNWANTED, vec![UNWANTED, 1]),
            Call::Leave(UNWANTED, vec![1]),
        ];
        assert_eq!((bench.calls(0), bench.uids()), (expected.to_vec(), vec![1]));
        let state = state_of(UNWANTED, spawn_of(UNWANTED), 5);
        let member = MemberState { number: number(2), ..state };
        let expected = [Said::of(&UserEntered { member }), left(2)];
        assert_eq!(bench.flush_and_hear(keys[0]), expected);
    });
}

#[test]
fn the_game_may_refuse_a_newcomer_who_has_the_key() {
    with_recording(|bench, main| {
        bench.fill(main, 1);
        bench.calls(0);
        let barred = bench.join(main, BARRED);
        let text = Text::truncated("barred");
        let refused = JoinDenied { reason: JoinDenial::REFUSED, code: 7, text };
        assert_eq!(bench.heard(barred), [Said::of(&refused)]);
        assert!(bench.ended(barred).is_some());
        assert_eq!((bench.calls(0), bench.uids()), (vec![], vec![1]));
        assert_eq!(bench.role().stats().denied_for(JoinDenial::REFUSED), 1);
        let admitted = bench.join(main, BARRED - 1);
        assert!(bench.heard(admitted)[0].is::<JoinOk>());
    });
}

/// Says something to the room, then to one member, then to the room again.
#[test]
fn what_one_member_is_told_stands_between_what_the_room_was_told_before_and_behind() {
    with_recording(|bench, main| {
        let keys = bench.fill(main, 3);
        bench.say(keys[0], &event(RELAY, b"before"));
        bench.say(keys[0], &event(TELL, &[2]));
        assert_eq!(bench.heard(keys[1]), []);
        bench.say(keys[0], &event(RELAY, b"behind"));
        let said = |data: &[u8]| said_event(1, RELAY, data);
        let told = said_event(0, 77, &[2]);
        assert_eq!(bench.flush_and_hear(keys[1]), [said(b"before"), told.clone(), said(b"behind")]);
        // Nothing goes first: at once.
        bench.say(keys[0], &event(TELL, &[2]));
        assert_eq!(bench.heard(keys[1]), [told]);
    });
}

#[test]
fn a_refusal_comes_behind_what_was_taken_before_it() {
    with_recording(|bench, main| {
        let keys = bench.fill(main, 2);
        bench.say(keys[0], &event(RELAY, b"taken"));
        bench.say(keys[0], &event(REFUSE, b""));
        assert_eq!(bench.heard(keys[0]), []);
        let refused = EventRefused { request: REQUEST, reason: ErrorCode::BUSY };
        let expected = [said_event(1, RELAY, b"taken"), Said::of(&refused)];
        assert_eq!(bench.flush_and_hear(keys[0]), expected);
    });
}

#[test]
fn whom_the_game_removes_hears_what_it_was_told_before() {
    with_recording(|bench, main| {
        let keys = bench.fill(main, 2);
        bench.say(keys[0], &event(RELAY, b"before"));
        bench.say(keys[0], &event(TELL, &[2]));
        bench.say(keys[0], &event(REMOVE, &[2]));
        let heard = bench.heard(keys[1]);
        assert_eq!(heard, [said_event(0, 77, &[2]), bye(ErrorCode::REMOVED)]);
    });
}

#[test]
fn what_is_held_for_a_member_that_is_overtaken_comes_behind_its_snapshot() {
    with_game(Setup { ring_bytes: 2_048, ..SETUP }, |bench: &mut GameBench<'_>| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 2);
        bench.limit(keys[1], 0);
        bench.say(keys[0], &event(RELAY, b"before"));
        bench.say(keys[0], &event(TELL, &[2]));
        for _ in 0..20 {
            bench.say(keys[0], &event(RELAY, &[1; 200]));
            bench.pass_ms(FLUSH_MS);
        }
        bench.unblock(keys[1], usize::MAX);
        bench.pass_ms(2 * FLUSH_MS);
        let heard = bench.heard(keys[1]);
        let told = heard.iter().position(|said| *said == said_event(0, 77, &[2])).unwrap();
        assert!(heard[..told].iter().any(Said::is::<RoomSnapshot>), "{heard:?}");
    });
}

#[test]
fn both_sides_of_what_is_held_for_a_member() {
    with_recording(|bench, main| {
        let keys = bench.fill(main, 2);
        bench.say(keys[0], &event(RELAY, b"before"));
        let told = |bench: &GameBench<'_>| bench.role().game(RoomId(0)).unwrap().told.take();
        let mut count = 0;
        while told(bench).iter().all(Result::is_ok) {
            count += 1;
            assert!(count < 1_000);
            bench.say(keys[0], &event(TELL, &[2; 200]));
        }
        let heard = bench.flush_and_hear(keys[1]);
        assert_eq!(heard.len(), 1 + count - 1, "the room's, and all that was taken");
        assert_eq!(bench.state(keys[1]), Some(SessionState::Ready));
    });
}

/// A game that says more than its room takes is told so, and the room lives on.
#[test]
fn a_game_that_says_too_much_is_told_that_the_room_is_full() {
    with_game(Setup { ring_bytes: 2_048, ..SETUP }, |bench: &mut GameBench<'_>| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 2);
        bench.say(keys[0], &event(FLOOD, &[1; 200]));
        let floods = bench.role().game(RoomId(0)).unwrap().floods.take();
        assert!(matches!(floods[..], [1..10]));
        let heard = bench.flush_and_hear(keys[1]);
        assert_eq!(heard, vec![said_event(1, FLOOD, &[1; 200]); floods[0]]);
        bench.say(keys[0], &event(RELAY, b"goes on"));
        assert_eq!(bench.flush_and_hear(keys[1]), [said_event(1, RELAY, b"goes on")]);
    });
}
