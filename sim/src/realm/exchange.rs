//! The rolling exchange of the cluster's secret, one server after the other, while everybody plays.
//!
//! Invariants: no server is refused by another one whose key counts. Whoever has the former secret alone is
//! refused by each server that has given it up (`realm::impostors`).

use super::{Phase, Realm};
use crate::broken::{Broken, ensure};
use crate::ids::{ConnectionId, HostId};
use crate::profile::FaultKind;
use crate::secrets::Stage;
use crate::timeline::Happening;
use crate::trace::What;

/// The time between two steps.
const STEP_US: (u64, u64) = (20_000, 250_000);
/// How long a server takes to start again that was closed for its new secrets.
pub(super) const EXCHANGED_US: (u64, u64) = (10_000, 150_000);

impl Realm<'_> {
    pub(super) fn begin_exchange(&mut self) {
        if self.tuning.exchanges_secrets {
            self.timeline.plan_after(STEP_US, Happening::Exchanges);
        }
    }

    /// One more server is given its next secrets, and started anew.
    pub(super) fn exchange(&mut self) {
        let stage = if self.secrets.all_hold(Stage::Both) { Stage::Newest } else { Stage::Both };
        let is_over = self.secrets.all_hold(Stage::Newest);
        if self.phase != Phase::Busy || is_over {
            return;
        }
        self.timeline.plan_after(STEP_US, Happening::Exchanges);
        let is_left = |host: &HostId| self.secrets.given[usize::from(host.0)] < stage;
        let left: Vec<HostId> = self.tuning.layout.servers().filter(is_left).collect();
        let Some(host) = self.random.pick(&left) else { return };
        self.secrets.given[usize::from(host.0)] = stage;
        self.timeline.counters.secrets_given += 1;
        self.timeline.note(host, What::Fault(FaultKind::CloseServer));
        self.close_server(host);
    }

    /// Whether a server is down, or about to be, only to take its new secrets.
    pub(super) fn is_exchanged(&self, host: HostId) -> bool {
        self.secrets.given[usize::from(host.0)] > self.secrets.held(host)
    }

    /// A server's link was ended for a proof that does not count: by an impostor's fault or by that of somebody on the way,
    /// and by nobody else's.
    pub(super) fn check_refusal(&self, link: Option<ConnectionId>) -> Result<(), Broken> {
        let Some(link) = link else { return Ok(()) };
        let (dialer, listener) = (self.network.dialer(link), self.network.acceptor(link));
        let is_foul = self.servers.usurped.contains(&link) || self.network.is_spoiled(link);
        ensure(is_foul, "a key that counts is taken", || {
            format!("{:?} and {:?} do not agree", dialer.role(), listener.role())
        })
    }
}
