//! Messages of a WebSocket: however a stream is cut, what is heard is what RFC 6455 says of it.

use tinyrealm_core::wire::ws::{Assembly, Rules, Side, Step, buffer_bytes};

use crate::cuts::{pattern_and_rest, reads};

const LIMIT_BYTES: u32 = 300;

/// What a stream has said.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Said {
    Message(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>, Vec<u8>),
    Invalid,
}

/// One bit of the side, four bytes of where the stream is cut, the stream.
pub fn messages(bytes: &[u8]) {
    let Some((side, bytes)) = bytes.split_first() else { return };
    let side = if side & 1 == 0 { Side::Server } else { Side::Client };
    let (pattern, stream) = pattern_and_rest(bytes);
    let (expected, tail) = by_the_book(side, stream);
    let whole = heard(side, std::iter::once(stream));
    assert_eq!(whole, heard(side, reads(stream, pattern)), "cut by {pattern:?}");
    // A header that is not whole may be wrong already.
    let early = tail == Tail::PartOfHeader && whole.last() == Some(&Said::Invalid);
    let compared = if early { &whole[..whole.len() - 1] } else { &whole[..] };
    assert_eq!(compared, expected);
}

/// What the core hears in these reads.
fn heard<'s>(side: Side, reads: impl Iterator<Item = &'s [u8]>) -> Vec<Said> {
    let rules = Rules { side, limit_bytes: LIMIT_BYTES };
    let (mut assembly, mut buffer, mut said) = (Assembly::default(), Vec::new(), Vec::new());
    for mut input in reads {
        loop {
            if buffer.is_empty()
                && let Some((message, rest)) = whole_message(&mut assembly, input, rules)
            {
                said.push(Said::Message(message));
                input = rest;
                continue;
            }
            match assembly.step(&mut buffer, rules) {
                Step::NeedMore { kept_bytes, missing_bytes } => {
                    buffer.truncate(kept_bytes);
                    if input.is_empty() {
                        break;
                    }
                    input = feed(&mut buffer, missing_bytes, input);
                    continue;
                }
                step => said.extend(said_by(step, &buffer)),
            }
            if let Some(Said::Close(..) | Said::Invalid) = said.last() {
                return said;
            }
            buffer.truncate(assembly.kept_bytes());
        }
    }
    said
}

/// What a step says.
fn said_by(step: Step, buffer: &[u8]) -> Option<Said> {
    let part = |place: std::ops::Range<usize>| buffer[place].to_vec();
    Some(match step {
        Step::NeedMore { .. } | Step::Piece => return None,
        Step::Message(place) => Said::Message(part(place)),
        Step::Ping(place) => Said::Ping(part(place)),
        Step::Pong(place) => Said::Pong(part(place)),
        // 1005 stands for a Close without a code.
        Step::Close { code, reason } => {
            Said::Close((code.0 != 1005).then_some(code.0), part(reason))
        }
        Step::Invalid(_) => Said::Invalid,
    })
}

/// A message that is there in one piece, copied, and what is behind it.
fn whole_message<'s>(
    assembly: &mut Assembly,
    input: &'s [u8],
    rules: Rules,
) -> Option<(Vec<u8>, &'s [u8])> {
    let whole = assembly.whole_message(input, rules)?;
    let mut message = vec![0; whole.payload.len()];
    assert_eq!(whole.copy_into(&mut message), Ok(message.len()));
    Some((message, whole.rest))
}

/// Gives the buffer what is missing, as far as it is there; answers with the rest.
fn feed<'s>(buffer: &mut Vec<u8>, missing_bytes: usize, input: &'s [u8]) -> &'s [u8] {
    assert!(missing_bytes > 0);
    let (now, later) = input.split_at(missing_bytes.min(input.len()));
    buffer.extend_from_slice(now);
    assert!(buffer.len() <= buffer_bytes(LIMIT_BYTES));
    later
}

/// Where a stream has ended.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Tail {
    PartOfHeader,
    Elsewhere,
}

/// One frame's header, as section 5.2 draws it.
struct Frame<'s> {
    first: u8,
    is_masked: bool,
    announced_bytes: u64,
    /// The length could have been said in fewer bytes.
    is_long_winded: bool,
    key: [u8; 4],
    behind: &'s [u8],
}

fn frame(stream: &[u8]) -> Option<Frame<'_>> {
    let ([first, second], rest) = stream.split_first_chunk()?;
    let (announced_bytes, least, rest) = match second & 0x7F {
        126 => {
            let (length, rest) = rest.split_first_chunk()?;
            (u64::from(u16::from_be_bytes(*length)), 126, rest)
        }
        127 => {
            let (length, rest) = rest.split_first_chunk()?;
            (u64::from_be_bytes(*length), 1 << 16, rest)
        }
        short => (u64::from(short), 0, rest),
    };
    let is_masked = second & 0x80 != 0;
    let (key, behind) = if is_masked { rest.split_first_chunk()? } else { (&[0; 4], rest) };
    let is_long_winded = announced_bytes < least;
    Some(Frame { first: *first, is_masked, announced_bytes, is_long_winded, key: *key, behind })
}

impl Frame<'_> {
    fn is_final(&self) -> bool {
        self.first & 0x80 != 0
    }

    fn opcode(&self) -> u8 {
        self.first & 0x0F
    }

    /// Whether this may come, on top of what has come of a message.
    fn may_come(&self, side: Side, message: Option<&[u8]>) -> bool {
        let is_in_turn = match self.opcode() {
            0 => message.is_some(),
            2 => message.is_none(),
            8..=10 => self.is_final() && self.announced_bytes <= 125,
            _ => false,
        };
        let assembled = message.map_or(0, <[u8]>::len) as u64;
        let left = u64::from(LIMIT_BYTES) - assembled;
        let is_control = self.opcode() >= 8;
        is_in_turn
            && self.first & 0x70 == 0
            && self.is_masked == (side == Side::Server)
            && !self.is_long_winded
            && (is_control || self.announced_bytes <= left)
    }
}

/// What the RFC says of a stream, and of our limit: read frame by frame, all of it there.
fn by_the_book(side: Side, mut stream: &[u8]) -> (Vec<Said>, Tail) {
    let (mut said, mut message): (Vec<Said>, Option<Vec<u8>>) = (Vec::new(), None);
    loop {
        let Some(frame) = frame(stream) else { return (said, Tail::PartOfHeader) };
        if !frame.may_come(side, message.as_deref()) {
            said.push(Said::Invalid);
            return (said, Tail::Elsewhere);
        }
        let Some((payload, rest)) = frame.behind.split_at_checked(frame.announced_bytes as usize)
        else {
            return (said, Tail::Elsewhere);
        };
        let masked = payload.iter().zip(frame.key.iter().cycle());
        let payload: Vec<u8> = masked.map(|(byte, key)| byte ^ key).collect();
        stream = rest;
        match frame.opcode() {
            8 => {
                said.push(close(&payload));
                return (said, Tail::Elsewhere);
            }
            9 => said.push(Said::Ping(payload)),
            10 => said.push(Said::Pong(payload)),
            _ => {
                let mut whole = message.take().unwrap_or_default();
                whole.extend(payload);
                if frame.is_final() {
                    said.push(Said::Message(whole));
                } else {
                    message = Some(whole);
                }
            }
        }
    }
}

/// Section 7.4: codes that may be sent, and a reason that is UTF-8.
fn close(payload: &[u8]) -> Said {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() { Said::Close(None, Vec::new()) } else { Said::Invalid };
    };
    let code = u16::from_be_bytes(*code);
    let may_be_sent = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
    if may_be_sent && std::str::from_utf8(reason).is_ok() {
        Said::Close(Some(code), reason.to_vec())
    } else {
        Said::Invalid
    }
}
