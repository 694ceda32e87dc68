//! The flags of `cert`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `cert`
#[derive(Debug, Subcommand)]
pub(crate) enum CertCommand {
    /// Make an authority of your own and a certificate of your servers, for development.
    Dev(DevOptions),
}

/// `cert dev`
#[derive(Clone, Debug, Args)]
pub(crate) struct DevOptions {
    /// The folder that they go into. The authority that is there already goes on, and vouches for a new certificate.
    #[arg(long, value_name = "FOLDER", default_value = "tinyrealm-tls")]
    pub(crate) out: PathBuf,
    /// A name or an address by which clients find the servers; may be repeated.
    #[arg(long = "name", value_name = "NAME", default_values = ["localhost", "127.0.0.1", "::1"])]
    pub(crate) names: Vec<String>,
}
