//! Pages of a world's users, as Main hears of them.
//!
//! Bounds: what fits a buffer of the node's pool, and [`USER_PAGE_USERS`].

use super::World;
use super::frame_sizes::PREFIX_BYTES;
use super::game::Game;
use crate::protocol::world_to_main::UserList;
use crate::protocol::{USER_PAGE_USERS, Uid};
use crate::wire::{VARINT_U32_MAX_BYTES, VARINT_U53_MAX_BYTES};

impl<G: Game> World<'_, G> {
    /// The page that begins with this user slot, and the slot that the next one begins with.
    pub(super) fn user_page(&self, first: u16, on_page: usize) -> (UserList, Option<u16>) {
        let is_first = first == 0;
        let mut uids = heapless::Vec::<Uid, USER_PAGE_USERS>::new();
        let (mut held, mut spectators) = (0, 0);
        let slots = self.rooms.users.capacity() as u16;
        for index in first..slots {
            let Some(user) = self.rooms.users.at(index) else {
                continue;
            };
            if self.rooms.is_coming(user.room) {
                continue;
            }
            let bit = u32::from(user.is_away()).unbounded_shl(uids.len() as u32);
            if uids.len() >= on_page || uids.push(user.uid).is_err() {
                let page = UserList { is_first, is_last: false, uids, held, spectators };
                return (page, Some(index));
            }
            if user.is_spectator() {
                spectators |= 1 << (uids.len() - 1);
            }
            held |= bit;
        }
        (UserList { is_first, is_last: true, uids, held, spectators }, None)
    }
}

/// A bit for each user of a page.
const _: () = assert!(USER_PAGE_USERS <= u32::BITS as usize);

/// How many users one page has, so that it fits a buffer of a node's pool: prefix, which page, and count first, and
/// who is away last.
pub(super) fn users_on_page(buffer_bytes: u16) -> usize {
    let besides = PREFIX_BYTES + 3 + VARINT_U32_MAX_BYTES;
    let room = usize::from(buffer_bytes).saturating_sub(besides);
    (room / VARINT_U53_MAX_BYTES).clamp(1, USER_PAGE_USERS)
}
