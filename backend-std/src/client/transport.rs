//! `Transport`: what differs between a stream of frames and a WebSocket.

use std::ops::Range;
use std::time::Instant;

use tinyrealm_core::net::{CloseCode, NetErrorKind, NetUrl};
use tinyrealm_core::protocol::Encode;
use tinyrealm_core::wire::Full;

use super::ended::Ended;
use super::link::Link;
use super::pause::is_pause;
use super::plan::Plan;

/// What comes next of what has been read.
pub(super) enum Received<'b> {
    /// All of it is taken.
    NeedMore,
    /// A frame's body.
    Body(&'b [u8]),
    /// A question, which is answered with the same.
    Ping(&'b [u8]),
    /// A sign of life, without meaning.
    Nothing,
    /// The peer ends the connection.
    Close(CloseCode, &'b str),
    /// The peer broke the protocol, and is told this.
    Invalid(CloseCode, &'static str),
}

/// Random keys for masks: a stranger must not be able to choose what stands on the wire.
#[derive(Debug)]
pub(super) struct Masks {
    bytes: [u8; 256],
    used: usize,
}

impl Masks {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; 256], used: 256 }
    }

    pub(super) fn next(&mut self) -> [u8; 4] {
        if self.used == self.bytes.len() {
            random(&mut self.bytes);
            self.used = 0;
        }
        let key = self.bytes[self.used..].first_chunk().copied().unwrap_or_default();
        self.used += 4;
        key
    }
}

/// Random bytes of the operating system.
///
/// # Panics
/// If it has none.
pub(super) fn random(bytes: &mut [u8]) {
    use tinyrealm_core::entropy::Entropy;
    crate::OsEntropy.fill(bytes);
}

/// A transport whose greeting has gone well.
pub(super) struct Opened<T> {
    pub(super) transport: T,
    /// What it has read too much, in the buffer that it was lent.
    pub(super) leftover: Range<usize>,
    /// Which of the offered sub-protocols the peer has chosen.
    pub(super) protocol: Option<u8>,
}

/// A way to put frames onto a connection, and its state on the receiving side.
pub(super) trait Transport: Sized + Send + 'static {
    /// The schemes of its addresses.
    const SCHEMES: &'static [&'static str];

    /// The longest body that it can carry, up to `limit_bytes`.
    fn frame_limit(limit_bytes: u32) -> u32;

    /// Greets the peer, before `deadline`. What it has read too much is in `buffer`.
    fn open(
        link: &Link,
        url: &NetUrl<'_>,
        plan: &Plan,
        deadline: Instant,
        buffer: &mut [u8],
    ) -> Result<Opened<Self>, Ended>;

    /// Writes one frame, whose body is of up to `limit_bytes`, to the start of `out`, and answers its
    /// bytes.
    fn write_frame(
        out: &mut [u8],
        limit_bytes: usize,
        masks: &mut Masks,
        encode: Encode<'_>,
    ) -> Result<usize, Full>;

    /// Writes a goodbye to the start of `out`, and answers its bytes; 0 if it has none or no room.
    fn write_close(out: &mut [u8], masks: &mut Masks, code: CloseCode, reason: &str) -> usize;

    /// Writes the answer to a ping to the start of `out`, and answers its bytes; 0 for no room.
    fn write_pong(out: &mut [u8], masks: &mut Masks, payload: &[u8]) -> usize;

    /// Writes a question whether the peer is there to the start of `out`, and answers its bytes; 0 for
    /// no room.
    fn write_ping(out: &mut [u8], masks: &mut Masks) -> usize;

    /// Whether our side is shut behind what we have said; else the peer's goodbye is waited for.
    const SHUTS_ITS_SIDE: bool;

    /// Takes the next thing out of `input`.
    fn next<'b, 'i: 'b>(&'b mut self, input: &mut &'i [u8]) -> Received<'b>;

    /// What it means that the peer's side has ended now; `closing` is what we have closed with.
    fn end_of_stream(&self, closing: Option<(CloseCode, &str)>) -> Ended;
}

/// Reads before `deadline`; the end of the stream is an error here.
pub(super) fn read_before(
    link: &Link,
    deadline: Instant,
    buffer: &mut [u8],
    kind: NetErrorKind,
) -> Result<usize, Ended> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Ended::failed(kind, "the server does not answer in time"));
        }
        let read = link.set_read_timeout(Some(left)).and_then(|()| link.read(buffer));
        match read {
            Ok(0) => return Err(Ended::failed(kind, "the server has hung up")),
            Ok(count) => return Ok(count),
            Err(error) if is_pause(&error) => {}
            Err(error) => return Err(Ended::failed(kind, error.to_string())),
        }
    }
}

/// Writes all before `deadline`.
pub(super) fn write_before(
    link: &Link,
    deadline: Instant,
    mut bytes: &[u8],
    kind: NetErrorKind,
) -> Result<(), Ended> {
    while !bytes.is_empty() {
        if Instant::now() >= deadline {
            return Err(Ended::failed(kind, "the server does not listen"));
        }
        match link.write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if is_pause(&error) => {}
            Err(error) => return Err(Ended::failed(kind, error.to_string())),
        }
    }
    Ok(())
}
