//! The life of a connection: dialed, answered, shut, let go, reset.

use tinyrealm_core::session::SessionKey;

use super::connection::{Connection, EndState};
use super::{Network, Notice};
use crate::ids::{ConnectionId, HostId, Side};
use crate::timeline::{Happening, Timeline};

/// How long a dialer waits for an answer that does not come, before its system gives up.
const DIAL_TIMEOUT_US: (u64, u64) = (900_000, 4_000_000);

/// How a host lets go of a connection that is still open.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Parting {
    /// What was written arrives, then the end.
    End,
    /// The peer learns that the connection is gone; what was on its way is lost.
    Reset,
    /// The peer learns nothing.
    Silence,
}

impl Network {
    /// `host` dials `address`; what becomes of it, the host is told later.
    pub(crate) fn dial(
        &mut self,
        timeline: &mut Timeline,
        host: HostId,
        key: SessionKey,
        address: &str,
    ) -> ConnectionId {
        let id = ConnectionId(self.connections.len() as u32);
        let server = HostId::at_address(address);
        let weather = self.weather;
        let random = &mut timeline.random;
        let latency_us = random.within(weather.latency_us);
        let capacities = [weather.buffer_bytes; 2].map(|range| random.within(range) as usize);
        let acceptor = server.unwrap_or(host);
        self.connections.push(Connection::new(host, key, acceptor, latency_us, capacities));
        self.meddle_from_the_start(id);
        let there_us = timeline.now_us() + latency_us;
        if server.is_none() || timeline.random.chance(weather.dial_refused_permille) {
            timeline.plan(there_us + latency_us, Happening::DialFails(id));
        } else if timeline.random.chance(weather.dial_lost_permille) {
            timeline.plan_after(DIAL_TIMEOUT_US, Happening::DialFails(id));
        } else {
            timeline.plan(there_us, Happening::DialArrives(id));
        }
        id
    }

    pub(crate) fn dial_arrives(&mut self, timeline: &mut Timeline, id: ConnectionId) {
        if self.connection(id).is_closed(Side::Dialer) {
            return;
        }
        if let Some(until_us) = self.cut_until(timeline.now_us(), id) {
            let at_us = Self::after_cut_us(timeline, until_us);
            timeline.plan(at_us, Happening::DialArrives(id));
            return;
        }
        let server = self.connection(id).end(Side::Acceptor).host;
        if self.is_up(server) {
            self.notify(timeline, server, Notice::Incoming(id));
        } else {
            let latency_us = self.connection(id).latency_us;
            timeline.plan_after((latency_us, latency_us + 1_000_000), Happening::DialFails(id));
        }
    }

    /// The server takes the connection, as session `key`.
    pub(crate) fn accept(&mut self, timeline: &mut Timeline, id: ConnectionId, key: SessionKey) {
        let answer_us = timeline.now_us() + self.delay_us(timeline, id);
        let is_half = timeline.random.chance(self.weather.dial_half_permille);
        let connection = self.connection_mut(id);
        let end = connection.end_mut(Side::Acceptor);
        end.key = key;
        end.state = EndState::Open;
        if is_half {
            connection.is_dead = true;
            timeline.plan_after(DIAL_TIMEOUT_US, Happening::DialFails(id));
            return;
        }
        // Whatever the server says arrives behind its answer.
        connection.read_by_mut(Side::Dialer).hold_until(answer_us);
        timeline.plan(answer_us, Happening::DialAnswered(id));
    }

    /// The server does not take the connection.
    pub(crate) fn refuse(&mut self, timeline: &mut Timeline, id: ConnectionId) {
        let at_us = timeline.now_us() + self.delay_us(timeline, id);
        self.connection_mut(id).end_mut(Side::Acceptor).state = EndState::Closed;
        timeline.plan(at_us, Happening::DialFails(id));
    }

    pub(crate) fn dial_answered(&mut self, timeline: &mut Timeline, id: ConnectionId) {
        if let Some(until_us) = self.cut_until(timeline.now_us(), id) {
            let at_us = Self::after_cut_us(timeline, until_us);
            self.connection_mut(id).read_by_mut(Side::Dialer).hold_until(at_us);
            timeline.plan(at_us, Happening::DialAnswered(id));
            return;
        }
        let end = self.connection_mut(id).end_mut(Side::Dialer);
        if end.state == EndState::Opening {
            end.state = EndState::Open;
            let host = end.host;
            self.notify(timeline, host, Notice::Connected(id));
        } else {
            self.plan_reset(timeline, id, Side::Acceptor);
        }
    }

    pub(crate) fn dial_fails(&mut self, timeline: &mut Timeline, id: ConnectionId) {
        let end = self.connection_mut(id).end_mut(Side::Dialer);
        if end.state == EndState::Opening {
            end.state = EndState::Closed;
            let host = end.host;
            self.notify(timeline, host, Notice::ConnectFailed(id));
        }
    }

    /// `side` writes no more; it goes on reading.
    pub(crate) fn shut(&mut self, timeline: &mut Timeline, id: ConnectionId, side: Side) {
        let at_us = timeline.now_us() + self.delay_us(timeline, id);
        let at_us = self.connection_mut(id).written_by_mut(side).end(at_us);
        timeline.plan(at_us, Happening::Arrives(id, side.peer()));
    }

    /// The host at `side` lets go of the connection.
    pub(crate) fn close(
        &mut self,
        timeline: &mut Timeline,
        id: ConnectionId,
        side: Side,
        parting: Parting,
    ) {
        let connection = self.connection_mut(id);
        let was_open = connection.is_open(side);
        connection.end_mut(side).state = EndState::Closed;
        connection.read_by_mut(side).forget();
        if connection.is_closed(side.peer()) {
            connection.written_by_mut(side).forget();
        } else if was_open {
            match parting {
                Parting::End => self.shut(timeline, id, side),
                Parting::Reset => self.plan_reset(timeline, id, side.peer()),
                Parting::Silence => self.connection_mut(id).is_dead = true,
            }
        }
    }

    fn plan_reset(&mut self, timeline: &mut Timeline, id: ConnectionId, side: Side) {
        if !self.connection(id).is_closed(side) && !self.connection(id).is_dead {
            let at_us = timeline.now_us() + self.delay_us(timeline, id);
            timeline.plan(at_us, Happening::Resets(id, side));
        }
    }

    /// `side` learns that the connection is gone.
    pub(crate) fn resets(&mut self, timeline: &mut Timeline, id: ConnectionId, side: Side) {
        if let Some(until_us) = self.cut_until(timeline.now_us(), id) {
            let at_us = Self::after_cut_us(timeline, until_us);
            timeline.plan(at_us, Happening::Resets(id, side));
            return;
        }
        let connection = self.connection_mut(id);
        let end = connection.end_mut(side);
        let (host, notice) = match end.state {
            EndState::Closed => return,
            EndState::Opening => (end.host, Notice::ConnectFailed(id)),
            EndState::Open => (end.host, Notice::Reset(id)),
        };
        end.state = EndState::Closed;
        connection.read_by_mut(side).forget();
        self.notify(timeline, host, notice);
    }

    /// Something between the two has forgotten the connection: those of `told` learn it.
    pub(crate) fn break_off(&mut self, timeline: &mut Timeline, id: ConnectionId, told: &[Side]) {
        for side in told {
            self.plan_reset(timeline, id, *side);
        }
        self.connection_mut(id).is_dead = true;
    }

    /// The host is gone: so are its connections.
    pub(crate) fn lose_host(&mut self, timeline: &mut Timeline, host: HostId, parting: Parting) {
        self.stop_host(host);
        for number in 0..self.connections.len() {
            let id = ConnectionId(number as u32);
            for side in [Side::Dialer, Side::Acceptor] {
                let end = self.connection(id).end(side);
                if end.host == host && end.state != EndState::Closed {
                    self.close(timeline, id, side, parting);
                }
            }
        }
    }
}
