//! Naming: in a realm of several Mains a room's name is claimed for a world before that world is asked to open it.
//!
//! Purpose: whoever opens a room waits outside until the [directory](crate::node::directory) has said whose the name is. If it is
//! another world's, it is led there: so two who wish for a new room of one name at two Mains come into one room. Without a
//! directory a name is the world's at once.
//!
//! Nobody is led to a world twice for one wish that has denied it a place.
//!
//! Contract: whoever carries out what [`Main::next_name_work`] hands out brings an answer for each. A room is known by the
//! number of its claim, which its world keeps and tells all of its Mains: of two rooms of one name the one with the higher number stays.
//! A room that its world has opened by itself is claimed for it behind that. A name is given back when its room has closed, by whichever Main is first; one whose
//! world is lost stays that world's until somebody wants it, and no Main of the realm has that world.
//!
//! Bounds: O(users) for each name that is decided.

use super::directory::{EntryKey, Place, UserEntry};
use super::enter::SHARE_WAIT_MS;
use super::registry::world_bit;
use super::rooms::{RoomDirectory, RoomEntry, RoomKey, RoomState, Told, WishKey};
use super::{Authenticator, Main, WORLD_COUNT_MAX, WorldKey};
use crate::node::Context;
use crate::node::directory::{NameAnswer, NameVerdict, NameWish, NameWork, Wanted};
use crate::protocol::{ClaimNumber, ErrorCode, WishKind, WorldId};
use crate::storage::Key;
use crate::time::Instant;

impl<'a, A: Authenticator> Main<'a, A> {
    /// What the directory is to be asked next about names of rooms.
    pub fn next_name_work(&mut self) -> Option<NameWork> {
        self.rooms.claims.next_work()
    }

    /// The directory has answered.
    pub fn name_answered(
        &mut self,
        cx: &mut Context<'_, 'a>,
        work: &NameWork,
        mut answer: NameAnswer,
    ) {
        if let NameAnswer::Found(holder) = &mut answer {
            holder.is_here = self.worlds.find(holder.world).is_some();
            holder.is_elsewhere |= self.lost_worlds.has(cx.now, holder.world);
        }
        let verdict = self.rooms.claims.answered(work, answer);
        if verdict == NameVerdict::None {
            return;
        }
        let Some(room) = self.rooms.find_any(&work.name) else {
            if let NameVerdict::Granted(number, _) = verdict {
                self.rooms.claims.release(&work.name, number);
            }
            return;
        };
        match (verdict, self.rooms.is_naming(room)) {
            (NameVerdict::Granted(number, at), true) => self.name_is_granted(cx, room, number, at),
            (NameVerdict::Granted(number, at), false) => self.name_is_kept(room, number, at),
            (NameVerdict::Refused(code), true) => {
                self.each_waiting(room, |main, key| main.name_is_refused(cx, key, code));
            }
            // It is asked for again with what its world says next.
            (NameVerdict::Refused(_) | NameVerdict::None, _) => {}
        }
    }

    /// Whoever has waited goes where the name is.
    fn name_is_granted(
        &mut self,
        cx: &mut Context<'_, 'a>,
        room: RoomKey,
        number: ClaimNumber,
        at: WorldId,
    ) {
        let world = self.worlds.find(at);
        if let (Some(world), Some(entry)) = (world, self.rooms.get_mut(room)) {
            entry.state = RoomState::Opening(world);
            entry.claim = number;
        }
        self.each_waiting(room, |main, key| {
            match world.filter(|it| main.is_understood(key, *it)) {
                // It has no place for this one, and has the name all the same: another world would only lead back to it.
                Some(world) if main.has_tried(key, world) => {
                    main.name_is_refused(cx, key, ErrorCode::FULL);
                }
                Some(world) => {
                    main.step_out(key);
                    main.attach(cx, key, world, room);
                }
                None => main.name_is_refused(cx, key, ErrorCode::NO_WORLD),
            }
        });
    }

    fn has_tried(&self, key: EntryKey, world: WorldKey) -> bool {
        self.users.get(key).is_some_and(|user| user.tried & world_bit(world) != 0)
    }

    fn is_understood(&self, key: EntryKey, world: WorldKey) -> bool {
        let (user, entry) = (self.users.get(key), self.worlds.get(world));
        user.zip(entry).is_some_and(|(user, it)| it.understands(user.versions))
    }

    fn name_is_refused(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey, code: ErrorCode) {
        self.leave_room(key);
        let wish = self.users.get(key).map_or(Key::DANGLING, |user| user.wish);
        let is_made = self.rooms.wish(wish).name.as_str().is_empty();
        match code {
            // Chance has made a name that there is: another one will do.
            ErrorCode::ROOM_EXISTS if is_made => self.try_next_world(cx, key),
            _ => self.refuse(cx, key, code),
        }
    }

    /// A room that is there, or on its way, has a newer number.
    fn name_is_kept(&mut self, room: RoomKey, number: ClaimNumber, at: WorldId) {
        let Some(entry) = self.rooms.get_mut(room) else { return };
        let world = entry.world().and_then(|world| self.worlds.get(world));
        if world.is_some_and(|world| world.world_id == at) {
            entry.claim = entry.claim.max(number);
        }
    }

    /// What is wanted of the directory for a new room of `world`.
    pub(super) fn wanted_at(&self, world: WorldKey, wish: WishKey) -> Option<Wanted> {
        let wish = match self.rooms.wish(wish) {
            wish if wish.kind == WishKind::CREATE || wish.name.as_str().is_empty() => NameWish::New,
            _ => NameWish::Any,
        };
        Some(Wanted { world: self.worlds.get(world)?.world_id, wish })
    }

    /// A room that its world has, and that is claimed for the one that it has come from, or for none.
    pub(super) fn claim_for_its_world(&mut self, room: RoomKey) {
        let Some(entry) = self.rooms.get(room) else { return };
        let world = entry.world().and_then(|world| self.worlds.get(world));
        if self.rooms.claims.is_used()
            && let Some(world) = world
        {
            let (name, claim) = (entry.name.clone(), entry.claim);
            let wish = if claim.0 > 0 { NameWish::Moved } else { NameWish::Unclaimed };
            let wanted = Wanted { world: world.world_id, wish };
            self.rooms.claims.want(&name, wanted, claim);
        }
    }

    /// The same, for one that is claimed for none.
    pub(super) fn claim_if_unclaimed(&mut self, room: RoomKey) {
        if self.rooms.get(room).is_some_and(|entry| entry.claim.0 == 0) {
            self.claim_for_its_world(room);
        }
    }

    /// Everybody who waits for this name, in turn. O(users).
    fn each_waiting(&mut self, room: RoomKey, mut then: impl FnMut(&mut Self, EntryKey)) {
        for index in 0..self.users.capacity() as u16 {
            let is_meant = |user: &UserEntry| user.room == room && user.place == Place::Outside;
            let waits = self.users.at(index).is_some_and(is_meant);
            if let Some(key) = self.users.key_at(index).filter(|_| waits) {
                then(self, key);
            }
        }
    }

    /// Waits outside until it is known whose the name of its room is.
    pub(super) fn wait_for_name(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey, room: RoomKey) {
        self.set_place(cx, key, Place::Outside);
        self.join_room(key, room);
        self.arm(cx, key, self.config.attach_timeout_ms);
    }

    pub(super) fn waits_for_name(&self, key: EntryKey) -> bool {
        self.rooms.is_naming(self.room_of_user(key))
    }

    /// Whoever has waited for a name that another world has told of meanwhile goes there. O(users).
    pub(super) fn name_is_there(&mut self, cx: &mut Context<'_, 'a>, room: RoomKey) {
        self.each_waiting(room, |main, key| {
            main.leave_room(key);
            main.try_next_world_if_wanted(cx, key);
        });
    }

    /// The user is about to be sent to the room that it has waited for, which stays reserved.
    fn step_out(&mut self, key: EntryKey) {
        if let Some(user) = self.users.get_mut(key) {
            let room = core::mem::replace(&mut user.room, Key::DANGLING);
            self.rooms.step_out(room);
        }
    }

    pub(super) fn room_of_user(&self, key: EntryKey) -> RoomKey {
        self.users.get(key).map_or(Key::DANGLING, |user| user.room)
    }

    /// A world has had, or denied, a room under that number: whoever has asked looks on, and claims it anew.
    pub(super) fn claim_anew(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey) {
        if let Some(user) = self.users.get_mut(key) {
            // The world that has said so may have the new one.
            (user.tried, user.tried_rooms) = (0, 0);
        }
        self.wait(cx, key, SHARE_WAIT_MS, ErrorCode::BUSY);
    }

    /// What the user's world denies it was claimed under that number: if its world has said that there is no such room, its
    /// name is given back.
    pub(super) fn release_denied(&mut self, key: EntryKey, world: WorldKey) {
        let Some(entry) = self.worlds.get_mut(world) else { return };
        let ended = core::mem::replace(&mut entry.ended_claim, ClaimNumber(0));
        let Some(user) = self.users.get(key).filter(|user| user.room_claim == ended) else {
            return;
        };
        if let Some(room) = self.rooms.get(user.room) {
            let name = room.name.clone();
            self.rooms.claims.release(&name, ended);
        }
    }
}

impl<A: Authenticator> Main<'_, A> {
    /// The worlds whose names no other Main is to take: those that are here, and those that may come back to their rooms.
    pub fn known_worlds(&self, now: Instant) -> impl Iterator<Item = WorldId> {
        let here = self.worlds.iter().map(|(_, world)| world.world_id);
        let is_here = |world: &WorldId| self.worlds.find(*world).is_some();
        here.chain(self.lost_worlds.iter(now).filter(move |world| !is_here(world)))
    }

    /// When one of those is one no more, if none comes back.
    pub fn next_world_forgotten(&self, now: Instant) -> Option<Instant> {
        self.lost_worlds.0.iter().map(|(_, until)| *until).filter(|until| *until > now).min()
    }
}

/// Worlds that have left the registry not long ago.
#[derive(Debug, Default)]
pub(super) struct LostWorlds(heapless::Vec<(WorldId, Instant), WORLD_COUNT_MAX>);

impl LostWorlds {
    /// The names of its rooms are kept for it until then.
    pub(super) fn note(&mut self, world: WorldId, until: Instant) {
        self.0.retain(|(other, _)| *other != world);
        if self.0.push((world, until)).is_err()
            && let Some(longest_gone) = self.0.iter_mut().min_by_key(|(_, until)| *until)
        {
            *longest_gone = (world, until);
        }
    }

    fn iter(&self, now: Instant) -> impl Iterator<Item = WorldId> {
        self.0.iter().filter(move |(_, until)| *until > now).map(|(world, _)| *world)
    }

    fn has(&self, now: Instant, world: WorldId) -> bool {
        self.iter(now).any(|other| other == world)
    }
}

impl RoomEntry {
    /// Whether this is the room of its name, and not what a world tells of.
    pub(super) fn outranks(&self, told: &Told<'_>) -> bool {
        match self.state {
            RoomState::Open(world, _) if world != told.world => told.claim <= self.claim,
            RoomState::Held(_, by) if by != told.world_id => told.claim < self.claim,
            RoomState::Opening(world) if world != told.world => told.claim < self.claim,
            _ => false,
        }
    }

    /// What its name is claimed under, now that a world has told of it.
    pub(super) fn claim_behind(&self, told: &Told<'_>) -> ClaimNumber {
        let is_same = match self.state {
            RoomState::Held(_, by) => by == told.world_id,
            RoomState::Open(world, _) | RoomState::Opening(world) | RoomState::Naming(world) => {
                world == told.world
            }
        };
        if is_same { self.claim.max(told.claim) } else { told.claim }
    }
}

impl RoomDirectory<'_> {
    pub(super) fn is_naming(&self, room: RoomKey) -> bool {
        self.get(room).is_some_and(|room| matches!(room.state, RoomState::Naming(_)))
    }

    /// A user is on its way there no more, and about to be again.
    fn step_out(&mut self, key: RoomKey) {
        if let Some(room) = self.get_mut(key) {
            room.users = room.users.saturating_sub(1);
        }
    }

    /// The room is gone, and with it its name; but not if somebody may be on the way there who has claimed it since.
    pub(super) fn release(&mut self, key: RoomKey) {
        if let Some(RoomEntry { name, claim, told_claim, .. }) = self.get(key).cloned()
            && told_claim == claim
        {
            self.claims.release(&name, claim);
        }
        self.remove(key);
    }
}
