//! Players who come, break off, come back and leave.

use tinyrealm_core::node::world::Game;
use tinyrealm_core::protocol::{ErrorCode, OwnedWish, Wish};

use super::{COMING_MS, GameBench, Player, STEP_MS};
use crate::ears::{Ears, Heard};
use crate::host::Tools;
use crate::{place, realm};

impl<G: Game + 'static> GameBench<G> {
    /// Somebody new comes, and is waited for until it is in, or sent away; in fine weather that takes no time.
    pub fn join(&mut self) -> Player {
        self.join_as("")
    }

    /// [`GameBench::join`] for somebody who wants to be called `nickname`, of up to 24 bytes.
    pub fn join_as(&mut self, nickname: &str) -> Player {
        self.join_with((nickname, OwnedWish::ANY), Ears::default())
    }

    /// [`GameBench::join`] for somebody with a wish: for a room by its name, where the bench has one
    /// ([`GameBench::with_named_room`]), or with options, which [`Game::admit`] sees. Who is refused has heard why
    /// ([`Heard::Refused`](crate::Heard::Refused)), and asks again, unless the same wish would be refused again.
    pub fn join_room(&mut self, wish: Wish<'_>) -> Player {
        self.join_with(("", wish.into()), Ears::default())
    }

    pub(super) fn join_with(&mut self, who: (&str, OwnedWish), ears: Ears) -> Player {
        let player = Player(self.players.len());
        let Self { now, random, network, .. } = self;
        let tools = &mut Tools { now: *now, random, network };
        self.players.push(realm::client::<G>(tools, player.0, who, ears));
        self.wait_for(player);
        player
    }

    /// The player leaves in good order, and never comes back.
    pub fn leave(&mut self, player: Player) {
        self.act(player, |client, cx| client.stop(cx));
    }

    /// The player's connections break, and it gets no other ones before [`GameBench::come_back`].
    pub fn cut(&mut self, player: Player) {
        self.network.cut(self.now, place::host_of_player(player.0));
        self.settle();
    }

    /// The player has a network again, and is waited for as in [`GameBench::join`]. It is the same user.
    pub fn come_back(&mut self, player: Player) {
        self.network.mend(place::host_of_player(player.0));
        self.wait_for(player);
    }

    fn wait_for(&mut self, player: Player) {
        self.settle();
        for _ in 0..COMING_MS / STEP_MS {
            if self.is_in_room(player) || self.is_over(player) || self.is_refused(player) {
                return;
            }
            self.advance_ms(STEP_MS);
        }
    }

    /// Whether it has just heard that it does not come into the room that it wants before somebody else does something.
    fn is_refused(&self, player: Player) -> bool {
        let Some(Heard::Refused(code, _)) = self.ears(player).heard.back() else { return false };
        [ErrorCode::NO_ROOM, ErrorCode::ROOM_EXISTS].contains(code)
    }
}
