//! The world as a role: what its node calls, and which part of the world that is for.
//!
//! Contract: a session's tag says whose it is; nothing is decided here but who is asked.

use super::game::Game;
use super::{ATTACH_TIMERS, World, link};
use crate::node::cluster::Refusals;
use crate::node::{BroadcastTaken, Caller, Context, Role};
#[cfg(feature = "sealed-clients")]
use crate::protocol::client_to_listener;
use crate::protocol::{Dispatched, ErrorCode, client_to_world};
use crate::session::manager::{Ended, Farewell};
use crate::session::{LinkTag, Session, SessionKey, SessionManager};
use crate::time::Instant;
use crate::wire::Frame;
#[cfg(feature = "sealed-clients")]
use crate::wire::opcode::CLIENT_SEAL;
use crate::wire::opcode::{GAME, Opcode};

impl<'a, G: Game> Role<'a> for World<'a, G> {
    /// The links to Mains.
    fn own_links(&self) -> u16 {
        self.main_count()
    }

    fn on_connected(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey) {
        self.main_link_connected(cx, key);
    }

    #[inline]
    fn on_frame(&mut self, caller: &mut Caller<'_, 'a>, frame: Frame<'_>) -> Dispatched {
        match caller.tag.kind {
            link::MAIN => self.main_link_hear(caller, frame),
            #[cfg(feature = "sealed-clients")]
            link::STRANGER
                if CLIENT_SEAL.contains(frame.opcode) && caller.sessions.takes_sealed_clients() =>
            {
                client_to_listener::dispatch(self, caller, frame)
            }
            link::STRANGER if !is_built_in(frame.opcode) => {
                self.out_of_place(caller, frame.opcode.0);
                Dispatched::Handled
            }
            #[cfg(feature = "inputs")]
            link::USER if frame.opcode == client_to_world::Input::OPCODE => {
                self.hear_input(caller, frame)
            }
            link::USER if GAME.client_to_server.contains(frame.opcode) => {
                self.hear_message(caller, frame)
            }
            link::USER | link::STRANGER => client_to_world::dispatch(self, caller, frame),
            _ => Dispatched::Handled,
        }
    }

    fn on_error(&mut self, caller: &mut Caller<'_, 'a>, code: ErrorCode, about: i32) {
        if caller.tag.kind == link::MAIN && Refusals::is_last_word(code, about) {
            caller.sessions.close(caller.now, caller.key, Farewell::Nothing(code));
        }
    }

    fn on_ended(&mut self, cx: &mut Context<'_, 'a>, ended: Ended) {
        match ended.tag.kind {
            link::MAIN => self.main_link_ended(cx, ended.tag.index, ended.reason),
            link::USER => {
                if let Some(key) = self.rooms.users.key_at(ended.tag.index) {
                    self.member_ended(cx, key, ended.reason);
                }
            }
            _ => {}
        }
        self.adjust_ticks(cx.now);
    }

    fn on_timer(&mut self, cx: &mut Context<'_, 'a>, timer: u16) {
        match timer.checked_sub(ATTACH_TIMERS) {
            None => self.main_link_timer(cx, timer),
            Some(attach) if usize::from(attach) < self.attaches.capacity() => {
                self.attach_timer(cx, attach);
            }
            Some(_) => self.room_timer(cx, timer),
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let rooms = &self.rooms;
        let due = [rooms.next_flush(), rooms.saves.next_deadline(), rooms.next_end()];
        let due = due.into_iter().chain([self.ticks.next_at()]).flatten().min();
        #[cfg(feature = "asks")]
        let due = due.into_iter().chain(rooms.asks.next_end()).min();
        #[cfg(feature = "rooms")]
        let due = due.into_iter().chain(rooms.next_close).min();
        #[cfg(feature = "moving")]
        let due = due.into_iter().chain(self.moving.next_deadline()).min();
        due
    }

    /// A flush that is due happens in the transmission that follows; here it is the ticks' turn.
    fn on_deadline(&mut self, cx: &mut Context<'_, 'a>) {
        if let Some(tick) = self.ticks.take_due(cx.now, G::TICK_INTERVAL_MS) {
            self.tick(cx, tick);
        }
        self.end_seats(cx);
        #[cfg(feature = "asks")]
        self.end_asks(cx);
        #[cfg(feature = "rooms")]
        self.close_kept(cx);
        #[cfg(feature = "saves")]
        self.on_save_deadline(cx);
        #[cfg(feature = "moving")]
        self.on_moving_deadline(cx);
    }

    /// Everybody is still inside.
    #[cfg(feature = "saves")]
    fn on_shutdown(&mut self, cx: &mut Context<'_, 'a>) {
        #[cfg(feature = "moving")]
        self.stop_moving(cx);
        let _ = cx;
        self.save_last();
    }

    fn address(&self, tag: LinkTag) -> &str {
        self.main_address(tag.index)
    }

    fn must_flush_first(&self) -> bool {
        self.rooms.must_flush_first()
    }

    /// Main asks no faster than it takes the answers: each finds room behind what it is owed.
    fn must_answer_first(&self, sessions: &SessionManager<'a>, key: SessionKey) -> bool {
        if cfg!(feature = "moving")
            && let Some(tag) = sessions.get(key).map(Session::tag)
            && tag.kind == link::USER
        {
            return self.rooms.holds_input_of(tag.index);
        }
        self.mains.is_live_at(key)
            && sessions.owed_buffers(key) > sessions.config().send_buffers_per_server / 2
    }

    #[inline]
    fn flush(&mut self, now: Instant, sessions: &mut SessionManager<'a>) {
        self.rooms.flush(now, sessions);
    }

    #[inline]
    fn before_transmit(
        &mut self,
        now: Instant,
        sessions: &mut SessionManager<'a>,
        key: SessionKey,
    ) {
        let Some(tag) = sessions.get(key).map(Session::tag) else {
            return;
        };
        match tag.kind {
            link::USER => self.rooms.before_transmit(now, sessions, tag.index),
            link::MAIN => self.main_link_report(now, sessions, key, tag.index),
            _ => {}
        }
    }

    #[inline]
    fn broadcast(&self, tag: LinkTag) -> [&[u8]; 3] {
        if tag.kind == link::USER { self.rooms.window(tag.index) } else { [&[]; 3] }
    }

    #[inline]
    fn broadcast_taken(
        &mut self,
        now: Instant,
        sessions: &mut SessionManager<'a>,
        key: SessionKey,
        taken: BroadcastTaken,
    ) {
        if let Some(tag) = sessions.get(key).map(Session::tag) {
            self.rooms.advance(now, sessions, key, tag.index, taken);
        }
    }
}

/// Whether this world is built with what it takes to hear it.
#[inline(always)]
pub(super) const fn is_built_in(opcode: Opcode) -> bool {
    use client_to_world::{AnswerGame, AskGame, Input};
    let is_input = matches!(opcode, Input::OPCODE);
    let is_question = matches!(opcode, AskGame::OPCODE | AnswerGame::OPCODE);
    (cfg!(feature = "inputs") || !is_input) && (cfg!(feature = "asks") || !is_question)
}
