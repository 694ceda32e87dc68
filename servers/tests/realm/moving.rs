//! Rooms that move from one world to another while they are played, with real processes.

use std::time::{Duration, Instant};

use crate::support::den::{enter_den, follow, wait_until_rooms_move, worlds_of_den};
use crate::support::operator::{JSON, of, post, refused, told, wait_for_total};
use crate::support::{Bots, Realm, ScratchFile, Signal, Stream, User};
use tinyrealm_coin_rush::messages::rush_to_client::{Coin, Round, Score};
use tinyrealm_coin_rush::{REACH, SPEED};
use tinyrealm_core::protocol::client_to_world::Move;
use tinyrealm_core::protocol::{Direction, ErrorCode, MemberNumber, Position};

const SETTINGS: [&str; 5] = [
    "world.game=coin-rush",
    "world.rooms=2",
    "world.room_capacity=8",
    "game.coin-rush.coins=1",
    "game.coin-rush.round_s=3600",
];
/// No faster than one may: a twentieth of a second.
const STEP: i32 = (SPEED / 20) as i32;
/// How long a player may be without its room. It is printed; a machine that is busy with other tests takes longer.
const WITHOUT_MOST: Duration = Duration::from_secs(3);

/// What this member is shown to have, when it is at least so much.
#[track_caller]
fn score_of(witness: &mut User, number: MemberNumber, least: u16) -> u16 {
    loop {
        let (whose, Score { points }) = witness.world.find_state::<Score>();
        if whose == number && points >= least {
            return points;
        }
    }
}

/// World 1 with two players in a room, and world 2.
fn realm_with_den() -> (Realm, [User; 2]) {
    let mut realm = Realm::start(&SETTINGS);
    let users = [enter_den(realm.main.address), enter_den(realm.main.address)];
    realm.add_world(2, &[]);
    wait_until_rooms_move(&realm.main, 2);
    (realm, users)
}

#[test]
fn a_room_moves_live_with_members_numbers_positions_things_and_scores() {
    let (realm, mut users) = realm_with_den();
    let [first, second] = &mut users;
    let (_, coin) = first.world.find_thing::<Coin>();
    let start = first.spawn;
    first.walk(start, coin.pos, STEP);
    let points = score_of(second, first.number, 1);
    // As a newcomer sees it.
    let mut third = enter_den(realm.main.address);
    let (_, coin) = third.world.find_thing::<Coin>();
    let (_, round) = third.world.find_thing::<Round>();
    let spawns = [second.spawn, third.spawn];
    let admin = of(&realm.main);
    let asked = Instant::now();
    let moving = std::thread::spawn(move || post(admin, "move", JSON, r#"{"room":"den","to":2}"#));
    let mut users = users.into_iter().chain([third]).collect::<Vec<_>>();
    let places: Vec<_> = std::thread::scope(|scope| {
        let threads =
            users.iter_mut().map(|user| scope.spawn(move || (follow(user), asked.elapsed())));
        let threads: Vec<_> = threads.collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let (status, text) = moving.join().unwrap();
    assert_eq!(status, 200, "{text}");
    let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((answer["from"].as_u64(), answer["to"].as_u64()), (Some(1), Some(2)));
    for (user, (_, without)) in users.iter().zip(&places) {
        println!(
            "{:?} was without its room for at most {without:?}; Main: {} ms",
            user.uid, answer["ms"]
        );
        assert!(*without < WITHOUT_MOST, "{without:?}");
    }
    assert!(users.iter().all(|user| user.address == realm.worlds[1].address));
    assert_eq!([places[1].0, places[2].0], spawns);
    let [first, second, _] = &mut users[..] else { unreachable!() };
    let (_, again) = second.world.find_thing::<Coin>();
    let is_near = |at: Position| {
        at.x.abs_diff(coin.pos.x).max(at.y.abs_diff(coin.pos.y)) <= REACH.unsigned_abs()
    };
    assert!(again == coin || places.iter().any(|(at, _)| is_near(*at)));
    let (_, later) = second.world.find_thing::<Round>();
    assert_eq!((later.number, later.is_running), (round.number, true));
    assert!(later.left_s <= round.left_s && later.left_s + 10 > round.left_s);
    assert!(score_of(second, first.number, points) >= points);
    // It is played there, and by nobody else.
    let at = places[0].0;
    let step = Position { x: at.x - at.x.signum() * 100, ..at };
    first.world.send(&Move { pos: step, dir: Direction(0) });
    while second.world.find_move() != (first.uid, step) {}
    assert_eq!(worlds_of_den(&realm.main), [2]);
    // And back, by a command, when the first world has let go of it.
    realm.worlds[0].wait_until_reported(&[("users", 0), ("rooms", 0)]);
    std::thread::sleep(Duration::from_millis(200));
    let said = told(of(&realm.main), &["move", "den"])[0].clone();
    assert!(said.starts_with("room den is in world 1 now, before in world 2"), "{said}");
    users.iter_mut().for_each(|user| assert_eq!(follow(user).z, 0));
    assert_eq!(worlds_of_den(&realm.main), [1]);
    realm.stop();
}

/// The target stands still, and is killed: the room goes on where it was, and what was said meanwhile is heard, though
/// nobody says anything behind it.
#[test]
fn a_target_that_is_killed_in_the_middle_leaves_the_room_where_it_was() {
    let (mut realm, mut users) = realm_with_den();
    let admin = of(&realm.main);
    let target = realm.worlds.remove(1);
    target.process.signal(Signal::Stop);
    let moving = std::thread::spawn(move || post(admin, "move", JSON, r#"{"room":"den","to":2}"#));
    realm.world().process.wait_until_said(Stream::Stderr, "room 0 moves to world 2", 1);
    let [first, second] = &mut users;
    let at = Position { x: first.spawn.x - first.spawn.x.signum() * 100, ..first.spawn };
    first.world.send(&Move { pos: at, dir: Direction(0) });
    std::thread::sleep(Duration::from_millis(300));
    target.process.kill();
    while second.world.find_move() != (first.uid, at) {}
    let (status, text) = moving.join().unwrap();
    assert_eq!(status, 409, "{text}");
    assert!(text.contains("the room stays in world 1: world 2 is gone"), "{text}");
    users.iter_mut().for_each(|user| user.world.expect_served());
    assert_eq!(worlds_of_den(&realm.main), [1]);
    realm.stop();
}

/// Behind the word that it is gone, the room is the target's, whatever becomes of the source.
#[test]
fn a_source_that_is_killed_behind_the_move_has_the_room_no_more() {
    let (mut realm, mut users) = realm_with_den();
    let (status, text) = post(of(&realm.main), "move", JSON, r#"{"room":"den"}"#);
    assert_eq!(status, 200, "{text}");
    // Its members are still connected to it.
    realm.worlds[0].restart_after(Duration::ZERO);
    for user in &mut users {
        follow(user);
        assert_eq!(user.address, realm.worlds[1].address);
    }
    realm.world().wait_until_registered(1);
    assert_eq!(worlds_of_den(&realm.main), [2]);
    realm.worlds[0].wait_until_reported(&[("users", 0)]);
    assert_eq!(enter_den(realm.main.address).address, realm.worlds[1].address);
    realm.stop();
}

#[test]
fn a_room_that_can_t_move_is_told_why_and_what_to_do() {
    let folder = ScratchFile::new("moves");
    let data = format!("main.data_folder={}", folder.path());
    let mut realm = Realm::start(&[&SETTINGS[..], &[&data]].concat());
    let user = enter_den(realm.main.address);
    let at = of(&realm.main);
    assert!(refused(at, &["move", "den"]).contains("no other world takes rooms"));
    assert!(refused(at, &["move", "cave"]).contains("no room of this name is open"));
    assert!(refused(at, &["move", "den", "--to", "9"]).contains("no such world"));
    assert!(refused(at, &["move", "den", "--from", "1"]).contains("ROOM is a number"));
    assert!(refused(of(realm.world()), &["move", "den"]).contains("ask another one"));
    realm.add_world(2, &["world.game=relay"]);
    assert!(refused(at, &["move", "den", "--to", "2"]).contains("has another game"));
    assert!(refused(at, &["move", "0", "--from", "2", "--to", "1"]).contains("can't be saved"));
    // One without a place for it.
    realm.add_world(3, &["world.room_capacity=4"]);
    wait_until_rooms_move(&realm.main, 3);
    let full = refused(at, &["move", "den", "--to", "3"]);
    assert!(full.contains("more places than rooms have there") && full.contains("--to"), "{full}");
    assert!(!realm.world().process.has_said(Stream::Stderr, "moves to world 3"), "it stands still");
    assert_eq!(worlds_of_den(&realm.main), [1]);
    realm.add_world(4, &[]);
    wait_until_rooms_move(&realm.main, 4);
    assert!(refused(at, &["move", "1", "--from", "1", "--to", "4"]).contains("not open any more"));
    told(at, &["move", "den", "--to", "4"]);
    let audit = std::fs::read_to_string(format!("{}/audit.log", folder.path())).unwrap();
    let lines: Vec<serde_json::Value> =
        audit.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = lines.last().unwrap();
    assert_eq!((&last["what"], &last["outcome"]), (&"move".into(), &"done".into()));
    assert_eq!((&last["about"]["room"], &last["about"]["to"]), (&"den".into(), &4.into()));
    assert!(lines.iter().any(|line| line["outcome"].as_str().unwrap().contains("more places")));
    drop(user);
    realm.stop();
}

/// Bots play in rooms of a world that is drained: all of them are in their seats in another world, and it ends.
#[test]
fn a_world_that_drains_gives_its_rooms_away_and_no_bot_loses_its_seat() {
    let settings = [
        "world.game=coin-rush",
        "world.rooms=8",
        "world.room_capacity=8",
        "game.coin-rush.round_s=3600",
    ];
    let mut realm = Realm::start(&settings);
    let arguments =
        ["--game", "coin-rush", "--count", "24", "--seconds", "12", "--through-restarts"];
    let bots =
        Bots::start(realm.main.address, &[&arguments[..], &["--join-seconds", "30"]].concat());
    wait_for_total(of(realm.world()), "users", 24);
    for world in [2, 3] {
        realm.add_world(world, &[]);
        wait_until_rooms_move(&realm.main, world.into());
    }
    let at = of(&realm.main);
    let began = Instant::now();
    assert!(
        told(at, &["drain", "world", "1", "--within", "60s"])[0].contains("world 1 is draining")
    );
    let drained = realm.worlds.remove(0);
    drained.process.wait_until_said(Stream::Stderr, "drained: nobody is left", 1);
    println!("world 1 was empty and has ended {:?} behind the order", began.elapsed());
    let words = drained.last_words();
    words.expect(&[("joined", 24), ("lost", 0), ("users", 0)]);
    let outcome = bots.outcome();
    let longest = outcome.report.count("outages.world.longest_ms");
    println!("a bot was without its room for {longest} ms at most: {:?}", outcome.report);
    assert!(longest < WITHOUT_MOST.as_millis() as u64);
    outcome.report.expect(&[("outages.world.open", 0), ("played.broken_rules", 0)]);
    assert_eq!(outcome.code, Some(0), "{:?}", outcome.report);
    let (_, worlds) = realm.stop();
    let count = |name: &str| worlds.iter().map(|world| world.count(name)).sum::<u64>();
    // Nobody came in anew: everybody has come to its seat.
    assert_eq!((count("joined"), count("returned")), (0, 24));
}

/// A world without another one for its rooms plays on until its deadline, or until somebody takes them.
#[test]
fn rooms_wait_for_a_world_that_takes_them() {
    let mut realm = Realm::start(&SETTINGS);
    let mut user = enter_den(realm.main.address);
    let at = of(&realm.main);
    told(at, &["drain", "world", "1"]);
    std::thread::sleep(Duration::from_millis(1_200));
    user.world.expect_served();
    realm.add_world(2, &["world.game=relay"]);
    realm.add_world(3, &[]);
    follow(&mut user);
    assert_eq!(user.address, realm.worlds[2].address);
    realm.worlds[0].process.wait_until_said(Stream::Stderr, "drained: nobody is left", 1);
    user.world.expect_served();
    realm.worlds.remove(0).last_words();
    realm.stop();
}

/// SIGTERM to a world that gives its rooms away first, and to one that has nowhere to.
#[test]
fn a_world_that_is_told_to_end_gives_its_rooms_away_first() {
    let mut realm = Realm::start(&[&SETTINGS[..], &["world.move_away_ms=3000"]].concat());
    let mut users = [enter_den(realm.main.address), enter_den(realm.main.address)];
    realm.add_world(2, &[]);
    wait_until_rooms_move(&realm.main, 2);
    let began = Instant::now();
    realm.worlds[0].process.signal(Signal::Terminate);
    users.iter_mut().for_each(|user| assert!(follow(user).z == 0));
    realm.worlds.remove(0).last_words().expect(&[("users", 0), ("lost", 0)]);
    println!("it has ended {:?} behind the signal", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(3), "nobody was left");
    users.iter_mut().for_each(|user| user.world.expect_served());
    // The last one has nowhere to.
    let began = Instant::now();
    realm.worlds[0].process.signal(Signal::Terminate);
    users.iter_mut().for_each(|user| user.world.expect_bye(ErrorCode::SHUTTING_DOWN));
    assert!(began.elapsed() >= Duration::from_secs(3), "{:?}", began.elapsed());
    realm.worlds.remove(0).last_words();
    realm.stop();
}
