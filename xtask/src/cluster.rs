//! `cargo xtask cluster`: the realm of several machines, with the services that it stands on.
//!
//! Purpose: brings PostgreSQL up, runs the tests of the stores in it, and those of `tests/cluster`, which start servers of their own
//! where one is to be ended, and takes it down.
//!
//! Contract: a service that is not there is installed from Debian's packages if we may, or named, and that is a failure:
//! nothing is left out. A further service is a further file of this folder, and a further variable.

mod postgres;

use std::process::Command;

use postgres::Postgres;

use crate::command::Arguments;
use crate::{Failure, process, toolchain, workspace};

/// What the servers are built with.
const FEATURES: &str = "tinyrealm-servers/cluster,tinyrealm-cluster/services";

pub(crate) fn run(arguments: &Arguments<'_>) -> Result<(), Failure> {
    require_postgres()?;
    process::require(&mut cargo("build", &["--bin", "tinyrealm"]))?;
    run_stores()?;
    let mut tests = cargo("test", &["--test", "services", "--"]);
    tests
        .args(&arguments.words)
        .env("TINYREALM_BINARY", workspace::target_folder("debug/tinyrealm"));
    process::pass_through(&mut tests)
}

/// Cargo with this, of the servers with the feature, in the folder of the workspace's debug build.
fn cargo(command: &str, what: &[&str]) -> Command {
    let mut cargo = workspace::cargo();
    cargo.args([command, "--quiet"]).args(workspace::OTHER_PACKAGES);
    cargo.args(["--features", FEATURES]).args(what);
    cargo
}

/// The stores' own tests, all of which share a server.
fn run_stores() -> Result<(), Failure> {
    let postgres = Postgres::start(&workspace::target_folder("cluster"))?;
    let mut tests = cargo("test", &["--lib", "--", "accounts::", "postgres::"]);
    process::pass_through(tests.env("TINYREALM_POSTGRES", postgres.address()))
}

fn require_postgres() -> Result<(), Failure> {
    if postgres::programs().is_some() {
        return Ok(());
    }
    toolchain::install_packages(&["postgresql"]).map_err(|problem| {
        format!(
            "PostgreSQL is not installed, and can't be: {problem}\nas root: apt-get update && apt-get install \
             --no-install-recommends postgresql"
        )
    })?;
    match postgres::programs() {
        Some(_) => Ok(()),
        None => Err("Debian's postgresql is older than 15".into()),
    }
}
