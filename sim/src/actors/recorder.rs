//! `Recorder`: the relay game, which notes what it takes.
//!
//! What is said in a room also rings its bell, or locks it for a moment.

mod asking;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use tinyrealm_core::node::Answer;
use tinyrealm_core::node::world::{
    Admission, AskId, BadOptions, Game, Left, MoveVerdict, RecordId, RoomContext, StoreFailure,
    TimerId, Unreadable, Who,
};
use tinyrealm_core::protocol::schema::{GameSchema, Vocabulary};
use tinyrealm_core::protocol::{Bytes, Dispatched, EVENT_MAX_BYTES, MemberState, Uid, decode};
use tinyrealm_core::wire::{Frame, Full};

use super::riddle::Counters;
use super::room_state::{ROOM_STATE_BYTES, RoomState};
use super::words::client_to_recorder::{self, Deed};
use super::words::recorder_to_client::{self, Departure, Mark, Tally};
use crate::journal::{Fact, InRoom, InStore, Journal};
use crate::settings::Sabotage;
use crate::speech::Speech;

/// Where the rooms of a world keep how many events they have taken.
pub(crate) const fn key_of(room: u16) -> &'static str {
    match room {
        0 => "events/0",
        1 => "events/1",
        2 => "events/2",
        3 => "events/3",
        _ => "events/4",
    }
}

/// What was kept there, as a number that only grows.
pub(crate) fn value_of(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// Three jobs a room: it is full now and then.
pub(crate) const SAVES_IN_FLIGHT: usize = 3;
pub(crate) const SAVE_BYTES: usize = 16;

/// What becomes of a room's bell with this saying: rung in so many milliseconds, or not any more.
const fn bell_of(speech: Speech) -> Option<Option<u32>> {
    match speech.number {
        number if number.is_multiple_of(11) => Some(None),
        number if number.is_multiple_of(4) => Some(Some(20 + number * 37 % 400)),
        _ => None,
    }
}

/// Rung for nothing.
const BELL: TimerId = TimerId(0);
/// A room that was locked is unlocked.
const UNLOCKS: TimerId = TimerId(1);
/// How often a room is locked, and for how long.
const LOCKING_SPEECHES: u32 = 13;
const LOCKED_MS: u32 = 150;
pub(crate) const TIMERS: usize = 2;

/// Things of a room.
pub(crate) const THINGS: usize = 4;

/// What becomes of the things with this saying: which one, and whether it is put.
pub(crate) const fn thing_of(speech: Speech) -> (u16, bool) {
    ((speech.number as usize % THINGS) as u16, !speech.number.is_multiple_of(7))
}

/// Options that no room is opened with.
pub(crate) const BAD_OPTIONS: &[u8] = b"bad";
/// Options of who wants only to watch.
pub(crate) const WATCH: &[u8] = b"watch";

/// What the games of one world have in common, from its start to its end.
#[derive(Debug)]
pub(crate) struct Common {
    pub(crate) world: usize,
    pub(crate) sabotage: Sabotage,
    /// How often the world has started.
    pub(crate) life: u32,
    /// Events that it has taken in this life.
    pub(crate) events: AtomicU32,
    /// Events until the sabotage strikes.
    pub(crate) until_sabotage: AtomicU32,
}

/// The game of one room; see the [module](self).
pub(crate) struct Recorder {
    journal: Journal,
    common: Arc<Common>,
    /// What is kept of this room: how many events it has taken since it was opened, in all lives, and who is in it.
    state: RoomState,
    /// What the store is to have.
    saving: Option<u64>,
    /// What it has asked its members.
    counters: Counters,
}

impl Recorder {
    pub(crate) fn new(journal: Journal, common: Arc<Common>) -> Self {
        Self {
            journal,
            common,
            state: RoomState::default(),
            saving: None,
            counters: Counters::default(),
        }
    }

    fn note(&self, room: &RoomContext<'_, '_>, what: InRoom) {
        self.journal.note(Fact::Room { world: self.common.world, room: room.room_id().0, what });
    }

    fn note_kept(&self, room: &RoomContext<'_, '_>, what: InStore) {
        self.journal.note(Fact::Kept { world: self.common.world, room: room.room_id().0, what });
    }

    /// Counts an event, and keeps the count, unless the store is still to have the one before.
    fn keep(&mut self, room: &mut RoomContext<'_, '_>) {
        self.state.taken += 1;
        let events = self.common.events.fetch_add(1, Relaxed) + 1;
        let value = u64::from(self.common.life) << 32 | u64::from(events);
        let key = key_of(room.room_id().0);
        if self.saving.is_none() && room.save(key, &value.to_le_bytes()).is_ok() {
            self.saving = Some(value);
        }
    }

    /// What is said changes a thing, and what its speaker shows.
    fn show(&self, room: &mut RoomContext<'_, '_>, speech: Speech) {
        let Speech { uid, number } = speech;
        let (id, is_put) = thing_of(speech);
        let shown = match is_put {
            true => room.put(id, &Mark { uid, number }),
            false => room.remove_thing(id),
        };
        let shown = shown.and_then(|()| room.put_member(uid, &Tally { number }));
        if shown.is_ok() {
            self.note(room, InRoom::Shown(speech));
        }
    }

    fn arm(&self, room: &mut RoomContext<'_, '_>, timer: TimerId, ms: u32) {
        let due = room.now().after_ms(ms);
        let is_early = self.common.sabotage == Sabotage::EarlyTimer;
        room.after(if is_early { ms / 2 } else { ms }, timer);
        self.note(room, InRoom::Armed { timer: timer.0, due });
    }

    /// What is said rings the bell, or locks the room.
    fn disturb(&self, room: &mut RoomContext<'_, '_>, speech: Speech) {
        match bell_of(speech) {
            Some(Some(ms)) => self.arm(room, BELL, ms),
            Some(None) => {
                room.cancel(BELL);
                self.note(room, InRoom::Cancelled { timer: BELL.0 });
            }
            None => {}
        }
        if speech.number.is_multiple_of(LOCKING_SPEECHES) {
            if self.common.sabotage != Sabotage::OpenLock {
                room.lock();
            }
            self.note(room, InRoom::Locked(true));
            self.arm(room, UNLOCKS, LOCKED_MS);
        }
    }

    /// How often an event is said: once, in an honest game.
    fn repetitions(&self) -> u32 {
        let left = self.common.until_sabotage.load(Relaxed);
        self.common.until_sabotage.store(left.saturating_sub(1), Relaxed);
        match self.common.sabotage {
            Sabotage::UnsaidEvent if left == 1 => 0,
            Sabotage::RepeatedEvent if left == 1 => 2,
            _ => 1,
        }
    }
}

impl Game for Recorder {
    const NAME: &'static str = "recorder";
    const HOLD_MS: u32 = 1_200;
    const SCHEMA: GameSchema = GameSchema {
        links: &[&client_to_recorder::SCHEMA, &recorder_to_client::SCHEMA],
        words: Vocabulary::REALM,
    };
    const TIMERS: usize = TIMERS;
    const THINGS: usize = THINGS;
    const THING_BYTES: usize = Self::SCHEMA.bytes_of("Mark");
    const MEMBER_BYTES: usize = Self::SCHEMA.bytes_of("Tally");
    const SAVE_BYTES: usize = SAVE_BYTES;
    const SAVES_IN_FLIGHT: usize = SAVES_IN_FLIGHT;
    const ROOM_SAVE_BYTES: usize = ROOM_STATE_BYTES;
    const SAVE_INTERVAL_MS: u32 = 700;

    fn on_open(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        options: &[u8],
    ) -> Result<(), BadOptions> {
        if options == BAD_OPTIONS {
            return Err(BadOptions);
        }
        self.state.name = room.name().try_into().unwrap_or_default();
        // A name fits.
        room.set_properties(Bytes::new(self.state.name.as_bytes()).unwrap_or_default());
        self.note(room, InRoom::Opened(self.state.name.clone()));
        Ok(())
    }

    fn on_close(&mut self, room: &mut RoomContext<'_, '_>) {
        self.note(room, InRoom::Closed);
        if self.common.sabotage == Sabotage::LateTimer {
            self.note(room, InRoom::Fired { timer: BELL.0, now: room.now() });
        }
    }

    fn admit(&mut self, room: &mut RoomContext<'_, '_>, who: &Who<'_>) -> Admission {
        let watches = who.options == WATCH;
        self.note(room, InRoom::Wants { watches });
        let is_seated = self.common.sabotage == Sabotage::SeatedSpectator;
        if watches && !is_seated { Admission::Spectator } else { Admission::Player }
    }

    fn on_watch(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid) {
        self.note(room, InRoom::Watches(uid));
    }

    fn on_enter(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid) {
        if let Some(member) = room.member(uid) {
            self.note(room, InRoom::Entered(member));
        }
        self.state.entered(uid);
        // A full room asks with the next one.
        let _ = room.load(key_of(room.room_id().0));
    }

    fn on_lost(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid) {
        self.note(room, InRoom::Lost(uid));
    }

    fn on_return(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid) {
        if let Some(mut member) = room.member(uid) {
            if self.common.sabotage == Sabotage::WrongSeat {
                member.pos.x += 1;
            }
            self.note(room, InRoom::Returned(member));
        }
    }

    fn on_leave(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid, _: Left) {
        self.note(room, InRoom::Left(uid));
        self.state.left(uid);
        if let Ok(id) = room.record(&Departure { uid }) {
            self.note_kept(room, InStore::Asked(id));
        }
    }

    fn on_move(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        _: MemberState,
        to: MemberState,
    ) -> MoveVerdict {
        self.note(room, InRoom::Moved(to));
        MoveVerdict::Accept
    }

    fn on_event(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        uid: Uid,
        kind: u16,
        data: Bytes<'_, EVENT_MAX_BYTES>,
    ) -> Result<(), Full> {
        for _ in 0..self.repetitions() {
            room.broadcast(uid, kind, data)?;
        }
        let speech = Speech::decode(kind, data.as_slice());
        self.note(room, InRoom::Said(uid, speech));
        if let Some(speech) = speech {
            self.show(room, speech);
            self.disturb(room, speech);
        }
        self.keep(room);
        Ok(())
    }

    fn on_input(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        uid: Uid,
        tick: u32,
        input: Frame<'_>,
    ) -> Dispatched {
        let deed = if input.opcode == Deed::OPCODE { decode(input.payload) } else { None };
        let is_whole = deed == Some(Deed { uid, tick });
        let is_repeated = self.common.sabotage == Sabotage::RepeatedInput;
        for _ in 0..=u8::from(is_repeated) {
            self.note(room, InRoom::Did { uid, tick, is_whole });
        }
        Dispatched::Handled
    }

    fn on_ask(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        uid: Uid,
        ask: AskId,
        question: Frame<'_>,
    ) -> Dispatched {
        self.hear_riddle(room, uid, ask, question)
    }

    fn on_answer(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        uid: Uid,
        ask: AskId,
        answer: Answer<'_>,
    ) {
        self.hear_answer(room, uid, ask, answer);
    }

    fn on_timer(&mut self, room: &mut RoomContext<'_, '_>, timer: TimerId) {
        let is_repeated = self.common.sabotage == Sabotage::RepeatedTimer;
        for _ in 0..=u8::from(is_repeated) {
            self.note(room, InRoom::Fired { timer: timer.0, now: room.now() });
        }
        if timer == UNLOCKS {
            room.unlock();
            self.note(room, InRoom::Locked(false));
        }
    }

    fn on_saved(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        _: &str,
        saved: Result<(), StoreFailure>,
    ) {
        if let (Some(value), Ok(())) = (self.saving.take(), saved) {
            self.note_kept(room, InStore::Saved(value));
        }
    }

    fn on_recorded(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        id: RecordId,
        recorded: Result<(), StoreFailure>,
    ) {
        if recorded.is_ok() {
            self.note_kept(room, InStore::Recorded(id));
        }
    }

    fn on_loaded(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        _: &str,
        loaded: Result<Option<&[u8]>, StoreFailure>,
    ) {
        if let Ok(value) = loaded {
            self.note_kept(room, InStore::Loaded(value.map_or(0, value_of)));
        }
    }

    fn save_room(&self, out: &mut [u8]) -> usize {
        match out.first_chunk_mut() {
            Some(out) if self.state.taken > 0 => {
                *out = self.state.written();
                out.len()
            }
            _ => 0,
        }
    }

    fn restore_room(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        state: &[u8],
    ) -> Result<(), Unreadable> {
        let mut kept = RoomState::read(state).ok_or(Unreadable)?;
        if self.common.sabotage == Sabotage::WrongRoom && !kept.name.is_empty() {
            kept.name = "elsewhere".try_into().unwrap_or_default();
        }
        // What was to unlock it is no more.
        room.unlock();
        let name = std::mem::replace(&mut self.state, kept).name;
        self.note(room, InRoom::Restored { kept: self.state.name.clone(), name });
        Ok(())
    }
}
