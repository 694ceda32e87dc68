//! A channel: one connection after the other.
//!
//! ```text
//!         listen            an Open                accept
//!  Idle ─────────► Listening ───────► Asked ─────────────────┐
//!   ▲ │                                 │                    ▼
//!   │ │ open            an Ack          │ a Reset            Open ─┐ both directions have ended,
//!   │ └──────► Opening ─────────────────┼──────────────────► Open │ and all is taken
//!   │             │ a Gone              │                     │    │
//!   ├─────────────┴─────────────────────┴──── a Reset, a Gone ┘    │
//!   ├──────────────────────────────────────────────────────────────┘
//!   └── Resetting ◄── abort, of Asked, Opening and Open; behind it a Gone, a Reset or an Open
//! ```
//! A line that is lost leads from everywhere but Listening to Idle. Each connection of a channel has the next number, so that what is said of
//! a former one is known as that, and answered by Gone if it is not one already.

use crate::frame::ADDRESS_BYTES;
use crate::stream::{Receiving, Sending};

/// Where a channel is.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum ChannelState {
    /// No connection; what the other end opens waits.
    Idle,
    /// What the other end opens is asked for.
    Listening,
    /// The other end has opened it, and waits for an answer.
    Asked,
    /// We have opened it, and wait for an answer.
    Opening,
    /// A connection stands, in one direction at least.
    Open,
    /// We have given it up, and the other end is still to be told.
    Resetting,
}

/// What is heard of a channel.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum News {
    Open,
    Ack,
    Data,
    Reset,
    Gone,
}

/// What it means, beside the next state.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Effect {
    Nothing,
    /// A connection begins here, with the number that was heard.
    Begin,
    /// What it says is of this connection.
    Follow,
    /// It has been heard before: it is answered again.
    Repeat,
    /// There is no such connection.
    Deny,
    /// The other end has no such connection any more. What it has said before stays to be taken.
    Part,
}

/// What news of the connection at hand (`is_same`) or of another one do to a channel.
pub(crate) const fn follow(
    state: ChannelState,
    news: News,
    is_same: bool,
) -> (ChannelState, Effect) {
    use ChannelState::{Asked, Idle, Listening, Open, Opening, Resetting};
    match (state, news, is_same) {
        (Listening, News::Open, _) => (Asked, Effect::Begin),
        // Who listens again has it soon; the other end asks again.
        (Idle, News::Open, _) => (Idle, Effect::Nothing),
        (Asked | Resetting, News::Open, true) => (state, Effect::Nothing),
        (Open, News::Open, true) => (Open, Effect::Repeat),
        // Whoever begins another one has done with this one, and asks again.
        (Open, News::Open, false) => (Open, Effect::Part),
        (Asked | Resetting, News::Open, false) => (Idle, Effect::Nothing),
        // It is for us to open this one.
        (Opening, News::Open, _) => (Opening, Effect::Nothing),

        (Opening, News::Ack, true) => (Open, Effect::Follow),
        (Open, News::Ack | News::Data, true) => (Open, Effect::Follow),
        (Opening, News::Data, true) | (Asked, News::Ack | News::Data, true) => {
            (state, Effect::Nothing)
        }
        (Resetting, News::Ack | News::Data, true) => (Resetting, Effect::Nothing),
        (_, News::Ack | News::Data, _) => (state, Effect::Deny),

        (Asked | Opening | Open | Resetting, News::Reset, true) => (Idle, Effect::Deny),
        (_, News::Reset, _) => (state, Effect::Deny),

        (Open, News::Gone, true) => (Open, Effect::Part),
        (Asked | Opening | Resetting, News::Gone, true) => (Idle, Effect::Nothing),
        (_, News::Gone, _) => (state, Effect::Nothing),
    }
}

/// One channel of a line's storage.
#[derive(Copy, Clone, Debug)]
pub struct Channel {
    pub(crate) state: ChannelState,
    /// Which connection this is, or the last one was.
    pub(crate) number: u8,
    pub(crate) address: [u8; ADDRESS_BYTES],
    pub(crate) sending: Sending,
    pub(crate) receiving: Receiving,
    /// The number of a connection that there is none of, which the other end is to be told.
    pub(crate) gone_due: Option<u8>,
    pub(crate) wait: Wait,
}

/// How long an answer is waited for: each time that it is in vain, twice as long.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Wait {
    since_ms: u32,
    tries: u8,
    /// Something of the channel's own, an Open or a Reset, is to be said (again).
    pub(crate) is_due: bool,
}

/// Behind so many doublings the wait grows no more.
const DOUBLINGS_MAX: u8 = 4;

impl Wait {
    const NEW: Self = Self { since_ms: 0, tries: 0, is_due: false };

    /// Something has been said that is answered; or an answer has come.
    pub(crate) const fn begin(&mut self, now_ms: u32) {
        self.since_ms = now_ms;
        self.is_due = false;
    }

    pub(crate) const fn note_progress(&mut self, now_ms: u32) {
        self.since_ms = now_ms;
        self.tries = 0;
    }

    pub(crate) fn left_ms(&self, now_ms: u32, resend_ms: u32) -> u32 {
        (resend_ms << self.tries).saturating_sub(now_ms.wrapping_sub(self.since_ms))
    }

    fn try_again(&mut self, now_ms: u32) {
        self.since_ms = now_ms;
        self.tries = (self.tries + 1).min(DOUBLINGS_MAX);
        self.is_due = true;
    }
}

impl Channel {
    /// A channel without a connection.
    pub const IDLE: Self = Self {
        state: ChannelState::Idle,
        number: 0,
        address: [0; ADDRESS_BYTES],
        sending: Sending::NEW,
        receiving: Receiving::NEW,
        gone_due: None,
        wait: Wait::NEW,
    };

    /// Begins a connection: nothing of the last one is left, but what has to be said of it.
    pub(crate) fn begin(&mut self, state: ChannelState, number: u8, window: u16) {
        let gone_due = self.gone_due;
        let sending = Sending::with_window(window);
        *self = Self { state, number, gone_due, sending, ..Self::IDLE };
        self.wait.is_due = true;
    }

    /// The connection is over.
    pub(crate) fn end(&mut self) {
        let (number, gone_due) = (self.number, self.gone_due);
        *self = Self { number, gone_due, ..Self::IDLE };
    }

    pub(crate) fn abort(&mut self, now_ms: u32) {
        match self.state {
            ChannelState::Listening => self.state = ChannelState::Idle,
            ChannelState::Idle | ChannelState::Resetting => {}
            ChannelState::Asked | ChannelState::Opening | ChannelState::Open => {
                self.end();
                self.state = ChannelState::Resetting;
                self.wait.begin(now_ms);
                self.wait.is_due = true;
            }
        }
    }

    /// The other end has done with it. If that was in good order, it has heard all, and what it has said is still to be taken.
    pub(crate) fn part(&mut self) {
        if self.receiving.has_ended() {
            self.sending.note_all_heard();
            self.end_if_done();
        } else {
            self.end();
        }
    }

    /// Ends it if nothing is left of it.
    pub(crate) fn end_if_done(&mut self) {
        let has_all = self.receiving.has_ended() && self.receiving.held() == 0;
        if self.state == ChannelState::Open && self.sending.is_heard() && has_all {
            // The peer waits for an acknowledgement of its end, or for this, which says as much.
            self.gone_due = Some(self.number);
            self.end();
        }
    }

    fn waits(&self) -> bool {
        match self.state {
            ChannelState::Idle | ChannelState::Listening | ChannelState::Asked => false,
            ChannelState::Opening | ChannelState::Resetting => true,
            ChannelState::Open => self.sending.waits(),
        }
    }

    /// In how long it gives up waiting.
    pub(crate) fn next_ms(&self, now_ms: u32, resend_ms: u32) -> Option<u32> {
        (self.waits() && !self.wait.is_due).then(|| self.wait.left_ms(now_ms, resend_ms))
    }

    /// Lets time act; answers whether something is sent again.
    pub(crate) fn pass(&mut self, now_ms: u32, resend_ms: u32) -> bool {
        let is_over = self.next_ms(now_ms, resend_ms) == Some(0);
        if is_over {
            self.wait.try_again(now_ms);
            if self.state == ChannelState::Open {
                self.wait.is_due = false;
                self.sending.give_up_waiting();
            }
        }
        is_over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [ChannelState; 6] = [
        ChannelState::Idle,
        ChannelState::Listening,
        ChannelState::Asked,
        ChannelState::Opening,
        ChannelState::Open,
        ChannelState::Resetting,
    ];

    #[test]
    fn no_answer_asks_for_an_answer_for_ever() {
        // What Deny and Repeat say (Gone, Ack) must not be denied itself by who says so.
        for state in STATES {
            for is_same in [false, true] {
                let (_, effect) = follow(state, News::Gone, is_same);
                assert!(matches!(effect, Effect::Nothing | Effect::Part), "{state:?}");
            }
        }
    }

    #[test]
    fn who_has_given_up_is_free_by_whatever_shows_that_the_other_has_too() {
        let free = |news, is_same| follow(ChannelState::Resetting, news, is_same).0;
        assert_eq!(free(News::Gone, true), ChannelState::Idle);
        assert_eq!(free(News::Reset, true), ChannelState::Idle);
        assert_eq!(free(News::Open, false), ChannelState::Idle);
        assert_eq!(free(News::Gone, false), ChannelState::Resetting);
        assert_eq!(free(News::Data, true), ChannelState::Resetting);
    }

    #[test]
    fn both_sides_of_a_wait_which_doubles_and_stops_doubling() {
        let mut channel = Channel::IDLE;
        channel.begin(ChannelState::Opening, 1, 0);
        let (mut now_ms, mut limit_ms) = (u32::MAX - 100, 200);
        channel.wait.begin(now_ms);
        for round in 0..7 {
            assert!(!channel.pass(now_ms.wrapping_add(limit_ms - 1), 200));
            now_ms = now_ms.wrapping_add(limit_ms);
            assert!(channel.pass(now_ms, 200));
            channel.wait.begin(now_ms);
            limit_ms = if round < 4 { limit_ms * 2 } else { limit_ms };
        }
        assert_eq!(limit_ms, 200 << DOUBLINGS_MAX);
    }
}
