//! Jobs on their way to the store and back: a world's side of it.

use super::super::{Game, World};
use super::book::{JobSlot, SaveStats, Wish};
use super::job::{Found, JobKey, RestoreRefusal, StoreJob, StoreOutcome, StoreTask};
use super::seats::Head;
use super::{Kept, SAVE_KEY_MAX_BYTES, StoreFailure};
use crate::log;
use crate::node::Context;
use crate::protocol::RoomId;
use crate::stats::Count;

impl Found<'_> {
    /// The bytes as this version of the game has them.
    fn read<G: Game>(&mut self, game: &mut G, kept: Kept<'_>) -> Option<&[u8]> {
        let bytes = match self.version == G::VERSION {
            true => self.bytes,
            false => game.migrate(self.version, kept, self.buffer, self.bytes)?,
        };
        self.buffer.get(..bytes)
    }
}

/// Bytes that were a text as one again.
fn text(key: &str) -> heapless::String<SAVE_KEY_MAX_BYTES> {
    heapless::String::try_from(key).unwrap_or_default()
}

impl JobSlot {
    fn task(&self) -> StoreTask {
        match self.wish {
            Wish::Load => StoreTask::Load(text(self.key())),
            Wish::Save => StoreTask::Save(text(self.key())),
            Wish::Record => StoreTask::Record { id: self.id, kind: self.kind },
        }
    }
}

impl<'a, G: Game> World<'a, G> {
    /// Bytes of a buffer that holds what any job is about, and what it has found.
    pub const fn job_bytes(&self) -> usize {
        self.rooms.saves.job_bytes()
    }

    /// What has become of what the rooms keep.
    pub const fn save_stats(&self) -> &SaveStats {
        self.rooms.saves.stats()
    }

    /// Whether nothing waits for the store, and nothing is there.
    pub fn is_all_kept(&self) -> bool {
        self.rooms.saves.is_idle()
    }

    /// The next thing to do; what it is about is at the start of `out`, which has [`World::job_bytes`]. Every one
    /// is answered by [`World::finish_job`], once. Those of one key, or of one room's state, are to be done in
    /// this order.
    pub fn next_job(&mut self, out: &mut [u8]) -> Option<StoreJob> {
        let saves = &mut self.rooms.saves;
        if out.len() < saves.job_bytes() {
            return None;
        }
        let version = G::VERSION;
        if let Some((room, bytes)) = saves.start_state(out) {
            let room = RoomId(room);
            let task =
                if bytes > 0 { StoreTask::SaveRoom(room) } else { StoreTask::ForgetRoom(room) };
            return Some(StoreJob { key: JobKey::Room(room), task, bytes, version });
        }
        let (key, job) = saves.start_job(out)?;
        let (task, bytes) = (job.task(), usize::from(job.bytes));
        Some(StoreJob { key: JobKey::Game(key), task, bytes, version })
    }

    /// A job that was handed out is done, or is not: its game is told, if its room is still there.
    pub fn finish_job(&mut self, cx: &mut Context<'_, 'a>, key: JobKey, outcome: StoreOutcome<'_>) {
        if let StoreOutcome::Failed = outcome {
            self.rooms.saves.stats.failed.count();
        }
        match key {
            JobKey::Room(room) => {
                let is_done = !matches!(outcome, StoreOutcome::Failed);
                self.rooms.saves.finish_state(room.0, is_done);
                #[cfg(feature = "moving")]
                self.look_whether_forgotten(cx);
            }
            JobKey::Game(key) => {
                let job = self.rooms.saves.remove(key);
                if let Some(job) = job.filter(|job| self.rooms.saves.is_open(job)) {
                    self.answer(cx, &job, outcome);
                }
            }
        }
    }

    fn answer(&mut self, cx: &mut Context<'_, 'a>, job: &JobSlot, outcome: StoreOutcome<'_>) {
        let (room, key) = (job.room, job.key());
        let done = match outcome {
            StoreOutcome::Failed => Err(StoreFailure::Failed),
            StoreOutcome::Done | StoreOutcome::Found(_) => Ok(()),
        };
        match job.wish {
            Wish::Save => self.with_game(cx, room, |game, room| game.on_saved(room, key, done)),
            Wish::Record => {
                self.with_game(cx, room, |game, room| game.on_recorded(room, job.id, done))
            }
            Wish::Load => match outcome {
                StoreOutcome::Found(found) => self.hand_over(cx, job, found),
                StoreOutcome::Done | StoreOutcome::Failed => {
                    self.with_game(cx, room, |game, room| {
                        game.on_loaded(room, key, done.map(|()| None));
                    })
                }
            },
        };
    }

    fn hand_over(
        &mut self,
        cx: &mut Context<'_, 'a>,
        job: &JobSlot,
        mut found: Found<'_>,
    ) -> Option<()> {
        let (room, key, version) = (job.room, job.key(), found.version);
        let game = self.games.get_mut(usize::from(room))?;
        let value = found.read(game, Kept::Value(key)).filter(|value| value.len() <= G::SAVE_BYTES);
        if value.is_none() {
            let saves = &mut self.rooms.saves;
            saves.stats.unreadable.count();
            if let Some(count) = saves.unreadable_log.admit(cx.now) {
                log::warning!(
                    "{} is version {} and does not read {} of version {} ({} since the last line)",
                    G::NAME,
                    G::VERSION,
                    key,
                    version,
                    count
                );
            }
        }
        let loaded = value.map(Some).ok_or(StoreFailure::Unreadable);
        self.with_game(cx, room, |game, room| game.on_loaded(room, key, loaded))
    }

    /// A room goes on where it was, before anybody is let in: what a store has kept of it is in `found`. It is open,
    /// under its name if it had one, and its seats are held.
    ///
    /// # Errors
    /// Why it begins anew.
    pub fn restore_room(
        &mut self,
        cx: &mut Context<'_, 'a>,
        room: RoomId,
        found: Found<'_>,
    ) -> Result<(), RestoreRefusal> {
        let version = found.version;
        let game = self.games.get_mut(usize::from(room.0)).ok_or(RestoreRefusal::NoSuchRoom)?;
        let kept = found.buffer.get(..found.bytes).and_then(Head::of);
        let start = kept.map(|head| head.bytes()).ok_or(RestoreRefusal::Unreadable)?;
        let (head, buffer) =
            found.buffer.split_at_mut_checked(start).ok_or(RestoreRefusal::Unreadable)?;
        let head = Head::of(head).ok_or(RestoreRefusal::Unreadable)?;
        let mut part = Found { version, buffer, bytes: found.bytes - start };
        let state = part.read(game, Kept::Room).ok_or(RestoreRefusal::Version(version))?;
        self.reopen(cx, room.0, head.label)?;
        let restored = self.with_game(cx, room.0, |game, room| game.restore_room(room, state));
        if !matches!(restored, Some(Ok(()))) {
            self.close_unread(cx, room.0);
            return Err(RestoreRefusal::Unreadable);
        }
        for member in head.seats() {
            self.restore_seat(cx, room.0, member);
        }
        // With the first round it is kept anew, as this version has it.
        self.rooms.saves.note_kept(room.0);
        Ok(())
    }

    /// The states of rooms are looked at, and those that have changed wait to be kept.
    pub(in super::super) fn save_rooms(&mut self) {
        for room in 0..self.rooms.rooms() as u16 {
            #[cfg(feature = "moving")]
            if self.rooms.stands_still(room) {
                self.forget_given(room);
                continue;
            }
            let members = self.rooms.rooms.get(usize::from(room)).map_or(0, |room| room.members);
            let is_meant =
                members > 0 || !self.rooms.is_free(room) || self.rooms.saves.is_kept(room);
            if let Some(start) = is_meant.then(|| self.rooms.write_head::<G>(room)).flatten() {
                self.note_state(room, start);
            }
        }
    }

    /// Has the game write its part of a room's state, behind its seats.
    fn note_state(&mut self, room: u16, start: usize) {
        let Some(game) = self.games.get(usize::from(room)) else { return };
        let saves = &mut self.rooms.saves;
        let place = saves.state_place(room).get_mut(start..);
        let place = place.and_then(|place| place.get_mut(..G::ROOM_SAVE_BYTES));
        let Some(place) = place else { return };
        let bytes = game.save_room(place);
        // More than there is room for is no state.
        if bytes <= place.len() {
            saves.note_state(room, if bytes > 0 { start + bytes } else { 0 });
        }
    }

    /// A round is due; at the node's end there is none behind the last, which saw everybody inside.
    pub(in super::super) fn on_save_deadline(&mut self, cx: &Context<'_, 'a>) {
        if self.rooms.saves.next_round.is_some_and(|at| at <= cx.now) {
            self.save_rooms();
            self.rooms.saves.start_rounds(cx.now);
        }
    }

    /// The last states of the rooms.
    pub(in super::super) fn save_last(&mut self) {
        if self.rooms.saves.next_round.take().is_some() {
            self.save_rooms();
        }
    }
}
