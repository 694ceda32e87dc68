//! `WebSocket`: one binary message a frame's body, by the core's codec.

use std::ops::Range;
use std::time::Instant;

use tinyrealm_core::net::{CloseCode, NetErrorKind, NetUrl};
use tinyrealm_core::protocol::{Encode, SendError};
use tinyrealm_core::wire::PacketHeader;
use tinyrealm_core::wire::ws::close::REASON_MAX_BYTES;
use tinyrealm_core::wire::ws::handshake::{Answer, AnswerError, Request, Requester};
use tinyrealm_core::wire::ws::header::{CONTROL_PAYLOAD_MAX_BYTES, HEADER_MAX_BYTES};
use tinyrealm_core::wire::ws::{
    Assembly, Close, FrameKind, Rules, Side, Step, buffer_bytes, reframe_in_place, write_frame,
};

use super::ended::Ended;
use super::link::Link;
use super::options::NetOptions;
use super::transport::{Masks, Received, Transport, random, read_before, write_before};

/// The longest answer of a server to the handshake.
const ANSWER_LIMIT_BYTES: u16 = 8 * 1_024;
/// The longest line in it that matters.
const LINE_BYTES: usize = 512;
/// What a request has beside its host and target.
const REQUEST_BYTES: usize = 512;

/// The receiving side: the pieces of a message that have been read.
pub struct WebSocket {
    assembly: Assembly,
    rules: Rules,
    buffer: Box<[u8]>,
    filled: usize,
}

impl WebSocket {
    fn new(limit_bytes: u16) -> Self {
        Self {
            assembly: Assembly::default(),
            rules: Rules { side: Side::Client, limit_bytes },
            buffer: vec![0; buffer_bytes(limit_bytes)].into(),
            filled: 0,
        }
    }

    /// Takes from `input` until there is a step to be told of; `None` if it does not suffice.
    fn step(&mut self, input: &mut &[u8]) -> Option<Step> {
        loop {
            match self.assembly.step(&mut self.buffer[..self.filled], self.rules) {
                Step::NeedMore { kept_bytes, missing_bytes } => {
                    self.filled = kept_bytes;
                    let count = missing_bytes.min(input.len());
                    if count == 0 {
                        return None;
                    }
                    let (now, later) = input.split_at(count);
                    self.buffer[self.filled..self.filled + count].copy_from_slice(now);
                    self.filled += count;
                    *input = later;
                }
                step => {
                    self.filled = self.assembly.kept_bytes();
                    return Some(step);
                }
            }
        }
    }
}

impl Transport for WebSocket {
    const SCHEMES: &'static [&'static str] =
        if cfg!(feature = "tls") { &["ws", "wss"] } else { &["ws"] };
    const SHUTS_ITS_SIDE: bool = false;

    fn frame_limit(limit_bytes: u16) -> u16 {
        limit_bytes
    }

    fn open(
        link: &Link,
        url: &NetUrl<'_>,
        options: &NetOptions,
        deadline: Instant,
        buffer: &mut [u8],
    ) -> Result<(Self, Range<usize>), Ended> {
        let mut key = [0; 16];
        random(&mut key);
        let mut requester = Requester::new(key);
        ask(link, url, &requester, deadline)?;
        let mut line = [0; LINE_BYTES];
        loop {
            let count = read_before(link, deadline, buffer, NetErrorKind::Handshake)?;
            let mut input = &buffer[..count];
            match requester.advance(&mut line, &mut input, ANSWER_LIMIT_BYTES) {
                Answer::NeedMore => {}
                Answer::Open { .. } => {
                    let leftover = count - input.len()..count;
                    return Ok((Self::new(options.frame_limit_bytes), leftover));
                }
                Answer::Failed(error) => return Err(refused(error)),
            }
        }
    }

    fn write_frame(
        out: &mut [u8],
        limit_bytes: u16,
        masks: &mut Masks,
        encode: Encode<'_>,
    ) -> Result<usize, SendError> {
        // A stream frame first, whose header then grows into a message's.
        let room = out.len().saturating_sub(HEADER_MAX_BYTES).min(usize::from(limit_bytes));
        let is_all = room == usize::from(limit_bytes);
        let full = if is_all { SendError::TooLong } else { SendError::Full };
        let body = out.get_mut(PacketHeader::BYTES..PacketHeader::BYTES + room).ok_or(full)?;
        let body_bytes = encode(body).map_err(|_| full)?;
        out[..PacketHeader::BYTES]
            .copy_from_slice(&PacketHeader { body_bytes: body_bytes as u16 }.encode());
        reframe_in_place(out, Some(masks.next())).map_err(|_| SendError::Full)
    }

    fn write_close(out: &mut [u8], masks: &mut Masks, code: CloseCode, reason: &str) -> usize {
        let mut payload = [0; CONTROL_PAYLOAD_MAX_BYTES];
        let mut end = reason.len().min(REASON_MAX_BYTES);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        let reason = &reason[..end];
        let used = Close { code, reason }.write(&mut payload).unwrap_or(0);
        write_frame(out, FrameKind::Close, Some(masks.next()), &payload[..used]).unwrap_or(0)
    }

    fn write_pong(out: &mut [u8], masks: &mut Masks, payload: &[u8]) -> usize {
        write_frame(out, FrameKind::Pong, Some(masks.next()), payload).unwrap_or(0)
    }

    fn next<'b, 'i: 'b>(&'b mut self, input: &mut &'i [u8]) -> Received<'b> {
        if self.filled == 0
            && let Some(message) = self.assembly.whole_message(input, self.rules)
        {
            *input = message.rest;
            return Received::Body(message.payload);
        }
        let Some(step) = self.step(input) else { return Received::NeedMore };
        match step {
            Step::NeedMore { .. } => Received::NeedMore,
            Step::Message(place) => Received::Body(&self.buffer[place]),
            Step::Ping(place) => Received::Ping(&self.buffer[place]),
            Step::Piece | Step::Pong(_) => Received::Nothing,
            Step::Close { code, reason } => {
                let reason = str::from_utf8(&self.buffer[reason]).unwrap_or_default();
                Received::Close(code, reason)
            }
            Step::Invalid(code) => Received::Invalid(code, wrong(code)),
        }
    }

    fn end_of_stream(&self, _: Option<(CloseCode, &str)>) -> Ended {
        Ended::failed(NetErrorKind::Lost, "the connection ended without a goodbye")
    }
}

fn ask(
    link: &Link,
    url: &NetUrl<'_>,
    requester: &Requester,
    deadline: Instant,
) -> Result<(), Ended> {
    let slash = if url.target.starts_with('/') { "" } else { "/" };
    let target = format!("{slash}{}", url.target);
    let mut out = vec![0; REQUEST_BYTES + url.authority.len() + target.len()];
    let request = Request { host: url.authority, target: &target, origin: None };
    let unwritable = |_| Ended::failed(NetErrorKind::Handshake, "the address can't be asked for");
    let used = requester.write_request(request, &mut out).map_err(unwritable)?;
    write_before(link, deadline, &out[..used], NetErrorKind::Handshake)
}

fn refused(error: AnswerError) -> Ended {
    let text = match error {
        AnswerError::Status(status) => {
            return Ended::failed(
                NetErrorKind::Handshake,
                format!("the server answers with status {status}"),
            );
        }
        AnswerError::Malformed => "the server does not speak HTTP",
        AnswerError::TooLong => "the server's answer is too long",
        AnswerError::NotWebSocket => "the server does not speak WebSocket",
        AnswerError::WrongAccept => "the server has not understood the handshake",
        AnswerError::UnknownProtocol => "the server wants a sub-protocol that was not offered",
        AnswerError::Extension => "the server wants an extension that was not offered",
    };
    Ended::failed(NetErrorKind::Handshake, text)
}

fn wrong(code: CloseCode) -> &'static str {
    match code {
        CloseCode::UNSUPPORTED_DATA => "a text message",
        CloseCode::INVALID_DATA => "a reason that is not UTF-8",
        CloseCode::MESSAGE_TOO_BIG => "a message over the limit",
        _ => "a frame that may not be",
    }
}
