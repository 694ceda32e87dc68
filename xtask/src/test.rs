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
    name: &'static str,
    lane: Lane,
    runs: &'static [Run],
}

/// Everything, also the tests of devices, which only `cargo xtask qemu` builds otherwise.
const CLIPPY_OF_ALL: [&str; 8] = [
    "clippy",
    "--workspace",
    "--all-targets",
    "--features",
    "tinyrealm-qemu/machines",
    "--",
    "--deny",
    "warnings",
];

/// What a game depends on: the client runtime without tokio.
const CLIPPY_OF_A_GAME: [&str; 9] = [
    "clippy",
    "--package",
    "tinyrealm-std",
    "--no-default-features",
    "--features",
    "tls",
    "--",
    "--deny",
    "warnings",
];

const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        lane: Lane::Beside,
        runs: &[
            Run::Cargo(&["fmt", "--all", "--check", "--", "--color", "never"]),
            Run::Cargo(&["fmt", "--check", "--manifest-path", "tests/no-panic/Cargo.toml"]),
            Run::Cargo(&["fmt", "--check", "--manifest-path", "backend-web/module/Cargo.toml"]),
            Run::Cargo(&["fmt", "--check", "--manifest-path", "backend-web/tests/own/Cargo.toml"]),
            Run::Cargo(&["fmt", "--all", "--check", "--manifest-path", "firmware-demo/Cargo.toml"]),
        ],
    },
    Step { name: "tidy", lane: Lane::Beside, runs: &[Run::Xtask("tidy")] },
    Step { name: "interop", lane: Lane::Beside, runs: &[Run::Xtask("interop")] },
    Step { name: "bare-metal", lane: Lane::Beside, runs: &[Run::Xtask("bare-metal")] },
    Step {
        name: "boards",
        lane: Lane::Beside,
        // Clippy reads one board and the roles; for each further one it would check a whole network
        // stack again. `cargo xtask firmware lint` reads them all.
        runs: &[
            Run::Xtask("firmware refuse"),
            Run::Xtask("firmware build"),
            Run::Xtask("firmware lint mps2-an385"),
        ],
    },
    Step { name: "budget", lane: Lane::Beside, runs: &[Run::Xtask("budget")] },
    Step { name: "each-feature", lane: Lane::Beside, runs: &[Run::Xtask("each-feature")] },
    Step { name: "no-panic", lane: Lane::Beside, runs: &[Run::Xtask("no-panic")] },
    Step { name: "release", lane: Lane::Beside, runs: &[Run::Cargo(&["build", "--release"])] },
    Step { name: "web", lane: Lane::Beside, runs: &[Run::Xtask("web check")] },
    Step {
        name: "clippy",
        lane: Lane::Workspace,
        runs: &[Run::Cargo(&CLIPPY_OF_ALL), Run::Cargo(&CLIPPY_OF_A_GAME)],
    },
    Step {
        name: "doc",
        lane: Lane::Workspace,
        runs: &[Run::CargoWith(
            &["doc", "--no-deps", "--workspace"],
            ("RUSTDOCFLAGS", "--deny warnings"),
        )],
    },
    Step {
        name: "tests",
        lane: Lane::Workspace,
        runs: &[Run::Cargo(&["test", "--workspace", "--no-fail-fast"])],
    },
    Step { name: "new-game", lane: Lane::Workspace, runs: &[Run::Xtask("new-game")] },
    Step { name: "proxies", lane: Lane::Workspace, runs: &[Run::Xtask("proxies")] },
    Step { name: "wireshark", lane: Lane::Workspace, runs: &[Run::Xtask("wireshark")] },
    Step { name: "csharp", lane: Lane::Workspace, runs: &[Run::Xtask("csharp")] },
    Step { name: "clocks", lane: Lane::Workspace, runs: &[Run::Xtask("clocks")] },
    // They run the release's binary, and wait for it if it is still being built.
    Step { name: "qemu", lane: Lane::Workspace, runs: &[Run::Xtask("qemu")] },
    Step { name: "peers", lane: Lane::Workspace, runs: &[Run::Xtask("peers")] },
    Step { name: "hostile", lane: Lane::Workspace, runs: &[Run::Xtask("hostile --quick")] },
    Step { name: "browser", lane: Lane::Workspace, runs: &[Run::Xtask("browser")] },
];

/// What became of a step.
struct Verdict {
    name: &'static str,
    took: Duration,
    holds: bool,
}

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let steps = chosen(arguments)?;
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
    if failed.is_empty() && verdicts.len() == steps.len() {
        return Ok(());
    }
    Err(format!("failed: {}", failed.join(", ")).into())
}

/// The steps of that name; all of them if none is named.
fn chosen(names: &[String]) -> Result<Vec<&'static Step>, Failure> {
    if let Some(name) = names.iter().find(|name| STEPS.iter().all(|step| step.name != *name)) {
        return Err(Failure::misused(format!("There is no step `{name}`.\n\n{}", help())));
    }
    let is_chosen = |step: &&Step| names.is_empty() || names.iter().any(|name| name == step.name);
    Ok(STEPS.iter().filter(is_chosen).collect())
}

/// The steps by lane.
pub(crate) fn help() -> String {
    let mut text = String::new();
    for lane in LANES {
        let names: Vec<&str> =
            STEPS.iter().filter(|step| step.lane == lane).map(|step| step.name).collect();
        text += &format!("  {lane:?}: {}\n", names.join(" "));
    }
    text
}

fn run_lane(steps: &[&Step], lane: Lane, xtask: &Path) -> Vec<Verdict> {
    steps.iter().filter(|step| step.lane == lane).map(|step| run_step(step, xtask)).collect()
}

fn run_step(step: &Step, xtask: &Path) -> Verdict {
    println!("begins  {}", step.name);
    let started = Instant::now();
    let mut runs = step.runs.iter();
    let said = runs.try_for_each(|run| process::require(&mut command(run, xtask)).map(drop));
    let took = started.elapsed();
    let seconds = took.as_secs_f32();
    // One call a step, so that the lanes' lines do not mix.
    match &said {
        Ok(()) => println!("ok      {:<12} {seconds:>6.1} s", step.name),
        Err(said) => println!("FAILED  {:<12} {seconds:>6.1} s\n{said}", step.name),
    }
    Verdict { name: step.name, took, holds: said.is_ok() }
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
    use crate::COMMANDS;

    #[test]
    fn every_step_has_a_name_of_its_own_and_something_to_run() {
        for (number, step) in STEPS.iter().enumerate() {
            assert!(STEPS[..number].iter().all(|other| other.name != step.name));
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
    fn named_steps_run_in_the_list_s_order_and_unknown_ones_not_at_all() {
        let named = ["tests", "fmt"].map(String::from);
        let names: Vec<&str> = chosen(&named).unwrap().iter().map(|step| step.name).collect();
        assert_eq!(names, ["fmt", "tests"]);
        assert_eq!(chosen(&[]).unwrap().len(), STEPS.len());
        assert!(
            chosen(&["no-such-step".to_string()])
                .is_err_and(|help| help.to_string().contains("tidy"))
        );
    }
}
