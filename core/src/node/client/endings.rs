//! How a client's links end: refused, lost, or for good.
//!
//! Contract: every end leads back to `Waiting` and `Outside` of the [diagram](super::machine), or to `Stopped`, of
//! which the handler hears once.

use super::machine::{MainState, RealmClient, WorldState};
use super::{ClientEvent, ClientHandler};
use crate::node::{Caller, Context};
use crate::protocol::client_to_main::EnterWorldReq;
use crate::protocol::{ErrorCode, Outlook};
use crate::session::SessionKey;
use crate::session::manager::{Ended, Farewell};
use crate::storage::Key;

impl RealmClient {
    /// A server has refused something.
    pub fn on_error(
        &mut self,
        handler: &mut impl ClientHandler,
        caller: &mut Caller<'_, '_>,
        code: ErrorCode,
        about: i32,
    ) {
        if about == EnterWorldReq::OPCODE.0 && self.world == WorldState::Asking {
            return self.wish_refused(handler, caller, code);
        }
        let is_main_s = caller.key == self.main_session && !self.awaits_seal(caller.key);
        if code == ErrorCode::BAD_TOKEN && is_main_s {
            // What the token stood for is gone: the next hello is a newcomer's, or another login's.
            self.token = None;
            if !self.config.has_account {
                self.leave_world(&mut caller.context());
            }
        }
        if self.is_final(caller.key, code) {
            self.verdict = Some(code);
        }
        handler.on_event(self.number, ClientEvent::Refused { code, about });
    }

    /// Main leads nowhere, and goes on hearing us: what it is asked for next, if anything, can change that.
    fn wish_refused(
        &mut self,
        handler: &mut impl ClientHandler,
        caller: &mut Caller<'_, '_>,
        code: ErrorCode,
    ) {
        handler.on_event(self.number, ClientEvent::EnterRefused(code));
        let is_of_this_wish = code.outlook() == Outlook::FinalForWish && !self.wants_another;
        if is_of_this_wish || self.is_final(caller.key, code) {
            self.give_up(handler, &mut caller.context(), code);
        } else {
            self.ask_again(&mut caller.context());
        }
    }

    /// One of its sessions has ended.
    pub fn on_ended(
        &mut self,
        handler: &mut impl ClientHandler,
        cx: &mut Context<'_, '_>,
        ended: Ended,
    ) {
        if ended.key == self.main_session {
            self.main_ended(handler, cx, ended.reason);
        } else if ended.key == self.world_session {
            self.world_ended(handler, cx, ended.reason);
        }
    }

    fn main_ended(
        &mut self,
        handler: &mut impl ClientHandler,
        cx: &mut Context<'_, '_>,
        reason: ErrorCode,
    ) {
        let was_at_login = matches!(self.main, MainState::ConnectingToLogin | MainState::LoggingIn);
        if self.world == WorldState::Asking {
            self.world = WorldState::Outside;
        }
        let reason = self.verdict.unwrap_or(reason);
        let is_over = self.verdict.is_some() || self.is_final(self.main_session, reason);
        self.main_session = Key::DANGLING;
        #[cfg(feature = "sealed-clients")]
        {
            self.main_dialing = None;
        }
        if is_over || cx.sessions.is_shutting_down() {
            self.main = MainState::Stopped;
        }
        if self.main == MainState::Stopped {
            // Whoever has replaced us may go on where we were: this is no goodbye then.
            let farewell = match reason {
                ErrorCode::REPLACED => ErrorCode::REPLACED,
                _ => ErrorCode::GOODBYE,
            };
            cx.sessions.close(cx.now, self.world_session, Farewell::Bye(farewell));
            handler.on_event(self.number, ClientEvent::Stopped(reason));
            return;
        }
        let was_denied = self.login_retry_ms > 0;
        #[cfg(feature = "mains")]
        if !was_at_login {
            self.mains.choose(cx.turn().random_u32());
        }
        self.wait_for_main(cx);
        match was_at_login {
            true if was_denied => {}
            true => handler.on_event(self.number, ClientEvent::LoginLost(reason)),
            false => handler.on_event(self.number, ClientEvent::MainLost(reason)),
        }
    }

    fn world_ended(
        &mut self,
        handler: &mut impl ClientHandler,
        cx: &mut Context<'_, '_>,
        reason: ErrorCode,
    ) {
        let is_over = self.verdict.is_some() || self.is_final(self.world_session, reason);
        let was_inside = self.world == WorldState::Inside;
        self.world_session = Key::DANGLING;
        #[cfg(feature = "sealed-clients")]
        {
            self.dialing = None;
        }
        if self.main == MainState::Stopped {
            self.world = WorldState::Outside;
        } else if self.follows(cx, was_inside && reason == ErrorCode::MOVED) {
        } else {
            self.ask_again(cx);
        }
        #[cfg(feature = "asks")]
        self.lose_answers(handler, cx);
        let reason = self.verdict.unwrap_or(reason);
        handler.on_event(self.number, ClientEvent::WorldLost(reason));
        if is_over {
            self.give_up(handler, cx, reason);
        }
    }

    /// Whether what a session hears may be anybody's: its link is to be sealed, and is not yet.
    pub(super) fn awaits_seal(&self, session: SessionKey) -> bool {
        #[cfg(feature = "sealed-clients")]
        return (session == self.world_session && self.dialing.is_some())
            || (session == self.main_session && self.main_dialing.is_some());
        #[cfg(not(feature = "sealed-clients"))]
        {
            let _ = session;
            false
        }
    }

    /// Whether it is the last word; of a stay that began with a former login, or of a device, not that it is revoked.
    fn is_final(&self, session: SessionKey, code: ErrorCode) -> bool {
        if self.awaits_seal(session) {
            return false;
        }
        let is_main_s = session == self.main_session;
        let is_of_former_login = session == self.world_session && self.has_newer_login;
        // Another key of its account may have been taken away, or it was logged out.
        let comes_again = is_of_former_login || self.config.has_device_key();
        match code.outlook() {
            Outlook::Final => !(code == ErrorCode::REVOKED && comes_again),
            Outlook::FinalOfMain => is_main_s,
            Outlook::FinalForGuests => is_main_s && !self.config.has_account,
            Outlook::FinalForWish | Outlook::Passing => false,
        }
    }

    /// What holds for the whole realm is said by a world, or where the connection to Main would go on.
    fn give_up(
        &mut self,
        handler: &mut impl ClientHandler,
        cx: &mut Context<'_, '_>,
        reason: ErrorCode,
    ) {
        if self.main == MainState::Stopped {
            return;
        }
        self.main = MainState::Stopped;
        self.verdict = Some(reason);
        if self.main_session == Key::DANGLING {
            handler.on_event(self.number, ClientEvent::Stopped(reason));
        }
        // Its end tells the rest.
        cx.sessions.close(cx.now, self.main_session, Farewell::Bye(ErrorCode::GOODBYE));
    }
}
