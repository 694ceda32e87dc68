//! Passwords from people: never an argument, never an echo.

use std::io::{BufRead, IsTerminal};
use std::path::Path;

use anyhow::{Context, bail, ensure};

use crate::secret;

/// The password of an account that there is: asked for on a terminal, else a line of standard input.
///
/// # Errors
/// If there is none.
pub(crate) fn ask(prompt: &str) -> anyhow::Result<String> {
    if std::io::stdin().is_terminal() {
        let password = rpassword::prompt_password(prompt).context("can't read the password")?;
        ensure!(!password.is_empty(), "no password");
        return Ok(password);
    }
    first_line(std::io::stdin().lock()).context("no password on standard input")
}

/// A new password: on a terminal it is asked for twice.
///
/// # Errors
/// If there is none, or the two are not the same.
pub(crate) fn ask_for_new(prompt: &str) -> anyhow::Result<String> {
    let password = ask(prompt)?;
    if std::io::stdin().is_terminal() {
        let again = ask("again: ")?;
        ensure!(password == again, "these are two different passwords");
    }
    Ok(password)
}

/// The first line of a file, which is called `what`.
///
/// # Errors
/// If it can't be read, others can read it, or it is empty.
pub(crate) fn from_file(path: &Path, what: &str) -> anyhow::Result<String> {
    let bytes = secret::read(path, what)?;
    first_line(&bytes[..]).with_context(|| format!("{what} {}", path.display()))
}

fn first_line(mut input: impl BufRead) -> anyhow::Result<String> {
    let mut line = String::new();
    input.read_line(&mut line)?;
    let password = line.strip_suffix('\n').unwrap_or(&line);
    let password = password.strip_suffix('\r').unwrap_or(password);
    if password.is_empty() {
        bail!("it is empty");
    }
    Ok(password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_password_without_its_end() {
        for text in ["pass word", "pass word\n", "pass word\r\n", "pass word\nmore"] {
            assert_eq!(first_line(text.as_bytes()).unwrap(), "pass word");
        }
        assert!(first_line(&b""[..]).is_err());
        assert!(first_line(&b"\n"[..]).is_err());
    }
}
