//! `cargo xtask bench`: the figures, each beside what it is compared with.
//!
//! Contract: builds the servers and the benchmarks as users run them, and hands the arguments on.
//! Not part of the test command: machines are noisy, and a benchmark tells by comparing.

use crate::Failure;
use crate::command::Arguments;
use crate::{process, workspace};

pub(crate) fn run(arguments: &Arguments<'_>) -> Result<(), Failure> {
    let mut build = workspace::cargo();
    build.current_dir(workspace::root());
    build.args(["build", "--release", "--package", "tinyrealm-servers"]);
    build.args(["--package", "tinyrealm-bench"]);
    println!("building the servers and the benchmarks");
    process::require(&mut build)?;
    let mut bench = workspace::cargo();
    bench.current_dir(workspace::root());
    bench.args(["run", "--quiet", "--release", "--package", "tinyrealm-bench", "--"]);
    bench.args(arguments.all);
    process::pass_through(&mut bench)
}
