//! Players that play by themselves.

use tinyrealm_core::node::client::{Bot, BotSeat, Broken};
use tinyrealm_core::node::world::Game;
use tinyrealm_core::protocol::OwnedWish;

use super::{GameBench, Player};
use crate::ears::Ears;

/// Between two turns of a bot.
const BOT_TURN_MS: u32 = 100;

impl<G: Game + 'static> GameBench<G> {
    /// A bot comes, as in [`GameBench::join`]. From then on it has a turn each 100 ms of [`GameBench::advance_ms`],
    /// which panics with the rule that it finds broken.
    pub fn join_bot(&mut self, bot: impl Bot + 'static) -> Player {
        self.bots_at.get_or_insert(self.now.after_ms(BOT_TURN_MS));
        self.join_with(("", OwnedWish::ANY), Ears::of_bot(Box::new(BotSeat::new(bot))))
    }

    /// Gives all bots their turn when it is time.
    pub(super) fn play_bots(&mut self) {
        if self.bots_at.is_none_or(|at| self.now < at) {
            return;
        }
        self.bots_at = Some(self.now.after_ms(BOT_TURN_MS));
        for player in self.players() {
            let played = self.act(player, |client, cx| {
                let played = client.play(cx, |ears| ears.bot.as_deref_mut());
                let ears = client.handler_mut();
                if let Some(bot) = &ears.bot {
                    ears.me = bot.me();
                }
                played
            });
            if let Err(Broken(rule)) = played {
                panic!("{player:?} at {} ms: {rule}", self.now_ms());
            }
        }
    }
}
