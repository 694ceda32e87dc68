//! `cargo xtask peers`: our WebSockets and our TLS against those of Python and Node, and OpenSSL's.
//!
//! Contract: whatever is missing is installed or named: Node, npm, pip and OpenSSL come from Debian's packages if we
//! may install them, the two WebSocket packages from their registries into the build folder.

use std::path::Path;
use std::process::Command;

use crate::command::Arguments;
use crate::{Failure, packages, process, toolchain, workspace};

const REQUIREMENTS: &str = "tests/peers/requirements.txt";
const MANIFEST: &str = "tests/peers/package.json";

pub(crate) fn run(arguments: &Arguments<'_>) -> Result<(), Failure> {
    let folder = workspace::target_folder("peers");
    install_python_packages(&folder.join("python"))?;
    if !process::capture(Command::new("openssl").arg("version")).is_success {
        toolchain::install_packages(&["openssl"])?;
    }
    packages::install_npm(MANIFEST, &folder.join("node"))?;
    let mut tests = workspace::tests("peers");
    tests.args(["--features", "tinyrealm-peers/packages", "--"]).args(&arguments.words);
    tests.env("TINYREALM_PEERS", folder).env("TINYREALM_BINARY", workspace::release_binary()?);
    process::pass_through(&mut tests)
}

fn install_python_packages(folder: &Path) -> Result<(), Failure> {
    packages::install_once(REQUIREMENTS, folder, |requirements| {
        if !process::capture(Command::new("python3").args(["-m", "pip", "--version"])).is_success {
            toolchain::install_packages(&["python3-pip"])?;
        }
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        pip.arg("--root-user-action=ignore").arg("--target").arg(folder);
        pip.arg("--requirement").arg(requirements);
        process::require(&mut pip).map(drop)
    })
}
