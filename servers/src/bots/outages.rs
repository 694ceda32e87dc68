//! `Outages`: which server bots had to do without, for how long, and what was refused meanwhile.
//!
//! Contract: an outage is one bot's. It begins when the bot loses a server, or is refused because that
//! is not there, and ends when the bot has again what the server is for: a welcome, a room, a message
//! in its channel. One server's outage is not counted as another's.

use std::time::Instant;

use serde::Serialize;
use tinyrealm_core::node::client::{ChatEvent, ClientEvent};
use tinyrealm_core::protocol::client_to_main::{ChatSay, Hello};
use tinyrealm_core::protocol::{ErrorCode, LoginDenial};

/// What a bot may have to do without.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Server {
    /// Login, to come in; ends with Main's welcome.
    Login,
    /// Main; ends with its welcome.
    Main,
    /// The world; ends in a room, when the bot knows who is there.
    World,
    /// The chat server; ends with the next message that the bot hears in its channel.
    Chat,
}

const SERVERS: usize = 4;

/// All outages of one server.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub(crate) struct OutageSum {
    /// How often bots lost it, each by itself.
    pub(crate) times: u64,
    /// Messages and logins that were refused for its lack, or could not be sent.
    pub(crate) refused: u64,
    /// The longest that a bot had to do without it.
    pub(crate) longest_ms: u64,
    /// Bots that had not got it back at the end.
    pub(crate) open: u64,
    /// How long ago the last bot got it back; 0 if none has lost it.
    pub(crate) ended_ms_ago: u64,
    #[serde(skip)]
    ended_at: Option<Instant>,
}

/// The outages of all bots; see the [module](self).
#[derive(Debug)]
pub(crate) struct Outages {
    /// Since when each bot lacks which server.
    since: Vec<[Option<Instant>; SERVERS]>,
    sums: [OutageSum; SERVERS],
    /// Since somebody has last asked.
    recent: [OutageSum; SERVERS],
}

fn is_for_want_of_chat(reason: ErrorCode) -> bool {
    [ErrorCode::CHAT_UNAVAILABLE, ErrorCode::CHAT_INTERRUPTED].contains(&reason)
}

impl Outages {
    pub(super) fn new(bots: u16) -> Self {
        Self {
            since: vec![[None; SERVERS]; usize::from(bots)],
            sums: [OutageSum::default(); SERVERS],
            recent: [OutageSum::default(); SERVERS],
        }
    }

    /// Both sums of a server.
    fn each(&mut self, server: Server) -> [&mut OutageSum; 2] {
        let place = server as usize;
        [&mut self.sums[place], &mut self.recent[place]]
    }

    /// Something has happened to a bot: maybe it has lost a server, or has it back.
    pub(super) fn note(&mut self, number: u16, event: &ClientEvent<'_>, now: Instant) {
        match event {
            ClientEvent::Welcome(_) => {
                self.end(number, Server::Login, now);
                self.end(number, Server::Main, now);
            }
            ClientEvent::LoginLost(_) => self.refuse(number, Server::Login, now),
            ClientEvent::LoginDenied { reason: LoginDenial::BUSY, .. } => {
                self.refuse(number, Server::Login, now);
            }
            ClientEvent::Refused { code: ErrorCode::LOGIN_UNAVAILABLE, about }
                if *about == Hello::OPCODE.0 =>
            {
                // A Main that has not found its Login again is not back yet.
                let is_main = self.is_open(number, Server::Main);
                self.refuse(number, if is_main { Server::Main } else { Server::Login }, now);
            }
            // Main shows out whom it has refused for want of Login.
            ClientEvent::MainLost(_) if self.is_open(number, Server::Login) => {}
            ClientEvent::MainLost(_) => self.begin(number, Server::Main, now),
            ClientEvent::WorldLost(_) => self.begin(number, Server::World, now),
            ClientEvent::Snapshot(page) if page.pages_left == 0 => {
                self.end(number, Server::World, now);
            }
            ClientEvent::Chat(ChatEvent::Said(_)) => self.end(number, Server::Chat, now),
            ClientEvent::Chat(ChatEvent::Refused(refused))
                if refused.about == ChatSay::OPCODE.0 && is_for_want_of_chat(refused.reason) =>
            {
                self.refuse(number, Server::Chat, now);
            }
            _ => {}
        }
    }

    /// A bot has lost a server; it may know that already.
    fn begin(&mut self, bot: u16, server: Server, now: Instant) {
        let since = &mut self.since[usize::from(bot)][server as usize];
        if since.is_none() {
            *since = Some(now);
            for sum in self.each(server) {
                sum.times += 1;
            }
        }
    }

    /// A bot has a server, back or still.
    fn end(&mut self, bot: u16, server: Server, now: Instant) {
        let since = self.since[usize::from(bot)][server as usize].take();
        if let Some(since) = since {
            let length_ms = now.duration_since(since).as_millis() as u64;
            for sum in self.each(server) {
                sum.longest_ms = sum.longest_ms.max(length_ms);
                sum.ended_at = Some(now);
            }
        }
    }

    /// What a bot wanted is refused, because a server is not there.
    fn refuse(&mut self, bot: u16, server: Server, now: Instant) {
        self.begin(bot, server, now);
        for sum in self.each(server) {
            sum.refused += 1;
        }
    }

    /// A bot could not send something; it counts if this server was away.
    pub(super) fn unsent(&mut self, bot: u16, server: Server) {
        let is_away = self.is_open(bot, server);
        for sum in self.each(server) {
            sum.refused += u64::from(is_away);
        }
    }

    fn is_open(&self, bot: u16, server: Server) -> bool {
        self.since[usize::from(bot)][server as usize].is_some()
    }

    /// The bots are about to leave: what has not ended by now is as long as it is.
    pub(super) fn close(&mut self, now: Instant) {
        for bot in 0..self.since.len() as u16 {
            for server in [Server::Login, Server::Main, Server::World, Server::Chat] {
                self.sums[server as usize].open += u64::from(self.is_open(bot, server));
                self.end(bot, server, now);
            }
        }
    }

    pub(super) const fn of(&self, server: Server) -> OutageSum {
        self.sums[server as usize]
    }

    /// What there was since this was asked last; those that last are open, and count again when they end.
    pub(super) fn take_recent(&mut self, server: Server, now: Instant) -> OutageSum {
        let recent = std::mem::take(&mut self.recent[server as usize]);
        let open = self.since.iter().filter(|since| since[server as usize].is_some()).count();
        let ended_ms_ago = recent.ended_at.map_or(0, |at| now.duration_since(at).as_millis());
        OutageSum { open: open as u64, ended_ms_ago: ended_ms_ago as u64, ..recent }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use tinyrealm_core::protocol::Uid;

    #[test]
    fn the_longest_counts_and_each_bot_for_itself() {
        let mut outages = Outages::new(2);
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        outages.begin(0, Server::World, start);
        outages.begin(0, Server::World, after(5)); // known already
        outages.unsent(0, Server::World);
        outages.unsent(1, Server::World); // it has one, and could not send for another reason
        outages.end(0, Server::World, after(30));
        outages.end(1, Server::World, after(30)); // it never lost it
        outages.refuse(1, Server::Chat, after(40));
        outages.begin(1, Server::World, after(40));
        outages.close(after(50));
        let ended_at = Some(after(50));
        let some = OutageSum { refused: 1, open: 1, ended_at, ..OutageSum::default() };
        let world = OutageSum { times: 2, longest_ms: 30, ..some };
        let chat = OutageSum { times: 1, longest_ms: 10, ..some };
        assert_eq!((outages.of(Server::World), outages.of(Server::Chat)), (world, chat));
        assert_eq!(outages.of(Server::Main), OutageSum::default());
    }

    #[test]
    fn whoever_asks_is_told_what_is_new() {
        let mut outages = Outages::new(2);
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        outages.begin(0, Server::World, start);
        outages.begin(1, Server::World, start);
        outages.end(0, Server::World, after(30));
        let first = outages.take_recent(Server::World, after(40));
        assert_eq!((first.times, first.longest_ms, first.open, first.ended_ms_ago), (2, 30, 1, 10));
        outages.end(1, Server::World, after(60));
        let second = outages.take_recent(Server::World, after(60));
        assert_eq!((second.times, second.longest_ms, second.open), (0, 60, 0));
        assert_eq!(outages.take_recent(Server::World, after(70)), OutageSum::default());
        assert_eq!(
            (outages.of(Server::World).times, outages.of(Server::World).longest_ms),
            (2, 60)
        );
    }

    #[test]
    fn a_hello_that_is_refused_is_the_fault_of_who_is_missing() {
        let mut outages = Outages::new(2);
        let now = Instant::now();
        let about = Hello::OPCODE.0;
        let refused = || ClientEvent::Refused { code: ErrorCode::LOGIN_UNAVAILABLE, about };
        let lost = || ClientEvent::MainLost(ErrorCode::GOODBYE);
        // One had a Main, which comes back without a Login; the other meets a Main without one.
        for event in [lost(), refused(), lost()] {
            outages.note(0, &event, now);
        }
        for event in [refused(), lost()] {
            outages.note(1, &event, now);
        }
        for bot in [0, 1] {
            outages.note(bot, &ClientEvent::Welcome(Uid(1)), now);
        }
        outages.close(now);
        let ended_at = Some(now);
        let one = OutageSum { times: 1, refused: 1, ended_at, ..OutageSum::default() };
        assert_eq!((outages.of(Server::Main), outages.of(Server::Login)), (one, one));
    }
}
