//! Handshakes and records of a driver's connections: from the socket to the node's text.

use std::collections::VecDeque;
use std::task::{Context, Poll};

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::Role;
use tinyrealm_core::session::SessionKey;

use tokio::task::JoinSet;

use super::{Greeted, HANDSHAKES_MAX, Session, Unsound, greet};
use crate::driver::Driver;
use crate::driver::connection::Connection;
use crate::driver::places::Link;
use crate::driver::sockets::News;

/// What has come or waited meanwhile is looked at.
const ALL: News = News { is_readable: true, is_writable: true, is_ending: false };

/// The steps of handshakes that are under way, and who waits for one.
#[derive(Default)]
pub(in crate::driver) struct Greetings {
    steps: JoinSet<(SessionKey, Option<Greeted>)>,
    waiting: VecDeque<SessionKey>,
    /// A step has begun in this turn.
    has_begun: bool,
}

impl Greetings {
    /// Whether a further one has to wait.
    pub(in crate::driver) fn are_full(&self) -> bool {
        self.steps.len() >= HANDSHAKES_MAX
    }

    /// It is served when others are done. Each waits once, so no more wait than there are connections.
    pub(in crate::driver) fn wait(&mut self, connection: &mut Connection) {
        if !std::mem::replace(&mut connection.is_queued, true) {
            self.waiting.push_back(connection.key);
        }
    }

    /// Whether the driver has to look again for a step that has begun in this turn, or for who may begin one.
    pub(in crate::driver) fn have_begun(&mut self) -> bool {
        let may_begin = !self.waiting.is_empty() && !self.are_full();
        std::mem::take(&mut self.has_begun) || may_begin
    }

    fn begin(&mut self, key: SessionKey, session: Box<Session>, came: &[u8]) {
        let came = came.to_vec();
        self.steps.spawn(async move { (key, greet(session, came).await) });
        self.has_begun = true;
    }
}

impl<'a, R: Role<'a>> Driver<'a, R> {
    /// A connection has begun with TLS.
    pub(in crate::driver) fn begin_greeting(
        &mut self,
        turn: &mut Turn<'_>,
        key: SessionKey,
        came: &[u8],
    ) {
        let Some(tls) = &self.tls else { return };
        match Session::new(tls.identity.config()) {
            Ok(session) => self.greetings.begin(key, Box::new(session), came),
            Err(unsound) => self.give_up(turn, key, &unsound),
        }
    }

    pub(in crate::driver) fn finish_greetings(
        &mut self,
        cx: &mut Context<'_>,
        turn: &mut Turn<'_>,
    ) {
        while let Poll::Ready(Some(finished)) = self.greetings.steps.poll_join_next(cx) {
            let Ok((key, greeted)) = finished else { continue };
            // Somebody else may have its index by now.
            if self.node.sessions().get(key).is_none() {
                continue;
            }
            let Link::Open(connection) = &mut self.places.at(key).link else { continue };
            let none = || Unsound("nobody has done its handshake".to_owned());
            match greeted.ok_or_else(none).and_then(|greeted| connection.greeted(greeted)) {
                Ok(text) => {
                    self.receive(turn, key, &text);
                    self.places.tell(key.index(), ALL);
                    self.watch_outgoing(key);
                }
                Err(unsound) => self.give_up(turn, key, &unsound),
            }
        }
        self.serve_waiting();
    }

    /// As many as may begin now.
    fn serve_waiting(&mut self) {
        let room = HANDSHAKES_MAX.saturating_sub(self.greetings.steps.len());
        for _ in 0..room {
            let Some(key) = self.greetings.waiting.pop_front() else { return };
            if let Link::Open(connection) = &mut self.places.at(key).link
                && connection.key == key
            {
                connection.is_queued = false;
                self.places.tell(key.index(), ALL);
            }
        }
    }

    /// What TLS itself has to say leaves as soon as the socket takes it.
    fn watch_outgoing(&mut self, key: SessionKey) {
        if let Link::Open(connection) = &mut self.places.at(key).link
            && connection.has_outgoing()
            && connection.block(&self.sockets).is_err()
        {
            // A broken connection shows when it is read.
            self.places.tell(key.index(), News { is_ending: true, ..ALL });
        }
    }

    /// Opens what has come; `false` if nothing more is to be read now.
    pub(in crate::driver) fn hear_sealed(
        &mut self,
        turn: &mut Turn<'_>,
        key: SessionKey,
        bytes: &mut [u8],
    ) -> bool {
        let Link::Open(connection) = &mut self.places.at(key).link else { return false };
        if connection.is_greeting() {
            if let Some(session) = connection.lend_session() {
                self.greetings.begin(key, session, bytes);
            }
            return false;
        }
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        let decrypted = connection.decrypt(bytes, &mut text);
        // What was sound before it counts.
        self.receive(turn, key, &text);
        self.text = text;
        match decrypted {
            Ok(true) => {
                self.watch_outgoing(key);
                self.reads_on(key)
            }
            Ok(false) => {
                self.end(turn, key);
                false
            }
            Err(unsound) => {
                self.give_up(turn, key, &unsound);
                false
            }
        }
    }

    fn give_up(&mut self, turn: &mut Turn<'_>, key: SessionKey, Unsound(why): &Unsound) {
        log::debug!("a TLS connection ends: {why}");
        self.drop_link(usize::from(key.index()));
        if self.node.sessions().get(key).is_some() {
            self.node.handle_disconnected(turn, key);
        }
    }
}
