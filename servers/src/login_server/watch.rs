//! `Watch`: a login server's eye on its store, on a thread of its own.
//!
//! It sweeps away throw-away accounts whose runs were killed.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::accounts::{self, AccountStore};
use crate::config::LoginSettings;

const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

/// The thread, which ends with it; see the [module](self).
pub(super) struct Watch {
    thread: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Watch {
    /// # Errors
    /// If the store can't be opened.
    pub(super) fn start(settings: &LoginSettings) -> anyhow::Result<Self> {
        let mut store = accounts::open(settings)?;
        let (sender, receiver) = channel();
        let watch = move || {
            while receiver.recv_timeout(SWEEP_INTERVAL) == Err(RecvTimeoutError::Timeout) {
                sweep(store.as_mut());
            }
        };
        let thread = std::thread::Builder::new().name("watch".to_owned()).spawn(watch)?;
        Ok(Self { thread: Some((sender, thread)) })
    }
}

fn sweep(store: &mut dyn AccountStore) {
    match store.sweep(accounts::now()) {
        Ok(0) => {}
        Ok(count) => tracing::info!("removed {count} throw-away accounts whose time is over"),
        Err(error) => tracing::warn!("throw-away accounts are left: {error}"),
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.thread.take() {
            drop(sender);
            if thread.join().is_err() {
                tracing::error!("the thread that watches the accounts has panicked");
            }
        }
    }
}
