//! What a node hears: record by record where a link is sealed, then frame by frame.

#[cfg(not(feature = "secure"))]
use super::unsealed::Source;
#[cfg(feature = "websocket")]
use super::web_socket;
use super::{Node, Taken};
use crate::dispatch::{PacketDispatcher, refuse_framing};
use crate::entropy::Turn;
use crate::node::{Caller, Context, Role, greeting};
#[cfg(any(feature = "long-frames", feature = "secure"))]
use crate::protocol::ErrorCode;
#[cfg(feature = "secure")]
use crate::session::inlets::Source;
#[cfg(feature = "long-frames")]
use crate::session::manager::Farewell;
use crate::session::{LinkTag, Received, SessionKey};
use crate::wire::Frame;

/// What has become of the next frame.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Hearing {
    /// It is heard, or the session is over.
    On,
    /// All input is taken.
    Dry,
    /// It has no place yet: some input is left.
    Full,
}

impl<'a, R: Role<'a>> Node<'a, R> {
    /// Whether the last [`Node::handle_received`] has heard something though it may have taken no byte: of a
    /// record the last byte is taken when all of it is heard.
    pub const fn has_heard(&self) -> bool {
        self.inlets.has_heard()
    }

    /// Bytes have come from the peer.
    pub fn handle_received(&mut self, turn: &mut Turn<'_>, key: SessionKey, bytes: &[u8]) -> Taken {
        let mut input = bytes;
        self.inlets.begin();
        #[cfg(feature = "websocket")]
        self.open_stream(turn, key, bytes);
        let taken = loop {
            // Before the next frame: its handler may give a slot of the role to somebody else.
            self.settle(turn);
            if !self.sessions.is_open(key) {
                // What a closing peer still says does not matter any more.
                self.forget_partial_frame(key);
                break Taken::All;
            }
            let must_wait = self.role.must_flush_first()
                || self.sessions.must_transmit_first(key)
                || self.role.must_answer_first(&self.sessions, key);
            if must_wait {
                break Taken::Part(bytes.len() - input.len());
            }
            match self.hear_next(turn, key, &mut input) {
                Hearing::On => {}
                Hearing::Dry => break Taken::All,
                Hearing::Full => break Taken::Part(bytes.len() - input.len()),
            }
        };
        self.receiver.give_back_spent();
        let count = if let Taken::Part(count) = taken { count } else { bytes.len() };
        self.sessions.count_received(count);
        taken
    }

    /// Hears the next frame, which `input` is shortened by.
    #[inline]
    fn hear_next(&mut self, turn: &mut Turn<'_>, key: SessionKey, input: &mut &[u8]) -> Hearing {
        #[cfg(feature = "secure")]
        let way = self.sessions.way_in(key);
        #[cfg(all(feature = "sealed-clients", feature = "websocket"))]
        if way.is_some_and(|way| way.is_fresh) {
            // What comes in records is frames of a stream, whatever the records come in.
            self.receiver.expect_stream(key.index());
        }
        #[cfg(feature = "secure")]
        let source = {
            let sessions = &mut self.sessions;
            self.inlets.advance(way, input, |inlet, record| sessions.open(inlet, record))
        };
        #[cfg(not(feature = "secure"))]
        let source = self.inlets.advance();
        let (mut source, inlet) = match source {
            Source::Clear => (*input, None),
            #[cfg(feature = "secure")]
            Source::Opened { inlet, frames } => (frames, Some(inlet)),
            #[cfg(feature = "secure")]
            Source::Dry => return Hearing::Dry,
            #[cfg(feature = "secure")]
            Source::Broken => {
                self.sessions.violation(turn.now, key, ErrorCode::BROKEN_SEAL, 0);
                return Hearing::On;
            }
            #[cfg(all(feature = "sealed-clients", feature = "websocket"))]
            Source::Signal(signal) => {
                let cx = &mut Context::new(turn, &mut self.sessions);
                web_socket::heed(&mut self.role, cx, key, signal);
                return Hearing::On;
            }
        };
        #[cfg(feature = "long-frames")]
        self.receiver.hear(self.sessions.standing(key));
        let offered = source.len();
        let hearing = match self.receiver.next(key.index(), &mut source) {
            Received::Frame(frame) => {
                let cx = &mut Context::new(turn, &mut self.sessions);
                Self::deliver(&mut self.role, &mut self.dispatcher, cx, key, frame);
                Hearing::On
            }
            Received::NeedMore => Hearing::Dry,
            Received::NoBuffer => Hearing::Full,
            #[cfg(feature = "long-frames")]
            Received::NoLongBuffer => {
                let farewell = Farewell::Error { code: ErrorCode::BUSY, about: 0 };
                self.sessions.close(turn.now, key, farewell);
                Hearing::On
            }
            Received::Invalid(error) => {
                refuse_framing(&mut Context::new(turn, &mut self.sessions), key, error);
                Hearing::On
            }
            #[cfg(feature = "websocket")]
            Received::Signal(signal) => {
                let cx = &mut Context::new(turn, &mut self.sessions);
                web_socket::heed(&mut self.role, cx, key, signal);
                Hearing::On
            }
        };
        let taken = offered - source.len();
        let Some(inlet) = inlet else {
            *input = input.get(taken..).unwrap_or_default();
            return hearing;
        };
        self.inlets.heard(inlet, taken);
        // The next record may be here.
        if hearing == Hearing::Dry { Hearing::On } else { hearing }
    }

    /// A stale key has none: what lies at its index belongs to the next session.
    pub(super) fn forget_partial_frame(&mut self, key: SessionKey) {
        if self.sessions.get(key).is_some() {
            self.receiver.release(key.index());
        }
    }

    #[inline]
    fn deliver(
        role: &mut R,
        dispatcher: &mut PacketDispatcher,
        cx: &mut Context<'_, 'a>,
        key: SessionKey,
        frame: Frame<'_>,
    ) {
        if let Some(tag) = cx.sessions.hear(cx.now, key) {
            // A stranger to every role: it was accepted, and has not been given a tag.
            if tag == LinkTag::default() && greeting::is_refused(cx, key, frame) {
                return;
            }
            let Context { now, entropy, sessions } = cx.reborrow();
            let mut caller = Caller { now, entropy, sessions, key, tag };
            dispatcher.route(role, &mut caller, frame);
        }
    }
}
