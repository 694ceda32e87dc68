//! A bench for a game: one room in virtual time, with real clients of the core.
//!
//! Purpose: what an author of a [`Game`](tinyrealm_core::node::world::Game) tests its rules with. A
//! [`GameBench`] is a whole small realm (a Main that welcomes guests, a world with one room, clients) whose
//! nodes are those of a server, with a network between them that has [`Weather`]. [`play`] lets players join,
//! move, say, break off and come back at random, and asks after each step whether the author's invariants hold.
//!
//! What the room keeps is in a [`MemoryStore`], which is slow and fails by [`StoreWeather`]; [`GameBench::crash`] kills the
//! world, which starts again with what was kept.
//!
//! Contract: no thread, no socket, no clock: time passes in [`GameBench::advance_ms`], and in
//! [`join`](GameBench::join) and [`come_back`](GameBench::come_back) as long as somebody is on its way. Two runs
//! with the same seed, and the same features of the core, are the same. What a server limits by default (frames a second, bytes a frame, what a
//! session is owed) is limited here.
//!
//! Bounds: [`PLAYERS_MAX`] players in the room; messages of up to [`MESSAGE_MAX_BYTES`]; [`TIMERS_MAX`] timers; a player keeps the
//! newest [`HEARD_MAX`] things that it has heard, a bench as many of its game's notices. What a bench's nodes borrow (1 MB, and 20 KB a player) is not
//! given back before the process ends: it is for tests.
//!
//! ```
//! use tinyrealm_core::node::world::{Game, MoveVerdict, RoomContext};
//! use tinyrealm_core::protocol::{MemberState, Position};
//! use tinyrealm_testing::GameBench;
//!
//! /// A room that nobody leaves to the east.
//! struct Pier;
//! impl Game for Pier {
//!     const NAME: &'static str = "pier";
//!     fn on_move(&mut self, _: &mut RoomContext<'_, '_>, _: MemberState, to: MemberState) -> MoveVerdict {
//!         if to.pos.x <= 1_000 { MoveVerdict::Accept } else { MoveVerdict::Refuse }
//!     }
//! }
//!
//! let mut bench = GameBench::new(Pier);
//! let (ann, bob) = (bench.join(), bench.join());
//! let edge = Position { x: 1_000, y: 0, z: 0 };
//! bench.move_to(ann, edge).unwrap();
//! bench.move_to(ann, Position { x: 1_001, ..edge }).unwrap();
//! bench.advance_ms(50);
//! assert_eq!(bench.corrections(ann), [edge]);
//! assert_eq!(bench.members(bob)[0].pos, edge);
//! ```

mod bench;
mod ears;
mod host;
mod network;
mod place;
mod play;
mod random;
mod realm;
mod store;

pub use bench::{BenchConfig, GameBench, Player};
pub use ears::{Answered, HEARD_MAX, Heard};
pub use network::Weather;
pub use play::{Plan, play};
pub use random::Random;
pub use realm::{MESSAGE_MAX_BYTES, PLAYERS_MAX, SPECTATORS_MAX, TIMERS_MAX};
pub use store::{Answer, KeptBytes, KeptRecord, MemoryStore, StoreWeather};
