//! Accounts for the bots of one run: made before it, removed behind it.

use super::password::{HashMemory, Passwords, random_password};
use super::{AccountStore, NewAccount, Purpose};
use crate::config::LoginSettings;

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

/// Accounts that are removed with their guard. A run that is killed leaves them: the next one with
/// the same prefix takes their place.
pub(crate) struct ThrowAways {
    store: Box<dyn AccountStore>,
    prefix: String,
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
            accounts.push(NewAccount {
                id: id.clone(),
                password_hash,
                purpose: Purpose::ThrowAway,
            });
            credentials.push(Credentials { id, password });
        }
        store.remove_throw_aways(prefix)?;
        store.create(&accounts)?;
        Ok(Self { store, prefix: prefix.to_owned(), credentials })
    }
}

impl Drop for ThrowAways {
    fn drop(&mut self) {
        if let Err(error) = self.store.remove_throw_aways(&self.prefix) {
            tracing::warn!("throw-away accounts are left: {error}");
        }
    }
}
