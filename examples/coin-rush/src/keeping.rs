//! What outlasts a round: everybody's best one, every round's results, and the room itself.
//!
//! A best is kept under its player's uid, so it is the same in every room. What the store does not take now is
//! asked again with a later tick; of what has failed, when the round ends.

use tinyrealm_core::node::world::{RoomContext, SaveError, StoreFailure, Unreadable};
use tinyrealm_core::protocol::{Position, Uid};

use super::messages::rush_to_client::{Best, Outcome};
use super::players::{Keeping, Player};
use super::{COINS_MAX, CoinRush};

/// A value, and a record: three numbers.
pub(super) const SAVE_BYTES: usize = 16;
/// The round, whether it runs, what is left of it, the coins, and how many players there are.
const HEAD_BYTES: usize = 2 + 1 + 4 + COINS_MAX * 8 + 2;
const PLAYER_BYTES: usize = 8 + 2;

/// Bytes of a room's state.
pub(super) const fn state_bytes(players: usize) -> usize {
    HEAD_BYTES + players * PLAYER_BYTES
}

const PREFIX: &str = "best/";
const DIGITS: usize = 16;

/// The key of a player's best: in hex.
pub(super) struct Key([u8; PREFIX.len() + DIGITS]);

impl Key {
    pub(super) fn of(uid: Uid) -> Self {
        let mut key = *b"best/0000000000000000";
        let digits = key.iter_mut().rev().take(DIGITS);
        for (place, digit) in digits.enumerate() {
            let value = (uid.0 >> (4 * place)) as u8 & 15;
            *digit = if value < 10 { b'0' + value } else { b'a' + value - 10 };
        }
        Self(key)
    }

    pub(super) fn text(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Whose best is under this key.
pub(super) fn uid_of(key: &str) -> Option<Uid> {
    u64::from_str_radix(key.strip_prefix(PREFIX)?, 16).ok().map(Uid)
}

impl Player {
    /// Its round is over.
    pub(super) fn end_round(&mut self, round: u16) {
        (self.ended_round, self.ended_points) = (round, self.points);
        self.best = self.best.max(self.points);
        if self.keeping == Keeping::Failed {
            self.keeping = Keeping::Unknown;
        }
    }

    /// Asks the store for what is missing.
    pub(super) fn keep(&mut self, room: &mut RoomContext<'_, '_>) {
        self.record(room);
        let key = Key::of(self.uid);
        let (asked, next) = match self.keeping {
            Keeping::Unknown => (room.load(key.text()), Keeping::Loading),
            Keeping::Kept(kept) if kept < self.best => {
                (room.save(key.text(), &self.best.to_le_bytes()), Keeping::Saving(self.best))
            }
            _ => return,
        };
        self.keeping = match asked {
            Ok(()) => next,
            Err(SaveError::Full) => self.keeping,
            Err(_) => Keeping::Failed,
        };
    }

    fn record(&mut self, room: &mut RoomContext<'_, '_>) {
        if self.ended_points == 0 {
            return;
        }
        let outcome = Outcome { round: self.ended_round, uid: self.uid, points: self.ended_points };
        if room.record(&outcome) != Err(SaveError::Full) {
            self.ended_points = 0;
        }
    }

    /// The store has this.
    fn is_kept(&mut self, room: &mut RoomContext<'_, '_>, points: u16) {
        self.keeping = Keeping::Kept(points);
        self.best = self.best.max(points);
        self.tell_best(room);
    }

    /// Tells it what is kept, if that is known.
    pub(super) fn tell_best(&self, room: &mut RoomContext<'_, '_>) {
        if let Keeping::Kept(points) = self.keeping {
            // Whose queue is full is on its way out, or hears the next one.
            let _ = room.tell(self.uid, &Best { points });
        }
    }
}

impl<const PLAYERS: usize> CoinRush<PLAYERS> {
    pub(super) fn hear_loaded(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        key: &str,
        loaded: Result<Option<&[u8]>, StoreFailure>,
    ) {
        let player = uid_of(key).and_then(|uid| self.players.find_mut(uid));
        let Some(player) = player.filter(|player| player.keeping == Keeping::Loading) else {
            return;
        };
        let Ok(value) = loaded else {
            player.keeping = Keeping::Failed;
            return;
        };
        let kept = value.and_then(|value| Some(u16::from_le_bytes(*value.first_chunk()?)));
        player.is_kept(room, kept.unwrap_or(0));
    }

    pub(super) fn hear_saved(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        key: &str,
        saved: Result<(), StoreFailure>,
    ) {
        let player = uid_of(key).and_then(|uid| self.players.find_mut(uid));
        let Some(player) = player else { return };
        let Keeping::Saving(best) = player.keeping else { return };
        match saved {
            Ok(()) => player.is_kept(room, best),
            Err(_) => player.keeping = Keeping::Failed,
        }
    }

    /// Writes the room down; `None` if it does not fit.
    pub(super) fn write_state(&self, out: &mut [u8]) -> Option<usize> {
        let mut writer = Writer { out, written: 0 };
        writer.put(self.round.to_le_bytes())?;
        writer.put([self.is_running.into()])?;
        writer.put(self.left_ms.to_le_bytes())?;
        for coin in self.coins {
            writer.put(coin.x.to_le_bytes())?;
            writer.put(coin.y.to_le_bytes())?;
        }
        writer.put((self.players.iter().count() as u16).to_le_bytes())?;
        for player in self.players.iter() {
            writer.put(player.uid.0.to_le_bytes())?;
            writer.put(player.points.to_le_bytes())?;
        }
        Some(writer.written)
    }

    /// Goes on with what was written down: everybody's points wait for them until the round ends.
    pub(super) fn read_state(&mut self, state: &[u8]) -> Result<(), Unreadable> {
        let mut reader = Reader(state);
        self.round = u16::from_le_bytes(reader.take()?);
        self.is_running = reader.take::<1>()? != [0];
        self.left_ms = u32::from_le_bytes(reader.take()?);
        for coin in &mut self.coins {
            let (x, y) = (reader.take()?, reader.take()?);
            *coin = Position { x: i32::from_le_bytes(x), y: i32::from_le_bytes(y), z: 0 };
        }
        for _ in 0..u16::from_le_bytes(reader.take()?) {
            let (uid, points) = (reader.take()?, u16::from_le_bytes(reader.take()?));
            let uid = Uid(u64::from_le_bytes(uid));
            self.players.enter(Player { uid, points, is_away: true, ..Player::NOBODY });
        }
        Ok(())
    }
}

struct Writer<'o> {
    out: &'o mut [u8],
    written: usize,
}

impl Writer<'_> {
    fn put<const BYTES: usize>(&mut self, bytes: [u8; BYTES]) -> Option<()> {
        *self.out.get_mut(self.written..)?.first_chunk_mut()? = bytes;
        self.written += BYTES;
        Some(())
    }
}

struct Reader<'s>(&'s [u8]);

impl Reader<'_> {
    fn take<const BYTES: usize>(&mut self) -> Result<[u8; BYTES], Unreadable> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(Unreadable)?;
        self.0 = rest;
        Ok(*bytes)
    }
}
