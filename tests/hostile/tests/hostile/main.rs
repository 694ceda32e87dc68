//! Everything that strangers can do to a realm, with bots beside it, as a table.
//!
//! `cargo xtask hostile [--quick] [ABUSE...]` builds the servers, and says where they are in
//! `TINYREALM_BINARY`.
//!
//! Contract: bots lose nothing, whatever is done, and their p99 is at most [`RATIO_MOST`] times what it
//! is in the same realm without, by the medians of [`ROUNDS`] that follow each other, unless that is below
//! [`FLOOR_MS`]; and an abuse that leaves no trace at the servers has not been one. Strangers run at the least
//! priority, as if on machines of their own. With `--quick` all abuses follow each
//! other beside the same bots, and no time is judged. Ends with 0 if all of it holds, 1 if not, 2 if it
//! was called wrongly.

mod abuses;
mod servers;
mod stranger;
#[path = "../../../../servers/tests/support/mod.rs"]
mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use abuses::{ABUSES, Abuse, Place};
use servers::{BOTS, Servers};
use stranger::{Deeds, Field};
use support::BotOutcome;

/// How often bots are alone, and as often not.
const ROUNDS: usize = 3;
const ROUND_SECONDS: &str = "3";
/// How long an abuse has for itself before bots come.
const HEAD_START: Duration = Duration::from_millis(500);
/// How long each abuse goes on if nothing is measured.
const QUICK: Duration = Duration::from_millis(1_200);
const RATIO_MOST: f64 = 1.5;
const LEAST_PRIORITY: i32 = 19;
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

/// Strangers have machines of their own: here they get what the realm's servers and bots leave, and what is measured
/// is what they do to those by what they send.
fn be_elsewhere() {
    if let Err(error) = rustix::process::nice(LEAST_PRIORITY) {
        eprintln!("strangers have the same priority as the servers: {error}");
    }
}

/// Runs an abuse for as long as `beside` does something, and answers what both have come to.
fn with_abuse<T>(field: &Field, abuse: &Abuse, beside: impl FnOnce() -> T) -> (Deeds, T) {
    thread::scope(|scope| {
        let doing = scope.spawn(|| {
            be_elsewhere();
            (abuse.run)(field)
        });
        let seen = catch_unwind(AssertUnwindSafe(beside));
        field.end();
        let deeds = doing.join().expect("an abuser gives up");
        (deeds, seen.expect("bots go their way"))
    })
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Bots beside an abuse; what they and others have suffered, and their p99.
fn disturb(servers: &Servers, abuse: &Abuse) -> (Deeds, String, f64) {
    let (deeds, (bots, unserved)) = with_abuse(&servers.field(), abuse, || {
        thread::sleep(HEAD_START);
        let bots = servers.bots(ROUND_SECONDS);
        let unserved = servers.unserved();
        (bots.outcome(), unserved)
    });
    let lost = unserved.map_or_else(|| harm(&bots), str::to_owned);
    (deeds, lost, bots.report.milliseconds("p99_ms"))
}

/// One abuse in a realm of its own, by turns with peace; whether it does no harm.
fn measure(abuse: &Abuse) -> bool {
    let servers = Servers::start(abuse.trace.place());
    let (mut done, mut harms) = (Deeds::default(), Vec::new());
    let (mut before, mut with) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let quiet = servers.bots(ROUND_SECONDS).outcome();
        let (deeds, lost, p99_ms) = disturb(&servers, abuse);
        done += deeds;
        servers.wait_until_calm();
        harms.extend([harm(&quiet), lost].into_iter().filter(|lost| lost != "-"));
        before.push(quiet.report.milliseconds("p99_ms"));
        with.push(p99_ms);
    }
    let has_arrived = servers.stop(abuse.trace, done) >= abuse.trace.at_least();
    let (before, with) = (median(before), median(with));
    let ratio = with / before;
    let is_quick_enough = ratio <= RATIO_MOST || with < FLOOR_MS;
    let verdict = match (harms.is_empty(), is_quick_enough, has_arrived) {
        (false, ..) => "HARM",
        (true, false, _) => "SLOW",
        (true, true, false) => "NONE",
        (true, true, true) => "ok",
    };
    let lost = if harms.is_empty() { "-".to_owned() } else { harms.join("; ") };
    print_row(
        abuse.name,
        done,
        &format!("{before:>8.1} {with:>8.1} {ratio:>6.2}  {verdict:<5} {lost}"),
    );
    verdict == "ok"
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
    let of_place = |place| -> Vec<&'static Abuse> {
        chosen.iter().copied().filter(|abuse| abuse.trace.place() == place).collect()
    };
    [Place::Apart, Place::Together].into_iter().flat_map(|it| look_at(it, &of_place(it))).collect()
}

fn look_at(place: Place, chosen: &[&'static Abuse]) -> Vec<&'static str> {
    if chosen.is_empty() {
        return Vec::new();
    }
    let servers = Servers::start(place);
    let seconds = (QUICK * chosen.len() as u32).as_secs() + 2;
    let bots = servers.bots(&seconds.to_string());
    bots.wait_until_joining();
    let mut lost = Vec::new();
    for abuse in chosen {
        let (deeds, unserved) = with_abuse(&servers.field(), abuse, || {
            thread::sleep(QUICK);
            servers.unserved()
        });
        lost.extend(unserved.map(|what| format!("{}: {what}", abuse.name)));
        print_row(abuse.name, deeds, "");
    }
    lost.extend(Some(harm(&bots.outcome())).filter(|lost| lost != "-"));
    servers.stop(chosen[0].trace, Deeds::default());
    let is_well = lost.is_empty();
    println!(
        "{place:?}: bots have lost {}",
        if is_well { "-".to_owned() } else { lost.join("; ") }
    );
    if is_well { Vec::new() } else { chosen.iter().map(|abuse| abuse.name).collect() }
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
