//! Entering a world, as a state machine a user.
//!
//! ```text
//!              enter, no world            ack of this attempt          UserJoined
//!   Outside ─────────────────► Attaching ────────────────────► Attached ─────────► Inside
//!      ▲  ▲                     │  ▲  │ denied, timeout, lost:     │                │
//!      │  │ no world left:      │  │  └─► the next world           │ enter, expired │ enter
//!      │  └── clear error ──────┘  │                               ▼                ▼
//!      │                           └── UserLeft, timeout, lost ── Detaching ◄───────┘
//!      └───────────────────────── UserLeft, lost, and no wish to enter ─────────────┘
//! ```
//! Whoever is inside, or has a held seat there, and wants what that world serves is sent back to it: from `Inside`
//! to `Attaching`, whether the world has a free place or not, and from there, if nothing comes of it, to `Inside`.
//! The client is answered only after the world has acknowledged, so its `Join` can't come before its
//! attach. Places that are kept for those who have not joined are shared by address: whoever's address has too
//! many waits for some of them to be used, as long as a world may take to answer. A ticket ends with the
//! connection that has asked for it. A user whom one world may still have is detached there before another one is
//! asked: also when nobody has joined in time, or when a world denies whom it has from an earlier stay. What a
//! world is asked waits until its link takes it; that is part of the time that it has.

use super::directory::{EntryKey, Place};
use super::registry::world_bit;
use super::rooms::{RoomEntry, RoomKey};
use super::wishes::{Route, SECRET_WAIT_MS};
use super::{Authenticator, Main, WorldKey};
use crate::node::Context;
use crate::protocol::client_to_main::EnterWorldReq;
use crate::protocol::either_way::Error;
use crate::protocol::main_to_client::EnterWorldAck;
use crate::protocol::{ErrorCode, HandshakeKey, Text, Wish};
use crate::session::{Holding, may_take};
use crate::stats::Count;
use crate::storage::Key;
use crate::time::Instant;

impl<'a, A: Authenticator> Main<'a, A> {
    /// The user asks to enter a world. A request that is being worked on already goes on.
    pub(super) fn enter(
        &mut self,
        cx: &mut Context<'_, 'a>,
        key: EntryKey,
        message: &EnterWorldReq<'_>,
    ) {
        let region = message.region.as_str();
        #[cfg(feature = "moving")]
        if let Some(user) = self.users.get_mut(key) {
            // What it is led to already is the answer.
            user.is_moved = false;
        }
        if self.users.get(key).is_none_or(|user| user.wants_in) {
            return;
        }
        self.log_wish(cx, key, message);
        let kept = self.keep_composed(key, &message.wish);
        let Some(user) = self.users.get_mut(key) else { return };
        user.wants_in = true;
        user.tried = 0;
        user.tried_rooms = 0;
        user.waits = 0;
        user.has_timed_out = false;
        user.is_wrong = false;
        // The message's type keeps regions within the string's capacity.
        user.region = heapless::String::try_from(region).unwrap_or_default();
        let (is_kept, seat) = (kept.is_ok(), self.seat_to_return_to(cx.now, key));
        if let Some(world) = seat.filter(|_| is_kept) {
            self.send_back(cx, key, world);
            return;
        }
        if let Err(code) = kept.and_then(|()| self.may_leave_for(cx, key)) {
            self.refuse(cx, key, code);
            return;
        }
        let Some(user) = self.users.get(key) else { return };
        match user.place {
            Place::Outside => self.try_next_world(cx, key),
            // An attempt that is on its way was made for an earlier wish, maybe of another region.
            Place::Attaching(world) | Place::Attached(world) | Place::Inside(world) => {
                self.detach(cx, key, world);
            }
            Place::Detaching(_) => {}
        }
    }

    /// Keeps a wish with its name and its mode in the form that compares. What can't be read is none.
    fn keep_composed(&mut self, key: EntryKey, wish: &Wish<'_>) -> Result<(), ErrorCode> {
        if !wish.is_valid() {
            return Err(ErrorCode::BAD_ROOM);
        }
        let name = self.authenticator.room_name(wish.name.as_str())?;
        let mode = self.authenticator.room_name(wish.mode.as_str())?;
        let mode = Text::new(&mode).ok_or(ErrorCode::BAD_ROOM)?;
        self.keep_wish(key, &Wish { name: Text::truncated(&name), mode, ..*wish })
    }

    /// The world where the user has a seat, if that is what it wants.
    pub(super) fn seat_to_return_to(&self, now: Instant, key: EntryKey) -> Option<WorldKey> {
        let user = self.users.get(key)?;
        let world = user.seat()?;
        let entry = self.worlds.get(world)?;
        let is_understood = entry.understands(user.versions);
        // Whoever does not answer is not waited for because of what it has only said itself.
        let is_doubtful = user.is_claimed && entry.is_slow;
        let is_wanted = entry.serves(&user.region) && self.wants_own_room(now, user, world);
        (is_wanted && is_understood && !is_doubtful).then_some(world)
    }

    /// The user comes back to its seat. Its stay goes on with the revision that it has begun with until it has.
    pub(super) fn send_back(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey, world: WorldKey) {
        let Some(user) = self.users.get(key) else { return };
        let stay_revision = user.stay_revision;
        let room = user.room;
        self.attach(cx, key, world, room);
        if let Some(user) = self.users.get_mut(key) {
            user.stay_revision = stay_revision;
            user.is_there = true;
        }
    }

    /// Nobody is taken out of a world for the sake of a region that has no place.
    fn may_leave_for(&self, cx: &Context<'_, 'a>, key: EntryKey) -> Result<(), ErrorCode> {
        let Some(user) = self.users.get(key) else { return Ok(()) };
        let Some(world) = user.place.world() else { return Ok(()) };
        let is_plain = self.rooms.wish(user.wish).is_plain();
        if is_plain && self.worlds.get(world).is_some_and(|entry| entry.serves(&user.region)) {
            return Ok(());
        }
        match self.route(cx, key) {
            Route::Nowhere(code) => Err(code),
            _ => Ok(()),
        }
    }

    pub(super) fn detach(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey, world: WorldKey) {
        let is_claimed = self.users.get(key).is_some_and(|user| user.is_claimed);
        let is_slow = self.worlds.get(world).is_some_and(|entry| entry.is_slow);
        self.set_place(cx, key, Place::Detaching(world));
        self.ask_to_detach(cx, key, world, ErrorCode::REPLACED);
        if is_claimed && is_slow {
            // Whoever does not answer is not waited for because of what it has only said itself.
            self.left(cx, key, world);
        } else {
            self.arm(cx, key, self.config.attach_timeout_ms);
        }
    }

    /// Asks the next world that the wish leads to; if there is none, says why.
    pub(super) fn try_next_world(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey) {
        match self.route(cx, key) {
            Route::Nowhere(code) => {
                self.set_place(cx, key, Place::Outside);
                self.refuse(cx, key, code);
            }
            Route::Wait(ms) => self.wait(cx, key, ms, ErrorCode::BUSY),
            _ if !self.is_within_share(cx, key) => {
                self.wait(cx, key, SHARE_WAIT_MS, ErrorCode::FULL);
            }
            Route::World(world) => self.attach(cx, key, world, Key::DANGLING),
            route @ (Route::Room(world, _) | Route::New(world)) => {
                match self.room_of(cx, key, route) {
                    Some(room) if self.rooms.is_naming(room) => {
                        self.wait_for_name(cx, key, room);
                    }
                    Some(room) => self.attach(cx, key, world, room),
                    None => self.refuse(cx, key, ErrorCode::FULL),
                }
            }
        }
    }

    fn is_within_share(&self, cx: &Context<'_, 'a>, key: EntryKey) -> bool {
        let Some(user) = self.users.get(key) else { return false };
        let held = cx.sessions.shares().held(user.address, Holding::Ticket);
        let (free, whole) = self.worlds.places(&user.region);
        may_take(usize::from(held), free, whole)
    }

    /// Tries again a little later, if this request has not waited for too long.
    pub(super) fn wait(
        &mut self,
        cx: &mut Context<'_, 'a>,
        key: EntryKey,
        ms: u32,
        code: ErrorCode,
    ) {
        self.set_place(cx, key, Place::Outside);
        let Some(user) = self.users.get_mut(key) else { return };
        user.waits = user.waits.saturating_add(1);
        // The longer waits are for Main to have heard of its worlds, and end.
        if u32::from(user.waits) * SHARE_WAIT_MS <= self.config.attach_timeout_ms {
            self.arm(cx, key, ms);
        } else {
            self.refuse(cx, key, code);
        }
    }

    pub(super) fn attach(
        &mut self,
        cx: &mut Context<'_, 'a>,
        key: EntryKey,
        world: WorldKey,
        room: RoomKey,
    ) {
        let handshake_key = HandshakeKey(cx.turn().random());
        let random = cx.turn().random();
        self.next_attempt = self.next_attempt.wrapping_add(1);
        let attempt = self.next_attempt;
        let Some(user) = self.users.get_mut(key) else { return };
        user.handshake_key = handshake_key;
        user.key_id = user.visit.key_id(random);
        user.attempt = attempt;
        user.attempt_revision = user.revision;
        user.stay_revision = user.revision;
        user.is_there = false;
        user.is_asked = false;
        let is_open = self.rooms.get(room).is_some_and(RoomEntry::is_open);
        if !is_open {
            // Another room of the same world may do.
            user.tried |= world_bit(world);
        }
        self.settle_contest(cx, key, world, ErrorCode::REPLACED);
        self.set_place(cx, key, Place::Attaching(world));
        self.join_room(key, room);
        self.log_world(cx, key, world, "is announced to");
        self.ask_to_attach(cx, key, world);
        self.arm(cx, key, self.config.attach_timeout_ms);
    }

    pub(super) fn refuse(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey, code: ErrorCode) {
        self.stats.enters_refused.count();
        self.log_user(cx, key, format_args!("does not enter: {}", code.name()));
        let Some(user) = self.users.get_mut(key) else { return };
        user.wants_in = false;
        let error = Error { code, about: EnterWorldReq::OPCODE.0 };
        cx.sessions.send_or_close(cx.now, user.session, &error);
        self.drop_wish_if_done(key);
        self.hear_others(key);
        self.forget_if_gone(cx, key);
    }

    /// The world expects the user: the client may know. If it does not want it any more, the world
    /// is to forget it.
    pub(super) fn attached(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey, world: WorldKey) {
        let Some(user) = self.users.get_mut(key) else { return };
        let (session, key_id, handshake_key) = (user.session, user.key_id, user.handshake_key);
        let is_there = user.is_there;
        if !core::mem::take(&mut user.wants_in) || !cx.sessions.is_open(session) {
            return match is_there {
                true => self.stay(cx, key, world),
                false => self.detach(cx, key, world),
            };
        }
        self.set_place(cx, key, Place::Attached(world));
        self.arm(cx, key, self.config.attach_ttl_ms.saturating_add(ATTACH_GRACE_MS));
        self.stats.enters.count();
        self.log_world(cx, key, world, "has a ticket for");
        #[cfg(feature = "moving")]
        if self.tell_moved(cx, key, world) {
            return self.drop_wish_if_done(key);
        }
        let Some(entry) = self.worlds.get(world) else { return };
        let world_addr = Text::truncated(&entry.address);
        let is_sealing = entry.is_sealing;
        let ack = EnterWorldAck { world_addr, is_sealing, key_id, handshake_key };
        cx.sessions.send_or_close(cx.now, session, &ack);
        self.drop_wish_if_done(key);
    }

    /// The world of the present attempt does not take the user anew.
    pub(super) fn denied(
        &mut self,
        cx: &mut Context<'_, 'a>,
        key: EntryKey,
        world: WorldKey,
        reason: ErrorCode,
    ) {
        self.log_user(cx, key, format_args!("its world denies it: {}", reason.name()));
        if reason == ErrorCode::STALE_CLAIM {
            return self.overtaken(cx, key);
        }
        self.release_denied(key, world);
        #[cfg(feature = "moving")]
        if self.has_followed_in_vain(cx, key, world) {
            return;
        }
        #[cfg(feature = "moving")]
        if reason == ErrorCode::MOVED {
            self.room_moves(key);
            return self.wait(cx, key, SHARE_WAIT_MS, ErrorCode::BUSY);
        }
        if self.users.get(key).is_some_and(|user| user.is_there) {
            self.detach(cx, key, world);
            return;
        }
        if reason == ErrorCode::STALE_ROOM {
            return self.claim_anew(cx, key);
        }
        let Some(code) = self.refusal_of(key, reason) else {
            self.attach_failed(cx, key);
            return;
        };
        self.set_place(cx, key, Place::Outside);
        if code == ErrorCode::WRONG_SECRET
            && let Some(user) = self.users.get_mut(key)
        {
            user.is_wrong = true;
            self.arm(cx, key, SECRET_WAIT_MS);
        } else {
            self.disarm(cx, key);
            self.refuse(cx, key, code);
        }
    }

    /// The world of the present attempt does not take the user.
    pub(super) fn attach_failed(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey) {
        self.set_place(cx, key, Place::Outside);
        self.disarm(cx, key);
        self.try_next_world_if_wanted(cx, key);
    }

    pub(super) fn try_next_world_if_wanted(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey) {
        let Some(user) = self.users.get(key) else { return };
        if user.wants_in && cx.sessions.is_open(user.session) {
            self.try_next_world(cx, key);
        } else {
            self.hear_others(key);
            self.forget_if_gone(cx, key);
        }
    }

    /// The user is not in `world` any more.
    pub(super) fn left(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey, world: WorldKey) {
        let Some(user) = self.users.get_mut(key).filter(|user| user.place.world() == Some(world))
        else {
            return;
        };
        let is_there = core::mem::take(&mut user.is_there);
        user.is_held = false;
        let has_attempt = match user.place {
            // What it answers is an earlier detach.
            Place::Attaching(_) => true,
            // Its seat is gone, and it may come anew.
            Place::Attached(_) => is_there,
            _ => false,
        };
        if !has_attempt {
            self.log_world(cx, key, world, "has left");
            self.set_place(cx, key, Place::Outside);
            self.disarm(cx, key);
            self.try_next_world_if_wanted(cx, key);
        }
    }

    /// The user's world has left the registry.
    pub(super) fn lost_world(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey) {
        let Some(user) = self.users.get(key) else { return };
        if matches!(user.place, Place::Attached(_) | Place::Inside(_)) {
            let lost = Error { code: ErrorCode::WORLD_LOST, about: 0 };
            cx.sessions.send_or_close(cx.now, user.session, &lost);
        }
        self.set_place(cx, key, Place::Outside);
        self.disarm(cx, key);
        self.try_next_world_if_wanted(cx, key);
    }
}

/// How long whoever's address holds too many tickets waits before it is looked at again.
pub(super) const SHARE_WAIT_MS: u32 = 100;

/// How much longer than the world Main waits for a user to join, so that it does not give up first.
const ATTACH_GRACE_MS: u32 = 1_000;
