//! `PacketDispatcher`: what becomes of every received frame.
//!
//! Purpose: the one place that decides between handling, counting and closing. Frames of the common
//! band (Ping, Pong, Bye, Error) are answered here, the same for every role; the rest goes to the
//! role. A malformed payload closes the peer; an unknown opcode never does: it is counted and handed
//! to [`Role::on_unknown`], whose default is one log line a second at most, and a client is told
//! `NOT_UNDERSTOOD`.
//!
//! Contract: a frame is handled at most once, and only while its session is open and within its
//! packet rate.

use crate::log;
use crate::node::{Caller, Context, Role};
use crate::protocol::either_way::{self, Bye, Error, Ping, Pong, VersionRefused};
use crate::protocol::{Dispatched, ErrorCode, Versions};
use crate::rate_limited_log::RateLimitedLog;
use crate::session::manager::Farewell;
use crate::session::session::SessionKey;
use crate::wire::opcode::COMMON;
use crate::wire::{Frame, FrameError, Opcode};

/// Routes frames to the common handlers or to the role; see the [module](self).
#[derive(Debug, Default)]
pub struct PacketDispatcher {
    unknown_log: RateLimitedLog,
}

impl PacketDispatcher {
    /// Handles one frame of `caller`'s session, which has been granted a hearing.
    #[inline]
    pub(crate) fn route<'a, R: Role<'a>>(
        &mut self,
        role: &mut R,
        caller: &mut Caller<'_, 'a>,
        frame: Frame<'_>,
    ) {
        let dispatched = if COMMON.contains(frame.opcode) {
            either_way::dispatch(&mut CommonHandler { role }, caller, frame)
        } else {
            role.on_frame(caller, frame)
        };
        match dispatched {
            Dispatched::Handled => {}
            Dispatched::Unknown => self.unknown(role, caller, frame),
            Dispatched::Malformed => {
                let code = ErrorCode::MALFORMED;
                caller.sessions.violation(caller.now, caller.key, code, frame.opcode.0);
            }
        }
    }

    fn unknown<'a, R: Role<'a>>(
        &mut self,
        role: &mut R,
        caller: &mut Caller<'_, 'a>,
        frame: Frame<'_>,
    ) {
        caller.sessions.count_unknown();
        if role.on_unknown(caller, frame) {
            return;
        }
        // A client of another age, or at the wrong server, is told; between servers silence is enough.
        if caller.sessions.is_client(caller.key) {
            let (code, about) = (ErrorCode::NOT_UNDERSTOOD, frame.opcode.0);
            caller.sessions.send_or_close(caller.now, caller.key, &Error { code, about });
        }
        if let Some(count) = self.unknown_log.admit(caller.now) {
            log_unknown(frame.opcode, caller.key, count);
        }
    }
}

fn log_unknown(opcode: Opcode, key: SessionKey, count: u32) {
    log::info!(
        "unknown opcode {} from session {} ({} since the last line)",
        opcode.0,
        key.index(),
        count
    );
}

/// Closes a session whose stream can't be framed any more.
pub(crate) fn refuse_framing(cx: &mut Context<'_, '_>, key: SessionKey, error: FrameError) {
    let (FrameError::TooShort { body_bytes } | FrameError::TooLong { body_bytes }) = error;
    cx.sessions.log_bad_frame(cx.now, key, body_bytes);
    cx.sessions.violation(cx.now, key, ErrorCode::BAD_FRAME, 0);
}

/// Ping, Pong, Bye and Error mean the same to every role.
struct CommonHandler<'r, R> {
    role: &'r mut R,
}

impl<'a, R: Role<'a>> either_way::Stub<Caller<'_, 'a>> for CommonHandler<'_, R> {
    fn error(&mut self, caller: &mut Caller<'_, 'a>, message: Error) {
        self.role.on_error(caller, message.code, message.about);
    }

    fn ping(&mut self, caller: &mut Caller<'_, 'a>, message: Ping) {
        let pong = Pong { nonce: message.nonce };
        caller.sessions.signal(caller.now, caller.key, &pong);
    }

    /// Any frame shows that the peer is there; a `Pong` shows nothing more.
    fn pong(&mut self, _: &mut Caller<'_, 'a>, _: Pong) {}

    /// The reason of the end that comes behind it says as much. Whoever has come here unasked refuses nothing.
    fn version_refused(&mut self, caller: &mut Caller<'_, 'a>, message: VersionRefused) {
        if !caller.sessions.is_client(caller.key) {
            let Versions { from, to } = message.versions;
            log::warning!("the peer speaks versions {} to {} of the protocol", from, to);
        }
    }

    fn bye(&mut self, caller: &mut Caller<'_, 'a>, message: Bye) {
        caller.sessions.close(caller.now, caller.key, Farewell::Nothing(message.reason));
    }
}
