//! Saying what is to be said of moves: blocks and words, as the link to a Main takes them.
//!
//! Contract: what waits for an answer is said again until it comes; what a link does not take waits with it. It goes by the Main
//! that has asked, and by any while that is not there.

use super::super::mains::MainLink;
use super::super::{Game, RoomTimers, World};
use super::book::Saying;
use super::frozen::{Cut, Frozen};
use super::machine::MoveId;
use crate::node::Context;
use crate::node::longest::BLOCK_FRAME_HEAD_BYTES;
use crate::protocol::world_to_main::{RoomBlock, SayOfMove};
use crate::protocol::{Bytes, ErrorCode, MoveWord, ROOM_BLOCK_BYTES};
use crate::session::{SessionKey, SessionManager};
use crate::time::Instant;

/// How long something waits for its answer before it is said again.
const REPEAT_MS: u32 = 250;

impl<'a, G: Game> World<'a, G> {
    /// The block that is to be said, and where the next one begins. It is no longer than what one buffer holds.
    pub(super) fn write_block(
        &self,
        now: Instant,
        sessions: &SessionManager<'a>,
        out: &mut [u8; ROOM_BLOCK_BYTES],
    ) -> (Cut, usize) {
        let held = usize::from(sessions.buffer_bytes()).saturating_sub(BLOCK_FRAME_HEAD_BYTES);
        let out = out.get_mut(..held.min(ROOM_BLOCK_BYTES)).unwrap_or_default();
        let room = self.rooms.standing.leaving.unwrap_or_default();
        let timers = RoomTimers::of(self.attaches.capacity(), room, G::TIMERS);
        let leaving = &self.moving.leaving;
        let frozen = Frozen { sessions, now, timers, room, written: leaving.written };
        self.rooms.write_block::<G>(&frozen, leaving.cut, out)
    }

    /// Mains hear of moves with the next transmission, if there is something to say.
    pub(super) fn main_links_owe_moves(&mut self, cx: &mut Context<'_, 'a>) {
        let is_owed = self.moving.leaving.voice.is_owed || self.moving.coming.voice.is_owed;
        for (_, key) in self.mains.live().filter(|_| is_owed) {
            cx.sessions.mark_ready_unless_blocked(key);
        }
    }

    /// Says to a Main what is to be said of moves, if it is the one for it, and its link takes it.
    pub(in super::super) fn main_link_say_moves(
        &mut self,
        now: Instant,
        sessions: &mut SessionManager<'a>,
        (key, index): (SessionKey, u16),
    ) {
        let again_at = now.after_ms(REPEAT_MS);
        let (leaving, coming) = (self.moving.leaving.voice, self.moving.coming.voice);
        if leaving.is_owed && self.is_link_for(leaving.main, index) {
            let id = self.moving.source.id();
            let is_said = match leaving.saying {
                Saying::Nothing => true,
                Saying::Word(word) => send_word(sessions, key, id, (word, ErrorCode(0))),
                Saying::Block => self.send_block(now, sessions, key, id),
            };
            if is_said {
                self.moving.leaving.voice.is_said(again_at);
            }
            if leaving.saying == Saying::Word(MoveWord::KEPT) && is_said {
                // Who is not told asks.
                self.moving.leaving.voice.say(Saying::Nothing);
            }
        }
        if let (Saying::Word(word), true) = (coming.saying, coming.is_owed)
            && self.is_link_for(coming.main, index)
            && send_word(sessions, key, self.moving.target.id(), (word, ErrorCode(0)))
        {
            self.moving.coming.voice.is_said(again_at);
        }
    }

    /// Whether what is meant for `main` goes by the link `index`: by any, if that Main is not there.
    fn is_link_for(&self, main: u16, index: u16) -> bool {
        main == index || !self.mains.at(main).is_some_and(MainLink::is_live)
    }

    fn send_block(
        &self,
        now: Instant,
        sessions: &mut SessionManager<'a>,
        key: SessionKey,
        id: MoveId,
    ) -> bool {
        let mut block = [0; ROOM_BLOCK_BYTES];
        let (next, bytes) = self.write_block(now, sessions, &mut block);
        let bytes = block.get(..bytes).and_then(Bytes::new).unwrap_or_default();
        let message = RoomBlock {
            move_id: id.number,
            to: id.peer,
            index: self.moving.leaving.index,
            is_last: next == Cut::End,
            bytes,
        };
        let most = sessions.config().send_buffers_per_server / 2;
        sessions.send_within(key, &message, most).is_ok()
    }
}

/// Says something of a move, if the link takes it; else whoever waits for it asks again.
pub(super) fn say_at_once(
    sessions: &mut SessionManager<'_>,
    key: SessionKey,
    id: MoveId,
    said: (MoveWord, ErrorCode),
) {
    let _ = send_word(sessions, key, id, said);
}

fn send_word(
    sessions: &mut SessionManager<'_>,
    key: SessionKey,
    id: MoveId,
    (word, about): (MoveWord, ErrorCode),
) -> bool {
    let said = SayOfMove { move_id: id.number, to: id.peer, word, about: about.0 };
    sessions.send(key, &said).is_ok()
}
