//! Where bodies begin and end.

use std::fmt::Write;

use clap::ValueEnum;
use tinyrealm_core::wire::opcode::OPCODE_BYTES;
use tinyrealm_core::wire::{FRAME_LIMIT_MAX_BYTES, PacketHeader};

use super::spaced;
use crate::schema::model::Schema;

/// How bodies follow each other.
#[derive(Copy, Clone, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Framing {
    /// Frames of a stream: a length of two bytes, a body.
    Stream,
    /// Frames of a WebSocket, masked or not.
    WebSocket,
    /// One body: an opcode, a payload.
    Body,
}

/// One frame, or what is left of one.
#[derive(Debug, Default)]
pub(super) struct Piece {
    /// Its line.
    pub(super) head: String,
    /// What is to be decoded of it.
    pub(super) body: Option<Vec<u8>>,
    pub(super) problem: Option<String>,
}

impl Piece {
    fn broken(head: String, problem: String) -> Self {
        Self { head, body: None, problem: Some(problem) }
    }
}

/// A header of a WebSocket's frame and what follows it.
struct WebSocketFrame<'b> {
    head: String,
    opcode: u8,
    payload: Vec<u8>,
    rest: &'b [u8],
}

impl Framing {
    /// The first that all of `bytes` fit; a stream if none does.
    pub(super) fn guess(bytes: &[u8], schema: &Schema) -> Self {
        let knows =
            |body: &[u8]| opcode_of(body).is_some_and(|opcode| schema.message(opcode).is_some());
        let fits = |framing: Self| {
            let pieces = framing.pieces(bytes);
            let is_known = |piece: &Piece| piece.body.as_ref().is_none_or(|body| knows(body));
            pieces.iter().all(|piece| piece.problem.is_none() && is_known(piece))
        };
        let mut all = [Self::Stream, Self::WebSocket, Self::Body].into_iter();
        all.find(|framing| fits(*framing)).unwrap_or(Self::Stream)
    }

    pub(super) fn pieces(self, bytes: &[u8]) -> Vec<Piece> {
        match self {
            Self::Stream => stream_pieces(bytes),
            Self::WebSocket => web_socket_pieces(bytes),
            Self::Body => {
                let head = format!("a body of {} bytes\n", bytes.len());
                vec![Piece { head, body: Some(bytes.to_vec()), problem: None }]
            }
        }
    }
}

pub(super) fn opcode_of(body: &[u8]) -> Option<i32> {
    body.first_chunk::<OPCODE_BYTES>().map(|bytes| i32::from_le_bytes(*bytes))
}

fn stream_pieces(mut input: &[u8]) -> Vec<Piece> {
    let mut pieces = vec![];
    while !input.is_empty() {
        let Some((length, rest)) = input.split_first_chunk::<{ PacketHeader::BYTES }>() else {
            let problem = "it ends inside of a length, which has two bytes".to_owned();
            pieces.push(Piece::broken("a stream frame\n".to_owned(), problem));
            break;
        };
        let body_bytes = usize::from(u16::from_le_bytes(*length));
        let head = format!("a stream frame\n  {:<14} {body_bytes} bytes follow\n", spaced(length));
        if !(OPCODE_BYTES..=usize::from(FRAME_LIMIT_MAX_BYTES)).contains(&body_bytes) {
            let problem = format!(
                "a length of {body_bytes}: a body has {OPCODE_BYTES} to {FRAME_LIMIT_MAX_BYTES} bytes"
            );
            pieces.push(Piece::broken(head, problem));
            break;
        }
        let Some((body, rest)) = rest.split_at_checked(body_bytes) else {
            let problem = format!("it ends behind {} of them", rest.len());
            pieces.push(Piece::broken(head, problem));
            break;
        };
        pieces.push(Piece { head, body: Some(body.to_vec()), problem: None });
        input = rest;
    }
    pieces
}

fn web_socket_pieces(mut input: &[u8]) -> Vec<Piece> {
    let mut pieces = vec![];
    let mut message: Option<Vec<u8>> = None;
    while !input.is_empty() {
        let frame = match web_socket_frame(input) {
            Ok(frame) => frame,
            Err(problem) => {
                pieces.push(Piece::broken("a WebSocket's frame\n".to_owned(), problem));
                break;
            }
        };
        let is_last = input[0] & 0x80 != 0;
        pieces.push(web_socket_piece(&frame, is_last, &mut message));
        input = frame.rest;
    }
    if message.is_some() {
        let problem = "it ends inside of a message: the last piece is missing".to_owned();
        pieces.push(Piece::broken(String::new(), problem));
    }
    pieces
}

fn web_socket_piece(
    frame: &WebSocketFrame<'_>,
    is_last: bool,
    message: &mut Option<Vec<u8>>,
) -> Piece {
    let mut head = frame.head.clone();
    let payload = &frame.payload;
    match (frame.opcode, &message) {
        (0x8, _) => {
            head += &close_line(payload);
            return Piece { head, ..Piece::default() };
        }
        (0x9 | 0xA, _) => return Piece { head, ..Piece::default() },
        (0x1, _) => return Piece::broken(head, "text: only binary messages are taken".to_owned()),
        (0x2, None) => *message = Some(payload.clone()),
        (0x0, Some(_)) => message.iter_mut().for_each(|begun| begun.extend(payload)),
        (0x2, Some(_)) => return Piece::broken(head, "a message inside of another one".to_owned()),
        (0x0, None) => return Piece::broken(head, "a continuation of nothing".to_owned()),
        (other, _) => return Piece::broken(head, format!("{other:#x} is no opcode of RFC 6455")),
    }
    Piece { head, body: if is_last { message.take() } else { None }, problem: None }
}

fn close_line(payload: &[u8]) -> String {
    match payload.split_first_chunk::<2>() {
        Some((code, reason)) => {
            let (number, text) = (u16::from_be_bytes(*code), String::from_utf8_lossy(reason));
            format!("  {:<14} code {number}, {text:?}\n", spaced(code))
        }
        None => String::new(),
    }
}

fn web_socket_frame(input: &[u8]) -> Result<WebSocketFrame<'_>, String> {
    let ends = || "it ends inside of a header".to_owned();
    let (&[first, second], rest) = input.split_first_chunk::<2>().ok_or_else(ends)?;
    if first & 0x70 != 0 {
        return Err(format!("{first:02x}: reserved bits are set"));
    }
    let take = |rest: &'_ [u8], count: usize| -> Option<(u64, usize)> {
        let bytes = rest.get(..count)?;
        Some((bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)), count))
    };
    let (bytes, used) = match second & 0x7F {
        126 => take(rest, 2).ok_or_else(ends)?,
        127 => take(rest, 8).ok_or_else(ends)?,
        short => (u64::from(short), 0),
    };
    let mut rest = &rest[used..];
    let mut mask = [0; 4];
    if second & 0x80 != 0 {
        let (key, behind) = rest.split_first_chunk::<4>().ok_or_else(ends)?;
        (mask, rest) = (*key, behind);
    }
    let header = &input[..input.len() - rest.len()];
    let count = usize::try_from(bytes).unwrap_or(usize::MAX);
    let Some((payload, rest)) = rest.split_at_checked(count) else {
        return Err(format!("{bytes} bytes should follow, and {} do", rest.len()));
    };
    let payload: Vec<u8> =
        payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
    let names = ["continuation", "text", "binary", "", "", "", "", "", "close", "ping", "pong"];
    let opcode = first & 0x0F;
    let name = names.get(usize::from(opcode)).copied().unwrap_or_default();
    let mut head = "a WebSocket's frame\n".to_owned();
    let masked = if second & 0x80 != 0 { ", masked" } else { "" };
    let _ = writeln!(head, "  {:<14} {name}, {bytes} bytes follow{masked}", spaced(header));
    Ok(WebSocketFrame { head, opcode, payload, rest })
}
