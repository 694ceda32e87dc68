//! `cargo xtask chaos`: a realm of many machines, each of which is killed, stopped and cut in turn, under a thousand bots.
//!
//! Contract: builds the servers as users run them, with what several machines need, and hands the arguments on. Not part of the
//! test command, which does one of each kind: it takes a quarter of an hour, and judges times.

use crate::command::Arguments;
use crate::{Failure, cluster, process, workspace};

pub(crate) fn run(arguments: &Arguments<'_>) -> Result<(), Failure> {
    let nats = cluster::require_services()?;
    println!("building the servers");
    let binary = workspace::release_binary_for_clusters()?;
    process::pass_through(cluster::tests("chaos", &binary, &nats).args(arguments.all))
}
