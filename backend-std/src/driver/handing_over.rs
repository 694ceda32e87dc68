//! `Elsewhere`: connections that ask for what the node does not serve, handed over to whoever does.
//!
//! Purpose: a node's port, with its certificate, its proxies and its limits for strangers, serves one more thing beside it.
//!
//! Contract: what an accepted connection begins with decides, once: `GET ` and a path that begins as it was named, in clear
//! or by TLS. The node hears no word of such a connection, and counts it no more.
//!
//! Bounds: a beginning that may still become that path waits here, and has the node's time for strangers. Where too many
//! wait to be taken, the next one is closed.

use std::io;
use std::net::{IpAddr, Ipv6Addr};

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::Role;
use tinyrealm_core::session::{PeerAddress, SessionKey};
use tokio::sync::mpsc;

use super::Driver;
use super::connection::Connection;
use super::places::Link;
use super::text_stream::TextStream;

/// So many may wait to be taken.
const HANDED_OVER_MAX: usize = 64;

/// What is served elsewhere, and by whom.
#[derive(Debug)]
pub struct Elsewhere {
    beginning: String,
    taken_by: mpsc::Sender<HandedOver>,
}

/// A connection whose beginning was read, and nothing of it answered.
#[derive(Debug)]
pub struct HandedOver {
    /// Who has come: behind a proxy that is believed, its client.
    pub client: IpAddr,
    /// Who has connected.
    pub peer: IpAddr,
    /// Whether nobody between the two reads what is said.
    pub is_by_tls: bool,
    /// What it says, from its first byte on.
    pub stream: TextStream,
}

/// For whom a connection is that begins so.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Claim {
    Unknown,
    Node,
    Elsewhere,
}

impl Elsewhere {
    /// Requests for a path that begins so, and where they come out.
    pub fn of(path: &str) -> (Self, mpsc::Receiver<HandedOver>) {
        let (taken_by, handed_over) = mpsc::channel(HANDED_OVER_MAX);
        (Self { beginning: format!("GET {path}"), taken_by }, handed_over)
    }

    fn claim(&self, bytes: &[u8]) -> Claim {
        let wanted = self.beginning.as_bytes();
        let known = bytes.len().min(wanted.len());
        match bytes[..known] == wanted[..known] {
            true if known == wanted.len() => Claim::Elsewhere,
            true => Claim::Unknown,
            false => Claim::Node,
        }
    }
}

impl<'a, R: Role<'a>> Driver<'a, R> {
    /// Gives what was said to whoever it is for.
    pub(super) fn receive(&mut self, turn: &mut Turn<'_>, key: SessionKey, bytes: &[u8]) {
        let Some(elsewhere) = &self.elsewhere else { return self.hand_in(turn, key, bytes) };
        let Link::Open(connection) = &mut self.places.at(key).link else { return };
        if connection.is_for_node {
            return self.hand_in(turn, key, bytes);
        }
        let mut begun = connection.take_unheard().unwrap_or_default().into_vec();
        begun.extend_from_slice(bytes);
        match elsewhere.claim(&begun) {
            Claim::Unknown => connection.set_unheard(Some(begun.into())),
            Claim::Node => {
                connection.is_for_node = true;
                self.hand_in(turn, key, &begun);
            }
            Claim::Elsewhere => self.hand_over(turn, key, begun),
        }
    }

    fn hand_over(&mut self, turn: &mut Turn<'_>, key: SessionKey, begun: Vec<u8>) {
        let client = self.node.sessions().address(key);
        let link = std::mem::replace(&mut self.places.at(key).link, Link::Vacant);
        self.node.handle_disconnected(turn, key);
        let (Link::Open(connection), Some(client)) = (link, client) else { return };
        let Some(elsewhere) = &self.elsewhere else { return };
        let taken = connection.hand_over(&self.sockets, client, begun).and_then(|handed_over| {
            let nobody = |_| io::Error::other("nobody takes it");
            elsewhere.taken_by.try_send(handed_over).map_err(nobody)
        });
        if let Err(error) = taken {
            log::debug!("a connection for somebody else is closed: {error}");
        }
    }
}

impl Connection {
    fn hand_over(
        self,
        sockets: &super::Sockets,
        PeerAddress(client): PeerAddress,
        begun: Vec<u8>,
    ) -> io::Result<HandedOver> {
        let (mut stream, session) = self.into_parts();
        sockets.forget(&mut stream)?;
        let stream = std::net::TcpStream::from(stream);
        Ok(HandedOver {
            client: Ipv6Addr::from(client).to_canonical(),
            peer: stream.peer_addr()?.ip().to_canonical(),
            is_by_tls: session.is_some(),
            stream: TextStream::new(stream, session, begun),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_known_by_its_beginning() {
        let (elsewhere, _) = Elsewhere::of("/world/");
        for (bytes, expected) in [
            (&b""[..], Claim::Unknown),
            (b"G", Claim::Unknown),
            (b"GET /world", Claim::Unknown),
            (b"GET /world/", Claim::Elsewhere),
            (b"GET /world/7 HTTP/1.1", Claim::Elsewhere),
            (b"GET /worlds", Claim::Node),
            (b"GET / HTTP/1.1", Claim::Node),
            (b"get /world/", Claim::Node),
            (b"\x08\0\x01\x10\0\0\x02\x02\0\0", Claim::Node),
        ] {
            assert_eq!(elsewhere.claim(bytes), expected, "{bytes:?}");
        }
    }
}
