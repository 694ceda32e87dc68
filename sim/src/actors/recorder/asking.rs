//! What the recorder makes of riddles, and of what it has asked back.

use tinyrealm_core::node::Answer;
use tinyrealm_core::node::world::{AskId, RoomContext};
use tinyrealm_core::protocol::{Dispatched, Uid};
use tinyrealm_core::wire::Frame;

use super::Recorder;
use crate::actors::riddle::{Fate, Outcome, fate_of_riddle, refusal_of};
use crate::actors::words::client_to_recorder::{Retort, Riddle};
use crate::actors::words::recorder_to_client::Solved;
use crate::journal::InRoom;
use crate::settings::Sabotage;

impl Recorder {
    pub(super) fn hear_riddle(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        uid: Uid,
        ask: AskId,
        question: Frame<'_>,
    ) -> Dispatched {
        let riddle: Option<Riddle> = question.read();
        let what = riddle.as_ref().map(|riddle| (riddle.uid, riddle.number));
        self.note(room, InRoom::Riddled { uid, riddle: what });
        let Some(riddle) = riddle else { return Dispatched::Unknown };
        match fate_of_riddle(riddle.number) {
            Fate::NotUnderstood => return Dispatched::Unknown,
            Fate::Left => {}
            Fate::Refused => {
                let _ = room.refuse(ask, refusal_of(riddle.number));
            }
            Fate::Given => self.solve(room, ask, &riddle),
            Fate::Countered => match self.counters.ask(room, ask, &riddle) {
                Some(number) => self.note(room, InRoom::Counters { uid, number }),
                None => self.solve(room, ask, &riddle),
            },
        }
        Dispatched::Handled
    }

    pub(super) fn hear_answer(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        uid: Uid,
        ask: AskId,
        answer: Answer<'_>,
    ) {
        if self.common.sabotage == Sabotage::UnheardOutcome {
            return;
        }
        let outcome = Outcome::of(answer, |frame| {
            frame.read().filter(|retort: &Retort| retort.uid == uid).map(|it| (it.uid, it.number))
        });
        let countered = self.counters.end(ask);
        // No question has the number 0.
        let number = countered.as_ref().map_or(0, |countered| countered.number);
        self.note(room, InRoom::Countered { number, outcome });
        match (countered, outcome) {
            (Some(open), Outcome::Given(..)) => self.solve(room, open.ask, &open.riddle),
            (Some(open), Outcome::Refused(_)) => {
                let _ = room.refuse(open.ask, refusal_of(open.riddle.number));
            }
            _ => {}
        }
    }

    /// Answers a riddle; who has gone meanwhile, or has a full queue, hears nothing.
    fn solve(&self, room: &mut RoomContext<'_, '_>, ask: AskId, riddle: &Riddle) {
        let is_wrong = self.common.sabotage == Sabotage::WrongAnswer;
        let number = riddle.number + u32::from(is_wrong);
        let _ = room.answer(ask, &Solved { uid: riddle.uid, number });
    }
}
