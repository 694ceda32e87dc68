//! `Address`: where a database is, and what one comes in with.
//!
//! Contract: a password is in a file that nobody else reads, never in a configuration's text. Off this machine the
//! connection is sealed, unless the address says `sslmode=disable`; on it, if it says `sslmode=require`. What is shown of an address has no password.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, ensure};
use tinyrealm_std::client::Trust;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::secret;

/// Behind so long a silence a dead machine's connection is given up.
const SILENCE_MOST: Duration = Duration::from_secs(10);

/// See the [module](self).
#[derive(Clone)]
pub(crate) struct Address {
    config: Config,
    /// Who vouches for the database.
    pub(super) trust: Trust,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        if let Some(user) = self.config.get_user() {
            write!(f, "{user}@")?;
        }
        let ports = self.config.get_ports();
        for (number, host) in self.config.get_hosts().iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            let port = ports.get(number).or(ports.first()).copied().unwrap_or(5_432);
            match host {
                Host::Tcp(name) => write!(f, "{comma}{name}:{port}")?,
                #[cfg(unix)]
                Host::Unix(path) => write!(f, "{comma}{}:{port}", path.display())?,
            }
        }
        write!(f, "/{}", self.config.get_dbname().unwrap_or_default())
    }
}

/// What a configuration says of a database.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Said<'s> {
    /// The address without a password; or nothing.
    pub(crate) address: &'s str,
    /// A file with the whole address; or nothing.
    pub(crate) address_file: &'s str,
    /// A file with authorities; or nothing.
    pub(crate) authorities_file: &'s str,
}

impl Address {
    /// What is said by the keys of a section, like `login`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn read(section: &str, said: Said<'_>) -> anyhow::Result<Self> {
        let from_file = !said.address_file.is_empty();
        ensure!(
            !from_file || said.address.is_empty(),
            "set {section}.database or {section}.database_file, not both"
        );
        let key = if from_file { "database_file" } else { "database" };
        let what = format!("{section}.{key}");
        let text = match from_file {
            true => {
                let bytes = secret::read(Path::new(said.address_file), &what)?;
                String::from_utf8(bytes).ok().with_context(|| format!("{what} is no text"))?
            }
            false => said.address.to_owned(),
        };
        let mut address = Self::parse(text.trim()).context(what)?;
        ensure!(
            from_file || address.config.get_password().is_none(),
            "{section}.database has a password, which others could read: put the address into a file, and say \
             {section}.database_file"
        );
        if !said.authorities_file.is_empty() {
            address.trust = pinned(Path::new(said.authorities_file))
                .with_context(|| format!("{section}.database_authorities"))?;
        }
        Ok(address)
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let is_one = text.starts_with("postgres://") || text.starts_with("postgresql://");
        ensure!(is_one, "an address is postgres://USER@HOST:PORT/DATABASE");
        // What the parser says may have the password in it.
        let mut config = Config::from_str(text).ok().context("this is no postgres:// address")?;
        ensure!(!config.get_hosts().is_empty(), "the address names no host");
        ensure!(config.get_dbname().is_some(), "the address names no database");
        if config.get_ssl_mode() == SslMode::Prefer {
            let is_here = config.get_hosts().iter().all(is_here);
            config.ssl_mode(if is_here { SslMode::Disable } else { SslMode::Require });
        }
        config.application_name("tinyrealm").connect_timeout(super::CONNECT_LIMIT);
        config.keepalives_idle(SILENCE_MOST).tcp_user_timeout(SILENCE_MOST);
        Ok(Self { config, trust: Trust::system() })
    }

    pub(super) const fn config(&self) -> &Config {
        &self.config
    }
}

fn pinned(path: &Path) -> anyhow::Result<Trust> {
    let what = || format!("{}", path.display());
    let pem = std::fs::read(path).with_context(what)?;
    Trust::pinned(&pem).map_err(anyhow::Error::msg).with_context(what)
}

/// Whether nobody is between this host and us.
fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            let is_loopback = |address: std::net::IpAddr| address.is_loopback();
            name == "localhost" || name.parse().is_ok_and(is_loopback)
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> anyhow::Result<Address> {
        Address::read("login", Said { address: text, address_file: "", authorities_file: "" })
    }

    #[test]
    fn an_address_is_shown_without_its_password() {
        let address = Address::parse("postgres://realm:hunter2@[::1]:5433/accounts").unwrap();
        for shown in [format!("{address}"), format!("{address:?}")] {
            assert!(shown.contains("realm@") && !shown.contains("hunter2"), "{shown}");
        }
        let refused = format!("{:#}", of("postgres://realm:hunter2@db/accounts").unwrap_err());
        assert!(refused.contains("login.database_file") && !refused.contains("hunter2"));
        for bad in [
            "postgres://realm:hunter2@db:x/accounts",
            "mysql://db/x",
            "postgres:///x",
            "postgres://db",
        ] {
            let refused = format!("{:#}", of(bad).unwrap_err());
            assert!(
                refused.contains("login.database") && !refused.contains("hunter2"),
                "{refused}"
            );
        }
    }

    #[test]
    fn off_this_machine_a_connection_is_sealed() {
        let mode = |text| of(text).unwrap().config.get_ssl_mode();
        for here in
            ["postgres://a@127.0.0.1/b", "postgres://a@localhost/b", "postgres://a@%2Frun/b"]
        {
            assert_eq!(mode(here), SslMode::Disable, "{here}");
        }
        assert_eq!(mode("postgres://a@127.0.0.1/b?sslmode=require"), SslMode::Require);
        assert_eq!(mode("postgres://a@db.example/b"), SslMode::Require);
        assert_eq!(mode("postgres://a@127.0.0.1,10.0.0.7/b"), SslMode::Require);
        assert_eq!(mode("postgres://a@db.example/b?sslmode=disable"), SslMode::Disable);
    }
}
