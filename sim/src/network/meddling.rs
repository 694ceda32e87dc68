//! Somebody on the way of a sealed link, between servers or of a player: changes, repeats, swaps and drops bytes of what one of them says.
//!
//! Contract: it strikes once in a stream, at a write in which the difference shows. Where that is, the stream knows
//! ([`Network::unspoiled`]), so that the reader's host can see that nothing behind it is taken.

use tinyrealm_core::protocol::dialer_to_listener::SecureHello;
use tinyrealm_core::secure::MESSAGE_BYTES;
use tinyrealm_testing::Random;

use super::{Network, Sealing};
use crate::ids::{ConnectionId, Role, Side};
use crate::timeline::Timeline;

/// What is done to a few bytes of a write.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Meddling {
    /// One is another one.
    Change,
    /// They come twice.
    Repeat,
    /// They come behind the next ones.
    Swap,
    /// They don't come.
    Drop,
}

/// A first frame that is longer was made with two keys: what is only about the former may change. What is before that both
/// are about: the numbers, and the start with the newest key.
const ONE_KEY_BYTES: usize = 80;
const ABOUT_BOTH_BYTES: usize = 12 + MESSAGE_BYTES;
/// Bytes that are repeated, swapped or dropped at once, mostly.
const FEW_BYTES: u64 = 40;

impl Meddling {
    pub(crate) fn any(random: &mut Random) -> Self {
        let all = [Self::Change, Self::Repeat, Self::Swap, Self::Drop];
        random.pick(&all).unwrap_or(Self::Change)
    }

    /// What becomes of `said`, of which only the first `most` bytes are touched.
    fn of(self, said: &[u8], most: usize, random: &mut Random) -> Vec<u8> {
        let from = random.below(most as u64) as usize;
        let left = (most - from) as u64;
        let count = 1 + random.below(left.min(FEW_BYTES)) as usize;
        let (before, rest) = said.split_at(from);
        let (few, behind) = rest.split_at(count);
        match self {
            Self::Change => {
                let other = few[0] ^ random.within((1, 255)) as u8;
                [before, &[other], &rest[1..]].concat()
            }
            Self::Repeat => [before, few, few, behind].concat(),
            Self::Swap => {
                let (next, behind) = behind.split_at(count.min(behind.len()));
                [before, next, few, behind].concat()
            }
            Self::Drop => [before, behind].concat(),
        }
    }
}

/// Whose links somebody is on the way of.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Links {
    /// Those between servers.
    Servers,
    /// Those of players, if they are streams that are sealed from their first frame on.
    Players,
}

/// How many bytes behind the first `before` are not about one of two keys alone.
fn about_both(opening: &[u8], before: u64) -> usize {
    let length = opening.first_chunk().copied().map_or(0, u16::from_le_bytes);
    let (first_bytes, before) = (2 + usize::from(length), before as usize);
    let is_of_two_keys = opening.get(2..6) == Some(&SecureHello::OPCODE.0.to_le_bytes()[..])
        && first_bytes > ONE_KEY_BYTES
        && before < first_bytes;
    if is_of_two_keys { ABOUT_BOTH_BYTES.saturating_sub(before) } else { usize::MAX }
}

impl Network {
    /// Somebody is on the way of this connection from now on.
    pub(crate) fn meddle(&mut self, id: ConnectionId, side: Side, meddling: Meddling) {
        self.connection_mut(id).written_by_mut(side).meddling = Some(meddling);
    }

    /// Or on that of the next one of these.
    pub(crate) const fn meddle_with_next(&mut self, links: Links, side: Side, meddling: Meddling) {
        self.next_meddling = Some((links, side, meddling));
    }

    /// Whether a connection is one of these.
    pub(crate) fn is_of(&self, links: Links, id: ConnectionId) -> bool {
        let (dialer, acceptor) = (self.dialer(id), self.acceptor(id));
        match links {
            Links::Servers => !dialer.is_visitor(),
            Links::Players => {
                let place = self.places.get(usize::from(dialer.0));
                let sealing = place.map_or(Sealing::Nothing, |place| place.sealing);
                match acceptor.role() {
                    Role::World(_) => sealing != Sealing::Nothing,
                    Role::Main(_) => sealing == Sealing::Everything,
                    _ => false,
                }
            }
        }
    }

    /// A connection has begun.
    pub(super) fn meddle_from_the_start(&mut self, id: ConnectionId) {
        if let Some((links, side, meddling)) = self.next_meddling
            && self.is_of(links, id)
        {
            self.next_meddling = None;
            self.meddle(id, side, meddling);
        }
    }

    /// The newest `bytes` of what `side` has written pass by whoever is on the way; answers how many go on.
    pub(super) fn pass_by(
        &mut self,
        timeline: &mut Timeline,
        (id, side): (ConnectionId, Side),
        bytes: usize,
    ) -> usize {
        let is_player_s = self.dialer(id).is_visitor();
        let stream = self.connection_mut(id).written_by_mut(side);
        let Some(meddling) = stream.meddling.filter(|_| bytes > 0) else { return bytes };
        let most = about_both(stream.opening(), stream.written() - bytes as u64).min(bytes);
        if most == 0 {
            return bytes;
        }
        let said = stream.newest_mut(bytes).to_vec();
        let spoiled = meddling.of(&said, most, &mut timeline.random);
        let same = said.iter().zip(&spoiled).take_while(|(one, other)| one == other).count();
        if same == spoiled.len() || (most < bytes && same >= most) {
            // Nothing shows before something else is said.
            return bytes;
        }
        stream.spoil(bytes, same, &spoiled);
        let counters = &mut timeline.counters;
        let spoiled_links = match is_player_s {
            true => &mut counters.spoiled_players,
            false => &mut counters.spoiled,
        };
        *spoiled_links += 1;
        spoiled.len()
    }

    /// How much of what `side` has not read is as it was said; none of a stream of which all is.
    pub(crate) fn unspoiled(&self, id: ConnectionId, side: Side) -> Option<usize> {
        self.connection(id).read_by(side).unspoiled()
    }

    /// Whether somebody was on the way of a connection, in either direction.
    pub(crate) fn is_spoiled(&self, id: ConnectionId) -> bool {
        let sides = [Side::Dialer, Side::Acceptor];
        sides.iter().any(|side| self.unspoiled(id, *side).is_some())
    }
}
