//! `Store`: the accounts and tokens as they are on Login's disk, and the work that Login hands out.
//!
//! Purpose: Login neither hashes nor stores ([`tinyrealm_core::node::login`]); here is who does. What
//! is stored outlives Login; work in progress does not, though what it was about to write may be
//! written all the same.
//!
//! Invariant: a token is welcomed no more often than this store has said that it is good.

use std::collections::{BTreeMap, HashMap};

use tinyrealm_core::node::device_key::DeviceKey;
use tinyrealm_core::node::login::{
    LoginOutcome, LoginWork, RevocationPage, RevocationWork, TokenHash, VerifyOutcome,
    VerifyQuestion, VerifyWork,
};
use tinyrealm_core::protocol::{KeyId, LoginDenial, Revision, SealKey, Token, Uid};

use crate::bounded::bounded;
use crate::broken::{Broken, ensure};
use crate::revocations::Revocations;
use crate::settings::Sabotage;
use tinyrealm_testing::Random;

/// How long a password takes to hash.
const HASHING_US: (u64, u64) = (5_000, 60_000);
/// How long a token, or a page of revocations, takes to look up.
const LOOKING_UP_US: (u64, u64) = (100, 5_000);
/// How many times as long a slow store takes.
const SLOWNESS: u64 = 25;
/// Lookups of tokens that were good before, until the one that is sabotaged.
const LOOKUPS_TO_SABOTAGE: u32 = 4;

/// What Login wants to know.
pub(crate) enum Work {
    Login(Box<LoginWork>),
    Verify(VerifyWork),
    Revocations(RevocationWork),
}

/// Work in progress, and which of Login's lives has handed it out.
struct Job {
    life: u32,
    work: Work,
}

struct Account {
    uid: Uid,
    password: String,
    /// The one before, if the run is there for that it still counts.
    former_password: Option<String>,
    /// The revision with which its password was set.
    generation: u64,
    is_enabled: bool,
}

/// What an operator does with one account.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// Its logins end.
    LogOut,
    /// It gets another password.
    SetPassword(String),
    /// It can't be used any more.
    Disable,
    /// It can be used again.
    Enable,
    /// It is removed, and another one is added with its name and its password.
    Replace,
    /// The key of its device is taken away.
    RemoveDeviceKey,
}

struct Issued {
    uid: Uid,
    expires_at_us: u64,
}

/// What is kept of a device's key.
struct Device {
    uid: Uid,
    key_id: KeyId,
    seal_key: SealKey,
    token: TokenHash,
}

/// How often a token was found good, and how often it was welcomed.
#[derive(Default)]
struct Uses {
    verified: u32,
    welcomed: u32,
}

impl Account {
    fn is_opened_by(&self, password: &str) -> bool {
        self.password == password || self.former_password.as_deref() == Some(password)
    }
}

/// Accounts and tokens; see the [module](self).
pub(crate) struct Store {
    token_ttl_us: u64,
    sabotage: Sabotage,
    until_sabotage: u32,
    accounts: BTreeMap<String, Account>,
    /// The last one that was given: none is given twice.
    last_uid: Uid,
    tokens: HashMap<[u8; 32], Issued>,
    devices: Vec<Device>,
    uses: HashMap<[u8; 32], Uses>,
    pub(crate) revocations: Revocations,
    jobs: Vec<Option<Job>>,
    pub(crate) slow_until_us: u64,
    pub(crate) failing_until_us: u64,
}

impl Store {
    pub(crate) fn new(token_ttl_us: u64, sabotage: Sabotage) -> Self {
        Self {
            token_ttl_us,
            sabotage,
            until_sabotage: LOOKUPS_TO_SABOTAGE,
            accounts: BTreeMap::new(),
            last_uid: Uid::NOBODY,
            tokens: HashMap::new(),
            devices: Vec::new(),
            uses: HashMap::new(),
            revocations: Revocations::new(sabotage),
            jobs: Vec::new(),
            slow_until_us: 0,
            failing_until_us: 0,
        }
    }

    pub(crate) fn add_account(&mut self, id: &str, password: String) {
        let generation = self.revocations.rise().0;
        self.last_uid.0 += 1;
        let (uid, former_password) = (self.last_uid, None);
        let account = Account { uid, password, former_password, generation, is_enabled: true };
        self.accounts.insert(id.to_owned(), account);
    }

    /// An account has a device with this key.
    pub(crate) fn add_device_key(&mut self, id: &str, key: &DeviceKey) {
        let Some(account) = self.accounts.get(id) else { return };
        let (uid, token) = (account.uid, TokenHash::of(&key.token()));
        let device = Device { uid, key_id: key.key_id(), seal_key: key.seal_key(), token };
        self.devices.push(device);
    }

    fn remove_devices(&mut self, uid: Uid) {
        if self.sabotage != Sabotage::FormerDeviceKey {
            self.devices.retain(|device| device.uid != uid);
        }
    }

    /// A device that may come in.
    fn device(&self, is_it: impl Fn(&Device) -> bool) -> Option<&Device> {
        let device = self.devices.iter().find(|device| is_it(device))?;
        let mut accounts = self.accounts.values();
        accounts.any(|it| it.uid == device.uid && it.is_enabled).then_some(device)
    }

    /// The same change for some accounts, with one revision; answers their uids.
    pub(crate) fn change(&mut self, ids: &[String], change: &Change) -> Vec<Uid> {
        let generation = self.revocations.rise().0;
        let mut uids = Vec::new();
        for id in ids {
            let Some(account) = self.accounts.get_mut(id) else { continue };
            self.revocations.revoke(account.uid);
            uids.push(account.uid);
            match change {
                Change::LogOut => {}
                Change::SetPassword(password) => {
                    let former = std::mem::replace(&mut account.password, password.clone());
                    account.former_password =
                        Some(former).filter(|_| self.sabotage == Sabotage::FormerPassword);
                    account.generation = generation;
                }
                Change::Disable => account.is_enabled = false,
                Change::Enable => account.is_enabled = true,
                Change::Replace => {
                    let (uid, password) = (account.uid, account.password.clone());
                    self.remove_devices(uid);
                    self.add_account(id, password);
                }
                Change::RemoveDeviceKey => {
                    let uid = account.uid;
                    self.remove_devices(uid);
                    if self.sabotage == Sabotage::UnheardDeviceKey {
                        self.revocations.keep_from_login(uid);
                    }
                }
            }
        }
        self.tokens.retain(|_, issued| !uids.contains(&issued.uid));
        uids
    }

    /// Everybody's logins end, as when a backup is restored.
    pub(crate) fn revoke_everybody(&mut self) {
        self.revocations.rise();
        self.revocations.revoke_everybody();
        self.tokens.clear();
    }

    /// The accounts' revision, if they can be read.
    pub(crate) fn revision(&self, now_us: u64) -> Option<Revision> {
        (self.failing_until_us <= now_us).then(|| self.revocations.revision())
    }

    /// Nobody's token is good any more, as if all had expired.
    pub(crate) fn expire_all(&mut self) {
        self.tokens.clear();
    }

    /// Everything works from here on.
    pub(crate) const fn heal(&mut self) {
        self.slow_until_us = 0;
        self.failing_until_us = 0;
    }

    /// Begins some work; answers its number, and how long it takes.
    pub(crate) fn begin(
        &mut self,
        random: &mut Random,
        now_us: u64,
        life: u32,
        work: Work,
    ) -> (usize, u64) {
        let range_us = match work {
            Work::Login(_) => HASHING_US,
            Work::Verify(_) | Work::Revocations(_) => LOOKING_UP_US,
        };
        let slowness = if self.slow_until_us > now_us { SLOWNESS } else { 1 };
        self.jobs.push(Some(Job { life, work }));
        (self.jobs.len() - 1, random.within(range_us) * slowness)
    }

    /// Work that is done: which life of Login has handed it out.
    pub(crate) fn take(&mut self, job: usize) -> Option<(u32, Work)> {
        let job = self.jobs.get_mut(job)?.take()?;
        Some((job.life, job.work))
    }

    pub(crate) fn log_in(&mut self, now_us: u64, work: &LoginWork) -> LoginOutcome {
        if self.failing_until_us > now_us {
            return LoginOutcome::Denied(LoginDenial::UNAVAILABLE);
        }
        match self.accounts.get(work.id.as_str()) {
            Some(account) if account.is_opened_by(work.password.as_str()) => {
                let &Account { uid, generation, is_enabled, .. } = account;
                if !is_enabled {
                    return LoginOutcome::Denied(LoginDenial::DISABLED);
                }
                let expires_at_us = now_us + self.token_ttl_us;
                self.revocations.renew(uid, work.token_hash);
                self.tokens.insert(work.token_hash.0, Issued { uid, expires_at_us });
                let ttl_s = (self.token_ttl_us / 1_000_000) as u32;
                LoginOutcome::Granted { uid, ttl_s, generation }
            }
            _ => LoginOutcome::Denied(LoginDenial::WRONG),
        }
    }

    pub(crate) fn verify(&mut self, now_us: u64, work: &VerifyWork) -> VerifyOutcome {
        if self.failing_until_us > now_us {
            return VerifyOutcome::Unavailable;
        }
        let token_hash = match work.question {
            VerifyQuestion::Token(token_hash) => token_hash,
            VerifyQuestion::Device(key_id) => {
                let device = self.device(|device| device.key_id == key_id);
                return device
                    .map_or(VerifyOutcome::Refused, |it| VerifyOutcome::Sealed(it.seal_key));
            }
        };
        let issued = self.tokens.get(&token_hash.0);
        let granted = issued.filter(|it| it.expires_at_us > now_us).map(|it| it.uid);
        let device = self.device(|device| device.token == token_hash).map(|device| device.uid);
        let Some(uid) = granted.or(device) else { return VerifyOutcome::Refused };
        if granted.is_none() {
            // Whoever has a device's key logs in with it each time.
            self.revocations.renew(uid, token_hash);
        }
        let uses = self.uses.entry(token_hash.0).or_default();
        uses.verified += 1;
        let is_known = uses.welcomed > 0;
        let uid = if is_known { self.bent(uid) } else { uid };
        let account = self.accounts.iter().find(|(_, account)| account.uid == uid);
        let name = account.map_or("", |(id, _)| id);
        VerifyOutcome::Verified(uid, self.revocations.revision(), bounded(name))
    }

    /// A page of those who were revoked; `None` if the accounts can't be read.
    pub(crate) fn revoked_since(
        &self,
        now_us: u64,
        work: &RevocationWork,
    ) -> Option<RevocationPage> {
        self.revision(now_us).map(|_| self.revocations.since(work))
    }

    /// The uid itself; once somebody else's, if the run is there for that.
    fn bent(&mut self, uid: Uid) -> Uid {
        if self.sabotage != Sabotage::WrongUser || self.until_sabotage == 0 {
            return uid;
        }
        self.until_sabotage -= 1;
        if self.until_sabotage == 0 { Uid(uid.0 + 1) } else { uid }
    }

    /// A Main has welcomed somebody with this token.
    pub(crate) fn welcomed(&mut self, token: &Token) -> Result<(), Broken> {
        let uses = self.uses.entry(TokenHash::of(token).0).or_default();
        uses.welcomed += 1;
        let (verified, welcomed) = (uses.verified, uses.welcomed);
        ensure(welcomed <= verified, "who is welcomed has been verified", || {
            format!("{welcomed} times welcomed, {verified} times verified")
        })
    }
}
