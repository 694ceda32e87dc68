//! What goes out: private packets, and whose turn it is to be transmitted.

use super::SessionManager;
use crate::protocol::{ErrorCode, FrameSink, Message, Packet, SendError};
use crate::session::held_packets::HeldPackets;
use crate::session::manager::Farewell;
use crate::session::outgoing::Outgoing;
use crate::session::session::{Flags, SessionKey};
use crate::session::state::{SessionEvent, SessionState};
use crate::stats::Count;
use crate::time::Instant;
use crate::wire::Frame;

/// Buffers that the answers to one frame may need: a welcome, a snapshot's first page, two reports.
const POOL_RESERVE_BUFFERS: usize = 4;

impl<'a> SessionManager<'a> {
    /// Queues a private packet, in front of whatever broadcasts come later.
    ///
    /// # Errors
    /// [`SendError::Full`] at `send_buffers_per_session` (or `_per_server`), or when the pool is empty;
    /// [`SendError::TooLong`] for what no buffer holds.
    pub fn send<M: Message>(&mut self, key: SessionKey, message: &M) -> Result<(), SendError> {
        self.queue(key, message)
    }

    /// [`SessionManager::send`] for a message that is encoded already.
    ///
    /// # Errors
    /// As [`SessionManager::send`].
    pub fn send_frame(&mut self, key: SessionKey, frame: Frame<'_>) -> Result<(), SendError> {
        self.queue(key, &frame)
    }

    /// [`SessionManager::send`] on a link to a server, without a transmission of its own: it goes with
    /// whatever is sent there next, or when the session is [marked ready](Self::mark_ready). What
    /// others would have to wait for is not held.
    pub(crate) fn send_later<M: Message>(
        &mut self,
        key: SessionKey,
        message: &M,
    ) -> Result<(), SendError> {
        let most = self.config.send_buffers_per_server;
        self.append_within(key, message, most)?;
        let is_crowded = self.is_crowded(key);
        if is_crowded {
            self.crowded = Some(key);
        }
        if is_crowded || self.pool.available() < POOL_RESERVE_BUFFERS {
            self.ready.add(key.index());
        }
        Ok(())
    }

    /// Queues a private packet of an accepted peer apart, in `held`, whose owner [sends](Self::send_first_held) it
    /// when the peer has got what goes before `until`. What is held counts as if it waited already.
    ///
    /// # Errors
    /// As [`SessionManager::send`].
    pub(crate) fn hold<M: Message>(
        &mut self,
        key: SessionKey,
        held: &mut HeldPackets,
        until: u32,
        message: &M,
    ) -> Result<(), SendError> {
        let session = self.table.get(key).ok_or(SendError::Closed)?;
        if !session.state.is_open() || !session.can_be_told() {
            return Err(SendError::Closed);
        }
        let most = self.config.send_buffers_per_session.saturating_sub(session.outbox.buffers());
        held.hold(&mut self.pool, until, most, (session.framing(), message))
    }

    /// Puts off what is held last, to stand behind `until` as well.
    pub(crate) fn put_off_held(&mut self, held: &mut HeldPackets, until: u32) {
        held.put_off_last(&mut self.pool, until);
    }

    /// Lets what is held first go, behind what waits already. Of a session that has ended nothing goes.
    pub(crate) fn send_first_held(&mut self, key: SessionKey, held: &mut HeldPackets) {
        if held.is_empty() {
            return;
        }
        match self.table.get_mut(key).filter(|session| session.state.is_open()) {
            Some(session) => {
                held.take_first(&mut self.pool, &mut session.outbox);
                self.ready.add(key.index());
            }
            None => held.release(&mut self.pool),
        }
    }

    /// Lets all that is held go.
    pub(crate) fn send_held(&mut self, key: SessionKey, held: &mut HeldPackets) {
        while !held.is_empty() {
            self.send_first_held(key, held);
        }
    }

    fn queue(&mut self, key: SessionKey, packet: &dyn Packet) -> Result<(), SendError> {
        let session = self.table.get(key).ok_or(SendError::Closed)?;
        if session.flags.has(Flags::TRUSTED) {
            self.queue_for_server(key, packet)
        } else {
            self.queue_within(key, packet, self.config.send_buffers_per_session)
        }
    }

    fn queue_for_server(&mut self, key: SessionKey, packet: &dyn Packet) -> Result<(), SendError> {
        let most = self.config.send_buffers_per_server;
        self.queue_within(key, packet, most)?;
        if self.is_crowded(key) {
            self.crowded = Some(key);
        }
        Ok(())
    }

    /// Whether input of `key` has to wait until there has been a transmission: the answers to what it
    /// has said already take more than half of what they may, or those of a link to a server do,
    /// which everyone's input leads to, or the pool runs low. A transport that takes nothing is not waited for.
    #[inline]
    pub(crate) fn must_transmit_first(&mut self, key: SessionKey) -> bool {
        if self.crowded.is_some_and(|link| !self.is_crowded(link)) {
            self.crowded = None;
        }
        self.crowded.is_some() || self.is_crowded(key) || self.is_pool_low()
    }

    /// Whether the peer is a server of the realm.
    #[inline]
    pub(crate) fn is_server(&self, key: SessionKey) -> bool {
        self.table.get(key).is_some_and(|session| session.flags.has(Flags::TRUSTED))
    }

    /// Buffers of private packets that wait for this peer.
    pub(crate) fn owed_buffers(&self, key: SessionKey) -> u16 {
        self.table.get(key).map_or(0, |session| session.outbox.buffers())
    }

    /// Whether the next answers may find no buffer, while some that are taken can be sent.
    #[inline]
    fn is_pool_low(&self) -> bool {
        self.pool.available() < POOL_RESERVE_BUFFERS && !self.ready.is_empty()
    }

    #[inline]
    fn is_crowded(&self, key: SessionKey) -> bool {
        self.table.get(key).is_some_and(|session| {
            let most = if session.flags.has(Flags::TRUSTED) {
                self.config.send_buffers_per_server
            } else {
                self.config.send_buffers_per_session
            };
            session.outbox.buffers() > most / 2 && !session.flags.has(Flags::BLOCKED)
        })
    }

    /// [`SessionManager::send`] with a limit of its own, for packets that come in pages.
    pub(crate) fn send_within<M: Message>(
        &mut self,
        key: SessionKey,
        message: &M,
        most_buffers: u16,
    ) -> Result<(), SendError> {
        self.queue_within(key, message, most_buffers)
    }

    fn queue_within(
        &mut self,
        key: SessionKey,
        packet: &dyn Packet,
        most_buffers: u16,
    ) -> Result<(), SendError> {
        self.append_within(key, packet, most_buffers)?;
        self.ready.add(key.index());
        Ok(())
    }

    fn append_within(
        &mut self,
        key: SessionKey,
        packet: &dyn Packet,
        most_buffers: u16,
    ) -> Result<(), SendError> {
        let session = self.table.get_mut(key).ok_or(SendError::Closed)?;
        if !session.state.is_open() || !session.can_be_told() {
            return Err(SendError::Closed);
        }
        #[cfg(feature = "secure")]
        if self.seals.awaits_answer(session.seal) {
            return Err(SendError::Closed);
        }
        #[cfg(feature = "websocket")]
        if session.is_masked() {
            let masked = Outgoing::Masked(self.mask_keys.draw(), packet);
            return session.outbox.append(&mut self.pool, most_buffers, &masked);
        }
        let framed = Outgoing::Packet(session.framing(), packet);
        session.outbox.append(&mut self.pool, most_buffers, &framed)
    }

    /// Queues a private packet that the peer can't do without: if it does not fit, the peer has not
    /// read for so long that it is closed.
    pub fn send_or_close<M: Message>(&mut self, now: Instant, key: SessionKey, message: &M) {
        self.queue_or_close(now, key, message);
    }

    /// Queues what only shows that we are there. A server whose queue is full hears that by what waits in it;
    /// whether it takes that, its silence shows. Any other peer is closed then.
    pub(crate) fn signal<M: Message>(&mut self, now: Instant, key: SessionKey, message: &M) {
        if self.is_server(key) {
            let _ = self.send(key, message);
        } else {
            self.send_or_close(now, key, message);
        }
    }

    fn queue_or_close(&mut self, now: Instant, key: SessionKey, packet: &dyn Packet) {
        if self.queue(key, packet).is_err_and(SendError::is_loss) {
            self.overflow(now, key);
        }
    }

    /// Ends a session that does not take what it is owed.
    pub(crate) fn overflow(&mut self, now: Instant, key: SessionKey) {
        self.stats.overflows.count();
        self.close(now, key, Farewell::Bye(ErrorCode::TOO_SLOW));
    }

    /// Where `Proxy` puts the frames for this session.
    pub fn sink(&mut self, key: SessionKey) -> SessionSink<'_, 'a> {
        SessionSink { sessions: self, key }
    }

    /// This session has something to send, here or in a broadcast ring.
    #[inline]
    pub fn mark_ready(&mut self, key: SessionKey) {
        self.ready.add(key.index());
    }

    /// [`SessionManager::mark_ready`], unless its transport takes nothing now: then it becomes ready
    /// by itself when the transport does.
    #[inline]
    pub fn mark_ready_unless_blocked(&mut self, key: SessionKey) {
        if self.get(key).is_some_and(|session| !session.flags.has(Flags::BLOCKED)) {
            self.ready.add(key.index());
        }
    }

    pub(crate) fn pop_ready(&mut self) -> Option<SessionKey> {
        while let Some(index) = self.ready.pop() {
            let Some(key) = self.table.key_at(index) else {
                continue;
            };
            if self.get(key).is_some_and(|session| !session.flags.has(Flags::BLOCKED)) {
                return Some(key);
            }
        }
        None
    }

    /// The oldest private bytes of a session, and whether there are more behind them.
    pub(crate) fn outbox(&self, key: SessionKey) -> ([&[u8]; 2], bool) {
        match self.table.get(key) {
            Some(session) => {
                let slices = session.outbox.slices(&self.pool);
                (slices, session.outbox.has_more_than_slices())
            }
            None => ([&[], &[]], false),
        }
    }

    /// The transport has taken `bytes` of the private bytes.
    pub(crate) fn outbox_taken(&mut self, key: SessionKey, bytes: usize) {
        #[cfg(feature = "secure")]
        self.clear_taken(key, bytes);
        if let Some(session) = self.table.get_mut(key) {
            session.outbox.consume(&mut self.pool, bytes);
        }
    }

    /// Queues the rest of a frame that the transport took the beginning of; if there is no room for
    /// it, the stream can't go on, and the session ends.
    pub(crate) fn keep_cut_frame(&mut self, now: Instant, key: SessionKey, rest: &[u8]) {
        let Some(session) = self.table.get_mut(key) else {
            return;
        };
        if session.outbox.append_bytes(&mut self.pool, rest, 1).is_err() {
            self.stats.overflows.count();
            self.close(now, key, Farewell::Nothing(ErrorCode::TOO_SLOW));
        }
    }

    pub(crate) fn count_sent(&mut self, bytes: usize) {
        self.stats.bytes_sent += bytes as u64;
    }

    /// The transport takes nothing now.
    pub(crate) fn block(&mut self, key: SessionKey) {
        if let Some(session) = self.table.get_mut(key) {
            session.flags.set(Flags::BLOCKED);
        }
    }

    /// The transport takes bytes again.
    pub(crate) fn unblock(&mut self, key: SessionKey) {
        if let Some(session) = self.table.get_mut(key)
            && session.flags.clear(Flags::BLOCKED)
        {
            self.ready.add(key.index());
        }
    }

    /// There is nothing left to send: a draining session can be shut.
    pub(crate) fn sent_everything(&mut self, now: Instant, key: SessionKey) {
        if self.get(key).is_some_and(|session| session.state == SessionState::Draining) {
            #[cfg(all(feature = "sealed-clients", feature = "websocket"))]
            if self.says_close(key) {
                return;
            }
            self.change(now, key, SessionEvent::Drained);
        }
    }
}

/// A [`FrameSink`] that is one session's queue of private packets.
#[derive(Debug)]
pub struct SessionSink<'s, 'a> {
    sessions: &'s mut SessionManager<'a>,
    key: SessionKey,
}

impl FrameSink for SessionSink<'_, '_> {
    fn send<M: Message>(&mut self, message: &M) -> Result<(), SendError> {
        self.sessions.send(self.key, message)
    }
}
