//! WorldServer as a sans-IO role: rooms, their members, their game, and the link to Main.
//!
//! Purpose: takes users whom Main has attached, puts them into rooms, and lets each see and hear the
//! others. One file an idea: [`attach`] who may come, [`people`] whom the game wants, [`room_manager`] who is
//! where, [`fan_out`] how it reaches them, [`game`] what the room is for, [`context`] what that acts through,
//! `client_link` and `main_link` the two protocols, `role` what the node calls.
//!
//! Contract: a uid is in at most one room of a world. A handshake key lets in once. What was accepted
//! is delivered in order, or its loss is announced. Main may come and go: players stay.
//!
//! Bounds: users, rooms, ring bytes and attaches are what the storage lends.
//!
//! ```
//! use tinyrealm_core::node::world::ring_min_bytes;
//! assert_eq!(ring_min_bytes(8), 1024);
//! ```

#[cfg(feature = "mains")]
mod announced;
pub mod asks;
pub mod attach;
pub mod bans;
#[cfg(all(feature = "rooms", feature = "mains"))]
mod claimed_names;
#[cfg(feature = "mains")]
mod claims;
mod client_link;
mod config;
pub mod context;
#[cfg(feature = "draining")]
mod draining;
mod expecting;
pub mod fan_out;
mod frame_sizes;
mod gallery;
pub mod game;
#[cfg(feature = "inputs")]
mod inputs;
mod joining;
mod kept_key;
#[cfg(feature = "rooms")]
mod label;
mod leaving;
mod main_addresses;
mod main_link;
mod mains;
mod membership;
mod memory;
#[cfg(feature = "moving")]
pub mod moving;
pub mod notices;
#[cfg(feature = "rooms")]
mod opening;
mod operating;
pub mod people;
mod random;
#[cfg(feature = "mains")]
mod refused;
mod reporting;
mod role;
pub mod room;
pub mod room_manager;
pub mod saves;
#[cfg(feature = "sealed-clients")]
mod sealing;
pub mod seat;
mod seats;
mod sizes;
mod standing;
pub mod stats;
mod telling;
#[cfg(test)]
pub(crate) mod tests;
pub mod things;
pub mod ticks;
pub mod timers;
pub mod user;
mod user_pages;
#[cfg(feature = "log")]
mod visits;

pub use asks::{AskId, MemberAsks};
pub use attach::{Attach, AttachBook, WantedOptions};
pub use bans::{GameBan, WORLD_BANS};
pub use config::WorldConfig;
pub use context::{RoomContext, Speaker};
pub use frame_sizes::{
    EVENT_FRAME_MAX_BYTES, MEMBER_FRAME_MAX_BYTES, ROOM_CAPACITY_MAX, ROOM_RING_MAX_BYTES,
    ring_min_bytes, ring_min_bytes_for,
};
pub use game::{
    BadOptions, GAME_NAME_MAX_BYTES, Game, MoveVerdict, Relay, Setting, SettingProblem,
};
pub use mains::MAINS_MAX;
pub use memory::WorldMemory;
#[cfg(feature = "rooms")]
pub use opening::NewGame;
pub use operating::WorldRoomLine;
pub use people::{AddressClass, Admission, Refusal, Who};
pub use room::Room;
pub use room_manager::{RoomManager, RoomStorage};
pub use saves::{
    Kept, ROOM_SAVE_MAX_BYTES, RecordId, SAVE_KEY_MAX_BYTES, SAVE_MAX_BYTES, SAVES_IN_FLIGHT_MAX,
    SaveError, SaveStorage, StoreFailure, Unreadable,
};
pub use seat::Left;
pub use sizes::WORLD_NODE_BYTES;
pub use stats::WorldStats;
pub use things::{State, StateError, StateMemory, StateSizes, StateStorage};
pub use ticks::Tick;
pub use timers::{TimerId, world_timers_for};
pub use user::{UserKey, WorldUser};

use super::Context;
#[cfg(feature = "log")]
use super::visit::VisitLog;
use crate::protocol::{RoomId, Uid};
use crate::storage::{Link, Slot};
use crate::time::Instant;
use crate::wire::FRAME_LIMIT_MAX_BYTES;
use crate::wire::opcode::OPCODE_BYTES;
use mains::MainLinks;
use random::RoomRandom;
use saves::{SaveBook, SaveSizes};
use ticks::Ticks;
use timers::RoomTimers;

/// The links of a world, as its sessions' tags have them.
mod link {
    /// A peer who has not joined yet.
    pub(super) const STRANGER: u8 = 0;
    /// A member of a room; the tag's index is the user's.
    pub(super) const USER: u8 = 1;
    /// Main.
    pub(super) const MAIN: u8 = 2;
    /// A peer who is being shown out.
    pub(super) const LEAVING: u8 = 3;
}

/// The timers of a world: one a link to Main, then one an attach, then those of its rooms.
const ATTACH_TIMERS: u16 = MAINS_MAX as u16;

/// How many timers a world with `attaches` attaches has, if its game has none: else [`world_timers_for`].
pub const fn world_timers(attaches: usize) -> usize {
    ATTACH_TIMERS as usize + attaches
}

/// The memory of a [`World`], without its sessions'.
#[derive(Debug)]
pub struct WorldStorage<'a, G> {
    /// Rooms and members.
    pub rooms: RoomStorage<'a>,
    /// One game a room.
    pub games: &'a mut [G],
    /// Who may join.
    pub attaches: &'a mut [Slot<Attach>],
    /// Chains of `attaches`, as many as those.
    pub attach_heads: &'a mut [Link],
    /// Links of `attaches`, as many as those.
    pub attach_nexts: &'a mut [Link],
    /// The options of their wishes, as many as those; none without the cargo feature `rooms`.
    pub wanted_options: &'a mut [Slot<WantedOptions>],
    /// What rooms keep, on its way.
    pub saves: SaveStorage<'a>,
    /// What rooms show.
    pub states: StateStorage<'a>,
}

/// The role of a world; see the [module](self).
#[derive(Debug)]
pub struct World<'a, G> {
    config: WorldConfig,
    rooms: RoomManager<'a>,
    games: &'a mut [G],
    attaches: AttachBook<'a>,
    mains: MainLinks,
    ticks: Ticks,
    /// The Mains that those have told of.
    #[cfg(feature = "mains")]
    announced: announced::Announced,
    /// When a drain is over, if that was said.
    #[cfg(feature = "draining")]
    drain_end: Option<Instant>,
    #[cfg(feature = "log")]
    visits: VisitLog,
    /// Lines of those whom Mains announce are counted apart: a client can ask for as many as it likes.
    #[cfg(feature = "log")]
    announced_log: VisitLog,
    #[cfg(feature = "rooms")]
    new_game: Option<NewGame<'a, G>>,
    #[cfg(feature = "moving")]
    moving: moving::MovingBook,
}

impl<'a, G: Game> World<'a, G> {
    /// A world without users that does not know Main yet: [`World::start`] makes it look for it.
    pub fn new(storage: WorldStorage<'a, G>, config: WorldConfig) -> Self {
        const {
            assert!(
                G::SCHEMA.longest_said_bytes() <= G::MESSAGE_MAX_BYTES,
                "a message of the game's SCHEMA may be longer than its MESSAGE_MAX_BYTES: raise that"
            );
            assert!(
                OPCODE_BYTES + G::MESSAGE_MAX_BYTES <= FRAME_LIMIT_MAX_BYTES as usize,
                "no frame of a stream holds the game's MESSAGE_MAX_BYTES: 17,730 is the most"
            );
            assert!(
                StateSizes::of::<G>().fit(),
                "a game has up to 65,535 THINGS; THING_BYTES and MEMBER_BYTES are up to 128"
            );
            assert!(
                cfg!(feature = "things") || StateSizes::of::<G>().is_none(),
                "the game has things or member states: build tinyrealm-core with its feature `things`"
            );
        }
        let saves = SaveBook::new(storage.saves, storage.rooms.rooms.len(), SaveSizes::of::<G>());
        let rooms = RoomManager::new(
            storage.rooms,
            config.room_capacity,
            config.room_spectators,
            config.flush_interval_ms,
            G::MESSAGE_MAX_BYTES,
            saves,
            things::States::new(storage.states, StateSizes::of::<G>()),
        );
        let attaches = AttachBook::new(
            storage.attaches,
            storage.attach_heads,
            storage.attach_nexts,
            storage.wanted_options,
        );
        let mains =
            MainLinks::new(config.world_id, config.reconnect_first_ms, config.reconnect_most_ms);
        Self {
            config,
            rooms,
            games: storage.games,
            attaches,
            mains,
            ticks: Ticks::STOPPED,
            #[cfg(feature = "mains")]
            announced: announced::Announced::NONE,
            #[cfg(feature = "draining")]
            drain_end: None,
            #[cfg(feature = "log")]
            visits: VisitLog::NEW,
            #[cfg(feature = "log")]
            announced_log: VisitLog::NEW,
            #[cfg(feature = "rooms")]
            new_game: None,
            #[cfg(feature = "moving")]
            moving: moving::MovingBook::NEW,
        }
    }

    /// Begins to look for Main.
    pub fn start(&mut self, cx: &mut Context<'_, 'a>) {
        for room in 0..self.rooms.rooms() as u16 {
            let seed = u64::from_le_bytes(cx.turn().random());
            self.set_seed(RoomId(room), seed);
            // Without names rooms are open from the start, and one that was kept is already; there are no options
            // to refuse.
            #[cfg(not(feature = "rooms"))]
            if !self.rooms.saves.is_kept(room) {
                let _ = self.with_game(cx, room, |game, room| game.on_open(room, &[]));
            }
        }
        self.main_links_connect(cx);
        self.adjust_ticks(cx.now);
        #[cfg(feature = "saves")]
        self.rooms.saves.start_rounds(cx.now);
    }

    /// What the random numbers of a room come from, from now on; its own choice is from the driver's entropy. With
    /// the same one a room can be played again.
    pub fn set_seed(&mut self, room: RoomId, seed: u64) {
        if let Some(room) = self.rooms.rooms.get_mut(usize::from(room.0)) {
            room.random = RoomRandom::new(seed);
        }
    }

    /// What the random numbers of a room come from.
    pub fn seed(&self, room: RoomId) -> Option<u64> {
        Some(self.rooms.rooms.get(usize::from(room.0))?.random.seed())
    }

    /// Its rooms and their members.
    pub const fn rooms(&self) -> &RoomManager<'a> {
        &self.rooms
    }

    /// Who may join.
    pub const fn attaches(&self) -> &AttachBook<'a> {
        &self.attaches
    }

    /// What its rooms have been through.
    pub const fn stats(&self) -> &WorldStats {
        &self.rooms.stats
    }

    /// Whether Main has it in its registry, or one of them.
    pub fn is_registered(&self) -> bool {
        self.mains.is_live()
    }

    /// The game of one room.
    pub fn game(&self, room: RoomId) -> Option<&G> {
        self.games.get(usize::from(room.0))
    }

    /// The room that a user is in, as a member or to look on.
    pub fn room_of(&self, uid: Uid) -> Option<RoomId> {
        let user = self.rooms.users.get(self.rooms.users.find(uid)?)?;
        Some(RoomId(user.room))
    }

    /// Acts on the game of a room from outside, with all that a room offers: what is said goes out with the flush
    /// that follows. For whoever owns the node's driver, by `Node::act`; `None` if there is no such room, or it is on its
    /// way to another world.
    pub fn with_room<T>(
        &mut self,
        cx: &mut Context<'_, 'a>,
        room: RoomId,
        act: impl FnOnce(&mut G, &mut RoomContext<'_, 'a>) -> T,
    ) -> Option<T> {
        if self.rooms.stands_still(room.0) {
            return None;
        }
        self.with_game(cx, room.0, act)
    }

    /// Calls the game of `room` with its context.
    fn with_game<T>(
        &mut self,
        cx: &mut Context<'_, 'a>,
        room: u16,
        call: impl FnOnce(&mut G, &mut RoomContext<'_, 'a>) -> T,
    ) -> Option<T> {
        let game = self.games.get_mut(usize::from(room))?;
        let mut context = RoomContext {
            asked: None,
            room,
            timers: RoomTimers::of(self.attaches.capacity(), room, G::TIMERS),
            now: cx.now,
            entropy: cx.entropy,
            rooms: &mut self.rooms,
            sessions: cx.sessions,
        };
        let outcome = call(game, &mut context);
        self.main_link_owes_bans(cx);
        #[cfg(feature = "rooms")]
        if self.rooms.has_news {
            self.owe_rooms(cx);
        }
        Some(outcome)
    }

    fn tick(&mut self, cx: &mut Context<'_, 'a>, tick: Tick) {
        for room in 0..self.rooms.rooms() as u16 {
            let is_meant = G::TICKS_WHEN_EMPTY || self.rooms.members(room) > 0;
            if is_meant && !self.rooms.stands_still(room) {
                self.with_game(cx, room, |game, room| game.on_tick(room, tick));
            }
        }
    }

    /// One of a room's own timers is due.
    fn room_timer(&mut self, cx: &mut Context<'_, 'a>, timer: u16) {
        if let Some((room, id)) = RoomTimers::find(self.attaches.capacity(), timer, G::TIMERS) {
            #[cfg(feature = "moving")]
            if self.rooms.stands_still(room) {
                return self.put_timer_off(cx, timer);
            }
            self.with_game(cx, room, |game, room| game.on_timer(room, id));
        }
    }

    /// Ticks begin with the first user and end with the last, unless empty rooms have them too.
    fn adjust_ticks(&mut self, now: Instant) {
        let has_rooms = G::TICKS_WHEN_EMPTY || self.rooms.users() > 0;
        self.ticks.adjust(now, G::TICK_INTERVAL_MS, G::TICK_INTERVAL_MS > 0 && has_rooms);
    }
}
