//! The threads of a login server: some hash passwords, some look tokens up, one [watches](super::watch).
//!
//! Bounds: as many hashes at once as there are hashing threads, each with its own memory; what waits
//! for them is in the node's queue, which is bounded. The channels here hold no more than the node
//! hands out.

use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;

use tinyrealm_core::node::login::{
    CountedBy, LoginOutcome, LoginWork, RevocationWork, Verdict, VerifyOutcome, VerifyQuestion,
    VerifyWork,
};
use tinyrealm_core::protocol::{LoginDenial, Uid};
use tokio::sync::mpsc;

use super::outcome::{Complaints, Outcome};
use super::watch::{Watched, watch};
use crate::accounts::password::{Checked, HashMemory, Passwords};
use crate::accounts::{self, Account, AccountStore, Grant, Held, Standing, StoreError};
use crate::bans::{BanFile, Bans};
use crate::config::login::LoginSettings;

/// The threads, as their node sees them. They end when it lets go of them.
pub(super) struct Workers {
    logins: SyncSender<LoginWork>,
    verifies: SyncSender<VerifyWork>,
    revocations: SyncSender<RevocationWork>,
    pub(super) outcomes: mpsc::Receiver<Outcome>,
    /// Whether the accounts could not be seen when they were last looked at.
    pub(super) store_lost: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Box<dyn AccountStore>>>,
}

impl Drop for Workers {
    /// Waits for the threads, at most as long as one password takes. Their connections to the store are
    /// closed one by one: the last puts everything into one file, if none is closing beside it.
    fn drop(&mut self) {
        // Nobody sends into these: whoever waits for work hears that there is no more.
        (self.logins, self.verifies) = (sync_channel(0).0, sync_channel(0).0);
        self.revocations = sync_channel(0).0;
        self.outcomes.close();
        let ended: Vec<_> = self.threads.drain(..).map(JoinHandle::join).collect();
        for store in ended {
            if store.is_err() {
                tracing::error!("a thread of the login server has panicked");
            }
        }
    }
}

impl Workers {
    /// Starts the threads, each with its own connection to the store.
    ///
    /// # Errors
    /// If the store can't be opened.
    pub(super) fn start(
        settings: &LoginSettings,
        passwords: &Arc<Passwords>,
    ) -> anyhow::Result<Self> {
        let threads = usize::from(settings.hash_threads());
        let ban_file = BanFile::of_login(settings)?;
        #[cfg(feature = "cluster")]
        ban_file.keep_up();
        let bans = Arc::new(RwLock::new(ban_file.read()?));
        let (logins, login_work) = sync_channel(threads);
        let (verifies, verify_work) = sync_channel(usize::from(settings.verifies_running()));
        let capacity = threads + usize::from(settings.verifies_running());
        let (revocations, revocation_work) = sync_channel(1);
        let (outcomes, receiver) = mpsc::channel(capacity);
        let login_work = Arc::new(Mutex::new(login_work));
        let verify_work = Arc::new(Mutex::new(verify_work));
        let mut handles = Vec::new();
        for number in 0..threads {
            let checker = Checker {
                store: accounts::open(settings)?,
                passwords: Arc::clone(passwords),
                memory: HashMemory::default(),
                bans: Arc::clone(&bans),
                token_ttl_s: settings.token_ttl_s,
                tokens_per_account: settings.tokens_per_account,
            };
            let (work, outcomes) = (Arc::clone(&login_work), outcomes.clone());
            let builder = std::thread::Builder::new().name(format!("hash-{number}"));
            handles.push(builder.spawn(move || check_logins(checker, &work, &outcomes))?);
        }
        for number in 0..settings.token_threads() {
            let store = accounts::open(settings)?;
            let (work, outcomes) = (Arc::clone(&verify_work), outcomes.clone());
            let builder = std::thread::Builder::new().name(format!("tokens-{number}"));
            handles.push(builder.spawn(move || check_tokens(store, &work, &outcomes))?);
        }
        let watched = Watched { store: accounts::open(settings)?, store_lost: Arc::default() };
        let store_lost = Arc::clone(&watched.store_lost);
        let builder = std::thread::Builder::new().name("watch".to_owned());
        handles.push(
            builder.spawn(move || watch(watched, (ban_file, bans), &revocation_work, outcomes))?,
        );
        Ok(Self { logins, verifies, revocations, outcomes: receiver, store_lost, threads: handles })
    }

    /// Hands a question over; answers its outcome if nobody can take it.
    pub(super) fn read_revocations(&self, work: RevocationWork) -> Option<Outcome> {
        let sent = self.revocations.try_send(work);
        sent.err().map(|_| Outcome::Revocations(None))
    }

    /// Hands a login over; answers its outcome if nobody can take it.
    pub(super) fn check_login(&self, work: LoginWork) -> Option<Outcome> {
        match self.logins.try_send(work) {
            Ok(()) => None,
            Err(TrySendError::Full(work) | TrySendError::Disconnected(work)) => {
                let unavailable = LoginOutcome::Denied(LoginDenial::UNAVAILABLE);
                Some(Outcome::Login(work.key, unavailable))
            }
        }
    }

    /// Hands a token over; answers its outcome if nobody can take it.
    pub(super) fn check_token(&self, work: VerifyWork) -> Option<Outcome> {
        let sent = self.verifies.try_send(work);
        sent.err().map(|_| Outcome::Verify(work.key, VerifyOutcome::Unavailable))
    }
}

fn next<W>(work: &Mutex<Receiver<W>>) -> Option<W> {
    work.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

fn check_logins(
    mut checker: Checker,
    work: &Mutex<Receiver<LoginWork>>,
    outcomes: &mpsc::Sender<Outcome>,
) -> Box<dyn AccountStore> {
    let mut complaints = Complaints::start();
    while let Some(work) = next(work) {
        let outcome = checker.check(&work).unwrap_or_else(|error| {
            complaints.log("a login failed", &error);
            LoginOutcome::Denied(LoginDenial::UNAVAILABLE)
        });
        if outcomes.blocking_send(Outcome::Login(work.key, outcome)).is_err() {
            break;
        }
    }
    checker.store
}

fn check_tokens(
    mut store: Box<dyn AccountStore>,
    work: &Mutex<Receiver<VerifyWork>>,
    outcomes: &mpsc::Sender<Outcome>,
) -> Box<dyn AccountStore> {
    let mut complaints = Complaints::start();
    while let Some(work) = next(work) {
        let outcome = look_up(store.as_mut(), work.question).unwrap_or_else(|error| {
            complaints.log("a token was not looked up", &error);
            VerifyOutcome::Unavailable
        });
        if outcomes.blocking_send(Outcome::Verify(work.key, outcome)).is_err() {
            break;
        }
    }
    store
}

fn look_up(
    store: &mut dyn AccountStore,
    question: VerifyQuestion,
) -> Result<VerifyOutcome, StoreError> {
    let found = match question {
        VerifyQuestion::Token(token) => {
            store.verify(&token, accounts::now())?.map(|(uid, revision, id)| {
                // Ids are no longer than that.
                let account = id.as_str().try_into().unwrap_or_default();
                VerifyOutcome::Verified(uid, revision, account)
            })
        }
        VerifyQuestion::Device(key_id) => store.find_device(key_id)?.map(VerifyOutcome::Sealed),
    };
    Ok(found.unwrap_or(VerifyOutcome::Refused))
}

/// Whether a device has logged in with the password that the account has now.
fn is_device_of(work: &LoginWork, account: Option<&Account>) -> bool {
    let (Some(device), Some(account)) = (work.device, account) else { return false };
    (device.uid, device.generation) == (account.uid, account.generation)
}

impl From<Held> for LoginOutcome {
    fn from(held: Held) -> Self {
        Self::Held { reason: held.reason, retry_after_ms: held.retry_after_ms }
    }
}

/// One hashing thread's own.
struct Checker {
    store: Box<dyn AccountStore>,
    passwords: Arc<Passwords>,
    memory: HashMemory,
    bans: Arc<RwLock<Bans>>,
    token_ttl_s: u32,
    tokens_per_account: u32,
}

impl Checker {
    /// Looks the account up, whether there is one or not, and hashes, whether there is one or not.
    fn check(&mut self, work: &LoginWork) -> Result<LoginOutcome, StoreError> {
        if self.is_banned(Uid::NOBODY, work) {
            return Ok(LoginOutcome::Denied(LoginDenial::BANNED));
        }
        let account = self.store.find(&work.id)?;
        let is_device = is_device_of(work, account.as_ref());
        if work.is_held_back && !is_device {
            return Ok(LoginOutcome::Denied(LoginDenial::LOCKED));
        }
        // A device of a password that is none any more is nobody's.
        let is_strange = work.counted_by == CountedBy::Device && !is_device;
        let by = if is_strange { CountedBy::Account } else { work.counted_by };
        if let Some(held) = self.store.begin_attempt(work, by)? {
            return Ok(held.into());
        }
        let outcome = self.judge(work, account)?;
        let verdict = match outcome {
            LoginOutcome::Granted { .. } => Verdict::Succeeded,
            LoginOutcome::Denied(LoginDenial::WRONG) => Verdict::Failed,
            _ => Verdict::Void,
        };
        Ok(match self.store.end_attempt(work, by, verdict)? {
            retry_after_ms if verdict == Verdict::Failed => {
                Held { reason: LoginDenial::WRONG, retry_after_ms }.into()
            }
            _ => outcome,
        })
    }

    fn judge(
        &mut self,
        work: &LoginWork,
        account: Option<Account>,
    ) -> Result<LoginOutcome, StoreError> {
        let stored = account.as_ref().map(|account| account.password_hash.as_str());
        let checked = self.passwords.check(&mut self.memory, &work.password, stored);
        let Some(account) = account.filter(|_| checked != Checked::Wrong) else {
            return Ok(LoginOutcome::Denied(LoginDenial::WRONG));
        };
        if account.standing == Standing::Disabled {
            return Ok(LoginOutcome::Denied(LoginDenial::DISABLED));
        }
        if self.is_banned(account.uid, work) {
            return Ok(LoginOutcome::Denied(LoginDenial::BANNED));
        }
        let outcome = self.grant(work, &account)?;
        if checked == Checked::RightButOld && account.purpose == accounts::Purpose::Person {
            self.hash_anew(work, &account)?;
        }
        Ok(outcome)
    }

    /// Whether this account is banned, or where it comes from.
    fn is_banned(&self, uid: Uid, work: &LoginWork) -> bool {
        let bans = self.bans.read().unwrap_or_else(PoisonError::into_inner);
        bans.turns_away(uid, work.from)
    }

    fn grant(&mut self, work: &LoginWork, account: &Account) -> Result<LoginOutcome, StoreError> {
        let now = accounts::now();
        let is_granted = self.store.grant(&Grant {
            uid: account.uid,
            checked_hash: &account.password_hash,
            token: work.token_hash,
            now,
            expires_at: now + i64::from(self.token_ttl_s),
            most_tokens: self.tokens_per_account,
        })?;
        Ok(match is_granted {
            true => LoginOutcome::Granted {
                uid: account.uid,
                ttl_s: self.token_ttl_s,
                generation: account.generation,
            },
            // The operator has changed it while we were hashing: it is not the password any more.
            false => LoginOutcome::Denied(LoginDenial::WRONG),
        })
    }

    fn hash_anew(&mut self, work: &LoginWork, account: &Account) -> Result<(), StoreError> {
        match self.passwords.hash(&mut self.memory, &work.password) {
            Ok(hash) => self.store.rehash(account.uid, &account.password_hash, &hash),
            Err(error) => {
                tracing::warn!("a password keeps its old hash: {error:#}");
                Ok(())
            }
        }
    }
}
