//! The links to Main: register, report, attach. In a realm of several Mains there is [one to each](super::mains).
//!
//! ```text
//!              ┌───────────── back-off ◄─────────┬───────────────┬────────────────┐
//!              ▼                                 │ ended         │ ended          │ ended
//!         ┌─────────┐ connect ┌────────────┐ connected ┌─────────┐ proven ┌─────────────┐
//!  start ►│ Waiting ├────────►│ Connecting ├──────────►│ Proving ├───────►│ Registering │
//!         └─────────┘         └────────────┘           └─────────┘        └──────┬──────┘
//!              ▲                                                       ┌──────┐  │ Registered
//!              └─────────────────────────── ended ─────────────────────┤ Live │◄─┘
//!                                                                      └──┬───┘
//!                                               Replaced ◄─ Bye{REPLACED} ┘
//! ```
//! Both ends prove that they have this world's key before anything else is said.
//! Whoever is in a room stays there, whatever this link does. A new registration is followed by the
//! list of all users, page by page as the link takes them, so that a restarted Main knows them. What happens
//! while the link takes nothing is not kept: the list says it, again from its beginning. So a slow link costs
//! nobody anything, and is not closed. What Main asks waits until there is room for the answers; Main itself
//! goes on reading, so the two never wait for each other. What happens is said to all Mains, an answer to the one that
//! has asked.

use super::super::cluster::Heard;
use super::super::{Caller, Context};
use super::game::Game;
use super::main_addresses::log_lost_main;
use super::mains::{MAINS_MAX, MainLinkState};
use super::user::WorldUser;
use super::{World, link};
use crate::log;
use crate::protocol::main_to_world::{
    self, AttachUser, CloseRoom, DetachUser, DrainWorld, HearOfMove, MainAnnounced, MoveRoom,
    Registered, RoomClaimed, Stub, TakeBlock, UserClaimed,
};
#[cfg(feature = "moving")]
use crate::protocol::world_to_main::MovesRooms;
use crate::protocol::world_to_main::{RegisterWorld, UserHeld, UserLeft};
use crate::protocol::{Dispatched, ErrorCode, Message, Text, Versions};
use crate::session::{LinkTag, SessionKey, SessionManager, Trust};
use crate::time::Instant;
use crate::wire::{Frame, Opcode};

impl<'a, G: Game> World<'a, G> {
    /// Begins to look for all Mains that are configured.
    pub(super) fn main_links_connect(&mut self, cx: &mut Context<'_, 'a>) {
        for index in 0..MAINS_MAX as u16 {
            if !self.main_address(index).is_empty() {
                self.main_link_connect(cx, index);
            }
        }
    }

    pub(super) fn main_link_connect(&mut self, cx: &mut Context<'_, 'a>, index: u16) {
        match cx.sessions.connect(cx.now, LinkTag { kind: link::MAIN, index }) {
            Ok(key) => self.mains.connects(index, key),
            Err(_) => self.main_link_wait(cx, index),
        }
    }

    fn main_link_is(&mut self, index: u16, state: MainLinkState) {
        if let Some(link) = self.mains.at_mut(index) {
            link.state = state;
        }
    }

    fn main_link_wait(&mut self, cx: &mut Context<'_, 'a>, index: u16) {
        let Some(link) = self.mains.at_mut(index) else { return };
        link.state = MainLinkState::Waiting;
        link.next_reported = None;
        let delay_ms = link.backoff.next_delay_ms(cx.turn().random_u32());
        cx.sessions.schedule(index, cx.now.after_ms(delay_ms));
    }

    pub(super) fn main_link_connected(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey) {
        let index = cx.sessions.get(key).map(|session| session.tag().index);
        if let Some(link) = index.and_then(|index| self.mains.at_mut(index)) {
            link.state = MainLinkState::Proving;
            link.dialer.begin(&self.config.cluster_keys, cx, key);
        }
    }

    /// Something comes from Main, before or after it has proven itself.
    pub(super) fn main_link_hear(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        frame: Frame<'_>,
    ) -> Dispatched {
        let index = caller.tag.index;
        let Some(link) = self.mains.at_mut(index).filter(|link| link.is_proving()) else {
            return main_to_world::dispatch(self, caller, frame);
        };
        let heard = link.dialer.hear(&self.config.cluster_keys, caller, frame);
        if matches!(heard, Heard::Proven(_)) {
            let key = caller.key;
            self.main_link_register(&mut caller.context(), key, index);
        }
        heard.dispatched()
    }

    fn main_link_register(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey, index: u16) {
        let register = RegisterWorld {
            versions: Versions::OURS,
            world_id: self.config.world_id,
            region: Text::truncated(&self.config.region),
            capacity: self.rooms.capacity() as u16,
            addr: Text::truncated(&self.config.address),
            fingerprint: G::FINGERPRINT,
            rooms: self.named_rooms(),
            #[cfg(feature = "sealed-clients")]
            is_sealing: cx.sessions.takes_sealed_clients(),
            #[cfg(not(feature = "sealed-clients"))]
            is_sealing: false,
        };
        cx.sessions.send_or_close(cx.now, key, &register);
        self.main_link_is(index, MainLinkState::Registering(key));
    }

    pub(super) fn main_link_ended(
        &mut self,
        cx: &mut Context<'_, 'a>,
        index: u16,
        reason: ErrorCode,
    ) {
        if cx.sessions.is_shutting_down() {
            return;
        }
        #[cfg(feature = "mains")]
        self.note_refusal(index, reason);
        #[cfg(feature = "mains")]
        let is_final = reason == ErrorCode::REPLACED && !self.has_come_twice(index);
        #[cfg(not(feature = "mains"))]
        let is_final = reason == ErrorCode::REPLACED;
        let Some(link) = self.mains.at(index) else { return };
        if link.is_live() && is_final {
            log::warning!(
                "another server is world {} now for Main at {}: nobody comes from there until this one is started again",
                self.config.world_id.0,
                self.main_address(index)
            );
            self.main_link_is(index, MainLinkState::Replaced);
            cx.sessions.cancel(index);
            #[cfg(feature = "mains")]
            self.claimant_is_gone(cx, index);
            return;
        }
        log_lost_main(link, self.main_address(index), reason);
        #[cfg(feature = "moving")]
        self.moves_are_cut(cx, index);
        self.main_link_wait(cx, index);
        #[cfg(feature = "mains")]
        self.claimant_is_gone(cx, index);
        #[cfg(feature = "mains")]
        self.review_mains(cx);
    }

    /// A link's timer is the next attempt while there is no link, and the next report while there is one.
    pub(super) fn main_link_timer(&mut self, cx: &mut Context<'_, 'a>, index: u16) {
        match self.mains.at(index).map(|link| link.state) {
            Some(MainLinkState::Waiting) => self.main_link_connect(cx, index),
            Some(MainLinkState::Live(key)) => self.main_link_report_status(cx, key, index),
            _ => {}
        }
    }

    /// Tells all Mains what has happened; what a link does not take, its list says.
    pub(super) fn main_links_tell<M: Message>(&mut self, cx: &mut Context<'_, 'a>, message: &M) {
        for (link, key) in self.mains.live() {
            if cx.sessions.send(key, message).is_err() {
                link.next_reported = Some(0);
            }
        }
    }

    /// Tells a Main what it has asked; what its link does not take, the list says.
    pub(super) fn main_link_answer<M: Message>(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        message: &M,
    ) {
        if let Some(link) = self.mains.at_mut(caller.tag.index)
            && link.is_live_at(caller.key)
            && caller.sessions.send(caller.key, message).is_err()
        {
            link.next_reported = Some(0);
        }
    }

    /// Whom a game has just banned Mains hear with the next transmission.
    pub(super) fn main_link_owes_bans(&mut self, cx: &mut Context<'_, 'a>) {
        for index in 0..MAINS_MAX as u16 {
            if let Some(MainLinkState::Live(key)) = self.mains.at(index).map(|link| link.state)
                && self.rooms.bans.is_untold(cx.now, index)
            {
                cx.sessions.mark_ready_unless_blocked(key);
            }
        }
    }

    /// Tells a Main what it is owed, as much as the link takes now.
    pub(super) fn main_link_report(
        &mut self,
        now: Instant,
        sessions: &mut SessionManager<'a>,
        key: SessionKey,
        index: u16,
    ) {
        if !self.mains.at(index).is_some_and(|link| link.is_live_at(key)) {
            return;
        }
        #[cfg(feature = "moving")]
        self.main_link_say_moves(now, sessions, (key, index));
        self.rooms.bans.tell(now, index, |ban| sessions.send(key, ban).is_ok());
        #[cfg(feature = "draining")]
        self.tell_drain_state(sessions, key, index);
        #[cfg(feature = "rooms")]
        if let Some(next) = self.mains.at(index).and_then(|link| link.next_room) {
            let next = self.tell_rooms(sessions, (key, index), next);
            if let Some(link) = self.mains.at_mut(index) {
                link.next_room = next;
            }
            // The end of the list of users is that of the rooms, too.
            if next.is_some() {
                return;
            }
        }
        #[cfg(feature = "moving")]
        if !self.tell_moved(sessions, (key, index)) {
            return;
        }
        self.main_link_report_users(sessions, key, index);
    }

    /// Mains hear of rooms with the next transmission.
    #[cfg(feature = "rooms")]
    pub(super) fn main_link_owes_rooms(&mut self, cx: &mut Context<'_, 'a>) {
        for (link, key) in self.mains.live() {
            link.next_room = Some(0);
            cx.sessions.mark_ready_unless_blocked(key);
        }
    }
}

impl<'a, G: Game> Stub<Caller<'_, 'a>> for World<'a, G> {
    /// Said again, it asks for the list.
    fn registered(&mut self, caller: &mut Caller<'_, 'a>, _: Registered) {
        let (key, index) = (caller.key, caller.tag.index);
        let Some(link) = self.mains.at_mut(index) else { return };
        if link.state == MainLinkState::Registering(key) {
            link.state = MainLinkState::Live(key);
            link.backoff.reset();
            log::info!(
                "registered with Main as world {}, at {}",
                self.config.world_id.0,
                self.main_address(index)
            );
            caller.sessions.prove(caller.now, key, Trust::Server);
            self.rooms.bans.forget_what_is_told(index);
            #[cfg(feature = "rooms")]
            self.forget_what_is_told(index);
            #[cfg(feature = "moving")]
            if self.moves_rooms() {
                caller.sessions.send_or_close(
                    caller.now,
                    key,
                    &MovesRooms { game_version: G::VERSION },
                );
            }
            self.main_link_report_status(&mut caller.context(), key, index);
        }
        let Some(link) = self.mains.at_mut(index).filter(|link| link.is_live()) else { return };
        link.next_reported = Some(0);
        #[cfg(feature = "draining")]
        {
            link.owes_drain_state = self.rooms.takes_nobody;
        }
        #[cfg(feature = "moving")]
        {
            link.next_moved = Some(0);
        }
        #[cfg(feature = "rooms")]
        {
            link.next_room = Some(0);
            self.tell_rooms_again(index);
        }
        caller.sessions.mark_ready_unless_blocked(key);
    }

    fn attach_user(&mut self, caller: &mut Caller<'_, 'a>, message: AttachUser<'_>) {
        self.hear_attach(caller, &message);
    }

    #[cfg(feature = "rooms")]
    fn close_room(&mut self, caller: &mut Caller<'_, 'a>, message: CloseRoom<'_>) {
        self.close_claimed(caller, &message);
    }

    #[cfg(not(feature = "rooms"))]
    fn close_room(&mut self, _: &mut Caller<'_, 'a>, _: CloseRoom<'_>) {}

    #[cfg(feature = "mains")]
    fn user_claimed(&mut self, caller: &mut Caller<'_, 'a>, message: UserClaimed) {
        let UserClaimed { uid, claim } = message;
        if let Some(link) = self.mains.at_mut(caller.tag.index) {
            link.set_claim(uid, claim);
        }
        self.hear_claim(&mut caller.context(), uid, claim);
    }

    #[cfg(feature = "mains")]
    fn room_claimed(&mut self, caller: &mut Caller<'_, 'a>, message: RoomClaimed) {
        if let Some(link) = self.mains.at_mut(caller.tag.index) {
            link.room_claim = message.claim;
        }
    }

    #[cfg(not(feature = "mains"))]
    fn room_claimed(&mut self, _: &mut Caller<'_, 'a>, _: RoomClaimed) {}

    #[cfg(not(feature = "mains"))]
    fn user_claimed(&mut self, _: &mut Caller<'_, 'a>, _: UserClaimed) {}

    #[cfg(feature = "mains")]
    fn main_announced(&mut self, caller: &mut Caller<'_, 'a>, message: MainAnnounced<'_>) {
        self.hear_of_main(caller, &message);
    }

    #[cfg(not(feature = "mains"))]
    fn main_announced(&mut self, _: &mut Caller<'_, 'a>, _: MainAnnounced<'_>) {}

    #[cfg(feature = "draining")]
    fn drain_world(&mut self, caller: &mut Caller<'_, 'a>, message: DrainWorld) {
        self.hear_drain(&mut caller.context(), &message);
    }

    #[cfg(not(feature = "draining"))]
    fn drain_world(&mut self, _: &mut Caller<'_, 'a>, _: DrainWorld) {}

    #[cfg(feature = "moving")]
    fn move_room(&mut self, caller: &mut Caller<'_, 'a>, message: MoveRoom) {
        self.hear_move(caller, message);
    }

    #[cfg(not(feature = "moving"))]
    fn move_room(&mut self, _: &mut Caller<'_, 'a>, _: MoveRoom) {}

    #[cfg(feature = "moving")]
    fn take_block(&mut self, caller: &mut Caller<'_, 'a>, message: TakeBlock<'_>) {
        self.hear_block(caller, &message);
    }

    #[cfg(not(feature = "moving"))]
    fn take_block(&mut self, _: &mut Caller<'_, 'a>, _: TakeBlock<'_>) {}

    #[cfg(feature = "moving")]
    fn hear_of_move(&mut self, caller: &mut Caller<'_, 'a>, message: HearOfMove) {
        self.hear_of_moving(caller, message);
    }

    #[cfg(not(feature = "moving"))]
    fn hear_of_move(&mut self, _: &mut Caller<'_, 'a>, _: HearOfMove) {}

    /// A world that has one Main knows of no claims, one that does not drain of no orders, and one whose rooms stay of no moves.
    #[inline(always)]
    fn hears(&self, opcode: Opcode) -> bool {
        let is_of_claims =
            matches!(opcode, UserClaimed::OPCODE | RoomClaimed::OPCODE | MainAnnounced::OPCODE);
        let is_order = matches!(opcode, DrainWorld::OPCODE);
        let is_of_moves =
            matches!(opcode, MoveRoom::OPCODE | TakeBlock::OPCODE | HearOfMove::OPCODE);
        (cfg!(feature = "mains") || !is_of_claims)
            && (cfg!(feature = "draining") || !is_order)
            && (cfg!(feature = "moving") || !is_of_moves)
    }

    fn detach_user(&mut self, caller: &mut Caller<'_, 'a>, message: DetachUser) {
        #[cfg(feature = "mains")]
        if self.refuses_detach(caller, &message) {
            return;
        }
        self.expect_user_no_more(&mut caller.context(), message.uid);
        #[cfg(feature = "moving")]
        if let Some(key) = self.rooms.users.find(message.uid)
            && message.reason != ErrorCode::GOODBYE
            && self.is_out_of_moving(&mut caller.context(), key)
        {
            return self.main_link_answer(caller, &UserLeft { uid: message.uid });
        }
        match self.rooms.users.find(message.uid) {
            // Only its ticket was meant. It has come meanwhile, as Main is about to hear, or its seat is held.
            Some(key) if message.reason == ErrorCode::GOODBYE => {
                if self.rooms.users.get(key).is_some_and(WorldUser::is_away) {
                    self.main_link_answer(caller, &UserHeld { uid: message.uid });
                }
            }
            Some(key) => self.show_out(&mut caller.context(), key, message.reason),
            None => self.main_link_answer(caller, &UserLeft { uid: message.uid }),
        }
    }
}
