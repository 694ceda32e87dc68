//! What connections say: read, handed over, and kept while a peer has to take answers first.

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::{Role, Taken};
use tinyrealm_core::session::SessionKey;

use super::connection::{Layer, Read};
use super::places::{Link, Place};
use super::tls::Begins;
use super::{Driver, READS_PER_TURN};

impl<'a, R: Role<'a>> Driver<'a, R> {
    pub(super) fn serve_woken(&mut self, turn: &mut Turn<'_>) {
        let mut batch = std::mem::take(&mut self.batch);
        self.places.take_listed(&mut batch);
        for index in batch.drain(..) {
            self.serve(usize::from(index), turn);
        }
        self.batch = batch;
    }

    fn serve(&mut self, index: usize, turn: &mut Turn<'_>) {
        let Some(place) = self.places.get(index) else { return };
        place.is_listed = false;
        if let Link::Open(connection) = &mut place.link {
            if connection.layer() == Layer::Greeting {
                return;
            }
            if connection.has_unblocked() {
                self.node.handle_writable(connection.key);
            }
        }
        if !self.hears_the_rest(index, turn) {
            return;
        }
        for _ in 0..READS_PER_TURN {
            if !self.lets_speak(turn, index) {
                return;
            }
            let Some(Place { link: Link::Open(connection), .. }) = self.places.get(index) else {
                return;
            };
            let key = connection.key;
            if self.greetings.are_full() && connection.may_greet() {
                // It stays in the kernel until others are done.
                self.greetings.wait(connection);
                return;
            }
            match connection.read(&mut self.buffer) {
                Read::Nothing => break,
                Read::Bytes(count) => {
                    let mut buffer = std::mem::take(&mut self.buffer);
                    let hears_more = self.hear(turn, key, &mut buffer[..count]);
                    self.buffer = buffer;
                    if !hears_more {
                        return;
                    }
                }
                Read::Ended => {
                    self.end(turn, key);
                    return;
                }
            }
        }
        // Is there more? After the others.
        self.places.list_if_readable(index);
    }

    /// Hands over what was read, in clear; `false` if nothing more is to be read now.
    fn hear(&mut self, turn: &mut Turn<'_>, key: SessionKey, bytes: &mut [u8]) -> bool {
        let Link::Open(connection) = &mut self.places.at(key).link else { return false };
        match connection.layer() {
            Layer::Clear | Layer::Proving(_) => self.receive(turn, key, bytes),
            Layer::Unknown | Layer::TlsOnly | Layer::HalfKnown => match connection.decide(bytes) {
                Begins::Unknown => {}
                Begins::Clear => self.receive(turn, key, bytes),
                Begins::Tls => self.begin_greeting(turn, key, bytes),
            },
            Layer::Greeting | Layer::Tls => return self.hear_sealed(turn, key, bytes),
        }
        self.reads_on(key)
    }

    /// Whether there is somebody to read from, and it has not to take answers first.
    pub(super) fn reads_on(&mut self, key: SessionKey) -> bool {
        let link = &self.places.at(key).link;
        let is_open = matches!(link, Link::Open(it) if it.layer() != Layer::Greeting);
        is_open && !self.waits(key)
    }

    /// Whether the node lets this connection wait; it is served again when it does not any more.
    fn waits(&mut self, key: SessionKey) -> bool {
        let is_waiting = self.node.is_waiting(key);
        if is_waiting {
            self.places.wait(key.index());
        }
        is_waiting
    }

    /// It has closed its side, and may still read: it has its answers first.
    pub(super) fn end(&mut self, turn: &mut Turn<'_>, key: SessionKey) {
        self.transmit(turn);
        if let Link::Open(connection) = &mut self.places.at(key).link {
            connection.say_goodbye();
        }
        self.drop_link(usize::from(key.index()));
        self.node.handle_disconnected(turn, key);
    }

    /// Hands what was read to the node; where that wants to write first, it does, and goes on.
    pub(super) fn hand_in(&mut self, turn: &mut Turn<'_>, key: SessionKey, mut bytes: &[u8]) {
        let mut is_stuck = false;
        while let Taken::Part(taken) = self.node.handle_received(turn, key, bytes) {
            bytes = &bytes[taken..];
            let has_heard = self.node.has_heard();
            let has_transmitted = self.transmit(turn);
            if self.waits(key) {
                if let Link::Open(connection) = &mut self.places.at(key).link {
                    connection.set_unheard(Some(bytes.into()));
                }
                break;
            }
            // A flush that nobody takes makes room as well, which shows at the second attempt.
            let is_idle = taken == 0 && !has_heard && !has_transmitted;
            if is_stuck && is_idle {
                // Neither takes nor gives: the storage has fewer receive buffers than sessions.
                if let Some(count) = self.stuck_log.admit(turn.now) {
                    log::error!(
                        "no buffer for a partial frame: closing its session ({count} since the last line)"
                    );
                }
                self.drop_link(usize::from(key.index()));
                self.node.handle_disconnected(turn, key);
                break;
            }
            is_stuck = is_idle;
        }
    }

    /// What has waited for the peer is handed over, if it may be now; `false` if it waits on.
    fn hears_the_rest(&mut self, index: usize, turn: &mut Turn<'_>) -> bool {
        let Some(Place { link: Link::Open(connection), .. }) = self.places.get(index) else {
            return true;
        };
        let key = connection.key;
        if connection.is_ending() {
            // Whoever is gone takes no answer.
            connection.set_unheard(None);
            return true;
        }
        if !self.node.is_waiting(key) && !connection.has_unheard() {
            return true;
        }
        self.transmit(turn);
        if self.waits(key) {
            return false;
        }
        let Some(Place { link: Link::Open(connection), .. }) = self.places.get(index) else {
            return true;
        };
        if let Some(unheard) = connection.take_unheard() {
            self.receive(turn, key, &unheard);
        }
        !self.waits(key)
    }
}
