//! What connections say: read, handed over, and kept while a peer has to take answers first.

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::{Role, Taken};
use tinyrealm_core::session::SessionKey;

use super::connection::{Link, Place, Read};
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
        if let Link::Open(connection) = &mut place.link
            && connection.has_unblocked()
        {
            self.node.handle_writable(connection.key);
        }
        if !self.hears_the_rest(index, turn) {
            return;
        }
        for _ in 0..READS_PER_TURN {
            let Some(Place { link: Link::Open(connection), .. }) = self.places.get(index) else {
                return;
            };
            let key = connection.key;
            match connection.read(&mut self.buffer) {
                Read::Nothing => break,
                Read::Bytes(count) => {
                    let buffer = std::mem::take(&mut self.buffer);
                    self.receive(turn, key, &buffer[..count]);
                    self.buffer = buffer;
                    if self.node.is_waiting(key) {
                        return;
                    }
                }
                Read::Ended => {
                    // It has closed its side, and may still read: it has its answers first.
                    self.transmit(turn);
                    self.drop_link(index);
                    self.node.handle_disconnected(turn, key);
                    return;
                }
            }
        }
        // Is there more? After the others.
        self.places.list_if_readable(index);
    }

    /// Hands over what was read; where the node wants to write first, it does, and goes on.
    fn receive(&mut self, turn: &mut Turn<'_>, key: SessionKey, mut bytes: &[u8]) {
        let mut is_stuck = false;
        while let Taken::Part(taken) = self.node.handle_received(turn, key, bytes) {
            bytes = &bytes[taken..];
            let has_transmitted = self.transmit(turn);
            if self.node.is_waiting(key) {
                // Its socket is full, and tells when it is not.
                if let Link::Open(connection) = &mut self.places.at(key).link {
                    connection.unheard = Some(bytes.into());
                }
                break;
            }
            // A flush that nobody takes makes room as well, which shows at the second attempt.
            if is_stuck && taken == 0 && !has_transmitted {
                // Neither takes nor gives: the storage has fewer receive buffers than sessions.
                log::error!("no buffer for a partial frame: closing its session");
                self.drop_link(usize::from(key.index()));
                self.node.handle_disconnected(turn, key);
                break;
            }
            is_stuck = taken == 0 && !has_transmitted;
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
            connection.unheard = None;
            return true;
        }
        if !self.node.is_waiting(key) && connection.unheard.is_none() {
            return true;
        }
        self.transmit(turn);
        if self.node.is_waiting(key) {
            return false;
        }
        let Some(Place { link: Link::Open(connection), .. }) = self.places.get(index) else {
            return true;
        };
        if let Some(unheard) = connection.unheard.take() {
            self.receive(turn, key, &unheard);
        }
        !self.node.is_waiting(key)
    }
}
