//! `Bot`: how a player plays that nobody sits at, and what must hold for it.
//!
//! Purpose: the author of a [`Game`](crate::node::world::Game) writes one beside it. `tinyrealm bots --game NAME`
//! plays with many of them and counts what they find broken, a test's bench plays with a few in virtual time, and
//! a board may have one as its player. [`BotSeat`] is what whoever plays puts it into.
//!
//! Contract: a bot hears what its client hears, in that order, and acts in its turns alone, which it has only
//! while it is in a room. [`Bot::check`] is asked after each turn.
//!
//! Bounds: its own memory; no allocation.
//!
//! ```
//! use tinyrealm_core::node::client::{Bot, BotTurn};
//! use tinyrealm_core::protocol::{Direction, Position};
//!
//! /// Walks to the east for ever.
//! struct Wanderer;
//! impl Bot for Wanderer {
//!     fn on_turn(&mut self, turn: &mut BotTurn<'_, '_, '_>) {
//!         let at = turn.me().pos;
//!         // What can't be sent now is tried again with the next turn.
//!         let _ = turn.move_to(Position { x: at.x.saturating_add(100), ..at }, Direction(0));
//!     }
//! }
//! ```

use core::fmt;

use super::{ClientEvent, RealmClient};
use crate::node::Context;
use crate::protocol::world_to_client::MoveBroadcast;
use crate::protocol::{
    Bytes, Direction, Dispatched, EVENT_MAX_BYTES, MemberState, Message, Position, SendError,
};
use crate::time::Instant;
use crate::wire::Frame;

/// A rule that does not hold, in the author's words: "a coin lies off the field".
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Broken(pub &'static str);

/// How a player plays.
pub trait Bot {
    /// Its turn, some times a second.
    fn on_turn(&mut self, turn: &mut BotTurn<'_, '_, '_>);

    /// Something has happened. [`ClientEvent::Joined`] begins a room: what was known is another one's.
    fn on_event(&mut self, event: &ClientEvent<'_>) {
        let _ = event;
    }

    /// The game says something in its own messages: hand it to the `dispatch` of their direction.
    fn on_message(&mut self, frame: Frame<'_>) -> Dispatched {
        let _ = frame;
        Dispatched::Handled
    }

    /// What must hold, by all that it has heard.
    ///
    /// # Errors
    /// The rule that does not.
    fn check(&self) -> Result<(), Broken> {
        Ok(())
    }
}

/// What a bot has done in a turn.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct BotDeeds {
    /// Moves, events and messages that were sent.
    pub sent: u32,
    /// Those that were not.
    pub refused: u32,
}

/// What a [`Bot`] acts through in its turn.
pub struct BotTurn<'t, 'c, 'a> {
    client: &'t mut RealmClient,
    cx: &'t mut Context<'c, 'a>,
    me: &'t mut MemberState,
    deeds: BotDeeds,
}

impl BotTurn<'_, '_, '_> {
    /// Itself, where it takes itself to be.
    pub const fn me(&self) -> MemberState {
        *self.me
    }

    /// The time of this turn.
    pub const fn now(&self) -> Instant {
        self.cx.now
    }

    /// A random number.
    pub fn random_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.cx.entropy.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    /// Moves there.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn move_to(&mut self, pos: Position, dir: Direction) -> Result<(), SendError> {
        let sent = self.client.move_to(self.cx, pos, dir);
        if sent.is_ok() {
            *self.me = MemberState { pos, dir, ..*self.me };
        }
        self.count(sent)
    }

    /// Says an event to the room; answers its number.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn say(&mut self, kind: u16, data: Bytes<'_, EVENT_MAX_BYTES>) -> Result<u32, SendError> {
        let sent = self.client.say(self.cx, kind, data);
        self.count(sent)
    }

    /// Says something to the game, in its own messages.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn tell_game<M: Message>(&mut self, message: &M) -> Result<(), SendError> {
        let sent = self.client.tell_game(self.cx, message);
        self.count(sent)
    }

    /// Does something at this tick of its own, as [`RealmClient::send_input`].
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn send_input<M: Message>(&mut self, tick: u32, input: &M) -> Result<(), SendError> {
        let sent = self.client.send_input(self.cx, tick, input);
        self.count(sent)
    }

    const fn count<T: Copy>(&mut self, sent: Result<T, SendError>) -> Result<T, SendError> {
        match sent {
            Ok(_) => self.deeds.sent += 1,
            Err(_) => self.deeds.refused += 1,
        }
        sent
    }
}

/// A bot at a client, with what the client does not keep: where it is.
pub struct BotSeat<B: ?Sized> {
    me: MemberState,
    bot: B,
}

impl<B: Bot> BotSeat<B> {
    /// A bot that is in no room yet.
    pub fn new(bot: B) -> Self {
        Self { me: MemberState::default(), bot }
    }
}

impl<B: Bot + ?Sized> BotSeat<B> {
    /// The bot.
    pub const fn bot(&self) -> &B {
        &self.bot
    }

    /// Itself, where it takes itself to be.
    pub const fn me(&self) -> MemberState {
        self.me
    }

    /// Something has happened to its client.
    pub fn on_event(&mut self, event: &ClientEvent<'_>) {
        match event {
            ClientEvent::Welcome(uid) => self.me.uid = *uid,
            ClientEvent::Joined(joined) => {
                self.me.number = joined.number;
                self.me.pos = joined.spawn_pos;
            }
            ClientEvent::Moved(MoveBroadcast { number, pos, dir }) if *number == self.me.number => {
                self.me = MemberState { pos: *pos, dir: *dir, ..self.me };
            }
            _ => {}
        }
        self.bot.on_event(event);
    }

    /// The game of its room says something to its client.
    pub fn on_message(&mut self, frame: Frame<'_>) -> Dispatched {
        self.bot.on_message(frame)
    }

    /// Gives the bot a turn if its client is in a room; answers what it has done, and what it finds broken behind
    /// that.
    pub fn play(
        &mut self,
        client: &mut RealmClient,
        cx: &mut Context<'_, '_>,
    ) -> (BotDeeds, Result<(), Broken>) {
        if client.room_id().is_none() {
            return (BotDeeds::default(), Ok(()));
        }
        let mut turn = BotTurn { client, cx, me: &mut self.me, deeds: BotDeeds::default() };
        self.bot.on_turn(&mut turn);
        (turn.deeds, self.bot.check())
    }
}

impl<B: ?Sized> fmt::Debug for BotSeat<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BotSeat").field("me", &self.me).finish_non_exhaustive()
    }
}
