//! The link to Login: whose token is it, and what is a device's link sealed with?
//!
//! ```text
//!            ┌───── back-off ◄──┬────────────────┬─────────────┐
//!            ▼                  │ ended          │ ended       │ ended: whoever waits is told
//!       ┌─────────┐ connect ┌───┴──────┐ connected┌┴──────┐ proof┌┴─────┐
//! start►│ Waiting ├────────►│Connecting├─────────►│Proving├─────►│ Live │ VerifyToken ► VerifyAck, VerifyDevice ► DeviceAck
//!       └─────────┘         └──────────┘          └───────┘      └──────┘
//! ```
//! Whoever is in the realm stays there, whatever this link does. A hello that can't be answered now
//! is refused at once (`LOGIN_UNAVAILABLE`), and the client comes back: nothing piles up here. Questions are
//! kept with the hellos, and sent as the link takes them: it is never closed for what clients ask.

use super::claiming::Newcomer;
use super::hellos::{Comer, Greeting, PendingHello, Question};
use super::revocations::Heard as RevocationsHeard;
use super::{Authenticator, Main, hello_timer, link, login_link_timer};
use crate::backoff::Backoff;
use crate::log;
use crate::node::cluster::{Dialer, Heard, ONLY_ID, Refusals};
use crate::node::{Caller, Context, Names};
#[cfg(feature = "sealed-clients")]
use crate::protocol::client_to_listener::SecureClient;
use crate::protocol::login_to_main::{
    self, DeviceAck, Revocations, StoreRevision, Stub, VerifyAck, VerifyDenied,
};
#[cfg(feature = "sealed-clients")]
use crate::protocol::main_to_login::VerifyDevice;
use crate::protocol::main_to_login::VerifyToken;
use crate::protocol::{ADDRESS_MAX_BYTES, Dispatched, ErrorCode, ServerKind, Text};
use crate::session::{AddressKey, Holding, LinkTag, SessionKey, SessionManager, Trust, may_take};
use crate::storage::{Slot, Table};
use crate::time::Instant;
use crate::wire::Frame;

/// Where Login is, and how patient Main is with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoginLinkConfig {
    /// Where Main finds it, `host:port`.
    pub address: heapless::String<ADDRESS_MAX_BYTES>,
    /// How long it may take to answer; below the greeting's timeout, or clients hear of that.
    pub hello_timeout_ms: u32,
    /// The first wait before another attempt to reach it.
    pub reconnect_first_ms: u32,
    /// The longest wait before another attempt to reach it.
    pub reconnect_most_ms: u32,
}

/// Where the link is; see the [module](self).
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum LoginLinkState {
    Waiting,
    Connecting,
    Proving,
    Live(SessionKey),
}

/// The link to Login, and who waits for it.
#[derive(Debug)]
pub(super) struct LoginLink<'a> {
    config: Option<LoginLinkConfig>,
    state: LoginLinkState,
    /// What is known of who was revoked.
    pub(super) heard: RevocationsHeard,
    dialer: Dialer,
    backoff: Backoff,
    /// Attempts that Login has refused.
    pub(super) refusals: Refusals,
    pub(super) hellos: Table<'a, PendingHello>,
    /// The number of the last question.
    asked: u32,
}

/// Hellos are looked through for those who have waited too long this often at most.
const HELLO_CHECK_MS: u32 = 100;

impl<'a> LoginLink<'a> {
    pub(super) fn new(hellos: &'a mut [Slot<PendingHello>]) -> Self {
        Self {
            config: None,
            state: LoginLinkState::Waiting,
            heard: RevocationsHeard::default(),
            dialer: Dialer::new(ServerKind::MAIN, ServerKind::LOGIN, ONLY_ID),
            backoff: Backoff::new(0, 0),
            refusals: Refusals::NONE,
            hellos: Table::new(hellos),
            asked: 0,
        }
    }

    pub(super) fn configure(&mut self, config: LoginLinkConfig) {
        self.backoff = Backoff::new(config.reconnect_first_ms, config.reconnect_most_ms);
        self.config = Some(config);
    }

    pub(super) const fn is_configured(&self) -> bool {
        self.config.is_some()
    }

    pub(super) const fn live(&self) -> Option<SessionKey> {
        match self.state {
            LoginLinkState::Live(key) => Some(key),
            _ => None,
        }
    }

    pub(super) fn address(&self) -> &str {
        self.config.as_ref().map_or("", |config| &config.address)
    }

    fn hello_timeout_ms(&self) -> u32 {
        self.config.as_ref().map_or(0, |config| config.hello_timeout_ms)
    }

    fn ask(
        &mut self,
        now: Instant,
        (session, address): (SessionKey, AddressKey),
        question: Question,
    ) -> Option<u16> {
        let (request, asked_at) = (self.asked.wrapping_add(1), now.stamp());
        let is_asked = false;
        let hello = PendingHello { session, address, question, request, is_asked, asked_at };
        let key = self.hellos.insert(hello).ok()?;
        self.asked = request;
        Some(key.index())
    }

    /// Sends the questions that wait, the oldest first, as many as the link takes now; a quarter of it is
    /// left for what Main itself has to know. O(hellos) for each.
    pub(super) fn send_questions(&mut self, sessions: &mut SessionManager<'_>) {
        let Some(link) = self.live() else { return };
        let most = sessions.config().send_buffers_per_server;
        let most = most - most / 4;
        let asked = self.asked;
        loop {
            let waiting = self.hellos.iter().filter(|(_, hello)| !hello.is_asked);
            let oldest = waiting.max_by_key(|(_, hello)| asked.wrapping_sub(hello.request));
            let Some((key, _)) = oldest else { return };
            let Some(hello) = self.hellos.get_mut(key) else { return };
            let request = hello.request;
            let sent = match &hello.question {
                Question::Token(Greeting { token, .. }) => {
                    sessions.send_within(link, &VerifyToken { request, token: *token }, most)
                }
                #[cfg(feature = "sealed-clients")]
                Question::Device(SecureClient { key_id, .. }) => {
                    sessions.send_within(link, &VerifyDevice { request, key_id: *key_id }, most)
                }
            };
            if sent.is_err() {
                return;
            }
            hello.is_asked = true;
        }
    }

    /// Takes out the hello that an answer is about; `None` if it is not waited for any more. A number comes
    /// again after 2³² questions, so a late answer is never another client's. O(hellos).
    fn answered(&mut self, request: u32) -> Option<PendingHello> {
        let (key, _) = self.hellos.iter().find(|(_, hello)| hello.request == request)?;
        self.hellos.remove(key)
    }

    fn forget(&mut self, index: u16) -> Option<PendingHello> {
        let key = self.hellos.key_at(index)?;
        self.hellos.remove(key)
    }
}

impl<'a, A: Authenticator> Main<'a, A> {
    pub(super) fn login_link_connect(&mut self, cx: &mut Context<'_, 'a>) {
        match cx.sessions.connect(cx.now, LinkTag { kind: link::LOGIN, index: 0 }) {
            Ok(_) => self.login.state = LoginLinkState::Connecting,
            Err(_) => self.login_link_wait(cx),
        }
    }

    fn login_link_wait(&mut self, cx: &mut Context<'_, 'a>) {
        self.login.state = LoginLinkState::Waiting;
        let delay_ms = self.login.backoff.next_delay_ms(cx.turn().random_u32());
        let timer = login_link_timer(self.users.capacity());
        cx.sessions.schedule(timer, cx.now.after_ms(delay_ms));
    }

    pub(super) fn login_link_timer(&mut self, cx: &mut Context<'_, 'a>) {
        match self.login.state {
            LoginLinkState::Waiting => self.login_link_connect(cx),
            LoginLinkState::Live(_) => self.revocations_overdue(cx),
            LoginLinkState::Connecting | LoginLinkState::Proving => {}
        }
    }

    pub(super) fn login_link_connected(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey) {
        let keys = self.secrets.keys_of(ServerKind::LOGIN, ONLY_ID);
        self.login.dialer.begin(&keys, cx, key);
        self.login.state = LoginLinkState::Proving;
    }

    pub(super) fn login_says(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        frame: Frame<'_>,
    ) -> Dispatched {
        if self.login.live().is_some() {
            return login_to_main::dispatch(self, caller, frame);
        }
        let keys = self.secrets.keys_of(ServerKind::LOGIN, ONLY_ID);
        let heard = self.login.dialer.hear(&keys, caller, frame);
        if let Heard::Proven(_) = heard {
            log::info!("connected to Login at {}", self.login.address());
            caller.sessions.prove(caller.now, caller.key, Trust::Server);
            self.login.state = LoginLinkState::Live(caller.key);
            self.ask_for_revocations(&mut caller.context());
        }
        heard.dispatched()
    }

    pub(super) fn login_link_ended(&mut self, cx: &mut Context<'_, 'a>, reason: ErrorCode) {
        if cx.sessions.is_shutting_down() {
            return;
        }
        match self.login.live() {
            Some(_) => self.login.refusals = Refusals::NONE,
            None => self.login.refusals.note(reason),
        }
        let address = self.login.address();
        if self.login.live().is_some() {
            log::warning!(
                "lost Login ({}) at {}; users stay, and it is looked for",
                reason.name(),
                address
            );
        } else if reason == ErrorCode::BAD_PROOF {
            log::warning!("Login at {} does not have its key of our realm; trying again", address);
        } else if self.login.backoff.attempts() == 0 {
            log::warning!("can't reach Login at {} ({}); trying again", address, reason.name());
        }
        self.revocations_interrupted();
        self.login_link_wait(cx);
        for index in 0..self.login.hellos.capacity() as u16 {
            self.give_up_hello(cx, index);
        }
    }

    /// A client shows a token that Login has to judge, or wants its link sealed with a key that Login knows.
    pub(super) fn ask_login(
        &mut self,
        cx: &mut Context<'_, 'a>,
        session: SessionKey,
        question: Question,
    ) -> Result<(), ErrorCode> {
        if self.login.live().is_none() {
            return Err(ErrorCode::LOGIN_UNAVAILABLE);
        }
        let address = cx.sessions.address_key(session);
        if !self.may_ask(cx.sessions, address) {
            return Err(ErrorCode::BUSY);
        }
        let is_first = self.login.hellos.is_empty();
        let who = (session, address);
        let asked = self.login.ask(cx.now, who, question);
        let hello = asked.ok_or(ErrorCode::BUSY)?;
        cx.sessions.shares_mut().hold(address, Holding::Question);
        cx.sessions.set_tag(session, LinkTag { kind: link::GREETING, index: hello });
        self.login.send_questions(cx.sessions);
        if is_first {
            self.schedule_hello_check(cx, self.login.hello_timeout_ms());
        }
        Ok(())
    }

    pub(super) fn ask_again(
        &mut self,
        cx: &mut Context<'_, 'a>,
        session: SessionKey,
        greeting: Greeting,
    ) {
        let comer = Comer::unknown(session, greeting.visit);
        if let Err(code) = self.ask_login(cx, session, Question::Token(greeting)) {
            self.refuse_hello(cx, comer, code);
        }
    }

    /// Questions to Login are shared by address, as long as nobody knows who asks.
    fn may_ask(&self, sessions: &SessionManager<'a>, address: AddressKey) -> bool {
        let whole = self.login.hellos.capacity();
        let free = whole - self.login.hellos.len();
        may_take(usize::from(sessions.shares().held(address, Holding::Question)), free, whole)
    }

    /// A question is not waited for any more.
    pub(super) fn forget_hello(
        &mut self,
        cx: &mut Context<'_, 'a>,
        index: u16,
    ) -> Option<PendingHello> {
        let hello = self.login.forget(index)?;
        cx.sessions.shares_mut().give_back(hello.address, Holding::Question);
        Some(hello)
    }

    fn schedule_hello_check(&self, cx: &mut Context<'_, 'a>, ms: u32) {
        cx.sessions.schedule(hello_timer(self.users.capacity()), cx.now.after_ms(ms));
    }

    /// Gives up those whom Login has not answered about in time. O(hellos).
    pub(super) fn check_hellos(&mut self, cx: &mut Context<'_, 'a>) {
        let timeout_ms = self.login.hello_timeout_ms();
        let mut next_ms = timeout_ms;
        for index in 0..self.login.hellos.capacity() as u16 {
            let Some(hello) = self.login.hellos.at(index) else { continue };
            match timeout_ms.checked_sub(hello.asked_at.age_ms(cx.now)) {
                None | Some(0) => self.give_up_hello(cx, index),
                Some(left_ms) => next_ms = next_ms.min(left_ms),
            }
        }
        if !self.login.hellos.is_empty() {
            self.schedule_hello_check(cx, next_ms.max(HELLO_CHECK_MS));
        }
    }

    fn give_up_hello(&mut self, cx: &mut Context<'_, 'a>, index: u16) {
        if let Some(hello) = self.forget_hello(cx, index) {
            self.refuse_pending(cx, &hello, ErrorCode::LOGIN_UNAVAILABLE);
        }
    }

    fn refuse_pending(&mut self, cx: &mut Context<'_, 'a>, hello: &PendingHello, code: ErrorCode) {
        let comer = Comer::unknown(hello.session, hello.question.visit());
        self.refuse_client(cx, comer, code, hello.question.about());
    }

    /// An answer has come for a client who may have gone.
    fn take_answer(&mut self, cx: &mut Context<'_, 'a>, request: u32) -> Option<PendingHello> {
        self.login.backoff.reset();
        let hello = self.login.answered(request)?;
        cx.sessions.shares_mut().give_back(hello.address, Holding::Question);
        cx.sessions.is_open(hello.session).then_some(hello)
    }
}

impl<'a, A: Authenticator> Stub<Caller<'_, 'a>> for Main<'a, A> {
    fn verify_ack(&mut self, caller: &mut Caller<'_, 'a>, message: VerifyAck<'_>) {
        let cx = &mut caller.context();
        let Some(hello) = self.take_answer(cx, message.request) else { return };
        let session = hello.session;
        #[cfg_attr(
            not(feature = "sealed-clients"),
            allow(irrefutable_let_patterns, reason = "there is no other question then")
        )]
        let Question::Token(greeting) = hello.question else {
            return self.refuse_pending(cx, &hello, ErrorCode::LOGIN_UNAVAILABLE);
        };
        let names = Names::new(message.account, Text::truncated(greeting.names.nickname()));
        let greeting = Greeting { names, ..greeting };
        let (uid, revision) = (message.uid, message.revision);
        let newcomer = Newcomer { uid, revision, is_new_guest: false, greeting };
        self.log_known(cx, session, &newcomer);
        if revision < self.login.heard.revision() {
            // Who was revoked since is known already, and may be this one.
            self.ask_again(cx, session, newcomer.greeting);
        } else {
            self.receive(cx, session, newcomer);
        }
    }

    fn store_revision(&mut self, caller: &mut Caller<'_, 'a>, message: StoreRevision) {
        self.hear_of_revision(&mut caller.context(), message.revision);
    }

    fn revocations(&mut self, caller: &mut Caller<'_, 'a>, message: Revocations) {
        self.hear_revocations(&mut caller.context(), &message);
    }

    #[cfg(not(feature = "sealed-clients"))]
    fn device_ack(&mut self, _: &mut Caller<'_, 'a>, _: DeviceAck) {}

    #[cfg(feature = "sealed-clients")]
    fn device_ack(&mut self, caller: &mut Caller<'_, 'a>, message: DeviceAck) {
        let cx = &mut caller.context();
        let Some(hello) = self.take_answer(cx, message.request) else { return };
        match &hello.question {
            Question::Device(asked) => {
                self.seal_device(cx, hello.session, asked, &message.seal_key);
            }
            Question::Token(_) => self.refuse_pending(cx, &hello, ErrorCode::LOGIN_UNAVAILABLE),
        }
    }

    fn verify_denied(&mut self, caller: &mut Caller<'_, 'a>, message: VerifyDenied) {
        let cx = &mut caller.context();
        if let Some(hello) = self.take_answer(cx, message.request) {
            self.refuse_pending(cx, &hello, message.reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Token, Versions};
    use crate::storage::Key;

    /// Whatever number of questions comes between: a late answer is not another client's.
    #[test]
    fn a_late_answer_is_nobody_else_s() {
        let mut slots = [const { Slot::<PendingHello>::VACANT }; 1];
        let mut login = LoginLink::new(&mut slots);
        let who = (Key::DANGLING, Key::DANGLING);
        let ask = |login: &mut LoginLink<'_>| {
            let (token, versions) = (Token([1; 32]), Versions::OURS);
            let greeting = Greeting { token, versions, ..Greeting::NONE };
            login.ask(Instant::ZERO, who, Question::Token(greeting)).unwrap();
            login.asked
        };
        let first = ask(&mut login);
        for _ in 0..1 << 16 {
            assert!(login.forget(0).is_some());
            ask(&mut login);
            assert!(login.answered(first).is_none());
        }
        login.asked = u32::MAX;
        login.forget(0);
        assert_eq!(ask(&mut login), 0, "and begins anew");
    }
}
