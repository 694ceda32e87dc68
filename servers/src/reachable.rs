//! `Reachable`: whether the directory can be reached, as its thread found last and a server tells.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// See the [module](self). Without a directory nothing is wrong.
#[derive(Clone, Debug)]
pub(crate) struct Reachable(Arc<AtomicBool>);

impl Default for Reachable {
    fn default() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }
}

impl Reachable {
    pub(crate) fn is_so(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Answers what it was before.
    #[cfg(feature = "cluster")]
    pub(crate) fn set(&self, is_so: bool) -> bool {
        self.0.swap(is_so, Ordering::Relaxed)
    }
}
