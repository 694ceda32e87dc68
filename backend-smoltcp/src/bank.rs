//! `SocketBank`: the sockets of a device, by number.
//!
//! Purpose: the one thing that differs between network stacks, small enough to be written in an hour
//! for the next one.
//!
//! Contract: no call waits. Data that was sent goes out, and what was received stays until it is taken,
//! even when the peer has closed its side.

use core::net::SocketAddr;

use tinyrealm_core::session::PeerAddress;

/// Where a socket is.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum SocketState {
    /// Free: it can listen or connect.
    Idle,
    /// Listening, and nobody has come.
    Listening,
    /// Half a connection, in either direction: the peer is still to answer.
    Connecting,
    /// A connection stands; there may be something to receive.
    Open,
    /// The peer has closed its side, and everything that it sent has been taken. What was sent to it
    /// is still on its way.
    Ended,
    /// Given up, and the peer is still to be told. It can listen or connect, which tells nobody.
    Resetting,
}

/// Sockets by number; see the [module](self).
pub trait SocketBank {
    /// Where socket `number` is.
    fn state(&mut self, number: usize) -> SocketState;

    /// Begins to listen; [`SocketState::Open`] when a peer has come.
    fn listen(&mut self, number: usize);

    /// Begins to connect; `false` if there is no way there.
    fn connect(&mut self, number: usize, address: SocketAddr) -> bool;

    /// Where the peer of an open socket is.
    fn peer(&self, number: usize) -> PeerAddress;

    /// Hands `take` the oldest received bytes that lie together, if there are any; it answers how
    /// many it has taken. The answer is how many lay there.
    fn receive(&mut self, number: usize, take: &mut dyn FnMut(&[u8]) -> usize) -> usize;

    /// How many bytes can be sent now; 0 without a connection.
    fn room(&self, number: usize) -> usize;

    /// [`SocketBank::room`] of a connection on which nothing is on its way.
    fn capacity(&self, number: usize) -> usize;

    /// Sends `bytes`, which are at most [`SocketBank::room`].
    fn send(&mut self, number: usize, bytes: &[u8]);

    /// Shuts our side, behind what was sent. Where the peer has shut its own, the socket becomes
    /// [`SocketState::Idle`] when all of it has arrived.
    fn shut(&mut self, number: usize);

    /// Gives the connection up, whatever is still on its way: [`SocketState::Resetting`], then
    /// [`SocketState::Idle`].
    fn abort(&mut self, number: usize);
}
