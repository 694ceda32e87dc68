//! What the end-to-end tests share.
//!
//! Purpose: [`process`] runs the binary and ends it with its test, [`realm`] puts servers together,
//! [`bots`] runs the load tool, [`cable`] is what leads to a server and can be cut, [`channel`] is what clients do in channels, [`den`] is a room that moves, [`peer`] is a client that
//! speaks bytes, over TCP or as a WebSocket ([`web`]), [`hostile`] and
//! [`web_hostile`] are those who break the rules, [`login`] is a realm with accounts, [`operator`] asks at a server's own listener, [`proxied`] are clients behind a proxy, [`proxy`] spoils frames between a world and
//! its clients, [`recorder`] writes a capture of what passes, [`relay`] meddles with a link, [`report`] reads what servers say last,
//! [`secrets`] is what servers prove themselves with, [`whole_realm`] is every server and bots with accounts.
//!
//! Contract: everything is on loopback and on free ports. Whatever is waited for comes within
//! [`PATIENCE`], or the test fails and shows what every process has said.
#![allow(dead_code, unused_imports, reason = "every test binary uses its own part of this")]

pub(crate) mod bots;
pub(crate) mod cable;
pub(crate) mod channel;
pub(crate) mod den;
pub(crate) mod hostile;
pub(crate) mod login;
pub(crate) mod operator;
pub(crate) mod peer;
pub(crate) mod ports;
pub(crate) mod process;
pub(crate) mod proxied;
pub(crate) mod proxy;
pub(crate) mod realm;
pub(crate) mod recorder;
pub(crate) mod relay;
pub(crate) mod report;
pub(crate) mod secrets;
pub(crate) mod web;
pub(crate) mod web_hostile;
pub(crate) mod whole_realm;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

pub(crate) use bots::{BotOutcome, Bots};
pub(crate) use cable::{Cable, Cables};
pub(crate) use peer::{Heard, Pass, Peer, User};
pub(crate) use process::{CLUSTER_SECRET, Finished, Process, Signal, Stream};
pub(crate) use proxy::{Fault, Proxy};
pub(crate) use realm::{Realm, Server};
pub(crate) use report::Report;

/// How long anything may take that is to happen at once: far more than a busy machine needs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

static SCRATCH_NAMES: AtomicU32 = AtomicU32::new(0);

/// A path that nobody else is given; it ends with this name.
pub(crate) fn scratch_path(name: &str) -> String {
    let number = SCRATCH_NAMES.fetch_add(1, Ordering::Relaxed);
    format!("{}/{}-{number}-{name}", env!("CARGO_TARGET_TMPDIR"), std::process::id())
}

/// A file of this test process, deleted with its guard.
pub(crate) struct ScratchFile {
    path: std::path::PathBuf,
}

impl ScratchFile {
    /// A name that nobody else uses; there is no file yet.
    pub(crate) fn new(name: &str) -> Self {
        Self { path: scratch_path(name).into() }
    }

    /// A file that somebody else makes.
    pub(crate) fn at(path: &str) -> Self {
        Self { path: path.into() }
    }

    /// [`ScratchFile::new`], with this content, which nobody else may read.
    pub(crate) fn with(name: &str, text: &str) -> Self {
        let file = Self::new(name);
        std::fs::write(&file.path, text).unwrap();
        file.set_mode(0o600);
        file
    }

    pub(crate) fn set_mode(&self, mode: u32) {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(&self.path, mode).unwrap();
    }

    pub(crate) fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }
}

impl Drop for ScratchFile {
    fn drop(&mut self) {
        // It may never have been made. Whoever was started behind it, and writes into it, has ended.
        let _ = match self.path.is_dir() {
            true => std::fs::remove_dir_all(&self.path),
            false => std::fs::remove_file(&self.path),
        };
    }
}
