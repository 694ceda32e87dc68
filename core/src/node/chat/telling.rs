//! What Mains are told: answers, what happens in channels, and what they have missed.
//!
//! Contract: an answer has room, because its Main is heard only then. What happens goes to each Main that has
//! members there, one copy; a Main whose link does not take it falls behind in that channel, and catches up when the
//! link takes bytes again. It is not dropped.

use super::channel::main_bit;
use super::{Channel, ChannelKey, Chat, Context, MainKey};
use crate::node::Role;
use crate::protocol::chat_to_main::{Broadcast, Past, PastEnd, Resumed};
use crate::protocol::{CHAT_MAX_BYTES, Message, SendError, Seq, Text, Uid};
use crate::session::SessionManager;
use crate::storage::Key;

impl<'a> Chat<'a> {
    /// Answers a Main: it has been heard because there is room for that. One that has gone wants no answer.
    pub(super) fn answer<M: Message>(
        &self,
        sessions: &mut SessionManager<'a>,
        main: MainKey,
        message: &M,
    ) {
        let _ = self.tell(sessions, main, message);
    }

    /// Tells a Main what it has not asked for.
    ///
    /// # Errors
    /// [`SendError`]; nothing is told then.
    pub(super) fn tell<M: Message>(
        &self,
        sessions: &mut SessionManager<'a>,
        main: MainKey,
        message: &M,
    ) -> Result<(), SendError> {
        let entry = self.mains.get(main).ok_or(SendError::Closed)?;
        sessions.send(entry.session, message)
    }

    /// Sends one copy to each Main that has members there, and answers how many. O(Mains). Whose link does not
    /// take it falls behind in this channel, and [catches up](Self::catch_up) when it does.
    pub(super) fn tell_all<M: Message>(
        &mut self,
        cx: &mut Context<'_, 'a>,
        key: ChannelKey,
        except: Option<MainKey>,
        message: &M,
    ) -> u64 {
        let Some(channel) = self.book.channels.get_mut(key) else { return 0 };
        let mut copies = 0;
        for (main, entry) in self.mains.iter() {
            if channel.members_of(main.index()) == 0 || Some(main) == except {
                continue;
            }
            let bit = main_bit(main.index());
            if channel.behind & bit == 0 && cx.sessions.send(entry.session, message).is_ok() {
                copies += 1;
            } else {
                channel.behind |= bit;
                self.behind |= bit;
                cx.sessions.mark_ready_unless_blocked(entry.session);
            }
        }
        copies
    }

    /// Tells a Main, as much as its link takes now, where channels are in which it has fallen behind, and the newest
    /// of what was said there. It knows itself what of that it has not heard. O(channels) then.
    pub(super) fn catch_up(&mut self, sessions: &mut SessionManager<'a>, index: u16) {
        let Some(main) = self.mains.key_at(index).filter(|_| self.behind & main_bit(index) != 0)
        else {
            return;
        };
        for channel in 0..self.book.channels.capacity() as u16 {
            let Some(key) = self.book.channels.key_at(channel) else { continue };
            let Some(place) = self.book.channels.get(key) else { continue };
            if place.behind & main_bit(index) == 0 {
                continue;
            }
            let session = self.mains.get(main).map_or(Key::DANGLING, |entry| entry.session);
            if self.must_answer_first(sessions, session) {
                return;
            }
            let seq = self.first_on_page(place);
            self.send_from(sessions, main, key, seq, 0);
            if let Some(place) = self.book.channels.get_mut(key) {
                place.behind &= !main_bit(index);
            }
        }
        self.behind &= !main_bit(index);
    }

    /// The oldest of the messages that a Main gets unasked.
    pub(super) fn first_on_page(&self, place: &Channel) -> Seq {
        place.next_seq().minus(self.config.past_page.into()).max(place.oldest_seq())
    }

    /// One page of the past for one user.
    pub(super) fn send_past(
        &self,
        cx: &mut Context<'_, 'a>,
        main: MainKey,
        to: Uid,
        key: ChannelKey,
        since: Seq,
    ) {
        let Some(place) = self.book.channels.get(key) else { return };
        let channel = Text::truncated(&place.name);
        let (oldest, end_seq) = (place.oldest_seq(), place.next_seq());
        let mut next_seq = since.max(oldest).min(end_seq);
        let mut past = self.book.past(key, next_seq);
        let mut scratch = [0; CHAT_MAX_BYTES];
        for _ in 0..self.config.past_page {
            let Some((uid, msg)) = past.next(&mut scratch) else { break };
            let msg = Text::truncated(msg);
            self.answer(cx.sessions, main, &Past { to, channel, seq: next_seq, uid, msg });
            next_seq = next_seq.next();
        }
        self.answer(cx.sessions, main, &PastEnd { to, channel, oldest, next_seq, end_seq });
    }

    /// What a Main that comes back has missed: the newest page of it, and how much is lost.
    pub(super) fn send_missed(
        &self,
        sessions: &mut SessionManager<'a>,
        main: MainKey,
        key: ChannelKey,
        since: Seq,
    ) {
        let Some(place) = self.book.channels.get(key) else { return };
        let heard_seq = since.next();
        let seq = heard_seq.max(self.first_on_page(place));
        let missed = if since < place.base_seq { u32::MAX } else { seq.since(heard_seq) };
        self.send_from(sessions, main, key, seq, missed);
    }

    pub(super) fn send_from(
        &self,
        sessions: &mut SessionManager<'a>,
        main: MainKey,
        key: ChannelKey,
        mut seq: Seq,
        missed: u32,
    ) {
        let Some(place) = self.book.channels.get(key) else { return };
        let (channel, members) = (Text::truncated(&place.name), place.members);
        self.answer(sessions, main, &Resumed { channel, next_seq: seq, missed, members });
        let mut past = self.book.past(key, seq);
        let mut scratch = [0; CHAT_MAX_BYTES];
        while let Some((uid, msg)) = past.next(&mut scratch) {
            // The number that its sender gave it is not kept: whoever was to hear it has been told.
            let said = Broadcast { channel, seq, uid, request: 0, msg: Text::truncated(msg) };
            self.answer(sessions, main, &said);
            seq = seq.next();
        }
    }
}
