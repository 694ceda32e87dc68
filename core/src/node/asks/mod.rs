//! `Asks`: questions under way, each of which has one outcome.
//!
//! Purpose: a client asks the game of its room, and a game a member, and hears the answer, a refusal, that there was
//! none in time, or that the connection has ended. Both keep their open questions in an `Asks`; a world also keeps
//! in one what its members have asked and its game has not answered.
//!
//! Contract: a number is open once at a time, and never 0. Whoever ends a question takes its number out: what comes
//! for it later is passed over. All-zero bits have nothing open.
//!
//! Bounds: [`ASKS_MAX`] questions; O(that) each call.
//!
//! ```
//! assert_eq!(tinyrealm_core::node::ASKS_MAX, 4);
//! ```

#[cfg(feature = "asks")]
mod encoding;
#[cfg(feature = "asks")]
mod table;

#[cfg(feature = "asks")]
pub(crate) use encoding::with_encoded;
#[cfg(feature = "asks")]
pub(crate) use table::Asks;

use crate::protocol::client_to_world::AnswerGame;
use crate::protocol::world_to_client::GameAnswers;
use crate::protocol::{Bytes, EVENT_MAX_BYTES, ErrorCode};
use crate::wire::Frame;
use crate::wire::opcode::{Band, GAME, Opcode};

/// How many questions either side of a connection may have under way.
pub const ASKS_MAX: usize = 4;

/// What has become of a question.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Answer<'a> {
    /// The answer: [`Frame::read`] makes a message of it.
    Given(Frame<'a>),
    /// Whoever was asked refuses, with a code of its own.
    Refused(u16),
    /// There is none: `TIMED_OUT`; `LOST`, with the connection; or it was not taken, as `BUSY` or `NOT_UNDERSTOOD`.
    Failed(ErrorCode),
}

impl<'a> Answer<'a> {
    /// What an answer's fields mean.
    pub(crate) fn of(
        band: Band,
        (reason, code): (ErrorCode, u16),
        kind: u8,
        data: Bytes<'a, EVENT_MAX_BYTES>,
    ) -> Self {
        match reason {
            ErrorCode(0) => Self::Given(frame_of(band, kind, data)),
            ErrorCode::REFUSED => Self::Refused(code),
            reason => Self::Failed(reason),
        }
    }
}

/// The game's message in a question or an answer.
pub(crate) fn frame_of(band: Band, kind: u8, data: Bytes<'_, EVENT_MAX_BYTES>) -> Frame<'_> {
    Frame { opcode: Opcode(band.first + i32::from(kind)), payload: data.as_slice() }
}

impl<'a> From<GameAnswers<'a>> for Answer<'a> {
    fn from(GameAnswers { reason, code, kind, data, .. }: GameAnswers<'a>) -> Self {
        Self::of(GAME.server_to_client, (reason, code), kind, data)
    }
}

impl<'a> From<AnswerGame<'a>> for Answer<'a> {
    fn from(AnswerGame { reason, code, kind, data, .. }: AnswerGame<'a>) -> Self {
        Self::of(GAME.client_to_server, (reason, code), kind, data)
    }
}
