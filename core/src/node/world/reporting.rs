//! What a world reports to Main: how it goes, who has come and gone, and who is there.
//!
//! Contract: what happens is said at once to whichever links take it; of the others the list says it.

use super::World;
use super::game::Game;
use super::user::UserKey;
use super::user_pages::users_on_page;
use crate::node::Context;
use crate::protocol::Uid;
use crate::protocol::world_to_main::{Status, UserHeld, UserJoined, UserLeft};
use crate::session::{SessionKey, SessionManager};

impl<'a, G: Game> World<'a, G> {
    /// Without names worlds choose rooms themselves.
    #[cfg(not(feature = "rooms"))]
    #[expect(clippy::unused_self, reason = "with names there may be some")]
    pub(super) const fn named_rooms(&self) -> u16 {
        0
    }

    /// How it goes, and when that is said again.
    pub(super) fn main_link_report_status(
        &mut self,
        cx: &mut Context<'_, 'a>,
        key: SessionKey,
        index: u16,
    ) {
        let capacity = self.rooms.capacity().max(1);
        let status = Status {
            users: self.rooms.users() as u16,
            rooms: self.rooms.occupied_rooms() as u16,
            load: (self.rooms.users() * 1_000 / capacity) as u16,
            held: self.rooms.away() as u16,
        };
        // What it says is old in a moment: if the link is full, the next one will do.
        let _ = cx.sessions.send(key, &status);
        #[cfg(feature = "rooms")]
        {
            self.note_members(index);
            if let Some(link) = self.mains.at_mut(index) {
                link.next_room = Some(0);
            }
            cx.sessions.mark_ready_unless_blocked(key);
        }
        #[cfg(feature = "mains")]
        self.correct_mistake(cx, key, index);
        cx.sessions.schedule(index, cx.now.after_ms(self.config.status_interval_ms));
    }

    pub(super) fn main_link_report_joined(&mut self, cx: &mut Context<'_, 'a>, key: UserKey) {
        if let Some(user) = self.rooms.users.get(key) {
            let joined = UserJoined { uid: user.uid, is_spectator: user.is_spectator() };
            self.main_links_tell(cx, &joined);
        }
    }

    pub(super) fn main_link_report_held(&mut self, cx: &mut Context<'_, 'a>, uid: Uid) {
        self.main_links_tell(cx, &UserHeld { uid });
    }

    pub(super) fn main_link_report_left(&mut self, cx: &mut Context<'_, 'a>, uid: Uid) {
        self.main_links_tell(cx, &UserLeft { uid });
    }

    /// Sends the next pages of the user list, as many as the link takes now.
    pub(super) fn main_link_report_users(
        &mut self,
        sessions: &mut SessionManager<'a>,
        key: SessionKey,
        index: u16,
    ) {
        // The rest is for answers, and for what happens meanwhile.
        let most = sessions.config().send_buffers_per_server / 2;
        while let Some(first) = self.mains.at(index).and_then(|link| link.next_reported) {
            let (page, next) = self.user_page(first, users_on_page(sessions.buffer_bytes()));
            if sessions.send_within(key, &page, most).is_err() {
                return;
            }
            if let Some(link) = self.mains.at_mut(index) {
                link.next_reported = next;
            }
        }
    }
}
