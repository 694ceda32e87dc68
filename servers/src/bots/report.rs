//! How bots do: `BotsReport`.

/// How far the swarm is; see the [module](super).
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub(crate) enum Phase {
    #[default]
    Joining,
    Running,
    Settling,
    Done,
}

/// How the swarm does.
#[derive(Copy, Clone, Debug, Default)]
pub(crate) struct BotsReport {
    pub(crate) phase: Phase,
    pub(crate) count: u16,
    pub(crate) joined: usize,
    pub(crate) sent: u64,
    pub(crate) received: u64,
    pub(crate) lost: u64,
    /// Of what was heard since the report before.
    pub(crate) p99_ms: f64,
}
