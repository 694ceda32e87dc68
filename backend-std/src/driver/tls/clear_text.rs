//! Clear text where TLS is wanted: who may speak it, and what others hear.
//!
//! Contract: who is refused has been looked at in the kernel's buffer alone, so the node has not heard a word of it. A
//! stream's client hears `TLS_NEEDED`, a browser `403`. Whoever begins to prove something, or to seal its link, may say what
//! belongs to that frame by frame, and nothing else before the node knows it or its link is sealed.

use std::io::{Read as _, Write as _};

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::Role;
use tinyrealm_core::protocol::ErrorCode;
use tinyrealm_core::session::manager::Farewell;
use tinyrealm_core::session::state::SessionState;
use tinyrealm_core::session::{SessionKey, SessionManager};
use tinyrealm_core::wire::PacketHeader;
use tinyrealm_core::wire::opcode::{CLIENT_SEAL, DIALER, OPCODE_BYTES, Opcode};

use super::Begins;
use crate::driver::Driver;
use crate::driver::connection::{Connection, Layer};
use crate::driver::places::Link;

/// Who may speak in clear where there is TLS.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum ClearText {
    /// Whoever likes.
    Everyone,
    /// Whoever is on this machine, or comes by a proxy that is believed; servers, which prove to each other who they
    /// are; and clients that seal their streams themselves.
    Nearby,
}

/// As much as tells what a connection begins with.
pub(in crate::driver) const FIRST_BYTES: usize = PacketHeader::BYTES + OPCODE_BYTES;
const REQUEST: &[u8] = b"GET ";
const REFUSAL: &[u8] =
    b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Type: text/plain\r\n\
    Content-Length: 37\r\n\r\nonly by TLS here: https:// or wss://\n";

/// What a connection begins with.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(in crate::driver) enum First {
    /// It can't be told yet.
    Unknown,
    /// With TLS.
    Tls,
    /// With a frame of what a server proves to another, or how a client seals its link: so many bytes.
    Proof(u16),
    /// With a request, as a WebSocket does.
    Request,
    /// With a client's frame, or nothing that anybody knows.
    Client,
}

impl First {
    pub(in crate::driver) fn of(bytes: &[u8]) -> Self {
        match Begins::of(bytes) {
            Begins::Unknown => return Self::Unknown,
            Begins::Tls => return Self::Tls,
            Begins::Clear => {}
        }
        let known = bytes.len().min(REQUEST.len());
        if bytes[..known] == REQUEST[..known] {
            return if known == REQUEST.len() { Self::Request } else { Self::Unknown };
        }
        let Some(([a, b], opcode)) = bytes.split_first_chunk() else { return Self::Unknown };
        let Some(opcode) = opcode.first_chunk() else { return Self::Unknown };
        if !proves(Opcode(i32::from_le_bytes(*opcode))) {
            return Self::Client;
        }
        // Longer than the longest, it is refused when it is heard.
        let bytes = PacketHeader::BYTES as u16;
        Self::Proof(bytes.saturating_add(u16::from_le_bytes([*a, *b])))
    }
}

const fn proves(opcode: Opcode) -> bool {
    DIALER.contains(opcode) || CLIENT_SEAL.contains(opcode)
}

/// Whether what has been heard has neither sealed its link nor shown who it is, nor ended it.
fn is_to_prove(sessions: &SessionManager<'_>, key: SessionKey) -> bool {
    let session = sessions.get(key);
    let is_unknown = session.is_some_and(|session| session.state() == SessionState::Greeting);
    is_unknown && !sessions.is_sealing(key)
}

impl<'a, R: Role<'a>> Driver<'a, R> {
    /// Where clear text is not for everyone: whether what has come may be read.
    pub(in crate::driver) fn lets_speak(&mut self, turn: &mut Turn<'_>, index: usize) -> bool {
        let Some(place) = self.places.get(index) else { return false };
        let Link::Open(connection) = &mut place.link else { return false };
        let (key, layer) = (connection.key, connection.layer());
        match layer {
            Layer::TlsOnly => {}
            Layer::Proving(0) if is_to_prove(self.node.sessions(), key) => {}
            Layer::Proving(0) => {
                connection.set_layer(Layer::Clear);
                return true;
            }
            _ => return true,
        }
        match (connection.first(), layer) {
            (First::Unknown, _) if connection.is_ending() => self.end(turn, key),
            (First::Unknown, _) => connection.wait_for_more(),
            (First::Proof(bytes), _) => {
                connection.set_layer(Layer::Proving(bytes));
                return true;
            }
            (First::Tls, Layer::TlsOnly) => {
                connection.set_layer(Layer::Unknown);
                return true;
            }
            (First::Request, Layer::TlsOnly) => {
                connection.refuse_request();
                self.drop_link(index);
                self.node.handle_disconnected(turn, key);
            }
            _ => self.refuse(turn, key),
        }
        false
    }

    fn refuse(&mut self, turn: &mut Turn<'_>, key: SessionKey) {
        if let Link::Open(connection) = &mut self.places.at(key).link {
            connection.set_layer(Layer::Clear);
        }
        let farewell = Farewell::Error { code: ErrorCode::TLS_NEEDED, about: 0 };
        self.node.act(turn, |_, cx| cx.sessions.close(cx.now, key, farewell));
        // It is read, and heard no more.
        self.places.list_if_readable(usize::from(key.index()));
    }
}

impl Connection {
    /// What it has begun with, as far as it has come.
    fn first(&self) -> First {
        let mut bytes = [0; FIRST_BYTES];
        let count = self.peek(&mut bytes);
        First::of(&bytes[..count])
    }

    /// Reads the request, so that the answer is not lost with what was not read.
    fn refuse_request(&mut self) {
        let mut request = [0; 4_096];
        let _ = self.socket().read(&mut request);
        let _ = self.socket().write(REFUSAL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_connection_begins_with_is_known_from_six_bytes() {
        let frame = |opcode: i32| [&[9, 0][..], &opcode.to_le_bytes()].concat();
        let cases = [
            (&b""[..], First::Unknown),
            (b"\x16", First::Unknown),
            (b"\x16\x03", First::Tls),
            (b"GET", First::Unknown),
            (b"GET ", First::Request),
            (b"GEX", First::Unknown),
            (b"GEX...", First::Client),
            (&frame(0x1000)[..5], First::Unknown),
            (&frame(0x1000), First::Client),
            (&frame(0x7F), First::Client),
            (&frame(0x80), First::Proof(11)),
            (&frame(0xBF), First::Proof(11)),
            (&frame(0xC0), First::Client),
        ];
        for (bytes, expected) in cases {
            assert_eq!(First::of(bytes), expected, "{bytes:x?}");
        }
    }
    #[test]
    fn what_is_known_stays_known_however_little_has_come() {
        // Every first two bytes, and behind them the beginnings of opcodes.
        for first in 0..=u16::MAX {
            let frame =
                [&first.to_be_bytes()[..], &[0x80 + (first % 3) as u8, 0, 0, 0, 9]].concat();
            let whole = First::of(&frame);
            assert_ne!(whole, First::Unknown, "{frame:x?}");
            for count in 0..frame.len() {
                let known = First::of(&frame[..count]);
                assert!(known == First::Unknown || known == whole, "{frame:x?}, {count}");
                assert!(known == whole || count < FIRST_BYTES, "{frame:x?}, {count}");
            }
        }
    }
}
