//! Tag: a small complete game on a Tinyrealm room, to be copied.
//!
//! Whoever is "it" tags another by coming within [`REACH`]; the server decides. The first one in is
//! it; if it leaves, somebody else becomes it. Nobody is tagged back for [`SAFE_MS`].
//!
//! Contract: everyone is told who is it by an event of kind [`IT_IS`], whose data is the uid in eight
//! bytes, little-endian; a newcomer is told privately. The field is a square of ±[`FIELD`].
//!
//! Bounds: sixteen bytes a room and no allocation, so the same crate runs on a server and on a
//! microcontroller.
//!
//! ```
//! use tinyrealm_core::node::world::Game;
//! assert!(tinyrealm_tag::Tag::TICK_INTERVAL_MS > 0);
//! ```
#![no_std]
#![forbid(unsafe_code)]

use tinyrealm_core::node::world::{Game, Left, MoveVerdict, RoomContext, Tick};
use tinyrealm_core::protocol::{Bytes, Direction, MemberState, Position, Uid};
use tinyrealm_core::time::Stamp;

/// The event that tells who is it.
pub const IT_IS: u16 = 1;
/// How close is touching, in thousandths of a unit.
pub const REACH: i32 = 1_500;
/// Half the side of the field, in thousandths of a unit.
pub const FIELD: i32 = 20_000;
/// How long a freshly tagged player can tag nobody, in milliseconds.
pub const SAFE_MS: u32 = 1_000;

/// The game of one room. Its start is all-zero bits.
#[derive(Copy, Clone, Debug)]
pub struct Tag {
    it: Uid,
    tagged_at: Stamp,
    tags: u32,
    /// The room was too loud to be told who is it: the next tick tells it.
    is_untold: bool,
}

impl Tag {
    /// A room in which nobody is it.
    pub const NEW: Self =
        Self { it: Uid::NOBODY, tagged_at: Stamp::ZERO, tags: 0, is_untold: false };

    /// Who is it; nobody in an empty room.
    pub const fn it(&self) -> Uid {
        self.it
    }

    /// How often somebody was tagged.
    pub const fn tags(&self) -> u32 {
        self.tags
    }

    fn make_it(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid) {
        self.it = uid;
        self.tagged_at = room.now().stamp();
        self.tell_everyone(room);
    }

    fn tell_everyone(&mut self, room: &mut RoomContext<'_, '_>) {
        let told = Bytes::new(&self.it.0.to_le_bytes())
            .map(|data| room.broadcast(Uid::NOBODY, IT_IS, data));
        self.is_untold = told != Some(Ok(()));
    }
}

impl Default for Tag {
    fn default() -> Self {
        Self::NEW
    }
}

impl Game for Tag {
    const NAME: &'static str = "tag";
    const TICK_INTERVAL_MS: u32 = 100;

    /// Somewhere on the field, so that a newcomer does not land in a crowd.
    fn spawn(&mut self, room: &mut RoomContext<'_, '_>, _: Uid) -> (Position, Direction) {
        let random = room.random_u32();
        let (x, y) = (coordinate(random as u16), coordinate((random >> 16) as u16));
        (Position { x, y, z: 0 }, Direction(0))
    }

    fn on_enter(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid) {
        if self.it == Uid::NOBODY {
            self.make_it(room, uid);
        } else if let Some(data) = Bytes::new(&self.it.0.to_le_bytes()) {
            // A newcomer whose queue is full already is on its way out.
            let _ = room.tell_event(uid, IT_IS, data);
        }
    }

    fn on_leave(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid, _: Left) {
        if self.it == uid {
            let heir = room.members().map(|member| member.uid).find(|other| *other != uid);
            match heir {
                Some(heir) => self.make_it(room, heir),
                None => self.it = Uid::NOBODY,
            }
        }
    }

    /// Nobody leaves the field.
    fn on_move(
        &mut self,
        _: &mut RoomContext<'_, '_>,
        _: MemberState,
        to: MemberState,
    ) -> MoveVerdict {
        let x = to.pos.x.clamp(-FIELD, FIELD);
        let y = to.pos.y.clamp(-FIELD, FIELD);
        let pos = Position { x, y, ..to.pos };
        if pos == to.pos { MoveVerdict::Accept } else { MoveVerdict::Correct(pos, to.dir) }
    }

    fn on_tick(&mut self, room: &mut RoomContext<'_, '_>, _: Tick) {
        if self.is_untold {
            self.tell_everyone(room);
        }
        if self.tagged_at.age_ms(room.now()) < SAFE_MS {
            return;
        }
        let Some(it) = room.member(self.it) else { return };
        let touched =
            room.members().find(|other| other.uid != it.uid && touches(it.pos, other.pos));
        if let Some(other) = touched {
            self.tags += 1;
            self.make_it(room, other.uid);
        }
    }
}

/// Any number as a coordinate on the field, without the overflow of their product.
fn coordinate(random: u16) -> i32 {
    let across = i64::from(random) * i64::from(2 * FIELD) / (1 << u16::BITS);
    across as i32 - FIELD
}

/// Whether two players are within reach, without the overflow of a square of a long distance.
fn touches(one: Position, other: Position) -> bool {
    let (dx, dy) = (i64::from(one.x) - i64::from(other.x), i64::from(one.y) - i64::from(other.y));
    dx.abs() <= i64::from(REACH)
        && dy.abs() <= i64::from(REACH)
        && dx * dx + dy * dy <= i64::from(REACH) * i64::from(REACH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_the_field() {
        assert_eq!(coordinate(0), -FIELD);
        assert_eq!(coordinate(1 << 15), 0);
        assert_eq!(coordinate(u16::MAX), FIELD - 1);
    }

    #[test]
    fn both_sides_of_the_reach() {
        let at = |x, y| Position { x, y, z: 0 };
        assert!(touches(at(0, 0), at(REACH, 0)));
        assert!(!touches(at(0, 0), at(REACH + 1, 0)));
        assert!(!touches(at(0, 0), at(REACH - 10, REACH - 10)));
        assert!(!touches(at(i32::MIN, 0), at(i32::MAX, 0)));
    }
}
