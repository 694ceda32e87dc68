//! `Directory`: what tells Mains of each other, and the key by which they know guests.

use std::path::{Path, PathBuf};

use super::nats::Nats;
use crate::support::{Cables, ScratchFile};

fn program() -> PathBuf {
    std::env::var_os("TINYREALM_NATS").expect("cargo xtask cluster says where NATS is").into()
}

/// See the [module](self).
pub(crate) struct Directory {
    pub(crate) nats: Nats,
    secret: ScratchFile,
}

impl Directory {
    #[track_caller]
    pub(crate) fn start(name: &str, servers: usize) -> Self {
        Self::of(name, Nats::start(&program(), &folder(name), servers))
    }

    /// The same, behind cables.
    #[track_caller]
    pub(crate) fn start_behind(cables: &Cables, name: &str, servers: usize) -> Self {
        Self::of(name, Nats::start_behind(cables, &program(), &folder(name), servers))
    }

    #[track_caller]
    fn of(name: &str, nats: Result<Nats, String>) -> Self {
        Self { nats: nats.unwrap(), secret: ScratchFile::new(&format!("{name}.secret")) }
    }

    /// What each Main is told of it.
    pub(crate) fn settings(&self) -> Vec<String> {
        vec![
            format!("directory.servers={}", self.nats.addresses().join(",")),
            format!("main.secret_file={}", self.secret.path()),
            "main.registry_settle_ms=0".to_owned(),
        ]
    }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("nats-{name}"))
}
