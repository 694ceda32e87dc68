//! What realms of several machines are put together of, for tests and for `cargo xtask chaos`.
//!
//! [`database`] and [`directory`] are PostgreSQL and NATS, [`machines`] is a realm of many servers behind cables with its bots,
//! [`tour`] is what is done to each of them and what must hold, [`table`] how that is told, and [`cpu`] what a process costs.
#![allow(dead_code, unused_imports, reason = "every test binary uses its own part of this")]

pub(crate) mod cpu;
mod database;
mod directory;
pub(crate) mod machines;
mod nats;
#[path = "../../../../xtask/src/cluster/postgres.rs"]
mod postgres;
pub(crate) mod table;
pub(crate) mod tour;

pub(crate) use database::Database;
pub(crate) use directory::Directory;
pub(crate) use nats::Nats;

use crate::support::ports;
