//! Bad input: what breaks the protocol is told so and closed, what does not is served,
//! every fault is counted once, and nobody else notices.

use std::thread;
use std::time::Duration;

use crate::support::hostile::{
    PLACES, Place, SETTINGS, Sample, Tally, Targets, break_every_rule, expect_pongs, fall_silent,
    open_with_pings, say_what_nobody_knows, send_as_fast_as_allowed_and_faster, send_in_odd_pieces,
    take_a_breath, to_main,
};
use crate::support::peer::raw_frame;
use crate::support::{Bots, Peer, Realm};
use tinyrealm_core::protocol::ErrorCode;
use tinyrealm_core::protocol::main_to_client::ChatRefused;
use tinyrealm_core::protocol::world_to_client::MoveBroadcast;

const FRAME_LIMIT_BYTES: usize = 508;
/// With less Main would not hear its own servers.
const LEAST_LIMIT_BYTES: usize = tinyrealm_core::node::longest::MAIN_HEARS_BYTES;

/// Where this realm's Main listens, and its world if it has one.
fn targets(realm: &Realm) -> Targets {
    let world = realm.worlds.first().unwrap_or(&realm.main).address;
    Targets { main: realm.main.address, world, frame_limit_bytes: FRAME_LIMIT_BYTES, lacks: &[] }
}

#[test]
fn bad_input_is_answered_as_the_design_says_and_nobody_else_notices() {
    let limit = format!("net.frame_limit_bytes={FRAME_LIMIT_BYTES}");
    let realm = Realm::start(&[&SETTINGS[..], &[&limit]].concat());
    let mut witness = realm.user();
    let bots = Bots::start(realm.main.address, &["--count", "20", "--seconds", "10"]);
    witness.world.find::<MoveBroadcast>();
    drop(witness);
    let deeds = [
        break_every_rule,
        say_what_nobody_knows,
        send_in_odd_pieces,
        send_as_fast_as_allowed_and_faster,
        fall_silent,
    ];
    let targets = targets(&realm);
    let (main, world) = thread::scope(|scope| {
        let run = |place: Place| {
            let doing = deeds.map(|deed| scope.spawn(move || deed(targets, place)));
            doing.map(|deed| deed.join().unwrap()).into_iter().fold(Tally::default(), Tally::plus)
        };
        let [first, second, third, fourth] = PLACES.map(run);
        (first.plus(second), third.plus(fourth))
    });
    bots.outcome().expect_clean(20);
    let (main_report, worlds) = realm.stop();
    main.expect(&main_report);
    world.expect(&worlds[0]);
}

#[test]
fn chat_is_refused_without_a_chat_server_and_without_harm() {
    let realm = Realm::without_worlds(&[]);
    let mut guest = Place::MainGuest.reach(targets(&realm));
    for (Sample { opcode, frame }, reason) in to_main().split_off(2).into_iter().zip([
        ErrorCode::CHAT_UNAVAILABLE,
        ErrorCode::NOT_IN_CHANNEL,
        ErrorCode::NOT_IN_CHANNEL,
    ]) {
        guest.send_bytes(&frame);
        let refused = guest.expect::<ChatRefused<'_>>();
        assert_eq!((refused.reason.name(), refused.about), (reason.name(), opcode));
    }
    guest.expect_served();
    let (main, _) = realm.stop();
    Tally::default().expect(&main);
}

#[test]
fn the_frame_limit_is_what_the_configuration_says() {
    const UNKNOWN: i32 = 0x7000;
    for limit in [LEAST_LIMIT_BYTES, 2_000, 17_734] {
        let setting = format!("net.frame_limit_bytes={limit}");
        let realm = Realm::without_worlds(&[&setting]);
        let mut peer = Peer::connect(realm.main.address);
        let most = raw_frame(UNKNOWN, &vec![0; limit - 4]);
        peer.send_bytes(&most);
        peer.expect_served();
        // In two pieces, so that it has to be kept meanwhile.
        let (first, second) = most.split_at(limit - 1);
        peer.send_bytes(first);
        thread::sleep(Duration::from_millis(20));
        peer.send_bytes(second);
        peer.expect_served();
        peer.send_if_open(&raw_frame(UNKNOWN, &vec![0; limit - 3]));
        peer.expect_refused(ErrorCode::BAD_FRAME, 0);
        let (main, _) = realm.stop();
        Tally { violations: 1, unknown_opcodes: 2, ..Tally::default() }.expect(&main);
    }
}

#[test]
fn a_burst_within_the_default_limits_is_answered_whole() {
    const DEFAULT_BURST: u32 = 500;
    let realm = Realm::start(&[]);
    for place in PLACES {
        let (mut peer, count) = open_with_pings(targets(&realm), place, place.burst(DEFAULT_BURST));
        expect_pongs(&mut peer, count);
        take_a_breath();
        peer.expect_served();
    }
    let (main, worlds) = realm.stop();
    Tally::default().expect(&main);
    Tally::default().expect(&worlds[0]);
}
