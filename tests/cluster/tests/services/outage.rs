//! PostgreSQL is killed under a realm.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tinyrealm_core::protocol::LoginDenial;

use crate::parts::Database;
use crate::support::login::{Answer, login};
use crate::support::whole_realm::WholeRealm;
use crate::support::{PATIENCE, Server, Stream};

const BOTS: u64 = 200;
const PASSWORD: &str = "correct horse";
/// How long the database is away.
const OUTAGE: Duration = Duration::from_secs(3);
/// Within which whoever asks for what needs it is told to come again.
const TOLD_WITHIN: Duration = Duration::from_secs(3);
/// Within which all is well, once it is back.
const BACK_WITHIN: Duration = Duration::from_secs(3);

/// What Login's listener for operators says.
fn readiness(login: &Server) -> (bool, String) {
    let at: SocketAddr = login
        .process
        .wait_for(Stream::Stdout, |line| line.strip_prefix("admin listening on ")?.parse().ok());
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    (answer.starts_with("HTTP/1.1 200 "), answer)
}

#[track_caller]
fn wait_until_ready(login: &Server, is_ready: bool, within: Duration) {
    let started = Instant::now();
    loop {
        let (is_so, answer) = readiness(login);
        if is_so == is_ready {
            assert!(is_so || answer.contains("Login's accounts can't be reached"), "{answer}");
            println!("/readyz says so behind {} ms", started.elapsed().as_millis());
            return;
        }
        assert!(started.elapsed() < within, "{answer}");
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn those_inside_do_not_notice_that_the_database_is_killed() {
    let mut database = Database::start("outage");
    database.tinyrealm(&["user", "add", "alice"], PASSWORD).expect_code(0);
    let mut realm = WholeRealm::start_with("cluster-outage", |name| match name {
        "login" => database.settings(),
        _ => Vec::new(),
    });
    let settings = database.settings();
    let settings = settings.iter().flat_map(|setting| ["--set", setting]);
    let plan = ["--hz", "2", "--seconds", "600", "--chat-hz", "0.5", "--channels", "20"];
    let plan: Vec<&str> = plan.into_iter().chain(settings).collect();
    let bots = realm.bots("cluster-", BOTS, &plan);
    realm.wait_until_complete(BOTS);
    login(realm.login.address, "alice", PASSWORD).token();
    for round in 0..2 {
        database.postgres.kill();
        let killed = Instant::now();
        while killed.elapsed() < OUTAGE {
            let asked = Instant::now();
            let denied = login(realm.login.address, "alice", PASSWORD).denied();
            assert_eq!(denied.reason, LoginDenial::UNAVAILABLE);
            assert!(denied.retry_after_ms > 0);
            assert!(asked.elapsed() < TOLD_WITHIN, "{:?}", asked.elapsed());
            sleep(Duration::from_millis(50));
        }
        wait_until_ready(&realm.login, false, TOLD_WITHIN);
        database.postgres.start_again().unwrap();
        let back = Instant::now();
        while let Answer::Denied(denied) = login(realm.login.address, "alice", PASSWORD) {
            assert_eq!(denied.reason, LoginDenial::UNAVAILABLE);
            assert!(back.elapsed() < BACK_WITHIN, "{denied:?}");
            sleep(Duration::from_millis(20));
        }
        println!("round {round}: logins again {} ms behind its start", back.elapsed().as_millis());
        wait_until_ready(&realm.login, true, BACK_WITHIN);
    }
    realm.wait_until_complete(BOTS);
    // What was there is there; and a Login that is started again finds it.
    realm.login.restart_after(Duration::ZERO);
    login(realm.login.address, "alice", PASSWORD).token();
    bots.stop();
    bots.outcome().expect_clean(BOTS);
}
