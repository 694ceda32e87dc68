//! Rooms by name: who meets whom, and what two worlds may not both have.

#[cfg(feature = "moving")]
mod moves;

use super::*;
use crate::node::directory::{ClaimSlot, ClaimStorage, NameSlot};
use crate::node::main::MainRoomMemory;
use crate::protocol::client_to_main::ListRoomsReq;
use crate::protocol::main_to_client::RoomPage;
use crate::protocol::main_to_world::CloseRoom;
use crate::protocol::world_to_main::{RoomChanged, RoomClosed, RoomOpened, UserHeld};
use crate::protocol::{Bytes, ROOM_PAGE_ROOMS, RoomId, RoomLine, Wish, WishKind};

const ROOMS: usize = 8;
const WISHES: usize = 4;
/// How long whoever waits for a reservation waits before it is looked at again.
const OPENING_WAIT_MS: u32 = 112;

/// A Main with a directory, long enough after its start.
fn with_rooms(test: impl FnOnce(&mut MainBench<'_>)) {
    with_new_rooms(|bench| {
        bench.pass_ms(SETTLE_MS);
        test(bench);
    });
}

/// The same in a realm of several Mains, of which it asks about so many names at once.
pub(super) fn with_named_rooms(names: usize, test: impl FnOnce(&mut MainBench<'_>)) {
    with_new_rooms_and_names(names, |bench| {
        bench.pass_ms(SETTLE_MS);
        test(bench);
    });
}

/// A Main with a directory that has just started.
fn with_new_rooms(test: impl FnOnce(&mut MainBench<'_>)) {
    with_new_rooms_and_names(0, test);
}

/// The memory of a Main with a directory of rooms, and of names.
pub(super) struct NamedMemory {
    node: Box<BenchMemory>,
    main: Box<MainMemory<MAX_USERS, WORLD_COUNT_MAX>>,
    rooms: Box<MainRoomMemory<ROOMS, WISHES>>,
    names: Vec<Slot<NameSlot>>,
    claims: Vec<Slot<ClaimSlot<PendingClaim>>>,
    links: [Vec<Link>; 2],
    queue: Vec<u16>,
    listed: Vec<bool>,
}

impl NamedMemory {
    pub(super) fn new(names: usize, claims: usize) -> Self {
        Self {
            node: Box::new(BenchMemory::NEW),
            main: Box::new(MainMemory::NEW),
            rooms: Box::new(MainRoomMemory::NEW),
            names: (0..names).map(|_| Slot::VACANT).collect(),
            claims: (0..claims).map(|_| Slot::VACANT).collect(),
            links: [(); 2].map(|()| vec![Link::NONE; claims]),
            queue: vec![0; claims],
            listed: vec![false; claims],
        }
    }

    /// A Main that has not started.
    pub(super) fn bench(&mut self) -> MainBench<'_> {
        let rooms = MainRoomStorage { names: &mut self.names, ..self.rooms.storage() };
        let [heads, nexts] = &mut self.links;
        let claims = ClaimStorage {
            claims: &mut self.claims,
            heads,
            nexts,
            queue: &mut self.queue,
            listed: &mut self.listed,
        };
        let storage = MainStorage { rooms, claims, ..self.main.storage() };
        let main = Main::new(storage, CONFIG, Guests::new([7; 32]), test_secrets());
        Bench::new(Sizes::ALL.lend(&mut self.node), BENCH_CONFIG, main)
    }
}

fn with_new_rooms_and_names(names: usize, test: impl FnOnce(&mut MainBench<'_>)) {
    let mut memory = NamedMemory::new(names, 0);
    let mut bench = memory.bench();
    bench.act(Main::start);
    test(&mut bench);
    bench.finish();
}

fn named(name: &str) -> Wish<'_> {
    Wish::named(Text::new(name).unwrap())
}

pub(super) fn named_or_new(name: &str) -> Wish<'_> {
    Wish::named_or_new(Text::new(name).unwrap())
}

pub(super) fn created(name: &str) -> Wish<'_> {
    Wish { kind: WishKind::CREATE, ..named_or_new(name) }
}

pub(super) fn line<'l>(name: &'l str, mode: &'l str, members: u16) -> RoomLine<'l> {
    let (name, mode) = (Text::new(name).unwrap(), Text::new(mode).unwrap());
    RoomLine { name, mode, members, capacity: 4, ..RoomLine::default() }
}

impl<A: Authenticator> MainBench<'_, A> {
    pub(super) fn wish(&mut self, guest: Guest, wish: Wish<'_>) {
        self.say(guest.key, &EnterWorldReq { region: Text::EMPTY, wish });
    }

    /// A world of eight rooms.
    pub(super) fn register_with_rooms(&mut self, world_id: u16) -> SessionKey {
        self.register_sized(world_id, 32, 8)
    }

    fn register_sized(&mut self, world_id: u16, capacity: u16, rooms: u16) -> SessionKey {
        let key = self.accept_world(world_id);
        let addr = address(world_id);
        self.say(
            key,
            &RegisterWorld {
                versions: Versions::OURS,
                world_id: WorldId(world_id),
                region: Text::EMPTY,
                capacity,
                addr: Text::new(&addr).unwrap(),
                fingerprint: 0,
                rooms,
                is_sealing: false,
            },
        );
        assert_eq!(self.heard(key), [Said::of(&Registered {})]);
        key
    }

    fn open(&mut self, world: SessionKey, room: u16, line: RoomLine<'_>) {
        self.say(world, &RoomOpened { room_id: RoomId(room), line, is_listed: true });
    }

    /// The world opens the room that it is asked for, and lets the guest in.
    fn let_open(&mut self, world: SessionKey, room: u16, guest: Guest) -> AttachUser<'static> {
        let attach = self.attach_at(world);
        assert_eq!(attach.uid, guest.uid);
        self.open(world, room, line(attach.wish.name.as_str(), attach.wish.mode.as_str(), 0));
        self.say(world, &ack(&attach));
        attach
    }
}

#[test]
fn two_at_once_who_name_a_new_room_get_one_room() {
    with_rooms(|bench| {
        let worlds = [bench.register_with_rooms(1), bench.register_with_rooms(2)];
        let (ann, bob) = (bench.greet(), bench.greet());
        bench.wish(ann, named_or_new("den"));
        bench.wish(bob, named_or_new("den"));
        let heard = worlds.map(|world| bench.heard(world));
        let asked = heard.iter().position(|heard| !heard.is_empty()).unwrap();
        assert_eq!(heard.iter().map(Vec::len).sum::<usize>(), 1, "{heard:?}");
        let attach: AttachUser<'_> = heard[asked][0].read().unwrap();
        assert_eq!((attach.uid, attach.wish.name.as_str()), (ann.uid, "den"));
        bench.open(worlds[asked], 3, line("den", "", 0));
        bench.say(worlds[asked], &ack(&attach));
        bench.pass_ms(OPENING_WAIT_MS);
        let second = bench.attach_at(worlds[asked]);
        assert_eq!((second.uid, second.wish.name.as_str()), (bob.uid, "den"));
        assert_eq!(bench.role().rooms().len(), 1);
    });
}

#[test]
fn a_reservation_ends_with_whoever_is_on_the_way_to_it() {
    with_rooms(|bench| {
        let world = bench.register_with_rooms(1);
        let ann = bench.greet();
        bench.wish(ann, created("den"));
        let attach = bench.attach_at(world);
        assert_eq!(bench.role().rooms().len(), 1);
        let reason = ErrorCode::BAD_ROOM;
        bench.say(world, &AttachDenied { uid: ann.uid, attempt: attach.attempt, reason });
        assert_eq!(bench.heard(ann.key), [refused(ErrorCode::BAD_ROOM)]);
        assert!(bench.role().rooms().is_empty());
        bench.wish(ann, created("den"));
        bench.pass_ms(ATTACH_TIMEOUT_MS);
        assert_eq!(bench.heard(ann.key), [refused(ErrorCode::WORLD_TIMEOUT)]);
        assert!(bench.role().rooms().is_empty());
    });
}

#[test]
fn a_room_that_closes_while_somebody_is_sent_there_keeps_its_name_at_its_world() {
    with_rooms(|bench| {
        let (first, other) = (bench.register_with_rooms(1), bench.register_with_rooms(2));
        bench.open(first, 0, line("den", "", 0));
        let (ann, bob) = (bench.greet(), bench.greet());
        bench.wish(ann, named_or_new("den"));
        let attach = bench.attach_at(first);
        // It was empty, and Main's question was on its way.
        bench.say(first, &RoomClosed { room_id: RoomId(0) });
        bench.wish(bob, named_or_new("den"));
        assert_eq!((bench.heard(first), bench.heard(other)), (vec![], vec![]));
        bench.open(first, 1, line("den", "", 0));
        bench.say(first, &ack(&attach));
        bench.pass_ms(OPENING_WAIT_MS);
        assert_eq!(bench.attach_at(first).uid, bob.uid);
        assert_eq!((bench.heard(other), bench.role().rooms().len()), (vec![], 1));
    });
}

#[test]
fn a_closed_room_s_name_is_free_when_nobody_on_the_way_to_it_may_open_it() {
    with_rooms(|bench| {
        let world = bench.register_with_rooms(1);
        let ann = bench.greet();
        for (wish, reserved) in [(named("den"), 0), (named_or_new("den"), 1)] {
            bench.open(world, 0, line("den", "", 0));
            bench.wish(ann, wish);
            let AttachUser { uid, attempt, .. } = bench.attach_at(world);
            bench.say(world, &RoomClosed { room_id: RoomId(0) });
            assert_eq!(bench.role().rooms().len(), reserved);
            bench.say(world, &AttachDenied { uid, attempt, reason: ErrorCode::NO_ROOM });
            assert_eq!(bench.heard(ann.key), [refused(ErrorCode::NO_ROOM)]);
            assert!(bench.role().rooms().is_empty());
        }
    });
}

#[test]
fn friends_meet_wherever_their_room_is() {
    with_rooms(|bench| {
        let (full, other) = (bench.register_with_rooms(1), bench.register_with_rooms(2));
        bench.open(full, 0, RoomLine { capacity: 1, ..line("den", "", 0) });
        let (ann, bob) = (bench.greet(), bench.greet());
        bench.wish(ann, named("den"));
        let attach = bench.attach_at(full);
        bench.say(full, &ack(&attach));
        assert_eq!(bench.heard(ann.key), [sent_to(1, &attach)]);
        // Its one place is for who is on the way.
        bench.wish(bob, named("den"));
        assert_eq!(bench.heard(bob.key), [refused(ErrorCode::FULL)]);
        assert_eq!(bench.heard(other), []);
    });
}

#[test]
fn a_wish_is_refused_with_its_reason() {
    with_rooms(|bench| {
        let world = bench.register_with_rooms(1);
        bench.open(world, 0, line("den", "", 1));
        bench.open(world, 1, RoomLine { is_locked: true, ..line("vault", "", 1) });
        let ann = bench.greet();
        let mut refuse = |wish: Wish<'_>, code| {
            bench.wish(ann, wish);
            assert_eq!(bench.heard(ann.key), [refused(code)], "{wish:?}");
        };
        refuse(named("hut"), ErrorCode::NO_ROOM);
        refuse(created("den"), ErrorCode::ROOM_EXISTS);
        refuse(named("vault"), ErrorCode::ROOM_LOCKED);
        refuse(named_or_new("vault"), ErrorCode::ROOM_LOCKED);
        refuse(named(""), ErrorCode::BAD_ROOM);
        refuse(named_or_new("a\nb"), ErrorCode::BAD_ROOM);
        refuse(Wish { kind: WishKind(9), ..named("den") }, ErrorCode::BAD_ROOM);
        refuse(Wish { name: Text::new("den").unwrap(), ..Wish::ANY }, ErrorCode::BAD_ROOM);
        refuse(Wish::any(Text::new("a\tb").unwrap()), ErrorCode::BAD_ROOM);
        // What nobody sees, or can't tell from another name.
        for name in ["\u{200B}", "den\u{202E}", " den", "den ", "\u{301}den", "d\u{AD}en"] {
            refuse(named_or_new(name), ErrorCode::BAD_ROOM);
            refuse(Wish::any(Text::new(name).unwrap()), ErrorCode::BAD_ROOM);
        }
    });
}

/// Guessing takes its time: the next guess is not looked at before the answer.
#[test]
fn a_wrong_secret_is_told_a_little_later() {
    with_rooms(|bench| {
        let world = bench.register_with_rooms(1);
        bench.open(world, 0, RoomLine { is_private: true, ..line("den", "", 1) });
        let ann = bench.greet();
        bench.wish(ann, Wish { secret: Text::new("open").unwrap(), ..named("den") });
        let attach = bench.attach_at(world);
        assert_eq!(attach.wish.secret.as_str(), "open");
        let reason = ErrorCode::WRONG_SECRET;
        bench.say(world, &AttachDenied { uid: ann.uid, attempt: attach.attempt, reason });
        assert_eq!(bench.heard(ann.key), []);
        bench.wish(ann, named("den"));
        bench.pass_ms(512);
        assert_eq!(bench.heard(ann.key), [refused(ErrorCode::WRONG_SECRET)]);
        assert_eq!(bench.heard(world), []);
    });
}

#[test]
fn any_is_the_fullest_that_fits() {
    with_rooms(|bench| {
        let (world, other) = (bench.register_with_rooms(1), bench.register_with_rooms(2));
        bench.open(world, 0, line("one", "duel", 1));
        bench.open(other, 0, line("two", "duel", 2));
        bench.open(world, 1, line("race", "race", 3));
        bench.open(world, 2, RoomLine { is_locked: true, ..line("locked", "duel", 3) });
        bench.open(world, 3, RoomLine { is_private: true, ..line("private", "duel", 3) });
        let unlisted =
            RoomOpened { room_id: RoomId(4), line: line("hid", "duel", 3), is_listed: false };
        bench.say(world, &unlisted);
        let duel = Wish::any(Text::new("duel").unwrap());
        for (expected, at) in
            [("two", other), ("two", other), ("two", other), ("two", other), ("one", world)]
        {
            let guest = bench.greet();
            bench.wish(guest, duel);
            let attach = bench.attach_at(at);
            assert_eq!((attach.uid, attach.wish.name.as_str()), (guest.uid, expected));
            bench.say(at, &ack(&attach));
        }
    });
}

#[test]
fn any_opens_a_room_where_none_has_a_place_and_none_at_a_world_without_names() {
    with_rooms(|bench| {
        let plain = bench.register(1, "", 32);
        let ann = bench.greet();
        bench.wish(ann, Wish::ANY);
        let attach = bench.attach_at(plain);
        assert_eq!(attach.wish, Wish::ANY);
        let bob = bench.greet();
        bench.wish(bob, Wish::any(Text::new("duel").unwrap()));
        assert_eq!(bench.heard(bob.key), [refused(ErrorCode::NO_WORLD)]);
        let world = bench.register_with_rooms(2);
        bench.wish(bob, Wish::any(Text::new("duel").unwrap()));
        let made = bench.let_open(world, 0, bob).wish;
        assert_eq!(
            (made.name.as_str().len(), made.mode.as_str(), made.is_listed),
            (8, "duel", true)
        );
        let carl = bench.greet();
        bench.wish(carl, Wish::any(Text::new("duel").unwrap()));
        assert_eq!(bench.attach_at(world).wish.name.as_str(), made.name.as_str());
    });
}

/// A game hears what somebody wants of its room, also of one without a name.
#[test]
fn options_go_with_every_wish() {
    with_rooms(|bench| {
        let world = bench.register_with_rooms(1);
        bench.open(world, 0, line("den", "", 1));
        let options = Bytes::new(b"watch").unwrap();
        for wish in [Wish { options, ..Wish::ANY }, Wish { options, ..named("den") }] {
            let guest = bench.greet();
            bench.wish(guest, wish);
            assert_eq!(bench.attach_at(world).wish.options, options, "{wish:?}");
        }
    });
}

/// A room that has filled or closed meanwhile is passed over.
#[test]
fn any_goes_on_with_the_next_room() {
    with_rooms(|bench| {
        let world = bench.register_with_rooms(1);
        bench.open(world, 0, line("one", "duel", 3));
        let ann = bench.greet();
        bench.wish(ann, Wish::any(Text::new("duel").unwrap()));
        let attach = bench.attach_at(world);
        bench.say(world, &denial(&attach));
        let next = bench.attach_at(world);
        assert_eq!((next.wish.kind, next.wish.name.as_str().len()), (WishKind::ANY, 8));
    });
}

/// Somebody's private room that has closed meanwhile would be anybody's, and on every list.
#[test]
fn any_does_not_open_the_room_of_others_again() {
    with_rooms(|bench| {
        let world = bench.register_with_rooms(1);
        let line = RoomLine { is_private: true, ..line("secret", "duel", 0) };
        bench.say(world, &RoomOpened { room_id: RoomId(0), line, is_listed: false });
        let ann = bench.greet();
        bench.wish(ann, named("secret"));
        let attach = bench.attach_at(world);
        bench.say(world, &ack(&attach));
        bench.heard(ann.key);
        bench.say(world, &UserJoined { uid: ann.uid, is_spectator: false });
        for again in [Wish::ANY, Wish::any(Text::new("duel").unwrap())] {
            bench.wish(ann, again);
            let attach = bench.attach_at(world);
            let asked = (attach.wish.kind, attach.wish.name.as_str());
            assert_eq!(asked, (WishKind::NAMED, "secret"), "{again:?}");
            bench.say(world, &ack(&attach));
            bench.heard(ann.key);
            bench.say(world, &UserJoined { uid: ann.uid, is_spectator: false });
        }
        bench.wish(ann, Wish::any(Text::new("duel").unwrap()));
        let attach = bench.attach_at(world);
        let reason = ErrorCode::NO_ROOM;
        bench.say(world, &AttachDenied { uid: ann.uid, attempt: attach.attempt, reason });
        let detach = DetachUser { uid: ann.uid, reason: ErrorCode::REPLACED };
        assert_eq!(bench.heard(world), [Said::of(&detach)]);
        bench.say(world, &UserLeft { uid: ann.uid });
        let next = bench.attach_at(world);
        assert_eq!((next.wish.kind, next.wish.name.as_str().len()), (WishKind::ANY, 8));
    });
}

/// Who names nothing is no guest of those who have named a room.
#[test]
fn a_plain_wish_leads_to_a_world_that_chooses_the_room() {
    with_rooms(|bench| {
        let (world, idle) = (bench.register_with_rooms(1), bench.register_with_rooms(2));
        bench.open(world, 0, line("one", "duel", 3));
        bench.say(world, &Status { users: 3, rooms: 1, load: 0, held: 0 });
        let ann = bench.greet();
        bench.wish(ann, Wish::ANY);
        let attach = bench.attach_at(idle);
        assert_eq!((attach.uid, attach.wish), (ann.uid, Wish::ANY));
        bench.say(idle, &denial(&attach));
        assert_eq!(bench.attach_at(world).wish, Wish::ANY);
    });
}

/// It has its seat by a wish; the same one, or any of its mode, leads back to it.
#[test]
fn a_wish_that_the_own_room_fulfils_leads_back_to_the_seat() {
    with_rooms(|bench| {
        let (world, other) = (bench.register_with_rooms(1), bench.register_with_rooms(2));
        bench.open(world, 0, line("one", "duel", 0));
        bench.open(other, 0, line("two", "race", 3));
        let ann = bench.greet();
        bench.wish(ann, named("one"));
        let attach = bench.attach_at(world);
        bench.say(world, &ack(&attach));
        bench.heard(ann.key);
        bench.say(world, &UserJoined { uid: ann.uid, is_spectator: false });
        let duel = Wish::any(Text::new("duel").unwrap());
        for again in [named("one"), named_or_new("one"), created("one"), duel, Wish::ANY] {
            bench.wish(ann, again);
            let attach = bench.attach_at(world);
            assert_eq!((attach.uid, attach.wish.name.as_str()), (ann.uid, "one"), "{again:?}");
            bench.say(world, &ack(&attach));
            bench.heard(ann.key);
            bench.say(world, &UserJoined { uid: ann.uid, is_spectator: false });
        }
        bench.wish(ann, named("two"));
        let detach = DetachUser { uid: ann.uid, reason: ErrorCode::REPLACED };
        assert_eq!(bench.heard(world), [Said::of(&detach)]);
        assert_eq!(bench.heard(other), []);
        bench.say(world, &UserLeft { uid: ann.uid });
        assert_eq!(bench.attach_at(other).wish.name.as_str(), "two");
    });
}

/// Whoever has a room of its own, with a name that was made, and comes back before its world has seen it go.
#[test]
fn a_room_with_a_made_name_is_come_back_to_by_a_new_connection_and_not_by_the_same() {
    for is_noticed in [false, true] {
        with_rooms(|bench| {
            let world = bench.register_with_rooms(1);
            let ann = bench.greet();
            bench.wish(ann, created(""));
            let made = bench.let_open(world, 0, ann).wish;
            bench.heard(ann.key);
            bench.say(world, &UserJoined { uid: ann.uid, is_spectator: false });
            bench.disconnect(ann.key);
            if is_noticed {
                bench.say(world, &UserHeld { uid: ann.uid });
            }
            let again = bench.welcome(Some(ann.token));
            bench.wish(again, created(""));
            let attach = bench.attach_at(world);
            assert_eq!((attach.uid, attach.wish.name), (ann.uid, made.name), "{is_noticed}");
            // Should it be given back meanwhile, it is not opened again as the new wish says.
            assert_eq!(attach.wish.kind, WishKind::NAMED);
            bench.say(world, &ack(&attach));
            bench.heard(again.key);
            bench.say(world, &UserJoined { uid: ann.uid, is_spectator: false });
            // Said once more by the same connection it is another room that is wanted.
            bench.wish(again, created(""));
            let detach = DetachUser { uid: ann.uid, reason: ErrorCode::REPLACED };
            assert_eq!(bench.heard(world), [Said::of(&detach)]);
            bench.say(world, &UserLeft { uid: ann.uid });
            assert_ne!(bench.let_open(world, 1, ann).wish.name, made.name);
        });
    }
}

/// A Main that has just started hears that somebody who waits for a room watches one; it is sent there, and does not come.
#[test]
fn who_only_watches_takes_no_place_behind_an_attempt_that_came_to_nothing() {
    with_new_rooms(|bench| {
        let world = bench.register_with_rooms(1);
        let ann = bench.greet();
        bench.wish(ann, named("den"));
        let uids = [ann.uid].into_iter().collect();
        let list = UserList { is_first: true, is_last: true, uids, held: 0, spectators: 0b1 };
        bench.say(world, &list);
        let attach = bench.attach_at(world);
        bench.say(world, &ack(&attach));
        assert_eq!(bench.users_of(1), 1, "whoever is on its way does");
        bench.heard(ann.key);
        bench.pass_ms(2 * ATTACH_TTL_MS + 2_000);
        assert!(matches!(bench.place(ann.uid), Some(Place::Inside(_))));
        assert_eq!(bench.users_of(1), 0);
        // Whoever comes to play does.
        bench.say(world, &UserJoined { uid: ann.uid, is_spectator: false });
        assert_eq!(bench.users_of(1), 1);
    });
}

/// A Main that has just started knows neither rooms nor who is where: the seat is not given up for that.
#[test]
fn who_has_its_seat_in_a_named_room_keeps_it_through_a_restart() {
    for is_known_first in [false, true] {
        with_new_rooms(|bench| {
            let ann = bench.greet();
            let world = bench.register_with_rooms(1);
            bench.register_with_rooms(2);
            if is_known_first {
                bench.open(world, 0, line("one", "duel", 1));
                bench.say(world, &UserJoined { uid: ann.uid, is_spectator: false });
                bench.wish(ann, named("one"));
            } else {
                bench.wish(ann, named("one"));
                bench.say(world, &UserJoined { uid: ann.uid, is_spectator: false });
                bench.open(world, 0, line("one", "duel", 1));
            }
            let attach = bench.attach_at(world);
            assert_eq!((attach.uid, attach.wish.name.as_str()), (ann.uid, "one"));
        });
    }
}

/// Its seat may be gone when that comes, and the name another world's: it is reserved for nobody.
#[test]
fn who_is_sent_back_before_rooms_are_known_opens_none() {
    for wish in [named_or_new("one"), created("one")] {
        with_new_rooms(|bench| {
            let ann = bench.greet();
            let (world, other) = (bench.register_with_rooms(1), bench.register_with_rooms(2));
            bench.wish(ann, wish);
            bench.say(world, &UserJoined { uid: ann.uid, is_spectator: false });
            let attach = bench.attach_at(world);
            assert_eq!((attach.wish.kind, attach.wish.name.as_str()), (WishKind::NAMED, "one"));
            let reason = ErrorCode::NO_ROOM;
            bench.say(world, &AttachDenied { uid: ann.uid, attempt: attach.attempt, reason });
            assert_eq!(bench.heard(world), [detach(ann.uid, ErrorCode::REPLACED)]);
            bench.say(world, &UserLeft { uid: ann.uid });
            assert_eq!((bench.heard(ann.key), bench.heard(world)), (vec![], vec![]));
            bench.pass_ms(SETTLE_MS + crate::timer::TICK_MS);
            let attach = bench.attach_at(other);
            assert_eq!((attach.wish.kind, attach.wish.name.as_str()), (wish.kind, "one"));
        });
    }
}

#[test]
fn both_sides_of_settling() {
    with_new_rooms(|bench| {
        let world = bench.register_with_rooms(1);
        let (ann, bob, carl) = (bench.greet(), bench.greet(), bench.greet());
        bench.wish(ann, named_or_new("den"));
        bench.wish(bob, named("hut"));
        // A name that is made can't be another world's.
        bench.wish(carl, Wish::new_room(Text::EMPTY));
        bench.let_open(world, 7, carl);
        bench.pass_ms(SETTLE_MS - 1);
        assert_eq!((bench.heard(ann.key), bench.heard(bob.key)), (vec![], vec![]));
        bench.pass_ms(crate::timer::TICK_MS + 1);
        assert_eq!(bench.attach_at(world).uid, ann.uid);
        assert_eq!(bench.heard(bob.key), [refused(ErrorCode::NO_ROOM)]);
    });
}

#[test]
fn who_waits_for_settling_comes_into_the_room_that_a_world_tells_of() {
    with_new_rooms(|bench| {
        let (world, late) = (bench.register_with_rooms(1), bench.register_with_rooms(2));
        let ann = bench.greet();
        bench.wish(ann, named_or_new("den"));
        bench.open(late, 5, line("den", "", 1));
        bench.pass_ms(SETTLE_MS + crate::timer::TICK_MS);
        assert_eq!(bench.attach_at(late).uid, ann.uid);
        assert_eq!(bench.heard(world), []);
    });
}

#[test]
fn the_later_of_two_claims_closes() {
    with_rooms(|bench| {
        let (first, later) = (bench.register_with_rooms(1), bench.register_with_rooms(2));
        bench.open(first, 0, line("den", "", 1));
        bench.open(later, 6, line("den", "", 9));
        let close = CloseRoom { room_id: RoomId(6), name: Text::new("den").unwrap() };
        assert_eq!(bench.heard(later), [Said::of(&close)]);
        assert_eq!(bench.heard(first), []);
        bench.say(later, &RoomClosed { room_id: RoomId(6) });
        let ann = bench.greet();
        bench.wish(ann, named("den"));
        assert_eq!(bench.attach_at(first).uid, ann.uid);
        // The same world may call another room so.
        bench.open(first, 1, line("den", "", 1));
        bench.say(first, &RoomClosed { room_id: RoomId(0) });
        assert_eq!((bench.heard(first), bench.role().rooms().len()), (vec![], 1));
    });
}

#[test]
fn both_sides_of_a_lost_world_s_hold() {
    with_rooms(|bench| {
        let (lost, other) = (bench.register_with_rooms(1), bench.register_with_rooms(2));
        bench.open(lost, 0, line("den", "", 1));
        bench.disconnect(lost);
        let ann = bench.greet();
        bench.wish(ann, created("den"));
        assert_eq!(bench.heard(ann.key), [refused(ErrorCode::ROOM_EXISTS)]);
        bench.wish(ann, named_or_new("den"));
        bench.pass_ms(ATTACH_TIMEOUT_MS + 2 * OPENING_WAIT_MS);
        assert_eq!(bench.heard(ann.key), [refused(ErrorCode::BUSY)]);
        bench.pass_ms(HOLD_MS);
        bench.wish(ann, named_or_new("den"));
        assert_eq!(bench.attach_at(other).uid, ann.uid);
    });
}

#[test]
fn a_world_that_is_back_has_its_rooms_again() {
    with_rooms(|bench| {
        let lost = bench.register_with_rooms(1);
        bench.register_with_rooms(2);
        bench.open(lost, 0, line("den", "", 1));
        bench.disconnect(lost);
        let back = bench.register_with_rooms(1);
        bench.open(back, 4, line("den", "", 1));
        let ann = bench.greet();
        bench.wish(ann, named("den"));
        assert_eq!(bench.attach_at(back).uid, ann.uid);
    });
}

#[test]
fn a_world_that_is_back_without_a_room_has_its_name_no_more() {
    with_rooms(|bench| {
        let (lost, other) = (bench.register_with_rooms(1), bench.register_with_rooms(2));
        bench.open(lost, 0, line("den", "", 1));
        bench.open(lost, 1, line("cave", "", 1));
        bench.open(other, 0, line("hall", "", 1));
        bench.disconnect(lost);
        let list = |uids| UserList { is_first: true, is_last: true, uids, held: 0, spectators: 0 };
        // Another one's list says nothing of it.
        bench.say(other, &list(Default::default()));
        let ann = bench.greet();
        bench.wish(ann, created("den"));
        assert_eq!(bench.heard(ann.key), [refused(ErrorCode::ROOM_EXISTS)]);
        let back = bench.register_with_rooms(1);
        bench.open(back, 4, line("cave", "", 1));
        bench.wish(ann, created("den"));
        assert_eq!(bench.heard(ann.key), [refused(ErrorCode::ROOM_EXISTS)]);
        bench.say(back, &list(Default::default()));
        assert_eq!(bench.role().rooms().len(), 2);
        bench.wish(ann, created("cave"));
        assert_eq!(bench.heard(ann.key), [refused(ErrorCode::ROOM_EXISTS)]);
        bench.wish(ann, created("den"));
        let attach = bench.attach_at(back);
        assert_eq!(attach.uid, ann.uid);
    });
}

#[test]
fn listings_come_in_pages_of_what_is_listed() {
    with_rooms(|bench| {
        let world = bench.register_with_rooms(1);
        for room in 0..4 {
            let name = format!("room{room}");
            bench.open(world, room, line(&name, "duel", room));
        }
        bench.open(world, 4, line("race", "race", 1));
        let hidden =
            RoomOpened { room_id: RoomId(5), line: line("hid", "duel", 3), is_listed: false };
        bench.say(world, &hidden);
        let changed = RoomChanged {
            room_id: RoomId(1),
            members: 2,
            is_locked: true,
            is_listed: true,
            properties: Bytes::new(b"score").unwrap(),
        };
        bench.say(world, &changed);
        let ann = bench.greet();
        let mode = Text::new("duel").unwrap();
        bench.say(ann.key, &ListRoomsReq { region: Text::EMPTY, mode, after: 0 });
        let heard = bench.heard(ann.key);
        let first: RoomPage<'_> = heard[0].read().unwrap();
        assert_eq!(first.rooms.len(), ROOM_PAGE_ROOMS);
        let second = first.rooms[1];
        assert_eq!(
            (second.members, second.is_locked, second.properties.as_slice()),
            (2, true, &b"score"[..])
        );
        bench.say(ann.key, &ListRoomsReq { region: Text::EMPTY, mode, after: first.next_after });
        let heard = bench.heard(ann.key);
        let last: RoomPage<'_> = heard[0].read().unwrap();
        assert_eq!(
            (last.rooms.len(), last.rooms[0].name.as_str(), last.next_after),
            (1, "room3", 0)
        );
        for _ in 0..ChatPolicy::DEFAULT.request_burst {
            bench.say(ann.key, &ListRoomsReq { region: Text::EMPTY, mode, after: u16::MAX });
        }
        let heard = bench.heard(ann.key);
        assert!(heard[0].read::<RoomPage<'_>>().unwrap().rooms.is_empty());
        assert_eq!(heard.last(), Some(&error(ErrorCode::BUSY, ListRoomsReq::OPCODE.0)));
    });
}

/// What finds no place here is not lost: its world names its rooms again when there is one.
#[test]
fn both_sides_of_the_directory() {
    with_rooms(|bench| {
        let world = bench.register_with_rooms(1);
        for room in 0..ROOMS as u16 {
            bench.open(world, room, line(&format!("room{room}"), "", 4));
        }
        bench.open(world, 20, line("late", "", 1));
        assert_eq!(bench.role().rooms().len(), ROOMS);
        let ann = bench.greet();
        bench.wish(ann, named_or_new("den"));
        assert_eq!(bench.heard(ann.key), [refused(ErrorCode::FULL)]);
        bench.say(world, &RoomClosed { room_id: RoomId(2) });
        bench.say(world, &Status { users: 0, rooms: 0, load: 0, held: 0 });
        assert_eq!(bench.heard(world), [Said::of(&Registered {})]);
        bench.open(world, 20, line("late", "", 1));
        bench.wish(ann, named("late"));
        assert_eq!(bench.attach_at(world).uid, ann.uid);
    });
}

/// More wishes than can be kept: told to come again, and nobody else's is lost.
#[test]
fn both_sides_of_the_wishes() {
    with_rooms(|bench| {
        let world = bench.register_with_rooms(1);
        bench.open(world, 0, RoomLine { capacity: 20, ..line("den", "", 1) });
        let guests: Vec<Guest> = (0..=WISHES).map(|_| bench.greet()).collect();
        for guest in &guests {
            bench.wish(*guest, named("den"));
        }
        let last = guests[WISHES];
        assert_eq!(bench.heard(last.key), [refused(ErrorCode::BUSY)]);
        let heard = bench.heard(world);
        assert_eq!(heard.len(), WISHES);
        for said in &heard {
            let attach: AttachUser<'_> = said.read().unwrap();
            bench.say(world, &ack(&attach));
        }
        bench.wish(last, named("den"));
        assert_eq!(bench.attach_at(world).uid, last.uid);
    });
}

/// The last rooms are for those who have opened fewer: one address does not have them all.
#[cfg(feature = "shares")]
#[test]
fn both_sides_of_an_address_s_share_of_rooms() {
    with_rooms(|bench| {
        let world = bench.register_with_rooms(1);
        let open = |bench: &mut MainBench<'_>, address: u16, room: u16| {
            let guest = bench.guest_from(address).unwrap();
            bench.wish(guest, created(&format!("r{room}")));
            match bench.heard(guest.key).pop() {
                Some(said) => Err(said),
                None => Ok(bench.let_open(world, room, guest)),
            }
        };
        let last = ROOMS as u16 - 1;
        for room in 0..last {
            open(bench, 1, room).unwrap_or_else(|said| panic!("room {room}: {said:?}"));
        }
        assert_eq!(open(bench, 1, last).unwrap_err(), refused(ErrorCode::FULL));
        assert!(open(bench, 2, last).is_ok());
        // A room that closes is its opener's no more.
        for room in 0..last {
            bench.say(world, &RoomClosed { room_id: RoomId(room) });
        }
        assert!(open(bench, 1, last + 1).is_ok());
    });
}

/// Guests, and the one pair of characters that this test composes.
struct Composer(Guests);

impl Authenticator for Composer {
    fn identify(
        &mut self,
        turn: &mut crate::entropy::Turn<'_>,
        token: Option<Token>,
        is_taken: &dyn Fn(Uid) -> bool,
    ) -> Result<Identity, ErrorCode> {
        self.0.identify(turn, token, is_taken)
    }

    fn room_name(
        &mut self,
        wanted: &str,
    ) -> Result<heapless::String<{ crate::protocol::ROOM_NAME_MAX_BYTES }>, ErrorCode> {
        crate::node::main::nicknames::checked_room(&wanted.replace("e\u{301}", "\u{E9}"))
    }
}

/// Names and modes that differ in their spelling only are one.
#[test]
fn a_room_has_one_name_however_it_is_spelt() {
    let mut node_memory = Box::new(BenchMemory::NEW);
    let mut memory = Box::new(MainMemory::<MAX_USERS, WORLD_COUNT_MAX>::NEW);
    let mut rooms = Box::new(MainRoomMemory::<ROOMS, WISHES>::NEW);
    let storage = MainStorage { rooms: rooms.storage(), ..memory.storage() };
    let main = Main::new(storage, CONFIG, Composer(Guests::new([7; 32])), test_secrets());
    let mut bench = Bench::new(Sizes::ALL.lend(&mut node_memory), BENCH_CONFIG, main);
    bench.act(Main::start);
    bench.pass_ms(SETTLE_MS);
    let world = bench.register_with_rooms(1);
    let (decomposed, composed) = ("cafe\u{301}", "caf\u{E9}");
    for name in [decomposed, composed] {
        let guest = bench.greet();
        let mode = Text::new(name).unwrap();
        let wish = Wish { mode, ..named_or_new(name) };
        bench.wish(guest, wish);
        let attach = bench.attach_at(world);
        let asked = (attach.wish.name.as_str(), attach.wish.mode.as_str());
        assert_eq!(asked, (composed, composed));
        bench.open(world, 0, line(composed, composed, 0));
        bench.say(world, &ack(&attach));
        bench.heard(guest.key);
        bench.say(guest.key, &ListRoomsReq { region: Text::EMPTY, mode, after: 0 });
        let heard = bench.heard(guest.key);
        let page: RoomPage<'_> = heard[0].read().unwrap();
        assert_eq!(page.rooms.len(), 1, "{name:?}");
    }
    assert_eq!(bench.role().rooms().len(), 1);
    let guest = bench.greet();
    let mode = Text::new("\u{301}").unwrap();
    bench.say(guest.key, &ListRoomsReq { region: Text::EMPTY, mode, after: 0 });
    let heard = bench.heard(guest.key);
    let page: RoomPage<'_> = heard[0].read().unwrap();
    assert!(page.rooms.is_empty());
    bench.finish();
}
