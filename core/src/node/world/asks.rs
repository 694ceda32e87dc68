//! Requests with an answer: members ask the game of their room, and the game asks members.
//!
//! Purpose: [`Game::on_ask`] hears a question, and [`RoomContext::answer`] or [`RoomContext::refuse`] ends it, at once
//! or later; [`RoomContext::ask`] asks, and [`Game::on_answer`] hears what has become of it. Questions and answers are
//! the game's own messages.
//!
//! Contract: each question of the game's has exactly one outcome: the answer, a refusal, `TIMED_OUT`, or `LOST` with
//! the member's connection, before [`Game::on_lost`] or [`Game::on_leave`]. An answer that nobody waits for is passed
//! over. A question that the game does not know is answered with `NOT_UNDERSTOOD`, one too many with `BUSY`. Answers
//! and questions stand where they were told, as by [`RoomContext::tell`].
//!
//! Bounds: [`ASKS_MAX`](crate::node::ASKS_MAX) questions of a member's, and as many to it, in a table of their own: 72
//! bytes a member, who takes nobody else's places. Messages of up to
//! [`EVENT_MAX_BYTES`](crate::protocol::EVENT_MAX_BYTES). A member's question that has had its time gives way to the
//! next. When one of the game's has had its time, all members are looked at. All of it is the cargo
//! feature `asks`; without it a question is `NOT_UNDERSTOOD`.

#[cfg(feature = "asks")]
mod book;
#[cfg(feature = "asks")]
mod held;

#[cfg(feature = "asks")]
pub(super) use book::AskBook;

#[cfg(doc)]
use super::{Game, RoomContext};
#[cfg(feature = "asks")]
use crate::node::asks::Asks;
use crate::session::SessionKey;

/// One question, for as long as the connection lasts that it came from or went to.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct AskId {
    pub(super) session: SessionKey,
    pub(super) number: u32,
}

/// The questions of one member, and to it; nothing without the cargo feature `asks`.
#[derive(Clone, Debug)]
pub struct MemberAsks {
    /// To the game, which has not answered.
    #[cfg(feature = "asks")]
    to_game: Asks,
    /// Of the game.
    #[cfg(feature = "asks")]
    to_member: Asks,
}

impl MemberAsks {
    /// None: all-zero bits.
    pub const NONE: Self = Self {
        #[cfg(feature = "asks")]
        to_game: Asks::NONE,
        #[cfg(feature = "asks")]
        to_member: Asks::NONE,
    };
}
