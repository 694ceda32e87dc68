//! `cargo xtask peers`: our WebSockets and our TLS against those of Python and Node, and OpenSSL's.
//!
//! Contract: whatever is missing is installed or named: Node, npm, pip and OpenSSL come from Debian's packages if we
//! may install them, the two WebSocket packages from their registries into the build folder.

use std::process::Command;

use crate::command::Arguments;
use crate::{Failure, packages, process, toolchain, workspace};

const REQUIREMENTS: &str = "tests/peers/requirements.txt";
const MANIFEST: &str = "tests/peers/package.json";

pub(crate) fn run(arguments: &Arguments<'_>) -> Result<(), Failure> {
    let folder = workspace::target_folder("peers");
    packages::install_python(REQUIREMENTS, &folder.join("python"))?;
    if !process::capture(Command::new("openssl").arg("version")).is_success {
        toolchain::install_packages(&["openssl"])?;
    }
    packages::install_npm(MANIFEST, &folder.join("node"))?;
    let mut tests = workspace::tests("peers");
    tests.args(["--features", "tinyrealm-peers/packages", "--"]).args(&arguments.words);
    tests.env("TINYREALM_PEERS", folder).env("TINYREALM_BINARY", workspace::release_binary()?);
    process::pass_through(&mut tests)
}
