//! `tinyrealm user`: the flags of whatever works on the accounts.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use tinyrealm_core::protocol::KeyId;

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
    /// Give an account a key for one more device, which is printed once.
    AddDeviceKey(UserOptions),
    /// Take a device's key away; whoever is in the realm with this account goes.
    RemoveDeviceKey(DeviceKeyOptions),
    /// List the keys of an account's devices: what they are called by, and when they were used last.
    DeviceKeys(UserOptions),
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
    /// With a key for a device, which is printed once, and without a password.
    #[arg(long)]
    device_key: bool,
}

/// Which key.
#[derive(Debug, Args)]
pub(crate) struct DeviceKeyOptions {
    #[command(flatten)]
    pub(crate) user: UserOptions,
    /// What it is called by: 16 hexadecimal digits, as `device-keys` lists it.
    #[arg(value_name = "KEY-ID", value_parser = parse_key_id)]
    pub(crate) key_id: KeyId,
}

fn parse_key_id(text: &str) -> Result<KeyId, String> {
    let is_whole = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let id = u64::from_str_radix(text, 16).ok().filter(|_| is_whole);
    id.map(|id| KeyId(id.to_be_bytes())).ok_or_else(|| "expected 16 hexadecimal digits".to_owned())
}

/// What a new account is let in with.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Credential {
    /// A password, which is asked for.
    Password,
    /// A device's key, which is made.
    DeviceKey,
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
            Self::RemoveDeviceKey(options) => &options.user.data,
            Self::Backup(options) | Self::Restore(options) => &options.data,
            Self::Passwd(options)
            | Self::Disable(options)
            | Self::Enable(options)
            | Self::Logout(options)
            | Self::AddDeviceKey(options)
            | Self::DeviceKeys(options)
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

    /// What it is let in with.
    pub(crate) const fn credential(&self) -> Credential {
        if self.device_key { Credential::DeviceKey } else { Credential::Password }
    }
}
