//! Rooms with names: opened by Main, closed behind the last who leaves.

use super::*;
use crate::protocol::main_to_world::CloseRoom;
use crate::protocol::world_to_main::{
    self, AttachAck, AttachDenied, RoomChanged, RoomClosed, RoomOpened,
};
use crate::protocol::{RoomId, RoomLine, Text, Wish};

/// Its options are a byte: whether it opens; who comes is counted.
#[derive(Default, Clone)]
struct Parlour {
    came: u8,
    option: u8,
}

impl Game for Parlour {
    const NAME: &'static str = "parlour";
    const HOLD_MS: u32 = 5_000;

    fn on_open(&mut self, room: &mut RoomContext<'_, '_>, options: &[u8]) -> Result<(), ErrorCode> {
        assert_eq!((self.came, self.option), (0, 0), "as new");
        self.option = options.first().copied().unwrap_or_default();
        match self.option {
            0 => return Err(ErrorCode(7_000)),
            1 => room.stay_open_ms(100),
            2 => room.limit_members(1),
            _ => room.describe(b"open").unwrap(),
        }
        Ok(())
    }

    fn on_enter(&mut self, room: &mut RoomContext<'_, '_>, _: Uid) {
        self.came += 1;
        if room.mode() == "locks" {
            room.lock();
        }
    }

    fn on_close(&mut self, room: &mut RoomContext<'_, '_>) {
        assert!(!room.name().is_empty());
        assert_eq!(room.members().count(), 0);
    }
}

const SMALL: Setup = Setup { rooms: 3, room_capacity: 2, ..SETUP };

fn with_parlours(setup: Setup, test: impl FnOnce(&mut WorldBench<'_, Parlour>)) {
    let mut node_memory = Box::new(BenchMemory::NEW);
    let mut memory = Box::new(Memory::new(core::array::from_fn(|_| Parlour::default())));
    let new_game = NewGame(&Parlour::default);
    let world = World::new(setup.lend(&mut memory), setup.config()).with_named_rooms(new_game);
    let mut bench = Bench::new(setup.sizes.lend(&mut node_memory), setup.net, world);
    test(&mut bench);
    bench.finish();
}

fn open<'a>(name: &'a str, mode: &'a str, options: &'a [u8]) -> Wish<'a> {
    Wish {
        mode: Text::new(mode).unwrap(),
        options: Bytes::new(options).unwrap(),
        ..Wish::named_or_new(Text::new(name).unwrap())
    }
}

fn named(name: &str) -> Wish<'_> {
    Wish::named(Text::new(name).unwrap())
}

fn line(name: &str, members: u16) -> RoomLine<'_> {
    RoomLine {
        name: Text::new(name).unwrap(),
        members,
        capacity: 2,
        properties: Bytes::new(b"open").unwrap(),
        ..RoomLine::default()
    }
}

fn opened(room_id: u16, line: RoomLine<'_>) -> Said {
    Said::of(&RoomOpened { room_id: RoomId(room_id), line, is_listed: true })
}

fn changed(room_id: u16, members: u16, is_locked: bool) -> Said {
    let properties = Bytes::new(b"open").unwrap();
    Said::of(&RoomChanged {
        room_id: RoomId(room_id),
        members,
        is_locked,
        is_listed: true,
        properties,
    })
}

fn closed(room_id: u16) -> Said {
    Said::of(&RoomClosed { room_id: RoomId(room_id) })
}

impl WorldBench<'_, Parlour> {
    /// What the world answers to an attach with this wish.
    fn attach_with(&mut self, main: SessionKey, uid: u32, wish: Wish<'_>) -> Vec<Said> {
        self.say(main, &AttachUser { wish, ..attach_of(Uid(uid.into()), 1) });
        self.heard(main)
    }

    fn come(&mut self, uid: u32, room: u16) -> SessionKey {
        let key = self.accept();
        self.say(key, &join_of(Uid(uid.into())));
        assert_eq!(self.room_of(uid), Some(room));
        key
    }

    fn join_room(&mut self, main: SessionKey, uid: u32, wish: Wish<'_>, room: u16) -> SessionKey {
        let heard = self.attach_with(main, uid, wish);
        assert!(heard.contains(&acked(uid)), "{heard:?}");
        self.come(uid, room)
    }

    /// Main looks after its link meanwhile.
    fn pass_with_main(&mut self, main: SessionKey, ms: u32) {
        let half = ms / 2;
        self.pass_ms(half);
        self.say(main, &Pong { nonce: 0 });
        self.pass_ms(ms - half);
    }
}

fn acked(uid: u32) -> Said {
    Said::of(&AttachAck { uid: Uid(uid.into()), attempt: 1 })
}

fn denied(uid: u32, reason: ErrorCode) -> Said {
    Said::of(&AttachDenied { uid: Uid(uid.into()), attempt: 1, reason })
}

fn joined(uid: u32) -> Said {
    Said::of(&world_to_main::UserJoined { uid: Uid(uid.into()), is_spectator: false })
}

fn reported_left(uid: u32) -> Said {
    Said::of(&world_to_main::UserLeft { uid: Uid(uid.into()) })
}

#[test]
fn a_room_lives_as_long_as_somebody_is_inside() {
    with_parlours(SMALL, |bench| {
        let main = bench.meet_main();
        let heard = bench.attach_with(main, 1, open("den", "", &[9]));
        assert_eq!(heard, [acked(1), opened(2, line("den", 0))]);
        let ann = bench.come(1, 2);
        assert_eq!(bench.heard(main), [joined(1), changed(2, 1, false)]);
        assert_eq!(bench.role().game(RoomId(2)).map(|game| (game.came, game.option)), Some((1, 9)));
        bench.say(ann, &Leave {});
        bench.pass_with_main(main, FIRST_STAY_MS);
        let heard = bench.heard(main);
        assert!(heard.contains(&reported_left(1)), "{heard:?}");
        assert!(heard.contains(&closed(2)), "{heard:?}");
        // Its place is as new.
        assert_eq!(bench.role().game(RoomId(2)).map(|game| (game.came, game.option)), Some((0, 0)));
    });
}

#[test]
fn both_sides_of_how_long_an_empty_room_stays_open() {
    with_parlours(SMALL, |bench| {
        let main = bench.meet_main();
        bench.attach_with(main, 1, open("den", "", &[9]));
        bench.pass_with_main(main, FIRST_STAY_MS - 1);
        assert!(!bench.heard(main).contains(&closed(2)));
        bench.pass_ms(1);
        assert!(bench.heard(main).contains(&closed(2)));
        // And as its game wants it, behind the last one.
        let ann = bench.join_room(main, 1, open("attic", "", &[1]), 2);
        bench.pass_with_main(main, TTL_MS);
        bench.say(ann, &Leave {});
        bench.pass_ms(1);
        assert!(bench.heard(main).contains(&closed(2)));
    });
}

#[test]
fn who_is_on_the_way_finds_its_room() {
    with_parlours(SMALL, |bench| {
        let main = bench.meet_main();
        bench.attach_with(main, 1, open("den", "", &[1]));
        bench.pass_ms(TTL_MS - 1);
        bench.come(1, 2);
    });
}

#[test]
fn whoever_wants_any_room_gets_none_that_has_a_name() {
    with_parlours(SMALL, |bench| {
        let main = bench.meet_main();
        for (uid, name) in [(11, "a"), (12, "b")] {
            assert!(bench.attach_with(main, uid, open(name, "", &[9])).contains(&acked(uid)));
            bench.say(main, &DetachUser { uid: Uid(uid.into()), reason: ErrorCode::GOODBYE });
        }
        bench.heard(main);
        // There is always one without.
        let heard = bench.attach_with(main, 13, open("c", "", &[9]));
        assert_eq!(heard, [denied(13, ErrorCode::FULL)]);
        for uid in 1..=2 {
            bench.join(main, uid);
            assert_eq!(bench.room_of(uid), Some(0));
        }
        let third = bench.join(main, 3);
        assert!(bench.heard(third)[0].is::<JoinDenied<'_>>());
    });
}

#[test]
fn a_game_opens_no_room_that_it_does_not_want() {
    with_parlours(SMALL, |bench| {
        let main = bench.meet_main();
        let heard = bench.attach_with(main, 1, open("den", "", &[0]));
        assert_eq!(heard, [denied(1, ErrorCode(7_000))]);
        assert_eq!(bench.attach_with(main, 1, named("den")), [denied(1, ErrorCode::NO_ROOM)]);
        let heard = bench.attach_with(main, 1, open("den", "", &[9]));
        assert_eq!(heard, [acked(1), opened(2, line("den", 0))]);
        // It is there, whatever it would be opened with.
        assert_eq!(bench.attach_with(main, 2, open("den", "", &[0])), [acked(2)]);
    });
}

#[test]
fn a_world_that_can_make_no_new_game_opens_no_room() {
    with_game::<Parlour>(SMALL, |bench| {
        let main = bench.meet_main();
        let heard = bench.attach_with(main, 1, open("den", "", &[9]));
        assert_eq!(heard, [denied(1, ErrorCode::BAD_ROOM)]);
    });
}

#[test]
fn locked_full_and_private_rooms_take_nobody_else() {
    with_parlours(Setup { rooms: 4, ..SMALL }, |bench| {
        let main = bench.meet_main();
        bench.join_room(main, 1, open("den", "locks", &[9]), 3);
        assert_eq!(bench.heard(main), [joined(1), changed(3, 1, true)]);
        let heard = bench.attach_with(main, 2, named("den"));
        assert_eq!(heard, [denied(2, ErrorCode::ROOM_LOCKED)]);
        bench.join_room(main, 2, open("attic", "", &[2]), 2);
        bench.heard(main);
        assert_eq!(bench.attach_with(main, 3, named("attic")), [denied(3, ErrorCode::FULL)]);
        let secret = Text::new("sesame").unwrap();
        let cave = Wish { secret, ..open("cave", "", &[9]) };
        let private = RoomLine { is_private: true, ..line("cave", 0) };
        assert_eq!(bench.attach_with(main, 3, cave), [acked(3), opened(1, private)]);
        for secret in ["", "sesam", "sesame!"] {
            let wish = Wish { secret: Text::new(secret).unwrap(), ..named("cave") };
            assert_eq!(bench.attach_with(main, 4, wish), [denied(4, ErrorCode::WRONG_SECRET)]);
        }
        let wish = Wish { secret, ..named("cave") };
        bench.join_room(main, 4, wish, 1);
    });
}

#[test]
fn main_closes_a_room_and_everybody_in_it_is_told() {
    with_parlours(SMALL, |bench| {
        let main = bench.meet_main();
        let members = [1, 2].map(|uid| bench.join_room(main, uid, open("den", "", &[9]), 2));
        let close = |name| CloseRoom { room_id: RoomId(2), name: Text::new(name).unwrap() };
        bench.heard(main);
        // Another room of that number is not meant.
        bench.say(main, &close("attic"));
        assert_eq!(bench.heard(main), [closed(2)]);
        bench.say(main, &close("den"));
        for member in members {
            assert_eq!(bench.heard(member).last(), Some(&bye(ErrorCode::DETACHED)));
        }
        assert!(bench.heard(main).contains(&closed(2)));
    });
}

#[test]
fn another_main_hears_of_all_rooms() {
    with_parlours(SMALL, |bench| {
        let main = bench.meet_main();
        bench.join_room(main, 1, open("a", "", &[9]), 2);
        bench.join_room(main, 2, open("b", "", &[9]), 1);
        bench.disconnect(main);
        bench.pass_ms(RECONNECT_FIRST_MS);
        let main = bench.connect_main();
        bench.heard(main);
        bench.say(main, &Registered {});
        let rooms: Vec<_> =
            bench.heard(main).into_iter().filter(Said::is::<RoomOpened<'_>>).collect();
        assert_eq!(rooms, [opened(1, line("b", 1)), opened(2, line("a", 1))]);
    });
}

#[test]
fn what_the_link_does_not_take_is_told_later_as_it_is_then() {
    with_parlours(SMALL, |bench| {
        let main = bench.meet_main();
        bench.limit(main, 0);
        bench.say(main, &AttachUser { wish: open("den", "", &[9]), ..attach_of(Uid(1), 1) });
        bench.say(main, &AttachUser { wish: open("attic", "", &[1]), ..attach_of(Uid(2), 1) });
        bench.pass_ms(TTL_MS);
        bench.unblock(main, usize::MAX);
        let rooms: Vec<_> = bench
            .heard(main)
            .into_iter()
            .filter(|said| said.is::<RoomOpened<'_>>() || said.is::<RoomClosed>())
            .collect();
        assert!(rooms.contains(&opened(2, line("den", 0))), "{rooms:?}");
        assert!(rooms.contains(&closed(1)), "{rooms:?}");
    });
}

/// Who comes back by its room's name, or by none, is who it was; who wants another room has left this one.
#[cfg(feature = "seats")]
#[test]
fn a_seat_is_kept_for_the_room_that_it_is_in() {
    with_parlours(SMALL, |bench| {
        let main = bench.meet_main();
        let mut ann = bench.join_room(main, 1, open("den", "", &[9]), 2);
        bench.join_room(main, 2, named("den"), 2);
        for wish in [named("den"), Wish::ANY] {
            bench.disconnect(ann);
            bench.heard(main);
            ann = bench.join_room(main, 1, wish, 2);
            assert!(bench.heard(ann)[0].read::<JoinOk>().unwrap().is_returned);
        }
        bench.disconnect(ann);
        let ann = bench.join_room(main, 1, open("attic", "", &[9]), 1);
        assert!(!bench.heard(ann)[0].read::<JoinOk>().unwrap().is_returned);
        assert_eq!(bench.uids(), [1, 2]);
    });
}
