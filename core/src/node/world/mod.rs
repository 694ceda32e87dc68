//! WorldServer as a sans-IO role: rooms, their members, their game, and the link to Main.
//!
//! Purpose: takes users whom Main has attached, puts them into rooms, and lets each see and hear the
//! others. One file an idea: [`attach`] who may come, [`people`] whom the game wants, [`room_manager`] who is
//! where, [`fan_out`] how it reaches them, [`game`] what the room is for, `client_link` and `main_link` the two
//! protocols.
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

pub mod attach;
pub mod bans;
mod client_link;
pub mod fan_out;
mod frame_sizes;
mod gallery;
pub mod game;
#[cfg(feature = "inputs")]
mod inputs;
mod joining;
#[cfg(feature = "rooms")]
mod label;
mod main_link;
mod memory;
#[cfg(feature = "rooms")]
mod opening;
pub mod people;
mod random;
pub mod room;
pub mod room_manager;
pub mod saves;
pub mod seats;
pub mod stats;
mod telling;
#[cfg(test)]
mod tests;
pub mod things;
pub mod ticks;
pub mod timers;
pub mod user;

pub use attach::{Attach, AttachBook};
pub use bans::{GameBan, WORLD_BANS};
pub use frame_sizes::{
    EVENT_FRAME_MAX_BYTES, MEMBER_FRAME_MAX_BYTES, ROOM_CAPACITY_MAX, ROOM_RING_MAX_BYTES,
    ring_min_bytes, ring_min_bytes_for,
};
pub use game::{
    BadOptions, GAME_NAME_MAX_BYTES, Game, MoveVerdict, Relay, RoomContext, Setting,
    SettingProblem, Speaker,
};
pub use memory::WorldMemory;
pub use people::{AddressClass, Admission, Refusal, Who};
pub use room::Room;
pub use room_manager::{RoomManager, RoomStorage};
pub use saves::{
    Kept, ROOM_SAVE_MAX_BYTES, RecordId, SAVE_KEY_MAX_BYTES, SAVE_MAX_BYTES, SAVES_IN_FLIGHT_MAX,
    SaveError, SaveStorage, StoreFailure, Unreadable,
};
pub use seats::Left;
pub use stats::WorldStats;
pub use things::{State, StateError, StateMemory, StateSizes, StateStorage};
pub use ticks::Tick;
pub use timers::{TimerId, world_timers_for};
pub use user::{UserKey, WorldUser};

use super::cluster::ClusterKeys;
use super::{BroadcastTaken, Caller, Context, Role};
use crate::protocol::{
    ADDRESS_MAX_BYTES, Dispatched, ErrorCode, REGION_MAX_BYTES, RoomId, WorldId, client_to_world,
    main_to_world,
};
use crate::session::manager::{Ended, Farewell};
use crate::session::{LinkTag, SessionKey, SessionManager};
use crate::storage::{Link, Slot};
use crate::time::Instant;
use crate::wire::FRAME_LIMIT_MAX_BYTES;
use crate::wire::Frame;
use crate::wire::opcode::{GAME, OPCODE_BYTES};
use main_link::MainLink;
use random::RoomRandom;
use saves::SaveBook;
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

/// The timers of a world: this one, then one an attach, then those of its rooms.
const MAIN_LINK_TIMER: u16 = 0;
const ATTACH_TIMERS: u16 = 1;

/// How many timers a world with `attaches` attaches has, if its game has none: else [`world_timers_for`].
pub const fn world_timers(attaches: usize) -> usize {
    ATTACH_TIMERS as usize + attaches
}

/// A world's own settings.
#[derive(Clone, Debug)]
pub struct WorldConfig {
    /// Its id, its own in the realm.
    pub world_id: WorldId,
    /// The region that it serves.
    pub region: heapless::String<REGION_MAX_BYTES>,
    /// Where clients find it, `host:port`.
    pub address: heapless::String<ADDRESS_MAX_BYTES>,
    /// Where it finds Main, `host:port`.
    pub main_address: heapless::String<ADDRESS_MAX_BYTES>,
    /// What it proves that it is this world with.
    pub cluster_keys: ClusterKeys,
    /// Members a room.
    pub room_capacity: u16,
    /// Spectators a room, besides its members; the storage has places for them as well. None without the cargo
    /// feature `names`.
    pub room_spectators: u16,
    /// How long moves and events may wait for each other; 0 to flush after every turn.
    pub flush_interval_ms: u32,
    /// The time between two reports to Main.
    pub status_interval_ms: u32,
    /// The first wait before another attempt to reach Main.
    pub reconnect_first_ms: u32,
    /// The longest wait before another attempt to reach Main.
    pub reconnect_most_ms: u32,
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
    main: MainLink,
    ticks: Ticks,
}

/// Bytes of a world's node without the storage that it borrows.
pub const WORLD_NODE_BYTES: usize =
    core::mem::size_of::<super::Node<'static, World<'static, Relay>>>();

const _: () = {
    // It is mostly slices, three texts of the configuration, and its keys with the proof's nonces.
    // And a counter for each denial of a join, and for losses and returns.
    let most_bytes = if usize::BITS == 32 { 940 } else { 1_232 };
    // When the next held seat has had its time.
    let seat_bytes = if cfg!(feature = "seats") { 16 } else { 0 };
    // What addresses and networks hold and open, and the oldest stranger.
    let shares_bytes = if cfg!(feature = "shares") { 80 + usize::BITS as usize * 3 / 2 } else { 0 };
    // WebSockets: a second slice of rings and its share, origins and hosts, twice, a limit, two counters, mask keys.
    let web_socket_bytes =
        usize::BITS as usize * 3 / 2 + 16 + size_of::<crate::wire::ws::MaskKeys>();
    // When the log was last told of lost peers.
    let log_bytes = if cfg!(feature = "log") { 32 } else { 0 };
    let message_bytes = if cfg!(feature = "websocket") { web_socket_bytes } else { 0 };
    // Two pools' long buffers, and who may have them.
    let long_bytes = if cfg!(feature = "long-frames") { 2 * 56 + 8 } else { 0 };
    // Two counters of inputs.
    let inputs_bytes = if cfg!(feature = "inputs") { 16 } else { 0 };
    // What rooms keep, on its way.
    let saves_bytes = size_of::<SaveBook<'static>>();
    assert!(!cfg!(feature = "saves") || saves_bytes <= 216, "a book has grown: say why");
    // Bans, and how many spectators there are and may be.
    let people_bytes = if cfg!(feature = "names") { usize::BITS as usize / 4 + 16 } else { 0 };
    // When a room is to close, and which Main is to hear of.
    let rooms_bytes = if cfg!(feature = "rooms") { 32 } else { 0 };
    // Two slices, and three sizes.
    let state_bytes = size_of::<things::States<'static>>();
    let optional_bytes = rooms_bytes
        + state_bytes
        + inputs_bytes
        + message_bytes
        + shares_bytes
        + log_bytes
        + long_bytes
        + saves_bytes
        + people_bytes
        + seat_bytes;
    assert!(
        WORLD_NODE_BYTES <= most_bytes + optional_bytes,
        "a node has grown: say why, and what it costs"
    );
};

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
        let saves = SaveBook::new::<G>(storage.saves, storage.rooms.rooms.len());
        let rooms = RoomManager::new(
            storage.rooms,
            config.room_capacity,
            config.room_spectators,
            config.flush_interval_ms,
            G::MESSAGE_MAX_BYTES,
            saves,
            things::States::new(storage.states, StateSizes::of::<G>()),
        );
        let attaches =
            AttachBook::new(storage.attaches, storage.attach_heads, storage.attach_nexts);
        let main =
            MainLink::new(config.world_id, config.reconnect_first_ms, config.reconnect_most_ms);
        Self { config, rooms, games: storage.games, attaches, main, ticks: Ticks::STOPPED }
    }

    /// Begins to look for Main.
    pub fn start(&mut self, cx: &mut Context<'_, 'a>) {
        for room in 0..self.rooms.rooms() as u16 {
            let seed = u64::from_le_bytes(cx.turn().random());
            self.set_seed(RoomId(room), seed);
            // Without names rooms are open from the start; there are no options to refuse.
            #[cfg(not(feature = "rooms"))]
            let _ = self.with_game(cx, room, |game, room| game.on_open(room, &[]));
        }
        self.main_link_connect(cx);
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

    /// Whether Main has it in its registry.
    pub const fn is_registered(&self) -> bool {
        self.main.is_live()
    }

    /// The game of one room.
    pub fn game(&self, room: RoomId) -> Option<&G> {
        self.games.get(usize::from(room.0))
    }

    /// Acts on the game of a room from outside, with all that a room offers: what is said goes out with the flush
    /// that follows. For whoever owns the node's driver, by `Node::act`; `None` if there is no such room.
    pub fn with_room<T>(
        &mut self,
        cx: &mut Context<'_, 'a>,
        room: RoomId,
        act: impl FnOnce(&mut G, &mut RoomContext<'_, 'a>) -> T,
    ) -> Option<T> {
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

    /// Takes a user out of its room at once; its session, if it is another matter, goes on.
    fn remove_user(&mut self, cx: &mut Context<'_, 'a>, key: UserKey, reason: ErrorCode) {
        let Some(user) = self.rooms.leave(cx.sessions, cx.now, key) else {
            return;
        };
        // The slot may have another user soon, and this session must never be taken for it.
        cx.sessions.set_tag(user.session, LinkTag { kind: link::LEAVING, index: 0 });
        if !user.is_spectator() {
            self.with_game(cx, user.room, |game, room| {
                game.on_leave(room, user.uid, Left::for_reason(reason));
            });
        }
        self.main_link_report_left(cx, user.uid);
        #[cfg(feature = "rooms")]
        self.close_if_empty(cx, user.room);
    }

    /// Takes a user out of its room and closes its connection.
    fn show_out(&mut self, cx: &mut Context<'_, 'a>, key: UserKey, reason: ErrorCode) {
        let Some(session) = self.rooms.users.get(key).map(|user| user.session) else {
            return;
        };
        self.remove_user(cx, key, reason);
        cx.sessions.close(cx.now, session, Farewell::Bye(reason));
    }

    fn tick(&mut self, cx: &mut Context<'_, 'a>, tick: Tick) {
        for room in 0..self.rooms.rooms() as u16 {
            if G::TICKS_WHEN_EMPTY || self.rooms.members(room) > 0 {
                self.with_game(cx, room, |game, room| game.on_tick(room, tick));
            }
        }
    }

    /// One of a room's own timers is due.
    fn room_timer(&mut self, cx: &mut Context<'_, 'a>, timer: u16) {
        if let Some((room, id)) = RoomTimers::find(self.attaches.capacity(), timer, G::TIMERS) {
            self.with_game(cx, room, |game, room| game.on_timer(room, id));
        }
    }

    /// Ticks begin with the first user and end with the last, unless empty rooms have them too.
    fn adjust_ticks(&mut self, now: Instant) {
        let has_rooms = G::TICKS_WHEN_EMPTY || self.rooms.users() > 0;
        self.ticks.adjust(now, G::TICK_INTERVAL_MS, G::TICK_INTERVAL_MS > 0 && has_rooms);
    }
}

impl<'a, G: Game> Role<'a> for World<'a, G> {
    /// The link to Main.
    fn own_links(&self) -> u16 {
        1
    }

    fn on_connected(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey) {
        self.main_link_connected(cx, key);
    }

    #[inline]
    fn on_frame(&mut self, caller: &mut Caller<'_, 'a>, frame: Frame<'_>) -> Dispatched {
        match caller.tag.kind {
            link::MAIN if self.main.is_proving() => self.main_link_prove(caller, frame),
            link::MAIN => main_to_world::dispatch(self, caller, frame),
            #[cfg(not(feature = "inputs"))]
            link::USER if frame.opcode == client_to_world::Input::OPCODE => Dispatched::Unknown,
            link::USER if GAME.client_to_server.contains(frame.opcode) => {
                self.hear_message(caller, frame)
            }
            link::USER | link::STRANGER => client_to_world::dispatch(self, caller, frame),
            _ => Dispatched::Handled,
        }
    }

    fn on_error(&mut self, caller: &mut Caller<'_, 'a>, code: ErrorCode, _: i32) {
        if caller.tag.kind == link::MAIN && code == ErrorCode::BAD_PROOF {
            caller.sessions.close(caller.now, caller.key, Farewell::Nothing(code));
        }
    }

    fn on_ended(&mut self, cx: &mut Context<'_, 'a>, ended: Ended) {
        match ended.tag.kind {
            link::MAIN => self.main_link_ended(cx, ended.reason),
            link::USER => {
                if let Some(key) = self.rooms.users.key_at(ended.tag.index) {
                    self.member_ended(cx, key, ended.reason);
                }
            }
            _ => {}
        }
        self.adjust_ticks(cx.now);
    }

    fn on_timer(&mut self, cx: &mut Context<'_, 'a>, timer: u16) {
        match timer.checked_sub(ATTACH_TIMERS) {
            None => self.main_link_timer(cx),
            Some(attach) if usize::from(attach) < self.attaches.capacity() => {
                self.attach_timer(cx, attach);
            }
            Some(_) => self.room_timer(cx, timer),
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let rooms = &self.rooms;
        let due = [rooms.next_flush(), rooms.saves.next_deadline(), rooms.next_end()];
        let due = due.into_iter().chain([self.ticks.next_at()]).flatten().min();
        #[cfg(feature = "rooms")]
        let due = due.into_iter().chain(rooms.next_close).min();
        due
    }

    /// A flush that is due happens in the transmission that follows; here it is the ticks' turn.
    fn on_deadline(&mut self, cx: &mut Context<'_, 'a>) {
        if let Some(tick) = self.ticks.take_due(cx.now, G::TICK_INTERVAL_MS) {
            self.tick(cx, tick);
        }
        self.end_seats(cx);
        #[cfg(feature = "rooms")]
        self.close_kept(cx);
        #[cfg(feature = "saves")]
        self.on_save_deadline(cx);
    }

    /// Everybody is still inside.
    #[cfg(feature = "saves")]
    fn on_shutdown(&mut self, _: &mut Context<'_, 'a>) {
        self.save_last();
    }

    fn address(&self, _: LinkTag) -> &str {
        &self.config.main_address
    }

    fn must_flush_first(&self) -> bool {
        self.rooms.must_flush_first()
    }

    /// Main asks no faster than it takes the answers: each finds room behind what it is owed.
    fn must_answer_first(&self, sessions: &SessionManager<'a>, key: SessionKey) -> bool {
        self.main.is_live_at(key)
            && sessions.owed_buffers(key) > sessions.config().send_buffers_per_server / 2
    }

    #[inline]
    fn flush(&mut self, now: Instant, sessions: &mut SessionManager<'a>) {
        self.rooms.flush(now, sessions);
    }

    #[inline]
    fn before_transmit(
        &mut self,
        now: Instant,
        sessions: &mut SessionManager<'a>,
        key: SessionKey,
    ) {
        let Some(tag) = sessions.get(key).map(super::super::session::session::Session::tag) else {
            return;
        };
        match tag.kind {
            link::USER => self.rooms.before_transmit(now, sessions, tag.index),
            link::MAIN => self.main_link_report(now, sessions, key),
            _ => {}
        }
    }

    #[inline]
    fn broadcast(&self, tag: LinkTag) -> [&[u8]; 3] {
        if tag.kind == link::USER { self.rooms.window(tag.index) } else { [&[]; 3] }
    }

    #[inline]
    fn broadcast_taken(
        &mut self,
        now: Instant,
        sessions: &mut SessionManager<'a>,
        key: SessionKey,
        taken: BroadcastTaken,
    ) {
        if let Some(tag) = sessions.get(key).map(super::super::session::session::Session::tag) {
            self.rooms.advance(now, sessions, key, tag.index, taken);
        }
    }
}
