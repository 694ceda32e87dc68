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
mod tests {
    use super::*;
    use crate::wire::{Opcode, write_frame};
    use std::vec;
    use std::vec::Vec;

    fn stream_frame(payload_bytes: usize) -> Vec<u8> {
        let payload: Vec<u8> = (0..payload_bytes).map(|n| n as u8).collect();
        let mut bytes = vec![0; payload_bytes + 8];
        let used = write_frame(&mut bytes, Opcode(7), &payload).unwrap();
        bytes.truncate(used);
        bytes
    }

    /// Both sides of the longest body with a short prefix.
    #[test]
    fn the_prefix_changes_and_the_body_does_not() {
        for (payload_bytes, prefix) in [
            (0, &[0x82, 4][..]),
            (121, &[0x82, 125]),
            (122, &[0x82, 126, 0, 126]),
            (600, &[0x82, 126, 2, 92]),
        ] {
            let stream = stream_frame(payload_bytes);
            let expected = [prefix, &stream[2..]].concat();
            let mut room = stream.clone();
            room.resize(stream.len() + 2, 0xEE);
            let used = Framing::Message.finish(&mut room, stream.len()).unwrap();
            assert_eq!(room[..used], expected);
            let mut copy = vec![0; expected.len()];
            assert_eq!(copy_as_message(&mut copy, &stream), Ok(expected.len()));
            assert_eq!(copy, expected);
            let (frame, whole) = MessageFrames::first_frame(&expected).unwrap();
            assert_eq!((frame.opcode, frame.payload.len()), (Opcode(7), payload_bytes));
            assert_eq!(whole, expected);
        }
    }

    #[test]
    fn both_sides_of_the_room() {
        let stream = stream_frame(122);
        let mut exact = [&stream[..], &[0; 2]].concat();
        assert!(Framing::Message.finish(&mut exact, stream.len()).is_ok());
        let mut short = [&stream[..], &[0; 1]].concat();
        assert_eq!(Framing::Message.finish(&mut short, stream.len()), Err(Full));
        assert!(copy_as_message(&mut vec![0; stream.len() + 2], &stream).is_ok());
        assert_eq!(copy_as_message(&mut vec![0; stream.len() + 1], &stream), Err(Full));
    }
}
