//! `FrameWalker`: where in a frame a byte stream stands.
//!
//! Purpose: the simulator's own idea of what is a partial frame, to compare the node's buffers with.
//!
//! ```text
//!   Undecided ── a length ──► Stream            Head: of a handshake, request or answer
//!       └── "GE" ──► Head ── blank line ──► Messages
//! ```

/// What opens a WebSocket begins so; no length does.
const GET: [u8; 2] = *b"GE";
const BLANK_LINE: [u8; 4] = *b"\r\n\r\n";

/// A position in what a peer says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct FrameWalker {
    speech: Speech,
    /// Of a prefix, a header or a line, what has come of it.
    begun: Vec<u8>,
    /// Bytes of the present body that have not come.
    missing: usize,
}

/// What a peer speaks.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Speech {
    Undecided,
    Stream,
    Head,
    Messages,
}

impl FrameWalker {
    const fn of(speech: Speech) -> Self {
        Self { speech, begun: Vec::new(), missing: 0 }
    }

    /// Before the first byte of a peer.
    pub(super) const fn of_peer() -> Self {
        Self::of(Speech::Undecided)
    }

    /// Before the first byte of a server that was asked for a WebSocket.
    pub(super) const fn of_asked_server() -> Self {
        Self::of(Speech::Head)
    }

    /// Goes on by `bytes`.
    pub(super) fn walk(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        loop {
            let body = self.missing.min(rest.len());
            self.missing -= body;
            rest = &rest[body..];
            let Some((byte, after)) = rest.split_first() else { return };
            rest = after;
            self.begun.push(*byte);
            self.step();
        }
    }

    /// Looks at what has begun: has it ended with this byte?
    fn step(&mut self) {
        match self.speech {
            Speech::Undecided | Speech::Stream => self.step_in_prefix(),
            Speech::Head if self.begun.ends_with(&BLANK_LINE) => *self = Self::of(Speech::Messages),
            Speech::Head => {}
            Speech::Messages => {
                if let Some(missing) = payload_bytes(&self.begun) {
                    *self = Self { missing, ..Self::of(Speech::Messages) };
                }
            }
        }
    }

    fn step_in_prefix(&mut self) {
        let Some(prefix) = self.begun.first_chunk() else { return };
        if self.speech == Speech::Undecided && *prefix == GET {
            self.speech = Speech::Head;
        } else {
            let missing = usize::from(u16::from_le_bytes(*prefix));
            *self = Self { missing, ..Self::of(Speech::Stream) };
        }
    }

    /// Whether a frame has begun and not ended.
    pub(super) const fn is_inside_frame(&self) -> bool {
        // A handshake has a buffer from its beginning.
        !self.begun.is_empty() || self.missing > 0 || matches!(self.speech, Speech::Head)
    }
}

/// What a whole header of a WebSocket's frame announces.
fn payload_bytes(header: &[u8]) -> Option<usize> {
    let ([_, second], rest) = header.split_first_chunk()?;
    let (payload_bytes, rest) = match second & 0x7F {
        126 => {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        short => (usize::from(short), rest),
    };
    let is_whole = second & 0x80 == 0 || rest.len() == 4;
    is_whole.then_some(payload_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cut anywhere, it is between frames at `ends` and nowhere else.
    fn ends_at(begin: &FrameWalker, stream: &[u8], ends: &[usize]) {
        for cut in 0..=stream.len() {
            let mut walker = begin.clone();
            walker.walk(&stream[..cut]);
            assert_eq!(walker.is_inside_frame(), !ends.contains(&cut), "{cut}");
            walker.walk(&stream[cut..]);
            assert!(!walker.is_inside_frame());
        }
    }

    #[test]
    fn knows_every_byte_of_a_frame() {
        let stream = [4, 0, 1, 0, 0, 0, 5, 0, 1, 0, 0, 0, 9];
        ends_at(&FrameWalker::of_peer(), &stream, &[0, 6, 13]);
    }

    #[test]
    fn knows_every_byte_of_a_web_socket() {
        let asked = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let short = [0x82, 0x82, 1, 2, 3, 4, 7, 7];
        let long = [&[0x82, 0xFE, 0, 130, 1, 2, 3, 4][..], &[7; 130]].concat();
        let stream = [asked, &short[..], &long].concat();
        let ends = [0, asked.len(), asked.len() + short.len(), stream.len()];
        ends_at(&FrameWalker::of_peer(), &stream, &ends);
        let answer = b"HTTP/1.1 101 So be it\r\n\r\n";
        let stream = [&answer[..], &[0x82, 1, 9, 0x89, 0]].concat();
        let ends = [answer.len(), answer.len() + 3, answer.len() + 5];
        ends_at(&FrameWalker::of_asked_server(), &stream, &ends);
    }
}
