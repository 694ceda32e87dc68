//! `Audit`: what was done to a server, by whom, from where, and what has come of it.
//!
//! Contract: one line of JSON in `audit.log` in the server's data folder, and one in the log with the target `audit`. No
//! line has a token in it. What can't be written is said in the log and stops nobody.
//!
//! Bounds: a file of [`FILE_MAX_BYTES`] becomes `audit.log.1`, in the place of the one before.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::json;
use tinyrealm_core::rate_limited_log::RateLimitedLog;
use tinyrealm_std::Clock;

use super::Asker;
use crate::accounts::now;
use crate::user::date;

const FILE_NAME: &str = "audit.log";
const FILE_MAX_BYTES: u64 = 8 << 20;
/// As much of what was wanted as a body has.
const ABOUT_MAX_CHARS: usize = super::BODY_MAX_BYTES;

/// See the [module](self).
pub(crate) struct Audit {
    path: Option<PathBuf>,
    strangers: Mutex<(Clock, RateLimitedLog)>,
}

impl Audit {
    /// In this folder; without one, in the log alone.
    pub(crate) fn within(folder: Option<&Path>) -> Self {
        let strangers = Mutex::new((Clock::start(), RateLimitedLog::default()));
        Self { path: folder.map(|folder| folder.join(FILE_NAME)), strangers }
    }

    /// Notes what was wanted, and what has come of it.
    pub(super) async fn note(&self, asker: Asker, what: &str, about: &str, outcome: &str) {
        let Asker { by, from } = asker;
        let about: String = about.chars().take(ABOUT_MAX_CHARS).collect();
        // What is no JSON is kept as text, in which nothing ends the line.
        let about = serde_json::from_str(&about).unwrap_or_else(|_| json!(about));
        tracing::info!(target: "audit", "{what} {about} by {by} from {from}: {outcome}");
        let Some(path) = self.path.clone() else { return };
        let line = json!({
            "at": date(now()), "by": by, "from": from, "what": what, "about": about, "outcome": outcome,
        });
        let written =
            tokio::task::spawn_blocking(move || append(&path, &format!("{line}\n"))).await;
        if let Err(error) = written.unwrap_or_else(|panic| Err(std::io::Error::other(panic))) {
            tracing::error!(target: "audit", "the audit log can't be written: {error}");
        }
    }

    /// Somebody without the token wanted something.
    pub(super) fn note_stranger(&self, from: std::net::IpAddr, path: &str) {
        let Ok(mut strangers) = self.strangers.lock() else { return };
        let (clock, lines) = &mut *strangers;
        let now = clock.now();
        if let Some(count) = lines.admit(now) {
            let path: String = path.chars().take(64).collect();
            tracing::warn!(
                target: "audit",
                "{path:?} was asked for without the token from {from} ({count} since the last line)"
            );
        }
    }
}

fn append(path: &Path, line: &str) -> std::io::Result<()> {
    if std::fs::metadata(path).is_ok_and(|file| file.len() >= FILE_MAX_BYTES) {
        std::fs::rename(path, path.with_extension("log.1"))?;
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // In one write, so that servers that share the folder do not cut each other's lines.
    let mut file = open_for_owner(path)?;
    file.write_all(line.as_bytes())
}

fn open_for_owner(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_file_makes_room_once() {
        let folder = std::env::temp_dir().join(format!("tinyrealm-audit-{}", std::process::id()));
        let path = folder.join(FILE_NAME);
        append(&path, "first\n").unwrap();
        append(&path, "second\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "first\nsecond\n");
        std::fs::File::options().write(true).open(&path).unwrap().set_len(FILE_MAX_BYTES).unwrap();
        append(&path, "third\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "third\n");
        let former = std::fs::metadata(folder.join("audit.log.1")).unwrap();
        assert_eq!(former.len(), FILE_MAX_BYTES);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
