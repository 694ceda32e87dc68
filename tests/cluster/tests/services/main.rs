//! A realm of several machines with real services: what its servers share, and what becomes of it when a service is ended
//! under them.
//!
//! `cargo xtask cluster` builds the servers with the feature `cluster`, says where they are in `TINYREALM_BINARY`, and
//! brings what is installed; each test starts the services that it ends.

mod accounts;
mod announced;
mod asking;
mod bans;
mod channels;
mod directory;
mod names;
mod outage;
#[path = "../parts/mod.rs"]
mod parts;
mod realm;
#[path = "../../../../servers/tests/support/mod.rs"]
mod support;
