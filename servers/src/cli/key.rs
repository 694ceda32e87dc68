//! The flags of `key` and `secret`.

use std::path::PathBuf;

use clap::Subcommand;

/// `key`: whose key is printed.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// That of the world with this id.
    World {
        /// The world's id.
        id: u16,
    },
    /// That of the chat server.
    Chat,
    /// That of Login.
    Login,
}

/// `secret`
#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Make one of 256 random bits, for `cluster.secret_file`, that only you can read.
    New {
        /// Where it goes; a file that is there stays as it is.
        file: PathBuf,
    },
}
