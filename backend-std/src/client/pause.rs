//! What is no end of a blocking read or write.

use std::io;

/// Whether a read or write was only interrupted, or has waited as long as it may.
pub(super) fn is_pause(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), Interrupted | TimedOut | WouldBlock)
}
