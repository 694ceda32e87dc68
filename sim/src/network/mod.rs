//! The virtual network: hosts, connections, and the weather between them.
//!
//! Purpose: everything between one node's `poll_transmit` and another's `handle_received`. Writes
//! may be taken in part, arrive cut or joined, late, or never; a connection may end for both sides,
//! for one, or for nobody. A host learns of it through its [`Notice`]s.
//!
//! Contract: what TCP promises is kept. Within a stream nothing is lost, repeated, changed or
//! reordered before the stream's end; after a reset nothing more arrives. (Unless the run is there to
//! show that this matters: [`Sabotage`]; or somebody is on the way of a link that is sealed, between servers or of a player.)
//!
//! Bounds: connections are never reused; a closed one keeps no bytes.
//!
//! The life of a connection is here, what travels through it in `traffic`, who reaches whom in
//! `reach`, and who is on the way and keeps no promise in `meddling`.

mod connection;
mod life;
mod meddling;
mod reach;
mod stream;
mod traffic;

use connection::Connection;
pub(crate) use life::Parting;
pub(crate) use meddling::{Links, Meddling};

use crate::ids::{ConnectionId, HostId, Side};
use crate::profile::Weather;
use crate::settings::Sabotage;
use crate::timeline::{Happening, Timeline};
use reach::Cut;

/// What a host is told.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Notice {
    /// Somebody dials.
    Incoming(ConnectionId),
    /// A dial was answered.
    Connected(ConnectionId),
    /// A dial has failed.
    ConnectFailed(ConnectionId),
    /// There is something to read, or an end to see.
    Readable(ConnectionId),
    /// There is room to write.
    Writable(ConnectionId),
    /// The connection is gone.
    Reset(ConnectionId),
}

/// A host, as the network sees it.
#[derive(Debug)]
struct Place {
    is_up: bool,
    notices: Vec<Notice>,
    /// When its next turn is planned; a turn at another time is an outdated plan.
    wakes_at_us: u64,
    stalled_until_us: u64,
    /// Which of its streams are sealed from their first frame on.
    sealing: Sealing,
}

/// Which streams a visitor seals from their first frame on.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Sealing {
    Nothing,
    /// Those to worlds.
    Worlds,
    /// Those to Mains as well.
    Everything,
}

const NEVER_US: u64 = u64::MAX;

/// How long a host takes to see that something has come, at most: things that come together are
/// then handled in one turn.
const NOTICE_US: (u64, u64) = (0, 300);

/// All hosts and connections; see the [module](self).
pub(crate) struct Network {
    weather: Weather,
    sabotage: Sabotage,
    places: Vec<Place>,
    connections: Vec<Connection>,
    cuts: Vec<Cut>,
    /// What somebody on the way does to the next sealed link of these, and who says what it is done to.
    next_meddling: Option<(Links, Side, Meddling)>,
    /// Writes until the sabotage strikes.
    writes_to_sabotage: u32,
}

impl Network {
    pub(crate) const fn new(weather: Weather, sabotage: Sabotage) -> Self {
        Self {
            weather,
            sabotage,
            places: Vec::new(),
            connections: Vec::new(),
            cuts: Vec::new(),
            next_meddling: None,
            writes_to_sabotage: 200,
        }
    }

    /// A host is there, or there again.
    pub(crate) fn start_host(&mut self, host: HostId) {
        while self.places.len() <= usize::from(host.0) {
            self.places.push(Place {
                is_up: false,
                notices: Vec::new(),
                wakes_at_us: NEVER_US,
                stalled_until_us: 0,
                sealing: Sealing::Nothing,
            });
        }
        let place = &mut self.places[usize::from(host.0)];
        place.is_up = true;
        place.stalled_until_us = 0;
    }

    /// So a visitor's streams will be sealed.
    pub(crate) fn seals_from_the_start(&mut self, host: HostId, sealing: Sealing) {
        self.places[usize::from(host.0)].sealing = sealing;
    }

    pub(crate) fn is_up(&self, host: HostId) -> bool {
        self.places.get(usize::from(host.0)).is_some_and(|place| place.is_up)
    }

    fn place_mut(&mut self, host: HostId) -> &mut Place {
        &mut self.places[usize::from(host.0)]
    }

    pub(crate) fn take_notices(&mut self, host: HostId) -> Vec<Notice> {
        std::mem::take(&mut self.place_mut(host).notices)
    }

    /// Gives the emptied list of notices back, so that it is not allocated anew.
    pub(crate) fn return_notices(&mut self, host: HostId, mut notices: Vec<Notice>) {
        notices.clear();
        let place = self.place_mut(host);
        if place.notices.is_empty() {
            place.notices = notices;
        }
    }

    fn notify(&mut self, timeline: &mut Timeline, host: HostId, notice: Notice) {
        if self.is_up(host) {
            self.place_mut(host).notices.push(notice);
            self.wake_soon(timeline, host, timeline.now_us());
        }
    }

    /// The host has a turn at `at_us` or a little later, as its system gets to it.
    pub(crate) fn wake_soon(&mut self, timeline: &mut Timeline, host: HostId, at_us: u64) {
        let at_us = at_us.max(timeline.now_us()) + timeline.random.within(NOTICE_US);
        self.wake(timeline, host, at_us);
    }

    /// The host has a turn at `at_us`, or before.
    pub(crate) fn wake(&mut self, timeline: &mut Timeline, host: HostId, at_us: u64) {
        let place = self.place_mut(host);
        let at_us = at_us.max(place.stalled_until_us).max(timeline.now_us());
        if at_us < place.wakes_at_us {
            place.wakes_at_us = at_us;
            timeline.plan(at_us, Happening::Turn(host));
        }
    }

    /// Whether a turn that was planned for now takes place.
    pub(crate) fn begins_turn(&mut self, timeline: &mut Timeline, host: HostId) -> bool {
        let now_us = timeline.now_us();
        let place = self.place_mut(host);
        if place.wakes_at_us != now_us || !place.is_up {
            return false;
        }
        place.wakes_at_us = NEVER_US;
        if place.stalled_until_us > now_us {
            let at_us = place.stalled_until_us;
            self.wake(timeline, host, at_us);
            return false;
        }
        true
    }

    /// The host does nothing for a while.
    pub(crate) fn stall(&mut self, host: HostId, until_us: u64) {
        self.place_mut(host).stalled_until_us = until_us;
    }

    /// The host does nothing ever again, until it is started.
    pub(crate) fn stop_host(&mut self, host: HostId) {
        let place = self.place_mut(host);
        place.is_up = false;
        place.notices.clear();
        place.wakes_at_us = NEVER_US;
    }

    fn connection(&self, id: ConnectionId) -> &Connection {
        &self.connections[id.0 as usize]
    }

    fn connection_mut(&mut self, id: ConnectionId) -> &mut Connection {
        &mut self.connections[id.0 as usize]
    }

    /// Who has dialed.
    pub(crate) fn dialer(&self, id: ConnectionId) -> HostId {
        self.connection(id).end(Side::Dialer).host
    }

    /// Who was dialed.
    pub(crate) fn acceptor(&self, id: ConnectionId) -> HostId {
        self.connection(id).end(Side::Acceptor).host
    }

    /// Whether both sides have it, neither is about to end it, and it works.
    pub(crate) fn is_whole(&self, id: ConnectionId) -> bool {
        let connection = self.connection(id);
        let is_ending = |side| connection.written_by(side).is_ending();
        connection.is_up() && ![Side::Dialer, Side::Acceptor].into_iter().any(is_ending)
    }

    /// Every connection that both sides have, and that works.
    pub(crate) fn up(&self) -> impl Iterator<Item = (ConnectionId, &Connection)> {
        let numbered = (0..).map(ConnectionId).zip(&self.connections);
        numbered.filter(|(_, connection)| connection.is_up())
    }

    /// Connections that at least one side has not let go of.
    pub(crate) fn held(&self) -> usize {
        let is_held = |connection: &&Connection| {
            !connection.is_closed(Side::Dialer) || connection.is_open(Side::Acceptor)
        };
        self.connections.iter().filter(is_held).count()
    }
}
