//! `Visitors`: accounts for whoever opens the live page of a realm that wants accounts.
//!
//! Contract: a visitor's account outlives its server, so that a page that was open comes back as the
//! same user. When there are too many, the one that has not logged in for longest goes, if that is
//! longer than a day; else there is none for the newcomer.
//!
//! Bounds: so many accounts as are configured; 32 at once and 2 a second in the long run.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::accounts::password::{HashMemory, Passwords, random_password};
use crate::accounts::throw_away::Credentials;
use crate::accounts::{self, AccountStore, Lease, NewAccount, Purpose, StoreError, UnixSeconds};
use crate::config::LoginSettings;

const KEPT_SECONDS: UnixSeconds = 24 * 60 * 60;
const BURST: u32 = 32;
const INTERVAL: Duration = Duration::from_millis(500);

/// Why there is no account for a visitor.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Too many, or too fast.
    Full,
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

/// The visitors' accounts; see the [module](self).
pub(crate) struct Visitors {
    store: Box<dyn AccountStore>,
    passwords: Passwords,
    memory: HashMemory,
    prefix: String,
    most: usize,
    lease: Lease,
    /// What they are called behind the prefix, the oldest first.
    kept: VecDeque<u64>,
    /// Until when the accounts that were made have used up what may be made.
    busy_until: Instant,
}

impl Visitors {
    /// At most `most` accounts whose ids begin with `prefix`, in the configured store.
    ///
    /// # Errors
    /// If the store can't be read.
    pub(crate) fn new(settings: &LoginSettings, prefix: &str, most: u16) -> anyhow::Result<Self> {
        let mut store = accounts::open(settings)?;
        let all = store.list().map_err(|error| anyhow::anyhow!("{error}"))?;
        let own = all.iter().filter(|account| account.purpose == Purpose::ThrowAway);
        let mut kept: Vec<u64> =
            own.filter_map(|account| account.id.strip_prefix(prefix)?.parse().ok()).collect();
        kept.sort_unstable();
        Ok(Self {
            store,
            passwords: Passwords::for_random_ones()?,
            memory: HashMemory::default(),
            prefix: prefix.to_owned(),
            most: most.into(),
            // As long as one may come back with a token.
            lease: Lease { unused_s: KEPT_SECONDS as u32, used_s: settings.token_ttl_s },
            kept: kept.into(),
            busy_until: Instant::now(),
        })
    }

    /// A new account.
    pub(super) fn make(&mut self, now: Instant) -> Result<Credentials, Refusal> {
        let busy_until = self.busy_until.max(now) + INTERVAL;
        if busy_until > now + INTERVAL * BURST {
            return Err(Refusal::Full);
        }
        self.make_room()?;
        let number = self.kept.back().map_or(0, |newest| newest + 1);
        let (id, password) = (format!("{}{number}", self.prefix), random_password()?);
        let password_hash = self.passwords.hash(&mut self.memory, &password)?;
        let account = NewAccount { id: id.clone(), password_hash, lease: Some(self.lease) };
        self.store.create(&[account])?;
        self.kept.push_back(number);
        self.busy_until = busy_until;
        Ok(Credentials { id, password })
    }

    /// Removes the account that nobody has used for longest, if there are too many.
    fn make_room(&mut self) -> Result<(), Refusal> {
        if self.kept.len() < self.most {
            return Ok(());
        }
        let prefix = &self.prefix;
        let ids = self.kept.iter().map(|number| format!("{prefix}{number}"));
        let mut stalest: Option<(UnixSeconds, usize, String)> = None;
        for (place, id) in ids.enumerate() {
            let account = self.store.find(&id)?;
            let used =
                account.map_or(0, |account| account.last_login_at.unwrap_or(account.created_at));
            if stalest.as_ref().is_none_or(|(stale, ..)| used < *stale) {
                stalest = Some((used, place, id));
            }
        }
        match stalest {
            Some((used, place, id)) if used + KEPT_SECONDS < accounts::now() => {
                self.kept.remove(place);
                match self.store.remove(&id) {
                    // An operator was faster.
                    Ok(()) | Err(StoreError::Unknown(_)) => Ok(()),
                    Err(error) => Err(error.into()),
                }
            }
            _ => Err(Refusal::Full),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(name: &str) -> LoginSettings {
        let folder = std::env::temp_dir().join(format!("tinyrealm-{name}-{}", std::process::id()));
        // What an earlier process of that id has left.
        let _ = std::fs::remove_dir_all(&folder);
        LoginSettings { data_folder: folder.to_string_lossy().into_owned(), ..Default::default() }
    }

    #[test]
    fn so_many_and_no_more_and_they_are_remembered() {
        let settings = settings("visitors-many");
        let mut visitors = Visitors::new(&settings, "web-", 2).unwrap();
        let now = Instant::now();
        assert_eq!(visitors.make(now).unwrap().id, "web-0");
        assert_eq!(visitors.make(now).unwrap().id, "web-1");
        assert!(matches!(visitors.make(now), Err(Refusal::Full)));
        drop(visitors);
        let mut again = Visitors::new(&settings, "web-", 3).unwrap();
        assert_eq!(again.make(now).unwrap().id, "web-2");
        assert!(matches!(again.make(now), Err(Refusal::Full)));
        // An account that an operator has removed leaves its place.
        again.store.remove("web-1").unwrap();
        assert_eq!(again.make(now).unwrap().id, "web-3");
        std::fs::remove_dir_all(&settings.data_folder).unwrap();
    }

    #[test]
    fn not_faster_than_so() {
        let settings = settings("visitors-fast");
        let mut visitors = Visitors::new(&settings, "web-", 1_000).unwrap();
        let now = Instant::now();
        for _ in 0..BURST {
            visitors.make(now).unwrap();
        }
        assert!(matches!(visitors.make(now), Err(Refusal::Full)));
        assert!(visitors.make(now + INTERVAL).is_ok());
        assert!(matches!(visitors.make(now + INTERVAL), Err(Refusal::Full)));
        std::fs::remove_dir_all(&settings.data_folder).unwrap();
    }
}
