//! What time does to sessions: greeting, silence, draining. One timer each.
//!
//! A frame does not touch the wheel: it only notes when it came. When the timer fires, the deadline
//! is computed anew, and a timer that fired too early is armed again. Only the answer to a question
//! arms it at once, because the next question comes before the deadline of the unanswered one.

use super::SessionManager;
use crate::protocol::ErrorCode;
use crate::protocol::either_way::Ping;
use crate::session::limits::STRANGER_BURST;
use crate::session::manager::Farewell;
use crate::session::session::{Flags, LinkTag, Session, SessionKey};
use crate::session::state::{SessionEvent, SessionState};
use crate::stats::Count;
use crate::time::Instant;
use crate::timer::TICK_MS;

impl SessionManager<'_> {
    fn deadline(&self, session: &Session, now: Instant) -> Option<Instant> {
        let config = &self.config;
        Some(match session.state {
            SessionState::Connecting | SessionState::Greeting => {
                session.since.after_ms(config.greeting_timeout_ms, now)
            }
            SessionState::Ready if session.flags.has(Flags::ASKED) => {
                let silent_at = session.heard_at.after_ms(config.idle_timeout_ms, now);
                silent_at.max(session.since.after_ms(self.time_to_answer_ms(), now))
            }
            SessionState::Ready => session.heard_at.after_ms(config.ping_interval_ms, now),
            SessionState::Draining | SessionState::Lingering => {
                session.since.after_ms(config.drain_timeout_ms, now)
            }
            SessionState::Gone => return None,
        })
    }

    /// A node that has stood still asks late, and nobody is to be thrown out for that: so long a peer
    /// has got to answer at least. A question is up to a tick late anyway.
    const fn time_to_answer_ms(&self) -> u32 {
        let config = &self.config;
        config.idle_timeout_ms.saturating_sub(config.ping_interval_ms).saturating_sub(TICK_MS)
    }

    pub(super) fn arm(&mut self, key: SessionKey, now: Instant) {
        let Some(session) = self.table.get(key) else {
            return;
        };
        match self.deadline(session, now) {
            Some(at) => self.wheel.schedule(key.index(), at),
            None => self.wheel.cancel(key.index()),
        }
    }

    /// Arms timer `timer` of the role.
    pub fn schedule(&mut self, timer: u16, at: Instant) {
        self.wheel.schedule(self.role_timer_id(timer), at);
    }

    /// Disarms timer `timer` of the role.
    pub fn cancel(&mut self, timer: u16) {
        self.wheel.cancel(self.role_timer_id(timer));
    }

    /// When timer `timer` of the role is due, if it is armed.
    #[cfg(feature = "moving")]
    pub fn due_at(&self, timer: u16) -> Option<Instant> {
        self.wheel.due_at(self.role_timer_id(timer))
    }

    const fn role_timer_id(&self, timer: u16) -> u16 {
        timer.saturating_add(self.table.capacity() as u16)
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.wheel.next_deadline()
    }

    /// Lets time act on sessions until a timer of the role is due, which it answers.
    pub(crate) fn pop_role_timer(&mut self, now: Instant) -> Option<u16> {
        while let Some(id) = self.wheel.pop_expired(now) {
            match id.checked_sub(self.table.capacity() as u16) {
                Some(timer) => return Some(timer),
                None => self.session_timer(now, id),
            }
        }
        None
    }

    fn session_timer(&mut self, now: Instant, index: u16) {
        let Some(key) = self.table.key_at(index) else {
            return;
        };
        let Some(session) = self.table.get(key) else {
            return;
        };
        if self.deadline(session, now).is_some_and(|at| at > now) {
            self.arm(key, now);
            return;
        }
        match session.state {
            SessionState::Connecting => self.silence(now, key, ErrorCode::UNREACHABLE),
            SessionState::Greeting => self.silence(now, key, ErrorCode::GREETING_TIMEOUT),
            SessionState::Ready if session.flags.has(Flags::ASKED) => {
                self.silence(now, key, ErrorCode::SILENT);
            }
            SessionState::Ready => self.ask(now, key),
            SessionState::Draining | SessionState::Lingering => {
                self.change(now, key, SessionEvent::Expired);
            }
            SessionState::Gone => {}
        }
    }

    fn silence(&mut self, now: Instant, key: SessionKey, code: ErrorCode) {
        self.stats.silent.count();
        self.close(now, key, Farewell::Bye(code));
    }

    fn ask(&mut self, now: Instant, key: SessionKey) {
        if let Some(session) = self.table.get_mut(key) {
            session.flags.set(Flags::ASKED);
            session.since = now.stamp();
        }
        self.arm(key, now);
        self.signal(now, key, &Ping { nonce: now.millis() as u32 });
        #[cfg(feature = "websocket")]
        self.ping(key);
    }

    /// A whole frame has come: counts it, notes the time, takes a token. Answers the session's tag if
    /// the frame may be handled, `None` if the session is not open, or sends too fast and is closed.
    #[inline]
    pub(crate) fn hear(&mut self, now: Instant, key: SessionKey) -> Option<LinkTag> {
        let session = self.table.get_mut(key).filter(|session| session.state.is_open())?;
        self.stats.frames_received += 1;
        session.heard_at = now.stamp();
        let has_answered = session.flags.clear(Flags::ASKED);
        let tag = session.tag;
        if has_answered {
            self.arm(key, now);
        }
        self.charge(now, key).then_some(tag)
    }

    /// Takes a token for something that costs what a frame costs, but shows nobody to be there: a piece
    /// of a message. `false` if the session is not open, or there is none left, and it is closed.
    #[inline]
    pub(crate) fn charge(&mut self, now: Instant, key: SessionKey) -> bool {
        let (rate, burst) = (self.config.packets_per_second, self.config.packet_burst);
        let Some(session) = self.table.get_mut(key).filter(|session| session.state.is_open())
        else {
            return false;
        };
        let is_stranger =
            session.state == SessionState::Greeting && !session.flags.has(Flags::OUTBOUND);
        let burst = if is_stranger { burst.min(STRANGER_BURST) } else { burst };
        if session.flags.has(Flags::TRUSTED) || session.bucket.take(rate, burst, now) {
            return true;
        }
        self.stats.floods.count();
        self.violation(now, key, ErrorCode::TOO_FAST, 0);
        false
    }

    pub(crate) fn count_received(&mut self, bytes: usize) {
        self.stats.bytes_received += bytes as u64;
    }

    pub(crate) fn count_unknown(&mut self) {
        self.stats.unknown_opcodes.count();
    }
}
