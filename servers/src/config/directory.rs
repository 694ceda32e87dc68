//! `[directory]`: what tells the Mains of one realm who is where.

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use tinyrealm_core::node::main::MainConfig;

use super::NetSettings;
use super::place::parse_address;

/// What the realm may be called there.
const REALM_MAX_BYTES: usize = 32;

/// `[directory]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DirectorySettings {
    /// The servers of NATS with JetStream, `nats://HOST:PORT`, or `tls://HOST:PORT` by TLS. None: this is the realm's
    /// only Main. With `--set` and in the environment there are commas between them.
    pub(crate) servers: Vec<String>,
    /// What the realm is called there, the same for all of its Mains: letters, digits, `-` and `_`.
    pub(crate) realm: String,
    /// Whom NATS knows this Main as; or empty.
    pub(crate) user: String,
    /// A file with the user's password, or, without a user, with a token; or empty.
    pub(crate) password_file: String,
    /// A file with the authorities, as PEM, which vouch for the servers; empty: whom this machine trusts.
    pub(crate) authorities: String,
    /// How long a hello waits for the directory before it is refused.
    pub(crate) claim_timeout_ms: u32,
    /// Within what time every user who is here is looked up, in case it has been missed that it is elsewhere.
    pub(crate) review_ms: u32,
}

impl Default for DirectorySettings {
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            realm: "tinyrealm".to_owned(),
            user: String::new(),
            password_file: String::new(),
            authorities: String::new(),
            claim_timeout_ms: MainConfig::DEFAULT.claim_timeout_ms,
            review_ms: 60_000,
        }
    }
}

impl DirectorySettings {
    /// Whether there is one.
    pub(crate) const fn is_used(&self) -> bool {
        !self.servers.is_empty()
    }

    pub(super) fn validate(&self, hello_timeout_ms: u32, net: &NetSettings) -> anyhow::Result<()> {
        ensure!(
            cfg!(feature = "cluster") || !self.is_used(),
            "directory.servers: this program has no NATS; {}",
            super::login::WANTED_FEATURE
        );
        self.servers.iter().try_for_each(|server| server_address(server).map(drop))?;
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        ensure!(
            (1..=REALM_MAX_BYTES).contains(&self.realm.len()) && self.realm.chars().all(is_name),
            "directory.realm must be 1 to {REALM_MAX_BYTES} letters, digits, - and _"
        );
        ensure!(
            self.user.is_empty() || !self.password_file.is_empty(),
            "directory.user needs directory.password_file"
        );
        let waits_ms = self.claim_timeout_ms.saturating_add(hello_timeout_ms);
        ensure!(
            self.claim_timeout_ms > 0 && (!self.is_used() || waits_ms < net.greeting_timeout_ms),
            "directory.claim_timeout_ms must be at least 1, and with main.hello_timeout_ms below net.greeting_timeout_ms"
        );
        ensure!(
            (1_000..=3_600_000).contains(&self.review_ms),
            "directory.review_ms must be between 1000 and 3600000"
        );
        Ok(())
    }
}

/// Whether a server is reached by TLS, and its `HOST:PORT`.
pub(crate) fn server_address(server: &str) -> anyhow::Result<(bool, &str)> {
    let (is_by_tls, place) =
        match (server.strip_prefix("tls://"), server.strip_prefix("nats://")) {
            (Some(place), _) => Some((true, place)),
            (None, Some(place)) => Some((false, place)),
            (None, None) => None,
        }
        .with_context(|| {
            format!(
                "directory.servers: expected nats://HOST:PORT or tls://HOST:PORT, not {server:?}"
            )
        })?;
    ensure!(
        !place.contains('@'),
        "directory.servers has a password, which others could read: say directory.user and directory.password_file"
    );
    parse_address(place)
        .ok()
        .with_context(|| format!("directory.servers: {server:?} has no HOST:PORT"))?;
    Ok((is_by_tls, place))
}

#[cfg(all(test, feature = "cluster"))]
mod tests {
    use super::*;

    fn judged(settings: &DirectorySettings) -> anyhow::Result<()> {
        settings.validate(3_000, &NetSettings::default())
    }

    fn of(server: &str) -> anyhow::Result<()> {
        judged(&DirectorySettings { servers: vec![server.to_owned()], ..Default::default() })
    }

    #[test]
    fn a_server_is_an_address_without_a_password() {
        for good in ["nats://10.0.0.1:4222", "tls://nats.example:4222", "nats://[::1]:4222"] {
            of(good).unwrap();
        }
        for (bad, told) in [
            ("10.0.0.1:4222", "expected nats://"),
            ("nats://10.0.0.1", "no HOST:PORT"),
            ("nats://", "no HOST:PORT"),
            ("nats://ann:hunter2@10.0.0.1:4222", "directory.password_file"),
        ] {
            let error = of(bad).unwrap_err().to_string();
            assert!(error.contains(told) && !error.contains("hunter2"), "{bad}: {error}");
        }
    }

    #[test]
    fn every_number_has_two_ends() {
        let ends = |change: fn(&mut DirectorySettings, u32), numbers: [u32; 4]| {
            let at = numbers.map(|number| {
                let servers = vec!["nats://[::1]:4222".to_owned()];
                let mut settings = DirectorySettings { servers, ..Default::default() };
                change(&mut settings, number);
                judged(&settings).is_ok()
            });
            assert_eq!(at, [false, true, true, false], "{numbers:?}");
        };
        ends(|settings, ms| settings.claim_timeout_ms = ms, [0, 1, 1_999, 2_000]);
        ends(|settings, ms| settings.review_ms = ms, [999, 1_000, 3_600_000, 3_600_001]);
        ends(|settings, bytes| settings.realm = "r".repeat(bytes as usize), [0, 1, 32, 33]);
    }

    #[test]
    fn a_name_has_no_dots() {
        for realm in ["a.b", "a b", "a*", "ä"] {
            let settings = DirectorySettings { realm: realm.to_owned(), ..Default::default() };
            assert!(judged(&settings).is_err(), "{realm}");
        }
    }
}
