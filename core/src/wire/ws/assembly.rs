//! `Assembly`: frames to messages, with one buffer a connection, and none while nothing is pending.
//!
//! Purpose: collects the frame that is arriving, and the pieces of the message that it belongs to, in
//! a buffer of the caller's: `[pieces so far, unmasked, close together][bytes of one frame]`.
//! Control frames are told apart between the pieces.
//!
//! Contract: the caller brings what [`Step::NeedMore`] asks for and never more, so that the buffer
//! ends where the frame ends. Behind any other step ([`Step::Piece`], which is told so that it can be
//! counted, is one), and once its bytes have been read, what counts
//! are the first [`Assembly::kept_bytes`] of the buffer: the caller cuts the rest off, and gives
//! the buffer back if nothing is left. A whole message in the input needs none of this
//! ([`Assembly::whole_message`]). [`Step::Invalid`] is final. The same bytes give the same steps
//! however they are split.
//!
//! Bounds: [`buffer_bytes`]; 4 bytes a connection, all-zero at the beginning; one frame a step. A frame
//! that would make its message longer than the limit is refused by its header.
//!
//! ```text
//!            Binary, final: Message          Continuation: kept
//!              ┌──┐                            ┌──┐
//!              │  ▼        Binary: kept        │  ▼
//!             Idle ──────────────────────► Within a message
//!               ▲                                │
//!               └────────────────────────────────┘
//!                 Continuation, final: Message
//! ```
//!
//! ```
//! use tinyrealm_core::wire::ws::{Assembly, Rules, Side, Step};
//! let rules = Rules { side: Side::Client, limit_bytes: 64 };
//! let mut assembly = Assembly::default();
//! // "Hel", a ping, "lo": the first frame, then the ping behind what is kept of it…
//! let mut buffer = *b"\x02\x03Hel\x89\x01?";
//! let step = assembly.step(&mut buffer[..5], rules);
//! assert_eq!((step, assembly.kept_bytes()), (Step::Piece, 3));
//! buffer.copy_within(5.., 3);
//! assert_eq!(assembly.step(&mut buffer[..6], rules), Step::Ping(5..6));
//! // …and the end of the message, behind the same.
//! let mut buffer = *b"Hel\x80\x02lo";
//! assert_eq!(assembly.kept_bytes(), 3);
//! assert_eq!(assembly.step(&mut buffer, rules), Step::Message(0..5));
//! assert_eq!((&buffer[..5], assembly.kept_bytes()), (&b"Hello"[..], 0));
//! ```

use core::ops::Range;

use super::close::{Close, CloseCode};
use super::header::{CONTROL_FRAME_MAX_BYTES, FrameHeader, FrameKind, MaskKey, ParsedHeader, Side};
use super::mask::{apply_mask, copy_masked};
use super::move_within;
use crate::wire::Full;

/// What the longest buffer that [`Assembly`] asks for holds, in bytes: all but nothing of a message,
/// and a control frame behind it. (The last piece of a message is shorter with its header than
/// that: what is over the limit is refused by its header, of 14 bytes at most.)
pub const fn buffer_bytes(limit_bytes: u32) -> usize {
    limit_bytes as usize + CONTROL_FRAME_MAX_BYTES
}

/// The longest message that any connection takes.
pub const MESSAGE_LIMIT_MAX_BYTES: u32 = 1024 * 1024;

/// What a connection takes.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Rules {
    /// Which side we are.
    pub side: Side,
    /// The longest message, up to [`MESSAGE_LIMIT_MAX_BYTES`].
    pub limit_bytes: u32,
}

impl Rules {
    const fn limit_bytes(self) -> usize {
        if self.limit_bytes < MESSAGE_LIMIT_MAX_BYTES {
            self.limit_bytes as usize
        } else {
            MESSAGE_LIMIT_MAX_BYTES as usize
        }
    }
}

/// What [`Assembly::step`] found. Ranges are places in the buffer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// The frame in the buffer is not whole, or there is none.
    NeedMore {
        /// The buffer is to be cut to this; 0 if it is to be given back.
        kept_bytes: usize,
        /// Then so many bytes have to be appended, or a part of them; never more.
        missing_bytes: usize,
    },
    /// A piece of a message that goes on, maybe an empty one.
    Piece,
    /// A whole binary message.
    Message(Range<usize>),
    /// A question, to be answered by a Pong with the same payload.
    Ping(Range<usize>),
    /// An answer, or a sign of life.
    Pong(Range<usize>),
    /// The peer ends the connection; it is to be answered by a Close, and nothing comes behind it.
    Close {
        /// Why.
        code: CloseCode,
        /// A text for logs, checked to be UTF-8.
        reason: Range<usize>,
    },
    /// The peer broke the protocol and is to be told this; nothing after it can be trusted.
    Invalid(CloseCode),
}

/// The state of one connection; see the [module](self). All-zero bits: no message is under way.
#[derive(Copy, Clone, Default, PartialEq, Eq, Debug)]
pub struct Assembly {
    /// Little-endian, without an alignment: it lies in every session.
    assembled_bytes: [u8; 3],
    is_within_message: bool,
}

const _: () = assert!(MESSAGE_LIMIT_MAX_BYTES < 1 << 24 && size_of::<Assembly>() == 4);

/// A message at the start of the input, still masked if the peer is a client.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct WholeMessage<'i> {
    /// The message as it has arrived.
    pub payload: &'i [u8],
    /// What it is masked with.
    pub mask: Option<MaskKey>,
    /// The input after the message.
    pub rest: &'i [u8],
}

impl WholeMessage<'_> {
    /// Copies the message, unmasked, to the start of `destination`, and answers its bytes.
    ///
    /// # Errors
    /// [`Full`] if it does not fit.
    #[inline]
    pub fn copy_into(self, destination: &mut [u8]) -> Result<usize, Full> {
        copy_masked(self.payload, destination, self.mask.unwrap_or_default(), 0)?;
        Ok(self.payload.len())
    }
}

impl Assembly {
    /// Bytes at the front of the buffer that have to stay there for the steps to come.
    pub const fn kept_bytes(self) -> usize {
        let [low, middle, high] = self.assembled_bytes;
        u32::from_le_bytes([low, middle, high, 0]) as usize
    }

    /// The short way: the message in one piece at the start of `input`, which has to be all that is
    /// pending. `None` says nothing of what else there is: take a step.
    #[inline]
    pub fn whole_message<'i>(self, input: &'i [u8], rules: Rules) -> Option<WholeMessage<'i>> {
        let parsed = FrameHeader::parse(input, rules.side);
        let ParsedHeader::Whole { header, header_bytes } = parsed else { return None };
        let is_message = matches!(header.kind, FrameKind::Binary) && header.is_final;
        let is_long = header.payload_bytes > rules.limit_bytes();
        if self.is_within_message || !is_message || is_long {
            return None;
        }
        let behind = input.get(header_bytes..)?;
        let (payload, rest) = behind.split_at_checked(header.payload_bytes)?;
        Some(WholeMessage { payload, mask: header.mask, rest })
    }

    /// Looks at the frame behind the pieces in `filled`, the part of the buffer that has been filled.
    pub fn step(&mut self, filled: &mut [u8], rules: Rules) -> Step {
        let (assembled, filled_bytes) = (self.kept_bytes(), filled.len());
        let Some(frame) = filled.get_mut(assembled..) else {
            // The caller has lost bytes of the message.
            return Step::Invalid(CloseCode::INTERNAL_ERROR);
        };
        let need = |frame_bytes: usize| Step::NeedMore {
            kept_bytes: filled_bytes,
            missing_bytes: frame_bytes.saturating_sub(filled_bytes.saturating_sub(assembled)),
        };
        let (header, header_bytes) = match FrameHeader::parse(frame, rules.side) {
            ParsedHeader::Whole { header, header_bytes } => (header, header_bytes),
            ParsedHeader::Partial { header_bytes } => return need(header_bytes),
            ParsedHeader::Invalid(code) => return Step::Invalid(code),
        };
        if let Err(code) = self.admit(header, rules) {
            return Step::Invalid(code);
        }
        let frame_bytes = header_bytes + header.payload_bytes;
        let Some(payload) = frame.get_mut(header_bytes..frame_bytes) else {
            return need(frame_bytes);
        };
        if let Some(key) = header.mask {
            apply_mask(payload, key, 0);
        }
        let place = assembled + header_bytes..assembled + frame_bytes;
        match header.kind {
            FrameKind::Ping => Step::Ping(place),
            FrameKind::Pong => Step::Pong(place),
            FrameKind::Close => close_step(payload, place),
            FrameKind::Text | FrameKind::Binary | FrameKind::Continuation => {
                self.append(filled, place, header.is_final)
            }
        }
    }

    /// Whether a frame with this header may come now.
    fn admit(self, header: FrameHeader, rules: Rules) -> Result<(), CloseCode> {
        match (header.kind, self.is_within_message) {
            (FrameKind::Close | FrameKind::Ping | FrameKind::Pong, _) => Ok(()),
            (FrameKind::Continuation, false) | (FrameKind::Text | FrameKind::Binary, true) => {
                Err(CloseCode::PROTOCOL_ERROR)
            }
            (FrameKind::Text, false) => Err(CloseCode::UNSUPPORTED_DATA),
            (FrameKind::Binary, false) | (FrameKind::Continuation, true) => {
                let left = rules.limit_bytes().saturating_sub(self.kept_bytes());
                let fits = header.payload_bytes <= left;
                if fits { Ok(()) } else { Err(CloseCode::MESSAGE_TOO_BIG) }
            }
        }
    }

    /// The piece at `place` is the message's next, and its last if it is final.
    fn append(&mut self, filled: &mut [u8], place: Range<usize>, is_final: bool) -> Step {
        if is_final && !self.is_within_message {
            return Step::Message(place);
        }
        let end = self.kept_bytes() + place.len();
        move_within(filled, place, self.kept_bytes());
        if is_final {
            *self = Self::default();
            return Step::Message(0..end);
        }
        let [low, middle, high, _] = (end as u32).to_le_bytes();
        *self = Self { assembled_bytes: [low, middle, high], is_within_message: true };
        Step::Piece
    }
}

fn close_step(payload: &[u8], place: Range<usize>) -> Step {
    match Close::parse(payload) {
        Ok(Close { code, reason }) => {
            Step::Close { code, reason: place.end - reason.len()..place.end }
        }
        Err(code) => Step::Invalid(code),
    }
}

#[cfg(test)]
mod tests;
