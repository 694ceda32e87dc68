//! `WebSocket`: one binary message a frame's body, by the core's codec.

use std::time::Instant;

use tinyrealm_core::net::{CloseCode, NetErrorKind, NetUrl};
use tinyrealm_core::protocol::Encode;
use tinyrealm_core::wire::Full;
use tinyrealm_core::wire::ws::CONTROL_PAYLOAD_MAX_BYTES;
use tinyrealm_core::wire::ws::close::REASON_MAX_BYTES;
use tinyrealm_core::wire::ws::handshake::{Answer, AnswerError, Offer, Request, Requester};
use tinyrealm_core::wire::ws::{
    Assembly, Close, FrameHeader, FrameKind, MESSAGE_LIMIT_MAX_BYTES, Rules, Side, Step,
    apply_mask, buffer_bytes, write_frame,
};

use super::ended::Ended;
use super::link::Link;
use super::plan::Plan;
use super::transport::{Masks, Opened, Received, Transport, random, read_before, write_before};

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
    fn new(limit_bytes: u32) -> Self {
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

    fn frame_limit(limit_bytes: u32) -> u32 {
        limit_bytes.min(MESSAGE_LIMIT_MAX_BYTES)
    }

    fn open(
        link: &Link,
        url: &NetUrl<'_>,
        plan: &Plan,
        deadline: Instant,
        buffer: &mut [u8],
    ) -> Result<Opened<Self>, Ended> {
        let mut key = [0; 16];
        random(&mut key);
        let mut requester = Requester::new(key);
        let protocols: Vec<&str> = plan.sub_protocols.iter().map(String::as_str).collect();
        let offer = Offer { protocols: &protocols, ..Offer::OWN };
        ask(link, url, (plan, offer), &requester, deadline)?;
        let mut line = [0; LINE_BYTES];
        loop {
            let count = read_before(link, deadline, buffer, NetErrorKind::Handshake)?;
            let mut input = &buffer[..count];
            match requester.advance(&mut line, &mut input, offer) {
                Answer::NeedMore => {}
                Answer::Open { protocol } => {
                    let leftover = count - input.len()..count;
                    let transport = Self::new(plan.options.frame_limit_bytes);
                    return Ok(Opened { transport, leftover, protocol });
                }
                Answer::Failed(error) => return Err(refused(error)),
            }
        }
    }

    fn write_frame(
        out: &mut [u8],
        limit_bytes: usize,
        masks: &mut Masks,
        encode: Encode<'_>,
    ) -> Result<usize, Full> {
        let key = masks.next();
        // Most bodies are short, and lie where they belong at once.
        let short = FrameHeader::message(0, Some(key)).bytes();
        let behind = out.get_mut(short..).ok_or(Full)?;
        let room = behind.len().min(limit_bytes);
        let body_bytes = encode(&mut behind[..room])?;
        let header = FrameHeader::message(body_bytes, Some(key));
        let (start, end) = (header.bytes(), header.bytes() + body_bytes);
        if end > out.len() {
            return Err(Full);
        }
        out.copy_within(short..short + body_bytes, start);
        header.write(out)?;
        apply_mask(&mut out[start..end], key, 0);
        Ok(end)
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

    fn write_ping(out: &mut [u8], masks: &mut Masks) -> usize {
        write_frame(out, FrameKind::Ping, Some(masks.next()), b"").unwrap_or(0)
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
    (plan, offer): (&Plan, Offer<'_>),
    requester: &Requester,
    deadline: Instant,
) -> Result<(), Ended> {
    let headers: Vec<(&str, &str)> =
        plan.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let slash = if url.target.starts_with('/') { "" } else { "/" };
    let target = format!("{slash}{}", url.target);
    // Each stands behind a separator, and headers end with a line's end.
    let offered: usize = offer.protocols.iter().map(|name| name.len() + 2).sum();
    let given: usize = headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
    let room = REQUEST_BYTES + url.authority.len() + target.len() + offered + given;
    let mut out = vec![0; room];
    let request = Request { headers: &headers, offer, ..Request::new(url.authority, &target) };
    let text = "the address, a sub-protocol or a header can't be asked for";
    let unwritable = |_| Ended::failed(NetErrorKind::Handshake, text);
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
