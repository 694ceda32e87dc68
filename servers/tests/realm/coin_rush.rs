//! Coin rush on real servers: its messages, its scores, and what it does not let happen.

use std::time::Duration;

use crate::support::{Bots, Peer, Realm, Stream, User};
use tinyrealm_coin_rush::messages::rush_to_client::{Coin, Round, Score};
use tinyrealm_coin_rush::{CHEATS_MOST, FIELD, REACH, ROUND, SPEED};
use tinyrealm_core::protocol::client_to_main::Hello;
use tinyrealm_core::protocol::client_to_world::Move;
use tinyrealm_core::protocol::world_to_client::{UserAway, UserBack, UserLeft};
use tinyrealm_core::protocol::{Direction, ErrorCode, MemberNumber, Position, Text, Versions};

const SETTINGS: [&str; 4] = [
    "world.game=coin-rush",
    "world.rooms=1",
    "game.coin-rush.coins=1",
    "game.coin-rush.round_s=3600",
];
/// No faster than one may: a twentieth of a second.
const STEP: i32 = (SPEED / 20) as i32;

/// Two players, neither of whom has come in at the coin.
fn players_apart_from_the_coin() -> (Realm, User, User, Coin) {
    loop {
        let realm = Realm::start(&SETTINGS);
        let (mut first, second) = (realm.user(), realm.user());
        let (_, coin) = first.world.find_thing::<Coin>();
        let (id, round) = first.world.find_thing::<Round>();
        assert_eq!((id, round.number, round.is_running), (ROUND, 1, true));
        let away =
            |user: &User| (user.spawn.x - coin.pos.x).abs().max((user.spawn.y - coin.pos.y).abs());
        if away(&first).min(away(&second)) > 2 * REACH {
            return (realm, first, second, coin);
        }
        drop((first, second));
        realm.stop();
    }
}

#[test]
fn whoever_comes_to_a_coin_has_it_and_everybody_is_told() {
    let (realm, mut first, mut second, coin) = players_apart_from_the_coin();
    assert_eq!(second.world.find_thing::<Coin>().1.pos, coin.pos);
    assert!(coin.pos.x.abs() <= FIELD && coin.pos.y.abs() <= FIELD);
    assert_eq!(second.world.find_state::<Score>().1.points, 0);
    let start = first.spawn;
    first.walk(start, coin.pos, STEP);
    let score = loop {
        let (number, score) = second.world.find_state::<Score>();
        if score.points > 0 {
            break (number, score);
        }
    };
    assert_eq!(score, (MemberNumber(1), Score { points: 1 }));
    // A newcomer is told the same as whoever has been there.
    let mut third = realm.user();
    let (_, again) = third.world.find_thing::<Coin>();
    assert!((again.pos.x - coin.pos.x).abs() > REACH || (again.pos.y - coin.pos.y).abs() > REACH);
    assert_eq!(third.world.find_thing::<Round>().1.number, 1);
    assert_eq!(third.world.find_state::<Score>(), score);
    realm.stop();
}

/// Main is killed, and a player loses both of its connections: it comes back to its place and its points, and the
/// other one, who has lost Main alone, plays on.
#[test]
fn a_killed_main_and_a_cut_cost_nobody_its_points() {
    let (mut realm, mut first, mut second, coin) = players_apart_from_the_coin();
    let start = first.spawn;
    first.walk(start, coin.pos, STEP);
    while second.world.find_state::<Score>().1.points == 0 {}
    realm.main.restart_after(Duration::from_millis(300));
    realm.world().wait_until_registered(2);
    let (uid, token, number) = (first.uid, first.token, first.number);
    drop(first);
    assert_eq!(second.world.find::<UserAway>().number, number);
    let mut again = User::enter_with(realm.main.address, Some(token), "");
    assert_eq!((again.uid, again.number), (uid, number));
    assert_eq!((again.spawn.x, again.spawn.y), (coin.pos.x, coin.pos.y));
    assert_eq!(second.world.find::<UserBack>().number, number);
    let score = loop {
        let (whose, score) = again.world.find_state::<Score>();
        if whose == number {
            break score;
        }
    };
    assert!(score.points >= 1);
    let (_, worlds) = realm.stop();
    worlds[0].expect(&[("joined", 2), ("left", 2), ("lost", 1), ("returned", 1)]);
}

#[test]
fn nobody_is_faster_than_anybody() {
    let realm = Realm::start(&SETTINGS);
    let mut cheat = realm.user();
    let mut witness = realm.user();
    // Across the whole field at once.
    let x = if cheat.spawn.x < 0 { FIELD } else { -FIELD };
    cheat.world.send(&Move { pos: Position { x, y: 0, z: 0 }, dir: Direction(0) });
    assert_eq!(cheat.world.find_move(), (cheat.uid, cheat.spawn));
    // The witness hears of an honest step alone.
    let honest = Position { x: cheat.spawn.x - cheat.spawn.x.signum() * 100, ..cheat.spawn };
    cheat.world.send(&Move { pos: honest, dir: Direction(0) });
    assert_eq!(witness.world.find_move(), (cheat.uid, honest));
    realm.stop();
}

#[test]
fn whoever_only_cheats_is_shown_out_and_the_others_play_on() {
    let mut realm = Realm::start(&SETTINGS);
    let mut cheat = realm.user();
    let mut witness = realm.user();
    let x = if cheat.spawn.x < 0 { FIELD } else { -FIELD };
    let jump = Move { pos: Position { x, y: 0, z: 0 }, dir: Direction(0) };
    for _ in 1..CHEATS_MOST {
        cheat.world.send(&jump);
    }
    cheat.world.expect_served();
    cheat.world.send(&jump);
    cheat.world.expect_bye(ErrorCode::BANNED);
    // A coin may have been found meanwhile.
    assert_eq!(witness.world.find::<UserLeft>().number, cheat.number);
    witness.world.expect_served();
    // It does not come back, neither at once nor by a Main that has just started.
    let hello = Hello { versions: Versions::OURS, token: Some(cheat.token), nickname: Text::EMPTY };
    let mut again = Peer::connect(realm.main.address);
    again.send(&hello);
    again.expect_refused(ErrorCode::BANNED, Hello::OPCODE.0);
    realm.main.restart_after(Duration::ZERO);
    // The world tells it behind its registration.
    realm.main.process.wait_until_said(Stream::Stderr, "bans user", 1);
    let mut again = Peer::connect(realm.main.address);
    again.send(&hello);
    again.expect_refused(ErrorCode::BANNED, Hello::OPCODE.0);
    realm.stop();
}

/// A round ends, nobody finds anything in the pause, and the next one begins with nothing for anybody.
#[test]
fn a_round_ends_and_the_next_one_begins_anew() {
    let short = [&SETTINGS[..3], &["game.coin-rush.round_s=1", "game.coin-rush.coins=16"]].concat();
    let realm = Realm::start(&short);
    let mut user = realm.user();
    let mut rounds = Vec::new();
    while rounds.last() != Some(&(2, true)) {
        let Round { number, is_running, .. } = user.world.find_thing::<Round>().1;
        rounds.push((number, is_running));
    }
    rounds.dedup();
    assert_eq!(rounds, [(1, true), (1, false), (2, true)]);
    assert_eq!(realm.user().world.find_state::<Score>().1.points, 0);
    realm.stop();
}

const PLAY: [&str; 6] = ["--game", "coin-rush", "--seconds", "3", "--count", "12"];

#[test]
fn its_own_bots_play_it_and_find_no_rule_broken() {
    let realm = Realm::start(&["world.game=coin-rush", "world.rooms=1"]);
    let outcome = Bots::start(realm.main.address, &[&PLAY[..], &["--ws=6"]].concat()).outcome();
    outcome.expect_clean(12);
    outcome.report.expect(&[("played.broken_rules", 0)]);
    let (_, worlds) = realm.stop();
    assert!(worlds[0].count("moves") > 12 * 10, "they have run");
}

#[test]
fn a_broken_rule_is_the_exit_code() {
    // A room where nobody minds the field.
    let realm = Realm::start(&["world.game=relay", "world.rooms=1"]);
    let mut cheat = realm.user();
    cheat.world.send(&Move { pos: Position { x: FIELD + 1, y: 0, z: 0 }, dir: Direction(0) });
    let outcome = Bots::start(realm.main.address, &PLAY).outcome();
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.report.count("played.broken_rules") >= 12, "everybody sees it");
    drop(cheat);
    realm.stop();
}

#[test]
fn a_game_without_a_bot_is_named() {
    let bots = Bots::start(([127, 0, 0, 1], 9).into(), &["--game", "tag"]);
    assert_eq!(bots.exit_code(), Some(1));
}
