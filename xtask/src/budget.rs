//! `cargo xtask budget`: where each byte of the firmware is, and whether it may be there.
//!
//! Contract: builds the images of `firmware-demo/budget.toml` and hands the arguments on to
//! `tinyrealm-budget`, which reads them, and if asked what each ability costs; a limit that does not hold is a failure, and so
//! is a table of `firmware-demo/README.md` that is not today's.

use std::process::Command;

use crate::command::Arguments;
use crate::toolchain::Toolchain;
use crate::{Failure, process, workspace};

const TARGET: &str = "thumbv7m-none-eabi";
const MANIFEST: &str = "firmware-demo/Cargo.toml";
const PACKAGE: &str = "tinyrealm-mps2-an385";

pub(crate) fn run(arguments: &Arguments<'_>) -> Result<(), Failure> {
    let mut build = Toolchain::choose(TARGET, None)?.build(TARGET);
    build.args(["--release", "--manifest-path", MANIFEST, "--package", PACKAGE]);
    // Cargo reads it by itself only in that folder.
    build.args(["--config", "firmware-demo/.cargo/config.toml"]);
    // A build folder of its own: the steps of the workspace's lane may run meanwhile.
    let folder = workspace::target_folder("budget");
    let mut reader = workspace::cargo();
    reader.args(["build", "--quiet", "--package", "tinyrealm-budget", "--target-dir"]);
    process::require(reader.arg(&folder))?;
    let mut budget = Command::new(folder.join("debug/tinyrealm-budget"));
    budget.current_dir(workspace::root()).arg("firmware-demo").arg(&folder).args(arguments.all);
    budget.arg("--").arg(build.get_program()).args(build.get_args());
    for (name, value) in build.get_envs() {
        match value {
            Some(value) => budget.env(name, value),
            None => budget.env_remove(name),
        };
    }
    process::pass_through(&mut budget)
}
