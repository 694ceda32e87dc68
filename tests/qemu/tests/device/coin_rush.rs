//! Coin rush on a device, as it is on a server: its bots play it, and find no rule broken.

use std::collections::BTreeSet;

use tinyrealm_coin_rush::messages::rush_to_client::{Coin, Round, Score};

use super::images::{CLEAR_BOARDS, COIN_RUSH_RAM_BYTES, DeviceWorld};
use super::memory::expect_room;
use super::support::{Bots, Server, Stream, User};

const BOTS: u64 = 7;
/// Coins of a room, and points after which somebody else has played.
const COINS: usize = 8;
const POINTS: u16 = 3;

#[test]
fn the_same_game_is_played_by_its_own_bots_over_both_transports() {
    let main = Server::main(&[CLEAR_BOARDS]);
    let mut device = DeviceWorld::start("coin-rush", main.address);
    main.process.wait_until_said(Stream::Stderr, "world 100 registered", 1);
    let arguments = ["--game", "coin-rush", "--count", "7", "--ws=3", "--seconds", "15"];
    let bots = Bots::start(main.address, &arguments);
    device.machine.wait_until("played in", |report| u64::from(report.users) == BOTS).unwrap();
    let mut user = User::enter(main.address, "");
    let mut coins = BTreeSet::new();
    while coins.len() < COINS {
        coins.insert(user.world.find_thing::<Coin>().0);
    }
    assert!(user.world.find_thing::<Round>().1.is_running);
    while user.world.find_state::<Score>().1.points < POINTS {}
    let outcome = bots.outcome();
    outcome.expect_clean(BOTS);
    outcome.report.expect(&[("played.broken_rules", 0)]);
    drop(user);
    let after = device.machine.wait_until("empty again", |report| report.users == 0).unwrap();
    assert_eq!((after.violations, after.accepted), (0, BOTS as u32 + 1));
    expect_room(&mut device.machine, COIN_RUSH_RAM_BYTES, "coin rush, 8 players, WebSocket");
    main.stop().expect(&[("worlds_registered", 1)]);
}
