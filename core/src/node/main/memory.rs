//! `MainMemory`: Main's storage as one value, sized by const generics.

use super::{MainStorage, UserEntry, WorldEntry};
use crate::storage::{Link, Slot};

/// The storage of one Main: like [`NodeMemory`](crate::node::NodeMemory).
#[derive(Debug)]
pub struct MainMemory<const USERS: usize, const WORLDS: usize> {
    users: [Slot<UserEntry>; USERS],
    user_heads: [Link; USERS],
    user_nexts: [Link; USERS],
    worlds: [Slot<WorldEntry>; WORLDS],
}

impl<const USERS: usize, const WORLDS: usize> MainMemory<USERS, WORLDS> {
    /// Empty storage.
    pub const NEW: Self = Self {
        users: [const { Slot::VACANT }; USERS],
        user_heads: [Link::NONE; USERS],
        user_nexts: [Link::NONE; USERS],
        worlds: [const { Slot::VACANT }; WORLDS],
    };

    /// The storage as the slices that Main borrows, for guests: whoever has a Login lends hellos too.
    pub fn storage(&mut self) -> MainStorage<'_> {
        MainStorage {
            users: &mut self.users,
            user_heads: &mut self.user_heads,
            user_nexts: &mut self.user_nexts,
            worlds: &mut self.worlds,
            hellos: &mut [],
        }
    }
}
