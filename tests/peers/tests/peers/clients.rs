//! Their clients visit our servers: handshake, sub-protocol, messages in pieces, pings, ends.

use tinyrealm_peers::{Peer, Role};

use crate::support::{Bots, PATIENCE, Process, Realm};

const BOTS: u64 = 8;

fn visits_a_realm(peer: Peer) {
    let realm = Realm::start(&["world.rooms=1"]);
    let bots = Bots::start(realm.main.address, &["--count", &BOTS.to_string(), "--seconds", "4"]);
    let mut script = peer.script(Role::Client);
    script.args([&realm.main.address.to_string(), "60"]);
    Process::spawn(&format!("{peer:?}"), script).finish(PATIENCE).expect_code(0);
    bots.outcome().expect_clean(BOTS);
    let (main, worlds) = realm.stop();
    // One connection is for the text that is refused.
    main.expect(&[("net.web_sockets", 2), ("net.violations", 1), ("net.unknown_opcodes", 0)]);
    let everyone = BOTS + 1;
    worlds[0].expect(&[("net.web_sockets", 1), ("joined", everyone), ("left", everyone)]);
    worlds[0].expect(&[("net.violations", 0), ("net.unknown_opcodes", 0), ("net.silent", 0)]);
}

#[test]
fn python_visits_a_realm() {
    visits_a_realm(Peer::Python);
}

#[test]
fn node_visits_a_realm() {
    visits_a_realm(Peer::Node);
}
