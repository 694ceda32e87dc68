//! Riddles: what players ask the game of their room, and what it asks back before it answers some.

use tinyrealm_core::node::Answer;
use tinyrealm_core::node::world::{AskId, RoomContext};
use tinyrealm_core::protocol::{ErrorCode, Uid};
use tinyrealm_core::wire::Frame;

use super::words::client_to_recorder::Riddle;
use super::words::recorder_to_client::Counter;

/// For how long a game waits for whom it has asked back.
const COUNTER_MS: u32 = 700;

/// What becomes of a question in the hands of whoever is asked.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Fate {
    Given,
    Refused,
    /// Nobody ever says anything.
    Left,
    /// It is asked back first, and as that ends, so does this.
    Countered,
    NotUnderstood,
}

/// What becomes of a player's riddle of this number.
pub(crate) const fn fate_of_riddle(number: u32) -> Fate {
    match number % 12 {
        0 => Fate::NotUnderstood,
        3 => Fate::Left,
        5 => Fate::Refused,
        2 | 6 | 8 | 10 => Fate::Countered,
        _ => Fate::Given,
    }
}

/// What becomes of what a game asks back.
pub(crate) const fn fate_of_counter(number: u32) -> Fate {
    match number % 5 {
        0 => Fate::Left,
        1 => Fate::Refused,
        _ => Fate::Given,
    }
}

/// What a question of this number is refused with.
pub(crate) const fn refusal_of(number: u32) -> u16 {
    number as u16
}

/// How a question has ended for whoever has asked it.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// The answer says whose question it answers, and which.
    Given(Uid, u32),
    /// It is another message.
    Odd,
    Refused(u16),
    Failed(ErrorCode),
}

impl Outcome {
    /// What an answer says, as far as `read` reads it.
    pub(super) fn of(
        answer: Answer<'_>,
        read: impl FnOnce(Frame<'_>) -> Option<(Uid, u32)>,
    ) -> Self {
        match answer {
            Answer::Given(frame) => {
                read(frame).map_or(Self::Odd, |(uid, number)| Self::Given(uid, number))
            }
            Answer::Refused(code) => Self::Refused(code),
            Answer::Failed(code) => Self::Failed(code),
        }
    }
}

/// What one room's game has asked back, and for the sake of which riddles.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    open: Vec<Countered>,
    last: u32,
}

/// A riddle that waits for what its asker says first.
#[derive(Debug)]
pub(crate) struct Countered {
    counter: AskId,
    pub(crate) number: u32,
    pub(crate) ask: AskId,
    pub(crate) riddle: Riddle,
}

impl Counters {
    /// Asks back; answers the number of that, or nothing if it can't be asked now.
    pub(super) fn ask(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        ask: AskId,
        riddle: &Riddle,
    ) -> Option<u32> {
        let Riddle { uid, number } = *riddle;
        let next = self.last + 1;
        let counter = room.ask(uid, &Counter { uid, number: next }, COUNTER_MS).ok()?;
        self.last = next;
        self.open.push(Countered { counter, number: next, ask, riddle: Riddle { uid, number } });
        Some(next)
    }

    /// That has ended.
    pub(super) fn end(&mut self, counter: AskId) -> Option<Countered> {
        let place = self.open.iter().position(|open| open.counter == counter)?;
        Some(self.open.remove(place))
    }
}
