//! `cargo xtask protocol`: the files that are made from the schema in `core/src/protocol`.
//!
//! Purpose: `vectors.json`, `protocol.json`, and the JavaScript modules with their types in `backend-web`. Without
//! a word it writes them; with `check` it says which are stale, as the crates' own tests do.
//!
//! Contract: PROTOCOL.md is written by hand; the same tests compare it with the code.

use std::process::Command;

use crate::command::Arguments;
use crate::{Failure, process, workspace};

/// Asks the tests to write what they compare.
const WRITE: &str = "TINYREALM_WRITE";

pub(crate) fn run(arguments: &Arguments<'_>) -> Result<(), Failure> {
    if arguments.words.is_empty() { write() } else { check() }
}

fn write() -> Result<(), Failure> {
    for mut tests in [golden(), schema()] {
        process::require(tests.env(WRITE, "1"))?;
    }
    write_modules()
}

fn check() -> Result<(), Failure> {
    let mut modules = workspace::cargo();
    modules.args(["test", "--quiet", "--package", "tinyrealm-web"]);
    for mut tests in [golden(), schema(), modules] {
        process::require(tests.env_remove(WRITE))?;
    }
    Ok(())
}

/// The modules of `backend-web`.
pub(crate) fn write_modules() -> Result<(), Failure> {
    process::pass_through(workspace::cargo().args(["run", "--quiet", "--package", "tinyrealm-web"]))
}

fn golden() -> Command {
    let mut tests = workspace::cargo();
    tests.args(["test", "--quiet", "--package", "tinyrealm-core", "--lib", "protocol::golden"]);
    tests
}

fn schema() -> Command {
    let mut tests = workspace::cargo();
    tests.args(["test", "--quiet", "--package", "tinyrealm-servers", "--lib", "schema::json"]);
    tests
}
