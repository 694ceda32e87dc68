//! `Framing`: how the frames of a session stand on its transport.
//!
//! Purpose: one frame body, two prefixes. On a stream it is `[len: u16 LE]`; on a WebSocket each body
//! is one binary message of its own. [`Framing::write`] encodes the body behind two bytes and then
//! writes the prefix: a body of up to 125 bytes stays where it is, because both prefixes have two bytes
//! then.
//!
//! Contract: what [`FrameWalk::first_frame`] walks was framed here; a peer's bytes are not walked so.
//!
//! Bounds: a stream's body has at most [`FRAME_LIMIT_MAX_BYTES`], a message's 1 MiB. For what a stream
//! carries, a WebSocket's prefix is at most [`MESSAGE_EXTRA_BYTES`] longer. Without the feature `websocket`
//! there is one framing, and this costs nothing.
//!
//! ```
//! use tinyrealm_core::wire::framing::{FrameWalk, Framing, StreamFrames};
//! use tinyrealm_core::wire::{NetFrameV1, Opcode};
//! let mut bytes = [0; 8];
//! let used = Framing::Stream.write(&mut bytes, |body| NetFrameV1::build(body, Opcode(1), b"a"));
//! assert_eq!((used, bytes), (Ok(7), [5, 0, 1, 0, 0, 0, b'a', 0]));
//! let (frame, whole) = StreamFrames::first_frame(&bytes).unwrap();
//! assert_eq!((frame.opcode.0, whole.len()), (1, 7));
//! ```

#[cfg(feature = "websocket")]
use super::NetFrameV1;
#[cfg(feature = "websocket")]
use super::ws::{FrameHeader, ParsedHeader, Side, reframe_into, write_message};
use super::{FRAME_LIMIT_MAX_BYTES, Frame, Framed, Full, PacketFramer, PacketHeader};

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
    /// Writes the body that `encode` writes as a frame at the start of `room`, and answers its bytes.
    ///
    /// # Errors
    /// [`Full`] if it does not fit `room`, or is longer than this framing allows; what is in `room` is
    /// then undefined.
    #[inline]
    pub fn write(
        self,
        room: &mut [u8],
        encode: impl FnOnce(&mut [u8]) -> Result<usize, Full>,
    ) -> Result<usize, Full> {
        match self {
            Self::Stream => write_stream_frame(room, encode),
            #[cfg(feature = "websocket")]
            Self::Message => write_message(room, None, encode),
        }
    }
}

#[inline]
fn write_stream_frame(
    room: &mut [u8],
    encode: impl FnOnce(&mut [u8]) -> Result<usize, Full>,
) -> Result<usize, Full> {
    let (header, body) = room.split_first_chunk_mut::<{ PacketHeader::BYTES }>().ok_or(Full)?;
    let body_bytes = encode(body)?;
    if body_bytes > usize::from(FRAME_LIMIT_MAX_BYTES) {
        return Err(Full);
    }
    *header = PacketHeader { body_bytes: body_bytes as u16 }.encode();
    Ok(PacketHeader::BYTES + body_bytes)
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
