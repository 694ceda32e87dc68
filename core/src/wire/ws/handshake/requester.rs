//! `Requester`: the client's side of the handshake.
//!
//! Purpose: [`Requester::write_request`] asks, [`Requester::advance`] reads the answer in whatever
//! pieces it arrives and checks it.
//!
//! Contract: the key is random and used once. An [`Answer::Open`] or [`Answer::Failed`] is final; what
//! follows the answer stays in the input, the first frame often comes in the same segment. The
//! server has to prove that it has understood the key, and may choose nothing that was not offered:
//! [`SUB_PROTOCOL`] is, an extension is not.
//!
//! Bounds: the answer has a limit in all; of its lines only six have to fit the line buffer.
//!
//! ```
//! use tinyrealm_core::wire::ws::handshake::{Answer, Request, Requester};
//! let request = Request { host: "127.0.0.1:7000", target: "/", origin: None };
//! let mut out = [0; 512];
//! let mut requester = Requester::new(*b"the sample nonce");
//! let used = requester.write_request(request, &mut out).unwrap();
//! assert!(out[..used].starts_with(b"GET / HTTP/1.1\r\nHost: 127.0.0.1:7000\r\n"));
//!
//! let mut input = &b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
//!     Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x82"[..];
//! let mut line = [0; 64];
//! let answer = requester.advance(&mut line, &mut input, 4096);
//! assert_eq!(answer, Answer::Open { is_protocol_chosen: false });
//! assert_eq!(input, b"\x82"); // the first frame
//! ```

use base64ct::{Base64, Encoding};
use subtle::ConstantTimeEq;

use super::head::{Head, Item, Place, Pushed, Shape};
use super::{AcceptDigest, Facts, KEY_BYTES, KEY_TEXT_BYTES};
use super::{accept_digest, accept_text, has_token, write_all};
use crate::wire::ws::SUB_PROTOCOL;

const UPGRADE: u8 = 0;
const CONNECTION: u8 = 1;
const ACCEPT: u8 = 2;
const PROTOCOL: u8 = 3;
const EXTENSIONS: u8 = 4;

const SHAPE: Shape = Shape {
    fields: &[
        "Upgrade",
        "Connection",
        "Sec-WebSocket-Accept",
        "Sec-WebSocket-Protocol",
        "Sec-WebSocket-Extensions",
    ],
    ignored: Place::LastWords,
};

/// Whom a client asks for what.
#[derive(Copy, Clone, Debug)]
pub struct Request<'a> {
    /// The server's name, with `:port` if it is not the scheme's.
    pub host: &'a str,
    /// The path and query of the URL, beginning with `/`.
    pub target: &'a str,
    /// The origin of a page, if one asks.
    pub origin: Option<&'a str>,
}

/// Why a request is not written.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum RequestError {
    /// It does not fit.
    Full,
    /// The host, target or origin is empty, has characters that end a word or a line, or a target
    /// does not begin with `/`.
    Unwritable,
}

/// What [`Requester::advance`] has come to.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// All input is taken and the answer is not whole.
    NeedMore,
    /// The connection is open; the rest of the input is frames.
    Open {
        /// Whether the server has chosen [`SUB_PROTOCOL`]; otherwise it has named none.
        is_protocol_chosen: bool,
    },
    /// The connection is of no use.
    Failed(AnswerError),
}

/// Why an answer is not taken.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum AnswerError {
    /// It is not HTTP/1.1, or repeats what comes once.
    Malformed,
    /// It is longer than the limit, or a line longer than its buffer.
    TooLong,
    /// Another status than 101.
    Status(u16),
    /// `Upgrade`, `Connection` or the proof is missing.
    NotWebSocket,
    /// The proof is another one.
    WrongAccept,
    /// A sub-protocol that was not offered.
    UnknownProtocol,
    /// An extension, though none was offered.
    Extension,
}

impl AnswerError {
    /// It in words, for logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "the answer is no HTTP/1.1",
            Self::TooLong => "the answer is too long",
            Self::Status(_) => "the status is not 101",
            Self::NotWebSocket => "the answer is about something else",
            Self::WrongAccept => "the server has not understood the key",
            Self::UnknownProtocol => "a sub-protocol that was not offered",
            Self::Extension => "an extension that was not offered",
        }
    }
}

/// The client's side of one handshake; see the [module](self).
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Requester {
    head: Head,
    facts: Facts,
    key_text: [u8; KEY_TEXT_BYTES],
}

impl Requester {
    /// Bytes of [`Self::store`].
    pub const STATE_BYTES: usize = Head::STATE_BYTES + size_of::<Facts>() + KEY_TEXT_BYTES;

    /// A handshake with a random `key`.
    pub fn new(key: [u8; KEY_BYTES]) -> Self {
        let mut key_text = [b'='; KEY_TEXT_BYTES];
        // It has exactly this length, so it fits.
        let _ = Base64::encode(&key, &mut key_text);
        Self { head: Head::default(), facts: Facts::default(), key_text }
    }

    /// The state as bytes.
    pub fn store(self) -> [u8; Self::STATE_BYTES] {
        let mut state = [0; Self::STATE_BYTES];
        let facts = self.facts.0.to_le_bytes();
        // The pieces have exactly this length in all, so they fit.
        let _ = write_all(&mut state, &[&self.head.store(), &facts, &self.key_text]);
        state
    }

    /// What [`Self::store`] has stored.
    pub fn load(state: &[u8; Self::STATE_BYTES]) -> Self {
        let mut requester = Self::new([0; KEY_BYTES]);
        if let Some((head, rest)) = state.split_first_chunk()
            && let Some((facts, key_text)) = rest.split_first_chunk()
            && let Some(key_text) = key_text.first_chunk()
        {
            requester.head = Head::load(*head);
            requester.facts = Facts(u16::from_le_bytes(*facts));
            requester.key_text = *key_text;
        }
        requester
    }

    /// Writes the whole HTTP request and answers its bytes.
    ///
    /// # Errors
    /// [`RequestError`]; the content of `destination` is then undefined.
    pub fn write_request(
        &self,
        request: Request<'_>,
        destination: &mut [u8],
    ) -> Result<usize, RequestError> {
        let Request { host, target, origin } = request;
        let texts = [host, target, origin.unwrap_or("null")];
        if !texts.iter().all(|text| is_word(text)) || !target.starts_with('/') {
            return Err(RequestError::Unwritable);
        }
        let origin_name = if origin.is_some() { "\r\nOrigin: " } else { "" };
        let texts = [
            "GET ".as_bytes(),
            target.as_bytes(),
            b" HTTP/1.1\r\nHost: ",
            host.as_bytes(),
            origin_name.as_bytes(),
            origin.unwrap_or_default().as_bytes(),
            b"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ",
            &self.key_text,
            b"\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ",
            SUB_PROTOCOL.as_bytes(),
            b"\r\n\r\n",
        ];
        write_all(destination, &texts).map_err(|_| RequestError::Full)
    }

    /// Reads on in `input`, which is shortened by what was taken. `line` has to have the content that
    /// the last call has left in it, and the same length.
    pub fn advance(&mut self, line: &mut [u8], input: &mut &[u8], limit_bytes: u16) -> Answer {
        while let Some((byte, rest)) = input.split_first() {
            *input = rest;
            let taken = match self.head.push(*byte, line, &SHAPE, limit_bytes) {
                Pushed::Nothing => continue,
                Pushed::Item(Item::End) => return self.end(),
                Pushed::Item(item) => take(&mut self.facts, &self.key_text, item),
                Pushed::Malformed => Err(AnswerError::Malformed),
                Pushed::TooLong => Err(AnswerError::TooLong),
            };
            if let Err(error) = taken {
                return Answer::Failed(error);
            }
        }
        Answer::NeedMore
    }

    fn end(self) -> Answer {
        if !self.facts.has(Facts::of(&[UPGRADE, CONNECTION, ACCEPT])) {
            return Answer::Failed(AnswerError::NotWebSocket);
        }
        Answer::Open { is_protocol_chosen: self.facts.has(Facts::of(&[PROTOCOL])) }
    }
}

fn take(
    facts: &mut Facts,
    key_text: &[u8; KEY_TEXT_BYTES],
    item: Item<'_>,
) -> Result<(), AnswerError> {
    match item {
        Item::FirstWord(b"HTTP/1.1")
        | Item::SecondWord(b"101")
        | Item::LastWords(_)
        | Item::End => Ok(()),
        Item::FirstWord(_) => Err(AnswerError::Malformed),
        Item::SecondWord(status) => Err(status_error(status)),
        Item::Field(field @ (UPGRADE | CONNECTION), list) => {
            if has_token(list, if field == UPGRADE { "websocket" } else { "upgrade" }) {
                facts.add(field);
            }
            Ok(())
        }
        Item::Field(EXTENSIONS, _) => Err(AnswerError::Extension),
        // What decides something comes once.
        Item::Field(field, _) if !facts.add(field) => Err(AnswerError::Malformed),
        Item::Field(ACCEPT, text) => {
            let expected: AcceptDigest = accept_digest(key_text);
            let is_it = bool::from(accept_text(expected)[..].ct_eq(text));
            if is_it { Ok(()) } else { Err(AnswerError::WrongAccept) }
        }
        Item::Field(_, protocol) if protocol == SUB_PROTOCOL.as_bytes() => Ok(()),
        Item::Field(_, _) => Err(AnswerError::UnknownProtocol),
    }
}

/// Three digits are a status, anything else is not HTTP.
fn status_error(status: &[u8]) -> AnswerError {
    match status {
        [b'1'..=b'9', b'0'..=b'9', b'0'..=b'9'] => {
            let digit = |number: u16, byte: &u8| number * 10 + u16::from(byte - b'0');
            AnswerError::Status(status.iter().fold(0, digit))
        }
        _ => AnswerError::Malformed,
    }
}

/// Whether a text can stand in a request: visible ASCII, and something.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}
