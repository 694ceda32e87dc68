//! `Timeline`: virtual time, what is going to happen, and what has happened.
//!
//! Contract: things planned for the same microsecond happen in the order in which they were planned.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use tinyrealm_core::protocol::Revision;
use tinyrealm_core::time::Instant;
use tinyrealm_core::timer::TICK_MS;

use crate::ids::{ConnectionId, HostId, Side};
use crate::report::Counters;
use crate::trace::{Trace, What};
use tinyrealm_testing::Random;

/// What the nodes' clock shows when a realm begins, by its seed: nothing, or ten seconds less than some
/// number of bits is good for (32 of microseconds; 31 and 32 of milliseconds; 31 and 32 of the timer
/// wheel's ticks). So a part of all seeds passes each wrap half way through.
const CLOCK_STARTS_US: [u64; 6] = {
    let tick_us = TICK_MS as u64 * 1_000;
    let before_us = 10_000_000;
    [
        0,
        (1 << 32) - before_us,
        (1_000 << 31) - before_us,
        (1_000 << 32) - before_us,
        (tick_us << 31) - before_us,
        (tick_us << 32) - before_us,
    ]
};

/// Something that is going to happen.
#[derive(Copy, Clone, Debug)]
pub(crate) enum Happening {
    /// A host has something to do.
    Turn(HostId),
    /// A dial reaches its server.
    DialArrives(ConnectionId),
    /// The dialer learns that it is connected.
    DialAnswered(ConnectionId),
    /// The dialer learns that it is not.
    DialFails(ConnectionId),
    /// A segment reaches this side.
    Arrives(ConnectionId, Side),
    /// This side can write again.
    Writable(ConnectionId, Side),
    /// This side reads again.
    Resumes(ConnectionId, Side),
    /// This side learns that its connection is gone.
    Resets(ConnectionId, Side),
    /// A visitor does something of its own accord.
    Acts(usize),
    /// A hoarder wants more.
    Hoards(usize),
    /// An account has somebody log in.
    LogsIn(usize),
    /// The account store has done some work for Login.
    StoreAnswers(usize),
    /// A question of a Main reaches the directory.
    StoreIsAsked(usize),
    /// What it has said to that reaches the Main.
    QuestionIsAnswered(usize),
    /// A Main hears from another one that it has taken a user over.
    MainIsTold(usize),
    /// A Main, in this life, says that it is alive, and looks around.
    Looks(usize, usize),
    /// The store of a world has done what is due.
    Keeps(usize),
    /// An operator lets an account be used again.
    Enables(usize),
    /// Somebody sees whether the accounts have changed.
    StoreWatched,
    /// Who was revoked up to this revision has to be out.
    RevokedAreOut(Revision),
    /// The next server is given its next secrets.
    Exchanges,
    /// A host starts again.
    Restarts(HostId),
    /// The next fault.
    Fault,
}

struct Planned {
    at_us: u64,
    number: u64,
    happening: Happening,
}

impl PartialEq for Planned {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Planned {}
impl PartialOrd for Planned {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Planned {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at_us, self.number).cmp(&(other.at_us, other.number))
    }
}

/// Virtual time; see the [module](self).
pub(crate) struct Timeline {
    pub(crate) random: Random,
    pub(crate) trace: Trace,
    pub(crate) counters: Counters,
    clock_start_us: u64,
    now_us: u64,
    planned: BinaryHeap<Reverse<Planned>>,
    count: u64,
}

impl Timeline {
    pub(crate) fn new(random: Random, seed: u64) -> Self {
        let clock_start = seed % CLOCK_STARTS_US.len() as u64;
        Self {
            random,
            trace: Trace::new(),
            counters: Counters { runs: 1, ..Counters::default() },
            clock_start_us: CLOCK_STARTS_US[clock_start as usize],
            now_us: 0,
            planned: BinaryHeap::with_capacity(4_096),
            count: 0,
        }
    }

    pub(crate) const fn now_us(&self) -> u64 {
        self.now_us
    }

    /// What the nodes' clock shows.
    pub(crate) const fn now(&self) -> Instant {
        Instant::from_micros(self.clock_start_us + self.now_us)
    }

    /// When the nodes' clock will show `at`.
    pub(crate) const fn when_us(&self, at: Instant) -> u64 {
        at.micros().saturating_sub(self.clock_start_us)
    }

    pub(crate) fn plan(&mut self, at_us: u64, happening: Happening) {
        self.count += 1;
        let at_us = at_us.max(self.now_us);
        self.planned.push(Reverse(Planned { at_us, number: self.count, happening }));
    }

    pub(crate) fn plan_after(&mut self, range_us: (u64, u64), happening: Happening) {
        let at_us = self.now_us + self.random.within(range_us);
        self.plan(at_us, happening);
    }

    /// Moves time to the next thing before `end_us`; at the end there is none, and it is `end_us`.
    pub(crate) fn next_before(&mut self, end_us: u64) -> Option<Happening> {
        if self.planned.peek().is_none_or(|Reverse(next)| next.at_us >= end_us) {
            self.now_us = end_us;
            return None;
        }
        let Reverse(next) = self.planned.pop()?;
        self.now_us = next.at_us;
        Some(next.happening)
    }

    pub(crate) fn note(&mut self, host: HostId, what: What) {
        self.trace.note(self.now_us, host, what);
    }
}
