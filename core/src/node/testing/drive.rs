//! The driver's loop of a bench: time, transmissions, requests, until nothing is left to be done.

use super::{Asked, Bench, ROUNDS_PER_STEP};
use crate::node::{Node, Request, Role};
use crate::timer::TICK_MS;

impl<'a, R: Role<'a>> Bench<'a, R> {
    /// Does everything that is to be done now.
    pub(crate) fn drive(&mut self) {
        for _ in 0..ROUNDS_PER_STEP {
            if self.is_due() {
                self.turn(Node::handle_timeout);
            }
            self.transmit();
            self.collect_requests();
            if !self.offer_unheard() && !self.is_due() {
                return;
            }
        }
        panic!("no end of work: the next deadline is {:?}", self.node.poll_timeout());
    }

    fn is_due(&self) -> bool {
        self.node.poll_timeout().is_some_and(|at| at <= self.now)
    }

    /// One round of transmissions.
    pub(crate) fn transmit(&mut self) {
        for _ in 0..ROUNDS_PER_STEP {
            let Some(transmit) = self.node.poll_transmit(self.now) else { return };
            let bytes = transmit.slices().concat();
            assert!(!bytes.is_empty(), "an empty transmission");
            let key = transmit.key();
            let peer = self.peers.iter_mut().find(|peer| peer.key == key && !peer.is_gone);
            let peer = peer.expect("a transmission to a session without transport");
            let taken = bytes.len().min(peer.room);
            #[cfg(feature = "websocket")]
            peer.take(&bytes[..taken]);
            #[cfg(not(feature = "websocket"))]
            peer.stream.extend_from_slice(&bytes[..taken]);
            peer.room -= taken;
            peer.is_blocked = taken < bytes.len();
            self.node.handle_transmitted(self.now, taken);
        }
        panic!("no end of transmissions");
    }

    fn collect_requests(&mut self) {
        while let Some(request) = self.node.poll_request() {
            let asked = match request {
                Request::Connect { key, address } => {
                    Asked::Connect { key, address: address.into() }
                }
                Request::Shutdown { key } => Asked::Shutdown(key),
                Request::Drop { key } => Asked::Drop(key),
            };
            match asked {
                Asked::Connect { key, .. } => self.dials.push(key),
                Asked::Drop(key) => self.let_go(key),
                Asked::Shutdown(_) => {}
            }
            self.requests.push(asked);
        }
    }

    /// Offers what was not taken before; answers whether the node has taken some of it.
    fn offer_unheard(&mut self) -> bool {
        let mut has_progressed = false;
        for index in 0..self.peers.len() {
            let (key, waiting_bytes) = (self.peers[index].key, self.peers[index].unheard.len());
            if waiting_bytes > 0 {
                self.hand_over(key);
                has_progressed |= self.peers[index].unheard.len() < waiting_bytes;
            }
        }
        has_progressed
    }

    /// Lets `ms` milliseconds pass, with a stop at every deadline of the node.
    pub(crate) fn pass_ms(&mut self, ms: u32) {
        let end = self.now.after_ms(ms);
        self.drive();
        while let Some(at) = self.node.poll_timeout().filter(|at| *at <= end) {
            assert!(at > self.now, "a deadline in the past");
            self.now = at;
            self.drive();
        }
        self.now = end;
        self.drive();
    }

    /// Lets `ms` milliseconds pass in which the node gets no turn.
    pub(crate) fn stall_ms(&mut self, ms: u32) {
        self.now = self.now.after_ms(ms);
        self.drive();
    }

    /// Ends the test: closes the node down, with peers that take everything and never hang up.
    pub(crate) fn finish(mut self) {
        self.turn(Node::handle_shutdown);
        for index in 0..self.peers.len() {
            self.unblock_silently(self.peers[index].key, usize::MAX);
        }
        let drain_timeout_ms = self.node.sessions().config().drain_timeout_ms;
        self.pass_ms(2 * (drain_timeout_ms + TICK_MS));
        assert!(self.node.is_finished(), "{} sessions are left", self.node.sessions().len());
        assert_eq!(self.node.sessions().buffers_in_use(), 0, "a send buffer has leaked");
        assert_eq!(self.node.receive_buffers_in_use(), 0, "a receive buffer has leaked");
        self.check_ends();
    }

    fn check_ends(&self) {
        let ended = &self.node.role().ended;
        for (index, end) in ended.iter().enumerate() {
            let told_again = ended[..index].iter().any(|before| before.key == end.key);
            assert!(!told_again, "{:?} has ended twice", end.key);
        }
        for peer in &self.peers {
            assert!(self.ended(peer.key).is_some(), "{:?} has never ended", peer.key);
        }
        assert_eq!(ended.len(), self.stats().closed as usize);
    }
}
