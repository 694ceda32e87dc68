//! A whole realm as separate processes: Login, Main, two worlds, chat, and five hundred bots with
//! accounts who move and talk. Nothing is lost while all is well; and every server is killed and
//! restarted in turn under that load.

use std::time::{Duration, Instant};

use crate::support::login::{login, try_hello};
use crate::support::secrets::{Proof, ProofKind, Secret};
use crate::support::whole_realm::{
    CHAT_FAULTS, EVERY_SERVER, LOGIN_OUTAGES, Outages, ServerOf, WORLDS, WholeRealm, expect_whole,
};
use crate::support::{Report, ScratchFile, Server, Stream};
use tinyrealm_core::protocol::{ErrorCode, Token};

const BOTS: u64 = 500;
/// Bots that stay while every server is started again and again.
const FEW: u64 = 60;
/// Bots that come while Login is away.
const LATE: u64 = 20;
const PASSWORD: &str = "correct horse";
/// How long a server is away before it is started again.
const OUTAGE: Duration = Duration::from_secs(1);

const SERVERS: [&str; 4] = ["login", "main", "world", "chat"];

#[test]
fn five_hundred_log_in_move_and_talk() {
    let realm = WholeRealm::start("whole");
    let plan = ["--hz", "4", "--seconds", "4", "--chat-hz", "1", "--channels", "20"];
    let outcome = realm.bots("bot-", BOTS, &plan).outcome();
    outcome.expect_clean(BOTS);
    let bots = &outcome.report;
    bots.expect(&CHAT_FAULTS.map(|fault| (fault, 0)));
    bots.expect(&[("chat_joined", BOTS), ("chat_refused", 0), ("chat_interrupted", 0)]);
    bots.expect(&[("chat_gaps_unknown", 0), ("chat_present", BOTS), ("present", BOTS)]);
    for server in SERVERS {
        bots.expect(&[(&format!("outages.{server}.times"), 0)]);
    }
    realm.wait_until_empty();
    let WholeRealm { accounts: _accounts, login, chat, main, worlds } = realm;
    let worlds = worlds.map(Server::stop);
    let sum = |name| worlds.iter().map(|world| world.count(name)).sum::<u64>();
    assert_eq!((sum("joined"), sum("left"), sum("moves")), (BOTS, BOTS, bots.count("sent")));
    assert!(worlds.iter().all(|world| world.count("joined") >= BOTS / 3), "both have their share");
    let main = main.stop();
    main.expect(&[("hellos", BOTS), ("hellos_refused", 0), ("enters", BOTS)]);
    main.expect(&[("net.violations", 0), ("chat.missed", 0)]);
    let chat = chat.stop();
    let said = bots.count("chat_sent");
    chat.expect(&[("joined", BOTS), ("said", said), ("copies", said), ("net.violations", 0)]);
    login.stop().expect(&[("granted", BOTS), ("verified", BOTS), ("net.violations", 0)]);
}

/// Kills this server and starts it again; answers how long after its start everyone was everywhere.
#[track_caller]
fn restart(realm: &mut WholeRealm, server: ServerOf) -> Duration {
    server(realm).restart_after(OUTAGE);
    let restarted = Instant::now();
    realm.wait_until_complete(BOTS);
    restarted.elapsed()
}

/// Login is away: those in the realm go on; who comes meanwhile is told, tries again, and gets in.
fn login_is_killed(realm: &mut WholeRealm, token: Token) -> (Report, Duration) {
    realm.login.process.end();
    realm.main.process.wait_until_said(Stream::Stderr, "lost Login", 1);
    let refused = try_hello(realm.main.address, Some(token)).err();
    assert_eq!(refused, Some(ErrorCode::LOGIN_UNAVAILABLE));
    let plan = ["--seconds", "1", "--chat-hz", "1", "--through-restarts"];
    let late = realm.bots("late-", LATE, &plan);
    late.wait_until_joining();
    realm.login.restart_after(OUTAGE);
    let restarted = Instant::now();
    realm.main.process.wait_until_said(Stream::Stderr, "connected to Login", 2);
    let recovered = restarted.elapsed();
    let outcome = late.outcome();
    assert_eq!(outcome.code, Some(0), "{:?}", outcome.report);
    outcome.report.expect(&[("joined", LATE), ("lost", 0), ("chat_lost", 0)]);
    (outcome.report, recovered)
}

#[test]
fn every_server_is_killed_in_turn_and_everyone_comes_back() {
    let mut realm = WholeRealm::start("killed-in-turn");
    realm.accounts.user(&["add", "alice"], PASSWORD);
    let token = login(realm.login.address, "alice", PASSWORD).token();
    let plan = ["--hz", "2", "--seconds", "600", "--chat-hz", "0.5", "--channels", "20"];
    let bots = realm.bots("bot-", BOTS, &[&plan[..], &["--through-restarts"]].concat());
    realm.wait_until_complete(BOTS);
    let logins = bots.report().count(LOGIN_OUTAGES);

    let (late, login_recovered) = login_is_killed(&mut realm, token);
    let joins = realm.joins();
    let chat_recovered = restart(&mut realm, |realm| &mut realm.chat);
    // Main has brought them back; no client has asked for anything.
    realm.chat.report().expect(&[("joined", 0), ("mains_opened", 1)]);
    assert_eq!(realm.joins(), joins, "nobody has left a room for Login or chat");
    let world_recovered = WORLDS.map(|id| {
        let server: ServerOf = match id {
            1 => |realm| &mut realm.worlds[0],
            _ => |realm| &mut realm.worlds[1],
        };
        let recovered = restart(&mut realm, server);
        println!("world {id}: all inside {recovered:?} after its start");
        recovered
    });
    let joins = realm.joins();
    let main_recovered = restart(&mut realm, |realm| &mut realm.main);
    assert_eq!(realm.joins(), joins, "players stay in their worlds without Main");

    let report = expect_whole(bots, BOTS, &Outages { logins, mains: BOTS });
    print_table(
        &late,
        &report,
        [login_recovered, main_recovered, world_recovered[1], chat_recovered],
    );
    realm.wait_until_empty();
}

/// A secret's files: the secret itself, and the keys of those who have no more than theirs.
struct Files {
    secret: Secret,
    keys: [(&'static str, ScratchFile); 2],
}

impl Files {
    #[track_caller]
    fn new(name: &str) -> Self {
        let secret = Secret::new(name);
        let keys = ["chat", "world 2"].map(|server| {
            let of: Vec<&str> = server.split(' ').collect();
            (server, secret.key(&of))
        });
        Self { secret, keys }
    }

    fn file_of(&self, server: &str) -> (ProofKind, &str) {
        match self.keys.iter().find(|(whose, _)| *whose == server) {
            Some((_, key)) => (ProofKind::Key, key.path()),
            None => (ProofKind::Secret, self.secret.path()),
        }
    }

    fn proof<'a>(&'a self, server: &str, former: Option<&'a Self>) -> Proof<'a> {
        let (kind, newest) = self.file_of(server);
        Proof { kind, newest, former: former.map(|former| former.file_of(server).1) }
    }
}

/// Each server is started again twice: with both secrets, and with the new one alone. Some have their own
/// keys only.
#[test]
fn the_secret_is_exchanged_under_everybody_and_nobody_loses_anything() {
    let (old, new) = (Files::new("exchange-old"), Files::new("exchange-new"));
    let settings = |server: &str| old.proof(server, None).settings();
    let mut realm = WholeRealm::start_with("exchange", settings);
    let plan = ["--hz", "2", "--seconds", "600", "--chat-hz", "0.5", "--channels", "5"];
    let bots = realm.bots("bot-", FEW, &[&plan[..], &["--through-restarts"]].concat());
    realm.wait_until_complete(FEW);
    let logins = bots.report().count(LOGIN_OUTAGES);
    for former in [Some(&old), None] {
        for (name, server) in EVERY_SERVER {
            server(&mut realm).restart_with(new.proof(name, former));
            realm.wait_until_complete(FEW);
            realm.wait_until_linked();
        }
    }
    expect_whole(bots, FEW, &Outages { logins, mains: 2 * FEW });
    realm.wait_until_empty();
    // What the realm had before opens nothing.
    realm.worlds[0].process.end_in_good_order();
    realm.worlds[0].run_with(old.proof("world 1", None));
    let refused = "does not have our key; trying again";
    realm.worlds[0].process.wait_until_said(Stream::Stderr, refused, 1);
}

/// Nobody says goodbye to anybody, and nobody is left anywhere.
#[test]
fn bots_that_die_with_their_main_leave_no_ghosts() {
    let mut realm = WholeRealm::start("ghosts");
    let plan = ["--hz", "2", "--seconds", "600", "--chat-hz", "1", "--channels", "4"];
    let bots = realm.bots("bot-", LATE, &plan);
    realm.wait_until_complete(LATE);
    realm.main.process.end();
    bots.kill();
    realm.main.restart_after(Duration::ZERO);
    realm.wait_until_empty();
    // And who dies alone.
    let bots = realm.bots("bot-", LATE, &plan);
    realm.wait_until_complete(LATE);
    bots.kill();
    realm.wait_until_empty();
}

/// What the bots have measured, and how long after its start each server had everyone again.
fn print_table(late: &Report, bots: &Report, recovered: [Duration; 4]) {
    println!(
        "away {OUTAGE:?}  longest outage of a bot   bots' outages   refused   whole again after"
    );
    for (server, recovered) in SERVERS.into_iter().zip(recovered) {
        let report = if server == "login" { late } else { bots };
        let count = |name| report.count(&format!("outages.{server}.{name}"));
        let (longest_ms, times, refused) = (count("longest_ms"), count("times"), count("refused"));
        let recovered_ms = recovered.as_millis();
        println!("{server:<8} {longest_ms:>22} ms {times:>15} {refused:>9} {recovered_ms:>15} ms");
    }
}
