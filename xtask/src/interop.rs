//! `cargo xtask interop`: PROTOCOL.md against clients that are not written in Rust.
//!
//! Contract: every vector of the document is decoded and encoded again, by `tests/interop/client.py`,
//! which was written from the document alone, and by the JavaScript module of the live page; and the sealed session of
//! the document is made anew by `tests/interop/sealed.py`.

use std::process::Command;

use crate::Failure;
use crate::command::Arguments;
use crate::{process, toolchain, workspace};

pub(crate) fn run(_: &Arguments<'_>) -> Result<(), Failure> {
    let mut python = Command::new("python3");
    python.args(["tests/interop/client.py", "--vectors", "PROTOCOL.md"]);
    let mut sealed = Command::new("python3");
    sealed.arg("tests/interop/sealed.py");
    let mut node = Command::new("node");
    node.args(["backend-web/tests/vectors.mjs", "vectors.json"]);
    toolchain::require_program("node", "nodejs")?;
    for client in [&mut python, &mut sealed, &mut node] {
        print!("{}", process::require(client.current_dir(workspace::root()))?);
    }
    Ok(())
}
