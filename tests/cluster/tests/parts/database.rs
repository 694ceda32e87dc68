//! `Database`: a server of PostgreSQL of one test, and what it is configured by.

use std::path::Path;

use super::postgres::Postgres;
use crate::support::login::CHEAP;
use crate::support::{Cable, Cables, Finished, PATIENCE, Process, ScratchFile};

/// See the [module](self).
pub(crate) struct Database {
    pub(crate) postgres: Postgres,
    /// What leads to it, if that can be cut.
    pub(crate) cable: Option<Cable>,
    /// Where Logins keep what is none of the database's: bans.
    folder: ScratchFile,
}

impl Database {
    /// One that is what the servers know.
    #[track_caller]
    pub(crate) fn start(name: &str) -> Self {
        Self::start_empty(name).migrated()
    }

    /// The same, behind a cable.
    #[track_caller]
    pub(crate) fn start_behind(cables: &Cables, name: &str) -> Self {
        let cable = cables.lay();
        let database = Self { cable: None, ..Self::start_empty(name) };
        cable.lead_to(database.postgres.listens_at());
        Self { cable: Some(cable), ..database.migrated() }
    }

    #[track_caller]
    fn migrated(self) -> Self {
        let database = self;
        database.tinyrealm(&["db", "migrate"], "").expect_code(0);
        database
    }

    #[track_caller]
    pub(crate) fn start_empty(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("pg-{name}"));
        let postgres = Postgres::start(&folder).unwrap();
        Self { postgres, cable: None, folder: ScratchFile::new(name) }
    }

    /// What a Login is configured with, or who works on its accounts.
    pub(crate) fn settings(&self) -> Vec<String> {
        self.settings_at(self.postgres.address())
    }

    /// The same of a Login that comes by the cable.
    pub(crate) fn settings_by_cable(&self) -> Vec<String> {
        let (direct, cable) = (self.postgres.listens_at(), self.cable.as_ref());
        let at = cable.map_or(direct, |cable| cable.address);
        self.settings_at(self.postgres.address().replace(&direct.to_string(), &at.to_string()))
    }

    fn settings_at(&self, address: String) -> Vec<String> {
        let own = [
            format!("login.database={address}"),
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
