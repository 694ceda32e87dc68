//! `Drain`: a server that takes nobody new, and ends when the last one has gone, or at its deadline.
//!
//! Contract: asked again, a drain has another deadline; until it is over, it is taken back by [`Drain::cancel`]. A process of
//! worlds alone, all of which drain because a Main has said so, ends with the last of their users as well. What ends it
//! is the same shutdown that a signal is, with the same last words.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    /// What was asked of this process.
    asked: Mutex<Option<Begun>>,
}

/// Since when, and by when.
#[derive(Copy, Clone, Debug)]
struct Begun {
    at: Instant,
    deadline: Option<Instant>,
}

impl Drain {
    pub(super) fn new(figures: Figures, shutdown: CancellationToken) -> Self {
        Self { figures, shutdown, asked: Mutex::new(None) }
    }

    pub(super) fn has_begun(&self) -> bool {
        self.asked().is_some()
    }

    fn asked(&self) -> MutexGuard<'_, Option<Begun>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes nobody new from here on, and ends by then, or when nobody is left.
    ///
    /// # Errors
    /// A node has not been told; it is asked again by asking again.
    pub(super) async fn begin(&self, within_seconds: Option<u32>) -> Result<(), Refused> {
        self.tell_nodes(true).await?;
        let now = Instant::now();
        let deadline = within_seconds.map(|seconds| now + Duration::from_secs(seconds.into()));
        let at = self.asked().map_or(now, |begun| begun.at);
        if self.asked().replace(Begun { at, deadline }).is_none() {
            tracing::info!("draining: nobody new is taken");
        }
        Ok(())
    }

    /// Takes newcomers again.
    ///
    /// # Errors
    /// A node has not been told; it is asked again by asking again.
    pub(super) async fn cancel(&self) -> Result<(), Refused> {
        // Nothing ends while nodes are told one after the other.
        let was_asked = self.asked().take().is_some();
        self.tell_nodes(false).await?;
        if was_asked {
            tracing::info!("not draining any more: newcomers are taken");
        }
        Ok(())
    }

    async fn tell_nodes(&self, takes_nobody: bool) -> Result<(), Refused> {
        for desk in self.desks() {
            desk.ask(Question::TakeNobody(takes_nobody)).await?;
        }
        Ok(())
    }

    fn desks(&self) -> Vec<Desk> {
        let Figures { main, login, chat, worlds, .. } = &self.figures;
        let desks = main.iter().map(Shared::desk).chain(login.iter().map(Shared::desk));
        let desks = desks.chain(chat.iter().map(Shared::desk));
        desks.chain(worlds.iter().map(|world| world.report.desk())).cloned().collect()
    }

    /// Ends the process when what it drains for is over.
    pub(super) async fn watch(self: Arc<Self>) {
        let mut by_main = None;
        loop {
            sleep(LOOK_INTERVAL).await;
            by_main = by_main.filter(|_| self.drains_for_main());
            if by_main.is_none() && self.drains_for_main() {
                by_main = Some(Begun { at: Instant::now(), deadline: None });
            }
            let asked = *self.asked();
            if let Some(why) = asked.or(by_main).and_then(|begun| self.over(begun)) {
                tracing::info!("drained: {why}");
                self.shutdown.cancel();
                return;
            }
        }
    }

    /// Whether there is nothing here but worlds that take nobody new.
    fn drains_for_main(&self) -> bool {
        let Figures { main, login, chat, worlds, .. } = &self.figures;
        let has_others = main.is_some() || login.is_some() || chat.is_some();
        let all_drain = worlds.iter().all(|world| world.report.read().draining);
        !has_others && !worlds.is_empty() && all_drain
    }

    /// Why a drain is over, if it is.
    fn over(&self, Begun { at, deadline }: Begun) -> Option<&'static str> {
        if at.elapsed() >= SETTLE && self.figures.are_empty() {
            return Some("nobody is left");
        }
        deadline.filter(|deadline| *deadline <= Instant::now()).map(|_| "the time is over")
    }
}
