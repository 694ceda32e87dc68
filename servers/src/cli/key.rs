//! The flags of `key` and `secret`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `key`: whose key is printed.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// That of the world with this id.
    World {
        /// The world's id.
        id: u16,
        #[command(flatten)]
        of: KeyGeneration,
    },
    /// That of the chat server.
    Chat {
        #[command(flatten)]
        of: KeyGeneration,
    },
    /// That of Login.
    Login {
        #[command(flatten)]
        of: KeyGeneration,
    },
}

/// Which of the keys that a server has had one after the other.
#[derive(Copy, Clone, Debug, Args)]
pub(crate) struct KeyGeneration {
    /// A later key than the first, for a server whose key was lost; the realm's Mains have it in
    /// `cluster.generations`, and the server in `cluster.generation`.
    #[arg(long, default_value_t = 0)]
    pub(crate) generation: u16,
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
