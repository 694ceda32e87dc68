//! Listing rooms, page by page.

use super::directory::EntryKey;
use super::{Authenticator, Main};
use crate::node::Caller;
use crate::protocol::client_to_main::ListRoomsReq;
use crate::protocol::either_way::Error;
use crate::protocol::main_to_client::RoomPage;
use crate::protocol::{ErrorCode, ROOM_PAGE_ROOMS};

impl<'a, A: Authenticator> Main<'a, A> {
    /// Which rooms are there? O(rooms); it counts like a question about a channel.
    pub(super) fn list_rooms(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        key: EntryKey,
        asked: &ListRoomsReq<'_>,
    ) {
        if self.take_request(caller, key).is_err() {
            let busy = Error { code: ErrorCode::BUSY, about: ListRoomsReq::OPCODE.0 };
            caller.sessions.send_or_close(caller.now, caller.key, &busy);
            return;
        }
        let mut page = RoomPage { rooms: heapless::Vec::new(), next_after: 0 };
        // A mode that can't be read has no rooms.
        let Ok(mode) = self.authenticator.room_name(asked.mode.as_str()) else {
            caller.sessions.send_or_close(caller.now, caller.key, &page);
            return;
        };
        for index in asked.after..self.rooms.capacity() as u16 {
            let Some(room) = self.rooms.at(index).filter(|room| room.is_listed()) else { continue };
            let (line, region) = (room.line(), asked.region.as_str());
            let is_of_mode = mode.is_empty() || line.mode.as_str() == mode;
            let world = room.world().and_then(|world| self.worlds.get(world));
            if !is_of_mode || !world.is_some_and(|world| world.serves(region)) {
                continue;
            }
            if page.rooms.len() == ROOM_PAGE_ROOMS {
                page.next_after = index;
                break;
            }
            // There is room: that was just looked at.
            let _ = page.rooms.push(line);
        }
        caller.sessions.send_or_close(caller.now, caller.key, &page);
    }
}
