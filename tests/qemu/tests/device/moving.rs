//! Rooms that move between a server and a board while they are played: the same room.

use std::time::{Duration, Instant};

use tinyrealm_coin_rush::messages::rush_to_client::{Coin, Round};
use tinyrealm_core::protocol::client_to_world::{Leave, Move};
use tinyrealm_core::protocol::{Direction, MemberNumber, Position};

use super::images::{CLEAR_BOARDS, DeviceWorld, MOVING_WORLD_RAM_BYTES};
use super::memory::expect_room;
use super::support::den::{enter_den, enter_room, follow, wait_until_rooms_move, worlds_of_den};
use super::support::operator::{ctl, of, refused, told, wait_for_total};
use super::support::{Bots, PATIENCE, Realm, Stream, User};

/// Both settings of the game are as on the board.
const SETTINGS: [&str; 4] =
    ["world.game=coin-rush", "world.rooms=2", "world.room_capacity=8", CLEAR_BOARDS];
const BOARD: u64 = 100;
/// With two who look closely, and one who comes later, the room is full.
const BOTS: u64 = 5;
/// How long a player may be without its room: it is printed, and a machine that is busy with other tests takes longer.
const WITHOUT_MOST: Duration = Duration::from_secs(3);

/// A realm with world 1, and a board whose rooms move.
fn realm_with_board(settings: &[&str]) -> (Realm, DeviceWorld) {
    let realm = Realm::start(settings);
    let device = DeviceWorld::start("moving-world", realm.main.address);
    wait_until_rooms_move(&realm.main, BOARD);
    (realm, device)
}

/// The number of the round that whoever comes in is shown. That nobody has lost points over a move is what bots look for.
#[track_caller]
fn round_seen_by(user: &mut User) -> u16 {
    let (_, round) = user.world.find_thing::<Round>();
    let _ = user.world.find_thing::<Coin>();
    round.number
}

/// Somebody says where it goes, and the other one hears it.
#[track_caller]
fn expect_played([first, second]: &mut [User; 2], at: Position) {
    first.world.send(&Move { pos: at, dir: Direction(0) });
    while second.world.find_move() != (first.uid, at) {}
}

/// A step away from there, towards the middle of the field.
fn beside(at: Position) -> Position {
    Position { x: at.x - at.x.signum() * 100, ..at }
}

#[test]
fn a_room_moves_to_a_board_and_back_while_it_is_played_and_nobody_loses_its_seat() {
    let (mut realm, mut device) = realm_with_board(&SETTINGS);
    let main = realm.main.address;
    let operator = of(&realm.main);
    told(operator, &["drain", "world", "100"]);
    let arguments = ["--game", "coin-rush", "--count", "5", "--room", "den", "--seconds", "25"];
    let bots = Bots::start(main, &[&arguments[..], &["--ws=2", "--through-restarts"]].concat());
    wait_for_total(of(realm.world()), "users", BOTS);
    let mut users = [enter_den(main), enter_den(main)];
    let numbers: Vec<MemberNumber> = users.iter().map(|user| user.number).collect();
    let spawns = [users[0].spawn, users[1].spawn];
    let round = round_seen_by(&mut users[1]);

    told(operator, &["undrain", "world", "100"]);
    told(operator, &["drain", "world", "1"]);
    let places = users.each_mut().map(follow);
    assert_eq!(places, spawns);
    assert!(users.iter().all(|user| user.address == device.address));
    assert_eq!(worlds_of_den(&realm.main), [BOARD]);
    expect_played(&mut users, beside(places[0]));
    // Whoever comes now sees what there was.
    let mut late = enter_den(main);
    assert_eq!(late.address, device.address);
    let later_round = round_seen_by(&mut late);
    assert!(later_round >= round, "{later_round} behind {round}");
    let all_in = |users: u32| u64::from(users) == BOTS + 3;
    device.machine.wait_until("full", |report| all_in(report.users)).unwrap();
    realm.worlds[0].process.wait_until_said(Stream::Stderr, "drained: nobody is left", 1);
    let words = realm.worlds.remove(0).last_words();
    words.expect(&[("joined", BOTS + 2), ("lost", 0), ("users", 0)]);

    // And back, into a new process. A board that drains goes on when it is empty.
    realm.add_world(1, &[]);
    wait_until_rooms_move(&realm.main, 1);
    told(operator, &["drain", "world", "100"]);
    let back = users.each_mut().map(follow);
    assert_eq!(back, [beside(places[0]), places[1]]);
    assert_eq!(users.iter().map(|user| user.number).collect::<Vec<_>>(), numbers);
    assert!(follow(&mut late) == late.spawn);
    assert!(users.iter().all(|user| user.address == realm.worlds[0].address));
    assert_eq!(worlds_of_den(&realm.main), [1]);
    expect_played(&mut users, beside(back[0]));
    let last_round = round_seen_by(&mut late);
    assert!(last_round >= later_round, "{last_round} behind {later_round}");
    device.machine.wait_until("empty", |report| report.users == 0).unwrap();
    let outcome = bots.outcome();
    let longest = outcome.report.count("outages.world.longest_ms");
    println!("a bot was without its room for {longest} ms at most");
    assert!(longest < WITHOUT_MOST.as_millis() as u64, "{:?}", outcome.report);
    outcome.report.expect(&[("outages.world.open", 0), ("played.broken_rules", 0)]);
    assert_eq!(outcome.code, Some(0), "{:?}", outcome.report);
    let after = device.machine.report().unwrap();
    assert_eq!((after.violations, after.accepted), (0, BOTS as u32 + 3));
    expect_room(&mut device.machine, MOVING_WORLD_RAM_BYTES, "coin rush, 8 players, moving");
    let (_, worlds) = realm.stop();
    // Nobody has come in anew: everybody has come to its seat.
    worlds[0].expect(&[("joined", 0), ("returned", BOTS + 3), ("lost", 0)]);
}

/// What does not fit is refused before anything stands still, and what fits just so moves.
#[test]
fn a_room_with_a_place_too_many_stays_and_one_that_fits_moves() {
    let (realm, mut device) = realm_with_board(&[
        "world.game=coin-rush",
        "world.rooms=4",
        "world.room_capacity=9",
        CLEAR_BOARDS,
    ]);
    let (main, operator) = (realm.main.address, of(&realm.main));
    told(operator, &["drain", "world", "100"]);
    let mut wide = enter_room(main, "wide", 9);
    let mut fitting = enter_room(main, "fitting", 8);
    told(operator, &["undrain", "world", "100"]);
    let to_board = |name: &'static str| ["move", name, "--to", "100"];
    let why = refused(operator, &to_board("wide"));
    assert!(why.contains("more places than rooms have there"), "{why}");
    told(operator, &to_board("fitting"));
    follow(&mut fitting);
    assert_eq!(fitting.address, device.address);
    // It has one room.
    let mut second = enter_room(main, "second", 8);
    let why = refused(operator, &to_board("second"));
    assert!(why.contains("no room is free there"), "{why}");
    wide.world.expect_served();
    second.world.expect_served();
    let said = |what: &str| realm.world().process.has_said(Stream::Stderr, what);
    assert!(said("room 1 moves to world 100") || said("room 0 moves to world 100"));
    assert!(!said("it does not move after all"), "nothing has stood still in vain");
    // Behind whoever leaves it is free again, and its world has let go of the one that has moved.
    fitting.world.send(&Leave {});
    device.machine.wait_until("empty", |report| report.users == 0).unwrap();
    wait_for_total(operator, "rooms?q=fitting", 0);
    // Main hears of it with the board's next report.
    let deadline = Instant::now() + PATIENCE;
    while ctl(operator, &to_board("second")).status.code() != Some(0) {
        assert!(Instant::now() < deadline, "there is room again");
    }
    follow(&mut second);
    second.world.expect_served();
    assert_eq!(second.address, device.address);
    realm.stop();
}
