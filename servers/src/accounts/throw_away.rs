//! Accounts for the bots of one run: made before it, removed behind it, and swept if it is killed.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::password::{HashMemory, Passwords, random_password};
use super::{AccountStore, Lease, NewAccount, UnixSeconds, now};
use crate::config::login::LoginSettings;

/// How long they outlive a run that can't remove them.
const LEASE: Lease = Lease { unused_s: 600, used_s: 600 };
/// How often a run says that it is there.
const RENEWAL: Duration = Duration::from_secs(120);

/// What a bot logs in with.
#[derive(Clone, Default)]
pub(crate) struct Credentials {
    pub(crate) id: String,
    pub(crate) password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials of {}", self.id)
    }
}

/// Accounts that are removed with their guard. Those of a run that is killed go when their lease has
/// ended, or when another with the same prefix takes their place.
pub(crate) struct ThrowAways {
    keeper: Option<(Sender<()>, JoinHandle<()>)>,
    pub(crate) credentials: Vec<Credentials>,
}

impl ThrowAways {
    /// Makes `count` accounts in the configured store, whose ids begin with `prefix`.
    ///
    /// # Errors
    /// If the store can't be opened, or such an account is a person's.
    pub(crate) fn make(settings: &LoginSettings, prefix: &str, count: u16) -> anyhow::Result<Self> {
        let mut store = super::open(settings)?;
        let (passwords, mut memory) = (Passwords::for_random_ones()?, HashMemory::default());
        let mut credentials = Vec::new();
        let mut accounts = Vec::new();
        for number in 0..count {
            let (id, password) = (format!("{prefix}{number}"), random_password()?);
            let password_hash = passwords.hash(&mut memory, &password)?;
            accounts.push(NewAccount { id: id.clone(), password_hash, lease: Some(LEASE) });
            credentials.push(Credentials { id, password });
        }
        store.sweep(now())?;
        store.remove_throw_aways(prefix)?;
        store.create(&accounts)?;
        Ok(Self { keeper: Some(keep(store, prefix.to_owned())?), credentials })
    }
}

/// Renews the lease on a thread until the sender is dropped; then removes them.
fn keep(
    mut store: Box<dyn AccountStore>,
    prefix: String,
) -> std::io::Result<(Sender<()>, JoinHandle<()>)> {
    let (sender, receiver) = channel();
    let keep = move || {
        while receiver.recv_timeout(RENEWAL) == Err(RecvTimeoutError::Timeout) {
            let until = now() + UnixSeconds::from(LEASE.used_s);
            if let Err(error) = store.keep_throw_aways(&prefix, until) {
                tracing::warn!("throw-away accounts may end too early: {error}");
            }
        }
        if let Err(error) = store.remove_throw_aways(&prefix) {
            tracing::warn!("throw-away accounts are left: {error}");
        }
    };
    Ok((sender, std::thread::Builder::new().name("throw-aways".to_owned()).spawn(keep)?))
}

impl Drop for ThrowAways {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.keeper.take() {
            drop(sender);
            if thread.join().is_err() {
                tracing::error!("the thread of the throw-away accounts has panicked");
            }
        }
    }
}
