//! `Arrivals`: connections of believed proxies, until it is known whose they are.
//!
//! Contract: what they begin with is looked at in the kernel's buffer, and only a PROXY header is taken from
//! it; so the node sees a connection from its client's address, from its first byte on.
//!
//! Bounds: [`ARRIVALS_MAX`] at once, of which the oldest gives way; so long as a stranger has for a greeting.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::net::IpAddr;

use mio::net::TcpStream;
use tinyrealm_core::time::Instant;

use crate::proxies::{Introduction, READ_MAX_BYTES, TrustedProxies, read_introduction};

/// Connections of proxies that have not said whose they are.
pub const ARRIVALS_MAX: usize = 1_024;

/// One connection.
struct Arrival {
    stream: TcpStream,
    /// Who has said what comes next, as far as it is known.
    address: IpAddr,
    until: Instant,
}

/// See the [module](self).
#[derive(Default)]
pub(super) struct Arrivals {
    /// Who speaks for others.
    trusted: TrustedProxies,
    /// By number, the oldest first.
    waiting: BTreeMap<usize, Arrival>,
    next: usize,
    /// Those that have news.
    listed: Vec<(usize, bool)>,
}

/// What has become of an arrival.
enum Seen {
    Waiting,
    Known,
    Over,
}

impl Arrivals {
    pub(super) fn of(trusted: TrustedProxies) -> Self {
        Self { trusted, ..Self::default() }
    }

    /// Whether a connection from there has to be looked at first.
    pub(super) fn concern(&self, address: IpAddr) -> bool {
        self.trusted.contains(address)
    }

    /// One more of them, which may take until then, and which `watch` is to watch under its number.
    ///
    /// # Errors
    /// If it can't.
    pub(super) fn add(
        &mut self,
        until: Instant,
        mut stream: TcpStream,
        address: IpAddr,
        watch: impl FnOnce(&mut TcpStream, usize) -> io::Result<()>,
    ) -> io::Result<()> {
        if self.waiting.len() >= ARRIVALS_MAX {
            log::debug!("too many connections of proxies that introduce nobody: one is closed");
            self.waiting.pop_first();
        }
        let number = self.next;
        self.next += 1;
        watch(&mut stream, number)?;
        self.waiting.insert(number, Arrival { stream, address, until });
        Ok(())
    }

    /// The connection of that number has news.
    pub(super) fn tell(&mut self, number: usize, is_ending: bool) {
        self.listed.push((number, is_ending));
    }

    /// The next connection of which it is known now whose it is.
    pub(super) fn next_known(&mut self, buffer: &mut [u8]) -> Option<(TcpStream, IpAddr)> {
        while let Some((number, is_ending)) = self.listed.pop() {
            let Some(arrival) = self.waiting.get_mut(&number) else { continue };
            match arrival.look(&self.trusted, buffer) {
                Seen::Waiting if !is_ending => {}
                Seen::Waiting | Seen::Over => drop(self.waiting.remove(&number)),
                Seen::Known => {
                    let arrival = self.waiting.remove(&number)?;
                    return Some((arrival.stream, arrival.address));
                }
            }
        }
        None
    }

    /// Closes those who have been silent for too long.
    pub(super) fn expire(&mut self, now: Instant) {
        while self.deadline().is_some_and(|until| until <= now) {
            self.waiting.pop_first();
        }
    }

    /// When the oldest one's time is up.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.waiting.first_key_value().map(|(_, arrival)| arrival.until)
    }

    /// Lets go of all of them.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }
}

impl Arrival {
    /// Looks on; a proxy may stand behind another.
    fn look(&mut self, trusted: &TrustedProxies, buffer: &mut [u8]) -> Seen {
        let buffer = &mut buffer[..READ_MAX_BYTES];
        while trusted.contains(self.address) {
            let count = match self.stream.peek(buffer) {
                Ok(0) => return Seen::Over,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Seen::Waiting,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return Seen::Over,
            };
            match read_introduction(&buffer[..count], self.address, trusted) {
                Introduction::NeedMore => return Seen::Waiting,
                Introduction::Plain(client) => {
                    self.address = client;
                    return Seen::Known;
                }
                Introduction::Proxied { client, header_bytes } => {
                    if self.stream.read_exact(&mut buffer[..header_bytes]).is_err() {
                        return Seen::Over;
                    }
                    if client == self.address {
                        // It speaks for itself, and needs not say so twice.
                        return Seen::Known;
                    }
                    self.address = client;
                }
                Introduction::Broken => {
                    log::debug!(
                        "the proxy {} introduces nobody in a way that is known",
                        self.address
                    );
                    return Seen::Over;
                }
            }
        }
        Seen::Known
    }
}
