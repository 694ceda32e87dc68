//! The names of rooms that several Mains claim, as a world fences with them.
//!
//! Contract: a room that is not there is not opened under a number that this world has had a room under, or has denied one: what a Main
//! removes from the directory when it hears of that stays removed, and whoever comes by it later claims it anew. Who comes under a higher number than the room's
//! own has claimed it since for this world, and the room has that number from then on.
//!
//! Bounds: one number a room, and one for all that are gone. So now and then somebody is told to claim anew for nothing.
//!
//! Without the cargo feature `mains` there is one Main, which knows its names itself.

use super::World;
use super::game::Game;
use super::room_manager::RoomManager;
use crate::node::Context;
use crate::protocol::ClaimNumber;

impl RoomManager<'_> {
    /// Whether a room that is claimed under this number may have been here already.
    pub(super) fn is_stale(&self, claim: ClaimNumber) -> bool {
        claim.0 > 0 && claim <= self.claims_gone
    }

    /// A room is not what it was any more.
    pub(super) fn retire_claim(&mut self, room: u16) {
        let claim = self.rooms.get(usize::from(room)).map(|place| place.label.claim);
        self.claims_gone = self.claims_gone.max(claim.unwrap_or(ClaimNumber(0)));
    }
}

impl<'a, G: Game> World<'a, G> {
    /// A room was denied to whoever has claimed it. Answers whether there is none, and will be none under that number.
    pub(super) fn deny_claim(&mut self, name: &str, claim: ClaimNumber) -> bool {
        let is_gone = claim.0 > 0 && self.rooms.find_named(name).is_none();
        if is_gone {
            self.rooms.claims_gone = self.rooms.claims_gone.max(claim);
        }
        is_gone
    }

    /// Somebody comes to a room that is claimed under this number.
    pub(super) fn raise_claim(&mut self, cx: &mut Context<'_, 'a>, room: u16, claim: ClaimNumber) {
        let Some(place) = self.rooms.rooms.get_mut(usize::from(room)) else { return };
        if place.label.claim < claim {
            place.label.claim = claim;
            place.label.is_claimed_anew();
            self.owe_rooms(cx);
        }
    }
}
