//! Everything that strangers can do to a realm, with bots beside it, as a table.
//!
//! `cargo xtask hostile [--quick] [ABUSE...]` builds the servers, and says where they are in
//! `TINYREALM_BINARY`.
//!
//! Contract: bots lose nothing, whatever is done, and their p99 is at most [`RATIO_MOST`] times what it
//! is in the same realm without, unless that is below [`FLOOR_MS`]; and an abuse that leaves no trace at the
//! servers has not been one. With `--quick` all abuses follow each
//! other beside the same bots, and no time is judged. Ends with 0 if all of it holds, 1 if not, 2 if it
//! was called wrongly.

mod abuses;
mod stranger;
#[path = "../../../../servers/tests/support/mod.rs"]
mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use abuses::{ABUSES, Abuse, Trace};
use stranger::{Deeds, Field};
use support::{BotOutcome, Bots, Realm, Server, Stream};

/// Main and the world are small, so that strangers may hope to fill them.
const SETTINGS: [&str; 6] = [
    "main.sessions=600",
    "world.rooms=1",
    "world.room_capacity=256",
    "world.spare_sessions=256",
    "net.drain_timeout_ms=250",
    "net.socket_send_buffer_bytes=8192",
];
const BOTS: u64 = 20;
const BOTS_PLAN: [&str; 6] = ["--count", "20", "--hz", "10", "--chat-hz", "0.5"];
const ROUND_SECONDS: &str = "5";
/// How long an abuse has for itself before bots come.
const HEAD_START: Duration = Duration::from_millis(500);
/// How long each abuse goes on if nothing is measured.
const QUICK: Duration = Duration::from_millis(1_200);
const RATIO_MOST: f64 = 1.5;
/// `world.flush_interval_ms`, and what a machine takes.
const FLOOR_MS: f64 = 25.0;
const FILES: u64 = 8_192;

/// Counters of bots that are zero if nothing has harmed them.
const HARMS: [&str; 19] = [
    "lost",
    "duplicated",
    "disordered",
    "wrong_room",
    "unknown",
    "missed_announced",
    "snapshots",
    "disconnects",
    "refused",
    "chat_lost",
    "chat_missed_announced",
    "chat_gaps_unknown",
    "chat_duplicated",
    "chat_disordered",
    "chat_wrong_channel",
    "chat_refused",
    "chat_interrupted",
    "chat_unanswered",
    "self_seen",
];

/// A chat server, Main and a world.
struct Servers {
    chat: Server,
    realm: Realm,
}

impl Servers {
    fn start() -> Self {
        let chat = Server::chat(&[]);
        let address = format!("main.chat={}", chat.address);
        let realm = Realm::start(&[&SETTINGS[..], &[&address]].concat());
        realm.main.process.wait_until_said(Stream::Stderr, "the chat server has", 1);
        Self { chat, realm }
    }

    fn field(&self) -> Field {
        Field::new(self.realm.main.address, self.realm.world().address)
    }

    fn bots(&self, seconds: &str) -> Bots {
        let plan = [&BOTS_PLAN[..], &["--seconds", seconds]].concat();
        Bots::start(self.realm.main.address, &plan)
    }

    /// All of them are there, and end in good order; answers what that one has counted.
    fn stop(self, trace: Trace) -> u64 {
        let (main, worlds) = self.realm.stop();
        let chat = self.chat.stop();
        match trace {
            Trace::Main(counter, _) => main.count(counter),
            Trace::World(counter, _) => worlds[0].count(counter),
            Trace::Chat(counter, _) => chat.count(counter),
        }
    }
}

/// What bots have suffered: `-` if nothing.
fn harm(bots: &BotOutcome) -> String {
    let counted = HARMS.map(|name| (name, bots.report.count(name)));
    let absent =
        ["joined", "chat_joined"].map(|name| (name, BOTS - bots.report.count(name).min(BOTS)));
    let absent =
        absent.map(|(name, count)| (if name == "joined" { "absent" } else { "silent" }, count));
    let harms: Vec<String> = counted
        .into_iter()
        .chain(absent)
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    match (harms.is_empty(), bots.code) {
        (true, Some(0)) => "-".to_owned(),
        (true, code) => format!("code {code:?}"),
        (false, _) => harms.join(", "),
    }
}

/// Runs an abuse for as long as `beside` does something, and answers what both have come to.
fn with_abuse<T>(field: &Field, abuse: &Abuse, beside: impl FnOnce() -> T) -> (Deeds, T) {
    thread::scope(|scope| {
        let doing = scope.spawn(|| (abuse.run)(field));
        let seen = catch_unwind(AssertUnwindSafe(beside));
        field.end();
        let deeds = doing.join().expect("an abuser gives up");
        (deeds, seen.expect("bots go their way"))
    })
}

/// One abuse in a realm of its own; whether it does no harm.
fn measure(abuse: &Abuse) -> bool {
    let servers = Servers::start();
    let quiet = servers.bots(ROUND_SECONDS).outcome();
    let (deeds, disturbed) = with_abuse(&servers.field(), abuse, || {
        thread::sleep(HEAD_START);
        servers.bots(ROUND_SECONDS).outcome()
    });
    let has_arrived = servers.stop(abuse.trace) >= abuse.trace.at_least();
    let [before, with] = [&quiet, &disturbed].map(|bots| bots.report.milliseconds("p99_ms"));
    let (ratio, lost) = (with / before, harm(&disturbed));
    let is_quick_enough = ratio <= RATIO_MOST || with < FLOOR_MS;
    let verdict = match (lost == "-", is_quick_enough, has_arrived) {
        (false, ..) => "HARM",
        (true, false, _) => "SLOW",
        (true, true, false) => "NONE",
        (true, true, true) => "ok",
    };
    print_row(
        abuse.name,
        deeds,
        &format!("{before:>8.1} {with:>8.1} {ratio:>6.2}  {verdict:<5} {lost}"),
    );
    verdict == "ok" && harm(&quiet) == "-"
}

fn print_row(name: &str, Deeds { connections, attempts }: Deeds, rest: &str) {
    println!("{name:<16} {connections:>11} {attempts:>9} {rest}");
}

/// Each abuse by itself; the names of those that do harm.
fn measure_all(chosen: &[&'static Abuse]) -> Vec<&'static str> {
    println!(
        "{:<16} {:>11} {:>9} {:>8} {:>8} {:>6}  {:<5} bots have lost",
        "abuse", "connections", "attempts", "p99 ms", "with it", "ratio", "so"
    );
    let is_harmful = |abuse: &&&'static Abuse| {
        let measured = catch_unwind(|| measure(abuse));
        if measured.is_err() {
            print_row(abuse.name, Deeds::default(), "                          BROKE see above");
        }
        !measured.unwrap_or(false)
    };
    chosen.iter().filter(is_harmful).map(|abuse| abuse.name).collect()
}

/// All of them beside the same bots, who lose nothing.
fn look_quickly(chosen: &[&'static Abuse]) -> Vec<&'static str> {
    println!("{:<16} {:>11} {:>9}", "abuse", "connections", "attempts");
    let servers = Servers::start();
    let seconds = (QUICK * chosen.len() as u32).as_secs() + 2;
    let bots = servers.bots(&seconds.to_string());
    bots.wait_until_joining();
    for abuse in chosen {
        let (deeds, ()) = with_abuse(&servers.field(), abuse, || thread::sleep(QUICK));
        print_row(abuse.name, deeds, "");
    }
    let lost = harm(&bots.outcome());
    servers.stop(Trace::Main("hellos", 0));
    println!("bots have lost: {lost}");
    if lost == "-" { Vec::new() } else { chosen.iter().map(|abuse| abuse.name).collect() }
}

/// The abuses of these names, all if there is none; or the name that is none.
fn choose(names: &[String]) -> Result<Vec<&'static Abuse>, &String> {
    let is_known = |name: &&String| ABUSES.iter().any(|abuse| abuse.name == **name);
    if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
        return Err(unknown);
    }
    let is_chosen =
        |abuse: &&Abuse| names.is_empty() || names.iter().any(|name| name == abuse.name);
    Ok(ABUSES.iter().filter(is_chosen).collect())
}

fn main() -> ExitCode {
    let (flags, names): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument == "--quick");
    let chosen = match choose(&names) {
        Ok(chosen) => chosen,
        Err(name) => {
            let known: Vec<&str> = ABUSES.iter().map(|abuse| abuse.name).collect();
            eprintln!("there is no abuse {name:?}; there are: {}", known.join(" "));
            return ExitCode::from(2);
        }
    };
    // Strangers and servers hold thousands of connections.
    if let Err(error) = rlimit::increase_nofile_limit(FILES) {
        eprintln!("the limit of open files stays as it is: {error}");
    }
    let harmful = if flags.is_empty() { measure_all(&chosen) } else { look_quickly(&chosen) };
    if harmful.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("harm is done by: {}", harmful.join(" "));
    ExitCode::FAILURE
}
