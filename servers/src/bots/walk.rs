//! The walk of bots that play no game: circles, whose third coordinate is the number of the move.

use std::f64::consts::TAU;

use tinyrealm_core::protocol::{Direction, Position};

use super::plan::Plan;

/// One round of a bot's walk, in seconds.
const WALK_SECONDS: f64 = 8.0;

/// Where bot `number` is on its walk: circles of different sizes, around different places.
pub(super) fn walk(number: u16, turn: u64, plan: &Plan, seq: u32) -> (Position, Direction) {
    let spread = f64::from(number) * 2.399_963; // the golden angle
    let radius = 2.0 + f64::from(number % 7);
    let seconds = turn as f64 / (plan.hz * f64::from(plan.count));
    let angle = spread + seconds * TAU / WALK_SECONDS;
    let centre = f64::from(number).sqrt();
    let x = (centre * spread.cos() + radius * angle.cos()) * 1_000.0;
    let y = (centre * spread.sin() + radius * angle.sin()) * 1_000.0;
    let heading = (angle / TAU + 0.25).rem_euclid(1.0) * 65_536.0;
    (Position { x: x as i32, y: y as i32, z: seq as i32 }, Direction(heading as u16))
}
