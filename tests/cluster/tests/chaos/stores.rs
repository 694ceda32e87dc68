//! What NATS and PostgreSQL do for somebody who comes, and who stays: CPU time, and how many can come a second on one machine.
//!
//! Contract: two Mains with a directory of three servers of NATS, and two Logins on one PostgreSQL. [`CALLERS`] at each server come
//! with an account's token and go, as fast as they are let; then all accounts stay, and each is looked up once in [`REVIEW`]; then
//! they log in with a password whose hash costs next to nothing. CPU time is that of all threads of each kind of process, without
//! what they need when nobody comes. It measures, and judges nothing.

use std::net::SocketAddr;
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use tinyrealm_core::protocol::Token;

use crate::parts::cpu::{cpu_of, cpu_of_family};
use crate::parts::{Database, Directory};
use crate::support::login::{login, try_hello};
use crate::support::{Server, Stream};

const SERVERS: usize = 2;
const NATS: usize = 3;
const CALLERS: usize = 8;
/// Of each caller, who comes with one after the other: none of them is back while NATS still works on its goodbye.
const ACCOUNTS: usize = 16;
const ALL: usize = SERVERS * CALLERS * ACCOUNTS;
const CALLS_FOR: Duration = Duration::from_secs(10);
const IDLE_FOR: Duration = Duration::from_secs(5);
const ROUNDS: usize = 3;
/// As often as it may be.
const REVIEW: &str = "directory.review_ms=1000";
/// Behind which everybody is in and has been looked up.
const SETTLED_BEHIND: Duration = Duration::from_secs(2);
const PASSWORD: &str = "correct horse";
/// Who comes from one address, and often.
const NET: [&str; 2] = ["net.connections_per_address=16384", "net.openings_per_second=8192"];
const LOGIN: [&str; 2] = ["login.address_logins=4096", "login.queue=4096"];

/// CPU time until now, in microseconds: Mains, Logins, NATS, PostgreSQL.
type Spent = [f64; 4];
const KINDS: [&str; 4] = ["Mains", "Logins", "NATS", "PostgreSQL"];

/// What one call costs.
#[derive(Copy, Clone, Debug)]
struct Call {
    us: Spent,
    /// Messages that NATS has got for it.
    asked: f64,
    per_second: f64,
    /// How long half of them took, and all but a hundredth.
    half_ms: f64,
    most_ms: f64,
}

struct Realm {
    directory: Directory,
    database: Database,
    logins: Vec<Server>,
    mains: Vec<Server>,
}

fn text(settings: &[String]) -> Vec<&str> {
    settings.iter().map(String::as_str).collect()
}

fn with(own: Vec<String>, more: &[&str]) -> Vec<String> {
    own.into_iter().chain(more.iter().chain(&NET).map(|setting| (*setting).to_owned())).collect()
}

impl Realm {
    #[track_caller]
    fn start() -> Self {
        let (directory, database) = (Directory::start("stores", NATS), Database::start("stores"));
        let own = with(database.settings(), &LOGIN);
        let login = |_| Server::login(&["--port", "0"], &text(&own));
        let logins: Vec<Server> = (0..SERVERS).map(login).collect();
        let main = |login: &Server| {
            let at = format!("main.login={}", login.address);
            let own = with(directory.settings(), &["main.auth=login", &at, REVIEW]);
            Server::main(&text(&own))
        };
        let mains: Vec<Server> = logins.iter().map(main).collect();
        for main in &mains {
            for what in ["the directory is there", "connected to Login"] {
                main.process.wait_until_said(Stream::Stderr, what, 1);
            }
        }
        Self { directory, database, logins, mains }
    }

    fn spent(&self) -> Spent {
        let of = |servers: &[Server]| servers.iter().map(|it| cpu_of(it.process.id())).sum();
        let nats = (0..NATS).filter_map(|index| self.directory.nats.process(index)).map(cpu_of);
        let postgres = self.database.postgres.process().map(cpu_of_family);
        let all = [of(&self.mains), of(&self.logins), nats.sum(), postgres.unwrap_or_default()];
        all.map(|time: Duration| time.as_micros() as f64)
    }

    /// What is spent a second while nobody comes or goes, and asked of NATS.
    fn idle(&self) -> (Spent, f64) {
        let (spent, asked, began) = (self.spent(), self.directory.nats.asked(), Instant::now());
        sleep(IDLE_FOR);
        let seconds = began.elapsed().as_secs_f64();
        let a_second = less(self.spent(), spent).map(|us| us / seconds);
        (a_second, (self.directory.nats.asked() - asked) / seconds)
    }

    /// Everybody calls with numbers of its own, again and again.
    fn cost(&self, call: impl Fn(usize) + Sync) -> Call {
        let (idle, idle_asked) = self.idle();
        let (spent, asked, began) = (self.spent(), self.directory.nats.asked(), Instant::now());
        let mut took = took(call);
        let seconds = began.elapsed().as_secs_f64();
        let count = took.len() as f64;
        let us = less(less(self.spent(), spent), idle.map(|us| us * seconds)).map(|us| us / count);
        let asked = (self.directory.nats.asked() - asked - idle_asked * seconds) / count;
        took.sort_unstable();
        let at = |part: f64| took[((count - 1.0) * part) as usize].as_secs_f64() * 1_000.0;
        Call { us, asked, per_second: count / seconds, half_ms: at(0.5), most_ms: at(0.99) }
    }

    /// What it costs to look up who stays, each time.
    #[track_caller]
    fn cost_of_looks(&self, tokens: &[Token]) -> Looks {
        let (idle, idle_asked) = self.idle();
        let hello = |(number, token)| try_hello(Self::at(&self.mains, number), Some(token));
        let inside: Vec<_> = (0..).zip(tokens.iter().copied()).map(hello).collect();
        assert!(inside.iter().all(Result::is_ok), "a token is good");
        sleep(SETTLED_BEHIND);
        let (spent, asked) = self.idle();
        let a_second = asked - idle_asked;
        Looks { us: less(spent, idle).map(|us| us / a_second), a_second }
    }

    fn at(servers: &[Server], number: usize) -> SocketAddr {
        servers[number % SERVERS].address
    }
}

/// What a look at who stays costs.
struct Looks {
    us: Spent,
    a_second: f64,
}

fn less(behind: Spent, before: Spent) -> Spent {
    std::array::from_fn(|kind| behind[kind] - before[kind])
}

/// How long each call took.
fn took(call: impl Fn(usize) + Sync) -> Vec<Duration> {
    let began = Instant::now();
    let call_often = |caller: usize| {
        let mut took = Vec::new();
        let own = (0..ACCOUNTS).map(|turn| caller + turn * CALLERS * SERVERS).cycle();
        for number in own.take_while(|_| began.elapsed() < CALLS_FOR) {
            let asked = Instant::now();
            call(number);
            took.push(asked.elapsed());
        }
        took
    };
    scope(|scope| {
        let call_often = &call_often;
        let threads: Vec<_> =
            (0..CALLERS * SERVERS).map(|caller| scope.spawn(move || call_often(caller))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

fn name(number: usize) -> String {
    format!("caller-{number}")
}

#[track_caller]
fn account(realm: &Realm, number: usize) -> Token {
    let name = name(number);
    realm.database.tinyrealm(&["user", "add", &name], PASSWORD).expect_code(0);
    login(realm.logins[0].address, &name, PASSWORD).token()
}

/// Measures and prints; answers that it has.
pub(crate) fn run() -> bool {
    let realm = Realm::start();
    let tokens: Vec<Token> = (0..ALL).map(|number| account(&realm, number)).collect();
    println!(
        "{SERVERS} Mains, {SERVERS} Logins, {NATS} servers of NATS, PostgreSQL; {CALLERS} callers at each server; the best of {ROUNDS} rounds\n"
    );
    let hello = |number: usize| {
        let came = try_hello(Realm::at(&realm.mains, number), Some(tokens[number]));
        drop(came.expect("a token is good"));
    };
    let logs_in = |number: usize| {
        login(Realm::at(&realm.logins, number), &name(number), PASSWORD).token();
    };
    println!("{:<8}{:>10}{:>14}{:>9}", "a call", "a second", "p50, p99 ms", "to NATS");
    show("hello", &best(|| realm.cost(hello)));
    let Looks { us, a_second } = realm.cost_of_looks(&tokens);
    println!("a look at who stays, {a_second:.0} a second");
    show_spent(us);
    show("login", &best(|| realm.cost(logs_in)));
    true
}

/// The round in which the most could be done: the others were disturbed.
fn best(round: impl Fn() -> Call) -> Call {
    let rounds = (0..ROUNDS).map(|_| round());
    rounds.max_by(|a, b| a.per_second.total_cmp(&b.per_second)).expect("there are rounds")
}

fn show(name: &str, call: &Call) {
    let Call { us, asked, per_second, half_ms, most_ms } = call;
    println!("{name:<8}{per_second:>10.0}{half_ms:>8.1},{most_ms:>5.1}{asked:>9.2}");
    show_spent(*us);
}

fn show_spent(us: Spent) {
    // Where nothing is spent, what is measured may be a little less than what was spent before.
    let spent = KINDS.iter().zip(us).map(|(kind, us)| format!("{kind} {:.0} µs", us.max(0.0)));
    println!("        CPU time: {}", spent.collect::<Vec<_>>().join(", "));
}
