//! `Labels`: what the rooms of all worlds are called, as their games have heard it.
//!
//! Invariants: no room's name is there twice in one world; while the weather is orderly, nor in two worlds of one
//! Main (at rest in any weather: `realm::agreement`).
//! A room that is given back is empty; one that its game has locked takes nobody new.

use std::collections::BTreeSet;

use crate::broken::{Broken, ensure};
use crate::ids::WORLDS;
use crate::journal::RoomName;
use crate::layout::Layout;
use crate::sizes::ROOMS;

const ONCE: &str = "no room's name is there twice";

/// All names; see the [module](self).
pub(crate) struct Labels {
    layout: Layout,
    names: [[Option<RoomName>; ROOMS]; WORLDS],
    locked: [[bool; ROOMS]; WORLDS],
}

impl Labels {
    pub(super) fn new(layout: Layout) -> Self {
        Self { layout, names: Default::default(), locked: Default::default() }
    }

    /// A world begins: no room is open by name.
    pub(crate) fn world_starts(&mut self, world: usize) {
        self.names[world] = Default::default();
        self.locked[world] = Default::default();
    }

    pub(super) fn lock(&mut self, (world, room): (usize, u16), is_locked: bool) {
        self.locked[world][usize::from(room)] = is_locked;
    }

    /// Somebody is in who was not there.
    pub(super) fn check_entered(&self, (world, room): (usize, u16)) -> Result<(), Broken> {
        let is_locked = self.locked[world][usize::from(room)];
        ensure(!is_locked, "a locked room takes nobody new", || {
            format!("room {room} of world {world}")
        })
    }

    /// The names of the rooms of a world, each with its number.
    pub(crate) fn of_world(&self, world: usize) -> impl Iterator<Item = (u16, &RoomName)> {
        let rooms = (0..).zip(&self.names[world]);
        rooms.filter_map(|(room, name)| Some((room, name.as_ref()?)))
    }

    pub(super) fn opened(
        &mut self,
        (world, room): (usize, u16),
        name: &RoomName,
        is_orderly: bool,
    ) -> Result<(), Broken> {
        if name.is_empty() {
            return Ok(());
        }
        let is_there = |world| self.of_world(world).any(|(_, other)| other == name);
        let realm = self.layout.realm_of_world(world);
        let beside = (0..WORLDS).filter(|it| self.layout.realm_of_world(*it) == realm);
        let is_elsewhere = { beside }.any(is_there);
        let is_twice = is_there(world) || is_orderly && is_elsewhere;
        ensure(!is_twice, ONCE, || format!("{name} is opened in world {world}"))?;
        self.names[world][usize::from(room)] = Some(name.clone());
        Ok(())
    }

    pub(super) fn closed(&mut self, (world, room): (usize, u16)) {
        self.names[world][usize::from(room)] = None;
        self.locked[world][usize::from(room)] = false;
    }

    /// At rest no name is there twice by one Main; answers the names that are.
    pub(crate) fn check_main(&self, main: usize) -> Result<BTreeSet<&str>, Broken> {
        let mut names = BTreeSet::new();
        for (_, name) in self.layout.worlds_of_main(main).flat_map(|world| self.of_world(world)) {
            ensure(names.insert(name.as_str()), ONCE, || format!("{name} of Main {main}"))?;
        }
        Ok(names)
    }
}
