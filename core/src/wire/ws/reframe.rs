//! Bodies, and stream frames, `[len: u16 LE][body]`, as WebSocket frames.
//!
//! Purpose: a node's packets have their bodies written once, behind two bytes, where the header grows if
//! it must; what a ring has as stream frames is copied. For a server and a body of up to 125 bytes both
//! prefixes have two bytes.
//!
//! Contract: the body's bytes stay what they are, or are masked if a key is given (a client's way).
//!
//! Bounds: one pass over one frame.
//!
//! ```
//! use tinyrealm_core::wire::ws::reframe_into;
//! let mut message = [0; 7];
//! assert_eq!(reframe_into(&[5, 0, 1, 0, 0, 0, b'x'], &mut message, None).unwrap().written_bytes, 7);
//! assert_eq!(message, [0x82, 5, 1, 0, 0, 0, b'x']);
//! ```

use super::CONTROL_PAYLOAD_MAX_BYTES;
use super::MESSAGE_LIMIT_MAX_BYTES;
use super::header::{FrameHeader, FrameKind, MaskKey};
use super::mask::{apply_mask, copy_masked};
use super::move_within;
use crate::wire::{Full, PacketHeader};

/// What [`reframe_into`] has done.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Reframed {
    /// Bytes of the stream frame; the next one begins behind them.
    pub read_bytes: usize,
    /// Bytes of the message.
    pub written_bytes: usize,
}

/// The bytes that the shortest header has: a body is written behind them.
const SHORTEST_BYTES: usize = 2;

/// Writes the body that `encode` writes as a message at the start of `buffer`, and answers its bytes.
///
/// # Errors
/// [`Full`] if it does not fit, or is longer than [`MESSAGE_LIMIT_MAX_BYTES`]; what is in `buffer` is then
/// undefined.
#[inline]
pub fn write_message(
    buffer: &mut [u8],
    mask: Option<MaskKey>,
    encode: impl FnOnce(&mut [u8]) -> Result<usize, Full>,
) -> Result<usize, Full> {
    let body_bytes = encode(buffer.get_mut(SHORTEST_BYTES..).ok_or(Full)?)?;
    if body_bytes > MESSAGE_LIMIT_MAX_BYTES as usize {
        return Err(Full);
    }
    let header = FrameHeader::message(body_bytes, mask);
    let header_bytes = header.bytes();
    let message = buffer.get_mut(..header_bytes + body_bytes).ok_or(Full)?;
    if header_bytes > SHORTEST_BYTES {
        move_within(message, SHORTEST_BYTES..SHORTEST_BYTES + body_bytes, header_bytes);
    }
    header.write(message)?;
    if let (Some(key), Some(body)) = (mask, message.get_mut(header_bytes..)) {
        apply_mask(body, key, 0);
    }
    Ok(message.len())
}

/// Copies the stream frame at the start of `stream` into `destination`, as a message.
///
/// # Errors
/// [`Full`] if the frame is not whole or the message does not fit; the content of `destination` is
/// then undefined.
#[inline]
pub fn reframe_into(
    stream: &[u8],
    destination: &mut [u8],
    mask: Option<MaskKey>,
) -> Result<Reframed, Full> {
    let (prefix, rest) = stream.split_first_chunk::<{ PacketHeader::BYTES }>().ok_or(Full)?;
    let body_bytes = usize::from(u16::from_le_bytes(*prefix));
    let body = rest.get(..body_bytes).ok_or(Full)?;
    let written_bytes = put(destination, FrameHeader::message(body_bytes, mask), body)?;
    Ok(Reframed { read_bytes: PacketHeader::BYTES + body_bytes, written_bytes })
}

/// Writes a whole frame of any kind and answers its bytes.
///
/// # Errors
/// [`Full`] if it does not fit, or if a control frame's payload is over 125 bytes.
pub fn write_frame(
    destination: &mut [u8],
    kind: FrameKind,
    mask: Option<MaskKey>,
    payload: &[u8],
) -> Result<usize, Full> {
    if kind.is_control() && payload.len() > CONTROL_PAYLOAD_MAX_BYTES {
        return Err(Full);
    }
    let header = FrameHeader { is_final: true, kind, mask, payload_bytes: payload.len() };
    put(destination, header, payload)
}

#[inline]
fn put(destination: &mut [u8], header: FrameHeader, payload: &[u8]) -> Result<usize, Full> {
    let header_bytes = header.write(destination)?;
    let rest = destination.get_mut(header_bytes..).ok_or(Full)?;
    match header.mask {
        Some(key) => copy_masked(payload, rest, key, 0)?,
        None => rest.get_mut(..payload.len()).ok_or(Full)?.copy_from_slice(payload),
    }
    Ok(header_bytes + payload.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ws::{ParsedHeader, Side};
    use crate::wire::{Opcode, write_frame as write_stream_frame};
    use std::{vec, vec::Vec};

    fn stream_frame(body_bytes: usize) -> Vec<u8> {
        let payload: Vec<u8> = (4..body_bytes).map(|place| place as u8).collect();
        let mut frame = vec![0; body_bytes + 2];
        write_stream_frame(&mut frame, Opcode(0x0102_0304), &payload).unwrap();
        frame
    }

    const BODIES: [usize; 6] = [4, 124, 125, 126, 127, 17_734];

    #[test]
    fn both_ways_give_the_same_message() {
        for (body_bytes, mask) in BODIES.iter().flat_map(|b| [(*b, None), (*b, Some([1, 2, 3, 4]))])
        {
            let stream = stream_frame(body_bytes);
            let header_bytes =
                if body_bytes > 125 { 4 } else { 2 } + if mask.is_some() { 4 } else { 0 };
            let mut copied = vec![0; header_bytes + body_bytes];
            let reframed = reframe_into(&stream, &mut copied, mask).unwrap();
            let written_bytes = copied.len();
            assert_eq!(reframed, Reframed { read_bytes: stream.len(), written_bytes });

            let mut placed = vec![0xEE; copied.len()];
            assert_eq!(write_message(&mut placed, mask, body_of(&stream)), Ok(copied.len()));
            assert_eq!(placed, copied);

            let side = if mask.is_some() { Side::Server } else { Side::Client };
            let header = FrameHeader::message(body_bytes, mask);
            let parsed = FrameHeader::parse(&copied, side);
            assert_eq!(parsed, ParsedHeader::Whole { header, header_bytes });
            apply_mask(&mut copied[header_bytes..], mask.unwrap_or_default(), 0);
            assert_eq!(copied[header_bytes..], stream[2..]);
        }
    }

    #[test]
    fn both_sides_of_the_room() {
        for (body_bytes, mask) in BODIES.iter().flat_map(|b| [(*b, None), (*b, Some([1, 2, 3, 4]))])
        {
            let stream = stream_frame(body_bytes);
            let bytes = FrameHeader::message(body_bytes, mask).bytes() + body_bytes;
            assert!(reframe_into(&stream, &mut vec![0; bytes], mask).is_ok());
            assert_eq!(reframe_into(&stream, &mut vec![0; bytes - 1], mask), Err(Full));
            let cut = &stream[..stream.len() - 1];
            assert_eq!(reframe_into(cut, &mut vec![0; bytes], mask), Err(Full));
            let short = write_message(&mut vec![0; bytes - 1], mask, body_of(&stream));
            assert_eq!(short, Err(Full));
        }
        assert_eq!(write_message(&mut [1], None, |_| Ok(0)), Err(Full));
    }

    /// Both sides of each length of a header, and of the longest message.
    #[test]
    fn a_message_may_be_longer_than_a_streams_frame() {
        let mut buffer = vec![0; 1_048_577 + 14];
        for (body_bytes, header_bytes) in [(17_735, 4), (65_535, 4), (65_536, 10), (1_048_576, 10)]
        {
            let written = write_message(&mut buffer, None, |body: &mut [u8]| {
                body[0] = 1;
                body[body_bytes - 1] = 2;
                Ok(body_bytes)
            });
            assert_eq!(written, Ok(header_bytes + body_bytes));
            assert_eq!((buffer[header_bytes], buffer[header_bytes + body_bytes - 1]), (1, 2));
        }
        assert_eq!(write_message(&mut buffer, None, |_| Ok(1_048_577)), Err(Full));
    }

    fn body_of(stream: &[u8]) -> impl Fn(&mut [u8]) -> Result<usize, Full> {
        |room| {
            let body = &stream[PacketHeader::BYTES..];
            room.get_mut(..body.len()).ok_or(Full)?.copy_from_slice(body);
            Ok(body.len())
        }
    }

    #[test]
    fn a_row_of_frames_is_walked() {
        let stream: Vec<u8> = BODIES.iter().flat_map(|bytes| stream_frame(*bytes)).collect();
        let (mut rest, mut out) = (&stream[..], vec![0; stream.len() + 6]);
        let mut written = 0;
        while !rest.is_empty() {
            let reframed = reframe_into(rest, &mut out[written..], None).unwrap();
            rest = &rest[reframed.read_bytes..];
            written += reframed.written_bytes;
        }
        assert_eq!(written, out.len());
    }

    #[test]
    fn both_sides_of_a_control_payload() {
        let most = [0; 126];
        let frame = |bytes: usize, kind| write_frame(&mut [0; 256], kind, None, &most[..bytes]);
        assert_eq!(frame(125, FrameKind::Ping), Ok(127));
        assert_eq!(frame(126, FrameKind::Ping), Err(Full));
        assert_eq!(frame(126, FrameKind::Binary), Ok(130));
    }
}
