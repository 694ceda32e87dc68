//! `Reload`: at SIGHUP the configuration is read again as at the start: the file, the environment, the flags.
//!
//! Contract: `log.level` takes effect; each other key that differs from what the process began with is named in a line, for it
//! needs a restart. What can't be read, or can't be, changes nothing and is told in one line. Certificates are read again
//! as well ([`crate::tls`]); the list of bans is whenever it changes.

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
    /// Every key that the process began with, and its value.
    began: BTreeMap<String, String>,
}

impl Reload {
    /// For a process that has read `config` from these.
    ///
    /// # Errors
    /// If a configuration can't be written, which every one can.
    pub(crate) fn new(
        games: Games,
        file: Option<PathBuf>,
        overrides: Vec<Override>,
        config: &Config,
    ) -> anyhow::Result<Self> {
        Ok(Self { games, file, overrides, began: values(config)? })
    }

    /// Listens from now on, on a thread of its own.
    ///
    /// # Errors
    /// If the system has no signals, or no thread, to give.
    pub(crate) fn start(self) -> anyhow::Result<()> {
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

    fn carry_out(&self) {
        match self.read() {
            Ok(lines) if lines.is_empty() => {
                tracing::info!("SIGHUP: the configuration is as it was");
            }
            Ok(lines) => lines.iter().for_each(|line| tracing::warn!("SIGHUP: {line}")),
            Err(error) => tracing::warn!("SIGHUP: {error:#}; the former configuration stays"),
        }
    }

    /// What is other than before, and what became of that.
    fn read(&self) -> anyhow::Result<Vec<String>> {
        let file = self.file.as_deref();
        let config = Config::load(self.games, file, std::env::vars(), &self.overrides)?;
        let now = values(&config)?;
        let mut lines = differences(&self.began, &now);
        let former = logging::set_level(&config.log.level)?;
        if former != config.log.level {
            lines.insert(0, format!("{LEVEL_KEY} is {}, it was {former}", config.log.level));
        }
        Ok(lines)
    }
}

fn differences(began: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> Vec<String> {
    let nothing = "nothing".to_owned();
    let keys = began.keys().chain(now.keys().filter(|key| !began.contains_key(*key)));
    let line = |key: &String| {
        let [was, is] = [began, now].map(|values| values.get(key).unwrap_or(&nothing));
        let counts = key == LEVEL_KEY || was == is;
        (!counts).then(|| format!("{key} is {is}, but {was} counts until a restart"))
    };
    keys.filter_map(line).collect()
}

/// All keys, with their values as a file has them.
fn values(config: &Config) -> anyhow::Result<BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    let table = Table::try_from(config).context("the configuration")?;
    collect(&mut all, "", &table);
    Ok(all)
}

fn collect(all: &mut BTreeMap<String, String>, section: &str, table: &Table) {
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

    #[test]
    fn what_is_other_is_named_and_nothing_else() {
        let began = Config::default();
        let mut now = Config::default();
        now.log.level = "debug".to_owned();
        now.world.rooms = began.world.rooms + 1;
        now.main.port = Some(7);
        let [began, now] = [&began, &now].map(|config| values(config).unwrap());
        let lines = differences(&began, &now);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines.iter().any(|line| line.starts_with("world.rooms is ")), "{lines:?}");
        let port = "main.port is 7, but nothing counts until a restart";
        assert!(lines.iter().any(|line| line == port), "{lines:?}");
        assert_eq!(differences(&now, &now), [""; 0]);
    }
}
