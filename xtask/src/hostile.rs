//! `cargo xtask hostile`: every abuse against real servers, with bots beside it, as a table.
//!
//! Contract: [`QUICK`] judges only what does not depend on the machine's speed.

use crate::{Failure, process, workspace};

/// The argument that is for all abuses in a row, without a measured baseline.
const QUICK: &str = "--quick";

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    if let Some(flag) = arguments.iter().find(|it| it.starts_with('-') && *it != QUICK) {
        let usage = format!("There is no `{flag}`: cargo xtask hostile [{QUICK}] [ABUSE...]");
        return Err(Failure::misused(usage));
    }
    let mut tests = workspace::cargo();
    tests.args(["test", "--quiet", "--package", "tinyrealm-hostile", "--features", "servers"]);
    tests.args(["--test", "hostile", "--"]).args(arguments);
    tests.env("TINYREALM_BINARY", workspace::release_binary()?);
    process::pass_through(&mut tests)
}
