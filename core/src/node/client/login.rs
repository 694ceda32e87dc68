//! A client at Login, credentials for a token; and what it is denied, there and by a world.

use super::machine::{MainState, RealmClient};
use super::{ClientHandler, Credentials};
use crate::node::{Caller, Context};
use crate::protocol::client_to_login::LoginReq;
use crate::protocol::{ErrorCode, JoinDenial, LoginDenial, Password, Text, Token, Versions};
use crate::session::manager::Farewell;

impl RealmClient {
    pub(super) fn log_in(&mut self, handler: &impl ClientHandler, cx: &mut Context<'_, '_>) {
        self.main = MainState::LoggingIn;
        let Credentials { id, password, device, .. } = handler.credentials(self.number);
        // What is too long for a message is no account's.
        let pw = Password(Text::new(password).unwrap_or_default());
        let id = Text::new(id).unwrap_or_default();
        let device = self.device.or(device);
        let request = LoginReq { versions: Versions::OURS, id, pw, device };
        cx.sessions.send_or_close(cx.now, self.main_session, &request);
    }

    /// Login has answered with a token: on to Main.
    pub(super) fn logged_in(&mut self, caller: &mut Caller<'_, '_>, token: Token, device: Token) {
        if caller.key != self.main_session || self.main != MainState::LoggingIn {
            return;
        }
        self.token = Some(token);
        self.has_newer_login = true;
        self.device = Some(device);
        caller.sessions.close(caller.now, caller.key, Farewell::Bye(ErrorCode::GOODBYE));
        self.main = MainState::Waiting;
        self.start(&mut caller.context());
    }

    /// Login gives no token. It closes behind that, which leads to the next attempt.
    pub(super) fn login_denied(&mut self, reason: LoginDenial, retry_after_ms: u32) {
        match reason {
            LoginDenial::BANNED => self.verdict = Some(ErrorCode::BANNED),
            _ if reason.is_final() => self.main = MainState::Stopped,
            _ => self.login_retry_ms = retry_after_ms,
        }
    }

    /// A world does not let us in, and closes behind that, which leads to the next attempt or, if its game
    /// does not want us or is another one, to the end.
    pub(super) fn join_denied(&mut self, reason: JoinDenial) {
        self.verdict = reason.end().or(self.verdict);
    }
}
