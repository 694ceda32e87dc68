//! `Witness`: the chat server, and a note of every message that it has given a number.

use tinyrealm_core::node::chat::Chat;
use tinyrealm_core::node::{Caller, Context, Role};
use tinyrealm_core::protocol::main_to_chat::Say;
use tinyrealm_core::protocol::{Dispatched, ErrorCode, decode};
use tinyrealm_core::session::manager::Ended;
use tinyrealm_core::session::{SessionKey, SessionManager};
use tinyrealm_core::wire::Frame;

use super::Bent;
use crate::journal::{Fact, Journal};
use crate::talk::{ChannelId, Talk};

/// The chat server under observation; see the [module](self).
pub(crate) struct Witness<'a> {
    pub(crate) bent: Bent<'a, Chat<'a>>,
    pub(crate) journal: &'a Journal,
}

impl<'a> Witness<'a> {
    pub(crate) const fn chat(&self) -> &Chat<'a> {
        &self.bent.role
    }

    fn last_seq(&self, name: &str) -> u64 {
        self.chat().channel(name).map_or(0, |channel| channel.last_seq().0)
    }
}

impl<'a> Role<'a> for Witness<'a> {
    fn on_frame(&mut self, caller: &mut Caller<'_, 'a>, frame: Frame<'_>) -> Dispatched {
        let say: Option<Say<'_>> =
            if frame.opcode == Say::OPCODE { decode(frame.payload) } else { None };
        let before = say.as_ref().map_or(0, |say| self.last_seq(say.channel.as_str()));
        let dispatched = self.bent.on_frame(caller, frame);
        if let Some(Say { channel, msg, .. }) = say {
            let seq = self.last_seq(channel.as_str());
            if seq != before {
                let talk = Talk::parse(msg.as_str());
                let channel = ChannelId::of_name(channel.as_str());
                self.journal.note(Fact::Numbered { channel, seq, talk });
            }
        }
        dispatched
    }

    fn must_answer_first(&self, sessions: &SessionManager<'a>, key: SessionKey) -> bool {
        self.bent.must_answer_first(sessions, key)
    }

    fn on_error(&mut self, caller: &mut Caller<'_, 'a>, code: ErrorCode, about: i32) {
        self.bent.on_error(caller, code, about);
    }

    fn on_ended(&mut self, cx: &mut Context<'_, 'a>, ended: Ended) {
        self.bent.on_ended(cx, ended);
    }
}
