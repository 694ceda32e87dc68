//! `Stream`: frames with their length in front, straight on TCP.

use std::time::Instant;

use tinyrealm_core::net::{CloseCode, NetErrorKind, NetUrl};
use tinyrealm_core::protocol::either_way::Ping;
use tinyrealm_core::protocol::{Encode, encode_frame};
use tinyrealm_core::wire::{FRAME_LIMIT_MAX_BYTES, Framed, Full, PacketFramer, PacketHeader};

use super::ended::Ended;
use super::link::Link;
use super::plan::Plan;
use super::transport::{Masks, Opened, Received, Transport};

/// The receiving side: the part of a frame that has been read.
pub struct Stream {
    framer: PacketFramer,
    partial: Box<[u8]>,
    filled: usize,
    /// The frame in `partial` was handed out.
    is_spent: bool,
}

impl Stream {
    pub(super) fn new(limit_bytes: u16) -> Self {
        let framer = PacketFramer::new(limit_bytes);
        let frame_bytes = PacketHeader::BYTES + usize::from(framer.limit_bytes());
        let partial = vec![0; frame_bytes].into();
        Self { framer, partial, filled: 0, is_spent: false }
    }

    /// Appends to the partial frame what it lacks, as far as it is there.
    fn complete(&mut self, input: &mut &[u8], frame_bytes: usize) {
        let count = frame_bytes.saturating_sub(self.filled).min(input.len());
        let (now, later) = input.split_at(count);
        self.partial[self.filled..self.filled + count].copy_from_slice(now);
        self.filled += count;
        *input = later;
    }
}

impl Transport for Stream {
    const SCHEMES: &'static [&'static str] =
        if cfg!(feature = "tls") { &["tcp", "tls"] } else { &["tcp"] };
    const SHUTS_ITS_SIDE: bool = true;

    fn frame_limit(limit_bytes: u32) -> u32 {
        limit_bytes.min(FRAME_LIMIT_MAX_BYTES.into())
    }

    fn open(
        _: &Link,
        _: &NetUrl<'_>,
        plan: &Plan,
        _: Instant,
        _: &mut [u8],
    ) -> Result<Opened<Self>, Ended> {
        // The plan's limit is a stream's.
        let limit_bytes = u16::try_from(plan.options.frame_limit_bytes).unwrap_or(u16::MAX);
        Ok(Opened { transport: Self::new(limit_bytes), leftover: 0..0, protocol: None })
    }

    fn write_frame(
        out: &mut [u8],
        limit_bytes: usize,
        _: &mut Masks,
        encode: Encode<'_>,
    ) -> Result<usize, Full> {
        let (header, rest) = out.split_first_chunk_mut::<{ PacketHeader::BYTES }>().ok_or(Full)?;
        let room = rest.len().min(limit_bytes);
        let body_bytes = encode(&mut rest[..room])?;
        *header = PacketHeader { body_bytes: body_bytes as u16 }.encode();
        Ok(PacketHeader::BYTES + body_bytes)
    }

    fn write_close(_: &mut [u8], _: &mut Masks, _: CloseCode, _: &str) -> usize {
        0
    }

    fn write_pong(_: &mut [u8], _: &mut Masks, _: &[u8]) -> usize {
        0
    }

    fn write_ping(out: &mut [u8], _: &mut Masks) -> usize {
        encode_frame(&Ping { nonce: 0 }, out).unwrap_or(0)
    }

    fn next<'b, 'i: 'b>(&'b mut self, input: &mut &'i [u8]) -> Received<'b> {
        if std::mem::take(&mut self.is_spent) {
            self.filled = 0;
        }
        if self.filled == 0 {
            match self.framer.next_frame(input) {
                Framed::Frame { rest, .. } => {
                    let body = &input[PacketHeader::BYTES..input.len() - rest.len()];
                    *input = rest;
                    return Received::Body(body);
                }
                Framed::Invalid(_) => {
                    return Received::Invalid(CloseCode::PROTOCOL_ERROR, "a frame of wrong length");
                }
                Framed::Partial { .. } => {}
            }
        }
        loop {
            match self.framer.next_frame(&self.partial[..self.filled]) {
                Framed::Partial { frame_bytes } => {
                    if input.is_empty() {
                        return Received::NeedMore;
                    }
                    self.complete(input, frame_bytes);
                }
                Framed::Frame { .. } => {
                    self.is_spent = true;
                    return Received::Body(&self.partial[PacketHeader::BYTES..self.filled]);
                }
                Framed::Invalid(_) => {
                    return Received::Invalid(CloseCode::PROTOCOL_ERROR, "a frame of wrong length");
                }
            }
        }
    }

    fn end_of_stream(&self, closing: Option<(CloseCode, &str)>) -> Ended {
        match closing {
            Some((code, reason)) => Ended::closed(code, reason),
            None if self.filled == 0 || self.is_spent => {
                Ended::closed(CloseCode::NO_STATUS, "the peer has closed")
            }
            None => Ended::failed(NetErrorKind::Lost, "the stream ends within a frame"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinyrealm_core::wire::{Opcode, write_frame};

    #[test]
    fn bodies_are_the_same_however_they_are_cut() {
        let mut bytes = [0; 64];
        let mut used = 0;
        for payload in [&b"a"[..], b"", b"bcdefgh"] {
            used += write_frame(&mut bytes[used..], Opcode(7), payload).unwrap();
        }
        for step in 1..=used {
            let mut stream = Stream::new(16);
            let mut bodies = Vec::new();
            for mut input in bytes[..used].chunks(step) {
                while let Received::Body(body) = stream.next(&mut input) {
                    bodies.push(body.len());
                }
                assert!(input.is_empty());
            }
            assert_eq!(bodies, [5, 4, 11], "in steps of {step}");
        }
    }

    #[test]
    fn both_sides_of_the_frame_limit() {
        let mut out = [0; 64];
        let encode =
            |count: usize| move |out: &mut [u8]| out.get_mut(..count).map(|_| count).ok_or(Full);
        let mut masks = Masks::new();
        assert_eq!(Stream::write_frame(&mut out, 16, &mut masks, &encode(16)), Ok(18));
        let over = Stream::write_frame(&mut out, 16, &mut masks, &encode(17));
        assert_eq!(over, Err(Full));
        let full = Stream::write_frame(&mut out[..17], 16, &mut masks, &encode(16));
        assert_eq!(full, Err(Full));
        let mut input = &[17, 0][..];
        assert!(matches!(Stream::new(16).next(&mut input), Received::Invalid(..)));
        let mut input = &[16, 0][..];
        assert!(matches!(Stream::new(16).next(&mut input), Received::NeedMore));
    }
}
