//! The protocol core of Tinyrealm.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::indexing_slicing
    )
)]

#[cfg(test)]
extern crate std;

mod log;

pub mod backoff;
pub mod broadcast;
pub mod config;
pub mod dispatch;
pub mod entropy;
pub mod net;
pub mod node;
pub mod protocol;
pub mod session;
pub mod stats;
pub mod storage;
pub mod time;
pub mod timer;
pub mod wire;
