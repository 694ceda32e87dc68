//! Clients of Main: hello, enter, chat.

use super::claiming::Newcomer;
use super::directory::{Place, UserEntry};
use super::hellos::{Comer, Greeting, Question};
use super::{Authenticator, EntryKey, Identity, Main, NamePolicy, link};
use crate::node::visit::Visit;
use crate::node::{Caller, Context, Names};
use crate::protocol::client_to_main::{
    ChatHistory, ChatJoin, ChatLeave, ChatSay, ChatWho, EnterWorldReq, Hello, ListRoomsReq, Stub,
};
use crate::protocol::main_to_client::Welcome;
use crate::protocol::{ErrorCode, Revision, Text, Uid, Versions};
use crate::session::manager::Farewell;
use crate::session::{Holding, LinkTag, SessionKey, TokenBucket, Trust, may_take};
use crate::stats::Count;
use crate::wire::Opcode;

impl<'a, A: Authenticator> Stub<Caller<'_, 'a>> for Main<'a, A> {
    fn hello(&mut self, caller: &mut Caller<'_, 'a>, message: Hello<'_>) {
        if caller.tag.kind != link::STRANGER {
            self.out_of_place(caller, Hello::OPCODE.0);
            return;
        }
        let visit = Visit(caller.context().turn().random());
        let who = Comer::unknown(caller.key, visit);
        if message.token.is_none() && !self.may_invent(caller) {
            self.refuse_hello(&mut caller.context(), who, ErrorCode::FULL);
            return;
        }
        if let Err(code) = self.greet(caller, &message, visit) {
            self.refuse_hello(&mut caller.context(), who, code);
        }
    }

    fn enter_world_req(&mut self, caller: &mut Caller<'_, 'a>, message: EnterWorldReq<'_>) {
        if let Some(key) = self.caller_entry(caller, EnterWorldReq::OPCODE.0) {
            self.enter(&mut caller.context(), key, &message);
        }
    }

    fn list_rooms_req(&mut self, caller: &mut Caller<'_, 'a>, message: ListRoomsReq<'_>) {
        if let Some(key) = self.caller_entry(caller, ListRoomsReq::OPCODE.0) {
            self.list_rooms(caller, key, &message);
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
    fn greet(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        hello: &Hello<'_>,
        visit: Visit,
    ) -> Result<(), ErrorCode> {
        let (session, versions) = (caller.key, hello.versions);
        let names = self.names_of(hello)?;
        match self.identify(caller, hello)? {
            Identity::AskLogin(token) => {
                let greeting = Greeting { token, versions, names, visit };
                self.ask_login(&mut caller.context(), session, Question::Token(greeting))
            }
            Identity::Known(uid, token) => {
                let greeting = Greeting { token, versions, names, visit };
                let (revision, is_new_guest) = (Revision(0), hello.token.is_none());
                let newcomer = Newcomer { uid, revision, is_new_guest, greeting };
                self.receive(&mut caller.context(), session, newcomer);
                Ok(())
            }
        }
    }

    /// What the user wants to be called, if that is asked here.
    fn names_of(&mut self, hello: &Hello<'_>) -> Result<Names, ErrorCode> {
        if self.config.names == NamePolicy::Accounts {
            return Ok(Names::NONE);
        }
        let nickname = self.authenticator.nickname(hello.nickname.as_str())?;
        Ok(Names::new(Text::EMPTY, Text::truncated(&nickname)))
    }

    fn identify(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        hello: &Hello<'_>,
    ) -> Result<Identity, ErrorCode> {
        let users = &self.users;
        let is_taken = |uid| users.find(uid).is_some();
        self.authenticator.identify(&mut caller.context().turn(), hello.token, &is_taken)
    }

    /// Whether one more guest may be invented at the caller's address. The last places are for whoever has a
    /// token.
    fn may_invent(&self, caller: &Caller<'_, 'a>) -> bool {
        let shares = caller.sessions.shares();
        let held = shares.held(caller.sessions.address_key(caller.key), Holding::Guest);
        let whole = self.users.capacity();
        let present = self.users.len().saturating_sub(self.worlds.absent());
        let free = whole.saturating_sub(present + whole / 16);
        may_take(usize::from(held), free, whole)
    }

    /// A client is known: it comes in, unless it is not welcome, or once no other Main has it.
    pub(super) fn receive(
        &mut self,
        cx: &mut Context<'_, 'a>,
        session: SessionKey,
        newcomer: Newcomer,
    ) {
        if self.is_turned_away(cx, session, &newcomer) {
            return;
        }
        match self.claims.is_used() {
            true => self.claim_user(cx, session, newcomer),
            false => self.let_in(cx, session, newcomer),
        }
    }

    /// Whether it is not welcome, and has been told so.
    pub(super) fn is_turned_away(
        &mut self,
        cx: &mut Context<'_, 'a>,
        session: SessionKey,
        newcomer: &Newcomer,
    ) -> bool {
        let address = cx.sessions.address(session).unwrap_or_default();
        let Err(code) = self.authenticator.welcomes(newcomer.uid, address) else { return false };
        self.stats.banned += 1;
        self.refuse_hello(cx, newcomer.comer(session), code);
        true
    }

    /// A client gets its place and its welcome, or there is no place.
    pub(super) fn let_in(
        &mut self,
        cx: &mut Context<'_, 'a>,
        session: SessionKey,
        newcomer: Newcomer,
    ) {
        let comer = newcomer.comer(session);
        let Newcomer { uid, revision, is_new_guest, greeting } = newcomer;
        let Greeting { token, versions, names, visit } = greeting;
        match self.seat(cx, session, (uid, revision)) {
            Ok(key) => {
                let claim = self.claims.number(uid);
                if let Some(user) = self.users.get_mut(key) {
                    user.versions = versions;
                    user.names = names;
                    user.visit = visit;
                    user.claim = claim;
                    user.is_new_guest = is_new_guest;
                    if is_new_guest {
                        cx.sessions.shares_mut().hold(user.address, Holding::Guest);
                    }
                }
                if !is_new_guest {
                    self.may_be_anywhere(key);
                }
                self.log_hello(cx, key);
                self.judge_stay_anew(cx, key);
                let version = Versions::spoken_with(versions);
                self.welcome(cx, session, key, &Welcome { version, uid, token });
            }
            Err(code) => self.refuse_hello(cx, comer, code),
        }
    }

    pub(super) fn refuse_hello(&mut self, cx: &mut Context<'_, 'a>, comer: Comer, code: ErrorCode) {
        self.refuse_client(cx, comer, code, Hello::OPCODE);
    }

    /// A client does not come in, for what it has begun with.
    pub(super) fn refuse_client(
        &mut self,
        cx: &mut Context<'_, 'a>,
        comer: Comer,
        code: ErrorCode,
        about: Opcode,
    ) {
        self.log_refused(cx, comer, code);
        let session = comer.session;
        self.stats.hellos_refused.count();
        cx.sessions.set_tag(session, LinkTag { kind: link::LEAVING, index: 0 });
        cx.sessions.close(cx.now, session, Farewell::Error { code, about: about.0 });
    }

    /// Gives the user its entry; an older connection of the same user is told and closed.
    fn seat(
        &mut self,
        cx: &mut Context<'_, 'a>,
        session: SessionKey,
        (uid, revision): (Uid, Revision),
    ) -> Result<EntryKey, ErrorCode> {
        let Some(key) = self.users.find(uid) else {
            if !cx.sessions.has_room_for_client() {
                return Err(ErrorCode::FULL);
            }
            let address = cx.sessions.address_key(session);
            let entry = UserEntry::new(uid, session, Place::Outside);
            let entry = UserEntry { address, revision, ..entry };
            self.make_room_for_user(cx);
            return self.users.insert(entry).map_err(|_| ErrorCode::FULL);
        };
        let is_back = self.users.get(key).is_some_and(|user| !cx.sessions.is_open(user.session));
        if is_back && !cx.sessions.has_room_for_client() {
            return Err(ErrorCode::FULL);
        }
        self.forget_verdict(key);
        if !is_back {
            self.log_user(cx, key, format_args!("replaced by another connection"));
        }
        self.give_up(cx, key);
        self.move_shares(cx, key, session);
        let before = self.set_session(key, session);
        let user = self.users.get_mut(key).ok_or(ErrorCode::FULL)?;
        user.wants_in = false;
        user.has_joined = false;
        user.revision = revision;
        cx.sessions.set_tag(before, LinkTag { kind: link::LEAVING, index: 0 });
        cx.sessions.close(cx.now, before, Farewell::Bye(ErrorCode::REPLACED));
        // The new connection knows of no channel.
        self.leave_all_channels(cx, key);
        Ok(key)
    }

    /// What the user holds counts for the address that it comes from now.
    fn move_shares(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey, session: SessionKey) {
        let Some(user) = self.users.get_mut(key) else { return };
        let now = cx.sessions.address_key(session);
        let before = core::mem::replace(&mut user.address, now);
        if user.place.is_ticket() {
            cx.sessions.shares_mut().give_back(before, Holding::Ticket);
            cx.sessions.shares_mut().hold(now, Holding::Ticket);
        }
    }

    fn welcome(
        &mut self,
        cx: &mut Context<'_, 'a>,
        session: SessionKey,
        key: EntryKey,
        welcome: &Welcome,
    ) {
        self.stats.hellos.count();
        if let Some(user) = self.users.get_mut(key) {
            // A connection that begins may say `request_burst` things at once.
            user.chat_bucket = TokenBucket::FULL;
            user.mains_told = 0;
            user.announced = self.announcer.number;
        }
        cx.sessions.set_tag(session, LinkTag { kind: link::CLIENT, index: key.index() });
        cx.sessions.prove(cx.now, session, Trust::Client);
        cx.sessions.send_or_close(cx.now, session, welcome);
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
