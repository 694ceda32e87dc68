//! Things of a room, and what its game shows of each member: state, like moves.
//!
//! Purpose: a game puts coins, doors, scores; whoever is in the room sees them as they are now, whoever comes in or
//! has fallen behind gets them all. Nothing is left for the game to page, to retry or to remember.
//!
//! Contract:
//! - A state is one of the game's own messages, so the clients know it by the game's schema.
//! - The newest wins within a flush; what has not changed is not told again. It is encoded once, when it is put.
//! - The states that a flush tells stand in the room's order, behind the moves of it.
//! - Behind a snapshot all states are sent in pages, as the member takes them: a page goes when the member has
//!   got all that its room has said before, so no state ever goes back, and what changes meanwhile is
//!   in the ring behind it. `StateComplete` comes last. A member that is overtaken meanwhile begins anew.
//! - A member's state goes with the member. Things stay until they are removed.
//!
//! Bounds: [`Game::THINGS`] a room, of [`Game::THING_BYTES`] each; [`Game::MEMBER_BYTES`] a member; all of them
//! lent ([`StateStorage`]), in slots of three bytes more. O(1) a put; O(things + members) a flush that has changed
//! some. Without the cargo feature `things` a game with any does not compile.
//!
//! ```
//! use tinyrealm_core::node::world::{Game, RoomContext};
//! use tinyrealm_core::protocol::schema::{GameSchema, Vocabulary};
//! use tinyrealm_core::protocol;
//! use tinyrealm_core::protocol::{Position, Uid};
//! use tinyrealm_core::wire::opcode::GAME;
//!
//! protocol! {
//!     /// From the game to players.
//!     mod to_client in GAME.server_to_client;
//!
//!     /// Where the ball lies.
//!     1 ball => Ball { pos: Position, }
//! }
//!
//! #[derive(Default)]
//! struct Football;
//! impl Game for Football {
//!     const NAME: &'static str = "football";
//!     const THINGS: usize = 1;
//!     const THING_BYTES: usize = Self::SCHEMA.bytes_of("Ball");
//!     const SCHEMA: GameSchema =
//!         GameSchema { links: &[&to_client::SCHEMA], words: Vocabulary::REALM };
//!
//!     fn on_enter(&mut self, room: &mut RoomContext<'_, '_>, _: Uid) {
//!         let _ = room.put(0, &to_client::Ball { pos: Position::ORIGIN });
//!     }
//! }
//! # fn main() {
//! assert_eq!(Football::THING_BYTES, 15);
//! # }
//! ```

#[cfg(not(feature = "things"))]
mod absent;
#[cfg(feature = "things")]
mod fan_out;
mod memory;
mod putting;
#[cfg(feature = "things")]
mod table;
#[cfg(not(feature = "things"))]
mod untold;

#[cfg(not(feature = "things"))]
pub use absent::{StateStorage, States};
pub use memory::StateMemory;
#[cfg(feature = "things")]
pub use table::{StateStorage, States};

use serde::Deserialize;

#[cfg(doc)]
use super::Game;
use crate::protocol::{Bytes, Message, THING_MAX_BYTES, decode};
use crate::wire::opcode::{GAME, OPCODE_BYTES};
use crate::wire::{PacketHeader, VARINT_U16_MAX_BYTES};

/// What a slot has besides its state: what it is, which kind, how long.
const SLOT_HEAD_BYTES: usize = 3;
/// What the frame of a state has besides it: whose or which it is, its kind, its length.
const STATE_FRAME_HEAD_BYTES: usize =
    PacketHeader::BYTES + OPCODE_BYTES + VARINT_U16_MAX_BYTES + 1 + 2;

/// The longest frame of a state.
#[cfg(feature = "things")]
pub(super) const STATE_FRAME_MAX_BYTES: usize = STATE_FRAME_HEAD_BYTES + THING_MAX_BYTES;

/// Why a state is not put. What was there is there still.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum StateError {
    /// The room has no thing of this id: they are below [`Game::THINGS`]. Or there is no such member.
    Unknown,
    /// It is over [`Game::THING_BYTES`], or [`Game::MEMBER_BYTES`].
    TooLong,
}

/// A state, encoded.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct State<'s> {
    /// Which of the game's messages.
    pub kind: u8,
    /// Its payload.
    pub data: Bytes<'s, THING_MAX_BYTES>,
}

impl<'s> State<'s> {
    /// The state as this message, if it is one.
    pub fn read<M: Message + Deserialize<'s>>(self) -> Option<M> {
        if GAME.server_to_client.first + i32::from(self.kind) != M::OPCODE.0 {
            return None;
        }
        decode(self.data.as_slice())
    }
}

/// How much state a game has.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct StateSizes {
    /// Things of a room.
    pub things: usize,
    /// Bytes of a thing.
    pub thing_bytes: usize,
    /// Bytes of a member's state.
    pub member_bytes: usize,
}

impl StateSizes {
    /// None.
    pub const NONE: Self = Self { things: 0, thing_bytes: 0, member_bytes: 0 };

    /// Whether a world can hold them.
    pub(super) const fn fit(self) -> bool {
        self.things <= u16::MAX as usize
            && self.thing_bytes <= THING_MAX_BYTES
            && self.member_bytes <= THING_MAX_BYTES
    }

    /// Whether a game has no state.
    pub const fn is_none(self) -> bool {
        self.things == 0 && self.member_bytes == 0
    }

    /// Bytes of the things of so many rooms: the length of [`StateStorage::things`].
    pub const fn things_bytes(self, rooms: usize) -> usize {
        rooms * self.things * (SLOT_HEAD_BYTES + self.thing_bytes)
    }

    /// Bytes of the states of so many members, spectators too: the length of [`StateStorage::members`].
    pub const fn members_bytes(self, users: usize) -> usize {
        if self.member_bytes == 0 { 0 } else { users * (SLOT_HEAD_BYTES + self.member_bytes) }
    }

    /// What a change of every thing and of every member's state takes of a ring.
    pub(super) const fn ring_bytes(self, members: usize) -> usize {
        let of_members = if self.member_bytes == 0 { 0 } else { members };
        self.changes_bytes(self.things, of_members)
    }

    /// What so many changes take of a ring.
    pub(super) const fn changes_bytes(self, things: usize, members: usize) -> usize {
        things * (STATE_FRAME_HEAD_BYTES + self.thing_bytes)
            + members * (STATE_FRAME_HEAD_BYTES + self.member_bytes)
    }
}
