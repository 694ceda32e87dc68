//! Sockets: listening, and the options of a connection.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! let listener = tinyrealm_std::socket::listen("127.0.0.1:0".parse().unwrap())?;
//! println!("{}", listener.local_addr()?);
//! # Ok(()) }
//! ```

use std::io;
use std::net::{IpAddr, SocketAddr};

use mio::net::TcpStream;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tinyrealm_core::session::PeerAddress;
use tokio::net::TcpListener;

/// Connections that may wait to be accepted: a restarted server is found by all its clients at once.
const BACKLOG: i32 = 4_096;

/// Listens at `address`. Call it inside of a runtime.
///
/// # Errors
/// What the operating system says: a port in use, an address that is not ours.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::from_std(bind(address)?)
}

/// Listens at `address`, without a runtime.
pub(crate) fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Elsewhere than on Unix this option would let two servers share a port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Prepares a connection: no delay for small packets, and a bounded send buffer, so that a peer who
/// does not read falls behind in its room's ring and not in the kernel's memory.
pub(crate) fn configure(stream: &TcpStream, send_buffer_bytes: usize) -> io::Result<()> {
    stream.set_nodelay(true)?;
    if send_buffer_bytes > 0 {
        SockRef::from(stream).set_send_buffer_size(send_buffer_bytes)?;
    }
    Ok(())
}

/// Shuts our side of a connection.
pub(crate) fn shut_sending(stream: &TcpStream) -> io::Result<()> {
    SockRef::from(stream).shutdown(std::net::Shutdown::Write)
}

/// The address as the core counts it.
pub(crate) fn peer_address(address: IpAddr) -> PeerAddress {
    PeerAddress(match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    })
}
