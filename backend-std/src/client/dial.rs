//! Dialing: a name, its addresses, a socket; all of which may hang.
//!
//! Contract: whoever is not wanted any more ends within [`PATIENCE`]. A resolver can't be broken off: its
//! thread ends when it does, and nobody waits for it.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use socket2::Socket;
use tinyrealm_core::net::{NetErrorKind, NetUrl};

use super::ended::Ended;
use super::link::WRITE_PATIENCE;
use super::options::NetOptions;
use crate::race::{ADDRESSES_MAX, Race, Step};

/// How long nobody looks whether the connection is still wanted.
const PATIENCE: Duration = Duration::from_millis(100);

/// Connects to one of the host's addresses before `deadline`, as long as it `is_wanted`.
pub(super) fn dial(
    url: &NetUrl<'_>,
    options: &NetOptions,
    deadline: Instant,
    is_wanted: impl Fn() -> bool,
) -> Result<Socket, Ended> {
    let port = url.port.unwrap_or_default();
    let resolved = (options.resolver)(url.host, port);
    let unknown = |text: String| Ended::failed(NetErrorKind::Resolve, text);
    let addresses =
        resolved.map_err(|error| unknown(format!("can't find {}: {error}", url.host)))?;
    if addresses.is_empty() {
        return Err(unknown(format!("{} has no address", url.host)));
    }
    let unreached = |error: io::Error| {
        Ended::failed(NetErrorKind::Connect, format!("can't connect to {error}"))
    };
    let first = addresses[0];
    let socket = run(Race::between(addresses), deadline, is_wanted).map_err(|error| {
        // An attempt's own failure names its address.
        let is_its_own = error.get_ref().is_some();
        unreached(if is_its_own { error } else { io::Error::other(format!("{first}: {error}")) })
    })?;
    prepare(&socket).map_err(|error| Ended::lost(&error))?;
    Ok(socket)
}

/// Runs all attempts on this thread, and answers the first that connects.
fn run(mut race: Race, deadline: Instant, is_wanted: impl Fn() -> bool) -> io::Result<Socket> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(ADDRESSES_MAX);
    let mut attempts: Vec<Option<(SocketAddr, TcpStream)>> = Vec::new();
    loop {
        let now = Instant::now();
        let until = match race.step(now) {
            Step::Start(address) => {
                match start(&poll, address, attempts.len()) {
                    Ok(stream) => attempts.push(Some((address, stream))),
                    Err(error) => race.lose(address, &error),
                }
                continue;
            }
            Step::WaitUntil(at) => at.min(deadline),
            Step::Wait => deadline,
            Step::Over(error) => return Err(error),
        };
        if now >= deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
        if !is_wanted() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        match poll.poll(&mut events, Some((until - now).min(PATIENCE))) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        for event in &events {
            let Some(attempt) = attempts.get_mut(event.token().0) else { continue };
            let Some((address, stream)) = attempt.take() else { continue };
            match outcome(&stream) {
                None => *attempt = Some((address, stream)),
                Some(Ok(())) => return Ok(Socket::from(std::net::TcpStream::from(stream))),
                Some(Err(error)) => race.lose(address, &error),
            }
        }
    }
}

fn start(poll: &Poll, address: SocketAddr, index: usize) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    poll.registry().register(&mut stream, Token(index), Interest::WRITABLE)?;
    Ok(stream)
}

/// What has become of an attempt; `None` if nothing has yet.
fn outcome(stream: &TcpStream) -> Option<io::Result<()>> {
    match stream.take_error() {
        Ok(None) => {}
        Ok(Some(error)) | Err(error) => return Some(Err(error)),
    }
    match stream.peer_addr() {
        Ok(_) => Some(Ok(())),
        Err(error) if error.kind() == io::ErrorKind::NotConnected => None,
        Err(error) => Some(Err(error)),
    }
}

/// No delay for small packets, and calls that block, but look around from time to time.
fn prepare(socket: &Socket) -> io::Result<()> {
    socket.set_nonblocking(false)?;
    socket.set_tcp_nodelay(true)?;
    socket.set_write_timeout(Some(WRITE_PATIENCE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::race::tests::{BlackHole, nobody};
    use std::net::TcpListener;

    fn soon(ms: u64) -> Instant {
        Instant::now() + Duration::from_millis(ms)
    }

    #[test]
    fn a_black_hole_before_it_does_not_matter() {
        let (hole, listener) = (BlackHole::dig(), TcpListener::bind("127.0.0.1:0").unwrap());
        let there = listener.local_addr().unwrap();
        let race = Race::between([hole.address, nobody(), there]);
        let socket = run(race, soon(10_000), || true).unwrap();
        assert_eq!(socket.peer_addr().unwrap().as_socket(), Some(there));
    }

    #[test]
    fn nothing_but_a_black_hole_ends_in_time_or_when_it_is_not_wanted() {
        let hole = BlackHole::dig();
        let late = run(Race::between([hole.address]), soon(20), || true).unwrap_err();
        assert_eq!(late.kind(), io::ErrorKind::TimedOut);
        let given_up = run(Race::between([hole.address]), soon(10_000), || false).unwrap_err();
        assert_eq!(given_up.kind(), io::ErrorKind::ConnectionAborted);
    }
}
