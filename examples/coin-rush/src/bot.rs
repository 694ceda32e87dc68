//! `CoinRushBot`: runs to the nearest coin, and knows the rules.

use tinyrealm_core::node::client::{Bot, BotTurn, Broken, ClientEvent, StateEvent};
use tinyrealm_core::node::world::State;
use tinyrealm_core::protocol::world_to_client::{MemberExtra, ThingPut};
use tinyrealm_core::protocol::{Direction, Dispatched, MemberNumber, Position, decode};
use tinyrealm_core::time::Stamp;
use tinyrealm_core::wire::Frame;

use super::{COINS_MAX, FIELD, ROUND, SPEED, distance};
use crate::messages::rush_to_client::{Best, Coin, Round, Score};

/// So much of its speed a bot uses.
const PACE: u32 = SPEED * 9 / 10;
/// Who has had no turn for longer does not make up for it.
const STEP_MOST_MS: u32 = 250;

/// A player that runs to the nearest coin. What it hears and sees has to be what the rules say: everything on the
/// field, and points that only grow while a round goes on.
#[derive(Clone, Debug, Default)]
pub struct CoinRushBot {
    me: MemberNumber,
    round: u16,
    coins: [Option<Position>; COINS_MAX],
    points: u16,
    best: u16,
    moved_at: Option<Stamp>,
    broken: Option<Broken>,
}

impl CoinRushBot {
    fn nearest(&self, to: Position) -> Option<Position> {
        self.coins.iter().flatten().copied().min_by_key(|coin| distance(*coin, to))
    }

    fn expect(&mut self, holds: bool, rule: &'static str) {
        if !holds && self.broken.is_none() {
            self.broken = Some(Broken(rule));
        }
    }

    fn see_thing(&mut self, &ThingPut { id, kind, data }: &ThingPut<'_>) {
        let thing = State { kind, data };
        if id == ROUND {
            match thing.read::<Round>() {
                Some(Round { number, .. }) if number == self.round => {}
                Some(Round { number, .. }) => (self.round, self.points) = (number, 0),
                None => self.expect(false, "the round is something else"),
            }
            return;
        }
        match (self.coins.get_mut(usize::from(id)), thing.read()) {
            (Some(known), Some(Coin { pos })) => {
                *known = Some(pos);
                let is_on = pos.x.abs() <= FIELD && pos.y.abs() <= FIELD;
                self.expect(is_on, "a coin lies off the field");
            }
            _ => self.expect(false, "there is something besides the coins and the round"),
        }
    }

    fn see_score(&mut self, &MemberExtra { number, kind, data }: &MemberExtra<'_>) {
        let Some(Score { points }) = (State { kind, data }).read() else {
            self.expect(false, "somebody shows something else than a score");
            return;
        };
        if number == self.me {
            self.expect(points >= self.points, "points have become fewer while a round goes on");
            self.points = points;
        }
    }

    fn expect_on_field(&mut self, pos: Position) {
        let is_on = pos.x.abs() <= FIELD && pos.y.abs() <= FIELD;
        self.expect(is_on, "somebody is off the field");
    }
}

impl Bot for CoinRushBot {
    fn on_event(&mut self, event: &ClientEvent<'_>) {
        match event {
            ClientEvent::Joined(joined) => {
                *self = Self { me: joined.number, broken: self.broken, ..Self::default() };
                self.expect_on_field(joined.spawn_pos);
            }
            ClientEvent::Snapshot(page) => {
                page.members.iter().for_each(|member| self.expect_on_field(member.pos));
            }
            ClientEvent::Moved(moved) => self.expect_on_field(moved.pos),
            ClientEvent::State(StateEvent::Put(thing)) => self.see_thing(thing),
            ClientEvent::State(StateEvent::Member(state)) => self.see_score(state),
            _ => {}
        }
    }

    fn on_message(&mut self, frame: Frame<'_>) -> Dispatched {
        // The rest is shown, or recorded.
        self.expect(frame.opcode == Best::OPCODE, "something is told that is not to be");
        let Some(Best { points }) = decode(frame.payload) else { return Dispatched::Malformed };
        self.expect(points >= self.best, "the best round has become worse");
        self.best = points;
        Dispatched::Handled
    }

    fn on_turn(&mut self, turn: &mut BotTurn<'_, '_, '_>) {
        let (now, at) = (turn.now(), turn.me().pos);
        let since_ms = self.moved_at.map_or(0, |moved_at| moved_at.age_ms(now)).min(STEP_MOST_MS);
        self.moved_at = Some(now.stamp());
        let Some(coin) = self.nearest(at) else { return };
        let step = (PACE * since_ms / 1_000) as i32;
        let pos = Position { x: nearer(at.x, coin.x, step), y: nearer(at.y, coin.y, step), ..at };
        if pos != at {
            // What can't be sent now is tried again with the next turn.
            let _ = turn.move_to(pos, Direction(0));
        }
    }

    fn check(&self) -> Result<(), Broken> {
        self.broken.map_or(Ok(()), Err)
    }
}

/// A coordinate on the way to another one.
fn nearer(from: i32, to: i32, step: i32) -> i32 {
    from.saturating_add(to.saturating_sub(from).clamp(-step, step))
}
