//! `tinyrealm ban`: its flags.

use clap::{Args, Subcommand};

use crate::accounts::UnixSeconds;
use crate::bans::{Who, parse_duration};

/// What `ban` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum BanCommand {
    /// Turn a user or an address away; who is in the realm goes.
    Add(BanOptions),
    /// Let it come again.
    Remove(UnbanOptions),
    /// List whom Main and Login turn away.
    List(DataOptions),
}

/// Whom, and for how long.
#[derive(Debug, Args)]
pub(crate) struct BanOptions {
    /// A uid, an IPv4 address, or an IPv6 address, which stands for its /64.
    #[arg(value_name = "WHO")]
    pub(crate) who: Who,
    /// For how long, like 90s, 15m, 12h or 7d; for ever, if it is not given.
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration)]
    pub(crate) seconds: Option<UnixSeconds>,
    /// Why, for whoever reads the list.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    data: DataOptions,
}

impl BanOptions {
    /// Empty for none.
    pub(crate) fn reason(&self) -> &str {
        self.reason.as_deref().unwrap_or_default()
    }
}

/// Whom.
#[derive(Debug, Args)]
pub(crate) struct UnbanOptions {
    /// As it was banned.
    #[arg(value_name = "WHO")]
    pub(crate) who: Who,
    #[command(flatten)]
    data: DataOptions,
}

/// Where the list is.
#[derive(Debug, Args)]
pub(crate) struct DataOptions {
    /// The data folder of Main, and of Login; a folder of this user, if it is not given.
    #[arg(long, value_name = "FOLDER")]
    data: Option<String>,
}

impl BanCommand {
    pub(super) fn push_to(&self, push: &mut impl FnMut(&str, Option<String>)) {
        let data = match self {
            Self::Add(options) => &options.data,
            Self::Remove(options) => &options.data,
            Self::List(data) => data,
        };
        push("main.data_folder", data.data.clone());
        push("login.data_folder", data.data.clone());
    }
}
