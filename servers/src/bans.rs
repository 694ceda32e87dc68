//! Bans: users and addresses that a Main and a Login turn away.
//!
//! Purpose: `tinyrealm ban` writes the list, a Main reads it whenever it has changed, and lets go whoever
//! is on it; a Login reads it, too, and gives them no token. It is a file in the server's data folder, so it works while they run and while they do not, for
//! guests and for accounts alike. (An account is better disabled: that ends it for every Main.)
//!
//! Contract: a ban has an end, or none. What has ended turns nobody away, and goes at the next change.
//! A list that can't be read leaves the last one that could.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use tinyrealm_core::protocol::Uid;
use tinyrealm_core::session::PeerAddress;

use crate::accounts::{UnixSeconds, now};
use crate::config::login::LoginSettings;
use crate::config::{Auth, Config, MainSettings};
use crate::secret;

const FILE_NAME: &str = "bans.toml";
/// More than this is a matter for a firewall.
const BANS_MAX: usize = 10_000;
/// Of those, games have half: an operator finds a place.
const GAME_BANS_MAX: usize = BANS_MAX / 2;

/// For changes of one process at once: neither is lost.
static CHANGE: Mutex<()> = Mutex::new(());

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

/// The bans of these lists that hold now, each once.
///
/// # Errors
/// If one can't be read.
pub(crate) fn in_force(files: &[BanFile]) -> anyhow::Result<Vec<Ban>> {
    let lists: Vec<Bans> = files.iter().map(BanFile::read).collect::<anyhow::Result<_>>()?;
    let mut all: Vec<Ban> = lists.iter().flat_map(Bans::in_force).cloned().collect();
    all.sort_by_key(|ban| ban.who.to_string());
    all.dedup();
    Ok(all)
}

/// The file with the list, and when it was last looked at.
pub(crate) struct BanFile {
    path: PathBuf,
    seen: Option<(SystemTime, u64)>,
}

impl BanFile {
    /// In Main's data folder.
    ///
    /// # Errors
    /// If none is configured and the user has none.
    pub(crate) fn of_main(settings: &MainSettings) -> anyhow::Result<Self> {
        Self::within(&settings.data_folder).context("the list of bans: set main.data_folder")
    }

    /// In Login's data folder.
    ///
    /// # Errors
    /// If none is configured and the user has none.
    pub(crate) fn of_login(settings: &LoginSettings) -> anyhow::Result<Self> {
        Self::within(&settings.data_folder).context("the list of bans: set login.data_folder")
    }

    /// Those of the servers that this configuration speaks of: often they are one.
    ///
    /// # Errors
    /// If a server has no folder, and the user has none.
    pub(crate) fn all(config: &Config) -> anyhow::Result<Vec<Self>> {
        let mut all = vec![Self::of_main(&config.main)?];
        let has_login = config.main.auth == Auth::Login || !config.login.data_folder.is_empty();
        if has_login {
            let of_login = Self::of_login(&config.login)?;
            all.extend((of_login.path != all[0].path).then_some(of_login));
        }
        Ok(all)
    }

    fn within(configured: &str) -> anyhow::Result<Self> {
        let folder = secret::data_folder(configured)?;
        Ok(Self { path: folder.join(FILE_NAME), seen: None })
    }

    /// What it says; nobody, if it is not there.
    ///
    /// # Errors
    /// If it can't be read.
    pub(crate) fn read(&self) -> anyhow::Result<Bans> {
        let what = || format!("the list of bans {}", self.path.display());
        let text = match std::fs::read_to_string(&self.path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Bans::default());
            }
            read => read.with_context(what)?,
        };
        let read = toml::from_str(&text);
        read.map_err(|error: toml::de::Error| anyhow::anyhow!("{}", error.message()))
            .with_context(what)
    }

    /// The same file, for somebody else to change.
    pub(crate) fn again(&self) -> Self {
        Self { path: self.path.clone(), seen: None }
    }

    /// What it says, if it is another file than at the last look.
    pub(crate) fn read_if_changed(&mut self) -> Option<anyhow::Result<Bans>> {
        let metadata = std::fs::metadata(&self.path).ok();
        let seen = metadata.and_then(|found| Some((found.modified().ok()?, found.len())));
        let is_new = seen != self.seen;
        self.seen = seen;
        is_new.then(|| self.read())
    }

    /// Changes the list, as a whole.
    ///
    /// # Errors
    /// If it can't be read or written, or the change can't be made.
    pub(crate) fn change(
        &self,
        change: impl FnOnce(&mut Bans) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let _change = CHANGE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bans = self.read()?;
        change(&mut bans)?;
        self.write(&bans).with_context(|| format!("can't write {}", self.path.display()))
    }

    fn write(&self, bans: &Bans) -> anyhow::Result<()> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let aside = self.path.with_extension(format!("new-{}", std::process::id()));
        std::fs::write(&aside, toml::to_string(bans)?)?;
        Ok(std::fs::rename(aside, &self.path)?)
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
    fn a_list_is_read_when_it_has_changed() {
        let path = std::env::temp_dir().join(format!("tinyrealm-bans-{}.toml", std::process::id()));
        let mut list = BanFile { path: path.clone(), seen: None };
        assert!(list.read_if_changed().is_none(), "there is none");
        list.change(|bans| bans.add(who("7"), Some(1 << 40), "")).unwrap();
        list.change(|bans| bans.add(who("192.0.2.1"), None, "")).unwrap();
        let read = list.read_if_changed().unwrap().unwrap();
        assert_eq!(read.ban.len(), 2);
        assert!(list.read_if_changed().is_none());
        std::fs::write(&path, "nonsense").unwrap();
        assert!(list.read_if_changed().unwrap().is_err());
        std::fs::remove_file(&path).unwrap();
        assert_eq!(list.read_if_changed().unwrap().unwrap(), Bans::default());
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
