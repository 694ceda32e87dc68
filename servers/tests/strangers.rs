//! What strangers may hold of real servers, and how long: whoever comes later is served.

mod support;

use std::time::{Duration, Instant};

use support::peer::frame;
use support::{Bots, Peer, Realm};
use tinyrealm_core::protocol::client_to_main::{EnterWorldReq, Hello};
use tinyrealm_core::protocol::{Text, Versions};

/// Hello, EnterWorldReq, hang up: as often as the world has places, from one address.
#[test]
fn tickets_of_those_who_hang_up_keep_nobody_out() {
    let realm = Realm::start(&["world.rooms=16", "world.room_capacity=16"]);
    let bots = Bots::start(realm.main.address, &["--count", "20", "--seconds", "4"]);
    let region = Text::new("").unwrap();
    let said =
        [frame(&Hello { versions: Versions::OURS, token: None }), frame(&EnterWorldReq { region })];
    for _ in 0..1_000 {
        let mut peer = Peer::connect(realm.main.address);
        peer.send_if_open(&said.concat());
    }
    let began = Instant::now();
    let mut newcomer = realm.user();
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    newcomer.world.expect_served();
    drop(newcomer);
    bots.outcome().expect_clean(20);
    let (_, worlds) = realm.stop();
    worlds[0].expect(&[("net.violations", 0), ("net.sessions", 0)]);
}
