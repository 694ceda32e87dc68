//! `cargo xtask protocol`: the files that are made from the schema in `core/src/protocol`.
//!
//! Purpose: `protocol.json`, `vectors.json`, and the JavaScript modules with their types in `backend-web`. Without
//! a word it writes them; with `check` it says which are stale, as the crates' own tests do.
//!
//! Contract: PROTOCOL.md is written by hand; the same tests compare it with the code.

use std::process::Command;

use crate::{Failure, process, workspace};

const USAGE: &str = "usage: cargo xtask protocol [check]";
/// Asks the tests to write what they compare.
const WRITE: &str = "TINYREALM_WRITE";

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    match arguments {
        [] => {
            process::require(golden().env(WRITE, "1"))?;
            write_modules()
        }
        [word] if word == "check" => {
            process::require(golden().env_remove(WRITE))?;
            process::require(workspace::cargo().args([
                "test",
                "--quiet",
                "--package",
                "tinyrealm-web",
            ]))
            .map(drop)
        }
        _ => Err(Failure::misused(USAGE)),
    }
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
