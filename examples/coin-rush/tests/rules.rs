//! The rules of coin rush, with real clients in virtual time.

use std::collections::BTreeMap;

use tinyrealm_coin_rush::messages::rush_to_client::{Best, Coin, Outcome, Round, Score};
use tinyrealm_coin_rush::{
    CHEATING, CHEATS_MOST, CoinRush, CoinRushBot, FIELD, HOLD_MS, PAUSE_MS, ROUND, SLACK, SPEED,
};
use tinyrealm_core::node::world::{Game as _, Setting};
use tinyrealm_core::protocol::client_to_world::Move;
use tinyrealm_core::protocol::{ErrorCode, JoinDenial, MemberNumber, Position};
use tinyrealm_testing::{
    BenchConfig, GameBench, Heard, Plan, Player, Random, StoreWeather, Weather, play,
};

type Game = CoinRush<16>;
type Bench = GameBench<Game>;

const TICK_MS: u32 = 100;
const ROUND_S: i64 = 60;

fn settings(coins: i64) -> [(&'static str, Setting<'static>); 2] {
    [("coins", Setting::Integer(coins)), ("round_s", Setting::Integer(ROUND_S))]
}

/// The coins and everybody's points, as a player sees them.
type Known = (BTreeMap<u16, Position>, BTreeMap<MemberNumber, u16>);

fn known<const PLAYERS: usize>(bench: &GameBench<CoinRush<PLAYERS>>, player: Player) -> Known {
    let coins = bench.things::<Coin>(player).into_iter().map(|(id, coin)| (id, coin.pos));
    let scores = bench.member_states::<Score>(player).into_iter();
    (coins.collect(), scores.map(|(number, score)| (number, score.points)).collect())
}

/// The round, as a player sees it.
fn known_round(bench: &Bench, player: Player) -> Round {
    let mut rounds = bench.things(player);
    assert_eq!((rounds.len(), rounds[0].0), (1, ROUND));
    rounds.remove(0).1
}

/// Walks there, no faster than one may.
fn walk(bench: &mut Bench, player: Player, to: Position) {
    let step = (SPEED / 20) as i32;
    let nearer = |from: i32, to: i32| from + (to - from).clamp(-step, step);
    while (bench.position(player).x, bench.position(player).y) != (to.x, to.y) {
        let at = bench.position(player);
        bench
            .move_to(player, Position { x: nearer(at.x, to.x), y: nearer(at.y, to.y), z: 0 })
            .unwrap();
        bench.advance_ms(50);
    }
}

/// Somewhere on the field, as far from `pos` as can be.
const fn away_from(pos: Position) -> Position {
    Position { x: if pos.x < 0 { FIELD } else { -FIELD }, ..pos }
}

#[test]
fn whoever_comes_to_a_coin_has_it_and_everybody_is_told() {
    let mut bench = GameBench::configured(Game::NEW, &settings(1));
    let (ann, bob) = (bench.join(), bench.join());
    let coin = bench.game().coins().next().unwrap();
    walk(&mut bench, bob, away_from(coin));
    let before = bench.game().points_of(bench.uid(ann)).unwrap();
    let coin = bench.game().coins().next().unwrap();
    walk(&mut bench, ann, coin);
    bench.advance_ms(2 * TICK_MS);
    let points = bench.game().points_of(bench.uid(ann)).unwrap();
    assert!(points > before);
    for player in [ann, bob] {
        let (coins, scores) = known(&bench, player);
        assert_eq!(scores[&bench.number(ann)], points);
        assert_eq!(coins.into_values().next(), bench.game().coins().next());
    }
    assert_eq!(known(&bench, ann).1, known(&bench, bob).1);
}

#[test]
fn cheats_are_refused_and_nobody_sees_them() {
    let mut bench = GameBench::configured(Game::NEW, &settings(1));
    let (cheat, witness) = (bench.join(), bench.join());
    let spawn = bench.position(cheat);
    bench.move_to(cheat, away_from(spawn)).unwrap();
    bench.advance_ms(TICK_MS);
    assert_eq!(bench.corrections(cheat), [spawn]);
    assert_eq!(bench.members(witness), bench.members(cheat));
    assert!(!bench.heard_all(witness).iter().any(|heard| matches!(heard, Heard::Moved(..))));
    // An honest step, at the edge of what a hurry of the network's may be.
    let step = -spawn.x.signum() * SLACK as i32;
    let honest = Position { x: spawn.x + step, ..spawn };
    bench.move_to(cheat, honest).unwrap();
    bench.advance_ms(TICK_MS);
    assert_eq!(bench.corrections(cheat), [spawn]);
    let seen = Heard::Moved(bench.number(cheat), honest, Default::default());
    assert!(bench.heard_all(witness).contains(&seen));
}

#[test]
fn whoever_only_cheats_is_banned_for_a_minute() {
    let mut bench = GameBench::configured(Game::NEW, &settings(1));
    let (cheat, witness) = (bench.join(), bench.join());
    let far = away_from(bench.position(cheat));
    for _ in 0..CHEATS_MOST {
        assert!(bench.is_in_room(cheat));
        bench.move_to(cheat, far).unwrap();
        bench.advance_ms(TICK_MS / 10);
    }
    bench.advance_ms(TICK_MS);
    assert!(bench.is_over(cheat) && bench.is_in_room(witness));
    let told = |heard: &Heard| matches!(heard, Heard::Denied(JoinDenial::BANNED, CHEATING, words) if words.contains("minute"));
    assert!(bench.heard_all(cheat).iter().any(told));
    assert!(bench.heard_all(cheat).contains(&Heard::Stopped(ErrorCode::BANNED)));
}

#[test]
fn a_newcomer_knows_what_an_old_member_knows() {
    let mut bench = GameBench::configured(Game::NEW, &settings(8));
    let old = bench.join();
    for _ in 0..3 {
        let coin = bench.game().coins().next().unwrap();
        walk(&mut bench, old, coin);
        bench.advance_ms(2 * TICK_MS);
    }
    let new = bench.join();
    bench.advance_ms(TICK_MS);
    assert!(bench.game().points_of(bench.uid(old)) >= Some(3));
    assert_eq!(known(&bench, new).0.len(), 8);
    assert_eq!(known(&bench, new), known(&bench, old));
    assert_eq!(known_round(&bench, new), known_round(&bench, old));
    assert!(bench.has_all_states(new));
}

#[test]
fn rounds_end_and_begin() {
    let mut bench = GameBench::configured(Game::NEW, &settings(1));
    let (ann, bob) = (bench.join(), bench.join());
    let coin = bench.game().coins().next().unwrap();
    walk(&mut bench, ann, coin);
    bench.advance_ms(60_000 - TICK_MS - bench.now_ms() as u32);
    assert_eq!(bench.game().round(), (1, true));
    assert!(bench.game().points_of(bench.uid(ann)) >= Some(1));
    bench.advance_ms(2 * TICK_MS);
    assert_eq!(bench.game().round(), (1, false));
    let pause = Round { number: 1, is_running: false, left_s: (PAUSE_MS / 1_000) as u16 };
    assert_eq!(known_round(&bench, bob), pause);
    bench.advance_ms(PAUSE_MS);
    assert_eq!(bench.game().round(), (2, true));
    bench.advance_ms(TICK_MS);
    for player in [ann, bob] {
        let begun = Round { number: 2, is_running: true, left_s: ROUND_S as u16 };
        assert_eq!(known_round(&bench, player), begun);
        assert!(known(&bench, player).1.into_values().all(|points| points == 0));
    }
}

/// As many shouts as a flush has room for, just before a round begins with all coins anew.
#[test]
fn a_loud_room_is_shown_every_coin_and_hears_every_shout() {
    let mut game = Game::NEW;
    for (key, value) in settings(16) {
        game.configure(key, value).unwrap();
    }
    // Nothing is flushed between the shouts and the tick behind them.
    let config = BenchConfig { flush_interval_ms: 50, players: 4, ..BenchConfig::DEFAULT };
    let mut bench = GameBench::with(game, config);
    let ann = bench.join();
    // How much the ring takes depends on where its lap ends.
    for round in 2..10_u16 {
        let begins_ms = u64::from(round - 1) * u64::from(60_000 + PAUSE_MS);
        bench.advance_ms((begins_ms - bench.now_ms()) as u32 - 10);
        bench.forget_heard();
        bench.say(ann, 1, &[7; 256]).unwrap();
        bench.say(ann, 1, &[7; 150]).unwrap();
        bench.advance_ms(60);
        bench.hear_out();
        assert_eq!(bench.game().round(), (round, true));
        let lying: Vec<_> = bench.game().coins().collect();
        assert_eq!(known(&bench, ann).0.into_values().collect::<Vec<_>>(), lying);
        assert_eq!(bench.events(ann, 1).len(), 2);
    }
}

#[test]
fn bots_find_coins_in_rough_weather_through_cuts_and_two_rounds() {
    let config = BenchConfig { weather: Weather::ROUGH, seed: 7, ..BenchConfig::DEFAULT };
    let mut bench = GameBench::with(Game::NEW, config);
    let bots = [(); 4].map(|()| bench.join_bot(CoinRushBot::default()));
    for turn in 0..6 {
        bench.advance_ms(10_000);
        bench.cut(bots[turn % 4]);
        bench.advance_ms(1_000);
        bench.come_back(bots[turn % 4]);
        if turn == 2 {
            let points = bots.map(|bot| bench.game().points_of(bench.uid(bot)).unwrap_or(0));
            assert!(points.iter().sum::<u16>() >= 10, "they have found {points:?}");
        }
    }
    assert!(bench.game().round() >= (2, true));
}

#[test]
fn whoever_finds_no_place_looks_on() {
    let mut bench = GameBench::new(CoinRush::<1>::NEW);
    let (ann, bob) = (bench.join_as("Ann"), bench.join());
    assert!(bench.is_in_room(ann) && bench.is_spectator(bob) && !bench.is_spectator(ann));
    assert_eq!(bench.name_of(bob, bench.number(ann)), Some("Ann"));
    assert_eq!(bench.members(bob), bench.room(), "it sees who plays");
    assert_eq!(known(&bench, bob), known(&bench, ann), "and every coin and score");
    assert_eq!(known(&bench, bob).0.len(), 8);
    bench.move_to(bob, Position { x: 1, y: 1, z: 0 }).unwrap();
    bench.hear_out();
    assert!(bench.heard_all(bob).contains(&Heard::Refused(ErrorCode::SPECTATING, Move::OPCODE.0)));
    assert_eq!(bench.room().len(), 1);
    bench.leave(ann);
    let cid = bench.join();
    assert!(bench.is_in_room(cid) && !bench.is_spectator(cid));
}

#[test]
fn whatever_happens_nobody_is_off_the_field_and_in_the_end_all_know_the_same() {
    play(
        Plan::DEFAULT,
        Game::default,
        |_, _, _| {},
        |bench| {
            let is_within = |pos: Position| pos.x.abs() <= FIELD && pos.y.abs() <= FIELD;
            assert!(bench.room().iter().all(|member| is_within(member.pos)));
            for member in bench.room() {
                assert!(
                    bench.game().points_of(member.uid).is_some(),
                    "{:?} has no score",
                    member.uid
                );
            }
            if bench.weather() == Weather::FINE {
                // What the last tick has found may be on its way.
                bench.hear_out();
                end_is_known(bench);
            }
        },
    );
}

/// Everybody knows the coins as they lie, and the same scores.
fn end_is_known(bench: &mut Bench) {
    let players: Vec<_> = bench.players().filter(|player| bench.is_in_room(*player)).collect();
    let coins: Vec<_> = bench.game().coins().collect();
    for player in &players {
        let (known_coins, scores) = known(bench, *player);
        assert_eq!(known_coins.into_values().collect::<Vec<_>>(), coins);
        let right = bench.room().into_iter();
        let right =
            right.map(|member| (member.number, bench.game().points_of(member.uid).unwrap()));
        assert_eq!(scores, right.collect());
    }
}

/// Everybody's best, as the store has it.
fn kept_best(bench: &Bench, player: Player) -> Option<u16> {
    let kept = bench.store().value(&format!("best/{:016x}", bench.uid(player).0))?;
    Some(u16::from_le_bytes(*kept.bytes.first_chunk()?))
}

/// Walks to the coin until the player has had so many more of them; answers how many it has.
fn find_coins(bench: &mut Bench, player: Player, more: u16) -> u16 {
    let points = |bench: &Bench| bench.game().points_of(bench.uid(player)).unwrap();
    let wanted = points(bench) + more;
    while points(bench) < wanted {
        let coin = bench.game().coins().next().unwrap();
        walk(bench, player, coin);
        bench.advance_ms(2 * TICK_MS);
    }
    points(bench)
}

#[test]
fn the_best_round_and_every_result_are_kept() {
    let mut bench = GameBench::configured(Game::NEW, &settings(1));
    let ann = bench.join();
    let first = find_coins(&mut bench, ann, 3);
    bench.advance_ms(ROUND_S as u32 * 1_000 - bench.now_ms() as u32 + 2 * TICK_MS);
    assert_eq!(kept_best(&bench, ann), Some(first));
    assert_eq!(bench.heard::<Best>(ann), [Best { points: 0 }, Best { points: first }]);
    // A worse round changes nothing, and is a result all the same.
    bench.advance_ms(PAUSE_MS);
    let second = find_coins(&mut bench, ann, 1);
    bench.advance_ms(ROUND_S as u32 * 1_000);
    let uid = bench.uid(ann);
    let outcome = |round, points| Outcome { round, uid, points };
    assert_eq!(bench.records::<Outcome>(), [outcome(1, first), outcome(2, second)]);
    assert_eq!(kept_best(&bench, ann), Some(first.max(second)));
    // Whoever comes again is told.
    bench.cut(ann);
    bench.forget_heard();
    bench.come_back(ann);
    bench.advance_ms(2 * TICK_MS);
    assert_eq!(bench.heard::<Best>(ann).pop(), Some(Best { points: first.max(second) }));
}

/// Both sides of the time that a seat is held for, and another one's view of it.
#[test]
fn whoever_is_cut_off_for_a_while_keeps_its_points_and_its_place() {
    let mut bench = GameBench::configured(Game::NEW, &settings(1));
    let (ann, bob) = (bench.join(), bench.join());
    let points = find_coins(&mut bench, ann, 2);
    let (number, pos) = (bench.number(ann), bench.position(ann));
    bench.forget_heard();
    bench.cut(ann);
    bench.advance_ms(5_000);
    bench.come_back(ann);
    bench.advance_ms(2 * TICK_MS);
    assert_eq!(bench.game().points_of(bench.uid(ann)), Some(points));
    assert_eq!((bench.number(ann), bench.position(ann)), (number, pos));
    assert!(bench.heard_all(bob).contains(&Heard::Away(number)));
    assert!(bench.heard_all(bob).contains(&Heard::Back(number)));
    assert!(bench.heard_all(ann).iter().any(|heard| matches!(heard, Heard::Resumed(_))));
    assert_eq!(known(&bench, ann).1[&number], points);
    bench.cut(ann);
    bench.advance_ms(HOLD_MS);
    assert_eq!(bench.game().points_of(bench.uid(ann)), None);
    bench.come_back(ann);
    assert_ne!(bench.number(ann), number);
}

#[test]
fn a_world_that_is_killed_goes_on_where_its_room_was() {
    let mut bench = GameBench::configured(Game::NEW, &settings(1));
    let ann = bench.join();
    let points = find_coins(&mut bench, ann, 2);
    bench.advance_ms(1_100);
    let coins: Vec<_> = bench.game().coins().collect();
    let mut game = Game::NEW;
    game.configure("coins", Setting::Integer(1)).unwrap();
    bench.crash(game);
    assert_eq!(
        (bench.game().round(), bench.game().coins().collect::<Vec<_>>()),
        ((1, true), coins)
    );
    bench.forget_heard();
    bench.advance_ms(5_000);
    assert!(bench.is_in_room(ann));
    assert!(bench.game().points_of(bench.uid(ann)) >= Some(points));
    let (coins, scores) = known(&bench, ann);
    assert!(coins.into_values().eq(bench.game().coins()));
    assert_eq!(Some(scores[&bench.number(ann)]), bench.game().points_of(bench.uid(ann)));
    assert_eq!(known_round(&bench, ann).number, 1);
}

/// Whatever a slow and failing store does, and however often the world is killed: what a player was told to be kept
/// is there.
#[test]
fn what_was_told_to_be_kept_is_there_after_every_crash() {
    for seed in 1..=10 {
        let config = BenchConfig { seed, store: StoreWeather::ROUGH, ..BenchConfig::DEFAULT };
        let new = || {
            let mut game = Game::NEW;
            game.configure("round_s", Setting::Integer(3)).unwrap();
            game
        };
        let mut bench = Bench::with(new(), config);
        let players: Vec<_> = (0..4).map(|_| bench.join_bot(CoinRushBot::default())).collect();
        let mut random = Random::new(seed);
        for _ in 0..15 {
            bench.advance_ms(random.between(100, 6_000) as u32);
            if random.chance(300) {
                bench.crash(new());
                bench.advance_ms(5_000);
            }
            for player in &players {
                let told = bench.heard::<Best>(*player).into_iter().map(|best| best.points).max();
                let kept = kept_best(&bench, *player);
                assert!(kept.unwrap_or(0) >= told.unwrap_or(0), "seed {seed}: {kept:?}, {told:?}");
            }
        }
    }
}
