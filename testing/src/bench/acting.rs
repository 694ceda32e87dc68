//! What players do: they move, say, and do things at their ticks.
//!
//! Contract: it is on its way at once; when it arrives is up to the weather.

use tinyrealm_core::node::world::Game;
use tinyrealm_core::protocol::{Bytes, Direction, MemberState, Message, Position, SendError};

use super::{GameBench, Player};

impl<G: Game + 'static> GameBench<G> {
    /// The player moves there.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn move_to(&mut self, player: Player, pos: Position) -> Result<(), SendError> {
        let dir = self.ears(player).me.dir;
        self.move_facing(player, pos, dir)
    }

    /// The player moves there, and faces `dir`.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn move_facing(
        &mut self,
        player: Player,
        pos: Position,
        dir: Direction,
    ) -> Result<(), SendError> {
        self.act(player, |client, cx| {
            client.move_to(cx, pos, dir)?;
            let ears = client.handler_mut();
            ears.me = MemberState { pos, dir, ..ears.me };
            Ok(())
        })
    }

    /// The player says an event to the room; answers its number.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then. [`SendError::TooLong`] for more than 256 bytes.
    pub fn say(&mut self, player: Player, kind: u16, data: &[u8]) -> Result<u32, SendError> {
        let data = Bytes::new(data).ok_or(SendError::TooLong)?;
        self.act(player, |client, cx| client.say(cx, kind, data))
    }

    /// The player does something at its next tick, in the game's own messages; answers the tick. What that leads to it is told by
    /// [`Heard::Acknowledged`](crate::Heard::Acknowledged), where it then is.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then. [`SendError::TooLong`] for more than 64 bytes.
    pub fn send_input<M: Message>(&mut self, player: Player, input: &M) -> Result<u32, SendError> {
        self.act(player, |client, cx| {
            let tick = client.handler().input + 1;
            client.send_input(cx, tick, input)?;
            client.handler_mut().input = tick;
            Ok(tick)
        })
    }

    /// The player asks the game something, in the game's own messages; answers the number that
    /// [`Heard::Answered`](crate::Heard::Answered) has.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn ask<M: Message>(
        &mut self,
        player: Player,
        question: &M,
        timeout_ms: u32,
    ) -> Result<u32, SendError> {
        self.act(player, |client, cx| client.ask(cx, question, timeout_ms))
    }

    /// The player answers what [`Heard::Asked`](crate::Heard::Asked) has asked it.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn answer<M: Message>(
        &mut self,
        player: Player,
        ask: u32,
        answer: &M,
    ) -> Result<(), SendError> {
        self.act(player, |client, cx| client.answer(cx, ask, answer))
    }

    /// The player refuses to answer, with a code of its own.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn refuse_ask(&mut self, player: Player, ask: u32, code: u16) -> Result<(), SendError> {
        self.act(player, |client, cx| client.refuse_ask(cx, ask, code))
    }

    /// The player tells the game something, in the game's own messages.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn tell_game<M: Message>(&mut self, player: Player, message: &M) -> Result<(), SendError> {
        self.act(player, |client, cx| client.tell_game(cx, message))
    }
}
