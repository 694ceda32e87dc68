//! A game that uses everything that a room offers, with values from the outside.

use tinyrealm_core::node::world::{Game, Left, MoveVerdict, RoomContext, Tick};
use tinyrealm_core::protocol::{Bytes, Direction, EVENT_MAX_BYTES, MemberState, Position, Uid};
use tinyrealm_core::wire::Full;

/// Does with a room whatever can be done.
pub(crate) struct Busy {
    next: Uid,
}

impl Game for Busy {
    const NAME: &'static str = "busy";
    const TICK_INTERVAL_MS: u32 = 50;

    fn spawn(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid) -> (Position, Direction) {
        let near = room.members().last().map_or(Position::ORIGIN, |member| member.pos);
        (near, Direction(uid.0 as u16))
    }

    fn on_enter(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid) {
        self.next = uid;
        let told = room.tell_event(uid, 1, Bytes::default());
        if told.is_err() {
            room.remove(uid);
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
        room.broadcast(Uid::NOBODY, kind, data)
    }

    fn on_tick(&mut self, room: &mut RoomContext<'_, '_>, tick: Tick) {
        let Some(member) = room.member(self.next) else { return };
        let age = (room.now().micros() ^ tick.number ^ u64::from(tick.elapsed_ms)).to_le_bytes();
        if let Some(data) = Bytes::new(&age) {
            // A full room hears the next tick.
            let _ = room.broadcast(member.uid, 2, data);
        }
    }
}
