//! The link to Main: register, report, attach.
//!
//! ```text
//!              ┌───────────── back-off ◄─────────┬───────────────┬────────────────┐
//!              ▼                                 │ ended         │ ended          │ ended
//!         ┌─────────┐ connect ┌────────────┐ connected ┌─────────┐ proven ┌─────────────┐
//!  start ►│ Waiting ├────────►│ Connecting ├──────────►│ Proving ├───────►│ Registering │
//!         └─────────┘         └────────────┘           └─────────┘        └──────┬──────┘
//!              ▲                                                       ┌──────┐  │ Registered
//!              └─────────────────────────── ended ─────────────────────┤ Live │◄─┘
//!                                                                      └──┬───┘
//!                                               Replaced ◄─ Bye{REPLACED} ┘
//! ```
//! Both ends prove that they have this world's key before anything else is said.
//! Whoever is in a room stays there, whatever this link does. A new registration is followed by the
//! list of all users, page by page as the link takes them, so that a restarted Main knows them. What happens
//! while the link takes nothing is not kept: the list says it, again from its beginning. So a slow link costs
//! nobody anything, and is not closed. What Main asks waits until there is room for the answers; Main itself
//! goes on reading, so the two never wait for each other.

use super::super::cluster::{Dialer, Heard};
use super::super::{Caller, Context};
use super::game::Game;
use super::user::{UserKey, WorldUser};
use super::user_pages::users_on_page;
use super::{MAIN_LINK_TIMER, World, link};
use crate::backoff::Backoff;
use crate::log;
#[cfg(feature = "mains")]
use crate::protocol::ClaimNumber;
use crate::protocol::main_to_world::{
    AttachUser, CloseRoom, DetachUser, Registered, Stub, UserClaimed,
};
use crate::protocol::world_to_main::{
    AttachAck, AttachDenied, RegisterWorld, Status, UserHeld, UserJoined, UserLeft,
};
use crate::protocol::{Dispatched, ErrorCode, Message, ServerKind, Text, Uid, Versions, WorldId};
use crate::session::{LinkTag, SessionKey, SessionManager, Trust};
use crate::time::Instant;
use crate::wire::{Frame, Opcode};

/// Where the link to Main is; see the [module](self).
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum MainLinkState {
    Waiting,
    Connecting,
    Proving,
    Registering(SessionKey),
    Live(SessionKey),
    /// Another server is this world: it is not looked for any more.
    Replaced,
}

/// The link to Main.
#[derive(Debug)]
pub(super) struct MainLink {
    state: MainLinkState,
    dialer: Dialer,
    backoff: Backoff,
    /// The user slot that the next page of the list begins with; none when all are reported.
    next_reported: Option<u16>,
    /// The room that Main may have to hear of next; none when it knows all.
    #[cfg(feature = "rooms")]
    next_room: Option<u16>,
    /// Whom Main has named last, with the number of its claim.
    #[cfg(feature = "mains")]
    pub(super) claimed: (Uid, ClaimNumber),
}

impl MainLink {
    pub(super) const fn new(id: WorldId, reconnect_first_ms: u32, reconnect_most_ms: u32) -> Self {
        let backoff = Backoff::new(reconnect_first_ms, reconnect_most_ms);
        let dialer = Dialer::new(ServerKind::WORLD, ServerKind::MAIN, id.0);
        Self {
            state: MainLinkState::Waiting,
            dialer,
            backoff,
            next_reported: None,
            #[cfg(feature = "rooms")]
            next_room: None,
            #[cfg(feature = "mains")]
            claimed: (Uid::NOBODY, ClaimNumber(0)),
        }
    }

    pub(super) const fn is_live(&self) -> bool {
        matches!(self.state, MainLinkState::Live(_))
    }

    pub(super) fn is_live_at(&self, key: SessionKey) -> bool {
        self.state == MainLinkState::Live(key)
    }

    pub(super) const fn is_proving(&self) -> bool {
        matches!(self.state, MainLinkState::Proving)
    }
}

impl<'a, G: Game> World<'a, G> {
    pub(super) fn main_link_connect(&mut self, cx: &mut Context<'_, 'a>) {
        match cx.sessions.connect(cx.now, LinkTag { kind: link::MAIN, index: 0 }) {
            Ok(_) => self.main.state = MainLinkState::Connecting,
            Err(_) => self.main_link_wait(cx),
        }
    }

    fn main_link_wait(&mut self, cx: &mut Context<'_, 'a>) {
        self.main.state = MainLinkState::Waiting;
        self.main.next_reported = None;
        let delay_ms = self.main.backoff.next_delay_ms(cx.turn().random_u32());
        cx.sessions.schedule(MAIN_LINK_TIMER, cx.now.after_ms(delay_ms));
    }

    pub(super) fn main_link_connected(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey) {
        self.main.state = MainLinkState::Proving;
        self.main.dialer.begin(&self.config.cluster_keys, cx, key);
    }

    pub(super) fn main_link_prove(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        frame: Frame<'_>,
    ) -> Dispatched {
        let heard = self.main.dialer.hear(&self.config.cluster_keys, caller, frame);
        if matches!(heard, Heard::Proven(_)) {
            let key = caller.key;
            self.main_link_register(&mut caller.context(), key);
        }
        heard.dispatched()
    }

    fn main_link_register(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey) {
        let register = RegisterWorld {
            versions: Versions::OURS,
            world_id: self.config.world_id,
            region: Text::truncated(&self.config.region),
            capacity: self.rooms.capacity() as u16,
            addr: Text::truncated(&self.config.address),
            fingerprint: G::FINGERPRINT,
            rooms: self.named_rooms(),
            #[cfg(feature = "sealed-clients")]
            is_sealing: cx.sessions.takes_sealed_clients(),
            #[cfg(not(feature = "sealed-clients"))]
            is_sealing: false,
        };
        cx.sessions.send_or_close(cx.now, key, &register);
        self.main.state = MainLinkState::Registering(key);
    }

    pub(super) fn main_link_ended(&mut self, cx: &mut Context<'_, 'a>, reason: ErrorCode) {
        if cx.sessions.is_shutting_down() {
            return;
        }
        if self.main.is_live() && reason == ErrorCode::REPLACED {
            log::warning!(
                "another server is world {} now: this one takes nobody more until it is started again",
                self.config.world_id.0
            );
            self.main.state = MainLinkState::Replaced;
            cx.sessions.cancel(MAIN_LINK_TIMER);
            return;
        }
        if self.main.is_live() {
            log::warning!(
                "lost Main ({}) at {}; players stay, and it is looked for",
                reason.name(),
                self.config.main_address.as_str()
            );
        } else if reason == ErrorCode::BAD_PROOF {
            log::warning!(
                "Main at {} does not have our key; trying again",
                self.config.main_address.as_str()
            );
        } else if self.main.backoff.attempts() == 0 || reason == ErrorCode::NOT_YOURS {
            log::warning!(
                "can't register with Main at {} ({}); trying again",
                self.config.main_address.as_str(),
                reason.name()
            );
        }
        self.main_link_wait(cx);
    }

    /// The timer is the next attempt while there is no link, and the next report while there is one.
    pub(super) fn main_link_timer(&mut self, cx: &mut Context<'_, 'a>) {
        match self.main.state {
            MainLinkState::Waiting => self.main_link_connect(cx),
            MainLinkState::Live(key) => self.main_link_report_status(cx, key),
            MainLinkState::Connecting
            | MainLinkState::Proving
            | MainLinkState::Registering(_)
            | MainLinkState::Replaced => {}
        }
    }

    fn main_link_report_status(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey) {
        let capacity = self.rooms.capacity().max(1);
        let status = Status {
            users: self.rooms.users() as u16,
            rooms: self.rooms.occupied_rooms() as u16,
            load: (self.rooms.users() * 1_000 / capacity) as u16,
            held: self.rooms.away() as u16,
        };
        // What it says is old in a moment: if the link is full, the next one will do.
        let _ = cx.sessions.send(key, &status);
        #[cfg(feature = "rooms")]
        {
            self.note_members();
            self.owe_rooms(cx);
        }
        cx.sessions.schedule(MAIN_LINK_TIMER, cx.now.after_ms(self.config.status_interval_ms));
    }

    pub(super) fn main_link_report_joined(&mut self, cx: &mut Context<'_, 'a>, key: UserKey) {
        if let Some(user) = self.rooms.users.get(key) {
            let joined = UserJoined { uid: user.uid, is_spectator: user.is_spectator() };
            self.main_link_tell(cx, &joined);
        }
    }

    pub(super) fn main_link_report_held(&mut self, cx: &mut Context<'_, 'a>, uid: Uid) {
        self.main_link_tell(cx, &UserHeld { uid });
    }

    pub(super) fn main_link_report_left(&mut self, cx: &mut Context<'_, 'a>, uid: Uid) {
        self.main_link_tell(cx, &UserLeft { uid });
    }

    /// Tells Main what it has asked, or what has happened; what the link does not take, the list says.
    fn main_link_tell<M: Message>(&mut self, cx: &mut Context<'_, 'a>, message: &M) {
        if let MainLinkState::Live(key) = self.main.state
            && cx.sessions.send(key, message).is_err()
        {
            self.main.next_reported = Some(0);
        }
    }

    /// Whom a game has just banned Main hears with the next transmission.
    pub(super) fn main_link_owes_bans(&mut self, cx: &mut Context<'_, 'a>) {
        if let MainLinkState::Live(key) = self.main.state
            && self.rooms.bans.is_untold(cx.now)
        {
            cx.sessions.mark_ready_unless_blocked(key);
        }
    }

    /// Tells Main what it is owed, as much as the link takes now.
    pub(super) fn main_link_report(
        &mut self,
        now: Instant,
        sessions: &mut SessionManager<'a>,
        key: SessionKey,
    ) {
        if self.main.is_live_at(key) {
            self.rooms.bans.tell(now, |ban| sessions.send(key, ban).is_ok());
            #[cfg(feature = "rooms")]
            if let Some(next) = self.main.next_room {
                self.main.next_room = self.tell_rooms(sessions, key, next);
            }
            self.main_link_report_users(sessions, key);
        }
    }

    /// Main hears of rooms with the next transmission.
    #[cfg(feature = "rooms")]
    pub(super) fn main_link_owes_rooms(&mut self, cx: &mut Context<'_, 'a>) {
        if let MainLinkState::Live(key) = self.main.state {
            self.main.next_room = Some(0);
            cx.sessions.mark_ready_unless_blocked(key);
        }
    }

    /// Sends the next pages of the user list, as many as the link takes now.
    fn main_link_report_users(&mut self, sessions: &mut SessionManager<'a>, key: SessionKey) {
        // The rest is for answers, and for what happens meanwhile.
        let most = sessions.config().send_buffers_per_server / 2;
        while let Some(first) = self.main.next_reported {
            let (page, next) = self.user_page(first, users_on_page(sessions.buffer_bytes()));
            if sessions.send_within(key, &page, most).is_err() {
                return;
            }
            self.main.next_reported = next;
        }
    }
}

impl<'a, G: Game> Stub<Caller<'_, 'a>> for World<'a, G> {
    /// Said again, it asks for the list.
    fn registered(&mut self, caller: &mut Caller<'_, 'a>, _: Registered) {
        let key = caller.key;
        if self.main.state == MainLinkState::Registering(key) {
            log::info!("registered with Main as world {}", self.config.world_id.0);
            caller.sessions.prove(caller.now, key, Trust::Server);
            self.main.state = MainLinkState::Live(key);
            self.main.backoff.reset();
            self.rooms.bans.forget_what_is_told();
            self.main_link_report_status(&mut caller.context(), key);
        }
        if self.main.is_live() {
            self.main.next_reported = Some(0);
            #[cfg(feature = "rooms")]
            {
                self.forget_what_is_told();
                self.main.next_room = Some(0);
            }
            caller.sessions.mark_ready_unless_blocked(key);
        }
    }

    fn attach_user(&mut self, caller: &mut Caller<'_, 'a>, message: AttachUser<'_>) {
        let (uid, attempt) = (message.uid, message.attempt);
        #[cfg(feature = "mains")]
        if !self.is_newest(uid) {
            let reason = ErrorCode::STALE_CLAIM;
            let denied = AttachDenied { uid, attempt, reason };
            return self.main_link_tell(&mut caller.context(), &denied);
        }
        match self.expect_user(&mut caller.context(), &message) {
            Ok(entry) => {
                #[cfg(feature = "mains")]
                self.attaches.set_claim(entry, self.main.claim_of(uid));
                self.arm_attach_timer(&mut caller.context(), entry.index());
                self.main_link_tell(&mut caller.context(), &AttachAck { uid, attempt });
            }
            Err(reason) => {
                self.main_link_tell(&mut caller.context(), &AttachDenied { uid, attempt, reason });
            }
        }
    }

    #[cfg(feature = "rooms")]
    fn close_room(&mut self, caller: &mut Caller<'_, 'a>, message: CloseRoom<'_>) {
        self.close_claimed(caller, &message);
    }

    #[cfg(not(feature = "rooms"))]
    fn close_room(&mut self, _: &mut Caller<'_, 'a>, _: CloseRoom<'_>) {}

    #[cfg(feature = "mains")]
    fn user_claimed(&mut self, caller: &mut Caller<'_, 'a>, message: UserClaimed) {
        self.hear_claim(&mut caller.context(), message.uid, message.claim);
    }

    #[cfg(not(feature = "mains"))]
    fn user_claimed(&mut self, _: &mut Caller<'_, 'a>, _: UserClaimed) {}

    /// A world that has one Main knows of no claims.
    #[inline(always)]
    fn hears(&self, opcode: Opcode) -> bool {
        cfg!(feature = "mains") || opcode != UserClaimed::OPCODE
    }

    fn detach_user(&mut self, caller: &mut Caller<'_, 'a>, message: DetachUser) {
        #[cfg(feature = "mains")]
        if !self.is_newest(message.uid) {
            return self.main_link_report_left(&mut caller.context(), message.uid);
        }
        self.expect_user_no_more(&mut caller.context(), message.uid);
        match self.rooms.users.find(message.uid) {
            // Only its ticket was meant. It has come meanwhile, as Main is about to hear, or its seat is held.
            Some(key) if message.reason == ErrorCode::GOODBYE => {
                if self.rooms.users.get(key).is_some_and(WorldUser::is_away) {
                    self.main_link_report_held(&mut caller.context(), message.uid);
                }
            }
            Some(key) => self.show_out(&mut caller.context(), key, message.reason),
            None => self.main_link_report_left(&mut caller.context(), message.uid),
        }
    }
}
