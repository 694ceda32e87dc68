//! A world whose rooms have no names.

use super::joining::ANY_ROOM;
use super::{Game, World};
use crate::node::{Caller, Context};
use crate::protocol::main_to_world::CloseRoom;
use crate::protocol::world_to_main::RoomClosed;
use crate::protocol::{ErrorCode, Uid, Wish};
use crate::time::Instant;

#[allow(clippy::unused_self, reason = "the same calls as with the feature")]
impl<'a, G: Game> World<'a, G> {
    pub(super) fn room_for(
        &mut self,
        _: &mut Context<'_, 'a>,
        _: Uid,
        wish: &Wish<'_>,
    ) -> Result<u16, ErrorCode> {
        if wish.name.as_str().is_empty() { Ok(ANY_ROOM) } else { Err(ErrorCode::NO_ROOM) }
    }

    pub(super) const fn expect_in(&mut self, _: Instant, _: u16, _: u32) {}

    pub(super) const fn members_have_changed(&mut self, _: Instant, _: u16) {}

    pub(super) fn close_named(&mut self, caller: &mut Caller<'_, 'a>, wanted: &CloseRoom<'_>) {
        self.main_link_tell(&mut caller.context(), &RoomClosed { room_id: wanted.room_id });
    }
}
