//! `[admin]`: every server's listener for whoever runs it, on a thread of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use tokio_util::sync::CancellationToken;

use crate::bans::BanFile;
use crate::config::Config;
use crate::http::figures::Figures;
use crate::http::{self, Api, Audit, Entrance, Operator, Token};
use crate::process::NodeThread;
use crate::say::say;
use crate::secret;

/// Opens it for a process whose first server listens at `server`.
///
/// # Errors
/// If the address can't be had, or others reach it and there is no token.
pub(crate) fn open(
    config: &Config,
    server: SocketAddr,
    figures: Figures,
    shutdown: CancellationToken,
) -> anyhow::Result<NodeThread> {
    let address = config.admin.address(server);
    let token = match config.admin.token_file.as_str() {
        "" => None,
        path => Some(Token::read(Path::new(path))?),
    };
    ensure!(
        token.is_some() || address.ip().is_loopback(),
        "admin.listen is {address}, where others than this machine come in: set admin.token_file"
    );
    let audit = Audit::within(secret::data_folder(data_folder(config, &figures)).ok().as_deref());
    let bans = ban_files(config, &figures)?;
    let api = Api::new(figures.clone(), bans, audit, shutdown.clone());
    let entrance = Entrance::Admin(Arc::new(Operator { figures, token, api }));
    http::open(config, "admin", entrance, address, shutdown).context("admin.listen")
}

/// Where the first server of this process that keeps anything keeps it.
fn data_folder<'c>(config: &'c Config, figures: &Figures) -> &'c str {
    match figures {
        Figures { main: Some(_), .. } => &config.main.data_folder,
        Figures { login: Some(_), .. } => &config.login.data_folder,
        _ => &config.world.data_folder,
    }
}

/// The lists of whom the servers of this process turn away.
fn ban_files(config: &Config, figures: &Figures) -> anyhow::Result<Vec<BanFile>> {
    match figures {
        Figures { main: Some(_), .. } => BanFile::all(config),
        Figures { login: Some(_), .. } => Ok(vec![BanFile::of_login(&config.login)?]),
        _ => Ok(Vec::new()),
    }
}

/// Says where it is: behind where its server is, who is the first to be looked for.
pub(crate) fn show(admin: &NodeThread) {
    say!("admin listening on {}", admin.address);
}
