//! Where a world's Mains are, and what is said of those that are lost.
//!
//! Contract: an index is that of the Main's link. Those that the configuration names come before those that were
//! announced, which are none without the cargo feature `mains`.

use super::mains::{MAINS_MAX, MainLink, place_of};
use super::{Game, World};
use crate::log;
use crate::protocol::ErrorCode;

impl<G: Game> World<'_, G> {
    /// Where Main number `index` is; empty if there is none.
    pub(super) fn main_address(&self, index: u16) -> &str {
        let configured = self.configured_main(index);
        #[cfg(feature = "mains")]
        if configured.is_empty() {
            return self.mains.at(index).map_or("", |link| &link.announced);
        }
        configured
    }

    /// How many there are.
    pub(super) fn main_count(&self) -> u16 {
        let used = (0..MAINS_MAX as u16).filter(|index| !self.main_address(*index).is_empty());
        used.count() as u16
    }

    /// Where it is, if that is configured.
    pub(super) fn configured_main(&self, index: u16) -> &str {
        self.config.main_addresses.get(place_of(index)).map_or("", |address| address)
    }
}

pub(super) fn log_lost_main(link: &MainLink, address: &str, reason: ErrorCode) {
    if link.is_live() {
        log::warning!(
            "lost Main ({}) at {}; players stay, and it is looked for",
            reason.name(),
            address
        );
    } else if reason == ErrorCode::BAD_PROOF {
        log::warning!("Main at {} does not have our key; trying again", address);
    } else if link.backoff.attempts() == 0 || reason == ErrorCode::NOT_YOURS {
        log::warning!("can't register with Main at {} ({}); trying again", address, reason.name());
    }
}
