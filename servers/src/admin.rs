//! `[admin]`: every server's listener for whoever runs it, on a thread of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::ensure;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::http::figures::Figures;
use crate::http::{self, Door, Entrance, Operator, Token};
use crate::process::{Bound, NodeThread};
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
    open_entrance(config, "admin", entrance, address, shutdown)
}

/// Says where it is: behind where its server is, who is the first to be looked for.
pub(crate) fn show(admin: &NodeThread) {
    say!("admin listening on {}", admin.address);
}

/// Opens a listener for what is behind it.
///
/// # Errors
/// If the address can't be had.
pub(crate) fn open_entrance(
    config: &Config,
    name: &str,
    entrance: Entrance,
    address: SocketAddr,
    shutdown: CancellationToken,
) -> anyhow::Result<NodeThread> {
    let door = Arc::new(Door::new(&config.http, &config.net));
    NodeThread::spawn(name, address, move |bound: Bound<TcpListener>| async move {
        http::serve(entrance, door, bound.sockets, shutdown).await;
    })
}
