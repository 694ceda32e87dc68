//! A flood of rooms' names on real servers: one address leaves rooms to others, names come back, and nothing grows.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::support::login::connect_from;
use crate::support::peer::frame;
use crate::support::{Pass, Peer, Realm};
use tinyrealm_core::protocol::client_to_main::{EnterWorldReq, ListRoomsReq};
use tinyrealm_core::protocol::main_to_client::RoomPage;
use tinyrealm_core::protocol::{
    Bytes, ErrorCode, ROOM_OPTIONS_MAX_BYTES, Text, Uid, Wish, WishKind,
};

const ABROAD: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 6);
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 7);
/// Of two worlds.
const ROOMS: usize = 32;
const SETTINGS: [&str; 3] =
    ["main.registry_settle_ms=0", "world.rooms=16", "net.openings_per_second=60000"];
/// Growth that is no leak: allocators keep what they had.
const SLACK_BYTES: u64 = 4 * 1_024 * 1_024;

fn realm() -> Realm {
    let mut realm = Realm::start(&SETTINGS);
    realm.add_world(2, &[]);
    realm
}

fn named(kind: WishKind, name: &str) -> Wish<'_> {
    Wish { kind, name: Text::new(name).unwrap(), is_listed: true, ..Wish::ANY }
}

/// A guest at Main, and maybe in a room.
struct Guest {
    main: Peer,
    uid: Uid,
    world: Option<Peer>,
}

impl Guest {
    fn from(main: SocketAddr, address: Ipv4Addr) -> Self {
        let mut main = connect_from(main, address).expect("it listens");
        let uid = main.hello(None).uid;
        Self { main, uid, world: None }
    }

    fn say(&mut self, wish: Wish<'_>) {
        self.main.send_if_open(&frame(&EnterWorldReq { region: Text::EMPTY, wish }));
    }

    /// Where it is sent, or why not.
    fn hear(&mut self) -> Result<Pass, ErrorCode> {
        // Who asks for lists too often is told so.
        self.main.hear_pass(&[RoomPage::OPCODE.0, ListRoomsReq::OPCODE.0])
    }

    /// Comes into a room by its name; why not otherwise.
    fn enter(&mut self, wish: Wish<'_>) -> Result<(), ErrorCode> {
        self.say(wish);
        let pass = self.hear()?;
        self.world = Some(pass.join(self.uid).0);
        Ok(())
    }
}

/// How many of so many guests of an address come into rooms of their own, and stay there.
fn fill(main: SocketAddr, address: Ipv4Addr, count: usize, prefix: &str) -> Vec<Guest> {
    let mut guests: Vec<Guest> = (0..count).map(|_| Guest::from(main, address)).collect();
    let enters = |(number, guest): (usize, &mut Guest)| {
        let name = format!("{prefix} {number}");
        match guest.enter(named(WishKind::NAMED_OR_NEW, &name)) {
            Ok(()) => {}
            Err(ErrorCode::FULL) => assert!(guest.world.is_none()),
            Err(code) => panic!("{name}: {}", code.name()),
        }
    };
    guests.iter_mut().enumerate().for_each(enters);
    guests.retain(|guest| guest.world.is_some());
    guests
}

/// Both sides of the share of one address, then others come until there is no room, then all names are free again.
#[test]
fn an_address_that_takes_all_names_leaves_rooms_to_others_and_gives_them_back() {
    let realm = realm();
    let main = realm.main.address;
    let hoard = fill(main, ABROAD, 2 * ROOMS, "theirs");
    // The last eighth is for those who have opened few.
    assert_eq!(hoard.len(), ROOMS - ROOMS / 8);
    let mut others: Vec<Guest> = Vec::new();
    for number in 0..ROOMS as u8 {
        others.extend(fill(main, Ipv4Addr::new(127, 0, 1, number), 1, &format!("ours {number}")));
    }
    assert!(others.len() >= ROOMS / 8 - 1, "{}", others.len());
    assert!(hoard.len() + others.len() <= ROOMS);
    // Whoever knows the name of a room that is there comes in all the same.
    let mut friend = Guest::from(main, ABROAD);
    friend.enter(named(WishKind::NAMED, "theirs 0")).unwrap();
    drop((hoard, others, friend));
    let mut late = Guest::from(main, ELSEWHERE);
    loop {
        // Until their worlds have let them go.
        match late.enter(named(WishKind::CREATE, "theirs 0")) {
            Ok(()) => break,
            Err(ErrorCode::ROOM_EXISTS | ErrorCode::FULL) => {
                std::thread::sleep(Duration::from_millis(50));
            }
            Err(code) => panic!("{}", code.name()),
        }
    }
    drop(late);
    realm.stop().0.expect(&[("net.overflows", 0), ("net.violations", 0)]);
}

/// What one guest of a flood asks for, one after the other: a new name, the rooms, a room whose secret it does not know,
/// and options that are as long as they can be. Everything has an answer.
fn ask_for_everything(guest: &mut Guest, number: usize) {
    let options = [b'o'; ROOM_OPTIONS_MAX_BYTES];
    let name = format!("n{number}");
    let list = ListRoomsReq { region: Text::EMPTY, mode: Text::EMPTY, after: 0 };
    guest.main.send_if_open(&frame(&list));
    let options = Bytes::new(&options).unwrap();
    // A wrong secret waits for its answer.
    let kind = if number.is_multiple_of(512) { 0 } else { 1 + number % 7 };
    let wish = match kind {
        0 => Wish { secret: Text::new("guess").unwrap(), ..named(WishKind::NAMED, "den") },
        1 => Wish { options, ..named(WishKind::CREATE, &name) },
        2 => named(WishKind::NAMED, &name),
        3 => Wish { places: u16::MAX, ..named(WishKind::CREATE, &name) },
        _ => named(WishKind::NAMED_OR_NEW, &name),
    };
    guest.say(wish);
    match (guest.hear(), kind) {
        (Ok(_), 1 | 4..) | (Err(ErrorCode::FULL | ErrorCode::BUSY), _) => {}
        (Err(ErrorCode::WRONG_SECRET), 0)
        | (Err(ErrorCode::NO_ROOM), 2)
        | (Err(ErrorCode::BAD_ROOM), 3) => {}
        (answer, _) => panic!("{:?} to {kind}", answer.map(|pass| pass.world)),
    }
}

/// 4,096 names from four addresses, each given up for the next, while friends meet in their private room.
#[test]
fn thousands_of_names_keep_nobody_out_and_nothing_grows() {
    const GUESTS: usize = 16;
    const NAMES: usize = 4_096;
    let realm = realm();
    let main = realm.main.address;
    let den = Wish {
        secret: Text::new("sesame").unwrap(),
        is_listed: false,
        ..named(WishKind::NAMED_OR_NEW, "den")
    };
    let mut host = Guest::from(main, ELSEWHERE);
    host.enter(den).unwrap();
    let mut flood: Vec<Guest> = (0..GUESTS)
        .map(|number| Guest::from(main, Ipv4Addr::new(127, 0, 2, (number % 4) as u8)))
        .collect();
    let resident = |realm: &Realm| {
        let worlds = realm.worlds.iter().map(|world| world.process.resident_bytes());
        worlds.sum::<u64>() + realm.main.process.resident_bytes()
    };
    let mut before = 0;
    for round in 0..NAMES / GUESTS {
        std::thread::scope(|scope| {
            for (place, guest) in flood.iter_mut().enumerate() {
                scope.spawn(move || ask_for_everything(guest, round * GUESTS + place));
            }
        });
        if round == NAMES / GUESTS / 4 {
            before = resident(&realm);
        }
        if round % 64 == 0 {
            let mut friend = Guest::from(main, ELSEWHERE);
            friend.enter(den).expect("friends meet");
        }
        host.world.as_mut().expect("it is in its room").expect_served();
    }
    let after = resident(&realm);
    assert!(after <= before + SLACK_BYTES, "{before} bytes, and {after} behind all names");
    drop((flood, host));
    let (report, worlds) = realm.stop();
    // Two in seven wishes are such that there is no room for them.
    assert!(report.count("enters") > NAMES as u64 / 2, "{report:?}");
    report.expect(&[("net.overflows", 0), ("net.violations", 0)]);
    for world in worlds {
        world.expect(&[("net.overflows", 0), ("net.violations", 0)]);
    }
}

/// Both sides of the longest options; whoever says more is sent away, alone.
#[test]
fn options_that_are_too_long_end_their_own_connection() {
    let realm = realm();
    let most = [b'o'; ROOM_OPTIONS_MAX_BYTES];
    let options = Bytes::new(&most).unwrap();
    let wish = Wish { options, ..named(WishKind::NAMED_OR_NEW, "den") };
    let mut ann = Guest::from(realm.main.address, ABROAD);
    ann.enter(wish).unwrap();
    let mut longer = frame(&EnterWorldReq { region: Text::EMPTY, wish });
    let at = longer.windows(most.len()).position(|part| part == most).unwrap();
    // The length is a varint of two bytes.
    longer[at - 2] += 1;
    longer.insert(at, b'o');
    let length = (longer.len() - 2) as u16;
    longer[..2].copy_from_slice(&length.to_le_bytes());
    let mut bob = Guest::from(realm.main.address, ABROAD);
    bob.main.send_bytes(&longer);
    bob.main.expect_refused(ErrorCode::MALFORMED, EnterWorldReq::OPCODE.0);
    ann.world.as_mut().expect("it is in its room").expect_served();
    drop((ann, bob));
    realm.stop().0.expect(&[("net.violations", 1)]);
}
