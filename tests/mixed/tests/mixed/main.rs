//! A realm of two releases: every server is exchanged for the other release's, one after the other, under
//! five hundred bots of both, once each way round.
//!
//! `cargo xtask mixed` builds both programs, and says where they are in `TINYREALM_BINARY` and
//! `TINYREALM_OLDER`.

#[path = "../../../../servers/tests/support/mod.rs"]
mod support;

use std::ffi::OsString;

use support::process::binary;
use support::whole_realm::{EVERY_SERVER, Outages, WholeRealm, expect_whole};
use support::{PATIENCE, Process, Stream};

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
    for bots in bots {
        expect_whole(bots, BOTS, &Outages { logins: 0, mains: 2 * BOTS });
    }
    realm.wait_until_empty();
}

/// The release is built without what needs services, and the other tests with all of it.
#[test]
fn what_the_release_lacks_is_named_with_its_feature() {
    let database = "login.database=postgres://realm@localhost/realm";
    let directory = "directory.servers=nats://localhost:4222";
    for arguments in
        [&["db", "migrate"][..], &["login", "--set", database], &["main", "--set", directory]]
    {
        let finished = Process::start(arguments).finish(PATIENCE);
        finished.expect_code(1);
        let told = finished.lines(Stream::Stderr);
        assert!(told.len() == 1 && told[0].contains("--features cluster"), "{told:?}");
    }
}
