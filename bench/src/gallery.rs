//! `Gallery`: a room that shows a hundred things, each of which is somewhere else ten times a second.
//!
//! A thing is as long as what a member's move says, and a fifth of them change every [`TICK_MS`]: as the moves of a
//! hundred members at that rate meet in the flushes of as many milliseconds.

use tinyrealm_core::node::world::{Game, RoomContext, Tick};
use tinyrealm_core::protocol;
use tinyrealm_core::protocol::schema::{GameSchema, Vocabulary};
use tinyrealm_core::protocol::{Direction, Position};
use tinyrealm_core::wire::opcode::GAME;

/// Things of a room.
pub(crate) const THINGS: u16 = 100;
/// How often each of them changes, a second.
pub(crate) const HZ: u32 = 10;
/// Between two changes of some of them.
pub(crate) const TICK_MS: u32 = 20;
/// So many change then.
pub(crate) const CHANGES: u16 = (THINGS as u32 * HZ * TICK_MS / 1_000) as u16;

const _: () = assert!(CHANGES as u32 * 1_000 == THINGS as u32 * HZ * TICK_MS, "whole numbers");

protocol! {
    /// What the room shows.
    mod gallery_to_client in GAME.server_to_client;

    /// A thing, as a member is.
    0 thing => Thing {
        /// Where.
        pos: Position,
        /// Which way.
        dir: Direction,
    }
}

pub(crate) use gallery_to_client::Thing;

/// The things that change at this tick: their ids, and what they are then.
pub(crate) fn changes(tick: u32) -> impl Iterator<Item = (u16, Thing)> {
    let first = tick as u16 % (THINGS / CHANGES) * CHANGES;
    let ids = first..first + CHANGES;
    ids.map(move |id| {
        let pos = Position { x: tick as i32 % 20_000, y: i32::from(id) * 10, z: 0 };
        (id, Thing { pos, dir: Direction(tick as u16) })
    })
}

/// See the [module](self).
#[derive(Debug, Default)]
pub(crate) struct Gallery;

impl Game for Gallery {
    const NAME: &'static str = "gallery";
    const TICK_INTERVAL_MS: u32 = TICK_MS;
    const THINGS: usize = THINGS as usize;
    const THING_BYTES: usize = Self::SCHEMA.bytes_of("Thing");
    const SCHEMA: GameSchema =
        GameSchema { links: &[&gallery_to_client::SCHEMA], words: Vocabulary::REALM };

    fn on_tick(&mut self, room: &mut RoomContext<'_, '_>, tick: Tick) {
        for (id, thing) in changes(tick.number as u32) {
            // Ids are below THINGS, and a thing has no more than THING_BYTES.
            let _ = room.put(id, &thing);
        }
    }
}
