//! Leaving: how somebody is taken out of its room, whatever the reason, and who hears of it.

use super::game::Game;
use super::seat::Left;
use super::user::UserKey;
use super::{World, link};
use crate::node::Context;
use crate::protocol::ErrorCode;
use crate::session::LinkTag;
use crate::session::manager::Farewell;

impl<'a, G: Game> World<'a, G> {
    /// Takes a user out of its room at once; its session, if it is another matter, goes on.
    pub(super) fn remove_user(
        &mut self,
        cx: &mut Context<'_, 'a>,
        key: UserKey,
        reason: ErrorCode,
    ) {
        #[cfg(feature = "log")]
        self.log_member(cx, key, format_args!("has left: {}", reason.name()));
        let Some(user) = self.rooms.leave(cx.sessions, cx.now, key) else {
            return;
        };
        // The slot may have another user soon, and this session must never be taken for it.
        cx.sessions.set_tag(user.session, LinkTag { kind: link::LEAVING, index: 0 });
        #[cfg(feature = "asks")]
        self.lose_answers(cx, key, (user.uid, user.room, user.session));
        if !user.is_spectator() {
            self.with_game(cx, user.room, |game, room| {
                game.on_leave(room, user.uid, Left::for_reason(reason));
            });
        }
        self.main_link_report_left(cx, user.uid);
        #[cfg(feature = "rooms")]
        self.close_if_empty(cx, user.room);
    }

    /// Takes a user out of its room and closes its connection.
    pub(super) fn show_out(&mut self, cx: &mut Context<'_, 'a>, key: UserKey, reason: ErrorCode) {
        let Some(session) = self.rooms.users.get(key).map(|user| user.session) else {
            return;
        };
        self.remove_user(cx, key, reason);
        cx.sessions.close(cx.now, session, Farewell::Bye(reason));
    }
}
