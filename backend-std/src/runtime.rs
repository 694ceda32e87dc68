//! The runtime that a node's driver runs on, and the thread under it.
//!
//! ```
//! let answer = tinyrealm_std::runtime::current_thread().unwrap().block_on(async { 6 * 7 });
//! assert_eq!(answer, 42);
//! ```

use std::io;

use tokio::runtime::{Builder, Runtime};

/// A current-thread runtime with sockets and timers.
///
/// # Errors
/// What the operating system says.
pub fn current_thread() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_io().enable_time().build()
}
