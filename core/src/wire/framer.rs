//! `PacketFramer`: cuts `[len][body]` frames out of received bytes.
//!
//! Purpose: zero-copy on contiguous input. Its answer carries what remains, so a loop over
//! [`PacketFramer::next_frame`] walks a whole read without an index of its own.
//!
//! Contract: stateless; the caller keeps the bytes of a partial frame (the session does, in a pool
//! buffer, see [`crate::session::receiver`]). The same bytes give the same frames however they are
//! split. An invalid length is final: nothing after it can be trusted.
//!
//! Bounds: one call looks at one header and one body; a body is 4 bytes to the frame limit.
//!
//! ```
//! use tinyrealm_core::wire::{Framed, PacketFramer};
//! let framer = PacketFramer::new(512);
//! let mut input = &[4, 0, 1, 0, 0, 0, 6, 0, 2][..];
//! let mut opcodes = Vec::new();
//! while let Framed::Frame { frame, rest } = framer.next_frame(input) {
//!     opcodes.push(frame.opcode.0);
//!     input = rest;
//! }
//! assert_eq!(opcodes, [1]);
//! assert_eq!(framer.next_frame(input), Framed::Partial { frame_bytes: 8 });
//! ```

use super::frame::{Frame, NetFrameV1};
use super::header::{FRAME_LIMIT_MAX_BYTES, FRAME_LIMIT_MIN_BYTES, PacketHeader};

/// Cuts frames out of a byte stream; see the [module](self).
#[derive(Copy, Clone, Debug)]
pub struct PacketFramer {
    limit_bytes: u16,
}

/// What [`PacketFramer::next_frame`] found at the start of its input.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Framed<'a> {
    /// A whole frame, and the bytes behind it.
    Frame {
        /// The frame.
        frame: Frame<'a>,
        /// The input after the frame.
        rest: &'a [u8],
    },
    /// The beginning of a frame.
    Partial {
        /// Bytes of the whole frame, prefix included; if the prefix itself is not there yet, the
        /// bytes of the prefix.
        frame_bytes: usize,
    },
    /// A length that no frame of this link may have.
    Invalid(FrameError),
}

/// Why a length prefix is refused: the peer broke the protocol.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum FrameError {
    /// The body could not hold an opcode.
    TooShort {
        /// The announced body length.
        body_bytes: u16,
    },
    /// The body is over the link's frame limit.
    TooLong {
        /// The announced body length.
        body_bytes: u16,
    },
}

impl PacketFramer {
    /// A framer that takes bodies of up to `limit_bytes`, clamped to what the wire allows.
    pub const fn new(limit_bytes: u16) -> Self {
        let limit_bytes = if limit_bytes > FRAME_LIMIT_MAX_BYTES {
            FRAME_LIMIT_MAX_BYTES
        } else if limit_bytes < FRAME_LIMIT_MIN_BYTES {
            FRAME_LIMIT_MIN_BYTES
        } else {
            limit_bytes
        };
        Self { limit_bytes }
    }

    /// The largest body that is taken, in bytes.
    pub const fn limit_bytes(self) -> u16 {
        self.limit_bytes
    }

    /// Looks for one frame at the start of `input`.
    #[inline]
    pub fn next_frame(self, input: &[u8]) -> Framed<'_> {
        let Some((prefix, after)) = input.split_first_chunk::<{ PacketHeader::BYTES }>() else {
            return Framed::Partial { frame_bytes: PacketHeader::BYTES };
        };
        let body_bytes = u16::from_le_bytes(*prefix);
        if body_bytes < FRAME_LIMIT_MIN_BYTES {
            return Framed::Invalid(FrameError::TooShort { body_bytes });
        }
        if body_bytes > self.limit_bytes {
            return Framed::Invalid(FrameError::TooLong { body_bytes });
        }
        let partial =
            Framed::Partial { frame_bytes: PacketHeader::BYTES + usize::from(body_bytes) };
        let Some((body, rest)) = after.split_at_checked(usize::from(body_bytes)) else {
            return partial;
        };
        NetFrameV1::parse(body).map_or(partial, |frame| Framed::Frame { frame, rest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Opcode, write_frame};
    use proptest::prelude::*;
    use std::vec::Vec;

    const FRAMER: PacketFramer = PacketFramer::new(64);

    #[test]
    fn both_sides_of_each_length_limit() {
        let body = |len: u16| {
            let mut input = [0u8; 70];
            input[..2].copy_from_slice(&len.to_le_bytes());
            input
        };
        assert_eq!(
            FRAMER.next_frame(&body(3)),
            Framed::Invalid(FrameError::TooShort { body_bytes: 3 })
        );
        assert!(matches!(FRAMER.next_frame(&body(4)), Framed::Frame { .. }));
        assert!(matches!(FRAMER.next_frame(&body(64)), Framed::Frame { .. }));
        assert_eq!(
            FRAMER.next_frame(&body(65)),
            Framed::Invalid(FrameError::TooLong { body_bytes: 65 })
        );
    }

    #[test]
    fn an_invalid_length_is_told_before_its_body_arrives() {
        assert!(matches!(FRAMER.next_frame(&[0xFF, 0xFF]), Framed::Invalid(_)));
        assert!(matches!(FRAMER.next_frame(b"GET / HTTP/1.1"), Framed::Invalid(_)));
    }

    #[test]
    fn the_limit_is_clamped_to_the_wire() {
        assert_eq!(PacketFramer::new(u16::MAX).limit_bytes(), FRAME_LIMIT_MAX_BYTES);
        assert_eq!(PacketFramer::new(0).limit_bytes(), FRAME_LIMIT_MIN_BYTES);
    }

    proptest! {
        #[test]
        fn what_is_written_is_cut_again(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..20),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut stream = Vec::new();
            for (opcode, payload) in payloads.iter().enumerate() {
                let mut frame = [0; 66];
                let used = write_frame(&mut frame, Opcode(opcode as i32), payload).unwrap();
                stream.extend_from_slice(&frame[..used]);
            }
            let arrived = &stream[..cut.index(stream.len() + 1)];
            let mut input = arrived;
            let mut seen = 0;
            while let Framed::Frame { frame, rest } = FRAMER.next_frame(input) {
                prop_assert_eq!(frame.opcode, Opcode(seen as i32));
                prop_assert_eq!(frame.payload, &payloads[seen][..]);
                seen += 1;
                input = rest;
            }
            let missing = matches!(FRAMER.next_frame(input), Framed::Partial { frame_bytes } if frame_bytes > input.len());
            prop_assert!(missing);
            prop_assert!(arrived.len() < stream.len() || seen == payloads.len());
        }

        #[test]
        fn any_bytes_are_answered_without_losing_count(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut input = &bytes[..];
            while let Framed::Frame { frame, rest } = FRAMER.next_frame(input) {
                prop_assert_eq!(input.len() - rest.len(), frame.payload.len() + 6);
                input = rest;
            }
        }
    }
}
