//! What a board has otherwise than its image: in its flash, and put there over a serial line.
//!
//! Purpose: one image serves many units. [`Settings`] are what a unit may have of its own, [`Page`] keeps them in two sectors of any
//! NOR flash, and a board in set-up mode gets them by its [`Console`] from a desktop's [`Provisioner`].
//!
//! Contract: what is read is the newest whole set or none, wherever the power was cut; a page that is broken is told as that. The
//! console takes a whole set or nothing, and says nothing of what it was told: no key can be read back. Nothing here waits,
//! allocates or panics. What stands on the line is in PROTOCOL.md, "Setting a board up".
//!
//! Bounds: [`SETTINGS_MAX_BYTES`] of settings, [`LINE_MAX_BYTES`] of a line; one erase of one sector a save.
//!
//! ```
//! use tinyrealm_settings::{Console, Found, Identity, Provisioner, Settings, State, Step, Wish};
//!
//! let settings = Settings { world_key: Some("1f".repeat(32).parse()?), ..Settings::default() };
//! let mut desktop = Provisioner::new(&settings, 30_000, 0)?;
//! let mut board = Console::new(Identity { name: "a board", has_dhcp: false }, State::None);
//! while let Step::Talking = desktop.step(0) {
//!     let said = desktop.to_send(0).to_vec();
//!     desktop.sent(said.len());
//!     for byte in said {
//!         if board.received(byte) == Some(Wish::Save) {
//!             assert_eq!(board.staged(), Some(settings));
//!             board.note_saved(true); // by `Page::write`
//!         }
//!     }
//!     let answer = board.to_send().to_vec();
//!     board.sent(answer.len());
//!     desktop.received(&answer, 0);
//! }
//! assert_eq!(desktop.step(0), Step::Done);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

mod console;
mod encoding;
mod key;
mod line;
mod page;
mod provisioner;
mod settings;
#[cfg(test)]
mod tests;
mod wrong;

pub use console::{Console, Identity, Wish};
pub use encoding::SETTINGS_MAX_BYTES;
pub use key::{DEMONSTRATION_KEYS, Key, NoKey};
pub use line::{LINE_MAX_BYTES, Refusal, State};
pub use page::{Found, Page, RECORD_BYTES, Record, WriteError};
pub use provisioner::{ANSWER_MS, Failure, Provisioner, SILENCE_MS, Step};
pub use settings::{Account, Addressing, Settings};
pub use wrong::Wrong;
