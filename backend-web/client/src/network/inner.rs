//! What a network is inside: its sockets and its queues, between the host's calls and the sessions'.

use tinyrealm_core::net::{TICK_BYTES_MAX, TICK_EVENTS_MAX};
use tinyrealm_core::protocol::SendError;
use tinyrealm_core::wire::Full;

use super::{
    Answer, EVENT_ROOM_BYTES, Heard, OUTBOX_RESERVE_BYTES, OUTBOX_ROOM_BYTES, RequestKind, SOCKETS,
};
use crate::queue::{ByteQueue, RECORD_HEADER_BYTES};
use crate::socket::{SocketEvent, SocketState};

#[derive(Copy, Clone, Debug)]
pub(super) struct Socket {
    pub(super) state: SocketState,
    pub(super) number: u16,
    /// The host has taken the request to open it.
    pub(super) is_known: bool,
    /// The host's half has ended; what it reports further is not this socket's.
    pub(super) is_reported: bool,
}

pub(super) const VACANT: Socket =
    Socket { state: SocketState::Free, number: 0, is_known: false, is_reported: false };

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) sockets: [Socket; SOCKETS],
    pub(super) last_number: u16,
    pub(super) inbox: ByteQueue,
    pub(super) outbox: ByteQueue,
    pub(super) events: ByteQueue,
    /// A realm's client has the sockets: it begins the ticks, and tells its game how they end.
    pub(super) has_client: bool,
    /// What may still be heard in this tick.
    pub(super) things_left: usize,
    pub(super) bytes_left: usize,
}

impl Inner {
    pub(super) const fn renew_bound(&mut self) {
        (self.things_left, self.bytes_left) = (TICK_EVENTS_MAX, TICK_BYTES_MAX);
    }

    pub(super) fn find(&self, number: u16) -> Option<&Socket> {
        self.sockets.iter().find(|s| s.state != SocketState::Free && s.number == number)
    }

    pub(super) fn find_mut(&mut self, number: u16) -> Option<&mut Socket> {
        let mut sockets = self.sockets.iter_mut();
        sockets.find(|socket| socket.state != SocketState::Free && socket.number == number)
    }

    pub(super) fn change(&mut self, number: u16, event: SocketEvent) -> bool {
        let Some(socket) = self.find_mut(number) else { return false };
        let Some(state) = socket.state.after(event) else { return false };
        socket.state = state;
        true
    }

    pub(super) fn create(&mut self) -> Option<u16> {
        // Six of 65,535 are taken at most, so this ends at once.
        loop {
            self.last_number = self.last_number.wrapping_add(1).max(1);
            if self.find(self.last_number).is_none() {
                break;
            }
        }
        let number = self.last_number;
        let free = self.sockets.iter_mut().find(|socket| socket.state == SocketState::Free)?;
        *free = Socket { state: SocketState::Idle, number, ..VACANT };
        Some(number)
    }

    /// There is room: see [`OUTBOX_RESERVE_BYTES`].
    pub(super) fn ask(&mut self, kind: RequestKind, socket: u16, body: &[u8]) {
        let asked = self.outbox.push(kind as u8, socket, [body, &[]]);
        debug_assert!(asked.is_ok(), "frames have taken what was reserved");
    }

    pub(super) fn send(&mut self, number: u16, body: &[u8]) -> Result<(), SendError> {
        match self.find(number) {
            Some(socket) if socket.state == SocketState::Open => {}
            _ => return Err(SendError::Closed),
        }
        if !self.outbox.has_room(OUTBOX_RESERVE_BYTES + RECORD_HEADER_BYTES + body.len()) {
            return Err(SendError::Full);
        }
        self.outbox
            .push(RequestKind::Send as u8, number, [body, &[]])
            .map_err(|Full| SendError::Full)
    }

    pub(super) fn drop_socket(&mut self, number: u16) {
        if !self.change(number, SocketEvent::Drop) {
            return;
        }
        match self.find(number) {
            Some(socket) if socket.is_reported => {
                // The host knows already that there is nothing to let go.
                self.change(number, SocketEvent::LetGo);
            }
            Some(_) => self.ask(RequestKind::Drop, number, &[]),
            None => {}
        }
    }

    pub(super) fn request_taken(&mut self) {
        let Some(request) = self.outbox.first() else { return };
        let (kind, number) = (request.kind, request.socket);
        self.outbox.pop();
        if kind == RequestKind::Drop as u8 {
            self.change(number, SocketEvent::LetGo);
        } else if let Some(socket) = self.find_mut(number) {
            // The first of a socket's requests is the one to open it.
            socket.is_known = true;
        }
    }

    pub(super) fn report(&mut self, number: u16, heard: Heard, parts: [&[u8]; 2]) -> Answer {
        match self.find(number) {
            Some(s) if s.state.is_shared() && s.is_known && !s.is_reported => {}
            _ => return Answer::Nobody,
        }
        if self.inbox.push(heard.kind(), number, parts).is_err() {
            return Answer::Full;
        }
        if let (Heard::Closed, Some(socket)) = (heard, self.find_mut(number)) {
            socket.is_reported = true;
        }
        Answer::Taken
    }

    pub(super) fn may_hear(&self) -> bool {
        self.things_left > 0
            && self.bytes_left > 0
            && self.outbox.has_room(OUTBOX_ROOM_BYTES)
            && self.events.has_room(EVENT_ROOM_BYTES)
    }

    pub(super) fn hear(&mut self, number: u16, into: &mut [u8]) -> Option<(Heard, usize)> {
        while self.may_hear() {
            let record = self.inbox.first()?;
            if record.socket != number {
                return None;
            }
            let heard = Heard::of_kind(record.kind);
            let bytes = record.body.len();
            into.get_mut(..bytes)?.copy_from_slice(record.body);
            self.inbox.pop();
            self.things_left -= 1;
            self.bytes_left = self.bytes_left.saturating_sub(bytes);
            let counts = match heard {
                Heard::Opened => self.change(number, SocketEvent::Opened),
                Heard::Closed => self.change(number, SocketEvent::Closed),
                // Behind the session's own close nothing is told any more.
                Heard::Body => self.find(number).is_some_and(|s| s.state == SocketState::Open),
            };
            if counts {
                return Some((heard, bytes));
            }
        }
        None
    }

    pub(super) fn discard_orphans(&mut self) {
        while let Some(record) = self.inbox.first() {
            if self.find(record.socket).is_some_and(|socket| socket.state.is_shared()) {
                return;
            }
            self.inbox.pop();
        }
    }
}
