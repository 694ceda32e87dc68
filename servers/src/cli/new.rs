//! The flags of `new`.

use std::path::PathBuf;

use clap::Args;

use crate::new::{Beginning, parse_name};

/// `new`
#[derive(Clone, Debug, Args)]
pub(crate) struct NewOptions {
    /// The game's name, as crates and configurations have it: `coin-rush`.
    #[arg(value_name = "NAME", value_parser = parse_name)]
    pub(crate) name: String,
    /// What the game begins as.
    #[arg(long, value_name = "GAME", default_value = "smallest")]
    pub(crate) from: Beginning,
    /// The folder that it goes into; NAME, unless told otherwise.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) into: Option<PathBuf>,
    /// Depend on Tinyrealm in this repository, instead of on the checkout that this binary is from.
    #[arg(long, value_name = "URL")]
    pub(crate) git: Option<String>,
    /// The commit of that repository.
    #[arg(long, value_name = "REV", requires = "git")]
    pub(crate) rev: Option<String>,
}
