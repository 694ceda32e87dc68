//! Announcing: what whoever runs a Main says to everybody who is there.
//!
//! Contract: who is connected to this Main when it is said hears it once, behind what waits for its connection, however slow
//! that is; who comes later does not. One said before the one before it has reached everybody takes its place for those.
//!
//! Bounds: one text of [`ANNOUNCEMENT_MAX_BYTES`], a byte a user. Saying it costs O(users), and so does each further look
//! for those whose connections had no room for it, every [`AGAIN_MS`].

use super::{Authenticator, Main, link};
use crate::node::Context;
use crate::protocol::main_to_client::Announced;
use crate::protocol::{ANNOUNCEMENT_MAX_BYTES, Text};
use crate::session::{LinkTag, SessionKey, SessionManager};
use crate::time::Instant;

/// How long one waits whose connection had no room.
const AGAIN_MS: u32 = 10;

/// What is being said; see the [module](self).
#[derive(Debug, Default)]
pub(super) struct Announcer {
    text: heapless::String<ANNOUNCEMENT_MAX_BYTES>,
    /// Of the last one: a user who has heard another one is to hear it.
    pub(super) number: u8,
    /// When to look for those who have not.
    pub(super) again_at: Option<Instant>,
}

impl<'a, A: Authenticator> Main<'a, A> {
    /// Everybody who is connected here is told this; answers how many that are.
    pub fn announce(
        &mut self,
        cx: &mut Context<'_, 'a>,
        text: Text<'_, ANNOUNCEMENT_MAX_BYTES>,
    ) -> usize {
        self.announcer.text.clear();
        // Both have the same bound.
        let _ = self.announcer.text.push_str(text.as_str());
        self.announcer.number = self.announcer.number.wrapping_add(1);
        self.remind(cx.sessions)
    }

    /// Whoever has not heard the last one is transmitted to; answers how many those are.
    fn remind(&self, sessions: &mut SessionManager<'a>) -> usize {
        let number = self.announcer.number;
        let mut count = 0;
        for (_, user) in self.users.iter().filter(|(_, user)| user.announced != number) {
            if sessions.is_open(user.session) {
                sessions.mark_ready_unless_blocked(user.session);
                count += 1;
            }
        }
        count
    }

    /// Looks again for those who have not heard it, if it is time.
    #[inline]
    pub(super) fn announce_again(&mut self, now: Instant, sessions: &mut SessionManager<'a>) {
        if self.announcer.again_at.is_some_and(|at| at <= now) {
            self.announcer.again_at = None;
            self.remind(sessions);
        }
    }

    /// A user is about to be transmitted to.
    #[inline]
    pub(super) fn tell_announcement(
        &mut self,
        now: Instant,
        sessions: &mut SessionManager<'a>,
        key: SessionKey,
        tag: LinkTag,
    ) {
        let Announcer { text, number, again_at } = &mut self.announcer;
        let user = self.users.at_mut(tag.index).filter(|_| tag.kind == link::CLIENT);
        let Some(user) = user.filter(|user| user.announced != *number) else { return };
        if sessions.send(key, &Announced { text: Text::truncated(text) }).is_ok() {
            user.announced = *number;
        } else if again_at.is_none() {
            *again_at = Some(now.after_ms(AGAIN_MS));
        }
    }
}
