//! What the relay counts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use super::reason::NAMES;

/// What it tells of itself.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RelayReport {
    /// Connections that have a place now.
    pub(crate) connections: u32,
    /// Those that have reached their world.
    pub(crate) passed: u32,
    /// Those that were refused or closed by the relay, by the reason.
    pub(crate) ended: BTreeMap<&'static str, u32>,
}

impl Default for RelayReport {
    fn default() -> Self {
        Self { connections: 0, passed: 0, ended: NAMES.map(|name| (name, 0)).into() }
    }
}

/// Its figures, shared with whoever reports them.
#[derive(Clone, Debug, Default)]
pub(crate) struct RelayFigures(Arc<Mutex<RelayReport>>);

/// A connection that has a place, until it is dropped.
pub(super) struct Here(RelayFigures);

impl RelayFigures {
    pub(crate) fn report(&self) -> RelayReport {
        self.change(|report| report.clone())
    }

    fn change<T>(&self, change: impl FnOnce(&mut RelayReport) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn enter(&self) -> Here {
        self.change(|report| report.connections += 1);
        Here(self.clone())
    }

    pub(super) fn note_passed(&self) {
        self.change(|report| report.passed += 1);
    }

    pub(super) fn note(&self, reason: &'static str) {
        self.change(|report| *report.ended.entry(reason).or_default() += 1);
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        self.0.change(|report| report.connections -= 1);
    }
}
