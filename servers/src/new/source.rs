//! Where what is written finds Tinyrealm's crates.

use std::path::{Path, PathBuf};

use anyhow::ensure;

use crate::cli::NewOptions;

/// Where the crates come from.
pub(super) enum Source {
    /// A repository, as a manifest names it.
    Git { url: String, dependency: String },
    /// The checkout that this binary was built from.
    Checkout(PathBuf),
}

impl Source {
    /// The repository at `--git`, or the checkout.
    pub(super) fn of(options: &NewOptions) -> anyhow::Result<Self> {
        if let Some(url) = &options.git {
            let rev =
                options.rev.as_ref().map(|rev| format!(", rev = {rev:?}")).unwrap_or_default();
            let dependency = format!("git = {url:?}{rev}");
            return Ok(Self::Git { url: url.clone(), dependency });
        }
        let servers = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = servers.parent().unwrap_or(servers);
        ensure!(
            servers.join("Cargo.toml").is_file(),
            "the checkout that this binary is from is not at {} any more: use --git URL --rev REV",
            root.display()
        );
        Ok(Self::Checkout(root.to_owned()))
    }

    /// What a manifest says of the crate in this folder.
    pub(super) fn dependency(&self, folder: &str) -> String {
        match self {
            Self::Git { dependency, .. } => dependency.clone(),
            Self::Checkout(root) => format!("path = {:?}", root.join(folder).display().to_string()),
        }
    }

    /// Where a reader finds Tinyrealm.
    pub(super) fn home(&self) -> String {
        match self {
            Self::Git { url, .. } => url.clone(),
            Self::Checkout(root) => root.display().to_string(),
        }
    }
}
