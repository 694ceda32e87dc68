//! `Host`: drives one node over the virtual network, by the driver's contract of the core.
//!
//! Purpose: what a backend's driver is in reality. A turn hands the node what has happened
//! (`handle_*`), lets time pass (`handle_timeout`), writes what it has to send (`poll_transmit`,
//! `handle_transmitted`) and does what it asks for (`poll_request`), until nothing is left.
//!
//! Contract: after every turn the node's sessions are exactly the lines that the host holds, a
//! receive buffer is in use for each partial frame and for nothing else, send buffers are in use
//! only while a transport is full (or a Main holds what goes to the chat server together), no peer has broken the protocol
//! but where somebody on the way has changed what it says, and nothing of that was taken. Anything else is [`Broken`].
//!
//! Bounds: a turn that takes more than [`ROUNDS_PER_TURN`] rounds, a round that transmits more than
//! [`TRANSMITS_PER_ROUND`] times, and a node whose deadline has passed [`TURNS_OVERDUE`] times in a
//! row are broken too.

mod inbound;
mod outbound;
mod walker;

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::{Node, Role};
use tinyrealm_core::session::SessionKey;
use tinyrealm_core::stats::NetStats;

use crate::broken::{Broken, ensure};
use crate::ids::{ConnectionId, HostId, Role as Purpose, Side};
use crate::journal::Journal;
use crate::network::Network;
use crate::settings::Sabotage;
use crate::timeline::Timeline;
use tinyrealm_testing::Random;
use walker::FrameWalker;

/// More rounds than any turn has a reason for: a node that keeps wanting more is in a livelock.
const ROUNDS_PER_TURN: u32 = 200;
/// More turns than a node has a reason to be overdue.
const TURNS_OVERDUE: u32 = 20;
/// More transmissions than a round has a reason for.
const TRANSMITS_PER_ROUND: u32 = 2_000;
/// Writes, or ends, before the one that is sabotaged.
const OCCASIONS_TO_SABOTAGE: u32 = 20;
/// When bytes that found no receive buffer are offered again.
const RETRY_US: u64 = 5_000;

/// How a host cuts what it writes.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Cutting {
    /// Wherever its transport is full.
    Anywhere,
    /// At the end of a frame.
    WholeFrames,
}

/// What a driver does when its node wants another turn at once.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Pace {
    /// It goes on.
    Eager,
    /// It waits for the next thing to happen, which may come first.
    Lazy,
}

/// The habits of one driver; they differ, so that nodes get used to none.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Habits {
    pub(crate) cutting: Cutting,
    pub(crate) pace: Pace,
    /// How often, in a thousand, a write takes less than it could.
    pub(crate) short_write_permille: u32,
    /// Bytes of one read, at most.
    pub(crate) read_bytes: usize,
    /// How often, in a thousand, a driver's reader still has something for a session that it has
    /// already let go of.
    pub(crate) late_permille: u32,
    pub(crate) sabotage: Sabotage,
}

/// One session's transport.
#[derive(Debug)]
struct Line {
    key: SessionKey,
    connection: ConnectionId,
    side: Side,
    walker: FrameWalker,
    /// The node keeps a partial frame of it.
    is_partial: bool,
    /// The node was told that the transport is full.
    is_blocked: bool,
    /// Bytes of it were not taken, and are to be offered again.
    is_held: bool,
}

/// A node and its transports; see the [module](self).
pub(crate) struct Host<'a, R> {
    id: HostId,
    node: Node<'a, R>,
    random: Random,
    habits: Habits,
    journal: &'a Journal,
    /// By session index.
    lines: Vec<Option<Line>>,
    /// Sessions that the node has let go of, for calls that come too late.
    stale: Vec<SessionKey>,
    /// Writes, or ends, until the sabotage strikes.
    until_sabotage: u32,
    /// Turns in a row that have left a deadline in the past.
    turns_overdue: u32,
    /// Whether the role holds words for a moment, which it has a deadline for.
    holds_words: fn(&R) -> bool,
    /// Times that a peer has broken the protocol because somebody on the way has changed what it says.
    excused: u64,
    /// Something of that was taken.
    has_taken_changed: bool,
}

/// How often peers have broken the protocol.
fn wrongs(stats: &NetStats) -> u64 {
    let NetStats { violations, floods, unknown_opcodes, handshakes_refused, .. } = *stats;
    [violations, floods, unknown_opcodes, handshakes_refused].map(u64::from).iter().sum()
}

/// A host, whatever its role is.
pub(crate) trait Driven {
    /// One turn of the driver's loop.
    fn turn(&mut self, tools: &mut Tools<'_>) -> Result<(), Broken>;

    /// Tells the node to close down.
    fn shut_down(&mut self, tools: &mut Tools<'_>);

    /// Whether the node has closed down.
    fn is_finished(&self) -> bool;

    /// Nothing is left of a node that has closed down.
    fn check_finished(&self) -> Result<(), Broken>;
}

impl<'a, R: Role<'a>> Driven for Host<'a, R> {
    fn turn(&mut self, tools: &mut Tools<'_>) -> Result<(), Broken> {
        self.take_turn(tools)
    }

    fn shut_down(&mut self, tools: &mut Tools<'_>) {
        let mut turn = Turn { now: tools.timeline.now(), entropy: &mut self.random };
        self.node.handle_shutdown(&mut turn);
        tools.network.wake(tools.timeline, self.id, tools.timeline.now_us());
    }

    fn is_finished(&self) -> bool {
        self.node.is_finished()
    }

    fn check_finished(&self) -> Result<(), Broken> {
        let node = &self.node;
        let buffers = (node.receive_buffers_in_use(), node.sessions().buffers_in_use());
        ensure(node.is_finished() && buffers == (0, 0), "a node that closes down finishes", || {
            format!("{} sessions and {buffers:?} buffers are left", node.sessions().len())
        })
    }
}

/// The tools of a turn.
pub(crate) struct Tools<'t> {
    pub(crate) timeline: &'t mut Timeline,
    pub(crate) network: &'t mut Network,
}

impl<'a, R: Role<'a>> Host<'a, R> {
    pub(crate) fn new(
        id: HostId,
        node: Node<'a, R>,
        random: Random,
        habits: Habits,
        journal: &'a Journal,
    ) -> Self {
        let (lines, stale) = (Vec::new(), Vec::new());
        let (until_sabotage, turns_overdue) = (OCCASIONS_TO_SABOTAGE, 0);
        let holds_words = |_: &R| false;
        Self {
            id,
            node,
            random,
            habits,
            journal,
            lines,
            stale,
            until_sabotage,
            turns_overdue,
            holds_words,
            excused: 0,
            has_taken_changed: false,
        }
    }

    /// The same, of a role that holds words back for a moment.
    pub(crate) fn holding(self, holds_words: fn(&R) -> bool) -> Self {
        Self { holds_words, ..self }
    }

    pub(crate) const fn node(&self) -> &Node<'a, R> {
        &self.node
    }

    /// The connection that a session has.
    pub(crate) fn connection_of(&self, key: SessionKey) -> Option<ConnectionId> {
        let line = self.lines.get(usize::from(key.index()))?.as_ref();
        line.filter(|line| line.key == key).map(|line| line.connection)
    }

    /// All connections that it has.
    pub(crate) fn connections(&self) -> impl Iterator<Item = ConnectionId> {
        self.lines.iter().flatten().map(|line| line.connection)
    }

    /// The connections on which it seals what it says.
    pub(crate) fn sealed_connections(&self) -> impl Iterator<Item = ConnectionId> {
        let lines = self.lines.iter().flatten();
        let sealed = lines.filter(|line| self.node.sessions().is_sealing(line.key));
        sealed.map(|line| line.connection)
    }

    /// Acts on the node from outside, as its user does; the turn that follows sends what comes of it.
    pub(crate) fn act<T>(
        &mut self,
        tools: &mut Tools<'_>,
        act: impl FnOnce(&mut R, &mut tinyrealm_core::node::Context<'_, 'a>) -> T,
    ) -> T {
        let mut turn = Turn { now: tools.timeline.now(), entropy: &mut self.random };
        let outcome = self.node.act(&mut turn, act);
        tools.network.wake(tools.timeline, self.id, tools.timeline.now_us());
        outcome
    }

    /// Asks the role for something from which nothing follows for its sessions.
    pub(crate) fn ask<T>(
        &mut self,
        tools: &Tools<'_>,
        ask: impl FnOnce(&mut R, &mut tinyrealm_core::node::Context<'_, 'a>) -> T,
    ) -> T {
        let mut turn = Turn { now: tools.timeline.now(), entropy: &mut self.random };
        self.node.act(&mut turn, ask)
    }

    fn take_turn(&mut self, tools: &mut Tools<'_>) -> Result<(), Broken> {
        let notices = tools.network.take_notices(self.id);
        for notice in &notices {
            self.take_notice(tools, *notice)?;
        }
        tools.network.return_notices(self.id, notices);
        self.call_late(tools);
        let mut rounds = 0;
        loop {
            self.let_time_pass(tools);
            self.transmit(tools)?;
            self.do_requests(tools)?;
            let goes_on = self.habits.pace == Pace::Eager && self.is_due(tools);
            if !self.offer_held(tools) && !goes_on {
                break;
            }
            rounds += 1;
            ensure(rounds < ROUNDS_PER_TURN, "work a turn is bounded", || {
                format!("{rounds} rounds; next deadline {:?}", self.node.poll_timeout())
            })?;
        }
        self.plan_next_turn(tools)?;
        self.check()
    }

    fn let_time_pass(&mut self, tools: &Tools<'_>) {
        if self.is_due(tools) {
            self.journal.set_cause(None);
            let mut turn = Turn { now: tools.timeline.now(), entropy: &mut self.random };
            self.node.handle_timeout(&mut turn);
        }
    }

    fn is_due(&self, tools: &Tools<'_>) -> bool {
        self.node.poll_timeout().is_some_and(|at| at <= tools.timeline.now())
    }

    /// The next turn is when the node wants it; if it keeps wanting it at once, something is wrong.
    fn plan_next_turn(&mut self, tools: &mut Tools<'_>) -> Result<(), Broken> {
        self.turns_overdue = if self.is_due(tools) { self.turns_overdue + 1 } else { 0 };
        ensure(self.turns_overdue < TURNS_OVERDUE, "deadlines do not stand still", || {
            format!("{:?} at {:?}", self.node.poll_timeout(), tools.timeline.now())
        })?;
        if let Some(at) = self.node.poll_timeout() {
            let at_us = tools.timeline.when_us(at);
            tools.network.wake_soon(tools.timeline, self.id, at_us);
        }
        if self.lines.iter().flatten().any(|line| line.is_held) {
            tools.network.wake(tools.timeline, self.id, tools.timeline.now_us() + RETRY_US);
        }
        Ok(())
    }

    fn line_at(&mut self, key: SessionKey) -> Option<&mut Line> {
        let line = self.lines.get_mut(usize::from(key.index()))?.as_mut()?;
        (line.key == key).then_some(line)
    }

    fn index_of(&self, connection: ConnectionId) -> Option<usize> {
        let is_it = |line: &Option<Line>| line.as_ref().is_some_and(|l| l.connection == connection);
        self.lines.iter().position(is_it)
    }

    fn add_line(
        &mut self,
        key: SessionKey,
        connection: ConnectionId,
        side: Side,
    ) -> Result<(), Broken> {
        let index = usize::from(key.index());
        while self.lines.len() <= index {
            self.lines.push(None);
        }
        ensure(self.lines[index].is_none(), "a session has a slot of its own", || {
            format!("{key:?} was given while {:?} is there", self.lines[index])
        })?;
        self.lines[index] = Some(Line {
            key,
            connection,
            side,
            walker: FrameWalker::of_peer(),
            is_partial: false,
            is_blocked: false,
            is_held: false,
        });
        Ok(())
    }

    fn remove_line(&mut self, index: usize) -> Option<Line> {
        let line = self.lines.get_mut(index)?.take()?;
        if self.habits.late_permille > 0 {
            self.stale.push(line.key);
        }
        Some(line)
    }

    /// A driver with tasks of its own may have something for a session that is gone. It must reach
    /// nobody: the check behind the turn sees if it does.
    fn call_late(&mut self, tools: &mut Tools<'_>) {
        if self.habits.late_permille == 0 || !self.random.chance(self.habits.late_permille) {
            return;
        }
        let Some(key) = self.random.pick(&self.stale) else { return };
        tools.timeline.note(self.id, crate::trace::What::Late(key.index()));
        tools.timeline.counters.late_calls += 1;
        self.journal.set_cause(None);
        let mut turn = Turn { now: tools.timeline.now(), entropy: &mut self.random };
        self.node.handle_received(&mut turn, key, &[3, 0, 0xFF]);
        self.node.handle_writable(key);
        self.node.handle_connected(&mut turn, key);
    }

    fn check(&self) -> Result<(), Broken> {
        let lines = || self.lines.iter().flatten();
        let (sessions, held) = (self.node.sessions().len(), lines().count());
        ensure(sessions == held, "the node's sessions are the driver's", || {
            format!("{sessions} sessions, {held} transports")
        })?;
        // Where records end says nothing of where their frames do.
        let is_sealed = |line: &&Line| self.node.sessions().is_sealing(line.key);
        let sealed = lines().filter(is_sealed).count();
        let partial = lines().filter(|line| line.is_partial && !is_sealed(line)).count();
        let receiving = usize::from(self.node.receive_buffers_in_use());
        let is_right = (partial..=partial + sealed).contains(&receiving);
        ensure(is_right, "receive buffers hold partial frames only", || {
            format!("{receiving} buffers in use, {partial} partial frames, {sealed} sealed links")
        })?;
        ensure(!self.has_taken_changed, "nothing that was changed on the way is taken", || {
            format!("{:?} has", self.id.role())
        })?;
        let blocked = lines().filter(|line| line.is_blocked).count();
        let sending = self.node.sessions().buffers_in_use();
        let is_held = (self.holds_words)(self.node.role());
        ensure(
            blocked > 0 || is_held || sending == 0,
            "send buffers wait for full transports only",
            || format!("{sending} buffers in use, no transport is full"),
        )?;
        let stats = self.node.stats();
        // A server that shuts down before it has heard anything says goodbye as to a stream.
        let is_visitor = matches!(self.id.role(), Purpose::Visitor(_));
        let refused = if is_visitor { stats.handshakes_refused } else { 0 };
        ensure(
            wrongs(stats) == self.excused + u64::from(refused),
            "no peer breaks the protocol",
            || format!("{stats:?}"),
        )
    }
}
