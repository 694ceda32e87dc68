//! The driver's inbound half: what the network says, and what it brings.

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::{ConnectFailure, Node, Role, Taken};
use tinyrealm_core::session::{Session, SessionKey, SessionState};
use tinyrealm_core::wire::Framing;

use super::walker::FrameWalker;
use super::{Host, Tools, wrongs};
use crate::broken::Broken;
use crate::ids::{ConnectionId, Side};
use crate::network::{Notice, Parting};
use crate::settings::Sabotage;
use crate::trace::What;

/// What a node makes of a link of which somebody on the way has changed something.
#[derive(Copy, Clone)]
struct Spoiled {
    wrongs: u64,
    frames: u64,
    is_proven: bool,
}

impl Spoiled {
    fn of<'a, R: Role<'a>>(node: &Node<'a, R>, key: SessionKey) -> Self {
        let state = node.sessions().get(key).map(Session::state);
        Self {
            wrongs: wrongs(node.stats()),
            frames: node.stats().frames_received,
            is_proven: state == Some(SessionState::Ready),
        }
    }

    /// Whether something was heard that was changed, by whom that is proven; or somebody is by what was.
    const fn has_taken(self, before: Self) -> bool {
        if before.is_proven { self.frames > before.frames } else { self.is_proven }
    }
}

/// What became of an offer of bytes.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Offered {
    /// There was nothing to offer.
    Nothing,
    /// All of it was taken, or the stream's end was seen.
    Everything,
    /// So many bytes, and not the rest.
    Part(usize),
}

impl<'a, R: Role<'a>> Host<'a, R> {
    pub(super) fn take_notice(
        &mut self,
        tools: &mut Tools<'_>,
        notice: Notice,
    ) -> Result<(), Broken> {
        match notice {
            Notice::Incoming(connection) => self.take_incoming(tools, connection)?,
            Notice::Connected(connection) => self.take_connected(tools, connection),
            Notice::ConnectFailed(connection) => {
                self.take_end(tools, connection, What::ConnectFailed(connection));
            }
            Notice::Readable(connection) => self.read(tools, connection),
            Notice::Writable(connection) => self.take_writable(tools, connection),
            Notice::Reset(connection) => {
                self.take_end(tools, connection, What::WasReset(connection));
            }
        }
        Ok(())
    }

    fn take_incoming(
        &mut self,
        tools: &mut Tools<'_>,
        connection: ConnectionId,
    ) -> Result<(), Broken> {
        self.journal.set_cause(Some(connection));
        let mut turn = Turn { now: tools.timeline.now(), entropy: &mut self.random };
        let address = tools.network.dialer(connection).peer_address();
        match self.node.handle_accepted(&mut turn, address) {
            Ok(key) => {
                tools.timeline.note(self.id, What::Accepted(connection));
                tools.network.accept(tools.timeline, connection, key);
                self.add_line(key, connection, Side::Acceptor)
            }
            Err(_) => {
                tools.network.refuse(tools.timeline, connection);
                Ok(())
            }
        }
    }

    fn key_of(&self, connection: ConnectionId) -> Option<SessionKey> {
        let index = self.index_of(connection)?;
        self.lines[index].as_ref().map(|line| line.key)
    }

    fn take_connected(&mut self, tools: &mut Tools<'_>, connection: ConnectionId) {
        if let Some(key) = self.key_of(connection) {
            tools.timeline.note(self.id, What::Connected(connection));
            self.journal.set_cause(Some(connection));
            let mut turn = Turn { now: tools.timeline.now(), entropy: &mut self.random };
            self.node.handle_connected(&mut turn, key);
            let session = self.node.sessions().get(key);
            let framing = session.map(|session| self.node.role().framing(session.tag()));
            if framing == Some(Framing::Message) {
                tools.timeline.counters.web_sockets += 1;
                let is_open = self.node.sessions().is_open(key);
                if let Some(line) = self.line_at(key) {
                    line.walker = FrameWalker::of_asked_server();
                    line.is_partial = is_open;
                }
            }
        }
    }

    fn take_writable(&mut self, tools: &mut Tools<'_>, connection: ConnectionId) {
        if let Some(key) = self.key_of(connection) {
            tools.timeline.note(self.id, What::Writable(connection));
            self.node.handle_writable(key);
            if let Some(line) = self.line_at(key) {
                line.is_blocked = false;
            }
        }
    }

    /// A connection has failed, or has ended without an end.
    fn take_end(&mut self, tools: &mut Tools<'_>, connection: ConnectionId, what: What) {
        let Some(index) = self.index_of(connection) else { return };
        let Some(line) = self.remove_line(index) else { return };
        tools.timeline.note(self.id, what);
        self.journal.set_cause(Some(connection));
        let mut turn = Turn { now: tools.timeline.now(), entropy: &mut self.random };
        match what {
            What::ConnectFailed(_) => {
                tools.timeline.counters.dials_failed += 1;
                self.node.handle_connect_failed(&mut turn, line.key, ConnectFailure::Unreachable);
            }
            _ => self.node.handle_disconnected(&mut turn, line.key),
        }
    }

    fn read(&mut self, tools: &mut Tools<'_>, connection: ConnectionId) {
        if let Some(index) = self.index_of(connection) {
            let side = self.lines[index].as_ref().map_or(Side::Dialer, |line| line.side);
            tools.network.begin_reading(connection, side);
            self.offer(tools, index);
        }
    }

    /// Offers again what was not taken; answers whether any of it was taken now.
    pub(super) fn offer_held(&mut self, tools: &mut Tools<'_>) -> bool {
        let mut has_progressed = false;
        for index in 0..self.lines.len() {
            if self.lines[index].as_ref().is_some_and(|line| line.is_held) {
                has_progressed |= self.offer(tools, index);
            }
        }
        has_progressed
    }

    /// Offers all that has come, read by read; answers whether the node took any of it.
    fn offer(&mut self, tools: &mut Tools<'_>, index: usize) -> bool {
        let mut has_progressed = false;
        loop {
            let offered = self.offer_once(tools, index);
            has_progressed |= !matches!(offered, Offered::Nothing | Offered::Part(0))
                || (offered == Offered::Part(0) && self.node.has_heard());
            let is_held = matches!(offered, Offered::Part(_));
            if let Some(line) = self.lines[index].as_mut() {
                line.is_held = is_held;
            }
            if offered != Offered::Everything || self.lines[index].is_none() {
                return has_progressed;
            }
        }
    }

    fn offer_once(&mut self, tools: &mut Tools<'_>, index: usize) -> Offered {
        let Some(line) = self.lines[index].as_mut() else { return Offered::Nothing };
        let (connection, side, now_us) = (line.connection, line.side, tools.timeline.now_us());
        let unread = tools.network.unread(now_us, connection, side);
        if unread.is_empty() {
            let is_at_end = tools.network.is_at_end(now_us, connection, side);
            return if is_at_end { self.see_end(tools, index) } else { Offered::Nothing };
        }
        // What somebody on the way has changed is read apart from what is before it.
        let unspoiled = tools.network.unspoiled(connection, side);
        let most = unspoiled.filter(|bytes| *bytes > 0).unwrap_or(unread.len());
        let bytes = &unread[..unread.len().min(self.habits.read_bytes).min(most)];
        self.journal.set_cause(Some(connection));
        let before = Spoiled::of(&self.node, line.key);
        let mut turn = Turn { now: tools.timeline.now(), entropy: &mut self.random };
        let taken = self.node.handle_received(&mut turn, line.key, bytes);
        if unspoiled.is_some() {
            let after = Spoiled::of(&self.node, line.key);
            self.excused += after.wrongs - before.wrongs;
            self.has_taken_changed |= unspoiled == Some(0) && after.has_taken(before);
        }
        let count = if let Taken::Part(count) = taken { count } else { bytes.len() };
        line.walker.walk(&bytes[..count]);
        // What a closing peer still says is not kept.
        let is_open = self.node.sessions().is_open(line.key);
        line.is_partial = is_open && line.walker.is_inside_frame();
        let offered = bytes.len() as u32;
        let what = What::Received { connection, bytes: offered, taken: count as u32 };
        tools.network.consume(tools.timeline, connection, side, count);
        tools.timeline.note(self.id, what);
        if taken == Taken::All {
            return Offered::Everything;
        }
        tools.timeline.counters.reads_put_off += 1;
        Offered::Part(count)
    }

    fn see_end(&mut self, tools: &mut Tools<'_>, index: usize) -> Offered {
        let Some(line) = self.remove_line(index) else { return Offered::Nothing };
        tools.timeline.note(self.id, What::Ended(line.connection));
        tools.network.close(tools.timeline, line.connection, line.side, Parting::End);
        if self.is_sabotaged_by(Sabotage::UntoldEnd) {
            return Offered::Everything;
        }
        self.journal.set_cause(Some(line.connection));
        let mut turn = Turn { now: tools.timeline.now(), entropy: &mut self.random };
        self.node.handle_disconnected(&mut turn, line.key);
        Offered::Everything
    }
}
