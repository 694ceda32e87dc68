//! A device among desktop servers: what holds for a world on a desktop holds for one on a board.
//!
//! `cargo xtask test qemu` builds the images and the servers, and says where they are in
//! `TINYREALM_IMAGES` and `TINYREALM_BINARY`.

mod chat;
mod client;
mod coin_rush;
mod device_key;
mod hostile;
mod images;
mod lossy;
mod memory;
mod moving;
mod party;
mod sealed;
mod settings;
mod stall;
#[path = "../../../../servers/tests/support/mod.rs"]
mod support;
mod watchdog;
mod web_socket;
mod world;
mod wrapper;
