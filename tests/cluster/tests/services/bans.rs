//! A realm's list of bans is in its database: whoever is banned at one Main is out of all, and Logins know it too.

use std::time::{Duration, Instant};

use tinyrealm_core::protocol::{ErrorCode, LoginDenial, Token};

use super::accounts::login_of;
use crate::parts::Database;
use crate::support::login::{Answer, login, try_hello, try_login};
use crate::support::operator::{self, refused, told};
use crate::support::{PATIENCE, Peer, ScratchFile, Server, Stream};

const PASSWORD: &str = "correct horse";
/// Within which somebody who was banned anywhere is out: it is printed, and a machine that is busy with other tests takes longer.
const OUT_WITHIN: Duration = Duration::from_secs(5);

#[track_caller]
fn main_of(database: &Database, folder: &ScratchFile) -> Server {
    let address = format!("login.database={}", database.postgres.address());
    Server::main(&[&address, &format!("main.data_folder={}", folder.path())])
}

/// A guest, its uid and its token.
fn guest_of(main: &Server) -> (Peer, String, Token) {
    let mut peer = Peer::connect(main.address);
    let welcome = peer.hello(None);
    (peer, welcome.uid.0.to_string(), welcome.token)
}

/// Mains look twice a second.
#[track_caller]
fn wait_until(main: &Server, token: Token, expected: Option<ErrorCode>) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = try_hello(main.address, Some(token)).err();
        if found == expected {
            return;
        }
        assert!(Instant::now() < deadline, "{found:?} instead of {expected:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_ban_at_one_main_is_every_main_s_and_outlives_the_database() {
    let mut database = Database::start("bans");
    let folders = ["bans-0", "bans-1"].map(ScratchFile::new);
    let mut mains = [0, 1].map(|index| main_of(&database, &folders[index]));
    let (mut guest, uid, token) = guest_of(&mains[1]);
    let since = Instant::now();
    told(operator::of(&mains[0]), &["ban", &uid, "--for", "1h", "--reason", "spam"]);
    guest.expect_bye(ErrorCode::BANNED);
    println!("out of the other Main behind {} ms", since.elapsed().as_millis());
    assert!(since.elapsed() < OUT_WITHIN, "{:?}", since.elapsed());
    assert_eq!(try_hello(mains[1].address, Some(token)).err(), Some(ErrorCode::BANNED));
    let listed = database.tinyrealm(&["ban", "list"], "");
    listed.expect_code(0);
    let lines = listed.lines(Stream::Stdout);
    assert!(lines.len() == 1 && lines[0].contains(&uid) && lines[0].contains("spam"), "{lines:?}");

    // Without the database what is known holds, for a Main that is started anew as well, and nothing can be changed.
    database.postgres.kill();
    let change = refused(operator::of(&mains[0]), &["unban", &uid]);
    assert!(change.contains("the list of bans in postgres://"), "{change}");
    mains[1].restart_after(Duration::ZERO);
    assert_eq!(try_hello(mains[1].address, Some(token)).err(), Some(ErrorCode::BANNED));
    mains[1].process.wait_until_said(Stream::Stderr, "what is known of it holds", 1);
    database.postgres.start_again().unwrap();
    mains[1].process.wait_until_said(Stream::Stderr, "is there again", 1);
    told(operator::of(&mains[0]), &["unban", &uid]);
    wait_until(&mains[1], token, None);
}

#[test]
fn logins_and_the_command_line_share_it_and_of_changes_at_once_none_is_lost() {
    let database = Database::start("bans-shared");
    let folder = ScratchFile::new("bans-shared-main");
    let main = main_of(&database, &folder);
    let login_server = login_of(&database, &[]);
    let (guest, uid, token) = guest_of(&main);
    drop(guest);
    database.tinyrealm(&["user", "add", "alice"], PASSWORD).expect_code(0);
    login(login_server.address, "alice", PASSWORD).token();
    // At the Main, and beside it.
    let others: Vec<String> = (0..8).map(|host| format!("192.0.2.{host}")).collect();
    std::thread::scope(|scope| {
        for other in &others {
            let database = &database;
            scope.spawn(move || {
                database.tinyrealm(&["ban", "add", other], "").expect_code(0);
            });
        }
        told(operator::of(&main), &["ban", &uid]);
        told(operator::of(&main), &["ban", "127.0.0.3"]);
    });
    wait_until(&main, token, Some(ErrorCode::BANNED));
    let listed = told(operator::of(&main), &["bans"]);
    let are_there = |other: &String| listed.iter().any(|line| line.contains(other.as_str()));
    assert!(others.iter().all(are_there), "{listed:?}");
    let deadline = Instant::now() + PATIENCE;
    let from = "127.0.0.3".parse().unwrap();
    let denied = loop {
        match try_login(login_server.address, from, "alice", PASSWORD).unwrap() {
            Answer::Denied(denied) => break denied,
            Answer::Token(_) => assert!(Instant::now() < deadline),
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(denied.reason, LoginDenial::BANNED);
}
