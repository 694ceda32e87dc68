//! `[log]`: what a process says of its work, to standard error.

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use crate::logging::{LOG_LEVELS, LogFormat};

/// `[log]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LogSettings {
    /// How much: error, warn, info, debug or trace. It is read again at SIGHUP.
    pub(crate) level: String,
    /// How a line looks: `text` for people, `json` for programs, an object a line.
    pub(crate) format: LogFormat,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Text }
    }
}

impl LogSettings {
    pub(super) fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            LOG_LEVELS.contains(&self.level.as_str()),
            "log.level must be one of {}, not {:?}",
            LOG_LEVELS.join(", "),
            self.level
        );
        Ok(())
    }
}
