//! The bench itself: what it promises to tests of games.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tinyrealm_core::node::client::{Bot, BotTurn, Broken};
use tinyrealm_core::node::world::{Relay, Setting};
use tinyrealm_core::protocol::{
    Bytes, Direction, ErrorCode, MemberNumber, Position, SendError, Uid,
};
use tinyrealm_testing::{BenchConfig, GameBench, Heard, Plan, Random, Weather, play};

const AWAY: Position = Position { x: 3_000, y: 4_000, z: 0 };

/// Nothing breaks, but everything comes late and in pieces.
const SLOW: Weather = Weather { losses_permille: 0, ..Weather::ROUGH };

#[test]
fn whoever_comes_back_is_the_same_user_under_another_number() {
    let mut bench = GameBench::new(Relay);
    let (ann, bob) = (bench.join(), bench.join());
    assert_eq!(bench.now_ms(), 0, "in fine weather that takes no time");
    let (uid, number) = (bench.uid(ann), bench.number(ann));
    bench.cut(ann);
    bench.advance_ms(5_000);
    assert!(bench.is_cut(ann) && !bench.is_in_room(ann) && !bench.is_over(ann));
    assert_eq!(bench.members(bob).len(), 1);
    assert!(bench.heard_all(ann).contains(&Heard::Out(ErrorCode::LOST)));
    assert_eq!(bench.move_to(ann, AWAY), Err(SendError::Closed));
    bench.come_back(ann);
    bench.advance_ms(50);
    assert_eq!((bench.uid(ann), bench.is_cut(ann)), (uid, false));
    assert_ne!(bench.number(ann), number);
    assert_eq!(bench.members(bob), bench.room());
    assert_eq!(bench.members(ann), bench.room());
}

#[test]
fn a_room_is_acted_on_from_outside() {
    let mut bench = GameBench::new(Relay);
    let (ann, bob) = (bench.join(), bench.join());
    let uid = bench.uid(ann);
    let members = bench.with_room(|_, room| {
        room.place(uid, AWAY, Direction(3));
        room.broadcast(Uid::NOBODY, 9, Bytes::new(b"from outside").unwrap()).unwrap();
        room.members().count()
    });
    bench.advance_ms(50);
    assert_eq!((members, bench.corrections(ann)), (2, vec![AWAY]));
    assert_eq!(bench.events(bob, 9), [(MemberNumber::GAME, &b"from outside"[..])]);
    assert_eq!(bench.members(bob), bench.room());
}

#[test]
fn whoever_leaves_is_over() {
    let mut bench = GameBench::new(Relay);
    let (ann, bob) = (bench.join(), bench.join());
    bench.leave(ann);
    bench.advance_ms(50);
    assert!(bench.is_over(ann) && !bench.is_in_room(ann));
    assert!(bench.heard_all(bob).contains(&Heard::Left(MemberNumber(1))));
    assert_eq!(bench.room(), bench.members(bob));
}

#[test]
fn both_sides_of_how_many_a_room_takes() {
    let mut bench = GameBench::with(Relay, BenchConfig { players: 2, ..BenchConfig::DEFAULT });
    let (ann, bob, cid) = (bench.join(), bench.join(), bench.join());
    assert!(bench.is_in_room(bob) && !bench.is_in_room(cid) && !bench.is_over(cid));
    bench.leave(ann);
    bench.advance_ms(5_000);
    assert!(bench.is_in_room(cid), "it has gone on asking");
}

#[test]
fn both_sides_of_an_event_s_length() {
    let mut bench = GameBench::new(Relay);
    let ann = bench.join();
    assert!(bench.say(ann, 1, &[7; 256]).is_ok());
    assert_eq!(bench.say(ann, 1, &[7; 257]), Err(SendError::TooLong));
    bench.advance_ms(50);
    assert_eq!(bench.events(ann, 1), [(MemberNumber(1), &[7; 256][..])]);
    assert_eq!(bench.events(ann, 2), []);
    bench.forget_heard();
    assert_eq!(bench.events(ann, 1), []);
}

#[test]
fn bad_weather_changes_no_order() {
    let config = BenchConfig { weather: SLOW, ..BenchConfig::DEFAULT };
    let mut bench = GameBench::with(Relay, config);
    let (ann, bob) = (bench.join(), bench.join());
    assert!(bench.now_ms() > 0);
    for number in 0..100 {
        bench.say(ann, 1, &[number; 50]).unwrap();
        bench.advance_ms(10);
    }
    bench.advance_ms(1_000);
    let heard: Vec<_> = bench.events(bob, 1).iter().map(|(_, data)| data[0]).collect();
    assert!(heard.into_iter().eq(0..100));
}

#[test]
fn in_a_storm_nobody_comes_in_and_behind_it_everybody_does() {
    let storm = Weather { losses_permille: 1_000, ..Weather::FINE };
    let config = BenchConfig { weather: storm, ..BenchConfig::DEFAULT };
    let mut bench = GameBench::with(Relay, config);
    let ann = bench.join();
    assert!(!bench.is_in_room(ann) && !bench.is_over(ann));
    bench.set_weather(Weather::FINE);
    bench.advance_ms(5_000);
    assert!(bench.is_in_room(ann));
}

#[test]
#[should_panic(expected = "game.relay.coins is not a setting of this game")]
fn a_wrong_setting_is_told_as_a_server_tells_it() {
    GameBench::configured(Relay, &[("coins", Setting::Integer(1))]);
}

fn story(seed: u64) -> Vec<Heard> {
    let config = BenchConfig { seed, weather: Weather::ROUGH, ..BenchConfig::DEFAULT };
    let mut bench = GameBench::with(Relay, config);
    let (ann, bob) = (bench.join(), bench.join());
    let mut random = Random::new(seed);
    for _ in 0..300 {
        let _ = bench.move_to(ann, Position { x: random.between(-9, 9), ..AWAY });
        bench.advance_ms(20);
    }
    bench.heard_all(ann).iter().chain(bench.heard_all(bob)).cloned().collect()
}

#[test]
fn the_same_seed_is_the_same_story() {
    assert_eq!(story(1), story(1));
    assert_ne!(story(1), story(2));
}

#[test]
fn random_players_do_everything_that_players_do() {
    let mut heard = BTreeSet::new();
    let kind = |heard: &Heard| match heard {
        Heard::Joined(..) => Some("joined"),
        Heard::Out(ErrorCode::LOST) => Some("lost"),
        Heard::Entered(_) => Some("entered"),
        Heard::Left(_) => Some("left"),
        Heard::Moved(..) => Some("moved"),
        Heard::Said { .. } => Some("said"),
        Heard::Stopped(ErrorCode::GOODBYE) => Some("gone"),
        _ => None,
    };
    let mut acts = 0;
    play(
        Plan::DEFAULT,
        || Relay,
        |_, _, _| acts += 1,
        |bench| {
            let news = bench.players().flat_map(|player| bench.heard_all(player));
            heard.extend(news.filter_map(kind));
            bench.forget_heard();
        },
    );
    assert_eq!(heard.len(), 7, "{heard:?}");
    assert!(acts > 100);
}

#[test]
fn what_does_not_hold_is_found() {
    let never_three = |bench: &mut GameBench<Relay>| assert!(bench.room().len() < 3);
    let played = catch_unwind(AssertUnwindSafe(|| {
        play(Plan::DEFAULT, || Relay, |_, _, _| {}, never_three);
    }));
    assert!(played.is_err());
}

/// Walks to the east, and minds who gets further than two units.
#[derive(Default)]
struct Wanderer {
    is_far: bool,
}

impl Bot for Wanderer {
    fn on_turn(&mut self, turn: &mut BotTurn<'_, '_, '_>) {
        let at = turn.me().pos;
        self.is_far = at.x > 2_000;
        turn.move_to(Position { x: at.x + 200, ..at }, Direction(0)).unwrap();
    }

    fn check(&self) -> Result<(), Broken> {
        if self.is_far { Err(Broken("somebody is far")) } else { Ok(()) }
    }
}

#[test]
fn a_bot_has_ten_turns_a_second_in_its_room() {
    let mut bench = GameBench::new(Relay);
    let (bot, ann) = (bench.join_bot(Wanderer::default()), bench.join());
    bench.advance_ms(1_050);
    let at = Position { x: 2_000, ..Position::ORIGIN };
    assert_eq!((bench.position(bot), bench.members(ann)[0].pos), (at, at));
    bench.leave(bot);
    bench.advance_ms(1_000);
}

#[test]
#[should_panic(expected = "at 1200 ms: somebody is far")]
fn a_rule_that_a_bot_finds_broken_is_told() {
    let mut bench = GameBench::new(Relay);
    bench.join_bot(Wanderer::default());
    bench.advance_ms(10_000);
}
