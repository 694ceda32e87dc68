//! `Framing`: how the frames of a session stand on its transport (DESIGN §4).
//!
//! Purpose: one frame body, two prefixes. On a stream it is `[len: u16 LE]`; on a WebSocket each body
//! is one binary message of its own. What a node says is encoded for a stream, and
//! [`Framing::finish`] changes the prefix where the peer is a WebSocket: a body of up to 125 bytes
//! stays where it is, because both prefixes have two bytes then.
//!
//! Contract: what [`FrameWalk::first_frame`] walks was framed here; a peer's bytes are not walked so.
//!
//! Bounds: a WebSocket's prefix is at most [`MESSAGE_EXTRA_BYTES`] longer than a stream's. Without the
//! feature `websocket` there is one framing, and this costs nothing.
//!
//! ```
//! use tinyrealm_core::wire::framing::{FrameWalk, Framing, StreamFrames};
//! let mut bytes = [4, 0, 1, 0, 0, 0];
//! assert_eq!(Framing::Stream.finish(&mut bytes, 6), Ok(6));
//! let (frame, whole) = StreamFrames::first_frame(&bytes).unwrap();
//! assert_eq!((frame.opcode.0, whole.len()), (1, 6));
//! ```

#[cfg(feature = "websocket")]
use super::NetFrameV1;
#[cfg(feature = "websocket")]
use super::ws::{FrameHeader, ParsedHeader, Side, reframe_in_place, reframe_into};
use super::{Frame, Framed, Full, PacketFramer};

/// How much longer the prefix of a message may be than that of a stream's frame.
pub const MESSAGE_EXTRA_BYTES: usize = if cfg!(feature = "websocket") { 2 } else { 0 };

/// How the frames of one session stand.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum Framing {
    /// One behind the other, each behind its length.
    #[default]
    Stream,
    /// Each a binary message of a WebSocket.
    #[cfg(feature = "websocket")]
    Message,
}

impl Framing {
    /// Makes the stream frame in the first `used` bytes of `room` one of this framing, and answers
    /// its bytes.
    ///
    /// # Errors
    /// [`Full`] if `room` has no place for the longer prefix.
    #[cfg_attr(not(feature = "websocket"), expect(unused_variables))]
    pub fn finish(self, room: &mut [u8], used: usize) -> Result<usize, Full> {
        match self {
            Self::Stream => Ok(used),
            #[cfg(feature = "websocket")]
            Self::Message => reframe_in_place(room, None),
        }
    }
}

/// Walks frames that were framed here.
pub trait FrameWalk: Copy + core::fmt::Debug {
    /// The framing that it walks.
    const FRAMING: Framing;

    /// The frame at the start of `bytes`, and all its bytes.
    fn first_frame(bytes: &[u8]) -> Option<(Frame<'_>, &[u8])>;
}

/// Frames of a stream.
#[derive(Copy, Clone, Debug)]
pub struct StreamFrames;

/// Any legal length is right: it was written here.
const WALKER: PacketFramer = PacketFramer::new(u16::MAX);

impl FrameWalk for StreamFrames {
    const FRAMING: Framing = Framing::Stream;

    fn first_frame(bytes: &[u8]) -> Option<(Frame<'_>, &[u8])> {
        match WALKER.next_frame(bytes) {
            Framed::Frame { frame, rest } => Some((frame, bytes.get(..bytes.len() - rest.len())?)),
            Framed::Partial { .. } | Framed::Invalid(_) => None,
        }
    }
}

/// Copies the stream frame `stream` as a binary message to the start of `room`, and answers its bytes.
///
/// # Errors
/// [`Full`] if it does not fit.
#[cfg(feature = "websocket")]
pub fn copy_as_message(room: &mut [u8], stream: &[u8]) -> Result<usize, Full> {
    reframe_into(stream, room, None).map(|reframed| reframed.written_bytes)
}

/// Binary messages of a server's WebSocket: unmasked, each whole.
#[cfg(feature = "websocket")]
#[derive(Copy, Clone, Debug)]
pub struct MessageFrames;

#[cfg(feature = "websocket")]
impl FrameWalk for MessageFrames {
    const FRAMING: Framing = Framing::Message;

    fn first_frame(bytes: &[u8]) -> Option<(Frame<'_>, &[u8])> {
        let parsed = FrameHeader::parse(bytes, Side::Client);
        let ParsedHeader::Whole { header, header_bytes } = parsed else { return None };
        let whole = bytes.get(..header_bytes + header.payload_bytes)?;
        Some((NetFrameV1::parse(whole.get(header_bytes..)?)?, whole))
    }
}

#[cfg(all(test, feature = "websocket"))]
mod tests;
