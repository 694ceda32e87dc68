//! Rooms that are opened by name, and given back.

use core::cell::Cell;

use super::*;
use crate::protocol::main_to_world::CloseRoom;
use crate::protocol::world_to_main::{
    AttachAck, AttachDenied, RoomChanged, RoomClosed, RoomOpened, UserJoined, UserLeft as Gone,
};
use crate::protocol::{RoomLine, Wish, WishKind};

const ROOMS: Setup = Setup { rooms: 2, room_capacity: 3, ..SETUP };

/// A game that writes down what becomes of its room, and does as its options say.
#[derive(Clone, Default)]
struct Hall {
    /// As its maker has set it.
    fee: u32,
    /// What has been said in it.
    said: u32,
}

std::thread_local! {
    /// How many halls of this test have opened and closed.
    static COUNTS: Cell<(u32, u32)> = const { Cell::new((0, 0)) };
}

fn count(opened: u32, closed: u32) {
    COUNTS.set((COUNTS.get().0 + opened, COUNTS.get().1 + closed));
}

impl Game for Hall {
    const NAME: &'static str = "hall";

    fn on_open(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        options: &[u8],
    ) -> Result<(), BadOptions> {
        match options {
            b"no" => return Err(BadOptions),
            b"lock" => room.lock(),
            b"keep" => room.keep_open_for(KEEP_MS),
            _ => {}
        }
        room.set_properties(Bytes::new(options).unwrap_or_default());
        count(1, 0);
        Ok(())
    }

    fn on_close(&mut self, _: &mut RoomContext<'_, '_>) {
        count(0, 1);
    }

    fn on_event(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        _: Uid,
        kind: u16,
        data: Bytes<'_, { crate::protocol::EVENT_MAX_BYTES }>,
    ) -> Result<(), crate::wire::Full> {
        self.said += 1;
        match kind {
            1 => room.lock(),
            2 => room.unlock(),
            3 => room.unlist(),
            _ => room.set_properties(Bytes::new(data.as_slice()).unwrap_or_default()),
        }
        Ok(())
    }
}

const KEEP_MS: u32 = 640;

fn wish<'w>(kind: WishKind, name: &'w str, options: &'w [u8]) -> Wish<'w> {
    let (name, options) = (Text::new(name).unwrap(), Bytes::new(options).unwrap());
    Wish { kind, name, options, is_listed: true, ..Wish::ANY }
}

fn open(name: &str) -> Wish<'_> {
    wish(WishKind::NAMED_OR_NEW, name, b"")
}

type Halls<'a> = WorldBench<'a, Hall>;

impl Halls<'_> {
    /// What Main hears for `wish`.
    fn ask(&mut self, main: SessionKey, uid: u32, wish: Wish<'_>) -> Vec<Said> {
        self.say(main, &AttachUser { wish, ..attach_of(Uid(uid.into()), uid) });
        self.heard(main)
    }

    fn come(&mut self, uid: u32) -> SessionKey {
        let key = self.accept();
        self.say(key, &join_of(Uid(uid.into())));
        key
    }

    fn hall(&self, room: u16) -> (u32, u32) {
        let hall = self.role().game(RoomId(room)).unwrap();
        (hall.fee, hall.said)
    }
}

fn ack(uid: u32) -> Said {
    Said::of(&AttachAck { uid: Uid(uid.into()), attempt: uid })
}

fn denied(uid: u32, reason: ErrorCode) -> Said {
    Said::of(&AttachDenied { uid: Uid(uid.into()), attempt: uid, reason })
}

fn opened(room: u16, name: &str, options: &[u8]) -> Said {
    let (name, properties) = (Text::new(name).unwrap(), Bytes::new(options).unwrap());
    let line = RoomLine {
        name,
        capacity: 3,
        is_locked: options == b"lock",
        properties,
        ..RoomLine::default()
    };
    Said::of(&RoomOpened { room_id: RoomId(room), line, is_listed: true })
}

fn closed(room: u16) -> Said {
    Said::of(&RoomClosed { room_id: RoomId(room) })
}

#[test]
fn a_room_opens_for_whoever_is_first_and_closes_behind_the_last() {
    with_game::<Hall>(ROOMS, |bench| {
        let main = bench.meet_main();
        assert_eq!(bench.ask(main, 1, open("den")), [ack(1), opened(0, "den", b"")]);
        assert_eq!(bench.ask(main, 2, open("den")), [ack(2)]);
        let (ann, bob) = (bench.come(1), bench.come(2));
        assert_eq!((bench.room_of(1), bench.room_of(2)), (Some(0), Some(0)));
        bench.heard(main);
        bench.say(ann, &Leave {});
        assert_eq!(bench.heard(main), [Said::of(&Gone { uid: Uid(1) })]);
        bench.say(bob, &Leave {});
        assert_eq!(bench.heard(main), [Said::of(&Gone { uid: Uid(2) }), closed(0)]);
        assert_eq!(COUNTS.get(), (1, 1));
        assert_eq!(
            bench.ask(main, 3, wish(WishKind::NAMED, "den", b"")),
            [denied(3, ErrorCode::NO_ROOM)]
        );
        assert_eq!(bench.ask(main, 3, open("den")), [ack(3), opened(0, "den", b"")]);
        assert_eq!(COUNTS.get(), (2, 1));
    });
}

#[test]
fn a_room_that_nobody_comes_to_is_given_back() {
    with_game::<Hall>(ROOMS, |bench| {
        let main = bench.meet_main();
        bench.say(main, &AttachUser { wish: open("den"), ttl_ms: 160, ..attach_of(Uid(1), 1) });
        bench.heard(main);
        bench.pass_ms(160);
        assert!(bench.heard(main).contains(&closed(0)));
        bench.ask(main, 1, open("den"));
        bench.say(main, &DetachUser { uid: Uid(1), reason: ErrorCode::GOODBYE });
        assert!(bench.heard(main).contains(&closed(0)));
        // Another wish of the same user gives the first one's room up.
        bench.ask(main, 1, open("den"));
        let heard = bench.ask(main, 1, open("hut"));
        assert!(heard.contains(&closed(0)) && heard.contains(&opened(1, "hut", b"")), "{heard:?}");
        assert_eq!(COUNTS.get(), (4, 3));
    });
}

#[test]
fn a_wish_that_can_not_be_is_refused_with_its_reason() {
    with_game::<Hall>(ROOMS, |bench| {
        let main = bench.meet_main();
        let secret = Text::new("sesame").unwrap();
        let private = Wish { secret, places: 2, ..open("den") };
        assert_eq!(bench.ask(main, 1, private).len(), 2);
        let refused = |bench: &mut Halls<'_>, wish: Wish<'_>, code| {
            assert_eq!(bench.ask(main, 9, wish), [denied(9, code)], "{wish:?}");
        };
        refused(bench, wish(WishKind::CREATE, "den", b""), ErrorCode::ROOM_EXISTS);
        refused(bench, open("den"), ErrorCode::WRONG_SECRET);
        let other = Wish { secret: Text::new("Sesame").unwrap(), ..open("den") };
        refused(bench, other, ErrorCode::WRONG_SECRET);
        refused(bench, wish(WishKind::NAMED, "hut", b""), ErrorCode::NO_ROOM);
        refused(bench, wish(WishKind::CREATE, "hut", b"no"), ErrorCode::BAD_ROOM);
        refused(bench, open("a\nb"), ErrorCode::BAD_ROOM);
        refused(bench, Wish { places: 4, ..open("hut") }, ErrorCode::BAD_ROOM);
        refused(bench, Wish { kind: WishKind(77), ..open("hut") }, ErrorCode::NO_ROOM);
        // Two places: one is left, and then none.
        assert_eq!(bench.ask(main, 2, private), [ack(2)]);
        assert_eq!(bench.ask(main, 9, private), [denied(9, ErrorCode::FULL)]);
        // A room for three, and no third room.
        assert_eq!(bench.ask(main, 3, Wish { places: 3, ..open("hut") }).len(), 2);
        assert_eq!(bench.ask(main, 9, open("inn")), [denied(9, ErrorCode::FULL)]);
    });
}

#[test]
fn a_locked_room_takes_nobody_until_it_is_unlocked() {
    with_game::<Hall>(ROOMS, |bench| {
        let main = bench.meet_main();
        bench.ask(main, 1, open("den"));
        let ann = bench.come(1);
        bench.heard(main);
        let changed = |is_locked, is_listed| {
            let properties = Bytes::new(b"").unwrap();
            let room_id = RoomId(0);
            Said::of(&RoomChanged { room_id, members: 1, is_locked, is_listed, properties })
        };
        bench.say(ann, &event(1, b""));
        assert_eq!(bench.heard(main), [changed(true, true)]);
        assert_eq!(bench.ask(main, 2, open("den")), [denied(2, ErrorCode::ROOM_LOCKED)]);
        bench.say(ann, &event(2, b""));
        assert_eq!(bench.heard(main), [changed(false, true)]);
        assert_eq!(bench.ask(main, 2, open("den")), [ack(2)]);
        bench.say(ann, &event(3, b""));
        assert_eq!(bench.heard(main), [changed(false, false)]);
    });
}

/// Whoever was sent before the room was locked comes when it is.
#[test]
fn whoever_is_expected_stays_outside_a_room_that_is_locked_meanwhile() {
    with_game::<Hall>(ROOMS, |bench| {
        let main = bench.meet_main();
        for wanted in [open("den"), Wish::ANY] {
            let [inside, expected] = if wanted == Wish::ANY { [3, 4] } else { [1, 2] };
            bench.ask(main, inside, wanted);
            let host = bench.come(inside);
            bench.say(host, &event(2, b""));
            assert!(bench.ask(main, expected, wanted).contains(&ack(expected)));
            bench.say(host, &event(1, b""));
            let late = bench.come(expected);
            let full = JoinDenied { reason: JoinDenial::FULL, code: 0, text: Text::EMPTY };
            assert_eq!(bench.heard(late), [Said::of(&full)]);
            // Its key counts still.
            bench.say(host, &event(2, b""));
            let late = bench.come(expected);
            assert!(bench.heard(late).iter().any(Said::is::<JoinOk>));
        }
    });
}

#[test]
fn members_and_properties_are_told_with_the_next_report() {
    with_game::<Hall>(ROOMS, |bench| {
        let main = bench.meet_main();
        bench.ask(main, 1, open("den"));
        let ann = bench.come(1);
        bench.say(ann, &event(9, b"score"));
        assert_eq!(bench.heard(main), [Said::of(&UserJoined { uid: Uid(1), is_spectator: false })]);
        bench.pass_ms(STATUS_MS);
        let properties = Bytes::new(b"score").unwrap();
        let (room_id, is_locked, is_listed) = (RoomId(0), false, true);
        let changed = RoomChanged { room_id, members: 1, is_locked, is_listed, properties };
        assert!(bench.heard(main).contains(&Said::of(&changed)));
        bench.pass_ms(STATUS_MS);
        assert!(!bench.heard(main).iter().any(Said::is::<RoomChanged<'_>>));
    });
}

/// Another room's news come in between, and are not taken for this one's.
#[test]
fn members_are_told_with_the_next_report_whatever_is_told_before() {
    with_game::<Hall>(ROOMS, |bench| {
        let main = bench.meet_main();
        bench.ask(main, 1, open("den"));
        bench.come(1);
        bench.ask(main, 2, open("attic"));
        bench.pass_ms(STATUS_MS);
        let (room_id, is_locked, is_listed) = (RoomId(0), false, true);
        let properties = Bytes::EMPTY;
        let changed = RoomChanged { room_id, members: 1, is_locked, is_listed, properties };
        assert!(bench.heard(main).contains(&Said::of(&changed)));
    });
}

#[test]
fn a_room_is_kept_for_as_long_as_its_game_wants() {
    with_game::<Hall>(ROOMS, |bench| {
        let main = bench.meet_main();
        bench.ask(main, 1, wish(WishKind::CREATE, "den", b"keep"));
        bench.say(main, &DetachUser { uid: Uid(1), reason: ErrorCode::GOODBYE });
        bench.pass_ms(KEEP_MS - 1);
        assert!(!bench.heard(main).contains(&closed(0)));
        bench.pass_ms(1);
        assert_eq!(bench.heard(main), [closed(0)]);
        assert_eq!(COUNTS.get(), (1, 1));
    });
}

#[test]
fn another_world_s_room_of_that_name_closes_this_one() {
    with_game::<Hall>(ROOMS, |bench| {
        let main = bench.meet_main();
        bench.ask(main, 1, open("den"));
        bench.ask(main, 2, open("den"));
        let ann = bench.come(1);
        bench.heard(ann);
        bench.heard(main);
        let other = CloseRoom { room_id: RoomId(0), name: Text::new("hut").unwrap() };
        bench.say(main, &other);
        assert_eq!(bench.heard(main), []);
        bench.say(main, &CloseRoom { name: Text::new("den").unwrap(), ..other });
        assert_eq!(bench.heard(ann), [bye(ErrorCode::ROOM_CLOSED)]);
        assert!(bench.heard(main).contains(&closed(0)));
        let bob = bench.come(2);
        assert!(bench.heard(bob)[0].is::<JoinDenied<'_>>());
    });
}

/// A restarted Main hears of every open room, and of no other.
#[test]
fn rooms_are_told_behind_every_registration() {
    with_game::<Hall>(ROOMS, |bench| {
        let main = bench.meet_main();
        bench.ask(main, 1, open("den"));
        bench.come(1);
        bench.ask(main, 2, open("hut"));
        bench.say(main, &DetachUser { uid: Uid(2), reason: ErrorCode::GOODBYE });
        bench.heard(main);
        bench.say(main, &Registered {});
        let heard = bench.heard(main);
        let rooms: Vec<_> = heard.iter().filter(|said| said.is::<RoomOpened<'_>>()).collect();
        assert_eq!(rooms.len(), 1, "{heard:?}");
        assert!(!heard.contains(&closed(1)));
    });
}

/// A Main that asks for all rooms again on the same link hears of the end that it was to hear of.
#[test]
fn an_end_is_told_though_rooms_are_told_again() {
    with_game::<Hall>(ROOMS, |bench| {
        let main = bench.meet_main();
        bench.ask(main, 1, open("den"));
        bench.heard(main);
        let close = CloseRoom { room_id: RoomId(0), name: Text::new("den").unwrap() };
        bench.say_bytes(main, &[frame_of(&close), frame_of(&Registered {})].concat());
        let heard = bench.heard(main);
        assert!(heard.contains(&closed(0)), "{heard:?}");
        bench.say(main, &Registered {});
        assert!(!bench.heard(main).contains(&closed(0)));
    });
}

/// Whoever names no room comes into one without a name, never into one that has one.
#[test]
fn who_names_no_room_comes_into_one_without_a_name() {
    with_game::<Hall>(ROOMS, |bench| {
        let main = bench.meet_main();
        bench.ask(main, 1, open("den"));
        bench.come(1);
        bench.join(main, 2);
        assert_eq!((bench.room_of(1), bench.room_of(2)), (Some(0), Some(1)));
        assert!(!bench.heard(main).iter().any(|said| *said == opened(1, "", b"")));
    });
}

#[test]
fn a_room_that_opens_again_is_as_new_and_keeps_its_settings() {
    with_world_as::<Hall>(
        ROOMS,
        |world| world.with_named_rooms(NewGame(&|| Hall { fee: 5, ..Hall::default() })),
        |bench| {
            let main = bench.meet_main();
            bench.ask(main, 1, open("den"));
            let ann = bench.come(1);
            let seed = bench.role().seed(RoomId(0));
            bench.say(ann, &event(9, b"score"));
            assert_eq!(bench.hall(0), (5, 1));
            bench.say(ann, &Leave {});
            assert_eq!(bench.hall(0), (5, 0));
            assert!(bench.ask(main, 2, open("hut")).contains(&opened(0, "hut", b"")));
            assert_eq!(bench.hall(0), (5, 0));
            assert_ne!(bench.role().seed(RoomId(0)), seed);
        },
    );
}

#[test]
fn a_world_that_makes_no_games_opens_no_room_by_name() {
    with_game::<Hall>(ROOMS, |bench| assert_eq!(bench.role().named_rooms(), 2));
    with_world_as::<Hall>(
        ROOMS,
        |world| world,
        |bench| {
            assert_eq!(bench.role().named_rooms(), 0);
            let main = bench.meet_main();
            assert_eq!(bench.ask(main, 1, open("den")), [denied(1, ErrorCode::BAD_ROOM)]);
            bench.join(main, 2);
            assert_eq!(bench.room_of(2), Some(0));
        },
    );
}

/// Rooms without names are all that a plain wish has: what is promised there is no room's of a name.
#[test]
fn both_sides_of_the_places_without_a_name() {
    with_game::<Hall>(ROOMS, |bench| {
        let main = bench.meet_main();
        bench.ask(main, 1, open("den"));
        let plain: Vec<_> = (2..6).map(|uid| bench.ask(main, uid, Wish::ANY)).collect();
        assert_eq!(plain, [[ack(2)], [ack(3)], [ack(4)], [denied(5, ErrorCode::FULL)]]);
        assert_eq!(bench.ask(main, 6, open("hut")), [denied(6, ErrorCode::FULL)]);
        for uid in 2..5 {
            bench.come(uid);
            assert_eq!(bench.room_of(uid), Some(1));
        }
        // Who is there has its place.
        assert!(bench.ask(main, 4, Wish::ANY).contains(&ack(4)));
    });
}

#[test]
fn a_room_without_a_name_that_is_empty_again_may_get_one() {
    with_game::<Hall>(ROOMS, |bench| {
        let main = bench.meet_main();
        let members: Vec<_> = (1..5)
            .map(|uid| {
                bench.ask(main, uid, Wish::ANY);
                bench.come(uid)
            })
            .collect();
        assert!(bench.ask(main, 6, open("hut")).contains(&denied(6, ErrorCode::FULL)));
        bench.say(members[3], &Leave {});
        bench.heard(main);
        assert!(bench.ask(main, 6, open("hut")).contains(&opened(1, "hut", b"")));
        assert_eq!(bench.ask(main, 7, open("den")), [denied(7, ErrorCode::FULL)]);
    });
}
