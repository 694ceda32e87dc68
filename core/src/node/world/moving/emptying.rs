//! Emptying a world that drains: its rooms are offered to others.
//!
//! Contract: rooms with somebody in them are offered one after the other, and round again, to a Main, which asks for the move if another
//! world takes rooms of this game. A world that has refused one is not asked with the next offer, and again with the one after; whoever can't move plays on here.
//!
//! Bounds: one offer at a time, behind the move of the one before, and [`OFFER_MS`] behind one that has come to nothing.

use super::super::{Game, World};
use super::machine::SourcePhase;
use crate::node::Context;
use crate::protocol::world_to_main::OffersRoom;
use crate::protocol::{RoomId, WorldId};
use crate::time::Instant;

/// How long an offer may take to come to something.
const OFFER_MS: u32 = 1_000;

/// Which room is offered next.
#[derive(Copy, Clone, Debug)]
pub(super) struct Offering {
    next_room: u16,
    /// When; never, if the world does not empty itself.
    at: Option<Instant>,
    /// The world that has refused a room since the last offer.
    pub(super) not_to: Option<WorldId>,
}

impl Offering {
    pub(super) const NONE: Self = Self { next_room: 0, at: None, not_to: None };

    /// A room has moved: the next one may.
    pub(super) const fn has_moved(&mut self, now: Instant) {
        self.not_to = None;
        if self.at.is_some() {
            self.at = Some(now);
        }
    }

    pub(super) const fn next_deadline(&self) -> Option<Instant> {
        self.at
    }
}

impl<'a, G: Game> World<'a, G> {
    /// The world takes nobody new from here on, or newcomers again: by its operator's word, or by one of its Mains'.
    pub(in super::super) fn adjust_offers(&mut self, now: Instant) {
        let empties = self.rooms.takes_nobody && self.moves_rooms();
        self.moving.offering.at = empties.then_some(now);
    }

    /// It may be time to offer a room.
    pub(super) fn offer_room(&mut self, cx: &mut Context<'_, 'a>) {
        let is_idle = self.moving.source.phase() == SourcePhase::Idle;
        if !is_idle || self.moving.offering.at.is_none_or(|at| at > cx.now) {
            return;
        }
        self.moving.offering.at = Some(cx.now.after_ms(OFFER_MS));
        let Some(room) = self.room_to_offer() else { return };
        let not_to = self.moving.offering.not_to.take().unwrap_or(self.config.world_id);
        let offer = OffersRoom { room_id: RoomId(room), not_to };
        if let Some((_, main)) = self.mains.live().next()
            && cx.sessions.send(main, &offer).is_ok()
        {
            self.moving.offering.next_room = room + 1;
        }
    }

    fn room_to_offer(&mut self) -> Option<u16> {
        let (next, all) = (self.moving.offering.next_room, self.rooms.rooms() as u16);
        let mut rooms = (next..all).chain(0..next.min(all));
        rooms.find(|room| self.rooms.members(*room) > 0 && self.may_leave(*room))
    }
}
