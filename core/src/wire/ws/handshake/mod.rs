//! The opening handshake (RFC 6455, 4): an HTTP/1.1 request and its `101` answer.
//!
//! Purpose: [`Acceptor`] is the server's side, [`Requester`] the client's. Both read a head byte by
//! byte, line by line, and keep of it only what they have to know.
//!
//! Contract: what follows the head in the input stays there: it is the first frame. Both are strict:
//! lines end with CR LF, none is continued by a blank, no character is a control character, and a
//! header that decides something comes once.
//!
//! Bounds: the head has a limit in all; a line that is of interest has to fit the caller's line
//! buffer, all others just pass. How long a head may take is the caller's to watch.

mod head;

pub mod acceptor;
pub mod requester;

pub use acceptor::{Acceptance, Accepted, Acceptor, EVERY_ORIGIN, Policy, Refusal};
pub use requester::{Answer, AnswerError, Offer, Request, RequestError, Requester};

use base64ct::{Base64, Encoding};
use sha1::{Digest, Sha1};

use crate::wire::{BinaryWriter, Full};

/// The nonce of a client, as it is before base64.
pub const KEY_BYTES: usize = 16;

/// The base64 of a key.
const KEY_TEXT_BYTES: usize = 24;

/// The base64 of what a server answers to a key.
const ACCEPT_TEXT_BYTES: usize = 28;

/// What a server proves with to have understood the key: SHA-1 of the key's base64 and the GUID.
type AcceptDigest = [u8; 20];

const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

fn accept_digest(key_text: &[u8]) -> AcceptDigest {
    Sha1::new().chain_update(key_text).chain_update(GUID).finalize().into()
}

fn accept_text(digest: AcceptDigest) -> [u8; ACCEPT_TEXT_BYTES] {
    let mut text = [b'='; ACCEPT_TEXT_BYTES];
    // It has exactly this length, so it fits.
    let _ = Base64::encode(&digest, &mut text);
    text
}

/// The elements of a header that is a list: `a, b ,c`.
fn elements(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

fn has_token(list: &[u8], token: &str) -> bool {
    elements(list).any(|element| element.eq_ignore_ascii_case(token.as_bytes()))
}

fn write_all(destination: &mut [u8], texts: &[&[u8]]) -> Result<usize, Full> {
    let mut writer = BinaryWriter::new(destination);
    for text in texts {
        writer.bytes(text)?;
    }
    Ok(writer.written())
}

/// What a head has shown so far: a set of small numbers.
#[derive(Copy, Clone, Default, PartialEq, Eq, Debug)]
struct Facts(u16);

impl Facts {
    const fn of(facts: &[u8]) -> Self {
        let mut bits = 0;
        let mut rest = facts;
        while let [fact, behind @ ..] = rest {
            bits |= 1 << (*fact as u32 % u16::BITS);
            rest = behind;
        }
        Self(bits)
    }

    const fn has(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }

    /// Adds `fact`; whether it is new.
    fn add(&mut self, fact: u8) -> bool {
        let added = Self::of(&[fact]);
        let is_new = !self.has(added);
        self.0 |= added.0;
        is_new
    }
}

#[cfg(test)]
mod tests;
