//! Coin rush: a complete small game on a Tinyrealm room, with things and messages of its own.
//!
//! Coins lie on a field; whoever comes within [`REACH`] of one has it, and it lies elsewhere. A round takes
//! `round_s` seconds, behind it is a pause of [`PAUSE_MS`], and then all scores are 0. The server decides:
//! nobody runs faster than [`SPEED`], nobody leaves the field, and who
//! only tries to cheat is banned for a minute. Whoever finds no place looks on.
//!
//! Everybody's best round, every round's results and the rooms themselves outlast the server.
//!
//! Contract: the coins and the round are things of the room, scores are what its members show. So whoever comes, comes
//! back, or looks on knows all of it, and the game has nobody to tell.
//!
//! Bounds: [`COINS_MAX`] coins; `PLAYERS` players with a score; no allocation, so the same crate runs on a server
//! and on a microcontroller.
//!
//! ```
//! use tinyrealm_coin_rush::CoinRush;
//! use tinyrealm_core::node::world::{Game, Setting};
//!
//! let mut game = CoinRush::<8>::NEW;
//! assert_eq!(game.configure("coins", Setting::Integer(4)), Ok(()));
//! assert!(game.configure("coins", Setting::Integer(17)).is_err());
//! ```
#![no_std]
#![forbid(unsafe_code)]

mod bot;
mod keeping;
pub mod messages;
mod players;
#[cfg(test)]
mod tests;

pub use bot::CoinRushBot;
use messages::rush_to_client::{self, Coin, Round};
use players::{Player, Players};
use tinyrealm_core::node::world::{
    Admission, Game, Left, MoveVerdict, Refusal, RoomContext, Setting, SettingProblem,
    StoreFailure, Tick, Unreadable, Who,
};
use tinyrealm_core::protocol::schema::{GameSchema, Vocabulary};
use tinyrealm_core::protocol::{Direction, MemberState, Message, Position, Uid};

/// The most coins of a room: the things with ids below that.
pub const COINS_MAX: usize = 16;
/// The thing that is the round.
pub const ROUND: u16 = COINS_MAX as u16;
/// How close is having it, in thousandths of a unit.
pub const REACH: i32 = 1_200;
/// Half the side of the field, in thousandths of a unit.
pub const FIELD: i32 = 20_000;
/// How far somebody gets in a second, in thousandths of a unit.
pub const SPEED: u32 = 12_000;
/// So much further is a hurry of the network's, not a cheat.
pub const SLACK: u32 = 3_000;
/// Who wants to go too far so often in a row is shown out.
pub const CHEATS_MOST: u8 = 50;
/// For how long then.
pub const BAN_MS: u32 = 60_000;
/// The number of that reason.
pub const CHEATING: u16 = 1;
/// What whoever only wants to look on says, as the options of its wish.
pub const WATCH: &[u8] = b"watch";
/// Who loses its connection may come back for so long, to its place and its points.
pub const HOLD_MS: u32 = 15_000;
/// Between two rounds.
pub const PAUSE_MS: u32 = 5_000;

const TICK_MS: u32 = 100;
const DEFAULT_COINS: u8 = 8;
const DEFAULT_ROUND_S: u16 = 60;

/// The game of one room. Its start is all-zero bits.
#[derive(Clone, Debug)]
pub struct CoinRush<const PLAYERS: usize> {
    /// 0 for the default.
    coins_wanted: u8,
    /// 0 for the default.
    round_s: u16,
    round: u16,
    is_running: bool,
    /// What is left of the round or the pause.
    left_ms: u32,
    coins: [Position; COINS_MAX],
    players: Players<PLAYERS>,
}

impl<const PLAYERS: usize> CoinRush<PLAYERS> {
    /// A room in which no round has begun.
    pub const NEW: Self = Self {
        coins_wanted: 0,
        round_s: 0,
        round: 0,
        is_running: false,
        left_ms: 0,
        coins: [Position::ORIGIN; COINS_MAX],
        players: Players::NONE,
    };

    fn coin_count(&self) -> usize {
        usize::from(if self.coins_wanted == 0 { DEFAULT_COINS } else { self.coins_wanted })
    }

    fn round_ms(&self) -> u32 {
        u32::from(if self.round_s == 0 { DEFAULT_ROUND_S } else { self.round_s }) * 1_000
    }

    /// Who has so many coins of this round.
    pub fn points_of(&self, uid: Uid) -> Option<u16> {
        self.players.find(uid).map(|player| player.points)
    }

    /// Where the coins lie.
    pub fn coins(&self) -> impl Iterator<Item = Position> {
        self.coins.iter().copied().take(self.coin_count())
    }

    /// The round, and whether coins can be had.
    pub const fn round(&self) -> (u16, bool) {
        (self.round, self.is_running)
    }

    fn begin_round(&mut self, room: &mut RoomContext<'_, '_>) {
        // The first round is 1, and behind the last number it is again.
        self.round = self.round.checked_add(1).unwrap_or(1);
        self.is_running = true;
        self.left_ms = self.round_ms();
        self.players.begin_round();
        self.show_scores(room);
        for id in 0..self.coin_count() {
            self.drop_coin(room, id);
        }
    }

    fn end_round(&mut self) {
        self.is_running = false;
        for player in self.players.iter_mut() {
            player.end_round(self.round);
        }
        self.left_ms = PAUSE_MS;
    }

    fn drop_coin(&mut self, room: &mut RoomContext<'_, '_>, id: usize) {
        let random = room.random_u32();
        let (x, y) = (coordinate(random as u16), coordinate((random >> 16) as u16));
        if let Some(coin) = self.coins.get_mut(id) {
            *coin = Position { x, y, z: 0 };
            show(room, id as u16, &Coin { pos: *coin });
        }
    }

    /// Whoever stands at a coin has it.
    fn pick_up(&mut self, room: &mut RoomContext<'_, '_>) {
        for id in 0..self.coin_count() {
            let Some(coin) = self.coins.get(id).copied() else { return };
            let may_have =
                |member: &MemberState| is_near(member.pos, coin) && !room.is_away(member.uid);
            let finder = room.members().find(may_have);
            let Some(finder) = finder else { continue };
            if let Some(player) = self.players.find_mut(finder.uid) {
                player.points = player.points.saturating_add(1);
                // It is a member.
                let _ = player.show(room);
                self.drop_coin(room, id);
            }
        }
    }

    fn show_scores(&self, room: &mut RoomContext<'_, '_>) {
        for player in self.players.iter() {
            // Whoever is not in the room shows nothing.
            let _ = player.show(room);
        }
    }

    /// As it is now; a second that is not over yet is no news.
    fn show_round(&self, room: &mut RoomContext<'_, '_>) {
        let left_s = self.left_ms.div_ceil(1_000) as u16;
        show(room, ROUND, &Round { number: self.round, is_running: self.is_running, left_s });
    }
}

/// Shows a thing: ids are below [`Game::THINGS`], and a thing is no longer than [`Game::THING_BYTES`].
fn show<M: Message>(room: &mut RoomContext<'_, '_>, id: u16, thing: &M) {
    let _ = room.put(id, thing);
}

impl<const PLAYERS: usize> Default for CoinRush<PLAYERS> {
    fn default() -> Self {
        Self::NEW
    }
}

impl<const PLAYERS: usize> Game for CoinRush<PLAYERS> {
    const NAME: &'static str = "coin-rush";
    const TICK_INTERVAL_MS: u32 = TICK_MS;
    const THINGS: usize = COINS_MAX + 1;
    const THING_BYTES: usize = {
        let (coin, round) = (Self::SCHEMA.bytes_of("Coin"), Self::SCHEMA.bytes_of("Round"));
        if coin > round { coin } else { round }
    };
    const MEMBER_BYTES: usize = Self::SCHEMA.bytes_of("Score");
    const HOLD_MS: u32 = HOLD_MS;
    const SAVE_BYTES: usize = keeping::SAVE_BYTES;
    /// A best and a result each.
    const SAVES_IN_FLIGHT: usize = if PLAYERS < 128 { 2 * PLAYERS } else { 256 };
    const ROOM_SAVE_BYTES: usize = keeping::state_bytes(PLAYERS);
    const SAVE_INTERVAL_MS: u32 = 1_000;
    const SCHEMA: GameSchema =
        GameSchema { links: &[&rush_to_client::SCHEMA], words: Vocabulary::REALM };

    fn configure(&mut self, key: &str, value: Setting<'_>) -> Result<(), SettingProblem> {
        match (key, value) {
            ("coins", Setting::Integer(coins @ 1..=16)) => self.coins_wanted = coins as u8,
            ("coins", _) => return Err("must be between 1 and 16"),
            ("round_s", Setting::Integer(seconds @ 1..=3_600)) => self.round_s = seconds as u16,
            ("round_s", _) => return Err("must be between 1 and 3600"),
            _ => return Err("is no setting: there are coins and round_s"),
        }
        Ok(())
    }

    /// There is a score for everybody who plays; others may look on, and so may whoever only wants that.
    fn admit(&mut self, _: &mut RoomContext<'_, '_>, who: &Who<'_>) -> Admission {
        if who.options != WATCH && self.players.has_place() {
            Admission::Player
        } else {
            Admission::Spectator
        }
    }

    fn spawn(&mut self, room: &mut RoomContext<'_, '_>, _: Uid) -> (Position, Direction) {
        let random = room.random_u32();
        let (x, y) = (coordinate(random as u16), coordinate((random >> 16) as u16));
        (Position { x, y, z: 0 }, Direction(0))
    }

    fn on_enter(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid) {
        self.players.enter(Player { uid, moved_at: room.now().stamp(), ..Player::NOBODY });
        if self.round == 0 {
            self.begin_round(room);
            self.show_round(room);
        }
        if let Some(player) = self.players.find(uid) {
            // It is a member.
            let _ = player.show(room);
        }
    }

    /// What it alone was told may have been lost with its connection.
    fn on_return(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid) {
        if let Some(player) = self.players.find(uid) {
            player.tell_best(room);
        }
    }

    fn on_leave(&mut self, _: &mut RoomContext<'_, '_>, uid: Uid, _: Left) {
        self.players.leave(uid);
    }

    /// Nobody leaves the field, and nobody is faster than anybody.
    fn on_move(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        from: MemberState,
        to: MemberState,
    ) -> MoveVerdict {
        let now = room.now();
        let Some(player) = self.players.find_mut(from.uid) else { return MoveVerdict::Refuse };
        if !player.may_go(now, distance(from.pos, to.pos)) {
            if player.refused >= CHEATS_MOST {
                let why = Refusal::new(CHEATING, "too fast, too often: come back in a minute");
                // Where the world keeps no bans, it is a kick.
                let _ = room.ban(from.uid, BAN_MS, &why);
            }
            return MoveVerdict::Refuse;
        }
        let pos = Position {
            x: to.pos.x.clamp(-FIELD, FIELD),
            y: to.pos.y.clamp(-FIELD, FIELD),
            ..to.pos
        };
        if pos == to.pos { MoveVerdict::Accept } else { MoveVerdict::Correct(pos, to.dir) }
    }

    fn on_tick(&mut self, room: &mut RoomContext<'_, '_>, tick: Tick) {
        self.players.find_seated(room.now(), |player| player.show(room).is_ok());
        self.left_ms = self.left_ms.saturating_sub(tick.elapsed_ms);
        match (self.is_running, self.left_ms) {
            (true, 0) => self.end_round(),
            (false, 0) => self.begin_round(room),
            (true, _) => self.pick_up(room),
            (false, _) => {}
        }
        self.show_round(room);
        for player in self.players.iter_mut().filter(|player| !player.is_away) {
            player.keep(room);
        }
    }

    fn on_loaded(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        key: &str,
        loaded: Result<Option<&[u8]>, StoreFailure>,
    ) {
        self.hear_loaded(room, key, loaded);
    }

    fn on_saved(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        key: &str,
        saved: Result<(), StoreFailure>,
    ) {
        self.hear_saved(room, key, saved);
    }

    /// A room in which no round has begun has nothing to keep.
    fn save_room(&self, out: &mut [u8]) -> usize {
        if self.round == 0 { 0 } else { self.write_state(out).unwrap_or(usize::MAX) }
    }

    fn restore_room(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        state: &[u8],
    ) -> Result<(), Unreadable> {
        let mut restored = self.clone();
        restored.read_state(state)?;
        *self = restored;
        for (id, pos) in self.coins().enumerate() {
            show(room, id as u16, &Coin { pos });
        }
        self.show_round(room);
        Ok(())
    }
}

/// Any number as a coordinate on the field, without the overflow of their product.
fn coordinate(random: u16) -> i32 {
    let across = i64::from(random) * i64::from(2 * FIELD) / (1 << u16::BITS);
    across as i32 - FIELD
}

/// The longer of both ways: a field is a square, and so is how far one gets.
fn distance(one: Position, other: Position) -> u32 {
    one.x.abs_diff(other.x).max(one.y.abs_diff(other.y))
}

fn is_near(one: Position, other: Position) -> bool {
    distance(one, other) <= REACH.unsigned_abs()
}
