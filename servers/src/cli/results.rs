//! `tinyrealm results`: its flags.

use clap::Args;

/// The flags of `results`.
#[derive(Debug, Args)]
pub(crate) struct ResultsOptions {
    /// Of this game; without it, of all.
    #[arg(long, value_name = "GAME", default_value = "")]
    pub(crate) game: String,
    /// One JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
    /// The folder with the worlds' files; a folder of this user, if it is not given.
    #[arg(long, value_name = "FOLDER")]
    data: Option<String>,
}

impl ResultsOptions {
    pub(super) fn push_to(&self, push: &mut impl FnMut(&str, Option<String>)) {
        push("world.data_folder", self.data.clone());
    }
}
