//! Ports for programs that can't be told to take a free one themselves.
//!
//! Contract: below those that systems give to connections, which could take a port between its choice and its use, and
//! none twice in a process. Other processes begin elsewhere.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

const FIRST: u32 = 20_000;
const COUNT: u32 = 12_000;
/// Where processes begin, apart from each other.
const STRIDE: u32 = 61;

static TAKEN: AtomicU32 = AtomicU32::new(0);

/// A port of loopback that nobody listens at.
#[track_caller]
pub(crate) fn free_port() -> u16 {
    let begin = std::process::id().wrapping_mul(STRIDE);
    let ports = (0..COUNT).map(|_| {
        let number = begin.wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed));
        (FIRST + number % COUNT) as u16
    });
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    ports.into_iter().find(is_free).expect("a free port")
}
