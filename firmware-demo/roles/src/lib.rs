//! What a device does in a realm, whatever its board.
//!
//! Purpose: a board brings a network driver, a clock, randomness and perhaps a watchdog ([`Board`]);
//! the roles are [`world!`], with a game of yours, [`chat!`], [`client!`], with a bot of yours, and [`echo!`]. Each is
//! one future that never ends: its macro makes `run`, and has the statics that it needs.
//!
//! Contract: nothing is allocated. Every capacity comes from `device.toml`, is a constant here, and
//! lies in a `static` of its own name, so that the budget command finds it in the image. Whose device it is says
//! `TINYREALM_DEVICE`, the path of its own `device.toml`: set it in the `[env]` of your `.cargo/config.toml`.
//!
//! Bounds: those constants.
#![no_std]
#![forbid(unsafe_code)]

pub mod chat;
pub mod client;
pub mod echo;
mod greeting;
pub mod keeping;
pub mod links;
pub mod network;
mod places;
pub mod report;
mod report_words;
#[cfg(feature = "secure")]
mod sealing;
pub mod walker;
pub mod world;

/// The device's configuration, from `device.toml`.
pub mod device {
    include!(concat!(env!("OUT_DIR"), "/device.rs"));
}

#[doc(hidden)]
pub use static_cell::ConstStaticCell;
#[doc(hidden)]
pub use tinyrealm_core::entropy::Entropy;

/// What a role needs of its board besides the network and randomness.
pub trait Board {
    /// The role is alive: tells the watchdog, if there is one.
    fn feed_watchdog(&mut self) {}

    /// How long the processor has waited for something to do since it started, in milliseconds, if
    /// the board counts that.
    fn idle_ms(&self) -> u32 {
        0
    }
}

/// Logs through defmt, if that is wanted.
macro_rules! info {
    ($text:literal $(, $value:expr)*) => {{
        #[cfg(feature = "defmt")]
        ::defmt::info!($text $(, $value)*);
        #[cfg(not(feature = "defmt"))]
        { $(let _ = &$value;)* }
    }};
}
pub(crate) use info;
