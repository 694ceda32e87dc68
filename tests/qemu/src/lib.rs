//! The firmware in QEMU.
//!
//! Purpose: [`Machine`] is a running board, [`Image`] what it runs, [`Report`] what it tells about
//! itself, [`Switch`] an Ethernet that loses, repeats and reorders frames as its seed says, [`Debugger`] what
//! has its processor hang.
//!
//! Contract: whatever was started ends with its value. A machine whose test fails prints its log.
//! Nothing but loopback and sockets in a folder of its own is used.

#[cfg(unix)]
pub mod debugger;
pub mod image;
pub mod log;
pub mod machine;
mod monitor;
pub mod random;
pub mod report;
pub mod scratch;
#[cfg(unix)]
pub mod switch;

#[cfg(unix)]
pub use debugger::{Debugger, Hung};
pub use image::Image;
pub use machine::{Machine, Network};
pub use report::{Report, StackUse};
#[cfg(unix)]
pub use switch::{Faults, Switch};

use std::time::Duration;

/// How long anything may take that is to happen at once, on a busy machine too.
pub const PATIENCE: Duration = Duration::from_secs(20);
