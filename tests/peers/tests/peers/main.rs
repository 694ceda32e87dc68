//! WebSockets and TLS of other people's making, against ours.
//!
//! `cargo xtask peers` brings the packages and the servers, and says where they are in `TINYREALM_PEERS`
//! and `TINYREALM_BINARY`.

mod clients;
#[path = "../../../../backend-std/tests/client/support.rs"]
#[allow(dead_code, clippy::needless_update, reason = "its hosts and its TLS are not used here")]
mod runtime;
mod secure;
mod servers;
#[path = "../../../../servers/tests/support/mod.rs"]
mod support;
