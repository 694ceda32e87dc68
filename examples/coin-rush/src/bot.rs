//! `CoinRushBot`: runs to the nearest coin, and knows the rules.

use tinyrealm_core::node::client::{Bot, BotTurn, Broken, ClientEvent};
use tinyrealm_core::protocol::{Direction, Dispatched, MemberNumber, Position};
use tinyrealm_core::time::Stamp;
use tinyrealm_core::wire::Frame;

use super::{COINS_MAX, FIELD, SPEED, distance};
use crate::messages::client_to_rush::Look;
use crate::messages::rush_to_client::{self, Best, Coin, Outcome, Round, Score};

/// So much of its speed a bot uses.
const PACE: u32 = SPEED * 9 / 10;
/// Who has had no turn for longer does not make up for it.
const STEP_MOST_MS: u32 = 250;

/// A player that runs to the nearest coin. What it hears has to be what the rules say: everything on the field, and
/// points that only grow while a round goes on.
#[derive(Clone, Debug, Default)]
pub struct CoinRushBot {
    me: MemberNumber,
    coins: [Option<Position>; COINS_MAX],
    points: u16,
    best: u16,
    moved_at: Option<Stamp>,
    has_missed: bool,
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
                self.has_missed |= page.missed_events > 0;
                page.members.iter().for_each(|member| self.expect_on_field(member.pos));
            }
            ClientEvent::Moved(moved) => self.expect_on_field(moved.pos),
            _ => {}
        }
    }

    fn on_message(&mut self, frame: Frame<'_>) -> Dispatched {
        rush_to_client::dispatch(self, &mut (), frame)
    }

    fn on_turn(&mut self, turn: &mut BotTurn<'_, '_, '_>) {
        if self.has_missed && turn.tell_game(&Look {}).is_ok() {
            self.has_missed = false;
        }
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

impl rush_to_client::Stub<()> for CoinRushBot {
    fn round(&mut self, _: &mut (), _: Round) {
        self.points = 0;
    }

    fn coin(&mut self, _: &mut (), coin: Coin) {
        let is_on = coin.pos.x.abs() <= FIELD && coin.pos.y.abs() <= FIELD;
        self.expect(is_on, "a coin lies off the field");
        match self.coins.get_mut(usize::from(coin.id)) {
            Some(known) => *known = Some(coin.pos),
            None => self.expect(false, "there are more coins than there can be"),
        }
    }

    fn score(&mut self, _: &mut (), score: Score) {
        if score.number != self.me {
            return;
        }
        self.expect(score.points >= self.points, "points have become fewer while a round goes on");
        self.points = score.points;
    }

    fn best(&mut self, _: &mut (), best: Best) {
        self.expect(best.points >= self.best, "the best round has become worse");
        self.best = best.points;
    }

    fn outcome(&mut self, _: &mut (), _: Outcome) {
        self.expect(false, "somebody was told a record");
    }
}

/// A coordinate on the way to another one.
fn nearer(from: i32, to: i32, step: i32) -> i32 {
    from.saturating_add(to.saturating_sub(from).clamp(-step, step))
}
