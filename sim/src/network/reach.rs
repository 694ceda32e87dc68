//! Who reaches whom: partitions, and how long a way takes.

use super::Network;
use crate::ids::{ConnectionId, HostId, Side};
use crate::timeline::{Happening, Timeline};

/// How long after a partition what it has held up arrives.
const CATCH_UP_US: (u64, u64) = (1_000, 120_000);

/// Two hosts, or one and all others, that can't reach each other for a while.
#[derive(Copy, Clone, Debug)]
pub(super) struct Cut {
    one: HostId,
    /// `None` for everybody.
    other: Option<HostId>,
    until_us: u64,
}

impl Cut {
    fn is_between(&self, a: HostId, b: HostId) -> bool {
        match self.other {
            Some(other) => (self.one, other) == (a, b) || (self.one, other) == (b, a),
            None => self.one == a || self.one == b,
        }
    }
}

impl Network {
    /// Parts `one` from `other`, or from everybody.
    pub(crate) fn part(&mut self, one: HostId, other: Option<HostId>, until_us: u64) {
        self.cuts.push(Cut { one, other, until_us });
    }

    /// Until when the hosts of a connection can't reach each other.
    pub(super) fn cut_until(&mut self, now_us: u64, id: ConnectionId) -> Option<u64> {
        if self.cuts.is_empty() {
            return None;
        }
        self.cuts.retain(|cut| cut.until_us > now_us);
        let connection = self.connection(id);
        let (a, b) = (connection.end(Side::Dialer).host, connection.end(Side::Acceptor).host);
        self.cuts.iter().filter(|cut| cut.is_between(a, b)).map(|cut| cut.until_us).max()
    }

    /// When what is held up until `until_us` gets through.
    pub(super) fn after_cut_us(timeline: &mut Timeline, until_us: u64) -> u64 {
        until_us + timeline.random.within(CATCH_UP_US)
    }

    /// How long a segment of this connection takes now.
    pub(super) fn delay_us(&self, timeline: &mut Timeline, id: ConnectionId) -> u64 {
        let weather = &self.weather;
        let mut delay_us = self.connection(id).latency_us;
        delay_us += timeline.random.within(weather.jitter_us);
        if weather.resend_permille > 0 && timeline.random.chance(weather.resend_permille) {
            delay_us += timeline.random.within(weather.resend_us);
        }
        delay_us
    }

    /// Everybody reaches everybody again, and everybody reads. What is cut for good stays so.
    pub(crate) fn heal(&mut self, timeline: &mut Timeline) {
        let now_us = timeline.now_us();
        self.weather.dial_refused_permille = 0;
        self.weather.dial_lost_permille = 0;
        self.weather.dial_half_permille = 0;
        self.next_meddling = None;
        for cut in &mut self.cuts {
            cut.until_us = now_us;
        }
        for number in 0..self.connections.len() {
            let id = ConnectionId(number as u32);
            for side in [Side::Dialer, Side::Acceptor] {
                self.connection_mut(id).end_mut(side).paused_until_us = now_us;
                timeline.plan(now_us, Happening::Resumes(id, side));
            }
        }
        for number in 0..self.places.len() {
            self.places[number].stalled_until_us = now_us;
            if self.places[number].is_up {
                self.wake(timeline, HostId(number as u16), now_us);
            }
        }
    }
}
