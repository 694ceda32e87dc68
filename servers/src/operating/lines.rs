//! Lines: the users, rooms and channels of a node as whoever runs it reads them, piece by piece.

use std::net::{IpAddr, Ipv6Addr};

use serde::{Deserialize, Serialize};
use tinyrealm_core::session::PeerAddress;

use super::SLOTS_PER_QUESTION;

/// Which lines are looked for.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) enum Match {
    #[default]
    All,
    /// Those with this in one of their names, or with this number or address.
    Within(String),
    /// Those of exactly this name.
    Exactly(String),
}

impl Match {
    fn name(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Within(text) => {
                let mut parts = name.as_bytes().windows(text.len().max(1));
                text.is_empty() || parts.any(|part| part.eq_ignore_ascii_case(text.as_bytes()))
            }
            Self::Exactly(text) => name == text,
        }
    }

    fn number(&self, number: u64) -> bool {
        matches!(self, Self::Within(text) if text.parse() == Ok(number))
    }

    fn address(&self, address: Option<IpAddr>) -> bool {
        matches!(self, Self::Within(text) if text.parse().ok() == address && address.is_some())
    }
}

/// A question about lines.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Search {
    pub(crate) lines: Match,
    /// The slot to begin with.
    pub(crate) from: u16,
    /// How many lines that fit come before the first that is wanted.
    pub(crate) skip: usize,
    /// How many are wanted.
    pub(crate) take: usize,
}

/// What one question has found.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Piece {
    pub(crate) lines: Vec<serde_json::Value>,
    /// How many of the slots that it has looked at fit.
    pub(crate) matched: usize,
    /// Where to go on, if there is more.
    pub(crate) next: Option<u16>,
}

/// One of them.
pub(crate) trait Line: Serialize {
    /// Whether it is looked for.
    fn fits(&self, lines: &Match) -> bool;
}

impl Search {
    /// Looks at the slots from its first one on.
    pub(crate) fn among<L: Line>(&self, slots: usize, line: impl Fn(u16) -> Option<L>) -> Piece {
        let end = self.from.saturating_add(SLOTS_PER_QUESTION).min(slots as u16);
        let mut piece =
            Piece { next: (usize::from(end) < slots).then_some(end), ..Piece::default() };
        for found in (self.from..end).filter_map(line).filter(|line| line.fits(&self.lines)) {
            piece.matched += 1;
            if piece.matched > self.skip && piece.lines.len() < self.take {
                piece.lines.extend(serde_json::to_value(found).ok());
            }
        }
        piece
    }
}

/// A user.
#[derive(Debug, Serialize)]
pub(crate) struct UserLine<'n> {
    pub(crate) uid: u64,
    /// Empty for a guest.
    pub(crate) account: &'n str,
    pub(crate) nickname: &'n str,
    /// As addresses are counted: of an IPv6 address its network. Unknown of whoever has no connection here.
    pub(crate) address: Option<IpAddr>,
    pub(crate) world: Option<u16>,
    pub(crate) room: Option<&'n str>,
    pub(crate) state: &'static str,
}

impl Line for UserLine<'_> {
    fn fits(&self, lines: &Match) -> bool {
        let is_named = |name: &str| !name.is_empty() && lines.name(name);
        *lines == Match::All
            || is_named(self.account)
            || is_named(self.nickname)
            || lines.number(self.uid)
            || lines.address(self.address)
    }
}

/// A room.
#[derive(Debug, Serialize)]
pub(crate) struct RoomLine<'n> {
    pub(crate) world: Option<u16>,
    /// Its number, where its world says it.
    pub(crate) number: Option<u16>,
    pub(crate) name: &'n str,
    pub(crate) mode: &'n str,
    pub(crate) members: u16,
    pub(crate) capacity: u16,
}

impl Line for RoomLine<'_> {
    fn fits(&self, lines: &Match) -> bool {
        lines.name(self.name) || lines.name(self.mode)
    }
}

/// A channel.
#[derive(Debug, Serialize)]
pub(crate) struct ChannelLine<'n> {
    pub(crate) name: &'n str,
    pub(crate) members: u16,
}

impl Line for ChannelLine<'_> {
    fn fits(&self, lines: &Match) -> bool {
        lines.name(self.name)
    }
}

/// An address of the core's as one that is read.
pub(crate) fn shown(address: PeerAddress) -> IpAddr {
    IpAddr::from(Ipv6Addr::from(address.0)).to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channels(search: &Search, slots: usize) -> (Vec<String>, usize, Option<u16>) {
        let names: Vec<String> = (0..slots).map(|slot| format!("Room {slot}")).collect();
        let line = |slot| Some(ChannelLine { name: &names[usize::from(slot)], members: 1 });
        let piece = search.among(slots, line);
        let names = piece.lines.iter().map(|line| line["name"].as_str().unwrap().to_owned());
        (names.collect(), piece.matched, piece.next)
    }

    #[test]
    fn a_piece_says_what_fits_how_many_there_are_and_where_to_go_on() {
        let search = Search { skip: 1, take: 2, ..Search::default() };
        let two = vec!["Room 1".to_owned(), "Room 2".to_owned()];
        let most = usize::from(SLOTS_PER_QUESTION);
        assert_eq!(channels(&search, most), (two.clone(), most, None));
        assert_eq!(channels(&search, most + 1), (two, most, Some(SLOTS_PER_QUESTION)));
        let rest = Search { from: SLOTS_PER_QUESTION, take: 9, ..Search::default() };
        assert_eq!(channels(&rest, most + 1), (vec!["Room 1024".to_owned()], 1, None));
        assert_eq!(channels(&Search { skip: 5, take: 9, ..Search::default() }, 5).0.len(), 0);
        assert_eq!(channels(&Search { take: 9, ..Search::default() }, 0), (vec![], 0, None));
        let beyond = Search { from: u16::MAX, take: 9, ..Search::default() };
        assert_eq!(channels(&beyond, 5), (vec![], 0, None));
    }

    #[test]
    fn a_user_is_found_by_a_part_of_a_name_by_its_number_and_by_its_address() {
        let user = UserLine {
            uid: 77,
            account: "alice",
            nickname: "Queen",
            address: Some([192, 0, 2, 1].into()),
            world: None,
            room: None,
            state: "outside",
        };
        let within = |text: &str| user.fits(&Match::Within(text.to_owned()));
        for text in ["lic", "ALICE", "quee", "77", "192.0.2.1"] {
            assert!(within(text), "{text}");
        }
        for text in ["alices", "7", "192.0.2", "z"] {
            assert!(!within(text), "{text}");
        }
        let exactly = |text: &str| user.fits(&Match::Exactly(text.to_owned()));
        assert!(exactly("alice") && exactly("Queen") && !exactly("lic") && !exactly(""));
    }
}
