//! The client's two links, as two state machines that know of each other.
//!
//! ```text
//!   Main:   Waiting ──► Connecting ──► Greeting ──Welcome──► Ready
//!              ▲  back-off  │ lost        │ lost, bad token    │ lost
//!              └────────────┴─────────────┴────────────────────┘        replaced, or told that it is
//!                                                                       for good ──► Stopped
//!
//!   before, with an account and without a token:
//!           Waiting ──► ConnectingToLogin ──► LoggingIn ──LoginAck──► Connecting
//!              ▲  back-off  │ lost                │ lost, come back later
//!              └────────────┴─────────────────────┘             wrong password ──► Stopped
//!
//!   World:  Outside ──► Asking ──Ack──► Connecting ──► Joining ──JoinOk──► Inside
//!              ▲  back-off │ refused        │ lost         │ denied, lost     │ lost
//!              └───────────┴────────────────┴──────────────┴──────────────────┘
//! ```
//! `Outside` goes on to `Asking` whenever Main is `Ready`. What [stays so](crate::protocol::Outlook), like `REMOVED`
//! or `BAD_VERSION`, stops both links; so does a wish that is refused with `WRONG_SECRET` or `BAD_ROOM`. A client that gets another uid leaves the world first: what it was
//! there would stay as a ghost. The arrows back are in [`endings`](super::endings).

#[cfg(feature = "mains")]
use super::mains::KnownMains;
use super::ticket::Ticket;
use super::{ClientConfig, ClientHandler};
use crate::backoff::Backoff;
#[cfg(feature = "asks")]
use crate::node::asks::Asks;
use crate::node::{Caller, Context};
#[cfg(feature = "rooms")]
use crate::protocol::Wish;
use crate::protocol::client_to_main::EnterWorldReq;
use crate::protocol::client_to_world::Leave;
use crate::protocol::{ADDRESS_MAX_BYTES, ErrorCode, RoomId, Text, Token, Uid};
#[cfg(feature = "sealed-clients")]
use crate::secure::Dialing;
use crate::session::manager::Farewell;
use crate::session::{LinkTag, SessionKey, Trust};
use crate::storage::Key;

/// The links of a client, as its sessions' tags have them; the tag's index is the client's number.
pub(super) const MAIN_LINK: u8 = 1;
pub(super) const WORLD_LINK: u8 = 2;
pub(super) const LOGIN_LINK: u8 = 3;

pub(super) const TIMERS_PER_CLIENT: u16 = if cfg!(feature = "asks") { 3 } else { 2 };
const MAIN_TIMER: u16 = 0;
const WORLD_TIMER: u16 = 1;
#[cfg(feature = "asks")]
const ASKS_TIMER: u16 = 2;

/// Where the link to Main is.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum MainState {
    /// Between two attempts, or not started.
    Waiting,
    /// On the way to Login.
    ConnectingToLogin,
    /// The password is shown.
    LoggingIn,
    /// On its way.
    Connecting,
    /// Hello is said.
    Greeting,
    /// Main knows us.
    Ready,
    /// For good.
    Stopped,
}

/// Where the link to the world is.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum WorldState {
    /// In none.
    Outside,
    /// Main has been asked for one.
    Asking,
    /// On the way to it.
    Connecting,
    /// Join is said.
    Joining,
    /// In a room.
    Inside,
}

/// Where both links are.
pub type ClientState = (MainState, WorldState);

/// A client of the realm; see the [module](super).
#[derive(Debug)]
pub struct RealmClient {
    pub(super) number: u16,
    pub(super) config: ClientConfig,
    pub(super) main: MainState,
    pub(super) world: WorldState,
    /// The session to Main, or to Login before.
    pub(super) main_session: SessionKey,
    pub(super) world_session: SessionKey,
    /// It has logged in again since it was sent to its world.
    pub(super) has_newer_login: bool,
    main_backoff: Backoff,
    world_backoff: Backoff,
    /// Before that Login does not hear us.
    pub(super) login_retry_ms: u32,
    pub(super) uid: Uid,
    pub(super) token: Option<Token>,
    /// What this device has been given at a login.
    pub(super) device: Option<Token>,
    /// What a server has said for good, before it hangs up.
    pub(super) verdict: Option<ErrorCode>,
    pub(super) room_id: RoomId,
    pub(super) world_address: heapless::String<ADDRESS_MAX_BYTES>,
    pub(super) ticket: Ticket,
    /// Our first message of the link to the world is said, and not answered.
    #[cfg(feature = "sealed-clients")]
    pub(super) dialing: Option<Dialing>,
    /// The same of the link to Main.
    #[cfg(feature = "sealed-clients")]
    pub(super) main_dialing: Option<Dialing>,
    /// It wants another room than the one that it has asked for: what that question comes to is passed over.
    pub(super) wants_another: bool,
    /// Its seat is elsewhere: behind the end of its present connection it goes there.
    #[cfg(feature = "moving")]
    pub(super) is_moved: bool,
    /// It is back in its seat, and has not heard yet what it has missed.
    pub(super) is_resuming: bool,
    /// The number of what was said last, in a room or in a channel.
    pub(super) last_request: u32,
    /// The realm's Mains, and which of them it goes to.
    #[cfg(feature = "mains")]
    pub(super) mains: KnownMains,
    /// What the game has not answered yet.
    #[cfg(feature = "asks")]
    pub(super) asks: Asks,
}

impl RealmClient {
    /// Client `number` of its node, which gives its sessions and timers this number.
    pub fn new(number: u16, config: ClientConfig) -> Self {
        let backoff = Backoff::new(config.reconnect_first_ms, config.reconnect_most_ms);
        Self {
            number,
            config,
            main: MainState::Waiting,
            world: WorldState::Outside,
            main_session: Key::DANGLING,
            world_session: Key::DANGLING,
            has_newer_login: false,
            main_backoff: backoff.clone(),
            world_backoff: backoff,
            login_retry_ms: 0,
            uid: Uid::NOBODY,
            token: None,
            device: None,
            verdict: None,
            room_id: RoomId(0),
            world_address: heapless::String::new(),
            ticket: Ticket::NONE,
            #[cfg(feature = "sealed-clients")]
            dialing: None,
            #[cfg(feature = "sealed-clients")]
            main_dialing: None,
            wants_another: false,
            #[cfg(feature = "moving")]
            is_moved: false,
            is_resuming: false,
            last_request: 0,
            #[cfg(feature = "mains")]
            mains: KnownMains::NONE,
            #[cfg(feature = "asks")]
            asks: Asks::NONE,
        }
    }

    const fn timer(&self, timer: u16) -> u16 {
        self.number * TIMERS_PER_CLIENT + timer
    }

    #[cfg(feature = "asks")]
    pub(super) const fn asks_timer(&self) -> u16 {
        self.timer(ASKS_TIMER)
    }

    const fn tag(&self, kind: u8) -> LinkTag {
        LinkTag { kind, index: self.number }
    }

    /// Begins to go to Main, by way of Login if it needs a token.
    pub fn start(&mut self, cx: &mut Context<'_, '_>) {
        if self.main != MainState::Waiting {
            return;
        }
        if self.config.has_account && self.token.is_none() {
            self.connect(cx, LOGIN_LINK, MainState::ConnectingToLogin);
        } else {
            self.connect(cx, MAIN_LINK, MainState::Connecting);
        }
    }

    fn connect(&mut self, cx: &mut Context<'_, '_>, link: u8, state: MainState) {
        match cx.sessions.connect(cx.now, self.tag(link)) {
            Ok(key) => {
                self.main_session = key;
                self.main = state;
            }
            Err(_) => self.wait_for_main(cx),
        }
    }

    /// Leaves everything, in good order, and tries nothing again.
    pub fn stop(&mut self, cx: &mut Context<'_, '_>) {
        self.main = MainState::Stopped;
        self.leave_world(cx);
        cx.sessions.close(cx.now, self.main_session, Farewell::Bye(ErrorCode::GOODBYE));
    }

    /// Leaves the world that it is in, or on the way to.
    pub(super) fn leave_world(&self, cx: &mut Context<'_, '_>) {
        if self.world == WorldState::Inside {
            // If it does not fit, the goodbye behind it says the same.
            let _ = cx.sessions.send(self.world_session, &Leave {});
        }
        cx.sessions.close(cx.now, self.world_session, Farewell::Bye(ErrorCode::GOODBYE));
    }

    pub(super) fn wait_for_main(&mut self, cx: &mut Context<'_, '_>) {
        self.main = MainState::Waiting;
        let delay_ms = self.main_backoff.next_delay_ms(cx.turn().random_u32());
        let delay_ms = delay_ms.max(core::mem::take(&mut self.login_retry_ms));
        cx.sessions.schedule(self.timer(MAIN_TIMER), cx.now.after_ms(delay_ms));
    }

    pub(super) fn wait_outside(&mut self, cx: &mut Context<'_, '_>) {
        self.world = WorldState::Outside;
        let delay_ms = self.world_backoff.next_delay_ms(cx.turn().random_u32());
        cx.sessions.schedule(self.timer(WORLD_TIMER), cx.now.after_ms(delay_ms));
    }

    /// One of its timers is due.
    pub fn on_timer(
        &mut self,
        handler: &mut impl ClientHandler,
        cx: &mut Context<'_, '_>,
        timer: u16,
    ) {
        // Only questions that have had their time are to be told.
        #[cfg(not(feature = "asks"))]
        let _ = handler;
        match timer % TIMERS_PER_CLIENT {
            MAIN_TIMER => self.start(cx),
            #[cfg(feature = "asks")]
            ASKS_TIMER => self.end_asks(handler, cx),
            _ => self.ask_for_world(cx),
        }
    }

    /// One of its sessions stands.
    pub fn on_connected(
        &mut self,
        handler: &impl ClientHandler,
        cx: &mut Context<'_, '_>,
        key: SessionKey,
    ) {
        if key == self.main_session && self.main == MainState::ConnectingToLogin {
            self.log_in(handler, cx);
        } else if key == self.main_session {
            self.main = MainState::Greeting;
            #[cfg(feature = "sealed-clients")]
            if let Some(device_key) = self.config.device_key.clone() {
                self.greet_as_device(cx, &device_key);
                return;
            }
            self.greet(cx);
        } else if key == self.world_session {
            self.world = WorldState::Joining;
            #[cfg(feature = "sealed-clients")]
            if self.seals_world(cx.sessions) {
                self.begin_seal(cx);
                return;
            }
            self.join(cx, Some(self.ticket.handshake_key));
        }
    }

    pub(super) fn welcomed(&mut self, caller: &mut Caller<'_, '_>, uid: Uid, token: Token) {
        if uid != self.uid {
            self.leave_world(&mut caller.context());
        }
        self.uid = uid;
        self.token = Some(token);
        self.main = MainState::Ready;
        self.main_backoff.reset();
        #[cfg(feature = "mains")]
        self.mains.welcomed();
        caller.sessions.prove(caller.now, caller.key, Trust::Server);
        self.ask_for_world(&mut caller.context());
    }

    pub(super) fn ask_for_world(&mut self, cx: &mut Context<'_, '_>) {
        if (self.main, self.world) != (MainState::Ready, WorldState::Outside) {
            return;
        }
        let request = EnterWorldReq {
            region: Text::new(&self.config.region).unwrap_or_default(),
            wish: self.config.wish(),
        };
        self.wants_another = false;
        match cx.sessions.send(self.main_session, &request) {
            Ok(()) => self.world = WorldState::Asking,
            // There is no room now: the old world's last packets may have all of it.
            Err(_) => self.wait_outside(cx),
        }
    }

    /// Another room than before: the present one is left for it, and it is asked for behind that, without a wait.
    #[cfg(feature = "rooms")]
    pub fn wish_for(&mut self, cx: &mut Context<'_, '_>, wish: Wish<'_>) {
        self.config.wish = wish.into();
        self.wants_another = true;
        self.leave_world(cx);
        self.ask_for_world(cx);
    }

    /// It is outside, and what it wants now is asked for; in a while, if that was asked for before.
    pub(super) fn ask_again(&mut self, cx: &mut Context<'_, '_>) {
        if self.wants_another {
            self.world = WorldState::Outside;
            self.ask_for_world(cx);
        } else {
            self.wait_outside(cx);
        }
    }

    pub(super) fn sent_to_world(
        &mut self,
        caller: &mut Caller<'_, '_>,
        address: &str,
        ticket: Ticket,
    ) {
        if self.world != WorldState::Asking {
            return;
        }
        if self.wants_another {
            return self.ask_again(&mut caller.context());
        }
        self.keep_ticket(address, ticket);
        self.go_to_world(&mut caller.context());
    }

    pub(super) fn keep_ticket(&mut self, address: &str, ticket: Ticket) {
        // The message's type keeps addresses within the string's capacity.
        self.world_address = heapless::String::try_from(address).unwrap_or_default();
        self.ticket = ticket;
        self.has_newer_login = false;
    }

    /// To the world that its ticket is for.
    pub(super) fn go_to_world(&mut self, cx: &mut Context<'_, '_>) {
        match cx.sessions.connect(cx.now, self.tag(WORLD_LINK)) {
            Ok(key) => {
                self.world_session = key;
                self.world = WorldState::Connecting;
            }
            Err(_) => self.wait_outside(cx),
        }
    }

    pub(super) fn joined(&mut self, caller: &mut Caller<'_, '_>, room_id: RoomId) {
        self.world = WorldState::Inside;
        self.room_id = room_id;
        self.world_backoff.reset();
        caller.sessions.prove(caller.now, caller.key, Trust::Server);
    }
}
