//! Bytes in and out: what sockets have received, what the node has to say.

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::{Role, Taken};
use tinyrealm_core::session::SessionKey;

use super::{Engine, LinkState, position_of};
use crate::bank::SocketBank;

impl<'a, R: Role<'a>> Engine<'a, R> {
    /// A link that had too little room has more now.
    pub(super) fn unblock(&mut self, number: usize, key: SessionKey, bank: &impl SocketBank) {
        let Some(link) = self.links.get_mut(number) else { return };
        if link.blocked_at_room.is_some_and(|before| bank.room(number) > usize::from(before)) {
            link.blocked_at_room = None;
            self.node.handle_writable(key);
        }
    }

    /// Hands over what lies there, and answers whether any was taken. Where the node wants to write
    /// first, it does, and goes on; what it has no buffer for stays where it is.
    pub(super) fn receive(
        &mut self,
        number: usize,
        key: SessionKey,
        turn: &mut Turn<'_>,
        bank: &mut impl SocketBank,
    ) -> bool {
        let mut has_taken = false;
        let mut is_stuck = false;
        loop {
            let (taken, lay_there) = self.offer(number, key, turn, bank);
            has_taken |= taken > 0;
            if lay_there == 0 {
                return has_taken;
            }
            let has_heard = self.node.has_heard();
            let has_sent = taken < lay_there && self.transmit(turn, bank);
            if taken > 0 || has_heard || has_sent {
                is_stuck = false;
            } else if is_stuck {
                self.starved_at = Some(self.node.receive_buffers_in_use());
                return has_taken;
            } else {
                // A flush that nobody takes makes room as well, which shows at the second attempt.
                is_stuck = true;
            }
        }
    }

    /// Offers the node the oldest bytes that lie together: how many it took, and how many they were.
    fn offer(
        &mut self,
        number: usize,
        key: SessionKey,
        turn: &mut Turn<'_>,
        bank: &mut impl SocketBank,
    ) -> (usize, usize) {
        let is_open = self.links.get(number).is_some_and(|link| link.state == LinkState::Open(key));
        if !is_open {
            // A transmission in between has closed it.
            return (0, 0);
        }
        let node = &mut self.node;
        let mut taken = 0;
        let lay_there = bank.receive(number, &mut |bytes| {
            taken = match node.handle_received(turn, key, bytes) {
                Taken::All => bytes.len(),
                Taken::Part(count) => count,
            };
            taken
        });
        (taken, lay_there)
    }

    /// Sends what the node has to say, whole frames only; answers whether there was any.
    pub(super) fn transmit(&mut self, turn: &mut Turn<'_>, bank: &mut impl SocketBank) -> bool {
        let mut has_sent = false;
        while let Some(transmit) = self.node.poll_transmit(turn.now) {
            let key = transmit.key();
            let number = position_of(self.links, key);
            let room = number.map_or(0, |number| bank.room(number));
            let (total, count) = (transmit.bytes(), transmit.whole_frames(room));
            let mut left = count;
            for part in transmit.slices() {
                let (now_sent, _) = part.split_at(left.min(part.len()));
                if let (Some(number), false) = (number, now_sent.is_empty()) {
                    bank.send(number, now_sent);
                }
                left -= now_sent.len();
            }
            has_sent |= count > 0;
            self.node.handle_transmitted(turn.now, count);
            if let (Some(number), true) = (number, count < total) {
                let is_hopeless = count == 0 && room > 0 && room == bank.capacity(number);
                self.block(number, key, room - count);
                if is_hopeless {
                    self.give_up(number, key, turn, bank);
                }
            }
        }
        has_sent
    }

    fn block(&mut self, number: usize, key: SessionKey, room: usize) {
        if let Some(link) = self.links.get_mut(number)
            && link.state == LinkState::Open(key)
        {
            link.blocked_at_room = Some(u16::try_from(room).unwrap_or(u16::MAX));
        }
    }

    /// The next frame will never fit.
    fn give_up(
        &mut self,
        number: usize,
        key: SessionKey,
        turn: &mut Turn<'_>,
        bank: &mut impl SocketBank,
    ) {
        self.unsendable += 1;
        self.reset(number, bank);
        self.node.handle_disconnected(turn, key);
    }
}
