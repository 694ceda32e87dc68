//! Accounts: who may log in, with which password, and the tokens that they have.
//!
//! Purpose: [`AccountStore`] is what a login server and `tinyrealm user` need of a database;
//! [`sqlite`] is the one that is built in, in a [`mod@place`] of which a [`record`] is kept; [`opening`] says
//! which file may be one, [`copies`] are backups. `postgres` is for several Logins, with the cargo feature `cluster`.
//! [`device_keys`] let in without a password. [`password`] hashes, [`throw_away`] makes accounts for
//! bots.
//!
//! Contract of a store: what a call has answered is on the disk. Several processes may use one at
//! once, so an operator's change works while the server runs. Calls block: they are made on threads
//! of their own. Nothing in the trait is one database's: both have the same tables, each method one statement or
//! one transaction, and the same tests.

mod copies;
pub(crate) mod device_keys;
mod home;
mod opaque_string;
mod opening;
pub(crate) mod password;
mod place;
#[cfg(feature = "cluster")]
mod postgres;
mod record;
mod rows;
mod sqlite;
#[cfg(test)]
mod tests;
pub(crate) mod throw_away;

use std::fmt;
use std::path::PathBuf;

use tinyrealm_core::node::login::{
    CountedBy, LoginWork, RevocationPage, RevocationWork, TokenHash, Verdict,
};
use tinyrealm_core::protocol::{ACCOUNT_MAX_BYTES, KeyId, LoginDenial, Revision, SealKey, Uid};

use crate::secret;
use device_keys::{DEVICE_KEYS_MAX, DeviceKeyUse, NewDeviceKey};
pub(crate) use home::{
    are_known, backup, device_secret, location, open, open_at_start, open_or, restore,
};
#[cfg(feature = "cluster")]
pub(crate) use home::{import, note_restored};
pub(crate) use opening::IfLost;

/// Uids from here on are guests'.
const FIRST_GUEST: i64 = Uid::GUEST_BIT.cast_signed();

/// Seconds since 1970.
pub(crate) type UnixSeconds = i64;

/// The time, as stores have it: it goes on while no server runs.
pub(crate) fn now() -> UnixSeconds {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs() as i64)
}

/// Whether an account may log in.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    Enabled,
    Disabled,
}

/// Who an account is for.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    /// A person.
    Person,
    /// A bot of one run: made and removed without asking.
    ThrowAway,
}

/// One account.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) uid: Uid,
    pub(crate) id: String,
    /// As [`password`] makes them.
    pub(crate) password_hash: String,
    pub(crate) standing: Standing,
    pub(crate) purpose: Purpose,
    pub(crate) created_at: UnixSeconds,
    pub(crate) last_login_at: Option<UnixSeconds>,
    /// Of its password: another one for each that is set.
    pub(crate) generation: u64,
}

/// An account to be.
#[derive(Clone, Debug)]
pub(crate) struct NewAccount {
    pub(crate) id: String,
    pub(crate) password_hash: String,
    /// None for a person's; a throw-away one ends with it.
    pub(crate) lease: Option<Lease>,
}

/// How long a throw-away account stays, if nobody removes it.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Lease {
    /// If nobody ever logs in.
    pub(crate) unused_s: u32,
    /// Behind its last login.
    pub(crate) used_s: u32,
}

/// A token to be, of an account whose password has just been checked.
#[derive(Clone, Debug)]
pub(crate) struct Grant<'g> {
    pub(crate) uid: Uid,
    /// What was checked: if it has changed meanwhile, there is no token.
    pub(crate) checked_hash: &'g str,
    pub(crate) token: TokenHash,
    pub(crate) now: UnixSeconds,
    pub(crate) expires_at: UnixSeconds,
    /// With more tokens than this the account loses the oldest.
    pub(crate) most_tokens: u32,
}

/// Whose token it is, of which revision that is so, and the account's id.
pub(crate) type Verified = (Uid, Revision, String);

/// Whose guess is not looked at, why, and when the next one is.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Held {
    pub(crate) reason: LoginDenial,
    pub(crate) retry_after_ms: u32,
}

/// Why a store has not done something.
#[derive(Debug)]
pub(crate) enum StoreError {
    /// There is no such account.
    Unknown(String),
    /// There is such an account already.
    Taken(String),
    /// The account has no such device key.
    UnknownKey(KeyId),
    /// Another device key is called so.
    KeyTaken,
    /// The account has [as many device keys](DEVICE_KEYS_MAX) as one may have.
    TooManyKeys,
    /// It is not there any more, or something else is in its place.
    Displaced(PathBuf),
    /// It can't be read as what it was.
    Damaged(String),
    /// The database says no.
    Database(String),
    /// It is not there, or does not answer in time.
    #[cfg(feature = "cluster")]
    Unreachable(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(id) => write!(f, "there is no account {id:?}"),
            Self::Taken(id) => write!(f, "there is an account {id:?} already"),
            Self::UnknownKey(key_id) => {
                write!(f, "the account has no device key {}", secret::hex(&key_id.0))
            }
            Self::KeyTaken => {
                f.write_str("another device key is called the same: make another one")
            }
            Self::TooManyKeys => {
                write!(f, "an account has at most {DEVICE_KEYS_MAX} device keys: remove one first")
            }
            Self::Displaced(path) => write!(
                f,
                "the accounts {} are gone, or another file is in their place: put the file back, or bring a \
                 backup with `tinyrealm user restore FILE`, and start Login anew",
                path.display()
            ),
            Self::Damaged(text) => write!(
                f,
                "the accounts are damaged ({text}): stop Login, and bring a backup with `tinyrealm user \
                 restore FILE`"
            ),
            Self::Database(text) => write!(f, "the account store: {text}"),
            #[cfg(feature = "cluster")]
            Self::Unreachable(text) => write!(f, "the account store is not to be reached: {text}"),
        }
    }
}

impl std::error::Error for StoreError {}

/// Where accounts are kept; see the [module](self).
pub(crate) trait AccountStore: Send {
    /// The account with this id.
    fn find(&mut self, id: &str) -> Result<Option<Account>, StoreError>;

    /// All accounts, by id.
    fn list(&mut self) -> Result<Vec<Account>, StoreError>;

    /// Makes accounts, all or none. A throw-away one takes the place of another with its id.
    fn create(&mut self, accounts: &[NewAccount]) -> Result<(), StoreError>;

    /// Another password; all tokens are revoked.
    fn set_password(&mut self, id: &str, password_hash: &str) -> Result<(), StoreError>;

    /// Lets an account log in, or not; all tokens are revoked.
    fn set_standing(&mut self, id: &str, standing: Standing) -> Result<(), StoreError>;

    /// Revokes all tokens of an account.
    fn revoke(&mut self, id: &str) -> Result<(), StoreError>;

    /// An account and its tokens are no more; its uid is never given again.
    fn remove(&mut self, id: &str) -> Result<(), StoreError>;

    /// Removes the throw-away accounts whose ids begin so; answers how many there were.
    fn remove_throw_aways(&mut self, prefix: &str) -> Result<usize, StoreError>;

    /// The throw-away accounts whose ids begin so stay until then, at least.
    fn keep_throw_aways(&mut self, prefix: &str, until: UnixSeconds) -> Result<(), StoreError>;

    /// Removes the throw-away accounts whose time is over; answers how many there were.
    fn sweep(&mut self, now: UnixSeconds) -> Result<usize, StoreError>;

    /// Stores a token; `false` if the account is not what it was when its password was checked.
    fn grant(&mut self, grant: &Grant<'_>) -> Result<bool, StoreError>;

    /// Notes that a password was hashed anew, with other parameters; revokes nothing.
    fn rehash(&mut self, uid: Uid, old_hash: &str, new_hash: &str) -> Result<(), StoreError>;

    /// Whose token it is, if it is good: one that was granted, or a device key's.
    fn verify(
        &mut self,
        token: &TokenHash,
        now: UnixSeconds,
    ) -> Result<Option<Verified>, StoreError>;

    /// Gives an account one more device key.
    fn add_device_key(&mut self, id: &str, key: &NewDeviceKey) -> Result<(), StoreError>;

    /// Takes one away; all of the account's tokens are revoked.
    fn remove_device_key(&mut self, id: &str, key_id: KeyId) -> Result<(), StoreError>;

    /// The device keys of an account, the oldest first.
    fn device_keys(&mut self, id: &str) -> Result<Vec<DeviceKeyUse>, StoreError>;

    /// What a device's links are sealed with, if its account may come in.
    fn find_device(&mut self, key_id: KeyId) -> Result<Option<SealKey>, StoreError>;

    /// Rises with whatever ends somebody's rights.
    fn revision(&mut self) -> Result<Revision, StoreError>;

    /// Whose rights have ended behind that, in order.
    fn revoked_since(&mut self, after: &RevocationWork) -> Result<RevocationPage, StoreError>;

    /// A password is to be checked: counts that as a wrong guess, or says when to come again. Of a store that has one
    /// Login alone that one counts.
    fn begin_attempt(&mut self, _: &LoginWork, _: CountedBy) -> Result<Option<Held>, StoreError> {
        Ok(None)
    }

    /// What has become of it; answers how long the next one has to wait.
    fn end_attempt(&mut self, _: &LoginWork, _: CountedBy, _: Verdict) -> Result<u32, StoreError> {
        Ok(0)
    }
}

/// What is wrong with a new account's id, if anything.
pub(crate) fn id_problem(id: &str) -> Option<String> {
    let is_good =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    if id.is_empty() || id.len() > ACCOUNT_MAX_BYTES {
        return Some(format!("an id has 1 to {ACCOUNT_MAX_BYTES} characters"));
    }
    (!id.bytes().all(is_good)).then(|| "an id is made of a-z, 0-9, '.', '_' and '-'".to_owned())
}
