//! Dialing: a name, its addresses, a socket; all of which may hang.
//!
//! Contract: the socket is known to the session before it connects, so that closing breaks it off. A
//! resolver can't be broken off: its thread ends when it does, and nobody waits for it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use socket2::{Domain, Protocol, Socket, Type};
use tinyrealm_core::net::{NetErrorKind, NetUrl};

use super::ended::Ended;
use super::link::WRITE_PATIENCE;
use super::options::NetOptions;

/// Connects to one of the host's addresses before `deadline`. `watch` is shown every socket before it
/// connects, and answers whether to go on.
pub(super) fn dial(
    url: &NetUrl<'_>,
    options: &NetOptions,
    deadline: Instant,
    mut watch: impl FnMut(&Arc<Socket>) -> bool,
) -> Result<Arc<Socket>, Ended> {
    let port = url.port.unwrap_or_default();
    let resolved = (options.resolver)(url.host, port);
    let unknown = |text: String| Ended::failed(NetErrorKind::Resolve, text);
    let addresses =
        resolved.map_err(|error| unknown(format!("can't find {}: {error}", url.host)))?;
    let mut failure = unknown(format!("{} has no address", url.host));
    for (index, address) in addresses.iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        // The last address may have all the time that is left.
        let share = left / u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        let unreached = |error: io::Error| {
            Ended::failed(NetErrorKind::Connect, format!("can't connect to {address}: {error}"))
        };
        if share.is_zero() {
            return Err(unreached(io::ErrorKind::TimedOut.into()));
        }
        let outcome = socket_for(*address).and_then(|socket| {
            if !watch(&socket) {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            socket.connect_timeout(&(*address).into(), share)?;
            Ok(socket)
        });
        match outcome {
            Ok(socket) => return Ok(socket),
            Err(error) => failure = unreached(error),
        }
    }
    Err(failure)
}

/// No delay for small packets, and writes that look around from time to time.
fn socket_for(address: SocketAddr) -> io::Result<Arc<Socket>> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_tcp_nodelay(true)?;
    socket.set_write_timeout(Some(WRITE_PATIENCE))?;
    Ok(Arc::new(socket))
}
