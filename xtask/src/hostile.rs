//! `cargo xtask hostile`: every abuse against real servers, with bots beside it, as a table.
//!
//! Contract: [`QUICK`] judges only what does not depend on the machine's speed.

use crate::command::Arguments;
use crate::{Failure, process, workspace};

/// The argument that is for all abuses in a row, without a measured baseline.
pub(crate) const QUICK: &str = "--quick";

pub(crate) fn run(arguments: &Arguments<'_>) -> Result<(), Failure> {
    let mut tests = workspace::tests("hostile");
    tests.args(["--features", "tinyrealm-hostile/servers", "--"]).args(arguments.all);
    tests.env("TINYREALM_BINARY", workspace::release_binary()?);
    process::pass_through(&mut tests)
}
