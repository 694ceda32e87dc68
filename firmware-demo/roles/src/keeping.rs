//! What a world's rooms keep on a device: values and records, in RAM, until the power goes.
//!
//! With the feature `saves` a game's `room.save` finds a [`RamStore`](tinyrealm_smoltcp::store::RamStore) of [`kept`] things; without it there is no
//! store, and every wish is answered so. What rooms are is not kept: with the feature `moving` it has a place while it moves. A board with flash for it serves another
//! [`Store`](tinyrealm_smoltcp::store::Store) in its place.

#[cfg(not(feature = "saves"))]
pub use absent::{GameKeeping, Keeper};
#[cfg(feature = "saves")]
pub use present::{GameKeeping, Keeper};

use tinyrealm_core::node::world::Game;

#[cfg(feature = "moving")]
use crate::places::ROOM_CAPACITY;
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

/// Bytes of the states of this game's rooms: what moves of them is written there, and comes there.
pub const fn rooms_bytes<G: Game>() -> usize {
    ROOMS * room_bytes::<G>()
}

/// Bytes of what is handed out at once: a value, or the state of a room.
pub const fn job_bytes<G: Game>() -> usize {
    if value_bytes::<G>() < room_bytes::<G>() { room_bytes::<G>() } else { value_bytes::<G>() }
}

#[cfg(feature = "moving")]
const fn room_bytes<G: Game>() -> usize {
    tinyrealm_core::node::world::saves::state_bytes::<G>(ROOM_CAPACITY)
}

#[cfg(not(feature = "moving"))]
#[expect(
    clippy::extra_unused_type_parameters,
    reason = "of rooms that move it depends on the game"
)]
const fn room_bytes<G: Game>() -> usize {
    0
}

#[cfg(feature = "saves")]
mod present {
    use tinyrealm_core::entropy::Turn;
    use tinyrealm_core::node::Node;
    use tinyrealm_core::node::world::saves::{SaveMemory, StoreTask};
    use tinyrealm_core::node::world::{Game, SaveStorage, World};
    use tinyrealm_core::protocol::RoomId;
    use tinyrealm_smoltcp::store::{Lying, RamStore, Store, StoreFailed, serve};

    use crate::places::ROOMS;

    /// The memory of a game's jobs and of what is kept.
    pub struct GameKeeping<
        const JOBS: usize,
        const VALUE_BYTES: usize,
        const ALL_BYTES: usize,
        const KEPT: usize,
        const ROOMS_BYTES: usize,
        const JOB_BYTES: usize,
    > {
        saves: SaveMemory<JOBS, ALL_BYTES, ROOMS, ROOMS_BYTES>,
        store: RamStore<KEPT, VALUE_BYTES>,
        buffer: [u8; JOB_BYTES],
    }

    impl<
        const JOBS: usize,
        const VALUE_BYTES: usize,
        const ALL_BYTES: usize,
        const KEPT: usize,
        const ROOMS_BYTES: usize,
        const JOB_BYTES: usize,
    > GameKeeping<JOBS, VALUE_BYTES, ALL_BYTES, KEPT, ROOMS_BYTES, JOB_BYTES>
    {
        /// Nothing is kept.
        pub const NEW: Self =
            Self { saves: SaveMemory::NEW, store: RamStore::NEW, buffer: [0; JOB_BYTES] };

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
            let mut store = WithoutRooms(&mut *self.store);
            while serve(turn, node, &mut store, self.buffer) {}
        }
    }

    /// Values and records alone. What is in RAM is gone when a world starts, so nobody would find there what a room was.
    struct WithoutRooms<'s, S>(&'s mut S);

    impl<S: Store> Store for WithoutRooms<'_, S> {
        fn write(
            &mut self,
            task: &StoreTask,
            version: u16,
            bytes: &[u8],
        ) -> Result<(), StoreFailed> {
            match task {
                StoreTask::SaveRoom(_) | StoreTask::ForgetRoom(_) => Ok(()),
                _ => self.0.write(task, version, bytes),
            }
        }

        fn load(&mut self, key: &str, out: &mut [u8]) -> Result<Option<Lying>, StoreFailed> {
            self.0.load(key, out)
        }

        fn room(&mut self, _: RoomId, _: &mut [u8]) -> Result<Option<Lying>, StoreFailed> {
            Ok(None)
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
        const ROOMS_BYTES: usize,
        const JOB_BYTES: usize,
    >;

    impl<
        const JOBS: usize,
        const VALUE_BYTES: usize,
        const ALL_BYTES: usize,
        const KEPT: usize,
        const ROOMS_BYTES: usize,
        const JOB_BYTES: usize,
    > GameKeeping<JOBS, VALUE_BYTES, ALL_BYTES, KEPT, ROOMS_BYTES, JOB_BYTES>
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
