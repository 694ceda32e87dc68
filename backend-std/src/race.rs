//! `Race`: which of a name's addresses is tried when (RFC 8305, Happy Eyeballs), without any I/O.
//!
//! Purpose: a name may have addresses behind which nobody answers. So the next one is tried
//! [`ATTEMPT_DELAY`] after the last, or at once when that fails, families in turn, and whichever
//! connects first is taken. The driver runs it on tokio, the client runtime on a thread.
//!
//! Contract: the resolver's order is the order of preference (RFC 6724), and its answer has both
//! families; so nothing is waited for before the first attempt.
//!
//! Bounds: [`ADDRESSES_MAX`] addresses are tried.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long an attempt is alone (RFC 8305, 8: "Connection Attempt Delay").
pub(crate) const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
/// The most addresses of a name that are tried.
pub(crate) const ADDRESSES_MAX: usize = 16;

/// What there is to do.
#[derive(Debug)]
pub(crate) enum Step {
    /// Connect to this address as well.
    Start(SocketAddr),
    /// Wait for an attempt, until this time at most.
    WaitUntil(Instant),
    /// Wait for an attempt.
    Wait,
    /// Every attempt has failed; this is what the last one has met.
    Over(io::Error),
}

/// The attempts at one name; see the [module](self).
#[derive(Debug)]
pub(crate) struct Race {
    waiting: VecDeque<SocketAddr>,
    running: usize,
    /// Before this nobody else starts.
    start_at: Option<Instant>,
    failure: Option<io::Error>,
}

impl Race {
    /// Between these addresses, in the resolver's order.
    pub(crate) fn between(addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        let mut waiting = in_turn(addresses.into_iter().collect());
        waiting.truncate(ADDRESSES_MAX);
        Self { waiting, running: 0, start_at: None, failure: None }
    }

    /// What there is to do now.
    pub(crate) fn step(&mut self, now: Instant) -> Step {
        match (self.waiting.front(), self.start_at) {
            (Some(_), Some(at)) if at > now => Step::WaitUntil(at),
            (Some(&address), _) => {
                self.waiting.pop_front();
                self.running += 1;
                self.start_at = Some(now + ATTEMPT_DELAY);
                Step::Start(address)
            }
            (None, _) if self.running > 0 => Step::Wait,
            (None, _) => {
                let nowhere = || io::Error::new(io::ErrorKind::NotFound, "it has no address");
                Step::Over(self.failure.take().unwrap_or_else(nowhere))
            }
        }
    }

    /// An attempt has failed: the next one need not wait.
    pub(crate) fn lose(&mut self, address: SocketAddr, error: &io::Error) {
        self.running = self.running.saturating_sub(1);
        self.start_at = None;
        self.failure = Some(io::Error::new(error.kind(), format!("{address}: {error}")));
    }
}

/// The families in turn, beginning with the first's.
fn in_turn(addresses: Vec<SocketAddr>) -> VecDeque<SocketAddr> {
    let is_first_family = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == is_first_family);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut mixed = VecDeque::new();
    loop {
        let pair = [first.next(), second.next()];
        if pair == [None, None] {
            return mixed;
        }
        mixed.extend(pair.into_iter().flatten());
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use socket2::{Domain, Socket, Type};
    use std::net::TcpListener;

    fn addresses(text: &str) -> Vec<SocketAddr> {
        text.split(' ').map(|address| address.parse().unwrap()).collect()
    }

    /// An address that swallows connections: its queue is full, and nobody empties it.
    pub(crate) struct BlackHole {
        pub(crate) address: SocketAddr,
        _listener: Socket,
        _queued: Vec<Socket>,
    }

    impl BlackHole {
        pub(crate) fn dig() -> Self {
            let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
            listener.bind(&any.into()).unwrap();
            listener.listen(0).unwrap();
            let address = listener.local_addr().unwrap().as_socket().unwrap();
            let mut queued = Vec::new();
            loop {
                let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
                let connected = socket.connect_timeout(&address.into(), Duration::from_millis(50));
                if connected.is_err() {
                    return Self { address, _listener: listener, _queued: queued };
                }
                queued.push(socket);
            }
        }
    }

    /// An address where nobody listens.
    pub(crate) fn nobody() -> SocketAddr {
        TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
    }

    #[test]
    fn families_take_turns() {
        let mixed = in_turn(addresses("[::1]:1 [::2]:1 [::3]:1 1.1.1.1:1 2.2.2.2:1"));
        assert_eq!(mixed, addresses("[::1]:1 1.1.1.1:1 [::2]:1 2.2.2.2:1 [::3]:1"));
        let mixed = in_turn(addresses("1.1.1.1:1 2.2.2.2:1 [::1]:1"));
        assert_eq!(mixed, addresses("1.1.1.1:1 [::1]:1 2.2.2.2:1"));
    }

    #[test]
    fn both_sides_of_the_delay() {
        let now = Instant::now();
        let mut race = Race::between(addresses("1.1.1.1:1 2.2.2.2:1"));
        assert!(matches!(race.step(now), Step::Start(_)));
        let due = now + ATTEMPT_DELAY;
        assert!(
            matches!(race.step(due - Duration::from_millis(1)), Step::WaitUntil(at) if at == due)
        );
        assert!(matches!(race.step(due), Step::Start(_)));
        assert!(matches!(race.step(due), Step::Wait));
    }

    #[test]
    fn a_failure_starts_the_next_at_once_and_the_last_one_is_told() {
        let now = Instant::now();
        let all = addresses("1.1.1.1:1 2.2.2.2:1");
        let mut race = Race::between(all.clone());
        for address in all {
            assert!(matches!(race.step(now), Step::Start(it) if it == address));
            race.lose(address, &io::ErrorKind::ConnectionRefused.into());
        }
        let Step::Over(error) = race.step(now) else { panic!() };
        assert_eq!(error.to_string(), "2.2.2.2:1: connection refused");
    }

    #[test]
    fn both_sides_of_the_most_addresses() {
        let mut race = Race::between((0..=16).map(|last| SocketAddr::from(([1, 1, 1, last], 1))));
        let mut started = 0;
        while let Step::Start(address) = race.step(Instant::now()) {
            started += 1;
            race.lose(address, &io::ErrorKind::ConnectionRefused.into());
        }
        assert_eq!(started, ADDRESSES_MAX);
        assert!(matches!(Race::between([]).step(Instant::now()), Step::Over(_)));
    }
}
