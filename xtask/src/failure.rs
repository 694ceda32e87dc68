//! `Failure`: what a command has to say when it does not hold, or was called wrongly.

use std::fmt::{Display, Formatter};
use std::process::ExitCode;

/// The exit code of who was called wrongly.
pub(crate) const MISUSED: u8 = 2;

/// See the [module](self).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Failure {
    text: String,
    exit_code: u8,
}

impl Failure {
    /// It was called wrongly; `text` says how it is to be called.
    pub(crate) fn misused(text: impl Into<String>) -> Self {
        Self { text: text.into(), exit_code: MISUSED }
    }

    /// What the process ends with.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.exit_code)
    }
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Self { text, exit_code: 1 }
    }
}

impl From<&str> for Failure {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text.trim_end())
    }
}
