//! Who comes: from the listener into the node, over the arrivals if a proxy brings them.

use std::net::IpAddr;

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::Role;
use tinyrealm_core::session::SessionKey;

use super::connection::{Connection, Layer};
use super::places::Link;
use super::sockets::Watch;
use super::tls::ClearText;
use super::{ACCEPT_REST_MS, ACCEPTS_PER_TURN, Driver};
use crate::socket;

impl<'a, R: Role<'a>> Driver<'a, R> {
    /// Answers whether there may be more to accept at once.
    pub(super) fn accept(&mut self, turn: &mut Turn<'_>) -> bool {
        for _ in 0..ACCEPTS_PER_TURN {
            if self.accept_again_at.is_some_and(|at| at > turn.now) {
                return false;
            }
            self.accept_again_at = None;
            match self.sockets.accept() {
                None => return false,
                Some(Ok((stream, address))) if self.arrivals.concern(address.ip()) => {
                    let watch = |stream: &mut _, number| self.sockets.watch_arrival(stream, number);
                    let patience_ms = self.node.sessions().config().greeting_timeout_ms;
                    let until = turn.now.after_ms(patience_ms);
                    if let Err(error) = self.arrivals.add(until, stream, address.ip(), watch) {
                        log::debug!("a proxy's connection ended before it began: {error}");
                    }
                }
                Some(Ok((stream, address))) => self.admit(turn, stream, address.ip(), Watch::New),
                Some(Err(error)) => {
                    log::warn!("can't accept: {error}; resting {ACCEPT_REST_MS} ms");
                    self.accept_again_at = Some(turn.now.after_ms(ACCEPT_REST_MS));
                }
            }
        }
        true
    }

    pub(super) fn admit_arrivals(&mut self, turn: &mut Turn<'_>) {
        while let Some((stream, address)) = self.arrivals.next_known(&mut self.buffer) {
            self.admit(turn, stream, address, Watch::Again);
        }
        self.arrivals.expire(turn.now);
    }

    fn admit(
        &mut self,
        turn: &mut Turn<'_>,
        stream: mio::net::TcpStream,
        address: IpAddr,
        watch: Watch,
    ) {
        let Ok(key) = self.node.handle_accepted(turn, socket::peer_address(address)) else {
            return;
        };
        // Whoever was looked at before has come by a proxy that is believed.
        let is_near = watch == Watch::Again || address.to_canonical().is_loopback();
        let layer = match self.tls.as_ref().map(|tls| tls.clear_text) {
            None => Layer::Clear,
            Some(ClearText::Nearby) if !is_near => Layer::TlsOnly,
            Some(_) => Layer::Unknown,
        };
        self.open(key, stream, watch, layer, turn);
        // Whoever has given way for it makes room for the next.
        self.fulfil_requests(turn);
    }

    pub(super) fn open(
        &mut self,
        key: SessionKey,
        mut stream: mio::net::TcpStream,
        watch: Watch,
        layer: Layer,
        turn: &mut Turn<'_>,
    ) {
        let watched = socket::configure(&stream, self.options.send_buffer_bytes)
            .and_then(|()| self.sockets.watch(&mut stream, key.index(), watch));
        if let Err(error) = watched {
            log::debug!("a connection ended before it began: {error}");
            self.node.handle_disconnected(turn, key);
            return;
        }
        self.places.at(key).link = Link::Open(Connection::new(key, stream, layer));
    }
}
