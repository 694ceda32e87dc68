//! What a node tells about itself: for the status line, at SIGUSR1, and as its last words.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use serde::Serialize;
use tinyrealm_core::config::NetConfig;
use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::Node;
use tinyrealm_core::stats::NetStats;
use tinyrealm_std::{Control, NextStep};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Interval;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::link_limits::LinkLimits;
use crate::operating::{Counter, Desk, Operated};
use crate::process::ReportSignal;
use crate::say::say;

const PUBLISH_INTERVAL: Duration = Duration::from_millis(200);

/// The newest report of a node, shared with whoever shows it, and the way to ask that node.
#[derive(Clone, Debug)]
pub(crate) struct Shared<T> {
    newest: Arc<Mutex<Published<T>>>,
    desk: Desk,
}

#[derive(Debug)]
struct Published<T> {
    report: T,
    at: Instant,
    has_ended: bool,
}

impl<T: Default> Default for Shared<T> {
    fn default() -> Self {
        let (report, at) = (T::default(), Instant::now());
        let published = Published { report, at, has_ended: false };
        Self { newest: Arc::new(Mutex::new(published)), desk: Desk::default() }
    }
}

impl<T: Clone> Shared<T> {
    /// The newest report.
    pub(crate) fn read(&self) -> T {
        self.published().report.clone()
    }

    pub(crate) fn publish(&self, report: T) {
        *self.published() = Published { report, at: Instant::now(), has_ended: false };
    }

    /// The node's last report: it is silent from here on, and that is no failure.
    pub(crate) fn end(&self, report: T) {
        *self.published() = Published { report, at: Instant::now(), has_ended: true };
    }
}

impl<T> Shared<T> {
    /// Where the node is asked for what it does not publish.
    pub(crate) const fn desk(&self) -> &Desk {
        &self.desk
    }

    fn published(&self) -> MutexGuard<'_, Published<T>> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As if the node had said nothing for so long.
    #[cfg(test)]
    pub(crate) fn age(&self, silence: Duration) {
        self.published().at -= silence;
    }

    /// How long the node has said nothing: its thread does, five times a second, whenever it turns.
    pub(crate) fn silence(&self) -> Duration {
        let published = self.published();
        if published.has_ended { Duration::ZERO } else { published.at.elapsed() }
    }
}

/// The sessions' part of every report.
#[derive(Copy, Clone, Debug, Default, Serialize)]
pub(crate) struct NetReport {
    pub(crate) sessions: usize,
    pub(crate) accepted: u32,
    pub(crate) refused_full: u32,
    pub(crate) refused_address: u32,
    /// Connections of addresses that open too many a second.
    pub(crate) refused_often: u32,
    /// Strangers who had to give way to others.
    pub(crate) crowded_out: u32,
    pub(crate) web_sockets: u32,
    pub(crate) handshakes_refused: u32,
    pub(crate) frames_received: u64,
    pub(crate) bytes_received: u64,
    pub(crate) bytes_sent: u64,
    pub(crate) violations: u32,
    pub(crate) floods: u32,
    pub(crate) silent: u32,
    pub(crate) overflows: u32,
    pub(crate) unknown_opcodes: u32,
    pub(crate) closed: u32,
    pub(crate) buffers_in_use: u16,
}

impl NetReport {
    pub(crate) const fn new(stats: &NetStats, sessions: usize, buffers_in_use: u16) -> Self {
        Self {
            sessions,
            accepted: stats.accepted,
            refused_full: stats.refused_full,
            refused_address: stats.refused_address,
            refused_often: stats.refused_often,
            crowded_out: stats.crowded_out,
            web_sockets: stats.web_sockets,
            handshakes_refused: stats.handshakes_refused,
            frames_received: stats.frames_received,
            bytes_received: stats.bytes_received,
            bytes_sent: stats.bytes_sent,
            violations: stats.violations,
            floods: stats.floods,
            silent: stats.silent,
            overflows: stats.overflows,
            unknown_opcodes: stats.unknown_opcodes,
            closed: stats.closed,
            buffers_in_use,
        }
    }
}

/// Prints the report of a server, as it does when it ends.
///
/// # Errors
/// If a report is no JSON, which none is.
pub(crate) fn print(server: &str, report: &impl Serialize) -> anyhow::Result<()> {
    say!("{server} report {}", serde_json::to_string(report)?);
    Ok(())
}

/// Ends a node at a signal, publishes its report every now and then, prints it when asked to, and has the node answer
/// whoever runs it.
pub(crate) struct ServerControl<T, M> {
    server: String,
    asked: ReportSignal,
    shutdown: Pin<Box<WaitForCancellationFutureOwned>>,
    interval: Interval,
    shared: Shared<T>,
    counter: Option<Counter>,
    limits: UnboundedReceiver<NetConfig>,
    /// Makes the report of a node.
    make: M,
}

impl<T, M> ServerControl<T, M> {
    /// Call it inside of a runtime.
    pub(crate) fn new(
        server: &str,
        asked: ReportSignal,
        shutdown: CancellationToken,
        shared: Shared<T>,
        limits: &LinkLimits,
        make: M,
    ) -> Self {
        let interval = tokio::time::interval(PUBLISH_INTERVAL);
        let shutdown = Box::pin(shutdown.cancelled_owned());
        let (server, counter) = (server.to_owned(), shared.desk().counter());
        let limits = limits.listen();
        Self { server, asked, shutdown, interval, shared, counter, limits, make }
    }
}

impl<'a, R: Operated<'a>, T: Clone + Serialize, M: FnMut(&Node<'a, R>) -> T> Control<'a, R>
    for ServerControl<T, M>
{
    fn poll_control(
        &mut self,
        cx: &mut Context<'_>,
        turn: &mut Turn<'_>,
        node: &mut Node<'a, R>,
    ) -> NextStep {
        if let Some(counter) = &mut self.counter {
            counter.serve(cx, turn, node);
        }
        while let Poll::Ready(Some(limits)) = self.limits.poll_recv(cx) {
            node.set_limits(&limits);
        }
        while self.interval.poll_tick(cx).is_ready() {
            self.shared.publish((self.make)(node));
        }
        while self.asked.poll(cx).is_ready() {
            if let Err(failure) = print(&self.server, &(self.make)(node)) {
                tracing::warn!("no report: {failure:#}");
            }
        }
        if self.shutdown.as_mut().poll(cx).is_ready() {
            return NextStep::ShutDown;
        }
        NextStep::Continue
    }
}
