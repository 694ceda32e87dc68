//! `cargo xtask web`: the protocol for JavaScript, generated from the schema into `backend-web`.

use crate::Failure;
use crate::{process, workspace};

pub(crate) fn run(_: &[String]) -> Result<(), Failure> {
    let mut generator = workspace::cargo();
    generator.args(["run", "--quiet", "--package", "tinyrealm-web"]);
    process::pass_through(&mut generator)
}
