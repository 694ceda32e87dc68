//! Passwords: argon2id (RFC 9106), as PHC strings (`$argon2id$v=19$m=…,t=…,p=1$salt$hash`).
//!
//! Contract: a stored hash carries its own parameters, so changing the configured ones spoils no
//! password: it is hashed anew at its next login. An id that is not known costs the same work as a
//! wrong password, against a hash that no password has.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, anyhow, ensure};
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tinyrealm_core::protocol::PASSWORD_MAX_BYTES;

use crate::config::LoginSettings;

const SALT_BYTES: usize = 16;
/// The shortest password that a person's account is given.
const PASSWORD_MIN_BYTES: usize = 8;

/// What a check has found.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Checked {
    /// The password is right.
    Right,
    /// It is right, and its hash has other parameters than new ones get.
    RightButOld,
    /// It is another one, or there is nothing to compare it with.
    Wrong,
}

/// Hashes and checks passwords; see the [module](self).
pub(crate) struct Passwords {
    params: Params,
    /// No password has this hash.
    nobodys: String,
    /// How many hashes it has computed.
    work: AtomicU64,
}

impl Passwords {
    /// With the configured parameters.
    ///
    /// # Errors
    /// If the system has no random bytes. The parameters are checked with the configuration.
    pub(crate) fn new(settings: &LoginSettings) -> anyhow::Result<Self> {
        Self::with(params(settings.hash_memory_kib, settings.hash_passes)?)
    }

    /// With the least work, for passwords of 128 random bits: nobody guesses those anyway.
    pub(crate) fn for_random_ones() -> anyhow::Result<Self> {
        Self::with(params(Params::MIN_M_COST, Params::MIN_T_COST)?)
    }

    fn with(params: Params) -> anyhow::Result<Self> {
        let mut passwords = Self { params, nobodys: String::new(), work: AtomicU64::new(0) };
        passwords.nobodys = passwords.hash(&random_password()?)?;
        passwords.work = AtomicU64::new(0);
        Ok(passwords)
    }

    /// Hashes computed since the start.
    pub(crate) fn work(&self) -> u64 {
        self.work.load(Ordering::Relaxed)
    }

    fn argon2(&self) -> Argon2<'static> {
        self.work.fetch_add(1, Ordering::Relaxed);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone())
    }

    /// A new hash of `password`.
    ///
    /// # Errors
    /// If the system has no random bytes, or no memory.
    pub(crate) fn hash(&self, password: &str) -> anyhow::Result<String> {
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt).context("the system gives no random bytes")?;
        let hash = self.argon2().hash_password_with_salt(password.as_bytes(), &salt);
        Ok(hash.map_err(|error| anyhow!("can't hash a password: {error}"))?.to_string())
    }

    /// Compares `password` with a stored hash; without one it takes as long, and is wrong.
    pub(crate) fn check(&self, password: &str, stored: Option<&str>) -> Checked {
        let Ok(hash) = PasswordHash::new(stored.unwrap_or(&self.nobodys)) else {
            tracing::error!("a stored password hash can't be read");
            return self.check(password, None);
        };
        let is_right = self.argon2().verify_password(password.as_bytes(), &hash).is_ok();
        match (is_right && stored.is_some(), self.is_current(&hash)) {
            (true, true) => Checked::Right,
            (true, false) => Checked::RightButOld,
            (false, _) => Checked::Wrong,
        }
    }

    fn is_current(&self, hash: &PasswordHash) -> bool {
        Params::try_from(hash).is_ok_and(|params| {
            (params.m_cost(), params.t_cost()) == (self.params.m_cost(), self.params.t_cost())
        })
    }
}

/// Argon2's parameters, with one lane.
///
/// # Errors
/// What argon2 says about them.
pub(crate) fn params(memory_kib: u32, passes: u32) -> anyhow::Result<Params> {
    Params::new(memory_kib, passes, 1, None).map_err(|error| anyhow!("{error}"))
}

/// 128 random bits as text.
///
/// # Errors
/// If the system has none.
pub(crate) fn random_password() -> anyhow::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).context("the system gives no random bytes")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Whether a person's account may have this password.
///
/// # Errors
/// Why not.
pub(crate) fn ensure_acceptable(password: &str) -> anyhow::Result<()> {
    ensure!(
        (PASSWORD_MIN_BYTES..=PASSWORD_MAX_BYTES).contains(&password.len()),
        "a password has {PASSWORD_MIN_BYTES} to {PASSWORD_MAX_BYTES} bytes; this one has {}",
        password.len()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(memory_kib: u32, passes: u32) -> Passwords {
        Passwords::with(params(memory_kib, passes).unwrap()).unwrap()
    }

    #[test]
    fn a_password_is_known_by_its_hash() {
        let passwords = with(32, 1);
        let (hash, again) = (passwords.hash("right").unwrap(), passwords.hash("right").unwrap());
        assert!(hash.starts_with("$argon2id$v=19$m=32,t=1,p=1$"), "{hash}");
        assert_ne!(hash, again, "salts differ");
        assert_eq!(passwords.check("right", Some(&hash)), Checked::Right);
        assert_eq!(passwords.check("wrong", Some(&hash)), Checked::Wrong);
        assert_eq!(with(33, 1).check("right", Some(&hash)), Checked::RightButOld);
        assert_eq!(with(32, 2).check("wrong", Some(&hash)), Checked::Wrong);
    }

    #[test]
    fn an_unknown_id_and_a_broken_hash_cost_one_hash_like_a_wrong_password() {
        let passwords = with(32, 1);
        let hash = passwords.hash("right").unwrap();
        let mut work = passwords.work();
        for stored in [Some(hash.as_str()), None, Some("nonsense")] {
            assert_eq!(passwords.check("wrong", stored), Checked::Wrong);
            work += 1;
            assert_eq!(passwords.work(), work, "{stored:?}");
        }
    }

    #[test]
    fn both_sides_of_a_password_s_length() {
        assert!(ensure_acceptable(&"x".repeat(8)).is_ok());
        assert!(ensure_acceptable(&"x".repeat(7)).is_err());
        assert!(ensure_acceptable(&"x".repeat(128)).is_ok());
        assert!(ensure_acceptable(&"x".repeat(129)).is_err());
    }
}
