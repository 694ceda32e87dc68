//! Questions of a client's to the game of its room, and of that to it.
//!
//! Contract: each question of the client's has exactly one outcome, [`Answered`](ClientEvent::Answered): the answer,
//! a refusal, `TIMED_OUT`, or `LOST` before its room is. What comes for it later is passed over. A question of the
//! game's is [`Asked`](ClientEvent::Asked); whether somebody waits for its answer still is the game's to know.
//!
//! Bounds: [`ASKS_MAX`](crate::node::ASKS_MAX) questions under way; one timer. All of it is the cargo feature `asks`;
//! without it what the game asks is `NOT_UNDERSTOOD`.

use super::machine::RealmClient;
use super::{Client, ClientEvent, ClientHandler};
use crate::node::Context;
use crate::node::asks::{Answer, with_encoded};
use crate::protocol::client_to_world::{AnswerGame, AskGame};
use crate::protocol::world_to_client::GameAnswers;
use crate::protocol::{ErrorCode, Message, SendError};
use crate::wire::opcode::GAME;

impl RealmClient {
    /// Asks the game of our room something, in its own messages; answers the number that
    /// [`Answered`](ClientEvent::Answered) has, within `timeout_ms`.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then. [`SendError::Full`] also while [`ASKS_MAX`](crate::node::ASKS_MAX)
    /// questions are under way.
    pub fn ask<M: Message>(
        &mut self,
        cx: &mut Context<'_, '_>,
        question: &M,
        timeout_ms: u32,
    ) -> Result<u32, SendError> {
        const { assert!(GAME.client_to_server.contains(M::OPCODE), "a game hears its own band") };
        let begun = self.asks.begin(cx.now, timeout_ms);
        let (number, _) = begun.map_err(|_| SendError::Full)?;
        let sent = with_encoded(GAME.client_to_server, question, |kind, data| {
            self.send_inside(cx, &AskGame { number, timeout_ms, kind, data })
        });
        if sent.is_err() {
            self.asks.take(number);
        }
        self.await_answers(cx);
        sent.map(|()| number)
    }

    /// Answers a question of the game's.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn answer<M: Message>(
        &mut self,
        cx: &mut Context<'_, '_>,
        ask: u32,
        answer: &M,
    ) -> Result<(), SendError> {
        const { assert!(GAME.client_to_server.contains(M::OPCODE), "a game hears its own band") };
        with_encoded(GAME.client_to_server, answer, |kind, data| {
            let (number, reason, code) = (ask, ErrorCode(0), 0);
            self.send_inside(cx, &AnswerGame { number, reason, code, kind, data })
        })
    }

    /// Refuses to answer a question of the game's, with a code of our own.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn refuse_ask(
        &mut self,
        cx: &mut Context<'_, '_>,
        ask: u32,
        code: u16,
    ) -> Result<(), SendError> {
        self.send_inside(cx, &AnswerGame::none(ask, ErrorCode::REFUSED, code))
    }

    fn await_answers(&self, cx: &mut Context<'_, '_>) {
        match self.asks.next_due(cx.now) {
            Some(due) => cx.sessions.schedule(self.asks_timer(), due),
            None => cx.sessions.cancel(self.asks_timer()),
        }
    }

    pub(super) fn answered(
        &mut self,
        handler: &mut impl ClientHandler,
        cx: &mut Context<'_, '_>,
        answer: GameAnswers<'_>,
    ) {
        if self.asks.take(answer.number) {
            self.await_answers(cx);
            let ask = answer.number;
            handler.on_event(self.number(), ClientEvent::Answered { ask, answer: answer.into() });
        }
    }

    /// Ends the questions that have had their time.
    pub(super) fn end_asks(&mut self, handler: &mut impl ClientHandler, cx: &mut Context<'_, '_>) {
        while let Some(ask) = self.asks.take_due(cx.now) {
            let answer = Answer::Failed(ErrorCode::TIMED_OUT);
            handler.on_event(self.number(), ClientEvent::Answered { ask, answer });
        }
        self.await_answers(cx);
    }

    /// The connection that the answers were to come by is lost.
    pub(super) fn lose_answers(
        &mut self,
        handler: &mut impl ClientHandler,
        cx: &mut Context<'_, '_>,
    ) {
        for ask in self.asks.take_all() {
            let answer = Answer::Failed(ErrorCode::LOST);
            handler.on_event(self.number(), ClientEvent::Answered { ask, answer });
        }
        self.await_answers(cx);
    }
}

impl<H: ClientHandler> Client<H> {
    /// Asks the game of our room something: see [`RealmClient::ask`].
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn ask<M: Message>(
        &mut self,
        cx: &mut Context<'_, '_>,
        question: &M,
        timeout_ms: u32,
    ) -> Result<u32, SendError> {
        self.machine.ask(cx, question, timeout_ms)
    }

    /// Answers a question of the game's.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn answer<M: Message>(
        &mut self,
        cx: &mut Context<'_, '_>,
        ask: u32,
        answer: &M,
    ) -> Result<(), SendError> {
        self.machine.answer(cx, ask, answer)
    }

    /// Refuses to answer a question of the game's, with a code of our own.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    pub fn refuse_ask(
        &mut self,
        cx: &mut Context<'_, '_>,
        ask: u32,
        code: u16,
    ) -> Result<(), SendError> {
        self.machine.refuse_ask(cx, ask, code)
    }
}
