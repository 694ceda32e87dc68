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
//!
//! A crate of yours for a board, as `tinyrealm new --board` writes it, needs [`device`], [`links::SocketBuffers`],
//! [`network::start`] or `tinyrealm_board_parts::start` around it, and [`Board`]. It brings one `embassy_time_driver::Driver`, one
//! implementation of `critical-section`, an `embassy_net_driver::Driver` for Ethernet, and an [`Entropy`]. A role of yours,
//! another node than these, is written as theirs are: [`network::Network`] for its sockets, [`links::LIMITS`] and [`links::text`]
//! for what `device.toml` says, `tinyrealm_smoltcp::embassy::run` for its turns, and [`report::REPORT`].
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
#[cfg(feature = "secure")]
mod randomness;
pub mod report;
mod report_words;
#[cfg(feature = "secure")]
mod sealing;
#[cfg(feature = "settings")]
pub mod set_up;
pub mod unit;
pub mod walker;
pub mod world;

/// The device's configuration, from `device.toml`.
pub mod device {
    include!(concat!(env!("OUT_DIR"), "/device.rs"));
}

#[doc(hidden)]
pub use static_cell::ConstStaticCell;
pub use tinyrealm_core::entropy::Entropy;

/// What a role needs of its board besides the network and randomness. Nothing of it has to be there.
pub trait Board {
    /// The role is alive: tells the watchdog, if there is one. Called in every turn, and at least every two seconds, so one
    /// of eight seconds or more does not bite by mistake.
    fn feed_watchdog(&mut self) {}

    /// How long the processor has waited for something to do since it started, in milliseconds, if
    /// the board counts that.
    fn idle_ms(&self) -> u32 {
        0
    }

    /// Which start of the board this is, where it can store that; asked once, with the feature `secure`.
    fn count_boot(&mut self) -> Boot {
        Boot::Uncounted
    }
}

/// Which start of a board this is.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Boot {
    /// The number of this one, which is stored.
    Counted(u64),
    /// The board has nowhere to store it: its noise alone tells its starts apart.
    Uncounted,
    /// It has, and it could not: nothing is sealed.
    Lost,
}

#[cfg(feature = "secure")]
impl Boot {
    /// By a board's store.
    pub fn of(counter: &mut impl tinyrealm_core::secure::BootCounter) -> Self {
        tinyrealm_core::secure::count_boot(counter).map_or(Self::Lost, Self::Counted)
    }

    const fn number(self) -> u64 {
        match self {
            Self::Counted(number) => number,
            Self::Uncounted | Self::Lost => 0,
        }
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
