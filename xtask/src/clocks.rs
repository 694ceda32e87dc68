//! `cargo xtask clocks`: the core's tests with the clock started just before each wrap.
//!
//! Contract: it runs the binary that [`workspace::CORE_TESTS`] has built, so it takes seconds a wrap. Random
//! tests try fewer cases than there: time is what differs. What tries every interleaving, every place and every cut is left out ([`EXHAUSTIVE`]):
//! those count steps, bytes and memory, and take a minute.

use std::process::Command;

use crate::command::Arguments;
use crate::{Failure, process, workspace};

/// As `core/src/time.rs` names them.
const STARTS: [&str; 5] = ["micros", "half-stamp", "stamp", "half-wheel", "wheel"];
const CASES: &str = "32";
/// What is left out unless somebody names tests.
const EXHAUSTIVE: [&str; 3] = ["explorer::", "tests::places::", "tests::cuts::"];

pub(crate) fn run(arguments: &Arguments<'_>) -> Result<(), Failure> {
    let mut build = workspace::cargo();
    build.args(workspace::CORE_TESTS).args(["--lib", "--no-run", "--message-format", "json"]);
    let tests = executable(&process::require(&mut build)?)
        .ok_or("cargo has not named the executable of the core's tests")?;
    for start in STARTS {
        let mut run = Command::new(&tests);
        run.current_dir(workspace::root()).arg("--quiet").args(&arguments.words);
        if arguments.words.is_empty() {
            run.args(EXHAUSTIVE.iter().flat_map(|name| ["--skip", name]));
        }
        run.env("TINYREALM_CLOCK_START", start).env("PROPTEST_CASES", CASES);
        let said = process::require(&mut run);
        said.map_err(|said| format!("TINYREALM_CLOCK_START={start}:\n{said}"))?;
        println!("the core's tests hold over the wrap of {start}");
    }
    Ok(())
}

/// The executable of the core's unit tests among cargo's messages.
fn executable(messages: &str) -> Option<String> {
    let is_core = |line: &&str| line.contains("\"name\":\"tinyrealm_core\"");
    let mut paths = messages.lines().filter(is_core).filter_map(|line| {
        let (_, path) = line.split_once("\"executable\":\"")?;
        Some(path.split_once('"')?.0.to_owned())
    });
    paths.next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_found_among_cargo_s_messages() {
        let messages = "{\"target\":{\"name\":\"tinyrealm_core\"},\"executable\":null}\n\
                        {\"target\":{\"name\":\"tinyrealm_core\"},\"executable\":\"/t/core-1\"}\n\
                        {\"target\":{\"name\":\"tinyrealm_std\"},\"executable\":\"/t/std-1\"}\n";
        assert_eq!(executable(messages), Some("/t/core-1".into()));
        assert_eq!(executable("{}"), None);
    }
}
