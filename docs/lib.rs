//! The book's pages. They are Markdown; here they are modules, so that the Rust in them is compiled and run.
//!
//! Commands and configurations in them are read by the servers' tests (`servers/src/book.rs`), JavaScript by
//! `cargo xtask web check`, and what a device is by the tests of its file (`tests/qemu/tests/device_file.rs`).

#[doc = include_str!("first-game.md")]
pub mod first_game {}
#[doc = include_str!("rooms.md")]
pub mod rooms {}
#[doc = include_str!("seats.md")]
pub mod seats {}
#[doc = include_str!("state.md")]
pub mod state {}
#[doc = include_str!("saving.md")]
pub mod saving {}
#[doc = include_str!("testing.md")]
pub mod testing {}
#[doc = include_str!("browser.md")]
pub mod browser {}
#[doc = include_str!("operating.md")]
pub mod operating {}
#[doc = include_str!("deploying.md")]
pub mod deploying {}
#[doc = include_str!("postgres.md")]
pub mod postgres {}
#[doc = include_str!("many-mains.md")]
pub mod many_mains {}
#[doc = include_str!("scaling.md")]
pub mod scaling {}
#[doc = include_str!("protocol.md")]
pub mod protocol {}
