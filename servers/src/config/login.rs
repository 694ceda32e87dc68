//! `[login]`

use std::net::SocketAddr;

use anyhow::ensure;
use serde::{Deserialize, Serialize};
use tinyrealm_core::node::login::{AttemptPolicy, LoginConfig, attempts::WAYS};
use tinyrealm_core::storage::link::INDEX_COUNT_MAX;

use super::listen::with_port;

/// More hashing threads than this are not chosen by themselves: each takes its memory.
const DEFAULT_HASH_THREADS_MAX: usize = 4;
/// Of each a connection to the database.
const DATABASE_TOKEN_THREADS: u16 = 8;
const HASH_THREADS_MAX: u16 = 64;
const HASH_MEMORY_MIN_KIB: u32 = argon2::Params::MIN_M_COST;
const HASH_MEMORY_MAX_KIB: u32 = 4 * 1_024 * 1_024;

/// `[login]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LoginSettings {
    /// Where Login listens.
    #[serde(deserialize_with = "super::listen::listen_address")]
    pub(crate) listen: SocketAddr,
    /// Replaces the port of `listen`; 0 picks a free one. Left out: `listen` as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u16>,
    /// The folder with the accounts, made at the first start; empty: a folder of this user.
    pub(crate) data_folder: String,
    /// The database that has the accounts in place of the folder, postgres://USER@HOST:PORT/DATABASE without a password; or
    /// empty.
    pub(crate) database: String,
    /// A file that nobody else reads with the whole of that, and the password; or empty.
    pub(crate) database_file: String,
    /// A file with the authorities, as PEM, that vouch for the database; empty: those that the machine trusts.
    pub(crate) database_authorities: String,
    /// Connections, of clients and Mains.
    pub(crate) sessions: u16,
    /// Passwords that are hashed at once; 0 for one a core, at most 4.
    pub(crate) hash_threads: u16,
    /// Memory of one hash.
    pub(crate) hash_memory_kib: u32,
    /// How often a hash goes over its memory.
    pub(crate) hash_passes: u32,
    /// Logins that may wait to be hashed.
    pub(crate) queue: u16,
    /// Of that, in percent: what only who was let in before gets, and as much that only others get.
    pub(crate) kept_percent: u8,
    /// Tokens that may wait to be looked up.
    pub(crate) verify_queue: u16,
    /// For how long a token is good.
    pub(crate) token_ttl_s: u32,
    /// Tokens of one account; a further one ends the oldest.
    pub(crate) tokens_per_account: u32,
    /// Accounts, and as many addresses, whose wrong attempts are remembered.
    pub(crate) remembered: u32,
    /// Wrong passwords of one account that cost no wait.
    pub(crate) account_free_failures: u16,
    /// The wait behind the next one; it doubles with each further one.
    pub(crate) account_first_delay_ms: u32,
    /// The longest wait.
    pub(crate) account_most_delay_ms: u32,
    /// How long after the last wrong password all of them are forgotten.
    pub(crate) account_forget_after_ms: u32,
    /// Wrong passwords from one address that cost no wait.
    pub(crate) address_free_failures: u16,
    /// The wait behind the next one; it doubles with each further one.
    pub(crate) address_first_delay_ms: u32,
    /// The longest wait.
    pub(crate) address_most_delay_ms: u32,
    /// How long after the last wrong password all of them are forgotten.
    pub(crate) address_forget_after_ms: u32,
    /// Logins from one address that may be under way at once.
    pub(crate) address_logins: u16,
}

/// How a program comes by what it lacks.
pub(crate) const WANTED_FEATURE: &str =
    "build one that has: `cargo build --release --package tinyrealm-servers --features cluster`";

impl Default for LoginSettings {
    fn default() -> Self {
        let (account, address) = (AttemptPolicy::ACCOUNT, AttemptPolicy::ADDRESS);
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 7_200)),
            port: None,
            data_folder: String::new(),
            database: String::new(),
            database_file: String::new(),
            database_authorities: String::new(),
            sessions: 4_096,
            hash_threads: 0,
            hash_memory_kib: argon2::Params::DEFAULT_M_COST,
            hash_passes: argon2::Params::DEFAULT_T_COST,
            queue: 256,
            kept_percent: LoginConfig::DEFAULT.kept_percent,
            verify_queue: 1_024,
            token_ttl_s: 7 * 24 * 3_600,
            tokens_per_account: 16,
            remembered: 16_384,
            account_free_failures: account.free_failures,
            account_first_delay_ms: account.first_delay_ms,
            account_most_delay_ms: account.most_delay_ms,
            account_forget_after_ms: account.forget_after_ms,
            address_free_failures: address.free_failures,
            address_first_delay_ms: address.first_delay_ms,
            address_most_delay_ms: address.most_delay_ms,
            address_forget_after_ms: address.forget_after_ms,
            address_logins: address.most_under_way,
        }
    }
}

impl LoginSettings {
    /// Where to listen, all things considered.
    pub(crate) fn address(&self) -> SocketAddr {
        with_port(self.listen, self.port)
    }

    /// Whether a database has the accounts.
    pub(crate) const fn has_database(&self) -> bool {
        !self.database.is_empty() || !self.database_file.is_empty()
    }

    /// Where that is.
    #[cfg(feature = "cluster")]
    pub(crate) fn said(&self) -> crate::postgres::address::Said<'_> {
        crate::postgres::address::Said {
            address: &self.database,
            address_file: &self.database_file,
            authorities_file: &self.database_authorities,
        }
    }

    /// Passwords that are hashed at once, all things considered.
    pub(crate) fn hash_threads(&self) -> u16 {
        match self.hash_threads {
            0 => std::thread::available_parallelism()
                .map_or(1, |cores| cores.get().min(DEFAULT_HASH_THREADS_MAX) as u16),
            chosen => chosen,
        }
    }

    /// Threads that look tokens up. A database is a way away, and one thread would wait for each answer before it asks again; a
    /// file answers at once.
    pub(crate) const fn token_threads(&self) -> u16 {
        if self.has_database() { DATABASE_TOKEN_THREADS } else { 1 }
    }

    /// Tokens that are handed to those threads, which should not run dry.
    pub(crate) const fn verifies_running(&self) -> u16 {
        LoginConfig::DEFAULT.verifies_running
    }

    /// As the core has it.
    pub(crate) fn to_core(&self) -> LoginConfig {
        LoginConfig {
            account: AttemptPolicy {
                free_failures: self.account_free_failures,
                first_delay_ms: self.account_first_delay_ms,
                most_delay_ms: self.account_most_delay_ms,
                forget_after_ms: self.account_forget_after_ms,
                ..AttemptPolicy::ACCOUNT
            },
            address: AttemptPolicy {
                free_failures: self.address_free_failures,
                first_delay_ms: self.address_first_delay_ms,
                most_delay_ms: self.address_most_delay_ms,
                forget_after_ms: self.address_forget_after_ms,
                most_under_way: self.address_logins,
            },
            logins_running: self.hash_threads(),
            kept_percent: self.kept_percent,
            verifies_running: self.verifies_running(),
            ..LoginConfig::DEFAULT
        }
    }

    pub(super) fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            cfg!(feature = "cluster") || !self.has_database(),
            "login.database: this program has no PostgreSQL; {WANTED_FEATURE}"
        );
        ensure!(
            self.sessions > 0 && usize::from(self.sessions) <= INDEX_COUNT_MAX,
            "login.sessions must be at least 1"
        );
        ensure!(
            self.hash_threads <= HASH_THREADS_MAX,
            "login.hash_threads must be at most {HASH_THREADS_MAX}"
        );
        ensure!(
            (HASH_MEMORY_MIN_KIB..=HASH_MEMORY_MAX_KIB).contains(&self.hash_memory_kib),
            "login.hash_memory_kib must be between {HASH_MEMORY_MIN_KIB} and {HASH_MEMORY_MAX_KIB}"
        );
        ensure!(self.hash_passes > 0, "login.hash_passes must be at least 1");
        ensure!(
            self.queue > 0
                && usize::from(self.queue) + usize::from(HASH_THREADS_MAX) <= INDEX_COUNT_MAX,
            "login.queue must be between 1 and {}",
            INDEX_COUNT_MAX - usize::from(HASH_THREADS_MAX)
        );
        ensure!(self.kept_percent <= 50, "login.kept_percent must be at most 50");
        ensure!(self.verify_queue > 0, "login.verify_queue must be at least 1");
        ensure!(self.token_ttl_s > 0, "login.token_ttl_s must be at least 1");
        ensure!(self.tokens_per_account > 0, "login.tokens_per_account must be at least 1");
        ensure!(self.address_logins > 0, "login.address_logins must be at least 1");
        ensure!(
            self.remembered > 0 && (self.remembered as usize).is_multiple_of(WAYS),
            "login.remembered must be a multiple of {WAYS}, and not 0"
        );
        Ok(())
    }
}
