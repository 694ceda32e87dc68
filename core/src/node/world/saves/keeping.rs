//! What a game asks of what keeps things, and how much that is.

use super::super::context::is_a_game_s;
use super::super::{Game, RoomContext};
use super::{
    ROOM_SAVE_MAX_BYTES, RecordId, SAVE_MAX_BYTES, SAVES_IN_FLIGHT_MAX, SaveError, SaveSizes,
};
use crate::protocol::Message;

impl SaveSizes {
    /// Those of a game.
    pub(in super::super) const fn of<G: Game>() -> Self {
        const {
            assert!(G::SAVE_BYTES <= SAVE_MAX_BYTES, "a game saves up to 4,096 bytes under a key");
            assert!(
                G::ROOM_SAVE_BYTES <= ROOM_SAVE_MAX_BYTES,
                "a room's state has up to 4,096 bytes"
            );
            assert!(G::SAVES_IN_FLIGHT <= SAVES_IN_FLIGHT_MAX, "a room has up to 256 jobs");
        }
        Self {
            value_bytes: G::SAVE_BYTES,
            room_bytes: G::ROOM_SAVE_BYTES,
            in_flight: G::SAVES_IN_FLIGHT,
            interval_ms: G::SAVE_INTERVAL_MS,
        }
    }
}

impl RoomContext<'_, '_> {
    /// Keeps `bytes` under `key`, in the place of what is there; [`Game::on_saved`] tells when it is.
    ///
    /// # Errors
    /// [`SaveError`]; nothing is kept then.
    pub fn save(&mut self, key: &str, bytes: &[u8]) -> Result<(), SaveError> {
        self.rooms.saves.save(self.room, key, bytes)
    }

    /// Asks for what is kept under `key`; [`Game::on_loaded`] tells what is.
    ///
    /// # Errors
    /// [`SaveError`]; nobody is asked then.
    pub fn load(&mut self, key: &str) -> Result<(), SaveError> {
        self.rooms.saves.load(self.room, key)
    }

    /// Keeps one of the game's own messages behind all that were kept before; [`Game::on_recorded`] tells
    /// when it is, by the id that this answers: of this opening of the room, and never given again.
    ///
    /// # Errors
    /// [`SaveError`]; nothing is kept then.
    pub fn record<M: Message>(&mut self, message: &M) -> Result<RecordId, SaveError> {
        let id = self.rooms.saves.next_record_id(self.room, self.entropy);
        self.record_as(id, message)?;
        Ok(id)
    }

    /// [`RoomContext::record`] under an id of the author's: what was kept under it before stays as it is.
    ///
    /// # Errors
    /// [`SaveError`]; nothing is kept then.
    pub fn record_as<M: Message>(&mut self, id: RecordId, message: &M) -> Result<(), SaveError> {
        const { assert!(is_a_game_s::<M>(), "a game records messages of `GAME.server_to_client`") };
        self.rooms.saves.record(self.room, id, message)
    }
}
