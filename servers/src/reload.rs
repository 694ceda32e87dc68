//! `Reload`: at SIGHUP the configuration is read again as at the start: the file, the environment, the flags.
//!
//! Contract: `log.level` takes effect, and the times and limits of links do (`NetSettings::with_limits_of`); each other
//! key that differs from what the process began with is named in a line, for it needs a restart. What can't be read, or can't be beside
//! what needs one, changes nothing and is told in one line. Certificates are read again as well ([`crate::tls`]); the list of bans is
//! whenever it changes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context;
use tinyrealm_std::runtime;
use toml::{Table, Value};

use crate::config::{Config, Override};
use crate::games::Games;
use crate::hangups::Hangups;
use crate::{logging, service_manager};

/// What counts at once.
const LEVEL_KEY: &str = "log.level";

/// See the [module](self).
pub(crate) struct Reload {
    games: Games,
    file: Option<PathBuf>,
    overrides: Vec<Override>,
    /// What counts: as the process began, and what has changed since.
    counts: Config,
}

impl Reload {
    /// For a process that has read `config` from these.
    pub(crate) fn new(
        games: Games,
        file: Option<PathBuf>,
        overrides: Vec<Override>,
        config: &Config,
    ) -> Self {
        Self { games, file, overrides, counts: config.clone() }
    }

    /// Listens from now on, on a thread of its own.
    ///
    /// # Errors
    /// If the system has no signals, or no thread, to give.
    pub(crate) fn start(mut self) -> anyhow::Result<()> {
        let runtime = runtime::current_thread()?;
        let mut hangups = {
            let _context = runtime.enter();
            Hangups::listen()?
        };
        std::thread::Builder::new().name("reload".to_owned()).spawn(move || {
            runtime.block_on(async {
                loop {
                    hangups.next().await;
                    service_manager::reloading(|| self.carry_out());
                }
            });
        })?;
        Ok(())
    }

    fn carry_out(&mut self) {
        match self.read() {
            Ok(lines) if lines.is_empty() => {
                tracing::info!("SIGHUP: the configuration is as it was");
            }
            Ok(lines) => lines.iter().for_each(|line| tracing::warn!("SIGHUP: {line}")),
            Err(error) => tracing::warn!("SIGHUP: {error:#}; the former configuration stays"),
        }
    }

    /// What is other than before, and what became of that.
    fn read(&mut self) -> anyhow::Result<Vec<String>> {
        let file = self.file.as_deref();
        let config = Config::load(self.games, file, std::env::vars(), &self.overrides)?;
        let counts = with_limits_of(&self.counts, &config);
        counts.validate().context("beside what counts until a restart")?;
        let mut lines = lines(&self.counts, &counts, &config)?;
        counts.net.changes.tell(counts.net.limits());
        self.counts = counts;
        let former = logging::set_level(&config.log.level)?;
        if former != config.log.level {
            lines.insert(0, format!("{LEVEL_KEY} is {}, it was {former}", config.log.level));
        }
        Ok(lines)
    }
}

/// What counts from now on, of what is wanted.
fn with_limits_of(counts: &Config, wanted: &Config) -> Config {
    Config { net: counts.net.with_limits_of(&wanted.net), ..counts.clone() }
}

/// What has changed, and what does not count yet.
fn lines(was: &Config, counts: &Config, wanted: &Config) -> anyhow::Result<Vec<String>> {
    let [was, counts, wanted] = [values(was)?, values(counts)?, values(wanted)?];
    let changed = differences(&was, &counts);
    let changed = changed.map(|(key, was, is)| format!("{key} is {is}, it was {was}"));
    let waiting = differences(&counts, &wanted).filter(|(key, ..)| *key != LEVEL_KEY);
    let waiting =
        waiting.map(|(key, was, is)| format!("{key} is {is}, but {was} counts until a restart"));
    Ok(changed.chain(waiting).collect())
}

type Values = BTreeMap<String, String>;

/// The keys that have another value now, and both.
fn differences<'v>(
    before: &'v Values,
    now: &'v Values,
) -> impl Iterator<Item = (&'v str, &'v str, &'v str)> {
    let keys = before.keys().chain(now.keys().filter(|key| !before.contains_key(*key)));
    let value = |values: &'v Values, key| values.get(key).map_or("nothing", String::as_str);
    let both = keys.map(move |key| (key.as_str(), value(before, key), value(now, key)));
    both.filter(|(_, was, is)| was != is)
}

/// All keys, with their values as a file has them.
fn values(config: &Config) -> anyhow::Result<Values> {
    let mut all = BTreeMap::new();
    let table = config.to_table().context("the configuration")?;
    collect(&mut all, "", &table);
    Ok(all)
}

fn collect(all: &mut Values, section: &str, table: &Table) {
    for (name, value) in table {
        let key = format!("{section}{name}");
        match value {
            Value::Table(inner) => collect(all, &format!("{key}."), inner),
            value => drop(all.insert(key, value.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What counts at once.
    const LIMITS: [&str; 10] = [
        "net.connections_per_address",
        "net.drain_timeout_ms",
        "net.greeting_timeout_ms",
        "net.idle_timeout_ms",
        "net.openings_per_second",
        "net.packet_burst",
        "net.packets_per_second",
        "net.ping_interval_ms",
        "net.send_buffers_per_server",
        "net.send_buffers_per_session",
    ];

    #[test]
    fn what_is_other_is_named_and_nothing_else() {
        let began = Config::default();
        let mut now = Config::default();
        now.log.level = "debug".to_owned();
        now.world.rooms = began.world.rooms + 1;
        now.main.port = Some(7);
        let told = lines(&began, &with_limits_of(&began, &now), &now).unwrap();
        let lines = &told;
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines.iter().any(|line| line.starts_with("world.rooms is ")), "{lines:?}");
        let port = "main.port is 7, but nothing counts until a restart";
        assert!(lines.iter().any(|line| line == port), "{lines:?}");
        assert_eq!(super::lines(&now, &now, &now).unwrap(), [""; 0]);
    }

    /// Every key of `[net]` is either one or the other.
    #[test]
    fn limits_count_at_once_and_what_sizes_memory_or_names_somebody_does_not() {
        let began = Config::default();
        let mut now = Config::default();
        let net = &mut now.net;
        net.frame_limit_bytes += 1;
        net.socket_send_buffer_bytes += 1;
        for times in [
            &mut net.greeting_timeout_ms,
            &mut net.ping_interval_ms,
            &mut net.idle_timeout_ms,
            &mut net.drain_timeout_ms,
        ] {
            *times += 1;
        }
        for counts in [
            &mut net.packets_per_second,
            &mut net.packet_burst,
            &mut net.connections_per_address,
            &mut net.openings_per_second,
            &mut net.send_buffers_per_session,
            &mut net.send_buffers_per_server,
        ] {
            *counts += 1;
        }
        for names in [&mut net.origins, &mut net.hosts, &mut net.trusted_proxies] {
            names.push("10.0.0.1".to_owned());
        }
        net.tls.certificate = "certificate".to_owned();
        net.tls.key = "key".to_owned();
        net.tls.require = true;
        let [before, counts, wanted] =
            [&began, &with_limits_of(&began, &now), &now].map(|config| values(config).unwrap());
        let changed: Vec<_> = differences(&before, &counts).map(|(key, ..)| key).collect();
        assert_eq!(changed, LIMITS);
        let all = wanted.keys().filter(|key| key.starts_with("net."));
        let (changed, waiting) = (changed.len(), differences(&counts, &wanted).count());
        assert_eq!(changed + waiting, all.count(), "this test does not change every key");
    }
}
