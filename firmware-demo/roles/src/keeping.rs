//! What a world's rooms keep on a device: values and records, in RAM, until the power goes.
//!
//! With the feature `saves` a game's `room.save` finds a [`RamStore`](tinyrealm_smoltcp::store::RamStore) of [`kept`] things; without it there is no
//! store, and every wish is answered so. A board with flash for it serves another
//! [`Store`](tinyrealm_smoltcp::store::Store) in its place.

#[cfg(not(feature = "saves"))]
pub use absent::{GameKeeping, Keeper};
#[cfg(feature = "saves")]
pub use present::{GameKeeping, Keeper};

use tinyrealm_core::node::world::Game;

use crate::places::{PLAYERS, ROOMS};

/// Jobs of this game's rooms.
pub const fn jobs<G: Game>() -> usize {
    ROOMS * G::SAVES_IN_FLIGHT
}

/// Bytes of a value of this game.
pub const fn value_bytes<G: Game>() -> usize {
    G::SAVE_BYTES
}

/// Values and records that are kept: two of each player's, if the game keeps any.
pub const fn kept<G: Game>() -> usize {
    if G::SAVES_IN_FLIGHT > 0 { 2 * PLAYERS } else { 0 }
}

#[cfg(feature = "saves")]
mod present {
    use tinyrealm_core::entropy::Turn;
    use tinyrealm_core::node::Node;
    use tinyrealm_core::node::world::saves::SaveMemory;
    use tinyrealm_core::node::world::{Game, SaveStorage, World};
    use tinyrealm_smoltcp::store::{RamStore, serve};

    use crate::places::ROOMS;

    /// The memory of a game's jobs and of what is kept.
    pub struct GameKeeping<
        const JOBS: usize,
        const VALUE_BYTES: usize,
        const ALL_BYTES: usize,
        const KEPT: usize,
    > {
        saves: SaveMemory<JOBS, ALL_BYTES, ROOMS, 0>,
        store: RamStore<KEPT, VALUE_BYTES>,
        buffer: [u8; VALUE_BYTES],
    }

    impl<const JOBS: usize, const VALUE_BYTES: usize, const ALL_BYTES: usize, const KEPT: usize>
        GameKeeping<JOBS, VALUE_BYTES, ALL_BYTES, KEPT>
    {
        /// Nothing is kept.
        pub const NEW: Self =
            Self { saves: SaveMemory::NEW, store: RamStore::NEW, buffer: [0; VALUE_BYTES] };

        /// What the world borrows, and who serves it.
        pub fn split(&'static mut self) -> (SaveStorage<'static>, Keeper<VALUE_BYTES, KEPT>) {
            let Self { saves, store, buffer } = self;
            (saves.storage(), Keeper { store, buffer })
        }
    }

    /// Who does what a world's rooms ask for.
    pub struct Keeper<const VALUE_BYTES: usize, const KEPT: usize> {
        store: &'static mut RamStore<KEPT, VALUE_BYTES>,
        buffer: &'static mut [u8],
    }

    impl<const VALUE_BYTES: usize, const KEPT: usize> Keeper<VALUE_BYTES, KEPT> {
        /// Does everything that waits.
        pub(crate) fn serve<G: Game>(
            &mut self,
            node: &mut Node<'static, World<'static, G>>,
            turn: &mut Turn<'_>,
        ) {
            while serve(turn, node, self.store, self.buffer) {}
        }
    }
}

#[cfg(not(feature = "saves"))]
mod absent {
    use tinyrealm_core::entropy::Turn;
    use tinyrealm_core::node::Node;
    use tinyrealm_core::node::world::{Game, SaveStorage, World};

    /// Nothing.
    pub struct GameKeeping<
        const JOBS: usize,
        const VALUE_BYTES: usize,
        const ALL_BYTES: usize,
        const KEPT: usize,
    >;

    impl<const JOBS: usize, const VALUE_BYTES: usize, const ALL_BYTES: usize, const KEPT: usize>
        GameKeeping<JOBS, VALUE_BYTES, ALL_BYTES, KEPT>
    {
        /// Nothing.
        pub const NEW: Self = Self;

        /// Nothing, twice.
        pub fn split(&'static mut self) -> (SaveStorage<'static>, Keeper<VALUE_BYTES, KEPT>) {
            (SaveStorage::default(), Keeper)
        }
    }

    /// Nobody.
    pub struct Keeper<const VALUE_BYTES: usize, const KEPT: usize>;

    impl<const VALUE_BYTES: usize, const KEPT: usize> Keeper<VALUE_BYTES, KEPT> {
        /// Nothing waits.
        pub(crate) fn serve<G: Game>(
            &mut self,
            _: &mut Node<'static, World<'static, G>>,
            _: &mut Turn<'_>,
        ) {
        }
    }
}
