//! A unit's file: read, and told what is wrong with it.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, anyhow};

use crate::board::unit::Problem;
use crate::secret;

/// Its text.
///
/// # Errors
/// It can't be read, or others than its owner can: it has keys.
pub(super) fn read(path: &Path) -> anyhow::Result<String> {
    let bytes = secret::read(path, "the unit's settings")?;
    String::from_utf8(bytes).with_context(|| format!("{} is not text", path.display()))
}

/// All that is wrong with it, each with its line.
pub(super) fn told(path: &Path, problems: &[Problem]) -> anyhow::Error {
    let mut text = String::new();
    for Problem { line, text: problem } in problems {
        let separator = if text.is_empty() { "" } else { "\n" };
        // A string takes whatever is written.
        let _ = write!(text, "{separator}{}:{line}: {problem}", path.display());
    }
    anyhow!(text)
}
