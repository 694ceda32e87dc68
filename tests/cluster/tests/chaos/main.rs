//! Every server of a realm of many machines is killed, stopped and cut in turn, under a thousand bots, as a table.
//!
//! `cargo xtask chaos` builds the servers as users run them, says where they are in `TINYREALM_BINARY`, and brings the services.
//!
//! Contract: prints each step when it is done. Ends with 0 if all of it holds and no goal is missed, 1 if not, 2 if it was called
//! wrongly.

mod growth;
mod options;
#[path = "../parts/mod.rs"]
mod parts;
mod stores;
#[path = "../../../../servers/tests/support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use options::{Options, What};
use parts::machines::{Machines, Plan};
use parts::table;
use parts::tour::{Fault, Pace, Part, Step, Tour};

const PACE: Pace = Pace {
    kill: Duration::from_secs(2),
    hang: Duration::from_secs(20),
    cut: Duration::from_secs(3),
    judged: Duration::from_secs(6),
};
/// Of every connection of a bot both ends are here.
const FILES: u64 = 65_536;

fn plan(bots: u64) -> Plan {
    Plan { bots, mains: 3, logins: 2, chats: 2, worlds: 4, nats: 3, game: None }
}

fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("error: {problem}");
            return ExitCode::from(2);
        }
    };
    if let Err(error) = rlimit::increase_nofile_limit(FILES) {
        eprintln!("no more files can be opened: {error}");
    }
    let holds = match options.what {
        What::Faults => tour(&options, plan(options.count), "chaos", &Fault::OF_TOUR),
        What::Rolling => {
            let plan = Plan { game: Some("coin-rush"), ..plan(options.count) };
            tour(&options, plan, "rolling", &[Fault::Replace])
        }
        What::Growth => growth::run(),
        What::Stores => stores::run(),
    };
    match holds {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn logs() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("chaos-logs")
}

/// To whom that is done.
fn parts(machines: &Machines, fault: Fault) -> Vec<Part> {
    match fault {
        Fault::Replace => Part::ours(machines),
        Fault::Kill | Fault::Hang | Fault::Cut => Part::all(machines),
    }
}

/// Answers whether all of it holds.
fn tour(options: &Options, plan: Plan, name: &str, faults: &[Fault]) -> bool {
    let began = Instant::now();
    println!("{plan:?}, and PostgreSQL, each behind a cable; {PACE:?}");
    let mut tour = Tour::new(Machines::start(name, plan), PACE);
    println!("all are in behind {} s", began.elapsed().as_secs());
    println!("{}", table::head());
    let mut steps: Vec<Step> = Vec::new();
    // Whoever is away loses its bots to the others: it has some again when its turn comes.
    for &fault in faults {
        for part in parts(&tour.machines, fault) {
            if options.wants(&part.to_string(), &fault.to_string()) {
                let step = tour.step(part, fault);
                println!("{}", table::line(&step));
                if step.has_missed() || !step.wrong.is_empty() {
                    let folder = logs().join(format!("{part} {fault}").replace(' ', "-"));
                    tour.machines.write_down(&folder);
                    println!("    what servers have said: {}", folder.display());
                }
                steps.push(step);
            }
        }
    }
    let wrong = tour.swarms.end();
    wrong.iter().for_each(|wrong| println!("WRONG: {wrong}"));
    let missed = steps.iter().filter(|step| step.has_missed()).count();
    let broken = steps.iter().filter(|step| !step.wrong.is_empty()).count() + wrong.len();
    println!(
        "{} steps in {} minutes: {missed} goals missed, {broken} things wrong",
        steps.len(),
        began.elapsed().as_secs() / 60
    );
    missed + broken == 0
}
