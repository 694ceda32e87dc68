//! The flags of whoever connects to servers: where they are, and whom to trust.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::Args;
use tinyrealm_std::client::Trust;
use tinyrealm_std::{DialOptions, Scheme};

use crate::config::parse_address;

/// Whom to trust.
#[derive(Clone, Debug, Args)]
pub(crate) struct TrustOptions {
    /// Trust the certificates in FILE (PEM) and nobody else's: of authorities, or of servers themselves; without, those
    /// that this machine trusts.
    #[arg(long, global = true, value_name = "FILE")]
    trust: Option<PathBuf>,
}

impl TrustOptions {
    /// How to reach a realm whose Main is at `main`: what is spoken there is spoken with its other servers.
    pub(crate) fn dialing(&self, main: &str) -> anyhow::Result<DialOptions> {
        let scheme = scheme_of(main).unwrap_or_default();
        Ok(DialOptions { scheme, trust: self.trust()? })
    }

    /// Who vouches for servers.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub(crate) fn trust(&self) -> anyhow::Result<Trust> {
        let Some(path) = &self.trust else { return Ok(Trust::system()) };
        let pem = std::fs::read(path)
            .with_context(|| format!("can't read --trust {}", path.display()))?;
        Trust::pinned(&pem).map_err(|problem| anyhow!("--trust {}: {problem}", path.display()))
    }
}

/// What is spoken at an address that says so.
pub(crate) fn scheme_of(address: &str) -> Option<Scheme> {
    Scheme::split(address)?.0
}

/// `[SCHEME://]HOST:PORT`
///
/// # Errors
/// What was expected.
pub(super) fn parse_server(text: &str) -> Result<String, String> {
    let place = Scheme::split(text).map(|(_, place)| place);
    match place.map(parse_address) {
        Some(Ok(_)) => Ok(text.to_owned()),
        _ => Err("expected HOST:PORT, or that behind tcp://, tls://, ws:// or wss://".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_has_a_scheme_that_is_spoken_or_none() {
        for good in ["a:7", "tcp://a:7", "tls://[::1]:7", "ws://a:7", "wss://a:65535"] {
            assert_eq!(parse_server(good), Ok(good.to_owned()));
        }
        for bad in ["a", "tls://a", "http://a:7", "tls://a:0", "tls://a:7/x", "://a:7", "tls:a:7"] {
            assert!(parse_server(bad).is_err_and(|text| text.contains("HOST:PORT")), "{bad}");
        }
    }
}
