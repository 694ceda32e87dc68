//! The rules that need no room. Those that do are tried in `tests/rules.rs`, and with real servers in
//! `servers/tests/realm/coin_rush.rs`.

use super::*;
use tinyrealm_core::time::Instant;

const SOMEBODY: Uid = Uid(7);

fn player_at(now: Instant) -> Player {
    Player { uid: SOMEBODY, moved_at: now.stamp(), ..Player::NOBODY }
}

#[test]
fn both_sides_of_how_far_one_gets() {
    let start = Instant::from_millis(5_000);
    let later = start.after_ms(500);
    let most = SPEED / 2 + SLACK;
    assert!(player_at(start).may_go(later, most));
    assert!(!player_at(start).may_go(later, most + 1));
    assert!(!player_at(start).may_go(later, u32::MAX));
}

#[test]
fn slack_is_not_given_twice() {
    let start = Instant::from_millis(5_000);
    let mut player = player_at(start);
    assert!(player.may_go(start, SLACK));
    assert!(!player.may_go(start, 1));
    // A second pays for it.
    assert!(player.may_go(start.after_ms(1_000), SPEED));
    assert!(!player.may_go(start.after_ms(1_000), 1));
}

#[test]
fn a_score_stays_its_player_s_until_the_round_ends() {
    let mut players = Players::<2>::NONE;
    players.enter(Player { uid: SOMEBODY, points: 3, ..Player::NOBODY });
    assert!(players.has_place());
    players.enter(Player { uid: Uid(8), points: 1, ..Player::NOBODY });
    assert!(!players.has_place());
    players.leave(Uid(8));
    assert!(players.has_place() && players.find(Uid(8)).is_none());
    players.begin_round();
    assert_eq!(players.find(SOMEBODY).map(|player| player.points), Some(0));
}

#[test]
fn settings_have_bounds() {
    let mut game = CoinRush::<2>::NEW;
    assert_eq!((game.coin_count(), game.round_ms()), (8, 60_000));
    for (key, least, most) in [("coins", 1, 16), ("round_s", 1, 3_600)] {
        for within in [least, most] {
            assert_eq!(game.configure(key, Setting::Integer(within)), Ok(()));
        }
        for beyond in [least - 1, most + 1] {
            assert!(game.configure(key, Setting::Integer(beyond)).is_err());
        }
    }
    assert_eq!((game.coin_count(), game.round_ms()), (16, 3_600_000));
    assert!(game.configure("colour", Setting::Text("red")).is_err());
}

#[test]
fn both_sides_of_the_reach_and_the_field() {
    let at = |x, y| Position { x, y, z: 0 };
    assert!(is_near(at(0, 0), at(REACH, -REACH)) && !is_near(at(0, 0), at(REACH + 1, 0)));
    assert!(!is_near(at(i32::MIN, 0), at(i32::MAX, 0)));
    assert_eq!((coordinate(0), coordinate(u16::MAX)), (-FIELD, FIELD - 1));
}

#[test]
fn keys_say_whose_they_are() {
    for uid in [Uid(0), SOMEBODY, Uid(0xFEDC_BA98), Uid(u64::MAX)] {
        assert_eq!(keeping::uid_of(keeping::Key::of(uid).text()), Some(uid));
    }
    for other in ["best/", "best/g", "worst/7", ""] {
        assert_eq!(keeping::uid_of(other), None);
    }
}

#[test]
fn a_room_goes_on_with_everybody_s_points_until_the_round_ends() {
    let mut game = CoinRush::<4> { round: 3, is_running: true, left_ms: 700, ..CoinRush::NEW };
    game.coins[15] = Position { x: -FIELD, y: FIELD, z: 0 };
    for (uid, points) in [(SOMEBODY, 4), (Uid(8), 1)] {
        game.players.enter(Player { uid, points, ..Player::NOBODY });
    }
    let mut state = [0; keeping::state_bytes(4)];
    let bytes = game.save_room(&mut state);
    let mut again = CoinRush::<4>::NEW;
    again.read_state(&state[..bytes]).unwrap();
    assert_eq!((again.round(), again.left_ms, again.coins), (game.round(), 700, game.coins));
    again.players.enter(Player { uid: SOMEBODY, ..Player::NOBODY });
    assert_eq!((again.points_of(SOMEBODY), again.points_of(Uid(8))), (Some(4), Some(1)));
    again.players.begin_round();
    assert_eq!((again.points_of(SOMEBODY), again.points_of(Uid(8))), (Some(0), None));
    // Whatever is cut off is no room; nor is one that does not fit.
    for cut in 0..bytes {
        let mut none = CoinRush::<4>::NEW;
        assert!(none.read_state(&state[..cut]).is_err());
        let mut short = state;
        assert_eq!(game.write_state(&mut short[..cut]), None);
    }
    assert_eq!(CoinRush::<4>::NEW.save_room(&mut state), 0);
}

#[test]
fn a_full_room_makes_place_for_who_comes_by_who_has_not_come_back() {
    let mut players = Players::<2>::NONE;
    players.enter(Player { uid: SOMEBODY, is_away: true, points: 3, ..Player::NOBODY });
    players.enter(Player { uid: Uid(8), ..Player::NOBODY });
    assert!(players.has_place());
    players.enter(Player { uid: Uid(9), ..Player::NOBODY });
    assert!(!players.has_place() && players.find(SOMEBODY).is_none());
    assert_eq!(players.find(Uid(9)).map(|player| player.points), Some(0));
}

#[test]
fn whoever_has_its_seat_still_stays_into_the_next_round() {
    let mut players = Players::<2>::NONE;
    for uid in [SOMEBODY, Uid(8)] {
        players.enter(Player { uid, is_away: true, points: 3, ..Player::NOBODY });
    }
    players.find_seated(Instant::from_millis(5_000), |player| player.uid == SOMEBODY);
    players.begin_round();
    assert!(players.find(SOMEBODY).is_some() && players.find(Uid(8)).is_none());
}
