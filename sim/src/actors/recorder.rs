//! `Recorder`: the relay game, which notes what it takes.

use std::cell::Cell;

use tinyrealm_core::node::world::{Game, Left, MoveVerdict, RoomContext};
use tinyrealm_core::protocol::{Bytes, EVENT_MAX_BYTES, MemberState, Uid};
use tinyrealm_core::wire::Full;

use crate::journal::{Fact, InRoom, Journal};
use crate::settings::Sabotage;
use crate::speech::Speech;

/// The game of one room; see the [module](self).
pub(crate) struct Recorder<'j> {
    pub(crate) journal: &'j Journal,
    pub(crate) world: usize,
    pub(crate) sabotage: Sabotage,
    /// Events until the sabotage strikes.
    pub(crate) until_sabotage: Cell<u32>,
}

impl Recorder<'_> {
    fn note(&self, room: &RoomContext<'_, '_>, what: InRoom) {
        self.journal.note(Fact::Room { world: self.world, room: room.room_id().0, what });
    }

    /// How often an event is said: once, in an honest game.
    fn repetitions(&self) -> u32 {
        let left = self.until_sabotage.get();
        self.until_sabotage.set(left.saturating_sub(1));
        match self.sabotage {
            Sabotage::UnsaidEvent if left == 1 => 0,
            Sabotage::RepeatedEvent if left == 1 => 2,
            _ => 1,
        }
    }
}

impl Game for Recorder<'_> {
    const NAME: &'static str = "recorder";
    fn on_enter(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid) {
        if let Some(member) = room.member(uid) {
            self.note(room, InRoom::Entered(member));
        }
    }

    fn on_leave(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid, _: Left) {
        self.note(room, InRoom::Left(uid));
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
        self.note(room, InRoom::Said(uid, Speech::decode(kind, data.as_slice())));
        Ok(())
    }
}
