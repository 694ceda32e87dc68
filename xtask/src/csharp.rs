//! `cargo xtask csharp`: the client in C# that `tinyrealm schema` writes, by Mono, with every vector and with real
//! servers.
//!
//! Contract: what is missing is installed from Debian's packages if we may, or named.

use std::path::Path;

use crate::command::Arguments;
use crate::{Failure, process, toolchain, workspace};

/// A library of .NET that the client needs, and what it comes with.
const SYSTEM: (&str, &str) = ("/usr/lib/mono/4.5/System.dll", "libmono-system4.0-cil");

pub(crate) fn run(_: &Arguments<'_>) -> Result<(), Failure> {
    toolchain::require_program("mono", "mono-runtime")?;
    toolchain::require_program_by("mcs", "--version", "mono-mcs")?;
    toolchain::require_program_by("openssl", "version", "openssl")?;
    let (library, package) = SYSTEM;
    if !Path::new(library).exists() {
        toolchain::install_packages(&[package])?;
    }
    // A server with a game of its own.
    workspace::build_example("wheel")?;
    process::pass_through(&mut workspace::tests("csharp"))
}
