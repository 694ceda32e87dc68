//! A client of the realm as a sans-IO state machine, and as a role.
//!
//! Purpose: [`RealmClient`] goes through Main into a world and stays there; whoever owns it (a game,
//! the bots, a microcontroller, a browser tab) gets [`ClientEvent`]s and calls `move_to` and `say`.
//! [`Client`] is one of them as a node of its own.
//!
//! A realm with accounts wants a token of Login first: then the handler has the [`Credentials`].
//!
//! Contract: it comes back by itself. Main lost: it goes on playing and reconnects with its token; if Main has told of others,
//! to one of those.
//! World lost: it asks Main for another, which leads back to its seat there, if that is held. It stops for good when it is replaced by a second login,
//! when Login does not know its password, when it is told to, and when a server says what
//! [stays so](crate::protocol::Outlook): the game has removed it, its account is revoked, it is banned, no
//! version is shared, the secret of the room that it wishes for is another one. With another uid it leaves its world first.
//!
//! Bounds: two sessions, two timers (three with questions), no buffers of its own.
//!
//! ```
//! use tinyrealm_core::node::client::{ClientConfig, RealmClient};
//! let client = RealmClient::new(0, ClientConfig::DEFAULT);
//! assert_eq!(client.uid(), None); // it has not said hello yet
//! ```

#[cfg(feature = "asks")]
mod asking;
mod bot;
mod chat;
mod chat_event;
mod config;
mod endings;
mod first_words;
mod following;
mod inbound;
mod login;
mod machine;
#[cfg(feature = "mains")]
mod main_list;
#[cfg(feature = "mains")]
mod mains;
mod queries;
#[cfg(feature = "sealed-clients")]
mod sealing;
mod talk;
#[cfg(test)]
mod tests;
mod ticket;

pub use bot::{Bot, BotDeeds, BotSeat, BotTurn, Broken};
pub use chat_event::{ChannelName, ChatEvent};
pub use config::ClientConfig;
pub use machine::{ClientState, MainState, RealmClient, WorldState};

use super::{Answer, Caller, Context, Role};
#[cfg(feature = "rooms")]
use crate::protocol::Wish;
use crate::protocol::main_to_client::RoomPage;
use crate::protocol::world_to_client::{
    EventBroadcast, InputAck, JoinDenied, JoinOk, MemberExtra, MemberName, MoveBroadcast,
    RoomSnapshot, ThingPut,
};
use crate::protocol::{
    ADDRESS_MAX_BYTES, Bytes, Direction, Dispatched, EVENT_MAX_BYTES, ErrorCode, LoginDenial,
    MemberNumber, MemberState, Message, Position, ROOM_MODE_MAX_BYTES, SendError, Text, Token, Uid,
};
use crate::session::manager::Ended;
use crate::session::{LinkTag, SessionKey};
use crate::wire::{Frame, Framing};

/// Something that has happened to a client.
#[derive(Debug)]
pub enum ClientEvent<'e> {
    /// Main knows us, as this user.
    Welcome(Uid),
    /// Login gives us no token. If that is for good, `Stopped` follows; else it is tried again.
    LoginDenied {
        /// Why.
        reason: LoginDenial,
        /// When Login hears us again, in milliseconds.
        retry_after_ms: u32,
    },
    /// Login can't be reached, or has gone without an answer; it is tried again.
    LoginLost(ErrorCode),
    /// Main can't be reached, or has gone; it is tried again. The reason is the peer's, or
    /// `LOST` if the connection has just ended.
    MainLost(ErrorCode),
    /// Main has no world for us now; it is asked again.
    EnterRefused(ErrorCode),
    /// A world does not let us in, or not any more. Main is asked again, unless the game says so: then `Stopped`
    /// follows.
    JoinDenied(JoinDenied<'e>),
    /// We are in a room: anew, or, if `is_returned`, back in our seat, and then [`Resumed`](Self::Resumed) follows.
    Joined(JoinOk),
    /// We are who we were in our room, where we were; the room as it is now follows.
    Resumed {
        /// Events and messages of the game that the world had for us, and did not give to the connection that was
        /// lost. What was on its way then is not among them.
        missed_events: u32,
    },
    /// A page of the room as it is.
    Snapshot(&'e RoomSnapshot),
    /// Somebody came in.
    Entered(MemberState),
    /// Somebody left.
    Left(MemberNumber),
    /// Somebody's connection is lost, and its seat is held.
    Away(MemberNumber),
    /// Somebody who was away is back.
    Back(MemberNumber),
    /// What a member is called, or we ourselves: behind its entry, and behind a snapshot.
    Named(MemberName<'e>),
    /// What the room's game shows.
    State(StateEvent<'e>),
    /// Somebody moved; with our own number, the game has put us there.
    Moved(MoveBroadcast),
    /// Somebody, or the game itself, says something; ours comes back with the number that saying it answered.
    Said(EventBroadcast<'e>),
    /// What we have said in the room is not taken.
    EventRefused {
        /// The number that saying it answered.
        request: u32,
        /// Why.
        reason: ErrorCode,
    },
    /// What has become of a question of ours.
    Answered {
        /// The number that asking it answered.
        ask: u32,
        /// What.
        answer: Answer<'e>,
    },
    /// The game asks us something, in its own messages: [`RealmClient::answer`] it, or
    /// [refuse](RealmClient::refuse_ask).
    Asked {
        /// Its number.
        ask: u32,
        /// The question: [`Frame::read`] makes a message of it.
        question: Frame<'e>,
    },
    /// So far the room has got with our inputs, and there we are by them.
    InputAck(InputAck),
    /// Whoever runs the realm says something to everybody.
    Announced(&'e str),
    /// Something about a channel.
    Chat(ChatEvent<'e>),
    /// A page of the rooms that are listed, as was asked.
    Rooms(&'e RoomPage<'e>),
    /// The world has gone, or has shown us out; Main is asked for another.
    WorldLost(ErrorCode),
    /// A server refuses something.
    Refused {
        /// Why.
        code: ErrorCode,
        /// The opcode of what it refuses; 0 if it is none.
        about: i32,
    },
    /// It is over: nothing is tried again.
    Stopped(ErrorCode),
}

/// What a room's game shows besides places: things, and states of members. The first page of a snapshot makes all
/// of it void, and whoever leaves takes its state along.
#[derive(Debug)]
pub enum StateEvent<'e> {
    /// A thing is like that now.
    Put(ThingPut<'e>),
    /// The thing of this id is not there any more, if it was.
    Removed(u16),
    /// A member's state is like that now; ours as well.
    Member(MemberExtra<'e>),
    /// With this we have all that there was behind the last snapshot.
    Complete,
}

/// What a client shows to Login.
#[derive(Copy, Clone, Default)]
pub struct Credentials<'c> {
    /// Where Login is, `host:port`.
    pub login_address: &'c str,
    /// The account's id.
    pub id: &'c str,
    /// Its password.
    pub password: &'c str,
    /// What this device was given at an earlier login, if it was kept.
    pub device: Option<Token>,
}

/// Receives what happens to a client.
pub trait ClientHandler {
    /// `client` is the number that the client was made with.
    fn on_event(&mut self, client: u16, event: ClientEvent<'_>);

    /// The game of our room says something in its own messages: hand it to the `dispatch` of their direction.
    /// Whoever does not know the game passes over it.
    fn on_message(&mut self, client: u16, frame: Frame<'_>) -> Dispatched {
        let _ = (client, frame);
        Dispatched::Handled
    }

    /// What a client with [`ClientConfig::has_account`] logs in with.
    fn credentials(&self, client: u16) -> Credentials<'_> {
        let _ = client;
        Credentials::default()
    }

    /// A login has given this device a token, to be kept for the next one.
    fn keep_device(&mut self, client: u16, device: Token) {
        let _ = (client, device);
    }
}

/// One client as a node of its own.
#[derive(Debug)]
pub struct Client<H> {
    machine: RealmClient,
    handler: H,
    main_address: heapless::String<ADDRESS_MAX_BYTES>,
}

/// How many timers a node with `clients` clients has.
pub const fn client_timers(clients: usize) -> usize {
    clients * machine::TIMERS_PER_CLIENT as usize
}

impl<H: ClientHandler> Client<H> {
    /// A client of the realm whose Main is at `main_address`; [`Client::start`] makes it go there.
    pub fn new(
        main_address: heapless::String<ADDRESS_MAX_BYTES>,
        config: ClientConfig,
        handler: H,
    ) -> Self {
        Self { machine: RealmClient::new(0, config), handler, main_address }
    }

    /// Begins with a token that was kept, instead of as a new user.
    #[must_use]
    pub fn with_token(mut self, token: Token) -> Self {
        self.machine = self.machine.with_token(token);
        self
    }

    /// What makes it the same user the next time, if it is kept; none before Main, or Login, has given it.
    pub const fn token(&self) -> Option<Token> {
        self.machine.token()
    }

    /// Begins to go to Main.
    pub fn start(&mut self, cx: &mut Context<'_, '_>) {
        self.machine.start(cx);
    }

    /// The client itself.
    pub const fn machine(&self) -> &RealmClient {
        &self.machine
    }

    /// What receives its events.
    pub const fn handler(&self) -> &H {
        &self.handler
    }

    /// What receives its events, to change.
    pub const fn handler_mut(&mut self) -> &mut H {
        &mut self.handler
    }

    /// What has received its events, when the node has done its work.
    pub fn into_handler(self) -> H {
        self.handler
    }

    /// Tells the room where we are.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn move_to(
        &mut self,
        cx: &mut Context<'_, '_>,
        pos: Position,
        dir: Direction,
    ) -> Result<(), SendError> {
        self.machine.move_to(cx, pos, dir)
    }

    /// Says something to the room; answers its number.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn say(
        &mut self,
        cx: &mut Context<'_, '_>,
        kind: u16,
        data: Bytes<'_, EVENT_MAX_BYTES>,
    ) -> Result<u32, SendError> {
        self.machine.say(cx, kind, data)
    }

    /// Tells the room what we do at a tick of ours, as one of the game's own messages; ticks rise, from 1, as long as
    /// we are in one room.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then. [`SendError::TooLong`] for more than [`INPUT_MAX_BYTES`](crate::protocol::INPUT_MAX_BYTES).
    pub fn send_input<M: Message>(
        &mut self,
        cx: &mut Context<'_, '_>,
        tick: u32,
        input: &M,
    ) -> Result<(), SendError> {
        self.machine.send_input(cx, tick, input)
    }

    /// Says something to the game of our room, in its own messages.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn tell_game<M: Message>(
        &mut self,
        cx: &mut Context<'_, '_>,
        message: &M,
    ) -> Result<(), SendError> {
        self.machine.tell_game(cx, message)
    }

    /// Asks for the rooms that are listed; see [`RealmClient::list_rooms`].
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn list_rooms(
        &mut self,
        cx: &mut Context<'_, '_>,
        mode: Text<'_, ROOM_MODE_MAX_BYTES>,
        after: u16,
    ) -> Result<(), SendError> {
        self.machine.list_rooms(cx, mode, after)
    }

    /// Another room than before; see [`RealmClient::wish_for`].
    #[cfg(feature = "rooms")]
    pub fn wish_for(&mut self, cx: &mut Context<'_, '_>, wish: Wish<'_>) {
        self.machine.wish_for(cx, wish);
    }

    /// Gives a bot that the handler has its turn.
    ///
    /// # Errors
    /// What the bot finds broken behind it.
    pub fn play<B: Bot + ?Sized>(
        &mut self,
        cx: &mut Context<'_, '_>,
        bot_of: impl FnOnce(&mut H) -> Option<&mut BotSeat<B>>,
    ) -> Result<(), Broken> {
        let Some(bot) = bot_of(&mut self.handler) else { return Ok(()) };
        bot.play(&mut self.machine, cx).1
    }

    /// Leaves the room and the realm, in good order.
    pub fn stop(&mut self, cx: &mut Context<'_, '_>) {
        self.machine.stop(cx);
    }
}

impl<'a, H: ClientHandler> Role<'a> for Client<H> {
    fn on_connected(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey) {
        self.machine.on_connected(&self.handler, cx, key);
    }

    fn on_frame(&mut self, caller: &mut Caller<'_, 'a>, frame: Frame<'_>) -> Dispatched {
        self.machine.on_frame(&mut self.handler, caller, frame)
    }

    fn on_error(&mut self, caller: &mut Caller<'_, 'a>, code: ErrorCode, about: i32) {
        self.machine.on_error(&mut self.handler, caller, code, about);
    }

    fn on_ended(&mut self, cx: &mut Context<'_, 'a>, ended: Ended) {
        self.machine.on_ended(&mut self.handler, cx, ended);
    }

    fn on_timer(&mut self, cx: &mut Context<'_, 'a>, timer: u16) {
        self.machine.on_timer(&mut self.handler, cx, timer);
    }

    fn address(&self, tag: LinkTag) -> &str {
        let login_address = self.handler.credentials(self.machine.number()).login_address;
        self.machine.address(tag, &self.main_address, login_address)
    }

    fn framing(&self, _: LinkTag) -> Framing {
        self.machine.framing()
    }
}
