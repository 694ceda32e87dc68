//! `Host`: drives one node over the bench's network, by the driver's contract of the core.

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::{ConnectFailure, Context, Node, Request, Role, Taken};
use tinyrealm_core::session::SessionKey;
use tinyrealm_core::time::Instant;

use crate::Random;
use crate::network::{End, HostId, Letter, Network};
use crate::place::host_at;

/// What a turn of a host works with.
pub(crate) struct Tools<'t> {
    pub(crate) now: Instant,
    pub(crate) random: &'t mut Random,
    pub(crate) network: &'t mut Network,
}

impl Tools<'_> {
    pub(crate) fn turn(&mut self) -> Turn<'_> {
        Turn { now: self.now, entropy: self.random }
    }
}

/// One session's transport.
struct Line {
    key: SessionKey,
    end: End,
    is_connected: bool,
    /// What has come and was not taken yet.
    unread: Vec<u8>,
    /// Behind that nothing comes.
    is_over: bool,
}

/// What a node asks for, without the borrow.
enum Wanted {
    Connect(SessionKey, HostId),
    Shutdown(SessionKey),
    Drop(SessionKey),
}

/// A node and its transports; see the [module](self).
pub(crate) struct Host<R> {
    pub(crate) id: HostId,
    pub(crate) node: Node<'static, R>,
    lines: Vec<Line>,
}

impl<R: Role<'static>> Host<R> {
    pub(crate) const fn new(id: HostId, node: Node<'static, R>) -> Self {
        Self { id, node, lines: Vec::new() }
    }

    /// Acts on the node from outside.
    pub(crate) fn act<T>(
        &mut self,
        tools: &mut Tools<'_>,
        act: impl FnOnce(&mut R, &mut Context<'_, 'static>) -> T,
    ) -> T {
        self.node.act(&mut tools.turn(), act)
    }

    /// The node is gone: its connections break.
    pub(crate) fn vanish(&mut self, tools: &mut Tools<'_>) {
        for line in self.lines.drain(..) {
            tools.network.hang_up(tools.now, line.end);
        }
    }

    /// Something has arrived.
    pub(crate) fn take(&mut self, tools: &mut Tools<'_>, end: End, letter: Letter) {
        if let Letter::Incoming(address) = letter {
            match self.node.handle_accepted(&mut tools.turn(), address) {
                Ok(key) => {
                    self.add_line(key, end, true);
                    tools.network.send(tools.now, end, Letter::Connected);
                }
                Err(_) => tools.network.hang_up(tools.now, end),
            }
            return;
        }
        // An end that has let go hears nothing.
        let Some(line) = self.lines.iter_mut().find(|line| line.end == end) else { return };
        match letter {
            Letter::Connected => {
                line.is_connected = true;
                self.node.handle_connected(&mut tools.turn(), line.key);
            }
            Letter::Bytes(bytes) => line.unread.extend_from_slice(&bytes),
            Letter::Over => line.is_over = true,
            Letter::Incoming(_) => {}
        }
    }

    fn add_line(&mut self, key: SessionKey, end: End, is_connected: bool) {
        self.lines.push(Line { key, end, is_connected, unread: Vec::new(), is_over: false });
    }

    /// One turn of the driver's loop; answers whether there was anything to do.
    pub(crate) fn turn(&mut self, tools: &mut Tools<'_>) -> bool {
        let mut is_busy = self.read_all(tools);
        if self.next_at().is_some_and(|at| at <= tools.now) {
            self.node.handle_timeout(&mut tools.turn());
            is_busy = true;
        }
        is_busy |= self.transmit(tools);
        is_busy | self.do_requests(tools)
    }

    /// When the node wants a turn.
    pub(crate) fn next_at(&self) -> Option<Instant> {
        self.node.poll_timeout()
    }

    fn read_all(&mut self, tools: &mut Tools<'_>) -> bool {
        let mut is_busy = false;
        let mut index = 0;
        while index < self.lines.len() {
            is_busy |= self.read(tools, index);
            if self.lines[index].is_over && self.lines[index].unread.is_empty() {
                let line = self.lines.remove(index);
                self.see_end(tools, &line);
                is_busy = true;
            } else {
                index += 1;
            }
        }
        is_busy
    }

    /// Offers what has come until it is taken, or no more is.
    fn read(&mut self, tools: &mut Tools<'_>, index: usize) -> bool {
        let line = &mut self.lines[index];
        let waiting = line.unread.len();
        let mut offset = 0;
        while offset < waiting {
            let rest = &line.unread[offset..];
            let piece = &rest[..tools.network.read_bytes(rest.len())];
            let mut turn = Turn { now: tools.now, entropy: tools.random };
            match self.node.handle_received(&mut turn, line.key, piece) {
                Taken::All => offset += piece.len(),
                Taken::Part(count) => {
                    offset += count;
                    break;
                }
            }
        }
        line.unread.drain(..offset);
        offset > 0
    }

    fn see_end(&mut self, tools: &mut Tools<'_>, line: &Line) {
        tools.network.hang_up(tools.now, line.end);
        let mut turn = tools.turn();
        if line.is_connected {
            self.node.handle_disconnected(&mut turn, line.key);
        } else {
            self.node.handle_connect_failed(&mut turn, line.key, ConnectFailure::Unreachable);
        }
    }

    fn transmit(&mut self, tools: &mut Tools<'_>) -> bool {
        let mut is_busy = false;
        while let Some(transmit) = self.node.poll_transmit(tools.now) {
            let (key, bytes) = (transmit.key(), transmit.slices().concat());
            self.node.handle_transmitted(tools.now, bytes.len());
            if let Some(line) = self.lines.iter().find(|line| line.key == key) {
                tools.network.send(tools.now, line.end, Letter::Bytes(bytes));
            }
            is_busy = true;
        }
        is_busy
    }

    fn do_requests(&mut self, tools: &mut Tools<'_>) -> bool {
        let mut is_busy = false;
        while let Some(wanted) = self.next_wanted() {
            is_busy = true;
            match wanted {
                Wanted::Connect(key, to) => {
                    let end = tools.network.dial(tools.now, self.id, to);
                    self.add_line(key, end, false);
                }
                Wanted::Shutdown(key) => {
                    if let Some(line) = self.lines.iter().find(|line| line.key == key) {
                        tools.network.send(tools.now, line.end, Letter::Over);
                    }
                }
                Wanted::Drop(key) => {
                    if let Some(index) = self.lines.iter().position(|line| line.key == key) {
                        tools.network.hang_up(tools.now, self.lines.remove(index).end);
                    }
                }
            }
        }
        is_busy
    }

    fn next_wanted(&mut self) -> Option<Wanted> {
        Some(match self.node.poll_request()? {
            Request::Connect { key, address } => Wanted::Connect(key, host_at(address)),
            Request::Shutdown { key } => Wanted::Shutdown(key),
            Request::Drop { key } => Wanted::Drop(key),
        })
    }
}
