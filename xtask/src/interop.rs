//! `cargo xtask interop`: PROTOCOL.md against a client that was written from it alone.
//!
//! Contract: every vector of the document is decoded and encoded again by `tests/interop/client.py`,
//! which knows nothing of the Rust code.

use std::process::Command;

use crate::Failure;
use crate::{process, workspace};

pub(crate) fn run(_: &[String]) -> Result<(), Failure> {
    let mut python = Command::new("python3");
    python.current_dir(workspace::root());
    python.args(["tests/interop/client.py", "--vectors", "PROTOCOL.md"]);
    print!("{}", process::require(&mut python)?);
    Ok(())
}
