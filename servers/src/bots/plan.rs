//! `Plan`: what a swarm is to do, how far it is, and how it does.

use super::accounts::Accounts;

/// What bots are to do.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Where Main is.
    pub(crate) main_address: String,
    /// The region to enter.
    pub(crate) region: String,
    /// What they log in with; without, they are guests.
    pub(crate) accounts: Option<Accounts>,
    /// How many bots.
    pub(crate) count: u16,
    /// How often each sends, a second.
    pub(crate) hz: f64,
    /// For how long; `None` until stopped.
    pub(crate) seconds: Option<f64>,
    /// Events instead of moves.
    pub(crate) sends_events: bool,
    /// How often each says something in its channel, a second; 0 for never.
    pub(crate) chat_hz: f64,
    /// How many channels they share.
    pub(crate) channels: u16,
    /// Whether it is well to lose a server for a while.
    pub(crate) restarts: Restarts,
    /// How long joining may take.
    pub(crate) join_seconds: f64,
}

/// What it is to a swarm that a server goes away.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Restarts {
    /// A fault.
    Fault,
    /// A trial, which everyone has to come out of.
    Trial,
}

/// How far the swarm is; see the [module](self).
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
