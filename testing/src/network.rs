//! `Network`: connections between the nodes of a bench, in virtual time, as good or bad as its [`Weather`].
//!
//! Contract: what one end sends arrives at the other in its order, or the connection breaks and both ends hear
//! of it. Nothing is lost, turned round or doubled within a connection, as with TCP.

use std::collections::{BTreeMap, BTreeSet};

use tinyrealm_core::session::PeerAddress;
use tinyrealm_core::time::Instant;

use crate::Random;

/// How bad a network is.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Weather {
    /// The longest that something is on its way, in milliseconds.
    pub delay_most_ms: u32,
    /// The most bytes of one read.
    pub read_most_bytes: usize,
    /// How many sends of a thousand break their connection.
    pub losses_permille: u32,
}

impl Weather {
    /// Everything arrives at once and whole.
    pub const FINE: Self =
        Self { delay_most_ms: 0, read_most_bytes: usize::MAX, losses_permille: 0 };
    /// Up to 80 ms, torn to pieces, and now and then a connection breaks.
    pub const ROUGH: Self = Self { delay_most_ms: 80, read_most_bytes: 40, losses_permille: 3 };
}

/// A node of the bench.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct HostId(pub(crate) usize);

/// One end of a connection.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct End {
    connection: u64,
    side: Side,
}

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Side {
    Dialer,
    Acceptor,
}

impl End {
    const fn other(self) -> Self {
        let side = match self.side {
            Side::Dialer => Side::Acceptor,
            Side::Acceptor => Side::Dialer,
        };
        Self { side, ..self }
    }
}

/// What arrives at an end.
pub(crate) enum Letter {
    /// Somebody wants to connect.
    Incoming(PeerAddress),
    /// The other end has taken the connection.
    Connected,
    Bytes(Vec<u8>),
    /// The other end says no more, or the connection has broken, or never stood.
    Over,
}

/// A letter, and where it goes.
pub(crate) struct Delivery {
    pub(crate) host: HostId,
    pub(crate) end: End,
    pub(crate) letter: Letter,
}

/// Who is at both ends, and when the last letter to each arrives.
struct Connection {
    hosts: [HostId; 2],
    last_at: [Instant; 2],
}

/// All connections; see the [module](self).
pub(crate) struct Network {
    pub(crate) weather: Weather,
    random: Random,
    connections: BTreeMap<u64, Connection>,
    dialed: u64,
    /// By the time of arrival, and by the order of sending.
    letters: BTreeMap<(Instant, u64), Delivery>,
    sent: u64,
    unreachable: BTreeSet<HostId>,
}

impl Network {
    pub(crate) const fn new(weather: Weather, random: Random) -> Self {
        Self {
            weather,
            random,
            connections: BTreeMap::new(),
            dialed: 0,
            letters: BTreeMap::new(),
            sent: 0,
            unreachable: BTreeSet::new(),
        }
    }

    /// A connection from one host to another: answers the dialer's end.
    pub(crate) fn dial(&mut self, now: Instant, dialer: HostId, acceptor: HostId) -> End {
        self.dialed += 1;
        let connection = Connection { hosts: [dialer, acceptor], last_at: [now; 2] };
        self.connections.insert(self.dialed, connection);
        let end = End { connection: self.dialed, side: Side::Dialer };
        if self.unreachable.contains(&dialer) {
            self.break_off(now, end.connection);
        } else {
            let mut address = [0; 16];
            address[8..].copy_from_slice(&(dialer.0 as u64).to_be_bytes());
            address[0] = 0x20;
            self.send(now, end, Letter::Incoming(PeerAddress(address)));
        }
        end
    }

    /// Sends something to the other end.
    pub(crate) fn send(&mut self, now: Instant, from: End, letter: Letter) {
        if self.random.chance(self.weather.losses_permille) {
            self.break_off(now, from.connection);
            return;
        }
        let delay_ms = self.random.below(u64::from(self.weather.delay_most_ms) + 1);
        self.post(now.after_ms(delay_ms as u32), from.other(), letter);
    }

    fn post(&mut self, at: Instant, end: End, letter: Letter) {
        let Some(connection) = self.connections.get_mut(&end.connection) else { return };
        let side = end.side as usize;
        // Nothing overtakes what was sent before.
        let at = at.max(connection.last_at[side]);
        connection.last_at[side] = at;
        let delivery = Delivery { host: connection.hosts[side], end, letter };
        self.sent += 1;
        self.letters.insert((at, self.sent), delivery);
    }

    /// Both ends hear that the connection is over; what is on its way is lost.
    fn break_off(&mut self, now: Instant, id: u64) {
        // Of one that was hung up, its end is on its way.
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.last_at = [now; 2];
        self.letters.retain(|_, delivery| delivery.end.connection != id);
        for side in [Side::Dialer, Side::Acceptor] {
            self.post(now, End { connection: id, side }, Letter::Over);
        }
        self.connections.remove(&id);
    }

    /// All connections of `host` break, and it gets no other ones.
    pub(crate) fn cut(&mut self, now: Instant, host: HostId) {
        self.unreachable.insert(host);
        let of_host =
            |(id, connection): (&u64, &Connection)| connection.hosts.contains(&host).then_some(*id);
        let broken: Vec<u64> = self.connections.iter().filter_map(of_host).collect();
        for id in broken {
            self.break_off(now, id);
        }
    }

    /// `host` gets connections again.
    pub(crate) fn mend(&mut self, host: HostId) {
        self.unreachable.remove(&host);
    }

    pub(crate) fn is_cut(&self, host: HostId) -> bool {
        self.unreachable.contains(&host)
    }

    /// Nobody is at this end any more: the other one hears so behind what is on its way, and then nothing.
    pub(crate) fn hang_up(&mut self, now: Instant, end: End) {
        self.post(now, end.other(), Letter::Over);
        self.connections.remove(&end.connection);
    }

    /// What has arrived, oldest first.
    pub(crate) fn next_due(&mut self, now: Instant) -> Option<Delivery> {
        let first = self.letters.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    pub(crate) fn next_at(&self) -> Option<Instant> {
        self.letters.first_key_value().map(|((at, _), _)| *at)
    }

    /// How much of `waiting` bytes the next read has.
    pub(crate) fn read_bytes(&mut self, waiting: usize) -> usize {
        let most = waiting.min(self.weather.read_most_bytes);
        let is_whole = self.weather.read_most_bytes == usize::MAX;
        if is_whole { most } else { 1 + self.random.below(most as u64) as usize }
    }
}
