//! Replacing a file at once.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context;

/// As a whole, for whoever reads it meanwhile.
pub(super) fn replace_file(path: &Path, text: &str) -> anyhow::Result<()> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let write = || {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let aside = path.with_extension(format!("new-{}-{number}", std::process::id()));
        std::fs::write(&aside, text)?;
        std::fs::rename(aside, path)
    };
    write().with_context(|| format!("can't write {}", path.display()))
}
