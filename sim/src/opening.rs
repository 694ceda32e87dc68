//! The first frame that somebody says on a connection, over either transport.

use tinyrealm_core::wire::ws::{FrameHeader, ParsedHeader, Side, apply_mask};
use tinyrealm_core::wire::{Framed, NetFrameV1, PacketFramer};

const BLANK_LINE: &[u8] = b"\r\n\r\n";

/// Its body, if `opening`, the beginning of what was said, has all of it.
pub(crate) fn first_body(opening: &[u8]) -> Option<Vec<u8>> {
    if !opening.starts_with(b"GET ") {
        let Framed::Frame { frame, .. } = PacketFramer::new(u16::MAX).next_frame(opening) else {
            return None;
        };
        let mut body = vec![0; NetFrameV1::body_bytes(frame.payload.len())];
        NetFrameV1::build(&mut body, frame.opcode, frame.payload).ok()?;
        return Some(body);
    }
    let head = opening.windows(BLANK_LINE.len()).position(|bytes| bytes == BLANK_LINE)?;
    let said = &opening[head + BLANK_LINE.len()..];
    let ParsedHeader::Whole { header, header_bytes } = FrameHeader::parse(said, Side::Server)
    else {
        return None;
    };
    let mut body = said.get(header_bytes..header_bytes + header.payload_bytes)?.to_vec();
    apply_mask(&mut body, header.mask?, 0);
    Some(body)
}
