//! `Watch`: ends a process that other servers refuse again and again for what no attempt changes, if that is configured.
//!
//! Contract: without `cluster.exit_when_hopeless` a server goes on trying, and `/readyz` says who refuses it, and why. With it, it
//! ends with [`EXIT_CODE`] behind five refusals in a row by a server that it can't do without: its Login, its chat
//! server, or every Main of a world.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tinyrealm_std::runtime;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::http::figures::Figures;

/// How a process ends whose attempts are hopeless.
const EXIT_CODE: u8 = 3;
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// Looks at the figures of a process until its end.
pub(crate) struct Watch {
    has_given_up: Arc<AtomicBool>,
}

impl Watch {
    /// Begins, if that is configured.
    ///
    /// # Errors
    /// If there is no thread to be had.
    pub(crate) fn start(
        config: &Config,
        figures: Figures,
        shutdown: CancellationToken,
    ) -> anyhow::Result<Self> {
        let has_given_up = Arc::new(AtomicBool::new(false));
        if config.cluster.exit_when_hopeless {
            let (flag, runtime) = (Arc::clone(&has_given_up), runtime::current_thread()?);
            let thread = std::thread::Builder::new().name("hopeless".to_owned());
            thread.spawn(move || runtime.block_on(look(&flag, &figures, &shutdown)))?;
        }
        Ok(Self { has_given_up })
    }

    /// How the process ends.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self.has_given_up.load(Ordering::Acquire) {
            true => ExitCode::from(EXIT_CODE),
            false => ExitCode::SUCCESS,
        }
    }
}

async fn look(has_given_up: &AtomicBool, figures: &Figures, shutdown: &CancellationToken) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
        }
        if let Some(refused) = figures.hopeless() {
            tracing::error!("giving up: {}", refused.line());
            has_given_up.store(true, Ordering::Release);
            shutdown.cancel();
        }
    }
}
