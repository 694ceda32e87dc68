//! The operating system's monotonic clock as the core's [`Instant`].
//!
//! ```
//! let clock = tinyrealm_std::Clock::start();
//! let first = clock.now();
//! assert!(clock.now() >= first);
//! ```

use tinyrealm_core::time::Instant;

/// A monotonic clock that begins at zero.
#[derive(Copy, Clone, Debug)]
pub struct Clock {
    started: std::time::Instant,
}

impl Clock {
    /// A clock that begins now.
    pub fn start() -> Self {
        Self { started: std::time::Instant::now() }
    }

    /// The time since its start.
    pub fn now(&self) -> Instant {
        let elapsed = self.started.elapsed();
        Instant::from_micros(u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX))
    }

    /// A point of this clock as tokio's.
    #[cfg(feature = "driver")]
    pub fn to_tokio(self, at: Instant) -> tokio::time::Instant {
        (self.started + std::time::Duration::from_micros(at.micros())).into()
    }
}
