//! `cargo xtask wireshark`: the dissector that `tinyrealm schema` writes, in tshark, over sessions of real servers.
//!
//! Contract: what is missing is installed from Debian's packages if we may, or named.

use crate::command::Arguments;
use crate::{Failure, process, toolchain, workspace};

pub(crate) fn run(_: &Arguments<'_>) -> Result<(), Failure> {
    toolchain::require_program("tshark", "tshark")?;
    // A server with a game of its own.
    workspace::build_example("wheel")?;
    process::pass_through(&mut workspace::tests("wireshark"))
}
