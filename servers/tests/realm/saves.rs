//! What rooms keep outlasts their world, whatever ends it.

use std::time::{Duration, Instant};

use crate::support::{Process, Realm, ScratchFile, Stream, User};
use serde_json::Value;
use tinyrealm_coin_rush::SPEED;
use tinyrealm_coin_rush::messages::rush_to_client::{Best, Coin, Round, Score};
use tinyrealm_core::protocol::client_to_world::Move;
use tinyrealm_core::protocol::{Direction, Position};

const STEP: Duration = Duration::from_millis(50);
const COINS: usize = 16;

/// A realm with one room of coin rush, which keeps things in this folder.
fn realm(folder: &ScratchFile, round_s: u32) -> Realm {
    Realm::start(&[
        "world.game=coin-rush",
        "world.rooms=1",
        &format!("game.coin-rush.coins={COINS}"),
        &format!("game.coin-rush.round_s={round_s}"),
        &format!("world.data_folder={}", folder.path()),
    ])
}

/// Walks to the nearest coin, no faster than one may, and answers how many it has then.
fn find_a_coin(user: &mut User) -> u16 {
    let coins: Vec<_> = (0..COINS).map(|_| user.world.find_thing::<Coin>().1.pos).collect();
    let mut at = user.spawn;
    let far = |coin: &&Position| (coin.x - at.x).abs().max((coin.y - at.y).abs());
    let to = *coins.iter().min_by_key(far).unwrap();
    let step = (SPEED / 20) as i32;
    let nearer = |from: i32, to: i32| from + (to - from).clamp(-step, step);
    let mut next = Instant::now();
    while (at.x, at.y) != (to.x, to.y) {
        at = Position { x: nearer(at.x, to.x), y: nearer(at.y, to.y), z: 0 };
        user.world.send(&Move { pos: at, dir: Direction(0) });
        next += STEP;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    find_points(user)
}

/// The next points that are any.
fn find_points(user: &mut User) -> u16 {
    loop {
        match user.world.find_state::<Score>().1.points {
            0 => {}
            points => return points,
        }
    }
}

/// The same user in the same realm, whose world has started again.
fn come_back(realm: &Realm, user: &User) -> User {
    let again = User::enter_with(realm.main.address, Some(user.token), "");
    assert_eq!(again.uid, user.uid);
    again
}

/// What `tinyrealm results` prints of this folder.
fn results(folder: &ScratchFile) -> Vec<Value> {
    let arguments = ["results", "--game", "coin-rush", "--json", "--data", folder.path()];
    let finished = Process::start(&arguments).finish(crate::support::PATIENCE);
    finished.expect_code(0);
    finished
        .lines(Stream::Stdout)
        .into_iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn what_a_player_was_told_to_be_kept_is_there_when_the_world_is_killed_at_once() {
    let folder = ScratchFile::new("kept");
    let mut realm = realm(&folder, 3);
    let mut user = realm.user();
    let found = find_a_coin(&mut user);
    let best = loop {
        match user.world.find::<Best>().points {
            0 => {}
            best => break best,
        }
    };
    realm.worlds[0].restart_after(Duration::ZERO);
    assert!(best >= found);
    let results = results(&folder);
    let of_user: Vec<_> = results.iter().filter(|line| line["value"]["points"] == best).collect();
    assert_eq!(of_user.len(), 1, "{results:?}");
    let record = of_user[0];
    assert_eq!((&record["kind"], &record["world"]), (&Value::from("Outcome"), &Value::from(1)));
    let value = &record["value"];
    assert_eq!((value["uid"].as_u64(), value["round"].as_u64()), (Some(user.uid.0), Some(1)));
    realm.world().wait_until_registered(1);
    assert_eq!(come_back(&realm, &user).world.find::<Best>().points, best);
    realm.stop();
}

#[test]
fn a_world_that_is_killed_has_its_room_again_with_everybody_s_points() {
    let folder = ScratchFile::new("killed");
    let mut realm = realm(&folder, 3_600);
    let mut user = realm.user();
    let points = find_a_coin(&mut user);
    let handed_out = || realm.world().report().count("saves.handed_out");
    // The state changes with every tick; the second one from now is of later than now.
    let (first, deadline) = (handed_out(), Instant::now() + crate::support::PATIENCE);
    while handed_out() < first + 3 && Instant::now() < deadline {
        std::thread::sleep(STEP);
    }
    realm.worlds[0].restart_after(Duration::ZERO);
    realm.world().wait_until_registered(1);
    let mut again = come_back(&realm, &user);
    let (_, round) = again.world.find_thing::<Round>();
    assert_eq!((round.number, round.is_running), (1, true));
    assert!(round.left_s <= 3_600 && find_points(&mut again) >= points);
    realm.stop();
}

#[test]
fn a_world_that_ends_in_good_order_keeps_its_room_as_it_was_last() {
    let folder = ScratchFile::new("ended");
    let mut realm = realm(&folder, 3_600);
    let mut user = realm.user();
    let points = find_a_coin(&mut user);
    let last_words = realm.worlds.remove(0).stop();
    last_words.expect(&[("saves.failed", 0), ("saves.refused", 0)]);
    realm.add_world(1, &[]);
    assert!(find_points(&mut come_back(&realm, &user)) >= points);
    // Nobody else has this world's file.
    let main = realm.main.address.to_string();
    let data = format!("world.data_folder={}", folder.path());
    let second = ["world", "--port", "0", "--main", &main, "--game", "coin-rush", "--set", &data];
    let refused = Process::start(&second).finish(crate::support::PATIENCE);
    refused.expect_code(1);
    let lines = refused.lines(Stream::Stderr);
    assert!(lines.iter().any(|line| line.contains("another process runs world 1")), "{lines:?}");
    realm.stop();
}
