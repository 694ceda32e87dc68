//! Tinyrealm on a desktop.
//!
//! | you want to | begin at |
//! |---|---|
//! | write a game's client: one `tick()`, no `async`, no tokio | [`client`] |
//! | run a server's node on tokio | `driver` and `memory` (feature `driver`) |
//! | have your game's whole server, command line and all | `tinyrealm::serve`, of the crate `tinyrealm-servers` |
//!
//! Purpose: `driver` runs any node of the core on a current-thread runtime: accept, read, vectored
//! write, timers, flush. `memory` lends nodes boxed storage whose sizes come from a configuration.
//! [`clock`] and [`entropy`] are what the core has not: time and randomness.
//!
//! [`client`] is for games: connections with threads of their own and one `tick()`. It needs no tokio:
//! `default-features = false` leaves the driver out.
//!
//! Contract: one node, one thread; a process runs as many as it has cores. Nothing here knows what a
//! node does.
//!
//! Bounds: sockets as the node has sessions; one read buffer a node, not one a connection.

pub mod client;
pub mod clock;
#[cfg(feature = "driver")]
pub mod driver;
pub mod entropy;
#[cfg(feature = "driver")]
pub mod memory;
#[cfg(feature = "driver")]
pub mod proxies;
mod race;
#[cfg(feature = "driver")]
pub mod runtime;
#[cfg(feature = "driver")]
pub mod socket;
#[cfg(feature = "tls")]
mod trust;

pub use clock::Clock;
#[cfg(feature = "driver")]
pub use driver::{Control, DialOptions, Driver, NextStep, Scheme, SocketOptions, Sockets};
pub use entropy::OsEntropy;
