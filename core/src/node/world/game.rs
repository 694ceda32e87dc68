//! `Game`: what a room is for.
//!
//! Purpose: the part that a game's author writes. A room runs one `Game`; the world calls it for
//! everything that happens in the room, and it acts through its [`RoomContext`]. It is core code, so
//! the same game runs on a server and on a microcontroller.
//!
//! A game says what it likes in messages of its own: `protocol!` in the band
//! [`GAME`] makes them, [`Game::on_message`] hears those of clients, and
//! [`RoomContext::say`] and [`RoomContext::tell`] send.
//!
//! Contract: callbacks come one at a time. Moves are state (the newest counts), events are an ordered
//! log (none is replaced). The default of every callback relays.
//!
//! What is said and told stands in one order for everybody: the ring's.
//!
//! Bounds: messages of up to [`Game::MESSAGE_MAX_BYTES`]; a name of 1 to [`GAME_NAME_MAX_BYTES`] bytes; `kind` and up to [`EVENT_MAX_BYTES`] bytes an event; the rest is up to the game.
//!
//! ```
//! use tinyrealm_core::node::world::{Game, MoveVerdict, RoomContext};
//! use tinyrealm_core::protocol::{Direction, MemberState, Position};
//!
//! /// A room whose floor ends ten units from its middle.
//! struct Arena;
//! impl Game for Arena {
//!     const NAME: &'static str = "arena";
//!     fn on_move(&mut self, _: &mut RoomContext<'_, '_>, _: MemberState, to: MemberState) -> MoveVerdict {
//!         let pos = Position { x: to.pos.x.clamp(-10_000, 10_000), ..to.pos };
//!         if pos == to.pos { MoveVerdict::Accept } else { MoveVerdict::Correct(pos, to.dir) }
//!     }
//! }
//! ```

use super::asks::AskId;
pub use super::context::{RoomContext, Speaker};
use super::people::{Admission, Who};
use super::saves::{Kept, RecordId, StoreFailure, Unreadable};
use super::seat::Left;
use super::ticks::Tick;
use super::timers::TimerId;
use crate::node::Answer;
use crate::protocol::schema::GameSchema;
use crate::protocol::{Bytes, Direction, Dispatched, EVENT_MAX_BYTES, MemberState, Position, Uid};
#[cfg(doc)]
use crate::wire::opcode::GAME;
use crate::wire::{Frame, Full};

/// Bytes of a game's name.
pub const GAME_NAME_MAX_BYTES: usize = 16;

/// A value of a game's own settings, as a server's configuration or a board's has it.
#[derive(Copy, Clone, PartialEq, Debug)]
pub enum Setting<'s> {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a point.
    Float(f64),
    /// A text.
    Text(&'s str),
}

/// What is wrong with a setting, in words that complete "`key` …": "must be between 1 and 100".
pub type SettingProblem = &'static str;

/// A game does not take the options that its room was to be opened with.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct BadOptions;

/// What becomes of a move.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum MoveVerdict {
    /// It stands.
    Accept,
    /// The mover is put there instead, and told so.
    Correct(Position, Direction),
    /// The mover stays where it was, and is told so.
    Refuse,
}

/// The rules of one room; see the [module](self).
pub trait Game {
    /// What configurations and listings call it: lower-case letters, digits and `-`.
    const NAME: &'static str;

    /// The time between two [`Game::on_tick`], in milliseconds; 0 for no ticks.
    const TICK_INTERVAL_MS: u32 = 0;

    /// Whether rooms with nobody in them tick as well.
    const TICKS_WHEN_EMPTY: bool = false;

    /// Timers of a room: what [`RoomContext::after`] arms.
    const TIMERS: usize = 0;

    /// The most bytes of a message that the game says, without its opcode: rings are made for it. Where the fields
    /// of its [`Game::SCHEMA`] bound that, it is known; a game with a message that they don't bound says it. What a
    /// bounded message can't keep within does not compile.
    const MESSAGE_MAX_BYTES: usize = longest(EVENT_MAX_BYTES, Self::SCHEMA.longest_said_bytes());

    /// How many things a room has: what [`RoomContext::put`] puts has an id below it; see [`things`](super::things).
    const THINGS: usize = 0;

    /// The most bytes of a thing, [`THING_MAX_BYTES`](crate::protocol::THING_MAX_BYTES) at most: what
    /// [`GameSchema::bytes_of`] says of its message.
    const THING_BYTES: usize = 0;

    /// The most bytes of what a member shows besides its place: as [`Game::THING_BYTES`]; 0: nothing.
    const MEMBER_BYTES: usize = 0;

    /// For how long the seat of somebody whose connection is lost is held, in milliseconds; 0 for not at all.
    const HOLD_MS: u32 = 0;

    /// The most bytes of a value or a record that it keeps, [`SAVE_MAX_BYTES`](super::SAVE_MAX_BYTES) at most; see [`saves`](super::saves).
    const SAVE_BYTES: usize = 0;

    /// How many values and records of one room may be under way to the store and back; 0: it keeps none.
    const SAVES_IN_FLIGHT: usize = 0;

    /// The most bytes of [`Game::save_room`], [`ROOM_SAVE_MAX_BYTES`](super::ROOM_SAVE_MAX_BYTES) at most; 0: rooms are not kept.
    const ROOM_SAVE_BYTES: usize = 0;

    /// How often rooms that have changed are kept, in milliseconds.
    const SAVE_INTERVAL_MS: u32 = 10_000;

    /// The messages of its own, for clients in other languages: what `tinyrealm schema` writes beside the realm's.
    const SCHEMA: GameSchema = GameSchema::NONE;

    /// To be raised with every change of the rules that older clients and what was kept don't go with, besides
    /// those of the schema, which are seen without it.
    const VERSION: u16 = 0;

    /// What tells this game from others and from other versions of itself: of its name, its version and its
    /// schema. Not to be written by an author. A client that says another one is not let in.
    const FINGERPRINT: u32 = Self::SCHEMA.fingerprint(Self::NAME, Self::VERSION);

    /// One of its own settings, before its room has anybody in it. A server hands every room's game the
    /// keys of the table `[game.NAME]`.
    ///
    /// # Errors
    /// What is wrong with the key or its value: the server says so and does not start.
    fn configure(&mut self, key: &str, value: Setting<'_>) -> Result<(), SettingProblem> {
        let _ = (key, value);
        Err("is not a setting of this game")
    }

    /// A room of it opens, for whoever is the first to want it, with that one's options: whatever an earlier opening
    /// has left is to be as at the start; settings stay. Where rooms have no names (core's feature `rooms`) each is
    /// opened once, with the world.
    ///
    /// # Errors
    /// [`BadOptions`]: the room does not open.
    fn on_open(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        options: &[u8],
    ) -> Result<(), BadOptions> {
        let _ = (room, options);
        Ok(())
    }

    /// The room is given back: nobody is in it, and nobody is expected.
    fn on_close(&mut self, room: &mut RoomContext<'_, '_>) {
        let _ = room;
    }

    /// What becomes of somebody who wants in, before anybody sees anything: who it is, and what it has wished for
    /// ([`Who::options`]; the room's mode is [`RoomContext::mode`]). Whom the game does not want is told why, and
    /// does not come back by itself.
    fn admit(&mut self, room: &mut RoomContext<'_, '_>, who: &Who<'_>) -> Admission {
        let _ = (room, who);
        Admission::Player
    }

    /// Where somebody who joins starts.
    fn spawn(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid) -> (Position, Direction) {
        let _ = (room, uid);
        (Position::ORIGIN, Direction(0))
    }

    /// Somebody is in.
    fn on_enter(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid) {
        let _ = (room, uid);
    }

    /// A spectator is in: it has heard who is there. When it goes, nobody is told.
    fn on_watch(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid) {
        let _ = (room, uid);
    }

    /// Somebody's connection is lost, and its seat is held: it is a member still, and [`Game::on_return`] or
    /// [`Game::on_leave`] follows.
    fn on_lost(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid) {
        let _ = (room, uid);
    }

    /// Somebody is back in its seat, by another connection, which knows nothing of what was told to the former one
    /// alone. Always behind [`Game::on_lost`].
    fn on_return(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid) {
        let _ = (room, uid);
    }

    /// Somebody is out.
    fn on_leave(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid, why: Left) {
        let _ = (room, uid, why);
    }

    /// Somebody wants to be at `to`.
    fn on_move(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        from: MemberState,
        to: MemberState,
    ) -> MoveVerdict {
        let _ = (room, from, to);
        MoveVerdict::Accept
    }

    /// Somebody says something. The default lets everyone hear it.
    ///
    /// # Errors
    /// [`Full`] if the room takes nothing more now: the sender is told.
    fn on_event(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        uid: Uid,
        kind: u16,
        data: Bytes<'_, EVENT_MAX_BYTES>,
    ) -> Result<(), Full> {
        room.broadcast(uid, kind, data)
    }

    /// Somebody says something of the game's own messages: hand it to the `dispatch` of their direction, with
    /// `speaker` as its context. What is not understood is refused, what does not decode ends the connection.
    /// Spectators are heard here, and nowhere else.
    fn on_message(&mut self, speaker: &mut Speaker<'_, '_, '_>, frame: Frame<'_>) -> Dispatched {
        let _ = (speaker, frame);
        Dispatched::Unknown
    }

    /// Somebody has done something at one of its ticks, which it numbers itself, above the one before. It is to be
    /// done now: the answer, where the member is by that ([`RoomContext::place`]), goes to it with the next flush.
    /// It is one of the game's own messages, of up to [`INPUT_MAX_BYTES`](crate::protocol::INPUT_MAX_BYTES):
    /// [`Frame::read`] makes it of `input`, or their direction's `dispatch`, if there are several. What becomes of
    /// those that are none is as of [`Game::on_message`]. In core it is the cargo feature `inputs`.
    fn on_input(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        uid: Uid,
        tick: u32,
        input: Frame<'_>,
    ) -> Dispatched {
        let _ = (room, uid, tick, input);
        Dispatched::Unknown
    }

    /// Somebody asks something, in the game's own messages: [`Frame::read`] makes one of it. `Handled`: the game
    /// [answers](RoomContext::answer) or [refuses](RoomContext::refuse), now or later, until the asker waits no
    /// longer. `Unknown`: it hears that it is not understood. Spectators are heard as well. In core it is the cargo
    /// feature `asks`.
    fn on_ask(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        uid: Uid,
        ask: AskId,
        question: Frame<'_>,
    ) -> Dispatched {
        let _ = (room, uid, ask, question);
        Dispatched::Unknown
    }

    /// What has become of a question of the game's to somebody, once: see [`RoomContext::ask`].
    fn on_answer(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        uid: Uid,
        ask: AskId,
        answer: Answer<'_>,
    ) {
        let _ = (room, uid, ask, answer);
    }

    /// [`Game::TICK_INTERVAL_MS`] have passed, or more if the node was kept from it: the [`Tick`] says how many.
    /// For rooms with somebody in them, and with [`Game::TICKS_WHEN_EMPTY`] for all.
    fn on_tick(&mut self, room: &mut RoomContext<'_, '_>, tick: Tick) {
        let _ = (room, tick);
    }

    /// What [`RoomContext::load`] has asked for: what is kept under the key, or that nothing is.
    fn on_loaded(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        key: &str,
        loaded: Result<Option<&[u8]>, StoreFailure>,
    ) {
        let _ = (room, key, loaded);
    }

    /// What [`RoomContext::save`] was asked for is kept, and stays so; or it failed. A save that took the place of
    /// one that waited is answered with it, once.
    fn on_saved(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        key: &str,
        saved: Result<(), StoreFailure>,
    ) {
        let _ = (room, key, saved);
    }

    /// What [`RoomContext::record`] was asked for is kept, and stays so; or it failed.
    fn on_recorded(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        id: RecordId,
        recorded: Result<(), StoreFailure>,
    ) {
        let _ = (room, id, recorded);
    }

    /// Writes the room's state, for a world that starts again; answers how many bytes it has, 0 for nothing to
    /// keep. `out` has [`Game::ROOM_SAVE_BYTES`].
    fn save_room(&self, out: &mut [u8]) -> usize {
        let _ = out;
        0
    }

    /// The room goes on with what [`Game::save_room`] has written, before anybody is let in, behind a [`Game::on_open`]
    /// with the options that it was opened with: under its name, if it had one. If the game holds seats
    /// ([`Game::HOLD_MS`]), everybody who was in it is a member again, and away: [`Game::on_return`] or
    /// [`Game::on_leave`] follows for each.
    ///
    /// # Errors
    /// [`Unreadable`]: the operator is told, and the room begins anew.
    fn restore_room(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        state: &[u8],
    ) -> Result<(), Unreadable> {
        let _ = (room, state);
        Err(Unreadable)
    }

    /// Makes of what another [`Game::VERSION`] has kept, the first `bytes` of `buffer`, what this one keeps, in the
    /// same place, and answers how many bytes that has; `None` if it can't: then it is refused.
    fn migrate(
        &mut self,
        version: u16,
        kept: Kept<'_>,
        buffer: &mut [u8],
        bytes: usize,
    ) -> Option<usize> {
        let _ = (version, kept, buffer, bytes);
        None
    }

    /// What [`RoomContext::after`] has armed is due: once, whether somebody is in the room or nobody.
    fn on_timer(&mut self, room: &mut RoomContext<'_, '_>, timer: TimerId) {
        let _ = (room, timer);
    }
}

const fn longest(one: usize, other: usize) -> usize {
    if one > other { one } else { other }
}

/// The default game: everyone sees and hears everyone.
#[derive(Copy, Clone, Debug, Default)]
pub struct Relay;

impl Game for Relay {
    const NAME: &'static str = "relay";
}
