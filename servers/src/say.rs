//! What a process says on its standard output.
//!
//! Contract: a server goes on when nobody reads it, because what read it has ended or its disk is full: [`say!`]. What
//! a command was asked for is its work, and an error if it can't be written: [`hand_out!`]. A reader that has
//! enough, like `head`, is none: the command ends in good order.

use std::fmt::{Arguments, Display, Formatter};
use std::io::{ErrorKind, Write};

/// A line of a server's, which nobody has to read.
macro_rules! say {
    ($($text:tt)*) => { $crate::say::line(format_args!($($text)*)) };
}

/// A line of what the command was asked for.
macro_rules! hand_out {
    ($($text:tt)*) => { $crate::say::text(format_args!("{}\n", format_args!($($text)*))) };
}

pub(crate) use {hand_out, say};

pub(crate) fn line(line: Arguments<'_>) {
    // Whoever serves others is not ended by a reader that has gone.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Part of what the command was asked for.
///
/// # Errors
/// It can't be written; [`HadEnough`], if nobody reads any more.
pub(crate) fn text(text: Arguments<'_>) -> anyhow::Result<()> {
    let mut output = std::io::stdout().lock();
    written(output.write_fmt(text).and_then(|()| output.flush()))
}

fn written(outcome: std::io::Result<()>) -> anyhow::Result<()> {
    outcome.map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => HadEnough.into(),
        _ => anyhow::Error::new(error).context("can't write to the standard output"),
    })
}

/// Whoever read the standard output has ended.
#[derive(Debug)]
pub(crate) struct HadEnough;

impl Display for HadEnough {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("nobody reads the standard output any more")
    }
}

impl std::error::Error for HadEnough {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_has_enough_is_no_failure_and_a_full_disk_is_one() {
        assert!(written(Ok(())).is_ok());
        assert!(written(Err(ErrorKind::BrokenPipe.into())).unwrap_err().is::<HadEnough>());
        let full = written(Err(ErrorKind::StorageFull.into())).unwrap_err();
        assert!(!full.is::<HadEnough>());
        assert_eq!(full.to_string(), "can't write to the standard output");
    }
}
