//! What chat servers are asked and told of memberships: behind what is live, at the pace of each one's link.
//!
//! Contract: a membership that wants something is in its link's queue, and what it wants is sent when the link has
//! room, the oldest first: so nothing that users ask costs the link, nor anybody's messages their way. No
//! more than [`ASKED_MOST`] questions are at the chat server at once, so what is said waits for few answers.
//! A membership that ends keeps its slot until that is told, in its order.
//!
//! Bounds: a membership is in the queue once, with one question of each kind.

use super::hub::{ChatHub, LocalMember, LocalMemberKey};
use super::waiting::{Requests, Waiting};
use crate::protocol::main_to_chat::{AskMembers, AskPast, JoinChannel, LeaveChannel};
use crate::protocol::{Message, Text};
use crate::session::{Holding, SessionKey, SessionManager, may_take};
use crate::storage::{Link, Vacant};

/// Questions that may be at the chat server at once.
const ASKED_MOST: u16 = 32;

impl ChatHub<'_> {
    /// This membership wants something: it is sent with the next transmission that has room.
    pub(super) fn list(&mut self, sessions: &mut SessionManager<'_>, key: LocalMemberKey) {
        let own = Link::to(key.index());
        let Some(member) = self.members.get_mut(key) else { return };
        let owner = self.channels.at(member.channel).map_or(Link::NONE, |place| place.owner);
        let link = owner.index().and_then(|at| self.links.get_mut(usize::from(at)));
        let Some(link) = link else { return };
        if !core::mem::replace(&mut member.waiting.is_listed, true) {
            let before = core::mem::replace(&mut link.requests.last, own);
            match before.index().and_then(|index| self.members.at_mut(index)) {
                Some(before) => before.waiting.next = own,
                None => link.requests.first = own,
            }
        }
        if let Some(link) = link.live() {
            sessions.mark_ready_unless_blocked(link);
        }
    }

    /// The membership is about to end: the chat server is to be told, if it has been told of it.
    pub(super) fn list_leave(&mut self, sessions: &mut SessionManager<'_>, key: LocalMemberKey) {
        let Some(member) = self.members.get_mut(key) else { return };
        let owner = self.channels.at(member.channel).and_then(|place| place.owner.index());
        let link = owner.and_then(|at| self.links.get(usize::from(at)));
        if link.is_none_or(|link| link.open().is_none()) {
            return;
        }
        let Waiting { next, is_listed, is_joining, .. } = member.waiting;
        member.waiting = Waiting { next, is_listed, is_leaving: !is_joining, ..Waiting::NOTHING };
        if !is_joining {
            self.list(sessions, key);
        }
    }

    /// Takes a membership out of its slot, which stays if it is in the queue.
    pub(super) fn release(&mut self, key: LocalMemberKey) -> Option<LocalMember> {
        let member = self.members.get_mut(key)?;
        if !member.waiting.is_listed {
            return self.members.remove(key);
        }
        let Waiting { next, is_leaving, .. } = member.waiting;
        let waiting =
            Waiting { next, is_leaving, is_listed: true, is_note: true, ..Waiting::NOTHING };
        let (uid, channel) = (member.uid, member.channel);
        let note = LocalMember { uid, channel, waiting, ..LocalMember::VACANT };
        let ended = core::mem::replace(member, note);
        if let Some(channel) = self.channels.at_mut(channel) {
            channel.notes += 1;
        }
        Some(ended)
    }

    /// A question has been answered: there may be another.
    pub(super) fn answered(&mut self, sessions: &mut SessionManager<'_>, at: u16) {
        let Some(link) = self.link_mut(at) else { return };
        link.requests.asked = link.requests.asked.saturating_sub(1);
        if let Some(live) = link.live().filter(|_| !link.requests.first.is_none()) {
            sessions.mark_ready_unless_blocked(live);
        }
    }

    /// Sends what waits, as much as the link takes now.
    pub(in super::super) fn send_requests(&mut self, sessions: &mut SessionManager<'_>, at: u16) {
        while let Some(link) = self.link(at)
            && let (Some(live), Some(index)) = (link.live(), link.requests.first.index())
        {
            if !self.send_request(sessions, (live, at), index) {
                return;
            }
            self.unlist_first(at, index);
        }
    }

    /// Sends what one membership wants; `false` if something of it has to wait.
    fn send_request(
        &mut self,
        sessions: &mut SessionManager<'_>,
        (link, at): (SessionKey, u16),
        index: u16,
    ) -> bool {
        let Some(own) = self.links.get_mut(usize::from(at)) else { return true };
        let Some(member) = self.members.at_mut(index) else { return true };
        let Some(place) = self.channels.at(member.channel) else { return true };
        let (uid, channel, attempt) = (member.uid, Text::truncated(&place.name), member.attempt);
        let asked = &mut own.requests.asked;
        let waiting = &mut member.waiting;
        let Waiting { since, after, .. } = *waiting;
        if waiting.is_leaving {
            waiting.is_leaving = !tell(sessions, link, &LeaveChannel { uid, channel });
        }
        if waiting.is_joining && *asked < ASKED_MOST {
            waiting.is_joining = !tell(sessions, link, &JoinChannel { uid, channel, attempt });
            *asked += u16::from(!waiting.is_joining);
        }
        if waiting.wants_past && *asked < ASKED_MOST {
            waiting.wants_past = !tell(sessions, link, &AskPast { uid, channel, since });
            *asked += u16::from(!waiting.wants_past);
        }
        if waiting.wants_members && *asked < ASKED_MOST {
            waiting.wants_members = !tell(sessions, link, &AskMembers { uid, channel, after });
            *asked += u16::from(!waiting.wants_members);
        }
        !waiting.wants_something()
    }

    /// The membership that was first has nothing more to wait for.
    fn unlist_first(&mut self, at: u16, index: u16) {
        let Some(key) = self.members.key_at(index) else { return };
        let Some(member) = self.members.get_mut(key) else { return };
        let waiting = core::mem::replace(&mut member.waiting, Waiting::NOTHING);
        let Some(link) = self.link_mut(at) else { return };
        link.requests.first = waiting.next;
        if waiting.next.is_none() {
            link.requests.last = Link::NONE;
        }
        if waiting.is_note {
            self.drop_note(key);
        }
    }

    /// Keeps what still waits for this link: what another one is to be asked and told now is forgotten. O(what waits).
    pub(super) fn sort_requests(&mut self, at: u16) {
        let Some(link) = self.link_mut(at) else { return };
        let (mut next, mut kept) = (link.requests.first, Link::NONE);
        link.requests.first = Link::NONE;
        while let Some(index) = next.index() {
            let Some(member) = self.members.at_mut(index) else { break };
            next = core::mem::replace(&mut member.waiting.next, Link::NONE);
            let place = self.channels.at(member.channel);
            if place.is_none_or(|place| place.owner != Link::to(at)) {
                self.forget_request(index);
                continue;
            }
            match kept.index().and_then(|kept| self.members.at_mut(kept)) {
                Some(kept) => kept.waiting.next = Link::to(index),
                None => self.set_first_request(at, index),
            }
            kept = Link::to(index);
        }
        if let Some(link) = self.link_mut(at) {
            link.requests.last = kept;
        }
    }

    fn set_first_request(&mut self, at: u16, index: u16) {
        if let Some(link) = self.link_mut(at) {
            link.requests.first = Link::to(index);
        }
    }

    fn forget_request(&mut self, index: u16) {
        let Some(key) = self.members.key_at(index) else { return };
        let Some(member) = self.members.get_mut(key) else { return };
        if core::mem::replace(&mut member.waiting, Waiting::NOTHING).is_note {
            self.drop_note(key);
        }
    }

    /// A membership that has ended is told, or nobody is left to tell.
    pub(super) fn drop_note(&mut self, key: LocalMemberKey) {
        let Some(note) = self.members.remove(key) else { return };
        let Some(channel) = self.channels.key_at(note.channel) else { return };
        if let Some(place) = self.channels.get_mut(channel) {
            place.notes = place.notes.saturating_sub(1);
        }
        self.forget_if_empty(channel);
    }

    /// The link has ended: nothing waits for it. O(what has waited).
    pub(super) fn forget_requests(&mut self, at: u16) {
        let Some(link) = self.link_mut(at) else { return };
        let mut next = core::mem::replace(&mut link.requests, Requests::NONE).first;
        while let Some(index) = next.index() {
            next = self.members.at(index).map_or(Link::NONE, |member| member.waiting.next);
            self.forget_request(index);
        }
    }

    /// Whether somebody whose address holds `held` channels may have one that nobody had before. Channels
    /// that always exist have their places.
    pub(super) fn may_create(&self, name: &str, held: u16) -> bool {
        let reserved = self.policy.reserved;
        if reserved.contains(&name) {
            return true;
        }
        let absent = reserved.iter().filter(|name| self.find(name).is_none()).count();
        let whole = self.channels.capacity();
        let free = whole.saturating_sub(self.channels.len() + absent);
        may_take(usize::from(held), free, whole)
    }

    /// The channel counts for its newest member's address from now on: it is new, or its holder has left.
    pub(super) fn find_holder(&mut self, sessions: &mut SessionManager<'_>, channel: u16) {
        let Some(place) = self.channels.at(channel) else { return };
        if self.policy.reserved.contains(&place.name.as_str()) {
            return;
        }
        if let Some(member) = place.first.index().and_then(|index| self.members.at_mut(index)) {
            member.holds = true;
            sessions.shares_mut().hold(member.address, Holding::Channel);
        }
    }
}

/// What is asked takes half of what may wait for the chat server at most: the rest is for what is said.
fn tell<M: Message>(sessions: &mut SessionManager<'_>, link: SessionKey, message: &M) -> bool {
    let most = sessions.config().send_buffers_per_server / 2;
    sessions.send_within(link, message, most).is_ok()
}
