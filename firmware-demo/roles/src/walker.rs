//! `Walker`: the bot of a client that knows no game. It walks around the middle of its room.

use tinyrealm_core::node::client::{Bot, BotTurn};
use tinyrealm_core::protocol::{Direction, Position};

/// How far from the middle it walks, in thousandths of a unit.
const RADIUS: i32 = 8_000;
/// Turns of a round, and one of them as an angle.
const TURNS: u16 = 32;
const ANGLE: u16 = (0x1_0000 / TURNS as u32) as u16;

/// Walks a circle; see the [module](self).
#[derive(Clone, Debug, Default)]
pub struct Walker {
    heading: u16,
}

impl Bot for Walker {
    fn on_turn(&mut self, turn: &mut BotTurn<'_, '_, '_>) {
        self.heading = self.heading.wrapping_add(ANGLE);
        // A queue that is full now has room for the next step.
        let _ = turn.move_to(on_circle(self.heading), Direction(self.heading));
    }
}

/// A point of the circle at this angle, by a parabola for each half turn: near enough for a walk.
const fn on_circle(angle: u16) -> Position {
    Position { x: wave(angle.wrapping_add(0x4000)), y: wave(angle), z: 0 }
}

/// Like a sine: 0 at 0, `RADIUS` a quarter turn later.
const fn wave(angle: u16) -> i32 {
    let part = (angle & 0x7FFF) as i32;
    let height = (part >> 4) * ((0x8000 - part) >> 4) / ((0x4000 >> 4) * (0x4000 >> 4) / RADIUS);
    if angle < 0x8000 { height } else { -height }
}
