//! When a swarm ends, and how it does meanwhile.

use std::pin::Pin;
use std::task;
use std::time::Duration;

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::Node;
use tinyrealm_std::{Control, NextStep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::outcome::Outcome;
use super::report::{BotsReport, Phase};
use super::swarm::Swarm;
use crate::process::ReportSignal;
use crate::report::{self, Shared};

/// Ends a swarm when its plan is done, or at a signal, publishes how it does, and prints that when it is asked.
pub(crate) struct SwarmControl {
    shutdown: Pin<Box<WaitForCancellationFutureOwned>>,
    interval: tokio::time::Interval,
    shared: Shared<BotsReport>,
    asked: ReportSignal,
}

impl SwarmControl {
    /// Call it inside of a runtime.
    pub(crate) fn new(shutdown: CancellationToken, shared: Shared<BotsReport>) -> Self {
        let interval = tokio::time::interval(Duration::from_millis(500));
        let asked = ReportSignal::listen();
        Self { shutdown: Box::pin(shutdown.cancelled_owned()), interval, shared, asked }
    }
}

impl<'a> Control<'a, Swarm> for SwarmControl {
    fn poll_control(
        &mut self,
        cx: &mut task::Context<'_>,
        turn: &mut Turn<'_>,
        node: &mut Node<'a, Swarm>,
    ) -> NextStep {
        while self.interval.poll_tick(cx).is_ready() {
            self.shared.publish(node.act(turn, |swarm, _| swarm.report()));
        }
        while self.asked.poll(cx).is_ready() {
            let so_far = node.act(turn, |swarm, _| Outcome::so_far(swarm));
            if let Err(failure) = report::print("bots", &so_far) {
                tracing::warn!("no report: {failure:#}");
            }
        }
        if self.shutdown.as_mut().poll(cx).is_ready() {
            node.act(turn, Swarm::wind_up);
        }
        if node.role().phase() == Phase::Done && node.sessions().is_empty() {
            return NextStep::ShutDown;
        }
        NextStep::Continue
    }
}
