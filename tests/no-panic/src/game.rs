//! A game that uses everything that a room offers, with values from the outside.

use tinyrealm_core::node::Answer;
use tinyrealm_core::node::world::{
    Admission, AskId, Game, Kept, Left, MoveVerdict, RecordId, Refusal, RoomContext, StoreFailure,
    Tick, TimerId, Unreadable, Who,
};
use tinyrealm_core::protocol;
use tinyrealm_core::protocol::{
    Bytes, Direction, Dispatched, EVENT_MAX_BYTES, MemberState, Position, Uid,
};
use tinyrealm_core::wire::opcode::GAME;
use tinyrealm_core::wire::{Frame, Full};

protocol! {
    /// From the game to itself.
    mod busy_records in GAME.server_to_client, hears busy_records;

    /// What is kept.
    1 score => Score {
        /// Whose.
        uid: Uid,
        /// How many.
        points: u32,
    }
}

protocol! {
    /// From a client to the game.
    mod busy_questions in GAME.client_to_server;

    /// A number, as a question or an answer.
    1 number => Number {
        /// Which.
        value: u32,
    }
}

pub(crate) use busy_questions::Number;

/// Does with a room whatever can be done.
pub(crate) struct Busy {
    next: Uid,
}

impl Game for Busy {
    const NAME: &'static str = "busy";
    const TICK_INTERVAL_MS: u32 = 50;
    const VERSION: u16 = 2;
    const SAVE_BYTES: usize = 100;
    const SAVES_IN_FLIGHT: usize = 8;
    const ROOM_SAVE_BYTES: usize = 200;
    const TIMERS: usize = 2;

    fn spawn(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid) -> (Position, Direction) {
        let near = room.members().last().map_or(Position::ORIGIN, |member| member.pos);
        (near, Direction(uid.0 as u16))
    }

    fn on_enter(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid) {
        self.next = uid;
        let told = room.tell_event(uid, 1, Bytes::default());
        if told.is_err() {
            room.kick(uid, &Refusal::new(1, "too slow"));
        } else if room.who(uid).is_some_and(|who| who.nickname == who.name) {
            let _ = room.ban(uid, 1_000, &Refusal::UNSAID);
        }
    }

    fn admit(&mut self, room: &mut RoomContext<'_, '_>, who: &Who<'_>) -> Admission {
        match room.spectators().count() {
            0 if who.is_guest => Admission::Spectator,
            1 => Admission::Refuse(Refusal::new(2, who.nickname)),
            _ => Admission::Player,
        }
    }

    fn on_leave(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid, _: Left) {
        if self.next == uid {
            self.next = room.members().next().map_or(Uid::NOBODY, |member| member.uid);
        }
    }

    fn on_move(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        from: MemberState,
        to: MemberState,
    ) -> MoveVerdict {
        match room.random_u32() % 3 {
            0 => MoveVerdict::Accept,
            1 => MoveVerdict::Correct(from.pos, to.dir),
            _ => MoveVerdict::Refuse,
        }
    }

    fn on_event(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        uid: Uid,
        kind: u16,
        data: Bytes<'_, EVENT_MAX_BYTES>,
    ) -> Result<(), Full> {
        let pos = Position { x: i32::from(room.room_id().0), ..Position::ORIGIN };
        room.place(uid, pos, Direction(kind));
        if let Ok(key) = core::str::from_utf8(data.as_slice()) {
            let asked = room.save(key, data.as_slice()).and_then(|()| room.load(key));
            let score = busy_records::Score { uid, points: u32::from(kind) };
            if asked.and_then(|()| room.record_as(RecordId::of(key), &score)).is_err() {
                self.next = uid;
            }
            if room.notice(&score).is_err() {
                self.next = Uid::NOBODY;
            }
        }
        room.broadcast(Uid::NOBODY, kind, data)
    }

    fn on_ask(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        uid: Uid,
        ask: AskId,
        question: Frame<'_>,
    ) -> Dispatched {
        let Some(Number { value }) = question.read() else { return Dispatched::Unknown };
        let score = busy_records::Score { uid, points: value };
        if room.ask(uid, &score, value).is_err() {
            let _ = room.refuse(ask, value as u16);
        } else if room.answer(ask, &score).is_err() {
            self.next = uid;
        }
        Dispatched::Handled
    }

    fn on_answer(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        uid: Uid,
        _: AskId,
        answer: Answer<'_>,
    ) {
        if let Answer::Given(frame) = answer
            && let Some(Number { value }) = frame.read()
        {
            // Whoever is away is asked no more.
            let _ = room.ask(uid, &busy_records::Score { uid, points: value }, value);
        }
    }

    fn on_timer(&mut self, room: &mut RoomContext<'_, '_>, timer: TimerId) {
        let ms = room.secret_u32() ^ room.seed() as u32;
        if !room.after(ms, TimerId(timer.0.wrapping_add(1))) {
            room.cancel(timer);
        }
    }

    fn on_tick(&mut self, room: &mut RoomContext<'_, '_>, tick: Tick) {
        let Some(member) = room.member(self.next) else { return };
        let age = (room.now().micros() ^ tick.number ^ u64::from(tick.elapsed_ms)).to_le_bytes();
        if let Some(data) = Bytes::new(&age) {
            // A full room hears the next tick.
            let _ = room.broadcast(member.uid, 2, data);
        }
    }

    fn on_loaded(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        key: &str,
        loaded: Result<Option<&[u8]>, StoreFailure>,
    ) {
        if let Ok(Some(value)) = loaded {
            // A full room says nothing.
            let _ = room.save(key, value);
        }
    }

    fn on_saved(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        key: &str,
        saved: Result<(), StoreFailure>,
    ) {
        if saved.is_err() {
            let _ = room.load(key);
        }
    }

    fn on_recorded(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        id: RecordId,
        _: Result<(), StoreFailure>,
    ) {
        let score = busy_records::Score { uid: self.next, points: u32::from(id.0[0]) };
        let _ = room.record(&score);
    }

    fn save_room(&self, out: &mut [u8]) -> usize {
        let uid = self.next.0.to_le_bytes();
        out.iter_mut().zip(uid).map(|(to, from)| *to = from).count()
    }

    fn restore_room(
        &mut self,
        _: &mut RoomContext<'_, '_>,
        state: &[u8],
    ) -> Result<(), Unreadable> {
        self.next = Uid(u64::from_le_bytes(*state.first_chunk().ok_or(Unreadable)?));
        Ok(())
    }

    fn migrate(&mut self, version: u16, _: Kept<'_>, _: &mut [u8], bytes: usize) -> Option<usize> {
        (version == 1).then_some(bytes)
    }
}
