//! `cargo xtask test`: every check of the project.
//!
//! Purpose: [`STEPS`] is the list; a new check is a new line. Steps of one lane follow each other,
//! because they share a build folder or a resource; the two lanes run beside each other.
//!
//! Contract: every step runs, whatever became of the others. A step that fails prints all that it
//! has said. The exit code tells whether all of them hold.

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::command::{Argument, Arguments, word};
use crate::{Failure, process, workspace};

/// Which steps a step waits for.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Lane {
    /// Those that build in the folder of the workspace's debug build.
    Workspace,
    /// Those that build elsewhere, or not at all. A release has a folder of its own.
    Beside,
}

const LANES: [Lane; 2] = [Lane::Workspace, Lane::Beside];

/// One program of a step, in the workspace's folder.
enum Run {
    /// Cargo, with these arguments.
    Cargo(&'static [&'static str]),
    /// Cargo, with these arguments and this variable.
    CargoWith(&'static [&'static str], (&'static str, &'static str)),
    /// Another command of this tool, with its arguments.
    Xtask(&'static str),
}

struct Step {
    word: Argument,
    lane: Lane,
    runs: &'static [Run],
}

/// Everything, also the tests of devices, which only `cargo xtask qemu` builds otherwise. What is checked with other features is
/// checked anew, with all that it stands on.
const ALL_FEATURES: &str =
    "tinyrealm-qemu/machines,tinyrealm-servers/cluster,tinyrealm-cluster/services";
const CLIPPY_OF_ALL: [&str; 8] = [
    "clippy",
    "--workspace",
    "--all-targets",
    "--features",
    ALL_FEATURES,
    "--",
    "--deny",
    "warnings",
];

const STEPS: &[Step] = &[
    Step {
        word: word("fmt", "4 s", "formatting"),
        lane: Lane::Beside,
        runs: &[
            Run::Cargo(&["fmt", "--all", "--check", "--", "--color", "never"]),
            Run::Cargo(&["fmt", "--check", "--manifest-path", "tests/no-panic/Cargo.toml"]),
            Run::Cargo(&["fmt", "--check", "--manifest-path", "backend-web/module/Cargo.toml"]),
            Run::Cargo(&["fmt", "--check", "--manifest-path", "backend-web/tests/own/Cargo.toml"]),
            Run::Cargo(&["fmt", "--all", "--check", "--manifest-path", "firmware-demo/Cargo.toml"]),
        ],
    },
    Step {
        word: word("tidy", "1 s", "the rules of the house"),
        lane: Lane::Beside,
        runs: &[Run::Xtask("tidy")],
    },
    Step {
        word: word("interop", "1 s", "clients that are not written in Rust, with every vector"),
        lane: Lane::Beside,
        runs: &[Run::Xtask("interop")],
    },
    Step {
        word: word("deploy", "10 s", "units, manifests and alert rules, by those who read them"),
        lane: Lane::Beside,
        runs: &[Run::Xtask("deploy")],
    },
    Step {
        word: word("bare-metal", "1 minute", "the core for microcontrollers"),
        lane: Lane::Beside,
        runs: &[Run::Xtask("bare-metal")],
    },
    Step {
        word: word(
            "boards",
            "5 minutes",
            "the firmware of the boards and its budgets; clippy on one",
        ),
        lane: Lane::Beside,
        // Clippy reads one board and the roles; for each further one it would check a whole network
        // stack again. `cargo xtask firmware lint` reads them all. The budget builds their worlds, `cargo xtask firmware build` every role; the
        // board of QEMU is built by `budget` and `qemu`.
        runs: &[
            Run::Xtask("firmware refuse"),
            Run::Xtask("budget --board rp2040-w5500"),
            Run::Xtask("budget --board stm32h743"),
            Run::Xtask("budget --board stm32f103"),
            Run::Xtask("firmware lint mps2-an385"),
        ],
    },
    Step {
        word: word(
            "budget",
            "4 minutes",
            "RAM, flash and stack of the firmware against their limits",
        ),
        lane: Lane::Beside,
        runs: &[Run::Xtask("budget")],
    },
    Step {
        word: word("each-feature", "80 s", "the crates with none, each and all of their features"),
        lane: Lane::Beside,
        runs: &[Run::Xtask("each-feature")],
    },
    Step {
        word: word("no-panic", "1 minute", "that no panic is reachable from the core"),
        lane: Lane::Beside,
        runs: &[Run::Xtask("no-panic")],
    },
    Step {
        word: word("release", "3 minutes", "the release, as users build it, and its package"),
        lane: Lane::Beside,
        runs: &[Run::Cargo(&["build", "--release"]), Run::Xtask("package")],
    },
    Step {
        word: word("crates", "1 minute", "the crates that others build upon, from their packages"),
        lane: Lane::Beside,
        runs: &[Run::Xtask("crates")],
    },
    Step {
        word: word("web", "1 minute", "the browser's client, checked in and built now"),
        lane: Lane::Beside,
        runs: &[Run::Xtask("web check")],
    },
    Step {
        word: word("clippy", "3 minutes", "clippy, of everything"),
        lane: Lane::Workspace,
        runs: &[Run::Cargo(&CLIPPY_OF_ALL)],
    },
    Step {
        word: word("doc", "20 s", "the documentation"),
        lane: Lane::Workspace,
        runs: &[Run::CargoWith(
            &["doc", "--no-deps", "--workspace", "--features", ALL_FEATURES],
            ("RUSTDOCFLAGS", "--deny warnings"),
        )],
    },
    Step {
        word: word("core", "3 minutes", "the core's own tests"),
        lane: Lane::Workspace,
        runs: &[Run::Cargo(&workspace::CORE_TESTS)],
    },
    Step {
        word: word("tests", "12 minutes", "the tests of every other crate"),
        lane: Lane::Workspace,
        // Real servers are waited for more than they work: more tests at once than there are processors.
        runs: &[Run::CargoWith(
            &[
                "test",
                "--workspace",
                "--exclude",
                "tinyrealm-core",
                "--features",
                "tinyrealm-servers/cluster",
                "--no-fail-fast",
                // `cluster` runs those, with the server that they need.
                "--",
                "--skip",
                "accounts::tests::in_postgres::",
                "--skip",
                "accounts::tests::postgres::",
            ],
            ("RUST_TEST_THREADS", "4"),
        )],
    },
    Step {
        word: word("new-game", "3 minutes", "what `tinyrealm new` writes: a game, and a board"),
        lane: Lane::Workspace,
        runs: &[Run::Xtask("new-game")],
    },
    Step {
        word: word("proxies", "40 s", "servers behind haproxy and nginx"),
        lane: Lane::Workspace,
        runs: &[Run::Xtask("proxies")],
    },
    Step {
        word: word("wireshark", "10 s", "the dissector, in tshark"),
        lane: Lane::Workspace,
        runs: &[Run::Xtask("wireshark")],
    },
    Step {
        word: word("csharp", "10 s", "the client in C#, by Mono"),
        lane: Lane::Workspace,
        runs: &[Run::Xtask("csharp")],
    },
    Step {
        word: word("clocks", "20 s", "the core's tests before each wrap of the clock"),
        lane: Lane::Workspace,
        runs: &[Run::Xtask("clocks")],
    },
    // They run the release's binary, and wait for it if it is still being built.
    Step {
        word: word("qemu", "3 minutes", "devices in QEMU among servers"),
        lane: Lane::Workspace,
        runs: &[Run::Xtask("qemu")],
    },
    Step {
        word: word("peers", "30 s", "WebSockets of Python and Node"),
        lane: Lane::Workspace,
        runs: &[Run::Xtask("peers")],
    },
    Step {
        word: word(
            "mixed",
            "2 minutes",
            "servers of this release and of the last one in one realm",
        ),
        lane: Lane::Workspace,
        runs: &[Run::Xtask("mixed")],
    },
    Step {
        word: word("hostile", "30 s", "every abuse against real servers, quickly"),
        lane: Lane::Workspace,
        runs: &[Run::Xtask("hostile --quick")],
    },
    Step {
        word: word(
            "cluster",
            "2 minutes",
            "Logins on PostgreSQL and Mains on NATS, killed under them",
        ),
        lane: Lane::Workspace,
        runs: &[Run::Xtask("cluster")],
    },
    Step {
        word: word("browser", "1 minute", "pages in Chromium"),
        lane: Lane::Workspace,
        runs: &[Run::Xtask("browser")],
    },
];

/// The steps, as the arguments that name them.
pub(crate) const WORDS: [Argument; STEPS.len()] = {
    let mut words = [STEPS[0].word; STEPS.len()];
    let mut number = 0;
    while number < STEPS.len() {
        words[number] = STEPS[number].word;
        number += 1;
    }
    words
};

/// What became of a step.
struct Verdict {
    name: &'static str,
    took: Duration,
    holds: bool,
    /// Where its tests have failed, and what they say: each with the place in front.
    panics: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments<'_>) -> Result<(), Failure> {
    let steps = chosen(&arguments.words);
    // Asked now: a step may build this tool anew, and put another file in its place.
    let xtask = std::env::current_exe().map_err(|error| error.to_string())?;
    let started = Instant::now();
    let verdicts: Vec<Verdict> = thread::scope(|scope| {
        let (steps, xtask) = (&steps, &xtask);
        let lanes = LANES.map(|lane| scope.spawn(move || run_lane(steps, lane, xtask)));
        lanes.into_iter().filter_map(|lane| lane.join().ok()).flatten().collect()
    });
    let failed: Vec<&str> =
        verdicts.iter().filter(|verdict| !verdict.holds).map(|verdict| verdict.name).collect();
    let seconds = started.elapsed().as_secs_f32();
    let work: Duration = verdicts.iter().map(|verdict| verdict.took).sum();
    println!(
        "{} of {} steps hold, in {seconds:.1} s ({:.1} s of steps)",
        verdicts.len() - failed.len(),
        steps.len(),
        work.as_secs_f32()
    );
    // Once more, at the end: a step's output is long, and may be cut by whoever keeps it.
    for verdict in verdicts.iter().filter(|verdict| !verdict.holds) {
        for panic in &verdict.panics {
            println!("{}: {panic}", verdict.name);
        }
    }
    if failed.is_empty() && verdicts.len() == steps.len() {
        return Ok(());
    }
    Err(format!("failed: {}", failed.join(", ")).into())
}

/// The steps of these names; all of them if none is named.
fn chosen(names: &[&str]) -> Vec<&'static Step> {
    let is_chosen = |step: &&Step| names.is_empty() || names.contains(&step.word.name);
    STEPS.iter().filter(is_chosen).collect()
}

/// The steps by lane.
pub(crate) fn help() -> String {
    let mut text = String::new();
    for lane in LANES {
        let names: Vec<&str> =
            STEPS.iter().filter(|step| step.lane == lane).map(|step| step.word.name).collect();
        text += &format!("  {lane:?}: {}\n", names.join(" "));
    }
    text
}

fn run_lane(steps: &[&Step], lane: Lane, xtask: &Path) -> Vec<Verdict> {
    steps.iter().filter(|step| step.lane == lane).map(|step| run_step(step, xtask)).collect()
}

fn run_step(step: &Step, xtask: &Path) -> Verdict {
    println!("begins  {}", step.word.name);
    let started = Instant::now();
    let mut runs = step.runs.iter();
    let said = runs.try_for_each(|run| process::require(&mut command(run, xtask)).map(drop));
    let took = started.elapsed();
    let seconds = took.as_secs_f32();
    // One call a step, so that the lanes' lines do not mix.
    match &said {
        Ok(()) => println!("ok      {:<12} {seconds:>6.1} s", step.word.name),
        Err(said) => println!("FAILED  {:<12} {seconds:>6.1} s\n{said}", step.word.name),
    }
    let panics = said.as_ref().err().map_or_else(Vec::new, |said| panics_in(&said.to_string()));
    Verdict { name: step.word.name, took, holds: said.is_ok(), panics }
}

/// Where tests have failed, by this output: the line that says where, and the one behind it that says why.
fn panics_in(output: &str) -> Vec<String> {
    let mut lines = output.lines();
    let mut panics = Vec::new();
    while let Some(line) = lines.next() {
        if let Some((_, place)) = line.split_once(") panicked at ") {
            panics.push(format!("{place} {}", lines.next().unwrap_or_default()));
        }
    }
    panics
}

fn command(run: &Run, xtask: &Path) -> Command {
    let mut command = match run {
        Run::Cargo(_) | Run::CargoWith(..) => workspace::cargo(),
        Run::Xtask(_) => Command::new(xtask),
    };
    match run {
        Run::Cargo(arguments) => command.args(*arguments),
        Run::CargoWith(arguments, (name, value)) => command.args(*arguments).env(name, value),
        Run::Xtask(words) => command.args(words.split(' ')),
    };
    // A build that is checked once is not built upon: its increments would be half of the folder.
    command.current_dir(workspace::root()).env("CARGO_INCREMENTAL", "0");
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::COMMANDS;

    #[test]
    fn every_step_has_a_name_of_its_own_and_something_to_run() {
        for (number, step) in STEPS.iter().enumerate() {
            assert!(STEPS[..number].iter().all(|other| other.word.name != step.word.name));
            assert!(!step.runs.is_empty());
        }
    }

    #[test]
    fn every_step_that_is_a_command_is_one() {
        for run in STEPS.iter().flat_map(|step| step.runs) {
            if let Run::Xtask(words) = run {
                let name = words.split(' ').next();
                assert!(COMMANDS.iter().any(|command| Some(command.name) == name));
            }
        }
    }

    #[test]
    fn where_tests_have_failed_is_said_again() {
        let output =
            "test a ... FAILED\n\nthread 'a' (7) panicked at a.rs:1:2:\nnot so\nstack backtrace:\n";
        assert_eq!(panics_in(output), ["a.rs:1:2: not so"]);
        assert_eq!(panics_in("thread 'a' (7) panicked at a.rs:1:2:"), ["a.rs:1:2: "]);
        assert!(panics_in("test a ... ok\n").is_empty());
    }

    #[test]
    fn named_steps_run_in_the_list_s_order() {
        let names: Vec<&str> =
            chosen(&["tests", "fmt"]).iter().map(|step| step.word.name).collect();
        assert_eq!(names, ["fmt", "tests"]);
        assert_eq!(chosen(&[]).len(), STEPS.len());
    }
}
