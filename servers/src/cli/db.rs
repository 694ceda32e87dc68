//! `tinyrealm db`: the flags of whatever works on the realm's database.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What `db` can do, with the database that `login.database` or `login.database_file` names.
#[derive(Debug, Subcommand)]
pub(crate) enum DbCommand {
    /// Bring the database to what this program knows. Several may at once.
    Migrate,
    /// Say what the database has, and what this program knows.
    Status,
    /// Bring all accounts of a file into the database: all of them or none. Again does no harm.
    Import(ImportOptions),
    /// Say that the database is a copy from before: all tokens end, and new accounts get uids far above.
    Restored,
}

/// Which file.
#[derive(Debug, Args)]
pub(crate) struct ImportOptions {
    /// `accounts.db` of a Login that does not run, or a backup.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}
