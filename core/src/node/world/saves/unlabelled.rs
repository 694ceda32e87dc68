//! Rooms without names have no labels.

use super::super::room_manager::RoomManager;
use super::super::{Game, World};
use super::job::RestoreRefusal;
use crate::node::Context;

pub(super) const LABEL_MAX_BYTES: usize = 0;

impl RoomManager<'_> {
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "with names there is one")]
    pub(super) const fn write_label(&mut self, _: u16) -> Option<usize> {
        Some(0)
    }
}

impl<'a, G: Game> World<'a, G> {
    /// Opens a room that goes on.
    pub(super) fn reopen(
        &mut self,
        cx: &mut Context<'_, 'a>,
        room: u16,
        label: &[u8],
    ) -> Result<(), RestoreRefusal> {
        let opened = self.with_game(cx, room, |game, room| game.on_open(room, &[]));
        let is_open = label.is_empty() && matches!(opened, Some(Ok(())));
        if is_open { Ok(()) } else { Err(RestoreRefusal::Unreadable) }
    }

    /// What its game has kept is none: the room begins anew.
    pub(super) fn close_unread(&mut self, cx: &mut Context<'_, 'a>, room: u16) {
        self.with_game(cx, room, |game, room| game.on_close(room));
    }
}
