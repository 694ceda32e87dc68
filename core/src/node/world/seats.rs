//! Seats: whoever loses its connection may come back to its body.
//!
//! ```text
//!            lost, and its room holds few seats          Join
//!   present ────────────────────────────────────► away ─────────► present
//!      │ goodbye, removed, detached;                │ time over, removed, detached
//!      │ lost, and its room holds many              ▼
//!      └──────────────────────────────────────────► out
//! ```
//! Contract: who is away is a member like any other, with its number, its place, and what its game knows of it;
//! only nothing is sent to it. Whoever comes back finds all of it, and hears of the room by a snapshot. A member
//! whose old connection is not noticed lost is replaced in the same way. Who comes back needs no free place.
//!
//! Bounds: a quarter of a room's seats, at least one, are held at a time, and of the last of those an address gets
//! its [share](may_take); beyond that a loss is a leave. The times are one deadline, the next; when it is due all
//! members are looked at. All of it is the cargo feature `seats`: without it a loss is a leave.

use super::game::Game;
use super::room_manager::RoomManager;
use super::seat::{HOLDS, NextEnd, held_most, is_loss};
use super::user::{UserKey, WorldUser};
use super::{World, link};
use crate::node::{Caller, Context, Names};
use crate::protocol::world_to_client::{UserAway, UserBack};
use crate::protocol::{ErrorCode, Uid};
use crate::session::manager::Farewell;
use crate::session::{LinkTag, SessionKey, SessionManager, may_take};
use crate::stats::Count;
use crate::storage::Key;
use crate::time::Instant;
use crate::wire::Framing;

/// When held seats of a room that stands still are looked at again.
const STILL_MS: u32 = 128;

impl RoomManager<'_> {
    /// Members of all rooms who are away. O(rooms).
    pub fn away(&self) -> usize {
        self.rooms.iter().map(|room| usize::from(room.away)).sum()
    }

    /// When the next held seat has had its time, at the earliest.
    pub(super) const fn next_end(&self) -> Option<Instant> {
        self.next_end.at()
    }

    /// Whether the seat of somebody whose connection is lost is to be held. O(members).
    fn may_hold(&self, key: UserKey) -> bool {
        let is_meant = |user: &&WorldUser| user.seat.ending().is_none() && !user.is_spectator();
        let Some(user) = self.users.get(key).filter(is_meant) else {
            return false;
        };
        let most = held_most(self.room_capacity);
        let away = self.rooms.get(usize::from(user.room)).map_or(most, |room| room.away);
        let is_of_address = |key: &UserKey| {
            let other = self.users.get(*key).filter(|other| other.is_away());
            other.is_some_and(|other| other.seat.shares_address_with(&user.seat))
        };
        let of_address = self.member_keys(user.room).filter(is_of_address).count();
        may_take(of_address, usize::from(most.saturating_sub(away)), usize::from(most))
    }

    /// A member is away from now on, and its seat is held.
    fn lose(
        &mut self,
        sessions: &mut SessionManager<'_>,
        now: Instant,
        key: UserKey,
        hold_ms: u32,
    ) {
        let Some(user) = self.users.get_mut(key) else { return };
        let Some(place) = self.rooms.get_mut(usize::from(user.room)) else { return };
        sessions.send_held(user.session, &mut user.held);
        // What is said from now on is counted there, whatever it comes back by.
        place.rings.resume(&mut user.cursor, Framing::Stream);
        place.away += 1;
        user.session = Key::DANGLING;
        user.needs_snapshot = true;
        self.next_end.no_later_than(user.seat.hold(now, hold_ms));
        self.stats.lost.count();
        let (room, number) = (user.room, user.number);
        self.append_or_resync(now, room, &UserAway { number });
    }

    /// A member has another connection, and is to get the room anew; answers whether it was away.
    fn take_back(
        &mut self,
        sessions: &mut SessionManager<'_>,
        key: UserKey,
        session: SessionKey,
    ) -> bool {
        let Some(room) = self.users.get(key).map(|user| user.room) else { return false };
        // As for somebody who enters: its snapshot has what was said before.
        self.flush_room(room, sessions);
        let Some(user) = self.users.get_mut(key) else { return false };
        let Some(place) = self.rooms.get_mut(usize::from(room)) else { return false };
        let was_away = user.is_away();
        place.away -= u16::from(was_away);
        sessions.send_held(user.session, &mut user.held);
        place.rings.resume(&mut user.cursor, sessions.framing(session));
        user.session = session;
        user.seat.take_from(sessions.address(session).unwrap_or_default().group());
        user.needs_snapshot = true;
        #[cfg(feature = "moving")]
        {
            user.moved_from = None;
        }
        // Its inputs are numbered anew.
        #[cfg(feature = "inputs")]
        {
            user.inputs = super::inputs::heard::Heard::NOTHING;
        }
        self.stats.returned.count();
        was_away
    }

    /// The game does not want somebody any more: if its connection is lost, or about to be found so, its seat is
    /// not held.
    pub(super) fn give_up_seat(&mut self, now: Instant, uid: Uid, reason: ErrorCode) {
        let key = self.users.find(uid);
        let Some(user) = key.and_then(|key| self.users.get_mut(key)) else { return };
        user.seat.end_with(reason);
        if user.is_away() {
            self.next_end.no_later_than(now);
        }
    }
}

impl<'a, G: Game> World<'a, G> {
    /// A member's connection has ended.
    pub(super) fn member_ended(
        &mut self,
        cx: &mut Context<'_, 'a>,
        key: UserKey,
        reason: ErrorCode,
    ) {
        #[cfg(feature = "moving")]
        if self.is_out_of_moving(cx, key) {
            return;
        }
        // Whoever closes down waits for nobody.
        let may_return = is_loss(reason) && !cx.sessions.is_shutting_down();
        let is_held = HOLDS && G::HOLD_MS > 0 && may_return && self.rooms.may_hold(key);
        let Some(user) = self.rooms.users.get(key).filter(|_| is_held) else {
            self.remove_user(cx, key, reason);
            return;
        };
        let (uid, room, session) = (user.uid, user.room, user.session);
        #[cfg(feature = "log")]
        self.log_member(cx, key, format_args!("seat held: {}", reason.name()));
        // What is left of this session must not be taken for its member's.
        cx.sessions.set_tag(session, LinkTag { kind: link::LEAVING, index: 0 });
        self.rooms.lose(cx.sessions, cx.now, key, G::HOLD_MS);
        #[cfg(feature = "asks")]
        self.lose_answers(cx, key, (uid, room, session));
        self.with_game(cx, room, |game, room| game.on_lost(room, uid));
        self.main_link_report_held(cx, uid);
    }

    /// Why somebody who comes and is a member still has to be out first; `None` if it comes back to its seat.
    pub(super) fn seat_ends_for(&self, now: Instant, key: UserKey) -> Option<ErrorCode> {
        match self.rooms.users.get(key) {
            Some(user) if !HOLDS || G::HOLD_MS == 0 || user.is_spectator() => {
                Some(ErrorCode::REPLACED)
            }
            Some(user) if user.seat.ending().is_some() => user.seat.ending(),
            Some(user) if user.is_away() && user.seat.end(now) <= now => Some(ErrorCode::LOST),
            _ => None,
        }
    }

    /// Somebody was in a room before the world started anew: its seat is held. Its game knows of it, or not.
    #[cfg(feature = "saves")]
    pub(super) fn restore_seat(
        &mut self,
        cx: &mut Context<'_, 'a>,
        room: u16,
        member: crate::protocol::MemberState,
    ) {
        let is_new = self.rooms.users.find(member.uid).is_none();
        if !HOLDS || G::HOLD_MS == 0 || !is_new {
            return;
        }
        let entered = self.rooms.enter(cx.sessions, room, Key::DANGLING, member, Names::NONE);
        if let Ok(key) = entered {
            self.rooms.lose(cx.sessions, cx.now, key, G::HOLD_MS);
        }
    }

    /// Somebody is back, by another connection. If its former one was not noticed lost, it is now.
    pub(super) fn let_back(&mut self, caller: &mut Caller<'_, 'a>, key: UserKey, names: Names) {
        let Some(user) = self.rooms.users.get_mut(key) else { return };
        let is_renamed = names != core::mem::replace(&mut user.names, names.clone());
        let (before, uid, room, number) = (user.session, user.uid, user.room, user.number);
        let was_away = self.rooms.take_back(caller.sessions, key, caller.key);
        if !was_away {
            caller.sessions.set_tag(before, LinkTag { kind: link::LEAVING, index: 0 });
            caller.sessions.close(caller.now, before, Farewell::Bye(ErrorCode::REPLACED));
        }
        #[cfg(feature = "log")]
        self.log_joined(&caller.context(), key, "is back in");
        self.welcome(caller, key, true);
        let context = &mut caller.context();
        if was_away {
            self.rooms.tell_others(context.now, key, &UserBack { number });
        } else {
            #[cfg(feature = "asks")]
            self.lose_answers(context, key, (uid, room, before));
            self.with_game(context, room, |game, room| game.on_lost(room, uid));
        }
        if is_renamed {
            self.rooms.announce_renaming(context.now, key);
        }
        self.with_game(context, room, |game, room| game.on_return(room, uid));
        self.main_link_report_joined(context, key);
    }

    /// Takes those out whose seats have had their time. O(users), when one has.
    pub(super) fn end_seats(&mut self, cx: &mut Context<'_, 'a>) {
        while self.rooms.next_end().is_some_and(|at| at <= cx.now) {
            self.rooms.next_end = NextEnd::NEVER;
            for index in 0..self.rooms.users.capacity() as u16 {
                let Some(key) = self.rooms.users.key_at(index) else { continue };
                let away = self.rooms.users.get(key).filter(|user| user.is_away());
                if away.is_some_and(|user| self.rooms.stands_still(user.room)) {
                    self.rooms.next_end.no_later_than(cx.now.after_ms(STILL_MS));
                    continue;
                }
                let Some(end) = away.map(|user| user.seat.end(cx.now)) else { continue };
                match self.seat_ends_for(cx.now, key) {
                    Some(reason) => self.remove_user(cx, key, reason),
                    None => self.rooms.next_end.no_later_than(end),
                }
            }
        }
    }
}
