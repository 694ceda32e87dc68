//! `LinkLimits`: the times and limits of links, told to those who run when they change.
//!
//! Contract: whoever listens hears the newest, also if that was told before it began to.

use std::sync::{Arc, Mutex, PoisonError};

use tinyrealm_core::config::NetConfig;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// See the [module](self).
#[derive(Clone, Debug, Default)]
pub(crate) struct LinkLimits(Arc<Mutex<Told>>);

#[derive(Debug, Default)]
struct Told {
    newest: Option<NetConfig>,
    listeners: Vec<UnboundedSender<NetConfig>>,
}

impl LinkLimits {
    /// Where one hears of them.
    pub(crate) fn listen(&self) -> UnboundedReceiver<NetConfig> {
        let (listener, heard) = unbounded_channel();
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The other end is here.
        let _ = told.newest.map(|newest| listener.send(newest));
        told.listeners.push(listener);
        heard
    }

    /// These count from now on.
    pub(crate) fn tell(&self, limits: NetConfig) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.newest = Some(limits);
        told.listeners.retain(|listener| listener.send(limits).is_ok());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_listens_hears_the_newest_once() {
        let limits = LinkLimits::default();
        let of = |idle_timeout_ms| NetConfig { idle_timeout_ms, ..NetConfig::SERVER };
        let mut early = limits.clone().listen();
        assert!(early.try_recv().is_err());
        limits.tell(of(1));
        limits.tell(of(2));
        let mut late = limits.listen();
        assert_eq!(
            [early.try_recv(), early.try_recv(), late.try_recv()],
            [Ok(of(1)), Ok(of(2)), Ok(of(2))]
        );
        drop(early);
        limits.tell(of(3));
        assert_eq!(late.try_recv(), Ok(of(3)));
        assert!(late.try_recv().is_err());
    }
}
