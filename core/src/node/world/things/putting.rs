//! What a game puts into its room, and how much that is.

use serde::Deserialize;

use super::super::context::is_a_game_s;
use super::super::user::UserKey;
use super::super::{Game, RoomContext};
use super::{State, StateError, StateSizes};
use crate::protocol::{Bytes, Message, THING_MAX_BYTES, Uid};
use crate::wire::BinaryWriter;
use crate::wire::opcode::{GAME, Opcode};

impl StateSizes {
    /// Those of a game.
    pub const fn of<G: Game + ?Sized>() -> Self {
        Self { things: G::THINGS, thing_bytes: G::THING_BYTES, member_bytes: G::MEMBER_BYTES }
    }
}

/// The place of a game's message in its band.
const fn kind_of(opcode: Opcode) -> u8 {
    (opcode.0 - GAME.server_to_client.first) as u8
}

impl RoomContext<'_, '_> {
    /// Puts a thing, in place of what it was: whoever is in the room sees it with the next flush.
    ///
    /// # Errors
    /// [`StateError`]; the thing is as it was then.
    pub fn put<M: Message>(&mut self, id: u16, thing: &M) -> Result<(), StateError> {
        const { assert!(is_a_game_s::<M>(), "a thing is a message of `GAME.server_to_client`") };
        let most = self.rooms.states.sizes().thing_bytes;
        with_encoded(thing, most, |state| self.rooms.put_thing(self.now, self.room, id, state))
    }

    /// Takes a thing away, if it is there.
    ///
    /// # Errors
    /// [`StateError::Unknown`] for an id that no thing can have.
    pub fn remove_thing(&mut self, id: u16) -> Result<(), StateError> {
        self.rooms.remove_thing(self.now, self.room, id)
    }

    /// A thing, if it is there and is one of this kind.
    pub fn thing<'s, M: Message + Deserialize<'s>>(&'s self, id: u16) -> Option<M> {
        self.rooms.states.thing(self.room, id)?.read()
    }

    /// All things of this kind, by rising ids.
    pub fn things<'s, M: Message + Deserialize<'s>>(&'s self) -> impl Iterator<Item = (u16, M)> {
        let ids = 0..self.rooms.states.sizes().things as u16;
        ids.filter_map(|id| Some((id, self.thing(id)?)))
    }

    /// Puts a member's state, in place of what it was.
    ///
    /// # Errors
    /// [`StateError`]; it is as it was then.
    pub fn put_member<M: Message>(&mut self, uid: Uid, state: &M) -> Result<(), StateError> {
        const { assert!(is_a_game_s::<M>(), "a state is a message of `GAME.server_to_client`") };
        let key = self.member_key(uid).ok_or(StateError::Unknown)?;
        let most = self.rooms.states.sizes().member_bytes;
        with_encoded(state, most, |state| self.rooms.put_member_state(self.now, key, state))
    }

    /// A member's state, if there is one of this kind.
    pub fn member_state<'s, M: Message + Deserialize<'s>>(&'s self, uid: Uid) -> Option<M> {
        let key = self.member_key(uid)?;
        self.rooms.states.of_member(key.index())?.read()
    }

    fn member_key(&self, uid: Uid) -> Option<UserKey> {
        let key = self.rooms.users.find(uid)?;
        let user = self.rooms.users.get(key)?;
        (user.room() == self.room && !user.is_spectator()).then_some(key)
    }
}

/// Encodes a state of at most so many bytes, and hands it over.
fn with_encoded<M: Message>(
    message: &M,
    most_bytes: usize,
    put: impl FnOnce(State<'_>) -> Result<(), StateError>,
) -> Result<(), StateError> {
    let mut room = [0; THING_MAX_BYTES];
    let room = room.get_mut(..most_bytes).unwrap_or_default();
    let mut writer = BinaryWriter::new(room);
    message.encode_payload(&mut writer).map_err(|_| StateError::TooLong)?;
    let used = writer.written();
    let data = room.get(..used).and_then(Bytes::new).ok_or(StateError::TooLong)?;
    put(State { kind: kind_of(M::OPCODE), data })
}
