//! `Visitors`: accounts for whoever opens the live page of a realm that wants accounts.
//!
//! Contract: a visitor's account outlives its server, so that a page that was open comes back as the
//! same user. When there are too many, one goes that has not logged in for a day, or within ten minutes at
//! all; else there is none for the newcomer, who is told when there may be. Whoever comes from a banned address,
//! by Main's list or Login's as it is now, gets none.
//!
//! Bounds: so many accounts as are configured; 32 at once and 2 a second in the long run, and of these 8 and
//! one in ten seconds for an address. As many addresses are remembered as have less than all of theirs.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use tinyrealm_core::protocol::Uid;

use crate::accounts::password::{HashMemory, Passwords, random_password};
use crate::accounts::throw_away::Credentials;
use crate::accounts::{self, AccountStore, Lease, NewAccount, Purpose, StoreError, UnixSeconds};
use crate::bans::{BanFile, Bans};
use crate::config::Config;
use crate::shares::{group_of, peer_address};

const KEPT_SECONDS: UnixSeconds = 24 * 60 * 60;
/// For an account that nobody has logged in with.
const UNUSED_SECONDS: UnixSeconds = 10 * 60;
/// Everybody's, and one address's.
const ALL: Pace = Pace { burst: 32, interval: Duration::from_millis(500) };
const ADDRESS: Pace = Pace { burst: 8, interval: Duration::from_secs(10) };

/// How many at once, and how often one more.
struct Pace {
    burst: u32,
    interval: Duration,
}

impl Pace {
    /// Until when one more keeps busy what is busy until then; or how long to wait for it.
    fn next(&self, busy_until: Option<Instant>, now: Instant) -> Result<Instant, Refusal> {
        let next = busy_until.map_or(now, |until| until.max(now)) + self.interval;
        let most = now + self.interval * self.burst;
        if next > most { Err(Refusal::Full { retry_after: next - most }) } else { Ok(next) }
    }
}

/// Why there is no account for a visitor.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Too many, or too fast.
    Full {
        /// Not before.
        retry_after: Duration,
    },
    /// The address is on a list of bans.
    Banned,
    /// The store says no.
    Store(anyhow::Error),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(anyhow::anyhow!("{error}"))
    }
}

impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        Self::Store(error)
    }
}

/// A list of bans, as it was when it was last looked at.
struct List {
    file: BanFile,
    bans: Bans,
}

impl List {
    fn new(file: BanFile) -> anyhow::Result<Self> {
        Ok(Self { bans: file.read()?, file })
    }

    fn turns_away(&mut self, client: IpAddr) -> bool {
        match self.file.read_if_changed() {
            None => {}
            Some(Ok(bans)) => self.bans = bans,
            Some(Err(error)) => tracing::warn!("{error:#}; the former one holds"),
        }
        self.bans.turns_away(Uid::NOBODY, peer_address(client))
    }
}

/// The visitors' accounts; see the [module](self).
pub(crate) struct Visitors {
    store: Box<dyn AccountStore>,
    /// Main's and Login's.
    lists: [List; 2],
    passwords: Passwords,
    memory: HashMemory,
    prefix: String,
    most: usize,
    lease: Lease,
    /// What they are called behind the prefix, the oldest first.
    kept: VecDeque<u64>,
    /// Until when the accounts that were made have used up what may be made.
    busy_until: Instant,
    /// The same for each address that has made some.
    busy: HashMap<[u8; 16], Instant>,
}

impl Visitors {
    /// At most `most` accounts whose ids begin with `prefix`, in the configured store.
    ///
    /// # Errors
    /// If the store or a list of bans can't be read.
    pub(crate) fn new(config: &Config, prefix: &str, most: u16) -> anyhow::Result<Self> {
        let settings = &config.login;
        let lists = [BanFile::of_main(config)?, BanFile::of_login(settings)?];
        let [of_main, of_login] = lists.map(List::new);
        let mut store = accounts::open(settings)?;
        let all = store.list().map_err(|error| anyhow::anyhow!("{error}"))?;
        let own = all.iter().filter(|account| account.purpose == Purpose::ThrowAway);
        let mut kept: Vec<u64> =
            own.filter_map(|account| account.id.strip_prefix(prefix)?.parse().ok()).collect();
        kept.sort_unstable();
        Ok(Self {
            store,
            lists: [of_main?, of_login?],
            passwords: Passwords::for_random_ones()?,
            memory: HashMemory::default(),
            prefix: prefix.to_owned(),
            most: most.into(),
            // Who has used it may come back as long as with a token.
            lease: Lease { unused_s: UNUSED_SECONDS as u32, used_s: settings.token_ttl_s },
            kept: kept.into(),
            busy_until: Instant::now(),
            busy: HashMap::new(),
        })
    }

    /// A new account.
    pub(super) fn make(&mut self, now: Instant, client: IpAddr) -> Result<Credentials, Refusal> {
        if self.lists.iter_mut().any(|list| list.turns_away(client)) {
            return Err(Refusal::Banned);
        }
        let key = group_of(client).first().0;
        self.busy.retain(|_, until| *until > now);
        let client_busy_until = ADDRESS.next(self.busy.get(&key).copied(), now)?;
        let busy_until = ALL.next(Some(self.busy_until), now)?;
        self.make_room()?;
        let number = self.kept.back().map_or(0, |newest| newest + 1);
        let (id, password) = (format!("{}{number}", self.prefix), random_password()?);
        let password_hash = self.passwords.hash(&mut self.memory, &password)?;
        let account = NewAccount { id: id.clone(), password_hash, lease: Some(self.lease) };
        self.store.create(&[account])?;
        self.kept.push_back(number);
        self.busy_until = busy_until;
        self.busy.insert(key, client_busy_until);
        Ok(Credentials { id, password })
    }

    /// Removes the account whose time is up first, if there are too many and it is.
    fn make_room(&mut self) -> Result<(), Refusal> {
        if self.kept.len() < self.most {
            return Ok(());
        }
        let prefix = &self.prefix;
        let ids = self.kept.iter().map(|number| format!("{prefix}{number}"));
        let mut first: Option<(UnixSeconds, usize, String)> = None;
        for (place, id) in ids.enumerate() {
            let until = self.store.find(&id)?.map_or(0, |account| match account.last_login_at {
                Some(used_at) => used_at + KEPT_SECONDS,
                None => account.created_at + UNUSED_SECONDS,
            });
            if first.as_ref().is_none_or(|(earliest, ..)| until < *earliest) {
                first = Some((until, place, id));
            }
        }
        let Some((until, place, id)) = first else {
            return Err(Refusal::Full { retry_after: Duration::from_secs(KEPT_SECONDS as u64) });
        };
        let now = accounts::now();
        if until >= now {
            return Err(Refusal::Full { retry_after: Duration::from_secs((until - now) as u64) });
        }
        self.kept.remove(place);
        match self.store.remove(&id) {
            // An operator was faster.
            Ok(()) | Err(StoreError::Unknown(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(host: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, host])
    }

    /// A realm in a folder: Login's data is there, and Main's in `main` within.
    fn config(name: &str) -> Config {
        let folder = std::env::temp_dir().join(format!("tinyrealm-{name}-{}", std::process::id()));
        // What an earlier process of that id has left.
        let _ = std::fs::remove_dir_all(&folder);
        let mut config = Config::default();
        config.main.data_folder = folder.join("main").to_string_lossy().into_owned();
        config.login.data_folder = folder.to_string_lossy().into_owned();
        config
    }

    #[test]
    fn so_many_and_no_more_and_they_are_remembered() {
        let config = config("visitors-many");
        let mut visitors = Visitors::new(&config, "web-", 2).unwrap();
        let now = Instant::now();
        assert_eq!(visitors.make(now, client(1)).unwrap().id, "web-0");
        assert_eq!(visitors.make(now, client(1)).unwrap().id, "web-1");
        assert!(matches!(visitors.make(now, client(1)), Err(Refusal::Full { .. })));
        drop(visitors);
        let mut again = Visitors::new(&config, "web-", 3).unwrap();
        assert_eq!(again.make(now, client(1)).unwrap().id, "web-2");
        assert!(matches!(again.make(now, client(1)), Err(Refusal::Full { .. })));
        // An account that an operator has removed leaves its place.
        again.store.remove("web-1").unwrap();
        assert_eq!(again.make(now, client(1)).unwrap().id, "web-3");
        std::fs::remove_dir_all(&config.login.data_folder).unwrap();
    }

    #[test]
    fn not_faster_than_so() {
        let config = config("visitors-fast");
        let mut visitors = Visitors::new(&config, "web-", 1_000).unwrap();
        let now = Instant::now();
        let refused = |made: Result<Credentials, Refusal>| match made {
            Err(Refusal::Full { retry_after }) => Some(retry_after),
            _ => None,
        };
        for _ in 0..ADDRESS.burst {
            visitors.make(now, client(1)).unwrap();
        }
        assert_eq!(refused(visitors.make(now, client(1))), Some(ADDRESS.interval));
        let later = now + ADDRESS.interval;
        assert!(
            visitors.make(later, client(1)).is_ok() && visitors.make(later, client(1)).is_err()
        );
        let later = later + ALL.interval * ALL.burst;
        for number in 0..ALL.burst {
            visitors.make(later, client(number as u8 + 10)).unwrap();
        }
        assert_eq!(refused(visitors.make(later, client(99))), Some(ALL.interval));
        assert!(visitors.make(later + ALL.interval, client(99)).is_ok());
        std::fs::remove_dir_all(&config.login.data_folder).unwrap();
    }
    #[test]
    fn a_banned_address_gets_none_by_either_list_until_its_ban_ends() {
        let config = config("visitors-banned");
        let lists = [BanFile::of_main(&config), BanFile::of_login(&config.login)];
        let of_main = &config.main.data_folder;
        let mut visitors = Visitors::new(&config, "web-", 1_000).unwrap();
        let now = Instant::now();
        let home = |host: u16| IpAddr::from([0x2001, 0xdb8, 1, 2, 0, 0, 0, host]);
        assert!(visitors.make(now, client(1)).is_ok() && visitors.make(now, home(1)).is_ok());
        for list in lists.map(Result::unwrap) {
            for who in ["192.0.2.1", "2001:db8:1:2::9"] {
                list.change(|bans| bans.add(who.parse().unwrap(), None, "")).unwrap();
            }
            for banned in [client(1), home(1), home(2)] {
                assert!(matches!(visitors.make(now, banned), Err(Refusal::Banned)), "{banned}");
            }
            let mapped = std::net::Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped();
            assert!(matches!(visitors.make(now, mapped.into()), Err(Refusal::Banned)));
            assert!(visitors.make(now, client(2)).is_ok());
            list.change(|bans| {
                for who in ["192.0.2.1", "2001:db8:1:2::"] {
                    assert!(bans.remove(who.parse().unwrap()));
                }
                Ok(())
            })
            .unwrap();
            assert!(visitors.make(now, client(1)).is_ok() && visitors.make(now, home(2)).is_ok());
        }
        // A list that can't be read is no reason to begin, and leaves the former one to whoever has begun.
        let file = std::path::Path::new(of_main).join("bans.toml");
        std::fs::write(file, "nonsense").unwrap();
        assert!(visitors.make(now, client(1)).is_ok());
        assert!(Visitors::new(&config, "web-", 1_000).is_err());
        std::fs::remove_dir_all(&config.login.data_folder).unwrap();
    }
}
