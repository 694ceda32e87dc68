//! The relay: Main passes on to worlds what pages say that may not reach them by themselves.
//!
//! Purpose: a page that came by `https:` may open no `ws:`, and a board has no certificate. So whoever asks Main by TLS for
//! `/world/HOST:PORT` is connected with the world that is registered at that address, and seals its link through Main
//! as it would without it. Main reads nothing of it.
//!
//! Contract: the address is looked up, and dialed as the world has registered it; a world is reached so if it seals its clients and its
//! address is not by TLS. What is passed on begins with `SecureClient`, and is binary messages and control frames.
//! Nothing of it is on the node's thread, and no request makes a node wait: what is registered is what the node has published last.
//!
//! Bounds: `main.relay`: so many connections, of an address, and bytes a second of each; two [buffers](way) a
//! connection; `net.greeting_timeout_ms` from the connection to the world's answer, `net.idle_timeout_ms` for silence and
//! for an end that takes nothing, `net.drain_timeout_ms` for last words. [`REFUSALS_MAX`] are told at once why they have no place.

mod figures;
mod passage;
mod reason;
mod request;
mod terms;
mod way;

use std::sync::Arc;
use std::thread::JoinHandle;

use tinyrealm_core::config::NetConfig;
use tinyrealm_std::driver::HandedOver;
use tinyrealm_std::proxies::TrustedProxies;
use tinyrealm_std::runtime;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::RelaySettings;
use crate::shares::Shares;
pub(crate) use figures::{RelayFigures, RelayReport};
use reason::Refused;
pub(crate) use request::PATH;
use terms::Terms;
pub(crate) use terms::{FindWorld, Found};

/// Who are told at once that there are too many; whoever comes then is closed.
const REFUSALS_MAX: usize = 64;

/// See the [module](self).
pub(crate) struct Relay {
    terms: Arc<Terms>,
    places: Arc<Shares>,
    refusals: Arc<Semaphore>,
}

impl Relay {
    pub(crate) fn new(
        settings: &RelaySettings,
        net: &NetConfig,
        trusted: TrustedProxies,
        find: FindWorld,
        shutdown: CancellationToken,
    ) -> Self {
        let terms = Terms::new(settings.bytes_per_second, net, trusted, find, shutdown);
        Self {
            terms: Arc::new(terms),
            places: Shares::new(settings.connections, settings.connections_per_address),
            refusals: Arc::new(Semaphore::new(REFUSALS_MAX)),
        }
    }

    /// What it counts, for whoever reports it.
    pub(crate) fn figures(&self) -> RelayFigures {
        self.terms.figures.clone()
    }

    /// Serves those who are handed over on a thread of its own, until the shutdown.
    ///
    /// # Errors
    /// If the system gives it no thread.
    pub(crate) fn spawn(
        self,
        handed_over: mpsc::Receiver<HandedOver>,
        changes: mpsc::UnboundedReceiver<NetConfig>,
    ) -> std::io::Result<JoinHandle<()>> {
        let runtime = runtime::current_thread()?;
        let builder = std::thread::Builder::new().name("relay".to_owned());
        builder.spawn(move || runtime.block_on(self.serve(handed_over, changes)))
    }

    async fn serve(
        self,
        mut handed_over: mpsc::Receiver<HandedOver>,
        mut changes: mpsc::UnboundedReceiver<NetConfig>,
    ) {
        let mut passages = JoinSet::new();
        loop {
            tokio::select! {
                () = self.terms.shutdown.cancelled() => break,
                next = handed_over.recv() => match next {
                    Some(next) => self.take(next, &mut passages),
                    None => break,
                },
                Some(net) = changes.recv() => self.terms.set_limits(&net),
                _ = passages.join_next(), if !passages.is_empty() => {}
            }
        }
        // Each of them says goodbye.
        while passages.join_next().await.is_some() {}
    }

    fn take(&self, next: HandedOver, passages: &mut JoinSet<()>) {
        let terms = Arc::clone(&self.terms);
        if let Some(place) = self.places.take(next.client) {
            passages.spawn(async move {
                let _here = (place, terms.figures.enter());
                passage::pass(&terms, next).await;
            });
        } else if let Ok(permit) = Arc::clone(&self.refusals).try_acquire_owned() {
            passages.spawn(async move {
                passage::refuse(&terms, next.stream, Refused::Full).await;
                drop(permit);
            });
        }
    }
}
