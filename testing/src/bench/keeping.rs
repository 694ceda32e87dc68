//! What the room keeps, and what becomes of it when its world is killed.

use serde::Deserialize;
use tinyrealm_core::node::world::Game;
use tinyrealm_core::protocol::{Message, decode};

use super::GameBench;
use crate::host::Tools;
use crate::realm;
use crate::store::{KeptRecord, MemoryStore};

impl<G: Game + 'static> GameBench<G> {
    /// Where the room keeps things.
    pub const fn store(&self) -> &MemoryStore {
        &self.store
    }

    /// Where the room keeps things: for what was there before, and for its weather.
    pub const fn store_mut(&mut self) -> &mut MemoryStore {
        &mut self.store
    }

    /// The records of one type that the room has kept, oldest first.
    ///
    /// # Panics
    /// If one of them does not decode.
    pub fn records<'b, M: Message + Deserialize<'b>>(&'b self) -> Vec<M> {
        let of_type = |record: &&KeptRecord| i32::from(record.kind) == M::OPCODE.0;
        let read = |record: &'b KeptRecord| {
            let bytes = &record.kept.bytes;
            decode(bytes).unwrap_or_else(|| panic!("{}: {bytes:?}", M::NAME))
        };
        self.store.records().iter().filter(of_type).map(read).collect()
    }

    /// The world ends without a word, and starts again with `game` and with what its room has kept. Its players come
    /// back by themselves, as they can.
    pub fn crash(&mut self, game: G) {
        let Self { now, random, network, world, store, sizes, new_game, .. } = self;
        let tools = &mut Tools { now: *now, random, network };
        world.vanish(tools);
        store.crash();
        *world = realm::world(tools, (game, *new_game), *sizes, store);
        self.settle();
    }
}
