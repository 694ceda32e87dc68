//! `Hoarder`: somebody who takes whatever a Main gives to strangers, and uses none of it.
//!
//! Of connections it has as many as its node can; on each it says hello as somebody new (or with a token that
//! Login has to be asked about), wants a place in a world and does not go there, and joins channels that
//! nobody had before. Now and then it hangs up and begins anew.

use tinyrealm_core::node::{Caller, Context};
use tinyrealm_core::protocol::client_to_main::{ChatJoin, EnterWorldReq, Hello};
use tinyrealm_core::protocol::main_to_client::Welcome;
use tinyrealm_core::protocol::{Dispatched, ErrorCode, Text, Token, Versions, Wish};
use tinyrealm_core::session::manager::{Ended, Farewell};
use tinyrealm_core::session::{LinkTag, SessionKey, SessionState, Trust};
use tinyrealm_core::wire::Frame;

use crate::talk::NAMES;

/// One greedy stranger; see the [module](self).
#[derive(Debug)]
pub(crate) struct Hoarder {
    pub(crate) address: String,
    /// What it shows is worth nothing, and has to be looked up.
    has_token: bool,
    sessions: Vec<SessionKey>,
    is_at_home: bool,
}

impl Hoarder {
    pub(crate) const fn new(address: String, has_token: bool) -> Self {
        Self { address, has_token, sessions: Vec::new(), is_at_home: false }
    }

    /// Dials as often as its node can.
    pub(crate) fn dial(&mut self, cx: &mut Context<'_, '_>) {
        while !self.is_at_home {
            let Ok(key) = cx.sessions.connect(cx.now, LinkTag::default()) else { return };
            self.sessions.push(key);
        }
    }

    /// Wants more of everything, or hangs up one of its connections.
    pub(crate) fn hoard(&mut self, cx: &mut Context<'_, '_>) {
        let [kind, which] = cx.turn().random();
        let index = usize::from(which) % self.sessions.len().max(1);
        if let Some(key) = self.sessions.get(index).copied() {
            match kind % 4 {
                0 => cx.sessions.close(cx.now, key, Farewell::Bye(ErrorCode::GOODBYE)),
                _ => self.want(cx, key),
            }
        }
        self.dial(cx);
    }

    fn want(&self, cx: &mut Context<'_, '_>, key: SessionKey) {
        if cx.sessions.get(key).is_none_or(|session| session.state() != SessionState::Ready) {
            return;
        }
        let enter = EnterWorldReq { region: Text::EMPTY, wish: Wish::ANY };
        cx.sessions.send_or_close(cx.now, key, &enter);
        let [which] = cx.turn().random();
        let name = NAMES[usize::from(which) % NAMES.len()];
        let join = ChatJoin { channel: Text::truncated(name) };
        cx.sessions.send_or_close(cx.now, key, &join);
    }

    /// It goes home, for good.
    pub(crate) fn stop(&mut self, cx: &mut Context<'_, '_>) {
        self.is_at_home = true;
        for key in std::mem::take(&mut self.sessions) {
            cx.sessions.close(cx.now, key, Farewell::Bye(ErrorCode::GOODBYE));
        }
    }

    pub(crate) fn on_connected(&self, cx: &mut Context<'_, '_>, key: SessionKey) {
        let token = self.has_token.then(|| Token(cx.turn().random()));
        let hello = Hello { versions: Versions::OURS, token, nickname: Text::EMPTY };
        cx.sessions.send_or_close(cx.now, key, &hello);
    }

    /// Whatever it is told, it wants more.
    pub(crate) fn on_frame(&self, caller: &mut Caller<'_, '_>, frame: Frame<'_>) -> Dispatched {
        if frame.opcode == Welcome::OPCODE {
            caller.sessions.prove(caller.now, caller.key, Trust::Server);
            let key = caller.key;
            self.want(&mut caller.context(), key);
        }
        Dispatched::Handled
    }

    pub(crate) fn on_ended(&mut self, ended: &Ended) {
        self.sessions.retain(|key| *key != ended.key);
    }
}
