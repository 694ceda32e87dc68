//! `AskBook`: the questions of all members of a world.
//!
//! Each member has places of its own, so that nobody takes another's; memory that nobody asks with is not written.

use super::MemberAsks;
use crate::node::asks::Asks;
use crate::node::world::user::UserKey;
use crate::time::Instant;

/// Questions under way; see the [module](self).
#[derive(Debug)]
pub(in super::super) struct AskBook<'a> {
    /// As many as members, and in their order.
    members: &'a mut [MemberAsks],
    /// When the next question of a game has had its time, or earlier.
    next_end: Option<Instant>,
}

impl<'a> AskBook<'a> {
    /// None under way.
    pub(in super::super) const fn new(members: &'a mut [MemberAsks]) -> Self {
        Self { members, next_end: None }
    }

    /// What a member has asked.
    pub(super) fn questions_of(&mut self, key: UserKey) -> Option<&mut Asks> {
        self.at(key.index()).map(|asks| &mut asks.to_game)
    }

    /// What a member is asked.
    pub(super) fn questions_to(&mut self, key: UserKey) -> Option<&mut Asks> {
        self.at(key.index()).map(|asks| &mut asks.to_member)
    }

    fn at(&mut self, index: u16) -> Option<&mut MemberAsks> {
        self.members.get_mut(usize::from(index))
    }

    /// Whether a member waits for this answer.
    pub(super) fn awaits(&self, key: UserKey, number: u32) -> bool {
        let asks = self.members.get(usize::from(key.index()));
        asks.is_some_and(|asks| asks.to_game.has(number))
    }

    /// Forgets what a member has asked, and takes out what it is asked.
    pub(super) fn take_all(&mut self, key: UserKey) -> impl Iterator<Item = u32> + use<> {
        let asks = self.at(key.index());
        let numbers = asks.map(|asks| {
            drop(asks.to_game.take_all());
            asks.to_member.take_all()
        });
        numbers.into_iter().flatten()
    }

    /// When the next question of a game has had its time, or earlier.
    pub(in super::super) const fn next_end(&self) -> Option<Instant> {
        self.next_end
    }

    pub(super) fn end_by(&mut self, at: Instant) {
        self.next_end = self.next_end.into_iter().chain([at]).min();
    }

    /// Whether a question may have had its time; [`AskBook::take_due`] then says which.
    pub(super) fn begin_ends(&mut self, now: Instant) -> bool {
        self.next_end.take_if(|at| *at <= now).is_some()
    }

    /// One question to the member at `index` that has had its time; if there is none, when the next one has.
    pub(super) fn take_due(&mut self, now: Instant, index: u16) -> Option<u32> {
        let asks = &mut self.at(index)?.to_member;
        let number = asks.take_due(now);
        if number.is_none()
            && let Some(at) = asks.next_due(now)
        {
            self.end_by(at);
        }
        number
    }
}
