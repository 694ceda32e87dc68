//! `Owning`: which channels are this server's, where several share them.
//!
//! Contract: what counts is the highest number that any Main has said, or whoever drives this server; it is the token that fences a
//! former owner off. Of channels that are another one's by it, nothing is taken and nothing kept. A server that has heard of no
//! others has all. One that is driven beside a directory takes nothing that is said while it may have missed that others have its
//! channels, as when it has been stopped for a while.
//!
//! Bounds: [`CHAT_SERVERS_MAX`](crate::protocol::CHAT_SERVERS_MAX) servers; a change costs O(channels and their members).

use super::{Channel, Chat, ChatMap, ServerMarks, owner_of};
use crate::log;
use crate::protocol::main_to_chat::Owners;
use crate::protocol::{ClaimNumber, Seq};
use crate::time::Instant;

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Owning {
    number: ClaimNumber,
    place: usize,
    marks: ServerMarks,
    /// Until when it is known that it is still so; none: as long as nobody says otherwise.
    until: Option<Instant>,
}

/// The place of a server that is none of them.
const NOWHERE: usize = usize::MAX;

impl Owning {
    /// Everything is its own.
    pub(super) const ALL: Self =
        Self { number: ClaimNumber(0), place: 0, marks: ServerMarks::new(), until: None };

    pub(super) fn has(&self, channel: &str) -> bool {
        self.number == ClaimNumber(0) || owner_of(&self.marks, channel) == Some(self.place)
    }

    /// Whether it is known that what it has is still its own.
    pub(super) fn is_certain(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    /// Behind what a channel goes on of which so much was heard elsewhere: another Main may have heard more of that server.
    pub(super) const fn behind(&self, heard: Seq) -> Seq {
        match self.number {
            ClaimNumber(0) => heard,
            _ => Seq::first_of(heard.epoch().saturating_add(1)),
        }
    }
}

impl Chat<'_> {
    /// The number of what this server knows about its channels' owners; 0 if it has not heard of any other server.
    pub const fn owners_number(&self) -> ClaimNumber {
        self.owning.number
    }

    pub(super) fn hear_owners(&mut self, message: Owners) {
        let Owners { number, newest, place, marks } = message;
        if number < self.owning.number {
            return;
        }
        // Also when it is known: this Main may have heard more than who has said it first.
        if self.is_believable(newest) {
            self.book.begin_new_behind(newest);
        } else {
            log::warning!("a Main says that it has heard number {}", newest.0);
        }
        self.own(number, place.into(), marks);
    }

    /// The realm's chat servers, as whoever drives this one has heard, which is at `own` among them. What is older than what is
    /// known is passed over.
    pub fn hear_of_chat_servers(&mut self, map: &ChatMap, own: &str) {
        let place = map.servers.iter().position(|server| server == own);
        self.own(map.number, place.unwrap_or(NOWHERE), map.marks());
    }

    /// What this server has is its own until then, as far as is known; behind it nothing that is said is taken. Whoever never
    /// says so lets it take everything.
    pub const fn is_certain_until(&mut self, until: Instant) {
        self.owning.until = Some(until);
    }

    fn own(&mut self, number: ClaimNumber, place: usize, marks: ServerMarks) {
        if number <= self.owning.number {
            return;
        }
        log::info!("{} chat servers share the channels", marks.len());
        let owning = Owning { number, place, marks, until: self.owning.until };
        let before = core::mem::replace(&mut self.owning, owning);
        for index in 0..self.book.channels.capacity() as u16 {
            let Some(key) = self.book.channels.key_at(index) else { continue };
            let Some(name) = self.book.channels.get(key).map(Channel::name) else { continue };
            // One that becomes its own has had another owner, and does not go on with what was said here before that.
            if !(before.has(name) && self.owning.has(name)) {
                self.book.let_go(key);
            }
        }
    }
}
