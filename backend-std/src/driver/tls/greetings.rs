//! Handshakes and records of a driver's connections: from the socket to the node's text.

use std::task::{Context, Poll};

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::Role;
use tinyrealm_core::session::SessionKey;

use super::{Session, Unsound, greet};
use crate::driver::Driver;
use crate::driver::connection::Link;
use crate::driver::sockets::News;

impl<'a, R: Role<'a>> Driver<'a, R> {
    /// A connection has begun with TLS.
    pub(in crate::driver) fn begin_greeting(
        &mut self,
        turn: &mut Turn<'_>,
        key: SessionKey,
        came: &[u8],
    ) {
        let Some(tls) = &self.tls else { return };
        match Session::new(tls.config()) {
            Ok(session) => self.greet(key, Box::new(session), came),
            Err(unsound) => self.give_up(turn, key, &unsound),
        }
    }

    fn greet(&mut self, key: SessionKey, session: Box<Session>, came: &[u8]) {
        let came = came.to_vec();
        self.greetings.spawn(async move { (key, greet(session, came).await) });
        self.has_greeted = true;
    }

    pub(in crate::driver) fn finish_greetings(
        &mut self,
        cx: &mut Context<'_>,
        turn: &mut Turn<'_>,
    ) {
        while let Poll::Ready(Some(finished)) = self.greetings.poll_join_next(cx) {
            let Ok((key, greeted)) = finished else { continue };
            // Somebody else may have its index by now.
            if self.node.sessions().get(key).is_none() {
                continue;
            }
            let Link::Open(connection) = &mut self.places.at(key).link else { continue };
            let none = || Unsound("the system gives no thread for handshakes".to_owned());
            match greeted.ok_or_else(none).and_then(|greeted| connection.greeted(greeted)) {
                Ok(text) => {
                    self.receive(turn, key, &text);
                    // What has come or waited meanwhile is looked at now.
                    let all = News { is_readable: true, is_writable: true, is_ending: false };
                    self.places.tell(key.index(), all);
                }
                Err(unsound) => self.give_up(turn, key, &unsound),
            }
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
                self.greet(key, session, bytes);
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
            Ok(true) => self.reads_on(key),
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
