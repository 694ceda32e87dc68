//! `Ears`: what a player hears, and the room as it knows it by that.
//!
//! Bounds: the newest [`HEARD_MAX`] things are kept.

use std::collections::{BTreeMap, VecDeque};

use serde::Deserialize;
use tinyrealm_core::node::Answer;
use tinyrealm_core::node::client::{Bot, BotSeat, ClientEvent, ClientHandler, StateEvent};
use tinyrealm_core::node::world::State;
use tinyrealm_core::protocol::client_to_main::EnterWorldReq;
use tinyrealm_core::protocol::world_to_client::{
    EventBroadcast, InputAck, JoinDenied, JoinOk, MemberExtra, MemberName, MoveBroadcast,
    RoomSnapshot, ThingPut,
};
use tinyrealm_core::protocol::{
    Bytes, Direction, Dispatched, ErrorCode, JoinDenial, MemberNumber, MemberState, Message,
    Position, Uid,
};
use tinyrealm_core::wire::{Frame, Opcode};

/// So many things that a player has heard are kept.
pub const HEARD_MAX: usize = 10_000;

/// Something that a player has heard, in the order in which it was.
#[derive(Clone, PartialEq, Debug)]
pub enum Heard {
    /// It is in the room, under this number, at this place.
    Joined(MemberNumber, Position),
    /// A world does not let it in, or not any more: why, and the game's own number and words for why.
    Denied(JoinDenial, u16, String),
    /// It is not in the room any more.
    Out(ErrorCode),
    /// It has fallen behind, and has missed so many events and messages of the game.
    Missed(u32),
    /// It is back in its seat, and has missed so many events and messages of the game while it was away.
    Resumed(u32),
    /// Somebody came in.
    Entered(MemberState),
    /// Somebody left.
    Left(MemberNumber),
    /// What somebody is called, or it itself.
    Named(MemberNumber, String),
    /// Somebody's connection is lost, and its seat is held.
    Away(MemberNumber),
    /// Somebody who was away is back.
    Back(MemberNumber),
    /// Somebody else moved.
    Moved(MemberNumber, Position, Direction),
    /// The game has put it there itself: its move was corrected or refused, or it was placed.
    Put(Position, Direction),
    /// Somebody, or the game itself, has said an event.
    Said {
        /// Who: [`MemberNumber::GAME`] for the game.
        number: MemberNumber,
        /// The number that saying it answered, if it is the player's own.
        request: u32,
        /// Its kind.
        kind: u16,
        /// Its bytes.
        data: Vec<u8>,
    },
    /// An event of its own is not taken; the number is what saying it answered.
    NotTaken(u32, ErrorCode),
    /// What has become of a question of its own; the number is what asking it answered.
    Answered(u32, Answered),
    /// The game asks it something, in a message of its own, encoded: the number is what an answer is to have.
    Asked(u32, Opcode, Vec<u8>),
    /// The room has got so far with its inputs, and there it is by them.
    Acknowledged(u32, Position, Direction),
    /// One of the game's own messages, encoded.
    Message(Opcode, Vec<u8>),
    /// A server refuses something; the opcode of what, or 0.
    Refused(ErrorCode, i32),
    /// It is over: it does not come back.
    Stopped(ErrorCode),
}

/// What has become of a question, as [`Answer`] has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answered {
    /// The answer, encoded.
    Given(Opcode, Vec<u8>),
    /// The game refuses, with a code of its own.
    Refused(u16),
    /// There is none.
    Failed(ErrorCode),
}

impl From<Answer<'_>> for Answered {
    fn from(answer: Answer<'_>) -> Self {
        match answer {
            Answer::Given(frame) => Self::Given(frame.opcode, frame.payload.to_vec()),
            Answer::Refused(code) => Self::Refused(code),
            Answer::Failed(code) => Self::Failed(code),
        }
    }
}

/// A thing, or a member's state, encoded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Shown {
    kind: u8,
    data: Vec<u8>,
}

impl Shown {
    /// It as this message, if it is one.
    pub(crate) fn read<'s, M: Message + Deserialize<'s>>(&'s self) -> Option<M> {
        State { kind: self.kind, data: Bytes::new(&self.data)? }.read()
    }
}

/// What a player has heard; see the [module](self).
#[derive(Default)]
pub(crate) struct Ears {
    pub(crate) heard: VecDeque<Heard>,
    pub(crate) me: MemberState,
    pub(crate) is_over: bool,
    /// The newest input that it has said.
    pub(crate) input: u32,
    /// Who plays, if it is not the test.
    pub(crate) bot: Option<Box<BotSeat<dyn Bot>>>,
    others: BTreeMap<MemberNumber, MemberState>,
    pub(crate) names: BTreeMap<MemberNumber, String>,
    /// The things of the room, by their ids.
    pub(crate) things: BTreeMap<u16, Shown>,
    pub(crate) member_states: BTreeMap<MemberNumber, Shown>,
    /// Whether it has all of them.
    pub(crate) is_complete: bool,
    /// Whether the next page of a snapshot goes on with the one before.
    is_snapshot_open: bool,
    /// The snapshot that comes is one of somebody who is back.
    is_resumed: bool,
}

impl Ears {
    /// Those of a bot.
    pub(crate) fn of_bot(bot: Box<BotSeat<dyn Bot>>) -> Self {
        Self { bot: Some(bot), ..Self::default() }
    }

    /// Everybody in the room, itself as well unless it looks on, by number.
    pub(crate) fn members(&self) -> Vec<MemberState> {
        let me = Some(self.me).filter(|me| me.number != MemberNumber::GAME);
        let mut members: Vec<_> = self.others.values().copied().chain(me).collect();
        members.sort_by_key(|member| member.number);
        members
    }

    fn note(&mut self, heard: Heard) {
        if self.heard.len() == HEARD_MAX {
            self.heard.pop_front();
        }
        self.heard.push_back(heard);
    }

    fn joined(&mut self, joined: &JoinOk) {
        let (pos, dir) = (joined.spawn_pos, joined.spawn_dir);
        self.me = MemberState { number: joined.number, pos, dir, ..self.me };
        self.forget_room();
        self.input = 0;
        self.is_snapshot_open = false;
        self.note(Heard::Joined(joined.number, joined.spawn_pos));
    }

    fn snapshot(&mut self, page: &RoomSnapshot) {
        if !self.is_snapshot_open {
            self.forget_room();
        }
        self.is_snapshot_open = page.pages_left > 0;
        self.others.extend(page.members.iter().map(|member| (member.number, *member)));
        if self.is_snapshot_open {
            return;
        }
        if !core::mem::take(&mut self.is_resumed) && page.missed_events > 0 {
            self.note(Heard::Missed(page.missed_events));
        }
    }

    fn shown(&mut self, state: &StateEvent<'_>) {
        match state {
            StateEvent::Put(ThingPut { id, kind, data }) => {
                self.things.insert(*id, Shown { kind: *kind, data: data.as_slice().to_vec() });
            }
            StateEvent::Removed(id) => drop(self.things.remove(id)),
            StateEvent::Member(MemberExtra { number, kind, data }) => {
                let shown = Shown { kind: *kind, data: data.as_slice().to_vec() };
                self.member_states.insert(*number, shown);
            }
            StateEvent::Complete => self.is_complete = true,
        }
    }

    fn forget_room(&mut self) {
        self.others.clear();
        self.names.clear();
        self.things.clear();
        self.member_states.clear();
        self.is_complete = false;
    }

    fn moved(&mut self, MoveBroadcast { number, pos, dir }: MoveBroadcast) {
        if number == self.me.number {
            self.me = MemberState { pos, dir, ..self.me };
            self.note(Heard::Put(pos, dir));
            return;
        }
        if let Some(member) = self.others.get_mut(&number) {
            *member = MemberState { pos, dir, ..*member };
        }
        self.note(Heard::Moved(number, pos, dir));
    }

    fn said(&mut self, EventBroadcast { number, request, kind, data }: &EventBroadcast<'_>) {
        let data = data.as_slice().to_vec();
        self.note(Heard::Said { number: *number, request: *request, kind: *kind, data });
    }

    /// What it has said since is to be done again from there: that is the game's, so it stays where it is.
    fn acknowledged(&mut self, &InputAck { tick, pos, dir }: &InputAck) {
        if tick == self.input {
            self.me = MemberState { pos, dir, ..self.me };
        }
        self.note(Heard::Acknowledged(tick, pos, dir));
    }

    /// Main says who we are.
    fn welcomed(&mut self, uid: Uid) {
        self.me.uid = uid;
    }
}

impl ClientHandler for Ears {
    fn on_event(&mut self, _: u16, event: ClientEvent<'_>) {
        if let Some(bot) = &mut self.bot {
            bot.on_event(&event);
        }
        match event {
            ClientEvent::Welcome(uid) => self.welcomed(uid),
            ClientEvent::Joined(joined) => self.joined(&joined),
            ClientEvent::Snapshot(page) => self.snapshot(page),
            ClientEvent::Entered(member) => {
                self.others.insert(member.number, member);
                self.note(Heard::Entered(member));
            }
            ClientEvent::Left(number) => {
                self.others.remove(&number);
                self.names.remove(&number);
                self.member_states.remove(&number);
                self.note(Heard::Left(number));
            }
            ClientEvent::Named(MemberName { number, name }) => {
                match name.as_str() {
                    "" => self.names.remove(&number),
                    name => self.names.insert(number, name.to_owned()),
                };
                self.note(Heard::Named(number, name.as_str().to_owned()));
            }
            ClientEvent::Resumed { missed_events } => {
                self.is_resumed = true;
                self.note(Heard::Resumed(missed_events));
            }
            ClientEvent::Answered { ask, answer } => {
                self.note(Heard::Answered(ask, answer.into()));
            }
            ClientEvent::Asked { ask, question } => {
                let payload = question.payload.to_vec();
                self.note(Heard::Asked(ask, question.opcode, payload));
            }
            ClientEvent::InputAck(ack) => self.acknowledged(&ack),
            ClientEvent::Away(number) => self.note(Heard::Away(number)),
            ClientEvent::Back(number) => self.note(Heard::Back(number)),
            ClientEvent::State(state) => self.shown(&state),
            ClientEvent::Moved(moved) => self.moved(moved),
            ClientEvent::Said(said) => self.said(&said),
            ClientEvent::EventRefused { request, reason } => {
                self.note(Heard::NotTaken(request, reason));
            }
            ClientEvent::JoinDenied(JoinDenied { reason, code, text }) => {
                self.note(Heard::Denied(reason, code, text.as_str().to_owned()));
            }
            ClientEvent::WorldLost(reason) => self.note(Heard::Out(reason)),
            ClientEvent::EnterRefused(code) => {
                self.note(Heard::Refused(code, EnterWorldReq::OPCODE.0));
            }
            ClientEvent::Refused { code, about } => self.note(Heard::Refused(code, about)),
            ClientEvent::Stopped(reason) => {
                self.is_over = true;
                self.note(Heard::Stopped(reason));
            }
            ClientEvent::LoginDenied { .. }
            | ClientEvent::LoginLost(_)
            | ClientEvent::MainLost(_)
            | ClientEvent::Rooms(_)
            | ClientEvent::Announced(_)
            | ClientEvent::Chat(_) => {}
        }
    }

    fn on_message(&mut self, _: u16, frame: Frame<'_>) -> Dispatched {
        self.note(Heard::Message(frame.opcode, frame.payload.to_vec()));
        self.bot.as_mut().map_or(Dispatched::Handled, |bot| bot.on_message(frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_how_much_is_kept() {
        let mut ears = Ears::default();
        let left = |number: usize| Heard::Left(MemberNumber(number as u16));
        for number in 0..HEARD_MAX {
            ears.note(left(number));
        }
        assert_eq!((ears.heard.len(), ears.heard.front()), (HEARD_MAX, Some(&left(0))));
        ears.note(left(HEARD_MAX));
        assert_eq!((ears.heard.len(), ears.heard.front()), (HEARD_MAX, Some(&left(1))));
    }

    #[test]
    fn a_snapshot_in_pages_replaces_what_was_known() {
        let member =
            |number| MemberState { number: MemberNumber(number), ..MemberState::default() };
        let page = |pages_left, number| RoomSnapshot {
            pages_left,
            members_left: 0,
            missed_events: 4,
            members: heapless::Vec::from_iter([member(number)]),
        };
        let mut ears = Ears { me: member(9), ..Ears::default() };
        let numbers =
            |ears: &Ears| ears.members().iter().map(|member| member.number.0).collect::<Vec<_>>();
        ears.on_event(0, ClientEvent::Entered(member(1)));
        ears.on_event(0, ClientEvent::Snapshot(&page(1, 2)));
        ears.on_event(0, ClientEvent::Snapshot(&page(0, 3)));
        assert_eq!(numbers(&ears), [2, 3, 9]);
        ears.on_event(0, ClientEvent::Snapshot(&page(0, 4)));
        assert_eq!(numbers(&ears), [4, 9]);
        let missed = ears.heard.iter().filter(|heard| **heard == Heard::Missed(4)).count();
        assert_eq!(missed, 2, "once a snapshot");
    }
}
