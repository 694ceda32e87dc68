//! What a [`Receiver`] does for WebSockets: the handshake, then messages.
//!
//! The first two bytes of a connection decide: `GE`, of `GET`, is a length that no stream allows.
//! A handshake passes line by line through one pool buffer, with its state in front; a
//! message is unmasked into one. Between messages a session holds none.
//!
//! A connection of our own that is to be a WebSocket begins with the [`Receiver::expect_answer`] of its
//! server. What a server says is not masked, so its whole messages are taken where they are.
//!
//! ```text
//!   Undecided ── 2 bytes ──► Stream
//!       │ "GE"
//!       ▼
//!     Begun ──► Handshake ── the whole request ──► Messages
//!                                                     ▲
//!   expect_answer ──► Answer ──── the whole 101 ──────┘
//! ```

use super::{Received, Receiver};
use crate::wire::ws::handshake::{
    Acceptance, Accepted, Acceptor, Answer, AnswerError, Offer, Policy, Refusal, Requester,
};
use crate::wire::ws::{Assembly, CloseCode, Rules, Side, Step, WholeMessage, buffer_bytes};
use crate::wire::{FrameError, NetFrameV1};

/// The longest request that opens a WebSocket: browsers send the cookies of the host along.
const HANDSHAKE_LIMIT_BYTES: u16 = 8 * 1_024;

/// How a request begins, and no frame of a stream can: its body would be too long.
const HTTP: (u8, u8) = (b'G', b'E');

/// What a WebSocket says besides frames.
#[derive(Debug)]
pub enum Signal<'b> {
    /// It is to be a WebSocket: nothing may be sent before it is one.
    HandshakeBegun,
    /// It is one when this is answered.
    Accepted(Accepted),
    /// It can't be one, and is to be told this.
    Refused(Refusal),
    /// What we have asked for is granted: it is one now.
    Opened,
    /// What we have asked for is not granted.
    Denied(AnswerError),
    /// A piece of a message that goes on.
    Piece,
    /// A question, to be answered with the same bytes.
    Ping(&'b [u8]),
    /// A sign of life.
    Pong,
    /// The peer ends it, with this code.
    Close(CloseCode),
    /// The peer broke the protocol and is to be told this.
    Broken(CloseCode),
}

/// What the input of one session is; see the [module](self). The representation makes the first state
/// all-zero bits, so that a device's sessions cost no flash.
#[repr(u8)]
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Language {
    Undecided = 0,
    Stream,
    Begun,
    Handshake,
    Answer,
    /// On this side of it.
    Messages(Side, Assembly),
}

impl Receiver<'_> {
    /// Those of the same address.
    pub(super) const NO_PAGES: Policy<'static> =
        Policy { origins: &[], hosts: &[], limit_bytes: HANDSHAKE_LIMIT_BYTES };

    /// Only pages of these origins may open a WebSocket, and how else they may find us; see [`Policy`].
    pub(crate) const fn admit_pages(
        &mut self,
        origins: &'static [&'static str],
        hosts: &'static [&'static str],
    ) {
        self.pages = Policy { origins, hosts, ..Self::NO_PAGES };
    }

    /// Whoever is at the other end of session `index` speaks frames of a stream, whatever comes.
    pub(crate) fn expect_stream(&mut self, index: u16) {
        self.set_language(index, Language::Stream);
    }

    /// Whether the first bytes of session `index` show, with `input`, that it is a stream.
    pub(crate) fn is_stream(&self, index: u16, input: &[u8]) -> bool {
        matches!(self.first_bytes(index, input), (Some(first), Some(second)) if (first, second) != HTTP)
    }

    fn first_bytes(&self, index: u16, input: &[u8]) -> (Option<u8>, Option<u8>) {
        let mut bytes = self.leftover(index).iter().chain(input).copied();
        (bytes.next(), bytes.next())
    }

    /// What the next bytes of session `index` are.
    #[inline]
    pub(super) fn language(&mut self, index: u16, input: &[u8]) -> Language {
        match self.inbounds.get(usize::from(index)) {
            Some(inbound) if inbound.language != Language::Undecided => inbound.language,
            Some(_) => self.decide(index, input),
            None => Language::Stream,
        }
    }

    fn decide(&mut self, index: u16, input: &[u8]) -> Language {
        match self.first_bytes(index, input) {
            (Some(first), Some(second)) if (first, second) == HTTP => {
                self.set_language(index, Language::Handshake);
                Language::Begun
            }
            (_, Some(_)) => self.set_language(index, Language::Stream),
            (_, None) => Language::Undecided,
        }
    }

    fn set_language(&mut self, index: u16, language: Language) -> Language {
        if let Some(inbound) = self.inbounds.get_mut(usize::from(index)) {
            inbound.language = language;
        }
        language
    }

    /// Not inlined: a device's stack would have to hold what it needs below every frame's handler.
    #[inline(never)]
    pub(super) fn shake_hands(&mut self, index: u16, input: &mut &[u8]) -> Received<'static> {
        if !self.opens_line(index) {
            return Received::NoBuffer;
        }
        let Some(inbound) = self.inbounds.get_mut(usize::from(index)) else {
            return Received::NoBuffer;
        };
        let buffer = self.pool.filled_mut(&inbound.chain);
        let Some((state, line)) = buffer.split_first_chunk_mut() else {
            return Received::NoBuffer;
        };
        let mut acceptor = Acceptor::load(state);
        let acceptance = acceptor.advance(line, input, self.pages);
        *state = acceptor.store();
        let signal = match acceptance {
            Acceptance::NeedMore => return Received::NeedMore,
            Acceptance::Accepted(accepted) => Signal::Accepted(accepted),
            Acceptance::Refused(refusal) => Signal::Refused(refusal),
        };
        self.pool.release(&mut inbound.chain);
        inbound.language = Language::Messages(Side::Server, Assembly::default());
        Received::Signal(signal)
    }

    /// Session `index` has just been connected, and `requester` asks its peer for a WebSocket. `false`
    /// if there is no buffer for the answer.
    pub(crate) fn expect_answer(&mut self, index: u16, requester: Requester) -> bool {
        let Some(inbound) = self.inbounds.get_mut(usize::from(index)) else { return false };
        let Ok(room) = self.pool.reserve(&mut inbound.chain, 0) else { return false };
        let room_bytes = room.len();
        self.pool.commit(&inbound.chain, room_bytes);
        let buffer = self.pool.filled_mut(&inbound.chain);
        let Some((state, _)) = buffer.split_first_chunk_mut() else { return false };
        *state = requester.store();
        inbound.language = Language::Answer;
        true
    }

    /// Not inlined, as [`Self::shake_hands`].
    #[inline(never)]
    pub(super) fn read_answer(&mut self, index: u16, input: &mut &[u8]) -> Received<'static> {
        let Some(inbound) = self.inbounds.get_mut(usize::from(index)) else {
            return Received::NoBuffer;
        };
        let buffer = self.pool.filled_mut(&inbound.chain);
        let Some((state, line)) = buffer.split_first_chunk_mut() else {
            return Received::NoBuffer;
        };
        let mut requester = Requester::load(state);
        let answer = requester.advance(line, input, Offer::OWN);
        *state = requester.store();
        let signal = match answer {
            Answer::NeedMore => return Received::NeedMore,
            Answer::Open { .. } => Signal::Opened,
            Answer::Failed(error) => Signal::Denied(error),
        };
        self.pool.release(&mut inbound.chain);
        inbound.language = Language::Messages(Side::Client, Assembly::default());
        Received::Signal(signal)
    }

    /// Makes the leftover a line buffer behind the state of a handshake, if it is not yet one: then it
    /// is as long as a buffer, and before that at most one byte. `false` if there is no buffer.
    fn opens_line(&mut self, index: u16) -> bool {
        let Some(inbound) = self.inbounds.get_mut(usize::from(index)) else { return false };
        let chain = &mut inbound.chain;
        let buffer_bytes = usize::from(self.pool.buffer_bytes());
        let filled = self.pool.slices(chain)[0];
        if filled.len() == buffer_bytes {
            return true;
        }
        let first = filled.first().copied();
        let Ok(room) = self.pool.reserve(chain, 0) else { return false };
        let room_bytes = room.len();
        self.pool.commit(chain, room_bytes);
        let Some((state, line)) = self.pool.filled_mut(chain).split_first_chunk_mut() else {
            return false;
        };
        let mut acceptor = Acceptor::default();
        if let Some(first) = first {
            acceptor.advance(line, &mut &[first][..], self.pages);
        }
        *state = acceptor.store();
        true
    }

    fn rules(&self, side: Side) -> Rules {
        let beside = buffer_bytes(0);
        #[cfg(feature = "long-frames")]
        if self.standing == super::Standing::Known {
            let fits = self.pool.longest_bytes().saturating_sub(beside);
            return Rules { side, limit_bytes: fits.min(self.limit_bytes as usize) as u32 };
        }
        let fits = usize::from(self.pool.buffer_bytes()).saturating_sub(beside);
        let limit_bytes = usize::from(self.framer.limit_bytes()).min(fits) as u32;
        Rules { side, limit_bytes }
    }

    /// Bytes of an unfinished message that stay when the rest of the leftover goes.
    pub(super) fn kept_bytes(&self, index: u16) -> usize {
        match self.inbounds.get(usize::from(index)).map(|inbound| inbound.language) {
            Some(Language::Messages(_, assembly)) => assembly.kept_bytes(),
            _ => 0,
        }
    }

    /// Each pass takes what the last has asked for: a header's parts, a payload, a piece behind another.
    pub(super) fn next_message<'s, 'i: 's>(
        &'s mut self,
        index: u16,
        input: &mut &'i [u8],
        (side, mut assembly): (Side, Assembly),
    ) -> Received<'s> {
        let rules = self.rules(side);
        if self.leftover(index).is_empty()
            && let Some(whole) = assembly.whole_message(input, rules)
        {
            if whole.mask.is_none() {
                *input = whole.rest;
                return as_frame(whole.payload);
            }
            if self.unmasks(index, whole) {
                *input = whole.rest;
                self.spent = Some(index);
                return as_frame(self.leftover(index));
            }
        }
        let found = loop {
            let Some(inbound) = self.inbounds.get_mut(usize::from(index)) else {
                return Received::NoBuffer;
            };
            let step = assembly.step(self.pool.filled_mut(&inbound.chain), rules);
            inbound.language = Language::Messages(side, assembly);
            let Step::NeedMore { kept_bytes, missing_bytes } = step else { break step };
            self.pool.truncate(&mut inbound.chain, kept_bytes);
            if input.is_empty() {
                return Received::NeedMore;
            }
            let count = missing_bytes.min(input.len());
            if self.take_bytes(index, input, count).is_none() {
                return self.no_buffer(index, count);
            }
        };
        self.spent = Some(index);
        let part = |range| self.leftover(index).get(range).unwrap_or_default();
        match found {
            Step::NeedMore { .. } => Received::NeedMore,
            Step::Piece => Received::Signal(Signal::Piece),
            Step::Message(range) => as_frame(part(range)),
            Step::Ping(range) => Received::Signal(Signal::Ping(part(range))),
            Step::Pong(_) => Received::Signal(Signal::Pong),
            Step::Close { code, .. } => Received::Signal(Signal::Close(code)),
            Step::Invalid(code) => Received::Signal(Signal::Broken(code)),
        }
    }

    /// The short way: a whole message in the input is unmasked into a buffer at once.
    fn unmasks(&mut self, index: u16, whole: WholeMessage<'_>) -> bool {
        let Some(inbound) = self.inbounds.get_mut(usize::from(index)) else { return false };
        let Ok(room) = self.pool.reserve(&mut inbound.chain, whole.payload.len()) else {
            return false;
        };
        let Ok(count) = whole.copy_into(room) else { return false };
        self.pool.commit(&inbound.chain, count);
        true
    }
}

fn as_frame(body: &[u8]) -> Received<'_> {
    match NetFrameV1::parse(body) {
        Some(frame) => Received::Frame(frame),
        None => Received::Invalid(FrameError::TooShort { body_bytes: body.len() as u16 }),
    }
}
