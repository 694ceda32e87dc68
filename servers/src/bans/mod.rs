//! Bans: users and addresses that a Main and a Login turn away.
//!
//! Purpose: `tinyrealm ban` writes the list, a Main reads it whenever it has changed, and lets go whoever
//! is on it; a Login reads it, too, and gives them no token. It is a [file](BanFile) in the server's data folder, so it works while they run and while they do not, for
//! guests and for accounts alike. In a realm with a database the list is there, and reaches all servers that know of it: their files are
//! copies of it. (An account is better disabled: that ends it for every Main.)
//!
//! Contract: a ban has an end, or none. What has ended turns nobody away, and goes at the next change.
//! A list that can't be read leaves the last one that could.

mod file;
#[cfg(feature = "cluster")]
mod of_realm;
mod replacing;

use std::net::IpAddr;

use anyhow::bail;
use serde::{Deserialize, Serialize};
use tinyrealm_core::protocol::Uid;
use tinyrealm_core::session::PeerAddress;

use crate::accounts::{UnixSeconds, now};

#[cfg(feature = "cluster")]
pub(crate) use file::import;
pub(crate) use file::{BanFile, in_force};

/// More than this is a matter for a firewall.
const BANS_MAX: usize = 10_000;
/// Of those, games have half: an operator finds a place.
const GAME_BANS_MAX: usize = BANS_MAX / 2;

/// Whom a ban is about.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Who {
    /// A user.
    Uid(u64),
    /// An IPv4 address, or the /64 of an IPv6 address.
    Address(IpAddr),
}

impl Who {
    /// An address as bans have it: of an IPv6 address what one household has.
    pub(crate) fn of_address(address: IpAddr) -> Self {
        Self::Address(counted(address))
    }
}

impl std::str::FromStr for Who {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let uid = || text.parse().ok().filter(|uid| *uid > 0).map(Self::Uid);
        let address = || text.parse().ok().map(Self::of_address);
        uid().or_else(address).ok_or_else(|| "expected a uid or an IP address".to_owned())
    }
}

impl std::fmt::Display for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Uid(uid) => write!(f, "uid {uid}"),
            Self::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(f, "{address}/64"),
        }
    }
}

/// One line of the list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ban {
    pub(crate) who: Who,
    /// Until when; for ever, if it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<UnixSeconds>,
    /// A game has asked for it, and not an operator.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) by_game: bool,
    /// Why, as the operator has said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) reason: String,
}

impl Ban {
    fn holds_at(&self, now: UnixSeconds) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}

/// The list; see the [module](self).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Bans {
    ban: Vec<Ban>,
}

impl Bans {
    /// Those that hold now.
    pub(crate) fn in_force(&self) -> impl Iterator<Item = &Ban> {
        let now = now();
        self.ban.iter().filter(move |ban| ban.holds_at(now))
    }

    /// Whether this user, or whoever comes from there, is turned away.
    pub(crate) fn turns_away(&self, uid: Uid, from: PeerAddress) -> bool {
        if self.ban.is_empty() {
            return false;
        }
        let address = counted(std::net::Ipv6Addr::from(from.0).into());
        self.in_force().any(|ban| match ban.who {
            Who::Uid(banned) => banned == uid.0,
            Who::Address(banned) => banned == address,
        })
    }

    /// Adds a ban, or gives one another end and reason.
    ///
    /// # Errors
    /// If there are too many.
    pub(crate) fn add(
        &mut self,
        who: Who,
        until: Option<UnixSeconds>,
        reason: &str,
    ) -> anyhow::Result<()> {
        let now = now();
        self.ban.retain(|ban| ban.who != who && ban.holds_at(now));
        if self.ban.len() >= BANS_MAX {
            bail!("there are {BANS_MAX} bans already: more are a matter for a firewall");
        }
        self.ban.push(Ban { who, until, by_game: false, reason: reason.to_owned() });
        Ok(())
    }

    /// Adds a game's ban of a user. One that lasts longer stands; of too many, the one that ends first goes.
    pub(crate) fn add_of_game(&mut self, uid: Uid, until: UnixSeconds) {
        let (now, who) = (now(), Who::Uid(uid.0));
        let lasts = |ban: &Ban| ban.who == who && ban.until.is_none_or(|end| end >= until);
        self.ban.retain(|ban| ban.holds_at(now));
        if self.ban.iter().any(lasts) {
            return;
        }
        self.ban.retain(|ban| ban.who != who);
        let of_games = self.ban.iter().enumerate().filter(|(_, ban)| ban.by_game);
        if of_games.clone().count() >= GAME_BANS_MAX || self.ban.len() >= BANS_MAX {
            let Some((first, _)) = of_games.min_by_key(|(_, ban)| ban.until) else { return };
            self.ban.swap_remove(first);
        }
        let reason = String::new();
        self.ban.push(Ban { who, until: Some(until), by_game: true, reason });
    }

    /// Adds one of another list, in place of what there is about the same.
    #[cfg(feature = "cluster")]
    fn bring(&mut self, ban: &Ban) -> anyhow::Result<()> {
        self.add(ban.who, ban.until, &ban.reason)?;
        if let Some(added) = self.ban.last_mut() {
            added.by_game = ban.by_game;
        }
        Ok(())
    }

    /// Takes a ban away; `false` if there was none.
    pub(crate) fn remove(&mut self, who: Who) -> bool {
        let before = self.ban.len();
        self.ban.retain(|ban| ban.who != who);
        self.ban.len() < before
    }
}

/// An IPv4 address as such, and of an IPv6 address what one household has.
fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

/// Seconds of `90s`, `15m`, `12h` or `7d`.
pub(crate) fn parse_duration(text: &str) -> Result<UnixSeconds, String> {
    let seconds = || {
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let unit = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 60 * 60,
            "d" => 24 * 60 * 60,
            _ => return None,
        };
        number
            .parse::<u32>()
            .ok()
            .filter(|number| *number > 0)
            .map(|number| UnixSeconds::from(number) * unit)
    };
    seconds().ok_or_else(|| "expected a time like 90s, 15m, 12h or 7d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(text: &str) -> Who {
        text.parse().unwrap()
    }

    fn peer(text: &str) -> PeerAddress {
        let address = match text.parse().unwrap() {
            IpAddr::V4(address) => address.to_ipv6_mapped(),
            IpAddr::V6(address) => address,
        };
        PeerAddress(address.octets())
    }

    #[test]
    fn both_sides_of_a_ban() {
        let mut bans = Bans::default();
        for banned in ["7", "192.0.2.1", "2001:db8:1:2::9"] {
            bans.add(who(banned), None, "").unwrap();
        }
        let elsewhere = peer("192.0.2.2");
        assert!(bans.turns_away(Uid(7), elsewhere) && !bans.turns_away(Uid(8), elsewhere));
        assert!(bans.turns_away(Uid(8), peer("192.0.2.1")));
        assert!(bans.turns_away(Uid(8), peer("2001:db8:1:2:3:4:5:6")));
        assert!(!bans.turns_away(Uid(8), peer("2001:db8:1:3::9")));
        assert!(bans.remove(who("::ffff:192.0.2.1")) && !bans.remove(who("192.0.2.1")));
        assert!(!bans.turns_away(Uid(8), peer("192.0.2.1")));
    }

    #[test]
    fn both_sides_of_its_end() {
        let mut bans = Bans::default();
        bans.add(who("7"), Some(now() + 60), "").unwrap();
        assert!(bans.turns_away(Uid(7), PeerAddress::default()));
        bans.add(who("7"), Some(now()), "").unwrap();
        assert!(!bans.turns_away(Uid(7), PeerAddress::default()));
        bans.add(who("8"), None, "").unwrap();
        assert_eq!(bans.ban.len(), 1, "what has ended goes");
    }

    #[test]
    fn a_game_s_ban_shortens_nothing_and_leaves_an_operator_room() {
        let mut bans = Bans::default();
        bans.add(who("7"), Some(now() + 600), "").unwrap();
        bans.add_of_game(Uid(7), now() + 60);
        assert_eq!((bans.ban.len(), bans.ban[0].by_game), (1, false));
        bans.add_of_game(Uid(7), now() + 6_000);
        assert!(bans.ban[0].by_game && bans.ban.len() == 1);
        for uid in 0..=GAME_BANS_MAX as u64 {
            bans.add_of_game(Uid(100 + uid), now() + 1_000 + uid as UnixSeconds);
        }
        assert_eq!(bans.ban.len(), GAME_BANS_MAX);
        let elsewhere = PeerAddress::default();
        assert!(bans.turns_away(Uid(100 + GAME_BANS_MAX as u64), elsewhere));
        assert!(!bans.turns_away(Uid(100), elsewhere), "it would have ended first");
        assert!(bans.add(who("8"), None, "").is_ok());
    }

    #[test]
    fn both_sides_of_how_many() {
        let mut bans = Bans::default();
        for uid in 1..=BANS_MAX as u64 {
            bans.add(Who::Uid(uid), None, "").unwrap();
        }
        assert!(bans.add(Who::Uid(u64::MAX / 4), None, "").is_err());
        assert!(bans.add(Who::Uid(1), Some(now() + 5), "").is_ok(), "another end of an old one");
    }

    #[test]
    fn both_sides_of_a_time() {
        let read = ["90s", "15m", "12h", "7d"].map(|text| parse_duration(text).unwrap());
        assert_eq!(read, [90, 900, 43_200, 604_800]);
        for bad in ["", "s", "0s", "-1s", "7", "7 d", "7w", "99999999999d", "\u{fc}"] {
            assert!(parse_duration(bad).is_err(), "{bad:?}");
        }
    }
}
