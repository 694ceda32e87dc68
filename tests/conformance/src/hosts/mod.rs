//! The hosts of the suite: what a script has to know of a driver.

mod device;
mod tls;
mod tokio;

pub use device::DeviceHost;
pub use tokio::TokioHost;

use crate::device::Sizes;

/// Where a peer is whom the node connects to.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// Where the node looks for Main.
    Main,
    /// Somewhere else.
    World,
}

/// Where the node finds its peers; the one thing that differs between hosts.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// The Main that the script plays.
    pub main: String,
    /// The world that the script plays.
    pub world: String,
}

/// Addresses are not what is compared.
impl PartialEq for Addresses {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Addresses {}

/// What every device of the suite has: a socket for each session.
pub const SIZES: Sizes =
    Sizes { listeners: 7, own_links: 2, receive_bytes: 512, send_bytes: 1_024 };

/// A node with its driver, and its peers.
pub trait Host {
    /// Where the node finds its peers.
    fn addresses(&self) -> Addresses;

    /// The next peer connects to the node.
    fn connect(&mut self);

    /// The next peer is who the node connects to; `false` if it does not.
    fn accept(&mut self, place: Place) -> bool;

    /// A peer says something.
    fn send(&mut self, peer: usize, bytes: &[u8]);

    /// A peer closes its side.
    fn shut(&mut self, peer: usize);

    /// Waits until a peer has heard more, or has come to the end; `false` if neither happens in time,
    /// or it had come to the end before.
    fn await_more(&mut self, peer: usize) -> bool;

    /// All that a peer has heard.
    fn received(&self, peer: usize) -> &[u8];

    /// Whether there is nothing more for it to hear.
    fn has_ended(&self, peer: usize) -> bool;

    /// Has the node close down.
    fn shut_down(&mut self);

    /// Waits until it has; `false` if it does not in time.
    fn join(&mut self) -> bool;
}
