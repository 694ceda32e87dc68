//! `tinyrealm user`: the flags of whatever works on the accounts.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::accounts::IfLost;

/// What becomes of accounts that are gone.
#[derive(Debug, Args)]
pub(crate) struct CreateOptions {
    /// Begin anew if the accounts that were in the folder are gone; their uids are not given again.
    #[arg(long)]
    create: bool,
}

/// Where the accounts are.
#[derive(Debug, Args)]
pub(crate) struct DataOptions {
    /// The folder with the accounts; a folder of this user, if it is not given.
    #[arg(long, value_name = "FOLDER")]
    data: Option<String>,
}

/// What `user` can do. Passwords are read from the terminal, or from standard input.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Make an account.
    Add(AddOptions),
    /// Give an account another password; its tokens end.
    Passwd(UserOptions),
    /// List all accounts.
    List(DataOptions),
    /// Let an account log in no more; its tokens end.
    Disable(UserOptions),
    /// Let a disabled account log in again.
    Enable(UserOptions),
    /// End an account's tokens: who is in the realm stays, and logs in anew to come again.
    Logout(UserOptions),
    /// Remove an account; its uid is never given again.
    Remove(UserOptions),
    /// Copy all accounts into a new file, while they are in use, too.
    Backup(FileOptions),
    /// Put the accounts of a backup into the place of those that there are, which are kept beside them.
    Restore(FileOptions),
}

/// Which account.
#[derive(Debug, Args)]
pub(crate) struct UserOptions {
    /// The account's id: a-z, 0-9, '.', '_' and '-'.
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    #[command(flatten)]
    pub(super) data: DataOptions,
}

/// The account to be.
#[derive(Debug, Args)]
pub(crate) struct AddOptions {
    #[command(flatten)]
    pub(crate) user: UserOptions,
    #[command(flatten)]
    create: CreateOptions,
}

/// Which file.
#[derive(Debug, Args)]
pub(crate) struct FileOptions {
    /// The backup.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(super) data: DataOptions,
}

impl DataOptions {
    pub(super) fn push_to(&self, push: &mut impl FnMut(&str, Option<String>)) {
        push("login.data_folder", self.data.clone());
    }
}

impl UserCommand {
    pub(super) fn data(&self) -> &DataOptions {
        match self {
            Self::List(data) => data,
            Self::Add(options) => &options.user.data,
            Self::Backup(options) | Self::Restore(options) => &options.data,
            Self::Passwd(options)
            | Self::Disable(options)
            | Self::Enable(options)
            | Self::Logout(options)
            | Self::Remove(options) => &options.data,
        }
    }
}

impl CreateOptions {
    pub(super) const fn if_lost(&self) -> IfLost {
        if self.create { IfLost::Create } else { IfLost::Refuse }
    }
}

impl AddOptions {
    /// What becomes of accounts that are gone.
    pub(crate) const fn if_lost(&self) -> IfLost {
        self.create.if_lost()
    }
}
