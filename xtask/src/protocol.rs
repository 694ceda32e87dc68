//! `cargo xtask protocol`: what the repository says of the wire, from the code that speaks it.
//!
//! Purpose: after a message has changed: writes `vectors.json` and `protocol.json`, then the browser's
//! client (`cargo xtask web`), which is made from the same schema. The difference in the repository is
//! the change of the wire: read it.
//!
//! Contract: it changes these files and no others. That they are what the code says is a test of the
//! core, which needs no command.

use crate::{Failure, process, web, workspace};

/// Set, the test of the files writes them.
const WRITE: &str = "TINYREALM_WRITE";

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    if !arguments.is_empty() {
        return Err("usage: cargo xtask protocol".into());
    }
    let mut writer = workspace::cargo();
    writer.args(["test", "--quiet", "--package", "tinyrealm-core", "--lib", "golden"]);
    process::pass_through(writer.env(WRITE, "1"))?;
    web::run(&[])
}
