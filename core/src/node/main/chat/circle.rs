//! Memberships in their two lists: that of their channel, and their user's circle.

use super::hub::{ChatHub, LocalChannelKey, LocalMember, LocalMemberKey};
use crate::session::{Holding, SessionManager};
use crate::storage::Link;

impl<'a> ChatHub<'a> {
    /// The memberships of a user, beginning with the one whose turn it is.
    pub(super) fn circle(&self, start: Link) -> Circle<'_, 'a> {
        Circle { hub: self, start, next: start }
    }

    pub(super) fn membership(
        &self,
        start: Link,
        channel: LocalChannelKey,
    ) -> Option<LocalMemberKey> {
        let is_it = |index: &u16| {
            self.members.at(*index).is_some_and(|member| member.channel == channel.index())
        };
        self.members.key_at(self.circle(start).find(is_it)?)
    }

    /// Adds a membership to a channel and to its user's circle, whose start is answered.
    pub(super) fn add(
        &mut self,
        start: Link,
        member: LocalMember,
    ) -> Option<(Link, LocalMemberKey)> {
        let channel = self.channels.at_mut(member.channel)?;
        let key = self.members.insert(LocalMember { next: channel.first, ..member }).ok()?;
        let own = Link::to(key.index());
        let after = core::mem::replace(&mut channel.first, own);
        channel.members += 1;
        if let Some(after) = after.index().and_then(|index| self.members.at_mut(index)) {
            after.previous = own;
        }
        let first = start.index().and_then(|index| self.members.at_mut(index));
        let behind = first.map_or(own, |first| core::mem::replace(&mut first.next_of_user, own));
        if let Some(member) = self.members.get_mut(key) {
            member.next_of_user = behind;
        }
        Some((if start.is_none() { own } else { start }, key))
    }

    /// Takes a membership out of its channel and of its user's circle, whose new start is answered.
    pub(super) fn take_out(
        &mut self,
        sessions: &mut SessionManager<'_>,
        start: Link,
        key: LocalMemberKey,
    ) -> Link {
        let own = Link::to(key.index());
        let before = self
            .circle(start)
            .find(|index| self.members.at(*index).is_some_and(|member| member.next_of_user == own));
        let Some(member) = self.release(key) else { return start };
        if let Some(before) = before.and_then(|index| self.members.at_mut(index)) {
            before.next_of_user = member.next_of_user;
        }
        if let Some(channel) = self.channels.at_mut(member.channel) {
            channel.members = channel.members.saturating_sub(1);
            if member.is_in {
                channel.rings.leave(&member.cursor);
            }
            match member.previous.index().and_then(|index| self.members.at_mut(index)) {
                Some(before) => before.next = member.next,
                None => channel.first = member.next,
            }
        }
        if let Some(after) = member.next.index().and_then(|index| self.members.at_mut(index)) {
            after.previous = member.previous;
        }
        if member.holds {
            sessions.shares_mut().give_back(member.address, Holding::Channel);
            self.find_holder(sessions, member.channel);
        }
        match start == own {
            true if member.next_of_user == own => Link::NONE,
            true => member.next_of_user,
            false => start,
        }
    }
}

/// The slots of one user's memberships, each once.
pub(super) struct Circle<'h, 'a> {
    hub: &'h ChatHub<'a>,
    start: Link,
    next: Link,
}

impl Iterator for Circle<'_, '_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        let index = self.next.index()?;
        let next = self.hub.members.at(index)?.next_of_user;
        self.next = if next == self.start { Link::NONE } else { next };
        Some(index)
    }
}
