//! A realm of several machines with real services: what its servers share, and what becomes of it when a service is ended
//! under them.
//!
//! `cargo xtask cluster` builds the servers with the feature `cluster`, says where they are in `TINYREALM_BINARY`, and
//! brings what is installed; each test starts the services that it ends.

mod accounts;
mod announced;
mod directory;
mod nats;
mod outage;
#[path = "../../../../xtask/src/cluster/postgres.rs"]
mod postgres;
mod realm;
#[path = "../../../../servers/tests/support/mod.rs"]
mod support;

use std::path::Path;

use postgres::Postgres;
use support::login::CHEAP;
use support::ports;
use support::{Finished, PATIENCE, Process, ScratchFile};

/// A server of PostgreSQL of one test, and its database.
pub(crate) struct Database {
    pub(crate) postgres: Postgres,
    /// Where Logins keep what is none of the database's: bans.
    folder: ScratchFile,
}

impl Database {
    /// One that is what the servers know.
    #[track_caller]
    pub(crate) fn start(name: &str) -> Self {
        let database = Self::start_empty(name);
        database.tinyrealm(&["db", "migrate"], "").expect_code(0);
        database
    }

    #[track_caller]
    pub(crate) fn start_empty(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("pg-{name}"));
        let postgres = Postgres::start(&folder).unwrap();
        Self { postgres, folder: ScratchFile::new(name) }
    }

    /// What a Login is configured with, or who works on its accounts.
    pub(crate) fn settings(&self) -> Vec<String> {
        let own = [
            format!("login.database={}", self.postgres.address()),
            format!("login.data_folder={}", self.folder.path()),
        ];
        own.into_iter().chain(CHEAP.map(str::to_owned)).collect()
    }

    /// Starts a command with these settings, and this on its standard input.
    pub(crate) fn start_tinyrealm(&self, arguments: &[&str], input: &str) -> Process {
        let settings = self.settings();
        let settings = settings.iter().flat_map(|setting| ["--set", setting]);
        let all: Vec<&str> = arguments.iter().copied().chain(settings).collect();
        Process::start_with_input(&all, input)
    }

    /// Runs it to its end.
    #[track_caller]
    pub(crate) fn tinyrealm(&self, arguments: &[&str], input: &str) -> Finished {
        self.start_tinyrealm(arguments, input).finish(PATIENCE)
    }
}
