//! Several Logins on one database.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tinyrealm_core::protocol::{ErrorCode, LoginDenial};

use crate::parts::Database;
use crate::support::login::{Accounts, CHEAP, login, main_of, try_hello};
use crate::support::{Finished, PATIENCE, Peer, Process, Server, Stream};

const PASSWORD: &str = "correct horse";
/// Within which a revoked user is out.
const OUT_WITHIN: Duration = Duration::from_secs(2);

#[track_caller]
pub(crate) fn login_of(database: &Database, settings: &[&str]) -> Server {
    let own = database.settings();
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    Server::login(&["--port", "0"], &[&own[..], settings].concat())
}

#[track_caller]
fn add(database: &Database, id: &str) {
    database.tinyrealm(&["user", "add", id], PASSWORD).expect_code(0);
}

#[track_caller]
fn expect_error(finished: &Finished, named: &[&str]) {
    finished.expect_code(1);
    let lines = finished.lines(Stream::Stderr);
    let is_named = |line: &&str| named.iter().all(|name| line.contains(name));
    assert!(lines.iter().any(|line| line.starts_with("error: ") && is_named(line)), "{lines:?}");
}

#[test]
fn two_logins_on_one_database_are_one() {
    let database = Database::start("two");
    let logins = [(); 2].map(|()| login_of(&database, &[]));
    let mains = [&logins[0], &logins[1]].map(|login| main_of(login, &[]));
    add(&database, "alice");
    add(&database, "bob");
    // A token of one Login is good at the other, and each Main has its own.
    let at: [SocketAddr; 2] = [logins[0].address, logins[1].address];
    let token = login(at[0], "alice", PASSWORD).token();
    let mut inside: Vec<Peer> = mains
        .iter()
        .zip(["alice", "bob"])
        .zip([token, login(at[0], "bob", PASSWORD).token()])
        .map(|((main, _), token)| try_hello(main.address, Some(token)).unwrap().0)
        .collect();
    // Whoever the command line disables is out of whatever Main there is.
    let started = Instant::now();
    for id in ["alice", "bob"] {
        database.tinyrealm(&["user", "disable", id], "").expect_code(0);
    }
    for peer in &mut inside {
        peer.expect_bye(ErrorCode::REVOKED);
    }
    println!("both were out {} ms after the first command began", started.elapsed().as_millis());
    assert!(started.elapsed() < OUT_WITHIN, "{:?}", started.elapsed());
    for address in at {
        let denied = login(address, "alice", PASSWORD).denied();
        assert_eq!(denied.reason, LoginDenial::DISABLED);
    }
    for main in &mains {
        assert_eq!(try_hello(main.address, Some(token)).err(), Some(ErrorCode::BAD_TOKEN));
    }
}

#[test]
fn wrong_guesses_are_counted_over_both_logins() {
    let database = Database::start("guesses");
    let logins = [(); 2].map(|()| login_of(&database, &["login.account_first_delay_ms=60000"]));
    add(&database, "alice");
    let wrong = (0..20).take_while(|number| {
        let denied = login(logins[number % 2].address, "alice", "wrong").denied();
        denied.reason == LoginDenial::WRONG
    });
    // Four are free, and the fifth is the first that costs a wait.
    assert_eq!(wrong.count(), 5);
    for server in &logins {
        let denied = login(server.address, "alice", PASSWORD).denied();
        assert_eq!(denied.reason, LoginDenial::LOCKED);
        assert!((50_000..=60_000).contains(&denied.retry_after_ms), "{denied:?}");
    }
    add(&database, "bob");
    login(logins[1].address, "bob", PASSWORD).token();
}

#[test]
fn accounts_are_brought_from_a_file() {
    let (database, file) = (Database::start("import"), Accounts::new("cluster-import"));
    file.user(&["add", "alice"], PASSWORD);
    let old = file.login(&CHEAP);
    let token = login(old.address, "alice", PASSWORD).token();
    old.stop();
    let ban = ["ban", "add", "192.0.2.9", "--data", file.folder()];
    Process::start(&ban).finish(PATIENCE).expect_code(0);
    let bans = || database.tinyrealm(&["ban", "list"], "").lines(Stream::Stdout).len();
    let path = format!("{}/accounts.db", file.folder());
    let import = || database.tinyrealm(&["db", "import", &path], "");
    let first = import();
    first.expect_code(0);
    let said = first.lines(Stream::Stdout);
    assert!(said[0].starts_with("1 accounts of "), "{said:?}");
    assert_eq!((said[1], bans()), ("1 bans that lie beside them are in the database", 1));
    database.tinyrealm(&["ban", "remove", "192.0.2.9"], "").expect_code(0);
    let lines = first.lines(Stream::Stderr);
    assert!(lines.iter().any(|line| line.starts_with("importing accounts: 1 of 1")), "{lines:?}");
    let again = import();
    again.expect_code(0);
    assert!(again.lines(Stream::Stdout)[0].ends_with("in the database already"));
    assert_eq!(bans(), 0, "what was taken back does not come again");
    let server = login_of(&database, &[]);
    let main = main_of(&server, &[]);
    assert!(try_hello(main.address, Some(token)).is_ok(), "a token outlives the import");
    login(server.address, "alice", PASSWORD).token();
    file.user(&["add", "bob"], PASSWORD);
    expect_error(&import(), &["nothing was imported", "has changed since"]);
    let other = Accounts::new("cluster-import-other");
    other.user(&["add", "carol"], PASSWORD);
    let path = format!("{}/accounts.db", other.folder());
    expect_error(&database.tinyrealm(&["db", "import", &path], ""), &["another realm"]);
}

#[test]
fn a_server_says_what_its_database_lacks() {
    let database = Database::start_empty("migrate");
    expect_error(&database.tinyrealm(&["login", "--port", "0"], ""), &["tinyrealm db migrate"]);
    expect_error(&database.tinyrealm(&["user", "list"], ""), &["tinyrealm db migrate"]);
    let status = database.tinyrealm(&["db", "status"], "");
    status.expect_code(1);
    let steps =
        status.lines(Stream::Stdout).iter().filter(|line| line.ends_with("missing")).count();
    assert!(steps > 0);
    // Two at once: both end well, and each step is done once.
    let both = [(); 2].map(|()| database.start_tinyrealm(&["db", "migrate"], ""));
    let done: usize = both
        .into_iter()
        .map(|process| {
            let finished = process.finish(PATIENCE);
            finished.expect_code(0);
            finished.lines(Stream::Stdout).iter().filter(|line| line.ends_with("is done")).count()
        })
        .sum();
    assert_eq!(done, steps);
    database.tinyrealm(&["db", "status"], "").expect_code(0);
    let text = "INSERT INTO migrations (number, name, checksum) VALUES (1000, 'later', '')";
    database.postgres.psql("realm", text).unwrap();
    expect_error(&database.tinyrealm(&["login", "--port", "0"], ""), &["update the program"]);
    let address = database.postgres.address().replace("tinyrealm@", "tinyrealm:hunter2@");
    let setting = format!("login.database={address}");
    let shown = Process::start(&["user", "list", "--set", &setting]).finish(PATIENCE);
    let said = shown.lines(Stream::Stderr).join("\n");
    assert!(said.contains("login.database_file") && !said.contains("hunter2"), "{said}");
    expect_error(&database.tinyrealm(&["user", "backup", "x"], ""), &["pg_dump"]);
}
