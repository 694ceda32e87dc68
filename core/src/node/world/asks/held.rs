//! Questions of a world's members, and to them.

use super::AskId;
use crate::node::asks::{Answer, frame_of, with_encoded};
use crate::node::world::game::Game;
use crate::node::world::user::UserKey;
use crate::node::world::{RoomContext, World};
use crate::node::{Caller, Context};
use crate::protocol::client_to_world::{AnswerGame, AskGame};
use crate::protocol::world_to_client::{GameAnswers, GameAsks};
use crate::protocol::{Dispatched, ErrorCode, Message, SendError, Uid};
use crate::session::SessionKey;
use crate::wire::Full;
use crate::wire::opcode::GAME;

impl<'a, G: Game> World<'a, G> {
    /// Hands the game a question.
    pub(in super::super) fn hear_ask(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        key: UserKey,
        question: AskGame<'_>,
    ) -> Dispatched {
        let AskGame { number, timeout_ms, kind, data } = question;
        let Some(user) = self.rooms.users.get(key) else { return Dispatched::Handled };
        let (uid, room) = (user.uid, user.room);
        let asks = self.rooms.asks.questions_of(key);
        let heard = match asks.map_or(Err(Full), |asks| asks.hear(caller.now, number, timeout_ms)) {
            // A number that is under way has its outcome by that.
            Ok(false) => return Dispatched::Handled,
            Ok(true) => {
                let ask = AskId { session: caller.key, number };
                let question = frame_of(GAME.client_to_server, kind, data);
                self.with_game(&mut caller.context(), room, |game, room| {
                    game.on_ask(room, uid, ask, question)
                })
            }
            Err(_) => {
                let busy = GameAnswers::none(number, ErrorCode::BUSY, 0);
                self.rooms.tell_or_close(caller.now, caller.sessions, key, &busy);
                return Dispatched::Handled;
            }
        };
        self.rooms.stats.events += 1;
        if heard == Some(Dispatched::Unknown) {
            self.not_understood(caller, key, number);
            return Dispatched::Handled;
        }
        heard.unwrap_or(Dispatched::Handled)
    }

    /// The game does not know the question; if it has answered all the same, that counts.
    fn not_understood(&mut self, caller: &mut Caller<'_, 'a>, key: UserKey, number: u32) {
        if self.rooms.asks.questions_of(key).is_some_and(|asks| asks.take(number)) {
            let unknown = GameAnswers::none(number, ErrorCode::NOT_UNDERSTOOD, 0);
            self.rooms.tell_or_close(caller.now, caller.sessions, key, &unknown);
        }
    }

    /// Hands the game an answer that it waits for.
    pub(in super::super) fn hear_answer(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        key: UserKey,
        answer: AnswerGame<'_>,
    ) {
        let Some(user) = self.rooms.users.get(key) else { return };
        let (uid, room, ask) =
            (user.uid, user.room, AskId { session: caller.key, number: answer.number });
        if self.rooms.asks.questions_to(key).is_some_and(|asks| asks.take(answer.number)) {
            self.with_game(&mut caller.context(), room, |game, room| {
                game.on_answer(room, uid, ask, answer.into());
            });
        }
    }

    /// The connection of a member, or of somebody who was one, is lost: so are all answers, either way.
    pub(in super::super) fn lose_answers(
        &mut self,
        cx: &mut Context<'_, 'a>,
        key: UserKey,
        (uid, room, session): (Uid, u16, SessionKey),
    ) {
        for number in self.rooms.asks.take_all(key) {
            self.with_game(cx, room, |game, room| {
                let ask = AskId { session, number };
                game.on_answer(room, uid, ask, Answer::Failed(ErrorCode::LOST));
            });
        }
    }

    /// Tells games of those who have not answered in time. O(users), when there is one.
    pub(in super::super) fn end_asks(&mut self, cx: &mut Context<'_, 'a>) {
        if !self.rooms.asks.begin_ends(cx.now) {
            return;
        }
        for index in 0..self.rooms.users.capacity() as u16 {
            while let Some(user) = self.rooms.users.at(index)
                && let Some(number) = self.rooms.asks.take_due(cx.now, index)
            {
                let (uid, room, ask) =
                    (user.uid, user.room, AskId { session: user.session, number });
                self.with_game(cx, room, |game, room| {
                    game.on_answer(room, uid, ask, Answer::Failed(ErrorCode::TIMED_OUT));
                });
            }
        }
    }
}

impl RoomContext<'_, '_> {
    /// Asks a member: [`Game::on_answer`] is called once with what has become of it, within `timeout_ms`. Core's
    /// feature `asks`.
    ///
    /// # Errors
    /// As [`RoomContext::tell`]: [`SendError::Full`] also while [`ASKS_MAX`](crate::node::ASKS_MAX) questions to it are
    /// under way.
    pub fn ask<M: Message>(
        &mut self,
        uid: Uid,
        question: &M,
        timeout_ms: u32,
    ) -> Result<AskId, SendError> {
        const {
            assert!(
                GAME.server_to_client.contains(M::OPCODE),
                "a game asks messages of `GAME.server_to_client`"
            );
        };
        let session = self.session_of(uid).ok_or(SendError::Closed)?;
        let key = self.rooms.users.find(uid).ok_or(SendError::Closed)?;
        let asks = self.rooms.asks.questions_to(key).ok_or(SendError::Full)?;
        let (number, until) = asks.begin(self.now, timeout_ms).map_err(|_| SendError::Full)?;
        let told = with_encoded(GAME.server_to_client, question, |kind, data| {
            self.rooms.tell(self.sessions, key, &GameAsks { number, kind, data })
        });
        match told {
            Ok(()) => self.rooms.asks.end_by(until),
            Err(_) => drop(self.rooms.asks.questions_to(key).map(|asks| asks.take(number))),
        }
        told.map(|()| AskId { session, number })
    }

    /// Answers a member's question, behind what was said to the whole room before. Core's feature `asks`.
    ///
    /// # Errors
    /// As [`RoomContext::tell`]: [`SendError::Closed`] also for a question that is not open any more;
    /// [`SendError::Full`] leaves it open.
    pub fn answer<M: Message>(&mut self, ask: AskId, answer: &M) -> Result<(), SendError> {
        const {
            assert!(
                GAME.server_to_client.contains(M::OPCODE),
                "a game answers messages of `GAME.server_to_client`"
            );
        };
        with_encoded(GAME.server_to_client, answer, |kind, data| {
            let (number, reason, code) = (ask.number, ErrorCode(0), 0);
            self.end_ask(ask, &GameAnswers { number, reason, code, kind, data })
        })
    }

    /// Refuses a member's question, with a code of the game's own. Core's feature `asks`.
    ///
    /// # Errors
    /// As [`RoomContext::answer`].
    pub fn refuse(&mut self, ask: AskId, code: u16) -> Result<(), SendError> {
        self.end_ask(ask, &GameAnswers::none(ask.number, ErrorCode::REFUSED, code))
    }

    fn end_ask(&mut self, ask: AskId, answer: &GameAnswers<'_>) -> Result<(), SendError> {
        let key = self.asker(ask).ok_or(SendError::Closed)?;
        self.rooms.tell(self.sessions, key, answer)?;
        if let Some(asks) = self.rooms.asks.questions_of(key) {
            asks.take(ask.number);
        }
        Ok(())
    }

    /// Who waits for the answer.
    fn asker(&self, ask: AskId) -> Option<UserKey> {
        let index = self.sessions.get(ask.session)?.tag().index;
        let key = self.rooms.users.key_at(index)?;
        let user = self.rooms.users.get(key)?;
        let is_it = user.session == ask.session && user.room == self.room;
        (is_it && self.rooms.asks.awaits(key, ask.number)).then_some(key)
    }
}
