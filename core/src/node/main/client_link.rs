//! Clients of Main: hello, enter, chat.

use super::directory::{Place, UserEntry};
use super::{Authenticator, EntryKey, Main, link};
use crate::node::Caller;
use crate::protocol::client_to_main::{
    ChatHistory, ChatJoin, ChatLeave, ChatSay, ChatWho, EnterWorldReq, Hello, Stub,
};
use crate::protocol::main_to_client::Welcome;
use crate::protocol::{CLIENT_VERSION, ErrorCode, Token, Uid};
use crate::session::manager::Farewell;
use crate::session::{LinkTag, Trust};

impl<'a, A: Authenticator> Stub<Caller<'_, 'a>> for Main<'a, A> {
    fn hello(&mut self, caller: &mut Caller<'_, 'a>, message: Hello) {
        if caller.tag.kind != link::STRANGER {
            self.out_of_place(caller, Hello::OPCODE.0);
            return;
        }
        let welcomed = self.identify(caller, &message);
        match welcomed.and_then(|(uid, token)| Ok((self.seat(caller, uid)?, uid, token))) {
            Ok((key, uid, token)) => self.welcome(caller, key, uid, token),
            Err(code) => {
                self.stats.hellos_refused += 1;
                let farewell = Farewell::Error { code, about: Hello::OPCODE.0 };
                caller.sessions.close(caller.now, caller.key, farewell);
            }
        }
    }

    fn enter_world_req(&mut self, caller: &mut Caller<'_, 'a>, message: EnterWorldReq<'_>) {
        if let Some(key) = self.caller_entry(caller, EnterWorldReq::OPCODE.0) {
            self.enter(&mut caller.context(), key, message.region.as_str());
        }
    }

    fn chat_join(&mut self, caller: &mut Caller<'_, 'a>, message: ChatJoin<'_>) {
        self.join_channel(caller, &message);
    }

    fn chat_leave(&mut self, caller: &mut Caller<'_, 'a>, message: ChatLeave<'_>) {
        self.leave_channel(caller, &message);
    }

    fn chat_say(&mut self, caller: &mut Caller<'_, 'a>, message: ChatSay<'_>) {
        self.say_in_channel(caller, &message);
    }

    fn chat_history(&mut self, caller: &mut Caller<'_, 'a>, message: ChatHistory<'_>) {
        self.ask_history(caller, &message);
    }

    fn chat_who(&mut self, caller: &mut Caller<'_, 'a>, message: ChatWho<'_>) {
        self.ask_who(caller, &message);
    }
}

impl<'a, A: Authenticator> Main<'a, A> {
    fn identify(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        hello: &Hello,
    ) -> Result<(Uid, Token), ErrorCode> {
        if hello.client_version != CLIENT_VERSION {
            return Err(ErrorCode::BAD_VERSION);
        }
        let users = &self.users;
        let is_taken = |uid| users.find(uid).is_some();
        self.authenticator.identify(&mut caller.context().turn(), hello.token, &is_taken)
    }

    /// Gives the user its entry; an older connection of the same user is told and closed.
    fn seat(&mut self, caller: &mut Caller<'_, 'a>, uid: Uid) -> Result<EntryKey, ErrorCode> {
        let Some(key) = self.users.find(uid) else {
            let entry = UserEntry::new(uid, caller.key, Place::Outside);
            return self.users.insert(entry).map_err(|_| ErrorCode::FULL);
        };
        let user = self.users.get_mut(key).ok_or(ErrorCode::FULL)?;
        let before = core::mem::replace(&mut user.session, caller.key);
        user.wants_in = false;
        caller.sessions.set_tag(before, LinkTag { kind: link::LEAVING, index: 0 });
        caller.sessions.close(caller.now, before, Farewell::Bye(ErrorCode::REPLACED));
        // The new connection knows of no channel.
        self.leave_all_channels(&mut caller.context(), key);
        Ok(key)
    }

    fn welcome(&mut self, caller: &mut Caller<'_, 'a>, key: EntryKey, uid: Uid, token: Token) {
        self.stats.hellos += 1;
        let chat_bucket = self.fresh_chat_bucket(caller);
        if let Some(user) = self.users.get_mut(key) {
            user.chat_bucket = chat_bucket;
        }
        caller.sessions.set_tag(caller.key, LinkTag { kind: link::CLIENT, index: key.index() });
        caller.sessions.prove(caller.now, caller.key, Trust::Client);
        caller.sessions.send_or_close(caller.now, caller.key, &Welcome { uid, token });
    }

    /// The entry of the caller; if it has said no hello, it has spoken out of place and is closed.
    pub(super) fn caller_entry(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        opcode: i32,
    ) -> Option<EntryKey> {
        if caller.tag.kind == link::CLIENT {
            return self.users.key_at(caller.tag.index);
        }
        self.out_of_place(caller, opcode);
        None
    }

    pub(super) fn out_of_place(&self, caller: &mut Caller<'_, 'a>, opcode: i32) {
        caller.sessions.violation(caller.now, caller.key, ErrorCode::OUT_OF_PLACE, opcode);
    }
}
