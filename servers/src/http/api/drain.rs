//! `Drain`: a server that takes nobody new, and ends when the last one has gone, or at its deadline.
//!
//! Contract: a drain begins once and is not taken back; asked again, it has another deadline. What ends it is the same
//! shutdown that a signal is, with the same last words.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::super::figures::Figures;
use crate::operating::{Desk, Question, Refused};
use crate::report::Shared;

/// How often it is looked whether somebody is left.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// So old may be what servers publish; whoever was on the way in is counted by then.
const SETTLE: Duration = Duration::from_secs(1);

/// See the [module](self).
pub(super) struct Drain {
    figures: Figures,
    shutdown: CancellationToken,
    begun: Mutex<Option<Begun>>,
}

/// Since when, and by when.
#[derive(Copy, Clone)]
struct Begun {
    at: Instant,
    deadline: Option<Instant>,
}

impl Drain {
    pub(super) fn new(figures: Figures, shutdown: CancellationToken) -> Self {
        Self { figures, shutdown, begun: Mutex::new(None) }
    }

    pub(super) fn has_begun(&self) -> bool {
        self.begun().is_some()
    }

    fn begun(&self) -> Option<Begun> {
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes nobody new from here on, and ends by then, or when nobody is left.
    ///
    /// # Errors
    /// A node has not been told; it is asked again by asking again.
    pub(super) async fn begin(
        self: &Arc<Self>,
        within_seconds: Option<u32>,
    ) -> Result<(), Refused> {
        for desk in self.desks() {
            desk.ask(Question::StopTaking).await?;
        }
        let now = Instant::now();
        let deadline = within_seconds.map(|seconds| now + Duration::from_secs(seconds.into()));
        let before = {
            let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
            let at = begun.map_or(now, |begun| begun.at);
            begun.replace(Begun { at, deadline })
        };
        if before.is_none() {
            tracing::info!("draining: nobody new is taken");
            let drain = Arc::clone(self);
            tokio::spawn(async move { drain.end_in_time().await });
        }
        Ok(())
    }

    fn desks(&self) -> Vec<Desk> {
        let Figures { main, login, chat, worlds, .. } = &self.figures;
        let desks = main.iter().map(Shared::desk).chain(login.iter().map(Shared::desk));
        let desks = desks.chain(chat.iter().map(Shared::desk));
        desks.chain(worlds.iter().map(|world| world.report.desk())).cloned().collect()
    }

    async fn end_in_time(&self) {
        while let Some(Begun { at, deadline }) = self.begun() {
            let is_empty = at.elapsed() >= SETTLE && self.figures.are_empty();
            if is_empty || deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                let why = if is_empty { "nobody is left" } else { "the time is over" };
                tracing::info!("drained: {why}");
                self.shutdown.cancel();
                return;
            }
            sleep(LOOK_INTERVAL).await;
        }
    }
}
