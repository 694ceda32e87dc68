//! `[admin]`: every server's listener for whoever runs it, on a thread of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::http::figures::Figures;
use crate::http::{self, Entrance, Operator, Token};
use crate::process::NodeThread;
use crate::say::say;

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
    let entrance = Entrance::Admin(Arc::new(Operator { figures, token }));
    http::open(config, "admin", entrance, address, shutdown).context("admin.listen")
}

/// Says where it is: behind where its server is, who is the first to be looked for.
pub(crate) fn show(admin: &NodeThread) {
    say!("admin listening on {}", admin.address);
}
