//! `Acceptor`: the server's side of the handshake.
//!
//! Purpose: reads a request in whatever pieces it arrives and keeps facts, so that a browser's request
//! of 800 bytes passes through a line buffer of 200. Between two reads it can be stored with its
//! line in one pool buffer: `[Acceptor::STATE_BYTES of state][line]`.
//!
//! Contract: an [`Acceptance::Accepted`] or [`Acceptance::Refused`] is final. A refused peer is sent
//! [`Refusal::response`], and the connection ends. The request's target is not looked at. A request
//! without an `Origin` is not a browser's and is taken whatever the [`Policy`] lists. Without a list the
//! page has to be of the same host: the `Origin`'s host is that of `Host`, whatever the ports; and that has to be
//! an address, `localhost` or one of [`Policy::hosts`], because whoever has a name can have it lead here (DNS
//! rebinding). Of both hosts only 64 bits of a hash are kept, because they come in any order.
//!
//! Bounds: 36 bytes of state, all-zero at the beginning; [`Policy::limit_bytes`] in all.
//!
//! ```
//! use tinyrealm_core::wire::ws::handshake::{Acceptance, Acceptor, Policy};
//! let (origins, hosts) = (&["https://example.org"][..], &["server.example.com"][..]);
//! let policy = Policy { origins, hosts, limit_bytes: 4096 };
//! let request = b"GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n\
//!     Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
//!     Sec-WebSocket-Version: 13\r\n\r\n\x81";
//! let (mut input, mut line) = (&request[..], [0; 200]);
//! let mut acceptor = Acceptor::default();
//! let done = acceptor.advance(&mut line, &mut input, policy);
//! let Acceptance::Accepted(accepted) = done else { panic!() };
//! assert_eq!(input, b"\x81"); // the first frame
//! let mut response = [0; Acceptor::RESPONSE_MAX_BYTES];
//! let used = accepted.write_response(&mut response).unwrap();
//! assert!(response[..used].starts_with(b"HTTP/1.1 101 "));
//! ```

use base64ct::{Base64, Encoding};
use sha1::{Digest, Sha1};

use super::head::{Head, Item, Place, Pushed, Shape};
use super::{AcceptDigest, Facts, KEY_BYTES, KEY_TEXT_BYTES};
use super::{accept_digest, accept_text, elements, has_token, write_all};
use crate::wire::Full;
use crate::wire::ws::SUB_PROTOCOL;

const RESPONSE_START: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: ";
const RESPONSE_PROTOCOL: &[u8] = b"\r\nSec-WebSocket-Protocol: ";
const RESPONSE_END: &[u8] = b"\r\n\r\n";

const HOST: u8 = 0;
const UPGRADE: u8 = 1;
const CONNECTION: u8 = 2;
const KEY: u8 = 3;
const VERSION: u8 = 4;
const PROTOCOL: u8 = 5;
const ORIGIN: u8 = 6;
const CONTENT_LENGTH: u8 = 7;
const TRANSFER_ENCODING: u8 = 8;
/// No field: a fact about the one of [`HOST`].
const KNOWN_HOST: u8 = 9;

const SHAPE: Shape = Shape {
    fields: &[
        "Host",
        "Upgrade",
        "Connection",
        "Sec-WebSocket-Key",
        "Sec-WebSocket-Version",
        "Sec-WebSocket-Protocol",
        "Origin",
        "Content-Length",
        "Transfer-Encoding",
    ],
    ignored: Place::SecondWord,
};

/// In a list of origins: pages of every origin may connect.
pub const EVERY_ORIGIN: &str = "*";

/// So much of a host's name is kept.
const HOST_HASH_BYTES: usize = 8;

/// Whom a server takes.
#[derive(Copy, Clone, Debug)]
pub struct Policy<'a> {
    /// Origins of the pages that may connect, like `https://example.org`; [`EVERY_ORIGIN`] is all of
    /// them; none listed: those of the same host.
    pub origins: &'a [&'a str],
    /// Names by which pages of the same host may ask, besides addresses and `localhost`.
    pub hosts: &'a [&'a str],
    /// The longest request.
    pub limit_bytes: u16,
}

/// What [`Acceptor::advance`] has come to.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Acceptance {
    /// All input is taken and the request is not whole.
    NeedMore,
    /// The rest of the input is frames.
    Accepted(Accepted),
    /// This is not to become a connection.
    Refused(Refusal),
}

/// A request that is to be answered with `101`.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Accepted {
    digest: AcceptDigest,
    is_protocol_chosen: bool,
}

/// Why a request is not taken.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// 400: not a request, or not a handshake.
    BadRequest,
    /// 403: a page of an origin that is not listed, or of a host whose name is not ours.
    Forbidden,
    /// 405: not a GET.
    MethodNotAllowed,
    /// 426: not for a WebSocket, or for another version of it.
    UpgradeRequired,
    /// 431: longer than the limit, or a line longer than its buffer.
    HeadTooLong,
}

impl Refusal {
    /// The whole HTTP response.
    pub const fn response(self) -> &'static str {
        match self {
            Self::BadRequest => {
                "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            }
            Self::Forbidden => {
                "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            }
            Self::MethodNotAllowed => {
                "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\nConnection: close\r\n\
                 Content-Length: 0\r\n\r\n"
            }
            Self::UpgradeRequired => {
                "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Version: 13\r\nConnection: Upgrade, close\r\n\
                 Content-Length: 0\r\n\r\n"
            }
            Self::HeadTooLong => {
                "HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\
                 Content-Length: 0\r\n\r\n"
            }
        }
    }
}

impl Accepted {
    /// Whether the client has offered [`SUB_PROTOCOL`], so that the response says it.
    pub const fn is_protocol_chosen(self) -> bool {
        self.is_protocol_chosen
    }

    /// Writes the whole HTTP response and answers its bytes.
    ///
    /// # Errors
    /// [`Full`] if it does not fit; [`Acceptor::RESPONSE_MAX_BYTES`] are enough.
    pub fn write_response(self, destination: &mut [u8]) -> Result<usize, Full> {
        let protocol: [&[u8]; 2] = match self.is_protocol_chosen {
            true => [RESPONSE_PROTOCOL, SUB_PROTOCOL.as_bytes()],
            false => [b"", b""],
        };
        let accept = accept_text(self.digest);
        let texts = [RESPONSE_START, &accept, protocol[0], protocol[1], RESPONSE_END];
        write_all(destination, &texts)
    }
}

/// The server's side of one handshake; see the [module](self).
#[derive(Copy, Clone, Default, PartialEq, Eq, Debug)]
pub struct Acceptor {
    head: Head,
    facts: Facts,
    digest: AcceptDigest,
    /// The hashes of the hosts of `Host` and `Origin`, one over the other: nothing if they are the same.
    hosts: [u8; HOST_HASH_BYTES],
}

impl Acceptor {
    /// The longest `101` response.
    pub const RESPONSE_MAX_BYTES: usize = RESPONSE_START.len()
        + super::ACCEPT_TEXT_BYTES
        + RESPONSE_PROTOCOL.len()
        + SUB_PROTOCOL.len()
        + RESPONSE_END.len();

    /// Bytes of [`Self::store`].
    pub const STATE_BYTES: usize =
        Head::STATE_BYTES + size_of::<Facts>() + size_of::<AcceptDigest>() + HOST_HASH_BYTES;

    /// The state as bytes.
    pub fn store(self) -> [u8; Self::STATE_BYTES] {
        let mut state = [0; Self::STATE_BYTES];
        let facts = self.facts.0.to_le_bytes();
        // The pieces have exactly this length in all, so they fit.
        let _ = write_all(&mut state, &[&self.head.store(), &facts, &self.digest, &self.hosts]);
        state
    }

    /// What [`Self::store`] has stored.
    pub fn load(state: &[u8; Self::STATE_BYTES]) -> Self {
        let mut acceptor = Self::default();
        if let Some((head, rest)) = state.split_first_chunk()
            && let Some((facts, digest)) = rest.split_first_chunk()
            && let Some((digest, hosts)) = digest.split_first_chunk()
            && let Some(hosts) = hosts.first_chunk()
        {
            acceptor.head = Head::load(*head);
            acceptor.facts = Facts(u16::from_le_bytes(*facts));
            acceptor.digest = *digest;
            acceptor.hosts = *hosts;
        }
        acceptor
    }

    /// Reads on in `input`, which is shortened by what was taken. `line` has to have the content that
    /// the last call has left in it, and the same length.
    pub fn advance(
        &mut self,
        line: &mut [u8],
        input: &mut &[u8],
        policy: Policy<'_>,
    ) -> Acceptance {
        while let Some((byte, rest)) = input.split_first() {
            *input = rest;
            let taken = match self.head.push(*byte, line, &SHAPE, policy.limit_bytes) {
                Pushed::Nothing => continue,
                Pushed::Item(Item::End) => {
                    return self.end(policy).map_or_else(Acceptance::Refused, Acceptance::Accepted);
                }
                Pushed::Item(item) => self.take(item, policy),
                Pushed::Malformed => Err(Refusal::BadRequest),
                Pushed::TooLong => Err(Refusal::HeadTooLong),
            };
            if let Err(refusal) = taken {
                return Acceptance::Refused(refusal);
            }
        }
        Acceptance::NeedMore
    }

    fn end(self, policy: Policy<'_>) -> Result<Accepted, Refusal> {
        const IDENTITY: Facts = Facts::of(&[HOST]);
        const WEB_SOCKET: Facts = Facts::of(&[UPGRADE, CONNECTION, VERSION]);
        if !self.facts.has(IDENTITY) {
            return Err(Refusal::BadRequest);
        }
        if !self.facts.has(WEB_SOCKET) {
            return Err(Refusal::UpgradeRequired);
        }
        if !self.facts.has(Facts::of(&[KEY])) {
            return Err(Refusal::BadRequest);
        }
        let is_of_page = self.facts.has(Facts::of(&[ORIGIN]));
        let is_same_host =
            self.hosts == [0; HOST_HASH_BYTES] && self.facts.has(Facts::of(&[KNOWN_HOST]));
        if is_of_page && policy.origins.is_empty() && !is_same_host {
            return Err(Refusal::Forbidden);
        }
        let is_protocol_chosen = self.facts.has(Facts::of(&[PROTOCOL]));
        Ok(Accepted { digest: self.digest, is_protocol_chosen })
    }

    fn take(&mut self, item: Item<'_>, policy: Policy<'_>) -> Result<(), Refusal> {
        match item {
            Item::FirstWord(b"GET") | Item::LastWords(b"HTTP/1.1") | Item::End => Ok(()),
            Item::FirstWord(_) => Err(Refusal::MethodNotAllowed),
            Item::SecondWord(target) if !target.is_empty() => Ok(()),
            Item::SecondWord(_) | Item::LastWords(_) => Err(Refusal::BadRequest),
            Item::Field(field @ (UPGRADE | CONNECTION | PROTOCOL), list) => {
                if names_us(field, list) {
                    self.facts.add(field);
                }
                Ok(())
            }
            // What decides something comes once.
            Item::Field(field, _) if !self.facts.add(field) => Err(Refusal::BadRequest),
            Item::Field(KEY, text) => digest_of(text).map(|made| self.digest = made),
            Item::Field(VERSION, b"13") | Item::Field(CONTENT_LENGTH, b"0") => Ok(()),
            Item::Field(VERSION, _) => Err(Refusal::UpgradeRequired),
            Item::Field(HOST, authority) => {
                if is_known(host_of(authority), policy) {
                    self.facts.add(KNOWN_HOST);
                }
                self.add_host(authority);
                Ok(())
            }
            Item::Field(ORIGIN, origin) => self.take_origin(origin, policy),
            // A body would be taken for frames.
            Item::Field(CONTENT_LENGTH | TRANSFER_ENCODING, _) => Err(Refusal::BadRequest),
            Item::Field(_, _) => Ok(()),
        }
    }

    fn take_origin(&mut self, origin: &[u8], policy: Policy<'_>) -> Result<(), Refusal> {
        if !policy.origins.is_empty() {
            return if is_listed(origin, policy) { Ok(()) } else { Err(Refusal::Forbidden) };
        }
        let authority = authority_of(origin).ok_or(Refusal::Forbidden)?;
        self.add_host(authority);
        Ok(())
    }

    fn add_host(&mut self, authority: &[u8]) {
        let mut hash = Sha1::new();
        for byte in host_of(authority) {
            hash.update([byte.to_ascii_lowercase()]);
        }
        for (known, new) in self.hosts.iter_mut().zip(hash.finalize()) {
            *known ^= new;
        }
    }
}

/// What stands behind `scheme://`.
fn authority_of(origin: &[u8]) -> Option<&[u8]> {
    let mut rest = origin;
    while let Some((_, behind)) = rest.split_first() {
        if let Some(authority) = rest.strip_prefix(b"://") {
            return Some(authority);
        }
        rest = behind;
    }
    None
}

/// A name or an address, without the port behind it.
fn host_of(authority: &[u8]) -> &[u8] {
    let end = if authority.starts_with(b"[") { b']' } else { b':' };
    authority.split(|byte| *byte == end).next().unwrap_or_default()
}

/// Whether nobody else can have a page of this host. No name is made of digits alone.
fn is_known(host: &[u8], policy: Policy<'_>) -> bool {
    let is_address = host.starts_with(b"[")
        || (!host.is_empty() && host.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.'));
    is_address
        || host.eq_ignore_ascii_case(b"localhost")
        || policy.hosts.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(host))
}

fn names_us(field: u8, list: &[u8]) -> bool {
    match field {
        UPGRADE => has_token(list, "websocket"),
        CONNECTION => has_token(list, "upgrade"),
        _ => elements(list).any(|offered| offered == SUB_PROTOCOL.as_bytes()),
    }
}

fn digest_of(key_text: &[u8]) -> Result<AcceptDigest, Refusal> {
    let key_text = <&[u8; KEY_TEXT_BYTES]>::try_from(key_text).map_err(|_| Refusal::BadRequest)?;
    let mut key = [0; KEY_TEXT_BYTES];
    match Base64::decode(key_text, &mut key) {
        Ok(key) if key.len() == KEY_BYTES => Ok(accept_digest(key_text)),
        _ => Err(Refusal::BadRequest),
    }
}

fn is_listed(origin: &[u8], policy: Policy<'_>) -> bool {
    let is_it =
        |listed: &&str| *listed == EVERY_ORIGIN || listed.as_bytes().eq_ignore_ascii_case(origin);
    policy.origins.iter().any(is_it)
}
