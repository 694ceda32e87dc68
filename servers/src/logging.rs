//! The process's log, to standard error, and its level, which can be changed while it runs.
//!
//! Contract: what one may write as a level is [`LOG_LEVELS`]; a level that is none changes nothing. How a line looks stays
//! as it was at the start.

use std::io::IsTerminal;
use std::sync::{Mutex, OnceLock, PoisonError};

use anyhow::{Context, anyhow};
use serde::{Deserialize, Serialize};
use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Registry, fmt, reload};

use crate::json_lines::JsonLines;
use crate::log_bridge::{LogBridge, VisitLines};

/// From little to everything.
pub(crate) const LOG_LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// How a line looks.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For programs: an object a line.
    Json,
}

static LEVEL: OnceLock<reload::Handle<LevelFilter, Registry>> = OnceLock::new();
/// For levels that are changed by two at once: what is told as the former one was it.
static CHANGE: Mutex<()> = Mutex::new(());

/// Sends log lines to standard error.
///
/// # Errors
/// If the level is none, or there is a log already.
pub(crate) fn start(level: &str, format: LogFormat, visits: VisitLines) -> anyhow::Result<()> {
    let (filter, handle) = reload::Layer::new(parse(level)?);
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match format {
        LogFormat::Text => {
            lines.with_ansi(std::io::stderr().is_terminal()).with_target(false).boxed()
        }
        LogFormat::Json => lines.event_format(JsonLines).boxed(),
    };
    let told = tracing_subscriber::registry().with(filter).with(filter_fn(is_told)).with(lines);
    tracing::subscriber::set_global_default(told).context("the log")?;
    LogBridge::start(visits).context("the log")?;
    // It is the first, for a second logger can't be had.
    let _ = LEVEL.set(handle);
    Ok(())
}

/// Has the log be this detailed from now on; answers how it was before.
///
/// # Errors
/// If the level is none, or there is no log.
pub(crate) fn set_level(level: &str) -> anyhow::Result<String> {
    let level = parse(level)?;
    let handle = LEVEL.get().ok_or_else(|| anyhow!("this process has no log"))?;
    let _change = CHANGE.lock().unwrap_or_else(PoisonError::into_inner);
    let former = handle.with_current(LevelFilter::to_string).context("log level")?;
    handle.reload(level).context("log level")?;
    Ok(former)
}

/// What NATS's client says of its connection we say ourselves; the rest is for whoever wants details.
fn is_told(line: &Metadata<'_>) -> bool {
    !line.target().starts_with("async_nats") || *line.level() > Level::INFO
}

fn parse(level: &str) -> anyhow::Result<LevelFilter> {
    let known = LOG_LEVELS.contains(&level).then(|| level.parse().ok()).flatten();
    known.with_context(|| format!("expected one of {}, not {level:?}", LOG_LEVELS.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_that_is_named_is_one_and_nothing_else() {
        for level in LOG_LEVELS {
            assert_eq!(parse(level).unwrap().to_string(), level);
        }
        for none in ["", "INFO", "3", "info ", "verbose"] {
            assert!(parse(none).unwrap_err().to_string().contains("debug"), "{none}");
        }
    }
}
