//! `Plan`: what a swarm is to do.

use tinyrealm_core::protocol::OwnedWish;
use tinyrealm_core::wire::Framing;
use tinyrealm_std::DialOptions;

use super::accounts::Accounts;
use crate::games::HostedBot;

/// What bots are to do.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Where the realm's Mains are.
    pub(crate) main_addresses: Vec<String>,
    /// How the realm is reached.
    pub(crate) dialing: DialOptions,
    /// The region to enter.
    pub(crate) region: String,
    /// The room that they want.
    pub(crate) wish: OwnedWish,
    /// What they log in with; without, they are guests.
    pub(crate) accounts: Option<Accounts>,
    /// How many bots.
    pub(crate) count: u16,
    /// How many of them are WebSockets, to whatever server they connect; the others speak TCP.
    pub(crate) web_sockets: u16,
    /// How often each sends, a second.
    pub(crate) hz: f64,
    /// For how long; `None` until stopped.
    pub(crate) seconds: Option<f64>,
    /// What they do in their rooms.
    pub(crate) play: Play,
    /// How often each says something in its channel, a second; 0 for never.
    pub(crate) chat_hz: f64,
    /// How many channels they share.
    pub(crate) channels: u16,
    /// Whether it is well to lose a server for a while.
    pub(crate) restarts: Restarts,
    /// How long joining may take.
    pub(crate) join_seconds: f64,
}

impl Plan {
    /// How bot `number` speaks: WebSockets are spread evenly, so that neighbours in a room differ.
    pub(super) fn framing(&self, number: u16) -> Framing {
        let before = |number: u32| number * u32::from(self.web_sockets) / u32::from(self.count);
        let number = u32::from(number);
        if before(number + 1) > before(number) { Framing::Message } else { Framing::Stream }
    }
}

/// What bots do in their rooms.
#[derive(Copy, Clone, Debug)]
pub(crate) enum Play {
    /// They walk, and their moves are numbered.
    Moves,
    /// They say numbered events.
    Events,
    /// They play a game as its author has written it.
    Game(fn() -> HostedBot),
}

/// What it is to a swarm that a server goes away.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Restarts {
    /// A fault.
    Fault,
    /// A trial, which everyone has to come out of.
    Trial,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn web_sockets(count: u16, web_sockets: u16) -> Vec<bool> {
        let plan = Plan {
            main_addresses: Vec::new(),
            dialing: DialOptions::default(),
            region: String::new(),
            wish: OwnedWish::ANY,
            accounts: None,
            count,
            web_sockets,
            hz: 1.0,
            seconds: None,
            play: Play::Moves,
            chat_hz: 0.0,
            channels: 1,
            restarts: Restarts::Fault,
            join_seconds: 1.0,
        };
        (0..count).map(|number| plan.framing(number) == Framing::Message).collect()
    }

    #[test]
    fn as_many_as_wanted_and_spread() {
        for (count, wanted) in [(1, 0), (1, 1), (7, 3), (100, 0), (100, 50), (100, 100)] {
            let is_web_socket = web_sockets(count, wanted);
            let found = is_web_socket.iter().filter(|is_it| **is_it).count();
            assert_eq!(found, usize::from(wanted));
        }
        assert_eq!(web_sockets(4, 2), [false, true, false, true]);
        assert_eq!(web_sockets(10_000, 9_999)[..2], [false, true]);
    }
}
