//! A realm of two releases: every server is exchanged for the other release's, one after the other, under
//! five hundred bots of both, once each way round.
//!
//! `cargo xtask mixed` builds both programs, and says where they are in `TINYREALM_BINARY` and
//! `TINYREALM_OLDER`.

#[path = "../../../../servers/tests/support/mod.rs"]
mod support;

use std::ffi::OsString;

use support::Bots;
use support::process::binary;
use support::whole_realm::{CHAT_FAULTS, EVERY_SERVER, ROOM_FAULTS, WholeRealm};

/// Bots of each release.
const BOTS: u64 = 250;
const PLAN: [&str; 9] =
    ["--hz", "2", "--seconds", "600", "--chat-hz", "0.5", "--channels", "20", "--through-restarts"];

/// The last release's program.
fn older() -> OsString {
    std::env::var_os("TINYREALM_OLDER").expect("TINYREALM_OLDER is not set")
}

/// Exchanges every server for this program's, one after the other, while bots go on.
fn roll(realm: &mut WholeRealm, program: &OsString, bots: u64) {
    for (name, server) in EVERY_SERVER {
        server(realm).restart_as(program.clone());
        realm.wait_until_complete(bots);
        realm.wait_until_linked();
        println!("{name} is exchanged, and everyone is everywhere");
    }
}

/// Nothing is lost but what a restart of Main takes from whoever talks to it, and that is said.
fn expect_whole(bots: Bots) {
    bots.stop();
    let outcome = bots.outcome();
    let report = &outcome.report;
    assert_eq!(outcome.code, Some(0), "{report:?}");
    report.expect(&ROOM_FAULTS.map(|fault| (fault, 0)));
    report.expect(&CHAT_FAULTS.map(|fault| (fault, 0)));
    report.expect(&[("joined", BOTS), ("present", BOTS), ("chat_present", BOTS)]);
    report.expect(&[("outages.login.times", 0), ("outages.main.times", 2 * BOTS)]);
}

#[test]
fn servers_are_exchanged_for_those_of_another_release_and_back() {
    let (older, newer) = (older(), binary());
    let mut realm = WholeRealm::start("mixed");
    roll(&mut realm, &older, 0);
    let bots = [
        realm.bots_of(older.clone(), "older-", BOTS, &PLAN),
        realm.bots_of(newer.clone(), "newer-", BOTS, &PLAN),
    ];
    realm.wait_until_complete(2 * BOTS);
    roll(&mut realm, &newer, 2 * BOTS);
    roll(&mut realm, &older, 2 * BOTS);
    bots.into_iter().for_each(expect_whole);
    realm.wait_until_empty();
}
