//! `Requester`: the client's side of the handshake.
//!
//! Purpose: [`Requester::write_request`] asks, [`Requester::advance`] reads the answer in whatever
//! pieces it arrives and checks it.
//!
//! Contract: the key is random and used once. An [`Answer::Open`] or [`Answer::Failed`] is final; what
//! follows the answer stays in the input, the first frame often comes in the same segment. The
//! server has to prove that it has understood the key, and may choose nothing that was not offered:
//! a sub-protocol of the [`Offer`], and no extension.
//!
//! Bounds: the answer has a limit in all; of its lines only six have to fit the line buffer.
//!
//! ```
//! use tinyrealm_core::wire::ws::handshake::{Answer, Offer, Request, Requester};
//! let offer = Offer { limit_bytes: 4096, ..Offer::OWN };
//! let request = Request { offer, ..Request::new("127.0.0.1:7000", "/") };
//! let mut out = [0; 512];
//! let mut requester = Requester::new(*b"the sample nonce");
//! let used = requester.write_request(request, &mut out).unwrap();
//! assert!(out[..used].starts_with(b"GET / HTTP/1.1\r\nHost: 127.0.0.1:7000\r\n"));
//!
//! let mut input = &b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
//!     Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x82"[..];
//! let mut line = [0; 64];
//! let answer = requester.advance(&mut line, &mut input, offer);
//! assert_eq!(answer, Answer::Open { protocol: None });
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
/// Above the facts stands which sub-protocol was chosen.
const CHOSEN_SHIFT: u32 = 8;

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
    /// Further headers, by name and value.
    pub headers: &'a [(&'a str, &'a str)],
    /// What the server may choose from.
    pub offer: Offer<'a>,
}

impl<'a> Request<'a> {
    /// A request of somebody who is no page, for the sub-protocol of this wire.
    pub const fn new(host: &'a str, target: &'a str) -> Self {
        Self { host, target, origin: None, headers: &[], offer: Offer::OWN }
    }
}

/// What a client offers, and how much of an answer it reads.
#[derive(Copy, Clone, Debug)]
pub struct Offer<'a> {
    /// Sub-protocols, the dearest first; none asks for none. Up to [`OFFERS_MAX`].
    pub protocols: &'a [&'a str],
    /// The longest answer.
    pub limit_bytes: u16,
}

impl Offer<'static> {
    /// The sub-protocol of this wire, and answers of up to 8 KiB: servers set cookies.
    pub const OWN: Self = Self { protocols: &[SUB_PROTOCOL], limit_bytes: 8 * 1_024 };
}

/// The most sub-protocols that are offered at once.
pub const OFFERS_MAX: usize = 15;

/// Headers that a request has already, or that would make it another one.
const OWN_HEADERS: [&str; 6] =
    ["Host", "Origin", "Upgrade", "Connection", "Content-Length", "Transfer-Encoding"];
/// And everything that begins so.
const OWN_PREFIX: &str = "Sec-WebSocket-";

/// Why a request is not written.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum RequestError {
    /// It does not fit.
    Full,
    /// The host, target, origin, a sub-protocol or a header is empty, has characters that end a word or
    /// a line, or can't be given: a target that does not begin with `/`, a header of the handshake's own,
    /// more sub-protocols than [`OFFERS_MAX`].
    Unwritable,
}

/// What [`Requester::advance`] has come to.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// All input is taken and the answer is not whole.
    NeedMore,
    /// The connection is open; the rest of the input is frames.
    Open {
        /// Which of the offered sub-protocols the server has chosen, if any.
        protocol: Option<u8>,
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
        let Request { host, target, origin, headers, offer } = request;
        let texts = [host, target, origin.unwrap_or("null")];
        let is_writable = texts.iter().all(|text| is_word(text))
            && target.starts_with('/')
            && offer.protocols.len() <= OFFERS_MAX
            && offer.protocols.iter().all(|protocol| is_token(protocol))
            && headers.iter().all(|(name, value)| may_be_given(name, value));
        if !is_writable {
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
            b"\r\nSec-WebSocket-Version: 13\r\n",
        ];
        let mut used = write_all(destination, &texts).map_err(|_| RequestError::Full)?;
        let mut add = |texts: &[&[u8]]| {
            let rest = destination.get_mut(used..).unwrap_or_default();
            used += write_all(rest, texts).map_err(|_| RequestError::Full)?;
            Ok(used)
        };
        for (index, protocol) in offer.protocols.iter().enumerate() {
            let before: &[u8] = if index == 0 { b"Sec-WebSocket-Protocol: " } else { b", " };
            add(&[before, protocol.as_bytes()])?;
        }
        if !offer.protocols.is_empty() {
            add(&[b"\r\n"])?;
        }
        for (name, value) in headers {
            add(&[name.as_bytes(), b": ", value.as_bytes(), b"\r\n"])?;
        }
        add(&[b"\r\n"])
    }

    /// Reads on in `input`, which is shortened by what was taken. `line` has to have the content that
    /// the last call has left in it, and the same length; `offer` is what was asked with.
    pub fn advance(&mut self, line: &mut [u8], input: &mut &[u8], offer: Offer<'_>) -> Answer {
        while let Some((byte, rest)) = input.split_first() {
            *input = rest;
            let taken = match self.head.push(*byte, line, &SHAPE, offer.limit_bytes) {
                Pushed::Nothing => continue,
                Pushed::Item(Item::End) => return self.end(),
                Pushed::Item(item) => self.take(item, offer.protocols),
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
        let is_chosen = self.facts.has(Facts::of(&[PROTOCOL]));
        let chosen = (self.facts.0 >> CHOSEN_SHIFT) as u8;
        Answer::Open { protocol: is_chosen.then_some(chosen) }
    }

    fn take(&mut self, item: Item<'_>, offered: &[&str]) -> Result<(), AnswerError> {
        let Self { facts, key_text, .. } = self;
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
            Item::Field(_, chosen) => {
                let mut names = offered.iter().take(OFFERS_MAX);
                let place = names.position(|name| name.as_bytes() == chosen);
                let place = place.ok_or(AnswerError::UnknownProtocol)?;
                facts.0 |= (place as u16) << CHOSEN_SHIFT;
                Ok(())
            }
        }
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

/// Whether a caller may add this header.
fn may_be_given(name: &str, value: &str) -> bool {
    let is_own = OWN_HEADERS.iter().any(|own| own.eq_ignore_ascii_case(name))
        || name.get(..OWN_PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(OWN_PREFIX));
    let is_text = value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    is_token(name) && !is_own && is_text && value.trim_ascii() == value
}

/// Whether a text is a token of RFC 9110.
fn is_token(text: &str) -> bool {
    let is_ordinary = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_ordinary)
}

/// Whether a text can stand in a request: visible ASCII, and something.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}
