//! Passwords: argon2id (RFC 9106), as PHC strings (`$argon2id$v=19$m=…,t=…,p=1$salt$hash`).
//!
//! Contract: what is hashed is the password's [`opaque_string`], here and nowhere else, so it is the
//! same one whatever typed it. A stored hash carries its own parameters, so changing the configured ones spoils no
//! password: it is hashed anew at its next login. An id that is not known costs the same work as a
//! wrong password, against a hash that no password has. (Until an account with older parameters has
//! logged in, its answers take another time.)

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, anyhow, bail, ensure};
use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};
use tinyrealm_core::protocol::PASSWORD_MAX_BYTES;

use super::opaque_string;
use crate::config::login::LoginSettings;

const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
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
        passwords.nobodys = passwords.hash(&mut HashMemory::default(), &random_password()?)?;
        passwords.work = AtomicU64::new(0);
        Ok(passwords)
    }

    /// Hashes computed since the start.
    pub(crate) fn work(&self) -> u64 {
        self.work.load(Ordering::Relaxed)
    }

    /// A new hash of `password`.
    ///
    /// # Errors
    /// If it is no acceptable password, or the system has no random bytes.
    pub(crate) fn hash(&self, memory: &mut HashMemory, password: &str) -> anyhow::Result<String> {
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt).context("the system gives no random bytes")?;
        let password = opaque_string::enforce(password)?;
        let hash = self.compute(memory, &self.params, &password, &salt, HASH_BYTES)?;
        let salt = Salt::new(&salt).map_err(|error| anyhow!("a salt: {error}"))?;
        let params = ParamsString::try_from(&self.params);
        let params = params.map_err(|error| anyhow!("argon2's parameters: {error}"))?;
        let (algorithm, version) = (ARGON2ID_IDENT, Some(Version::V0x13.into()));
        let hash = PasswordHash { algorithm, version, params, salt: Some(salt), hash: Some(hash) };
        Ok(hash.to_string())
    }

    /// Compares `password` with a stored hash; without one it takes as long, and is wrong.
    pub(crate) fn check(
        &self,
        memory: &mut HashMemory,
        password: &str,
        stored: Option<&str>,
    ) -> Checked {
        // What is no password is compared as well, so that it takes as long.
        let enforced = opaque_string::enforce(password);
        let text = enforced.as_deref().unwrap_or(password);
        match self.compare(memory, text, stored.unwrap_or(&self.nobodys)) {
            Ok(checked) if stored.is_some() && enforced.is_ok() => checked,
            Ok(_) => Checked::Wrong,
            Err(error) => {
                tracing::error!("a stored password hash can't be read: {error:#}");
                self.check(memory, password, None)
            }
        }
    }

    fn compare(
        &self,
        memory: &mut HashMemory,
        password: &str,
        stored: &str,
    ) -> anyhow::Result<Checked> {
        let stored = PasswordHash::new(stored).map_err(|error| anyhow!("{error}"))?;
        let params = Params::try_from(&stored).map_err(|error| anyhow!("{error}"))?;
        let (Some(salt), Some(expected)) = (stored.salt, stored.hash) else {
            bail!("it has no salt or no hash");
        };
        ensure!(stored.algorithm == ARGON2ID_IDENT, "it is not argon2id's");
        let found = self.compute(memory, &params, password, &salt, expected.len())?;
        let is_current =
            (params.m_cost(), params.t_cost()) == (self.params.m_cost(), self.params.t_cost());
        // Outputs compare in constant time.
        Ok(match (found == expected, is_current) {
            (true, true) => Checked::Right,
            (true, false) => Checked::RightButOld,
            (false, _) => Checked::Wrong,
        })
    }

    fn compute(
        &self,
        memory: &mut HashMemory,
        params: &Params,
        password: &str,
        salt: &[u8],
        bytes: usize,
    ) -> anyhow::Result<Output> {
        self.work.fetch_add(1, Ordering::Relaxed);
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        let mut out = [0; Output::MAX_LENGTH];
        let out = out.get_mut(..bytes).context("a hash of an unknown length")?;
        let blocks = memory.blocks(params.block_count());
        argon2
            .hash_password_into_with_memory(password.as_bytes(), salt, &mut *out, blocks)
            .map_err(|error| anyhow!("argon2: {error}"))?;
        Output::new(out).map_err(|error| anyhow!("argon2: {error}"))
    }
}

/// The memory that one thread hashes in, kept from hash to hash: so a server's memory is that of its
/// threads, whatever an allocator makes of large blocks that come and go.
#[derive(Default)]
pub(crate) struct HashMemory {
    blocks: Vec<Block>,
}

impl HashMemory {
    fn blocks(&mut self, count: usize) -> &mut [Block] {
        if self.blocks.len() < count {
            // The old ones first, or there are both for a moment.
            self.blocks = Vec::new();
            self.blocks.resize(count, Block::default());
        }
        &mut self.blocks[..count]
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
    let enforced = opaque_string::enforce(password)?;
    // Both: so much is hashed, and so much has to fit into a login.
    for bytes in [enforced.len(), password.len()] {
        ensure!(
            (PASSWORD_MIN_BYTES..=PASSWORD_MAX_BYTES).contains(&bytes),
            "a password has {PASSWORD_MIN_BYTES} to {PASSWORD_MAX_BYTES} bytes; this one has {bytes}"
        );
    }
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
        let (passwords, mut memory) = (with(32, 1), HashMemory::default());
        let (hash, again) = (
            passwords.hash(&mut memory, "right").unwrap(),
            passwords.hash(&mut memory, "right").unwrap(),
        );
        assert!(hash.starts_with("$argon2id$v=19$m=32,t=1,p=1$"), "{hash}");
        assert_ne!(hash, again, "salts differ");
        assert_eq!(passwords.check(&mut memory, "right", Some(&hash)), Checked::Right);
        assert_eq!(passwords.check(&mut memory, "wrong", Some(&hash)), Checked::Wrong);
        assert_eq!(with(33, 1).check(&mut memory, "right", Some(&hash)), Checked::RightButOld);
        assert_eq!(with(32, 2).check(&mut memory, "wrong", Some(&hash)), Checked::Wrong);
    }

    #[test]
    fn an_unknown_id_and_a_broken_hash_cost_one_hash_like_a_wrong_password() {
        let (passwords, mut memory) = (with(32, 1), HashMemory::default());
        let hash = passwords.hash(&mut memory, "right").unwrap();
        let mut work = passwords.work();
        for stored in [Some(hash.as_str()), None, Some("nonsense")] {
            assert_eq!(passwords.check(&mut memory, "wrong", stored), Checked::Wrong);
            work += 1;
            assert_eq!(passwords.work(), work, "{stored:?}");
        }
    }

    #[test]
    fn a_password_is_the_same_from_every_keyboard() {
        let (passwords, mut memory) = (with(32, 1), HashMemory::default());
        let composed = passwords.hash(&mut memory, "p\u{e4}ssw\u{f6}rd").unwrap();
        let decomposed = "pa\u{308}sswo\u{308}rd";
        assert_eq!(passwords.check(&mut memory, decomposed, Some(&composed)), Checked::Right);
        let hash = passwords.hash(&mut memory, decomposed).unwrap();
        assert_eq!(passwords.check(&mut memory, "p\u{e4}ssw\u{f6}rd", Some(&hash)), Checked::Right);
        assert_eq!(passwords.check(&mut memory, "passwo\u{308}rd", Some(&hash)), Checked::Wrong);
    }

    /// A hash of the bytes, as they were stored once, of what can't be a password any more.
    #[test]
    fn what_is_no_password_is_wrong_and_costs_as_much() {
        let (passwords, mut memory) = (with(32, 1), HashMemory::default());
        for text in ["", "a\tb", "\u{feff}password"] {
            assert!(passwords.hash(&mut memory, text).is_err());
            let (salt, params) = ([1; SALT_BYTES], passwords.params.clone());
            let hash = passwords.compute(&mut memory, &params, text, &salt, 32).unwrap();
            let stored = PasswordHash {
                algorithm: ARGON2ID_IDENT,
                version: Some(Version::V0x13.into()),
                params: ParamsString::try_from(&params).unwrap(),
                salt: Some(Salt::new(&salt).unwrap()),
                hash: Some(hash),
            };
            let work = passwords.work();
            let checked = passwords.check(&mut memory, text, Some(&stored.to_string()));
            assert_eq!((checked, passwords.work()), (Checked::Wrong, work + 1), "{text:?}");
        }
    }

    /// RFC 9106's reference implementation:
    /// `echo -n password | argon2 somesalt -id -t 2 -k 256 -p 1 -e`.
    #[test]
    fn a_hash_of_the_reference_implementation_is_understood() {
        let stored =
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        let (passwords, mut memory) = (with(256, 2), HashMemory::default());
        assert_eq!(passwords.check(&mut memory, "password", Some(stored)), Checked::Right);
        assert_eq!(passwords.check(&mut memory, "passwore", Some(stored)), Checked::Wrong);
    }

    #[test]
    fn both_sides_of_a_password_s_length() {
        assert!(ensure_acceptable(&"x".repeat(8)).is_ok());
        assert!(ensure_acceptable(&"x".repeat(7)).is_err());
        assert!(ensure_acceptable(&"x".repeat(128)).is_ok());
        assert!(ensure_acceptable(&"x".repeat(129)).is_err());
        // Three bytes each that become one, and two that become four.
        assert!(ensure_acceptable(&"\u{3000}".repeat(43)).is_err());
        assert!(ensure_acceptable(&"\u{3000}".repeat(7)).is_err());
        assert!(ensure_acceptable(&"\u{3000}".repeat(8)).is_ok());
        assert!(ensure_acceptable("12345678\t").unwrap_err().to_string().contains("U+0009"));
    }
}
