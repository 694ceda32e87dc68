//! `cargo xtask bare-metal`: the core builds for microcontrollers.
//!
//! Contract: a Cortex-M0+, which has no atomic read-modify-write, and a Cortex-M7 with hardware
//! floats: whatever lies between them builds as well. With all that boards may have: `boards` builds what the smallest has for both,
//! and `each-feature` reads each ability alone, and none, for this machine.

use std::time::Instant;

use crate::command::Arguments;
use crate::toolchain::{self, Source, Toolchain};
use crate::{Failure, process};

const TARGETS: [&str; 2] = ["thumbv6m-none-eabi", "thumbv7em-none-eabihf"];
/// What boards may have.
const FEATURES: &str =
    "asks,inputs,long-frames,mains,moving,names,notices,sealed-clients,shares,things";

pub(crate) fn run(arguments: &Arguments<'_>) -> Result<(), Failure> {
    let only = arguments.option(toolchain::ARGUMENT.name).and_then(Source::of_name);
    for target in TARGETS {
        let started = Instant::now();
        let toolchain = Toolchain::choose(target, only)?;
        let mut build = toolchain.build(target);
        build.args(["--package", "tinyrealm-core", "--release", "--features", FEATURES]);
        // That it builds is asked here; boards are built at their own speed.
        build.args(["--config", "profile.release.opt-level=0"]);
        process::require(&mut build)?;
        let seconds = started.elapsed().as_secs_f32();
        println!("tinyrealm-core builds for {target} with {toolchain} ({seconds:.1} s)");
    }
    Ok(())
}
