//! `Hearing`: the channels as one client hears them, and what it has asked there.
//!
//! Invariants: of a channel a client hears only between `ChatJoined` and `ChatLeft`. Messages come in
//! the order of their numbers, each as the chat server has taken it, and none is missing between two
//! that was not announced, by its exact number where one is given. What a client asks is answered, or
//! refused with the reason: one answer for each question, unless the connection to Main ends, or
//! somebody has taken the client out of the channel meanwhile. Whoever stays hears everything.

use std::collections::BTreeMap;

use tinyrealm_core::protocol::client_to_main::{
    ChatHistory, ChatJoin, ChatLeave, ChatSay, ChatWho,
};
use tinyrealm_core::protocol::{ErrorCode, Uid};
use tinyrealm_core::wire::Opcode;

use super::channels::Channels;
use crate::broken::{Broken, ensure};
use crate::talk::{ChannelId, InChannel, Numbered, Talk};

const OUTSIDE: &str = "of a channel its members hear, and nobody else";
const IN_ORDER: &str = "messages come by their numbers, and what is missing is announced";
const AS_TAKEN: &str = "a number has one message for everyone";
const HAS_QUESTION: &str = "an answer has a question";
const IS_ANSWERED: &str = "what is asked is answered";

/// Something that a client wants of a channel.
#[derive(Copy, Clone, Debug)]
struct Question {
    about: Opcode,
    /// The number of what it says, or how much had been said before it asked to join.
    number: u32,
    /// Nothing need come of it any more.
    may_be_lost: bool,
}

/// What a member knows.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Stay {
    /// The number of the next message, or a smaller one.
    next_seq: u64,
    /// How much had been said, anywhere, before it asked to join, or before the start of the chat server
    /// since which it knows that something may be missing.
    said_before: u32,
    /// The newest message of an answer about the past.
    last_past: Option<u64>,
}

/// One channel, for one client.
#[derive(Debug, Default)]
struct Place {
    stay: Option<Stay>,
    questions: Vec<Question>,
    says: u32,
    says_refused: u32,
}

/// All channels, for one client; see the [module](self).
#[derive(Debug, Default)]
pub(crate) struct Hearing {
    places: BTreeMap<ChannelId, Place>,
}

impl Hearing {
    /// The client has asked for something, and it is on its way.
    pub(super) fn asked(&mut self, channel: ChannelId, about: Opcode, number: u32) {
        let place = self.places.entry(channel).or_default();
        place.says += u32::from(about == ChatSay::OPCODE);
        place.questions.push(Question { about, number, may_be_lost: false });
    }

    /// The connection to Main has ended, and everything with it.
    pub(super) fn forget(&mut self) {
        self.places.clear();
    }

    /// The channels that it is in.
    pub(crate) fn channels(&self) -> impl Iterator<Item = ChannelId> + '_ {
        self.places.iter().filter(|(_, place)| place.stay.is_some()).map(|(channel, _)| *channel)
    }

    pub(super) fn take(
        &mut self,
        log: &Channels,
        is_kind: bool,
        uid: Option<Uid>,
        (channel, heard): (ChannelId, &InChannel),
    ) -> Result<(), Broken> {
        let place = self.places.entry(channel).or_default();
        match *heard {
            InChannel::Joined { next_seq } => place.joined(next_seq),
            InChannel::Left(reason) => place.left(is_kind, reason),
            InChannel::Refused(about, reason) => place.refused(is_kind, Opcode(about), reason),
            InChannel::Said(said) => place.said(log, channel, uid, said),
            InChannel::Past(past) => place.past(log, channel, past),
            InChannel::PastEnd { next_seq } => place.past_end(next_seq),
            InChannel::Gap { missed, next_seq } => {
                ensure(!is_kind, "nobody misses a message without a reason", || {
                    format!("{missed} up to {next_seq} of {channel:?}")
                })?;
                place.gap(log, channel, uid, (missed, next_seq))
            }
            InChannel::Entered(_) | InChannel::Exited(_) | InChannel::Census(_) => {
                place.stay().map(|_| ())
            }
            InChannel::Members { is_distinct, .. } => {
                place.stay()?;
                ensure(is_distinct, "a page has each member once", || format!("{channel:?}"))?;
                place.answer(ChatWho::OPCODE).map(|_| ())
            }
        }
    }

    /// Nothing is on its way any more: everything is answered, and heard, up to each channel's newest
    /// number.
    pub(crate) fn check_rest(
        &self,
        log: &Channels,
        newest: impl Fn(ChannelId) -> u64,
    ) -> Result<(), Broken> {
        for (channel, place) in &self.places {
            place.check_answers(*channel)?;
            let Some(stay) = place.stay else { continue };
            let unheard =
                log.range(*channel, stay.next_seq..newest(*channel) + 1, stay.said_before).next();
            ensure(unheard.is_none(), "every message is heard, or announced as missed", || {
                format!("{unheard:?} of {channel:?}, and {stay:?}")
            })?;
        }
        Ok(())
    }
}

impl Place {
    fn stay(&mut self) -> Result<&mut Stay, Broken> {
        let questions = &self.questions;
        self.stay.as_mut().ok_or_else(|| Broken::new(OUTSIDE, format!("{questions:?}")))
    }

    /// Takes out the oldest question of that kind, one that must be answered first.
    fn answer(&mut self, about: Opcode) -> Result<Question, Broken> {
        self.place_of(about).map(|place| self.questions.remove(place))
    }

    fn place_of(&self, about: Opcode) -> Result<usize, Broken> {
        let is_it = |question: &Question| question.about == about;
        let must = self.questions.iter().position(|q| is_it(q) && !q.may_be_lost);
        let place = must.or_else(|| self.questions.iter().position(is_it));
        place.ok_or_else(|| Broken::new(HAS_QUESTION, format!("{about:?} has none")))
    }

    fn joined(&mut self, next_seq: u64) -> Result<(), Broken> {
        let place = self.place_of(ChatJoin::OPCODE)?;
        // What was said last follows, as if it had asked.
        let about = ChatHistory::OPCODE;
        let past = Question { about, number: 0, may_be_lost: false };
        let said_before = std::mem::replace(&mut self.questions[place], past).number;
        let before = self.stay.replace(Stay { next_seq, said_before, last_past: None });
        ensure(before.is_none(), "who joins a channel was outside", || format!("{before:?}"))
    }

    /// Behind its own `ChatLeave` nothing is owed of what it had asked before.
    fn left(&mut self, is_kind: bool, reason: ErrorCode) -> Result<(), Broken> {
        let stay = self.stay.take();
        if reason == ErrorCode::GOODBYE {
            let leave = self.questions.iter().position(|q| q.about == ChatLeave::OPCODE);
            let Some(leave) = leave else {
                return Err(Broken::new(HAS_QUESTION, "nobody has asked to leave"));
            };
            self.questions.drain(..=leave);
            return Ok(());
        }
        ensure(stay.is_some(), OUTSIDE, || format!("taken out of it: {}", reason.name()))?;
        let is_right = !is_kind || reason == ErrorCode::REPLACED;
        ensure(is_right, "nobody is taken out without a reason", || reason.name().to_owned())?;
        self.questions.iter_mut().for_each(|question| question.may_be_lost = true);
        Ok(())
    }

    fn refused(&mut self, is_kind: bool, about: Opcode, reason: ErrorCode) -> Result<(), Broken> {
        let is_right = !is_kind || reason != ErrorCode::CHAT_INTERRUPTED;
        ensure(is_right, "nothing is interrupted without a reason", || format!("{about:?}"))?;
        if about != ChatSay::OPCODE {
            return self.answer(about).map(|_| ());
        }
        // Which of the messages it was is not told.
        self.says_refused += 1;
        ensure(self.says_refused <= self.says, HAS_QUESTION, || {
            format!("{} messages, {} refused", self.says, self.says_refused)
        })
    }

    fn said(
        &mut self,
        log: &Channels,
        channel: ChannelId,
        me: Option<Uid>,
        said: Numbered,
    ) -> Result<(), Broken> {
        let stay = self.stay()?;
        let expected = stay.next_seq;
        ensure(said.seq == expected, IN_ORDER, || {
            format!("{said:?} of {channel:?}, and {expected} is next")
        })?;
        stay.next_seq += 1;
        as_taken(log, channel, said)?;
        if me == Some(said.uid)
            && let Some(talk) = said.talk
        {
            self.is_back(talk);
        }
        Ok(())
    }

    /// One of its own messages is back, or announced as missed.
    fn is_back(&mut self, talk: Talk) {
        self.questions.retain(|q| q.about != ChatSay::OPCODE || q.number != talk.number);
    }

    fn past(&mut self, log: &Channels, channel: ChannelId, past: Numbered) -> Result<(), Broken> {
        self.stay()?.last_past = Some(past.seq);
        as_taken(log, channel, past)
    }

    fn past_end(&mut self, next_seq: u64) -> Result<(), Broken> {
        let last = self.stay()?.last_past.take();
        let is_right = last.is_none_or(|last| next_seq == last + 1);
        ensure(is_right, "the past goes on where it ended", || {
            format!("{next_seq} behind {last:?}")
        })?;
        self.answer(ChatHistory::OPCODE).map(|_| ())
    }

    fn gap(
        &mut self,
        log: &Channels,
        channel: ChannelId,
        me: Option<Uid>,
        (missed, next_seq): (u32, u64),
    ) -> Result<(), Broken> {
        let stay = self.stay()?;
        let before = std::mem::replace(&mut stay.next_seq, next_seq);
        ensure(next_seq >= before, "a gap does not go back", || {
            format!("{next_seq} behind {before} of {channel:?}")
        })?;
        let (mut lost, said_before) = (0, stay.said_before);
        for talk in log.range(channel, before..next_seq, said_before) {
            lost += 1;
            if me == Some(talk.uid) {
                self.is_back(talk);
            }
        }
        if missed == u32::MAX
            && let Some(stay) = &mut self.stay
        {
            stay.said_before = said_before.max(log.said_before_start());
        }
        ensure(missed == u32::MAX || missed == lost, "a gap tells how many are missing", || {
            format!("{missed}, and {before}..{next_seq} of {channel:?} are {lost}")
        })
    }

    fn check_answers(&self, channel: ChannelId) -> Result<(), Broken> {
        let owed = || self.questions.iter().filter(|question| !question.may_be_lost);
        let says = owed().filter(|question| question.about == ChatSay::OPCODE).count();
        let others = owed().count() - says;
        ensure(others == 0 && says <= self.says_refused as usize, IS_ANSWERED, || {
            let open: Vec<_> = owed().collect();
            format!("{} refused in {channel:?}, {open:?} are open", self.says_refused)
        })
    }
}

/// What is heard under a number is what the chat server has taken under it.
fn as_taken(log: &Channels, channel: ChannelId, heard: Numbered) -> Result<(), Broken> {
    let taken = log.at(channel, heard.seq);
    let is_right =
        taken.is_some() && heard.talk == taken && taken.map(|t| t.uid) == Some(heard.uid);
    ensure(is_right, AS_TAKEN, || format!("{heard:?} in {channel:?}, and was {taken:?}"))
}
