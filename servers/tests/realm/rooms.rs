//! Rooms by name on real servers: who wishes for one name meets, and what a closed room was is gone.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::support::{Pass, Peer, Realm, ScratchFile, Server};
use tinyrealm_coin_rush::messages::rush_to_client::{Coin, Score};
use tinyrealm_coin_rush::{SPEED, WATCH};
use tinyrealm_core::protocol::client_to_main::{EnterWorldReq, ListRoomsReq};
use tinyrealm_core::protocol::client_to_world::{Leave, Move};
use tinyrealm_core::protocol::either_way::Error;
use tinyrealm_core::protocol::main_to_client::RoomPage;
use tinyrealm_core::protocol::world_to_client::UserEntered;
use tinyrealm_core::protocol::{
    Bytes, Direction, ErrorCode, MemberNumber, Position, ROOM_NAME_MAX_BYTES, RoomId, Text, Token,
    Uid, Wish, WishKind, encode_frame,
};

const COINS: usize = 16;
const SETTINGS: [&str; 2] = ["main.registry_settle_ms=0", "world.rooms=2"];
const RUSH: [&str; 3] =
    ["world.game=coin-rush", "game.coin-rush.coins=16", "game.coin-rush.round_s=3600"];
const STEP: Duration = Duration::from_millis(50);

fn named(kind: WishKind, name: &str) -> Wish<'_> {
    Wish { kind, name: Text::new(name).unwrap(), ..Wish::ANY }
}

/// A guest at Main.
struct Guest {
    main: Peer,
    uid: Uid,
    token: Token,
}

/// A guest in a room.
struct Member {
    guest: Guest,
    world: Peer,
    place: (SocketAddr, RoomId),
    others: Vec<Uid>,
}

impl Guest {
    fn of(realm: &Realm) -> Self {
        Self::with(realm, None)
    }

    fn with(realm: &Realm, token: Option<Token>) -> Self {
        let mut main = Peer::connect(realm.main.address);
        let welcome = main.hello(token);
        Self { main, uid: welcome.uid, token: welcome.token }
    }

    fn wish(&mut self, wish: Wish<'_>) {
        self.main.send(&EnterWorldReq { region: Text::EMPTY, wish });
    }

    fn answer(&mut self) -> Result<Pass, ErrorCode> {
        self.main.hear_pass(&[])
    }

    fn refused(&mut self, wish: Wish<'_>) -> ErrorCode {
        self.wish(wish);
        self.answer().expect_err("a reason")
    }

    fn join(mut self) -> Member {
        let pass = self.answer().unwrap_or_else(|code| panic!("no room: {}", code.name()));
        let (world, room, others) = pass.join(self.uid);
        Member { place: (pass.world, room), guest: self, world, others }
    }

    fn enter(mut self, wish: Wish<'_>) -> Member {
        self.wish(wish);
        self.join()
    }

    fn listed(&mut self) -> Vec<String> {
        self.main.send(&ListRoomsReq { after: 0, region: Text::EMPTY, mode: Text::EMPTY });
        let page = self.main.expect::<RoomPage<'_>>();
        page.rooms.iter().map(|room| room.name.as_str().to_owned()).collect()
    }
}

impl Member {
    /// Goes out of the room, and stays at Main.
    fn leave(mut self) -> Guest {
        self.world.send(&Leave {});
        self.world.expect_lost();
        self.guest
    }
}

fn realm(settings: &[&str]) -> Realm {
    let mut realm = Realm::start(&[&SETTINGS[..], settings].concat());
    realm.add_world(2, &[]);
    realm
}

#[test]
fn two_who_wish_for_a_new_room_of_one_name_at_once_meet() {
    let realm = realm(&[]);
    let (mut ann, mut bob) = (Guest::of(&realm), Guest::of(&realm));
    let den = named(WishKind::NAMED_OR_NEW, "den");
    ann.wish(den);
    bob.wish(den);
    let (ann, bob) = (ann.join(), bob.join());
    assert_eq!(ann.place, bob.place);
    assert_eq!(bob.others, [ann.guest.uid]);
    drop((ann, bob));
    realm.stop();
}

/// One in composed characters, the other in those that they are made of.
#[test]
fn two_who_spell_one_name_differently_meet() {
    let realm = realm(&[]);
    let ann = Guest::of(&realm).enter(named(WishKind::NAMED_OR_NEW, "cafe\u{301}"));
    let bob = Guest::of(&realm).enter(named(WishKind::NAMED, "caf\u{E9}"));
    assert_eq!((bob.place, &bob.others[..]), (ann.place, &[ann.guest.uid][..]));
    let mut cid = Guest::of(&realm);
    assert_eq!(cid.refused(named(WishKind::CREATE, "cafe\u{301}")), ErrorCode::ROOM_EXISTS);
    // A character that is longer when it is composed: at the limit of a name, and over it.
    let name = "\u{958}".repeat(ROOM_NAME_MAX_BYTES / 6);
    let cid = cid.enter(named(WishKind::NAMED_OR_NEW, &name));
    let longer = "\u{958}".repeat(ROOM_NAME_MAX_BYTES / 6 + 1);
    let mut dan = Guest::of(&realm);
    assert_eq!(dan.refused(named(WishKind::NAMED_OR_NEW, &longer)), ErrorCode::BAD_ROOM);
    drop((ann, bob, cid, dan));
    realm.stop();
}

#[test]
fn a_private_room_asks_for_its_secret_and_only_listed_rooms_are_shown() {
    let realm = realm(&[]);
    let secret = Text::new("sesame").unwrap();
    let den = Wish { secret, ..named(WishKind::CREATE, "den") };
    let ann = Guest::of(&realm).enter(den);
    let hut = Wish { is_listed: true, ..named(WishKind::CREATE, "hut") };
    let bob = Guest::of(&realm).enter(hut);
    let mut cid = Guest::of(&realm);
    assert_eq!(cid.listed(), ["hut"]);
    assert_eq!(cid.refused(den), ErrorCode::ROOM_EXISTS);
    assert_eq!(cid.refused(named(WishKind::NAMED, "inn")), ErrorCode::NO_ROOM);
    let wrong = Wish { secret: Text::new("Sesame").unwrap(), ..named(WishKind::NAMED, "den") };
    assert_eq!(cid.refused(wrong), ErrorCode::WRONG_SECRET);
    let cid = cid.enter(Wish { kind: WishKind::NAMED, ..den });
    assert_eq!((cid.place, &cid.others[..]), (ann.place, &[ann.guest.uid][..]));
    drop((ann, bob, cid));
    realm.stop();
}

/// Who has lost Main and its room at once comes back to its seat by the same wish; another wish gives the seat up.
#[test]
fn a_seat_in_a_room_by_its_name_outlasts_main() {
    let mut realm = realm(&[&RUSH[..], &["main.registry_settle_ms=1000"]].concat());
    let den = named(WishKind::NAMED_OR_NEW, "den");
    let ann = Guest::of(&realm).enter(den);
    let bob = Guest::of(&realm).enter(den);
    let (token, uid, place) = (ann.guest.token, ann.guest.uid, ann.place);
    drop(ann);
    realm.main.restart_after(Duration::from_millis(50));
    let mut back = Guest::with(&realm, Some(token));
    assert_eq!(back.uid, uid);
    let pass = loop {
        // Until the worlds are there again.
        back.wish(den);
        match back.answer() {
            Ok(pass) => break pass,
            Err(ErrorCode::NO_WORLD | ErrorCode::BUSY) => std::thread::sleep(STEP),
            Err(code) => panic!("{}", code.name()),
        }
    };
    let mut world = Peer::connect(pass.world);
    let (welcome, others) = world.join(uid, pass.key);
    assert_eq!(((pass.world, welcome.room_id), welcome.is_returned), (place, true));
    assert_eq!(others, [bob.guest.uid]);
    drop(world);
    back.wish(named(WishKind::NAMED_OR_NEW, "hut"));
    let pass = back.answer().unwrap();
    let (welcome, others) = Peer::connect(pass.world).join(uid, pass.key);
    assert_ne!((pass.world, welcome.room_id), place);
    assert_eq!((welcome.is_returned, others), (false, vec![]));
    drop((back, bob));
    realm.stop();
}

/// Where the coins are, as a newcomer is told.
fn coins_of(world: &mut Peer) -> Vec<Position> {
    (0..COINS).map(|_| world.find_thing::<Coin>().1.pos).collect()
}

/// Walks to the nearest coin, no faster than one may, and has points then.
fn find_a_coin(world: &mut Peer) {
    let coins = coins_of(world);
    // The first own move tells where it stands: a jump is put right.
    let far = Position { x: i32::MAX, y: 0, z: 0 };
    world.send(&Move { pos: far, dir: Direction(0) });
    let (_, mut at) = world.find_move();
    let away = |coin: &&Position| (coin.x - at.x).abs().max((coin.y - at.y).abs());
    let to = *coins.iter().min_by_key(away).unwrap();
    let step = (SPEED / 20) as i32;
    let nearer = |from: i32, to: i32| from + (to - from).clamp(-step, step);
    let mut next = Instant::now();
    while (at.x, at.y) != (to.x, to.y) {
        at = Position { x: nearer(at.x, to.x), y: nearer(at.y, to.y), z: 0 };
        world.send(&Move { pos: at, dir: Direction(0) });
        next += STEP;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    while world.find_state::<Score>().1.points == 0 {}
}

#[test]
fn behind_the_last_a_name_is_free_and_the_next_room_begins_anew() {
    let realm = realm(&RUSH);
    let den = Wish { is_listed: true, ..named(WishKind::NAMED_OR_NEW, "den") };
    let mut ann = Guest::of(&realm).enter(den);
    find_a_coin(&mut ann.world);
    let mut bob = Guest::of(&realm).enter(den);
    let coins = coins_of(&mut bob.world);
    while bob.world.find_state::<Score>().1.points == 0 {}
    let (mut ann, mut bob) = (ann.leave(), bob.leave());
    while !ann.listed().is_empty() {
        std::thread::sleep(STEP);
    }
    assert_eq!(bob.refused(named(WishKind::NAMED, "den")), ErrorCode::NO_ROOM);
    let mut bob = bob.enter(den);
    let mut ann = ann.enter(den);
    assert_eq!((ann.place, &ann.others[..]), (bob.place, &[bob.guest.uid][..]));
    let fresh = coins_of(&mut bob.world);
    assert!(!fresh.iter().any(|coin| coins.contains(coin)), "{fresh:?}, after {coins:?}");
    for member in [&mut ann, &mut bob] {
        assert_eq!(member.world.find_state::<Score>().1.points, 0);
    }
    drop((ann, bob));
    realm.stop();
}

/// Two meet by the name of their room in whichever world it is. That world is killed: with what it keeps it has the
/// room again, under its name and for its secret alone, and those who were in it have their seats and their points.
#[test]
fn a_world_that_is_killed_has_its_rooms_again_under_their_names() {
    let folder = ScratchFile::new("named");
    let data = format!("world.data_folder={}", folder.path());
    let mut realm = realm(&[&RUSH[..], &[&data]].concat());
    let secret = Text::new("sesame").unwrap();
    let den = Wish { secret, ..named(WishKind::NAMED_OR_NEW, "den") };
    let mut ann = Guest::of(&realm).enter(den);
    let bob = Guest::of(&realm).enter(den);
    assert_eq!((bob.place, &bob.others[..]), (ann.place, &[ann.guest.uid][..]));
    find_a_coin(&mut ann.world);
    let of_den = |world: &Server| world.address == ann.place.0;
    let index = realm.worlds.iter().position(of_den).expect("it is one of them");
    // The state changes with every tick; the second one from now is of later than now.
    let handed_out = |realm: &Realm| realm.worlds[index].report().count("saves.handed_out");
    let first = handed_out(&realm);
    while handed_out(&realm) < first + 3 {
        std::thread::sleep(STEP);
    }
    realm.worlds[index].restart_after(Duration::ZERO);
    realm.worlds[index].wait_until_registered(1);
    let mut cid = Guest::of(&realm);
    let stranger = Wish { secret: Text::EMPTY, ..named(WishKind::NAMED, "den") };
    assert_eq!(cid.refused(stranger), ErrorCode::WRONG_SECRET);
    let token = Some(ann.guest.token);
    let mut again = Guest::with(&realm, token).enter(Wish { kind: WishKind::NAMED, ..den });
    assert_eq!((again.guest.uid, again.place), (ann.guest.uid, ann.place));
    assert_eq!(again.others, [bob.guest.uid]);
    while again.world.find_state::<Score>().1.points == 0 {}
    drop((ann, bob, cid, again));
    realm.stop();
}

/// Its connections hang, without an end that its world could see, and it comes by new ones. The room's name was made for it.
#[test]
fn whoever_comes_back_before_its_world_has_seen_it_go_is_in_its_room() {
    let realm = realm(&RUSH);
    let ann = Guest::of(&realm).enter(named(WishKind::CREATE, ""));
    let again = Guest::with(&realm, Some(ann.guest.token)).enter(named(WishKind::CREATE, ""));
    assert_eq!((again.guest.uid, again.place), (ann.guest.uid, ann.place));
    assert_eq!(again.others, []);
    drop((ann, again));
    realm.stop();
}

/// Who only looks on has no number and no body, takes no place, and hears what members hear.
#[test]
fn whoever_looks_on_hears_all_of_it_and_is_nowhere() {
    let realm = realm(&RUSH);
    let den = named(WishKind::NAMED_OR_NEW, "den");
    let mut ann = Guest::of(&realm).enter(den);
    let options = Bytes::new(WATCH).unwrap();
    let mut cid = Guest::of(&realm).enter(Wish { options, ..den });
    assert_eq!(cid.world.number_of(cid.guest.uid), MemberNumber::GAME);
    assert_eq!(cid.others, [ann.guest.uid]);
    find_a_coin(&mut ann.world);
    while cid.world.find_state::<Score>().1.points == 0 {}
    cid.world.move_to(0);
    assert_eq!(cid.world.find::<Error>().code, ErrorCode::SPECTATING);
    cid.world.expect_served();
    // Nobody has been told of the one who looks on.
    let bob = Guest::of(&realm).enter(den);
    assert_eq!(bob.others, [ann.guest.uid]);
    assert_eq!(ann.world.find::<UserEntered>().member.uid, bob.guest.uid);
    drop((ann, bob, cid));
    realm.stop();
}

/// Longer than a name can be, no text at all, a kind that nobody knows, bytes behind the end: whoever says that is sent
/// away, and nobody else hears of it.
#[test]
fn what_is_no_wish_ends_its_own_connection_alone() {
    let realm = realm(&[]);
    let witness = Guest::of(&realm).enter(named(WishKind::NAMED_OR_NEW, "den"));
    let name = "n".repeat(ROOM_NAME_MAX_BYTES);
    let wish = named(WishKind::NAMED_OR_NEW, &name);
    let mut whole = [0; 128];
    let bytes = encode_frame(&EnterWorldReq { region: Text::EMPTY, wish }, &mut whole).unwrap();
    let at = whole.windows(name.len()).position(|part| part == name.as_bytes()).unwrap();
    let told = |spoil: &dyn Fn(&mut Vec<u8>)| {
        let mut frame = whole[..bytes].to_vec();
        spoil(&mut frame);
        let length = (frame.len() - 2) as u16;
        frame[..2].copy_from_slice(&length.to_le_bytes());
        frame
    };
    let longer = told(&|frame| {
        frame[at - 1] += 1;
        frame.insert(at, b'n');
    });
    let no_text = told(&|frame| frame[at] = 0xFF);
    let behind = told(&|frame| frame.push(0));
    let cut = told(&|frame| frame.truncate(at + 3));
    for frame in [longer, no_text, behind, cut] {
        let mut guest = Guest::of(&realm);
        guest.main.send_bytes(&frame);
        guest.main.expect_refused(ErrorCode::MALFORMED, EnterWorldReq::OPCODE.0);
    }
    let mut guest = Guest::of(&realm);
    assert_eq!(guest.refused(Wish { kind: WishKind(200), ..wish }), ErrorCode::BAD_ROOM);
    for name in ["a\nb", "\u{200B}", " den", "den\u{202E}"] {
        assert_eq!(guest.refused(named(WishKind::NAMED_OR_NEW, name)), ErrorCode::BAD_ROOM);
    }
    let too_many = Wish { places: u16::MAX, ..named(WishKind::CREATE, "hall") };
    assert_eq!(guest.refused(too_many), ErrorCode::BAD_ROOM);
    // The longest that there is, and as it was before.
    let guest = guest.enter(Wish { places: 0, ..wish });
    assert!(guest.others.is_empty());
    drop((witness, guest));
    realm.stop();
}
