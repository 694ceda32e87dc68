//! Worlds of Main: register, report, acknowledge.

use super::directory::{Place, Presence};
use super::registry::WorldKey;
use super::staying::is_of_moves;
use super::{Authenticator, EntryKey, Main, link};
use crate::log;
use crate::node::cluster::Heard;
use crate::node::{Caller, Context};
use crate::protocol::main_to_world::Registered;
use crate::protocol::world_to_main::{
    AttachAck, AttachDenied, Ban, DrainState, MovesRooms, OffersRoom, RegisterWorld, RoomBlock,
    RoomChanged, RoomClaimEnds, RoomClosed, RoomIsClaimed, RoomMovedHere, RoomOpened, SayOfMove,
    Status, Stub, UserHeld, UserJoined, UserLeft, UserList, UserMovedHere,
};
use crate::protocol::{Dispatched, ErrorCode, Uid};
use crate::session::manager::Farewell;
use crate::session::{LinkTag, Trust};
use crate::stats::Count;
use crate::wire::{Frame, Opcode};

impl<'a, A: Authenticator> Stub<Caller<'_, 'a>> for Main<'a, A> {
    fn register_world(&mut self, caller: &mut Caller<'_, 'a>, message: RegisterWorld<'_>) {
        if caller.tag.kind != link::PROVEN {
            self.out_of_place(caller, RegisterWorld::OPCODE.0);
            return;
        }
        let (now, key) = (caller.now, caller.key);
        // What it has proven is who it is.
        let registered = if message.world_id.0 == caller.tag.index && self.is_allowed(&message) {
            self.register(&mut caller.context(), key, &message)
        } else {
            Err(ErrorCode::NOT_YOURS)
        };
        match registered {
            Ok(world) => {
                log::info!("world {} registered", message.world_id.0);
                let tag = LinkTag { kind: link::WORLD, index: world.index() };
                caller.sessions.set_tag(key, tag);
                caller.sessions.prove(now, key, Trust::Server);
                caller.sessions.send_or_close(now, key, &Registered {});
            }
            Err(reason) => {
                log::warning!("world {} refused: {}", message.world_id.0, reason.name());
                caller.sessions.close(now, key, Farewell::Bye(reason));
            }
        }
    }

    fn status(&mut self, caller: &mut Caller<'_, 'a>, message: Status) {
        let Some(world) = self.caller_world(caller, Status::OPCODE.0) else { return };
        if let Some(entry) = self.worlds.get_mut(world) {
            entry.reported_users = message.users;
            entry.reported_held = message.held;
            entry.reported_rooms = message.rooms;
            let world_id = entry.world_id;
            self.count_report(world_id);
        }
        // Whatever waits: there may have been no buffer for it.
        caller.sessions.mark_ready_unless_blocked(caller.key);
    }

    fn attach_ack(&mut self, caller: &mut Caller<'_, 'a>, message: AttachAck) {
        let Some(world) = self.caller_world(caller, AttachAck::OPCODE.0) else { return };
        self.worlds.has_answered(world);
        if let Some(key) = self.attempt_of(message.uid, message.attempt, world) {
            self.attached(&mut caller.context(), key, world);
        }
    }

    fn attach_denied(&mut self, caller: &mut Caller<'_, 'a>, message: AttachDenied) {
        let Some(world) = self.caller_world(caller, AttachDenied::OPCODE.0) else { return };
        self.worlds.has_answered(world);
        if let Some(key) = self.attempt_of(message.uid, message.attempt, world) {
            self.denied(&mut caller.context(), key, world, message.reason);
        }
    }

    fn room_opened(&mut self, caller: &mut Caller<'_, 'a>, message: RoomOpened<'_>) {
        let Some(world) = self.caller_world(caller, RoomOpened::OPCODE.0) else { return };
        self.room_is_open(&mut caller.context(), world, &message);
    }

    fn room_is_claimed(&mut self, caller: &mut Caller<'_, 'a>, message: RoomIsClaimed) {
        let Some(world) = self.caller_world(caller, RoomIsClaimed::OPCODE.0) else { return };
        if let Some(entry) = self.worlds.get_mut(world) {
            entry.room_claim = message.claim;
        }
    }

    fn room_claim_ends(&mut self, caller: &mut Caller<'_, 'a>, message: RoomClaimEnds) {
        let Some(world) = self.caller_world(caller, RoomClaimEnds::OPCODE.0) else { return };
        if let Some(entry) = self.worlds.get_mut(world) {
            entry.ended_claim = message.claim;
        }
    }

    fn room_changed(&mut self, caller: &mut Caller<'_, 'a>, message: RoomChanged<'_>) {
        let Some(world) = self.caller_world(caller, RoomChanged::OPCODE.0) else { return };
        if let Some(room) = self.rooms.change(world, &message) {
            self.claim_if_unclaimed(room);
        }
    }

    fn room_closed(&mut self, caller: &mut Caller<'_, 'a>, message: RoomClosed) {
        let Some(world) = self.caller_world(caller, RoomClosed::OPCODE.0) else { return };
        self.room_is_closed(caller.now, world, message.room_id);
    }

    fn moves_rooms(&mut self, caller: &mut Caller<'_, 'a>, message: MovesRooms) {
        self.hear_that_rooms_move(caller, message);
    }

    fn room_block(&mut self, caller: &mut Caller<'_, 'a>, message: RoomBlock<'_>) {
        self.hear_block(caller, &message);
    }

    fn say_of_move(&mut self, caller: &mut Caller<'_, 'a>, message: SayOfMove) {
        self.hear_word(caller, message);
    }

    fn room_moved_here(&mut self, caller: &mut Caller<'_, 'a>, message: RoomMovedHere<'_>) {
        self.hear_of_room(caller, &message);
    }

    fn user_moved_here(&mut self, caller: &mut Caller<'_, 'a>, message: UserMovedHere) {
        self.hear_of_user(caller, message);
    }

    fn offers_room(&mut self, caller: &mut Caller<'_, 'a>, message: OffersRoom) {
        self.hear_offer(caller, message);
    }

    /// A Main whose rooms stay hears of no moves.
    #[inline(always)]
    fn hears(&self, opcode: Opcode) -> bool {
        cfg!(feature = "moving") || !is_of_moves(opcode)
    }

    fn user_joined(&mut self, caller: &mut Caller<'_, 'a>, message: UserJoined) {
        let Some(world) = self.caller_world(caller, UserJoined::OPCODE.0) else { return };
        self.is_inside(&mut caller.context(), world, message.uid, Presence::Joined);
        self.log_presence(caller, world, message.uid, "is in");
        match message.is_spectator {
            true => self.watches(world, message.uid),
            false => self.plays(world, message.uid),
        }
    }

    fn user_held(&mut self, caller: &mut Caller<'_, 'a>, message: UserHeld) {
        let Some(world) = self.caller_world(caller, UserHeld::OPCODE.0) else { return };
        self.is_inside(&mut caller.context(), world, message.uid, Presence::Held);
        self.log_presence(caller, world, message.uid, "has a held seat in");
    }

    fn user_left(&mut self, caller: &mut Caller<'_, 'a>, message: UserLeft) {
        let Some(world) = self.caller_world(caller, UserLeft::OPCODE.0) else { return };
        if let Some(key) = self.users.find(message.uid) {
            self.left(&mut caller.context(), key, world);
        }
    }

    fn user_list(&mut self, caller: &mut Caller<'_, 'a>, message: UserList) {
        let Some(world) = self.caller_world(caller, UserList::OPCODE.0) else { return };
        let UserList { is_first, is_last, uids, held, spectators } = message;
        if is_first {
            self.begin_list(world);
        }
        for (place, uid) in uids.into_iter().enumerate() {
            let is_in = |users: u32| users.unbounded_shr(place as u32) & 1 == 1;
            let presence = if is_in(held) { Presence::Held } else { Presence::Listed };
            self.is_inside(&mut caller.context(), world, uid, presence);
            match is_in(spectators) {
                true => self.watches(world, uid),
                false => self.plays(world, uid),
            }
        }
        if is_last {
            self.end_list(&mut caller.context(), world);
        }
    }

    fn drain_state(&mut self, caller: &mut Caller<'_, 'a>, message: DrainState) {
        let Some(world) = self.caller_world(caller, DrainState::OPCODE.0) else { return };
        self.hear_drain_state(world, message.is_draining);
    }

    fn ban(&mut self, caller: &mut Caller<'_, 'a>, message: Ban) {
        let Some(world) = self.caller_world(caller, Ban::OPCODE.0) else { return };
        let Ban { uid, for_ms } = message;
        let world_id = self.worlds.get(world).map_or(0, |entry| entry.world_id.0);
        log::info!("the game of world {} bans user {} for {} ms", world_id, uid.0, for_ms);
        self.stats.game_bans.count();
        self.authenticator.ban(caller.now, uid, for_ms);
        if let Some(key) = self.users.find(uid)
            && self.evict(&mut caller.context(), key, ErrorCode::BANNED)
        {
            self.stats.banned += 1;
        }
    }
}

impl<'a, A: Authenticator> Main<'a, A> {
    /// A stranger in the band of servers that dial this one.
    pub(super) fn world_proves(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        frame: Frame<'_>,
    ) -> Dispatched {
        let heard = self.gate.hear(caller, frame);
        if let Heard::Proven(id) = heard {
            caller.sessions.set_tag(caller.key, LinkTag { kind: link::PROVEN, index: id });
        }
        heard.dispatched()
    }

    /// The world that the caller is; if it has not registered, it has spoken out of place.
    pub(super) fn caller_world(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        opcode: i32,
    ) -> Option<WorldKey> {
        if caller.tag.kind == link::WORLD {
            return self.worlds.key_at(caller.tag.index);
        }
        self.out_of_place(caller, opcode);
        None
    }

    /// The user whose present attempt is this one.
    fn attempt_of(&self, uid: Uid, attempt: u32, world: WorldKey) -> Option<EntryKey> {
        let key = self.users.find(uid)?;
        let user = self.users.get(key)?;
        (user.attempt == attempt && user.place == Place::Attaching(world)).then_some(key)
    }

    /// A world names its users. O(users).
    fn begin_list(&mut self, world: WorldKey) {
        if let Some(entry) = self.worlds.get_mut(world) {
            entry.has_unknown_users = false;
        }
        for index in 0..self.users.capacity() as u16 {
            if let Some(user) = self.users.at_mut(index).filter(|u| u.place.world() == Some(world))
            {
                user.is_listed = false;
            }
        }
    }

    /// Who was not named is not there: that was not told while the link took nothing. Nor are rooms, of which worlds tell
    /// first. O(users + rooms).
    fn end_list(&mut self, cx: &mut Context<'_, 'a>, world: WorldKey) {
        if let Some(entry) = self.worlds.get(world) {
            self.rooms.free_held_for(entry.world_id);
        }
        for index in 0..self.users.capacity() as u16 {
            let Some(key) = self.users.key_at(index) else { continue };
            let Some(user) = self.users.get(key) else { continue };
            if user.place == Place::Inside(world) && !user.is_listed {
                self.left(cx, key, world);
            }
        }
        self.judge_listed(cx, world);
    }

    /// A world says that a user is in one of its rooms. If Main knows of none other, so it is; if
    /// Main has sent the user elsewhere meanwhile, this world has to let go.
    pub(super) fn is_inside(
        &mut self,
        cx: &mut Context<'_, 'a>,
        world: WorldKey,
        uid: Uid,
        presence: Presence,
    ) {
        let Some(key) = self.users.find(uid) else {
            self.claim_unknown(cx, world, uid);
            return self.note_presence(world, uid, presence);
        };
        let Some(user) = self.users.get_mut(key) else { return };
        user.is_listed = true;
        match user.place {
            Place::Outside if user.wants_in => self.is_inside_waiting(cx, key, world),
            Place::Outside => {
                self.claim(cx, key, world);
                self.recheck_revocations(cx);
            }
            Place::Attached(expected) if expected == world => {
                self.is_inside_expected(cx, key, world, presence);
            }
            Place::Attaching(asked) if asked == world => user.is_found_there(),
            Place::Inside(known) | Place::Detaching(known) if known == world => {}
            // One word against another; nobody is taken out of a world for it.
            Place::Inside(_) if user.is_claimed => user.is_contested = true,
            _ => self.ask_to_detach(cx, key, world, ErrorCode::REPLACED),
        }
        self.note_presence(world, uid, presence);
    }

    /// Who waits for a place has one, which may be the one that it wants.
    fn is_inside_waiting(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey, world: WorldKey) {
        let Some(user) = self.users.get(key) else { return };
        if self.rooms.wish(user.wish).is_plain() {
            return self.detach(cx, key, world);
        }
        self.claim(cx, key, world);
        self.recheck_revocations(cx);
        match self.seat_to_return_to(cx.now, key) {
            Some(seat) => self.send_back(cx, key, seat),
            None => self.detach(cx, key, world),
        }
    }

    /// The world that a user was sent to has it: it has come, or was there before and may still come back.
    fn is_inside_expected(
        &mut self,
        cx: &mut Context<'_, 'a>,
        key: EntryKey,
        world: WorldKey,
        presence: Presence,
    ) {
        let Some(user) = self.users.get_mut(key) else { return };
        let may_come = cx.sessions.is_open(user.session);
        match presence {
            Presence::Joined => user.stay_revision = user.attempt_revision,
            Presence::Listed if !user.is_there => user.stay_revision = user.attempt_revision,
            Presence::Listed | Presence::Held => {
                user.is_found_there();
                if may_come {
                    return;
                }
            }
        }
        self.stay(cx, key, world);
    }

    fn note_presence(&mut self, world: WorldKey, uid: Uid, presence: Presence) {
        let found = self.users.find(uid).and_then(|key| self.users.get_mut(key));
        if let Some(user) = found.filter(|user| user.place.world() == Some(world)) {
            user.is_held = presence == Presence::Held;
            user.has_joined |= presence == Presence::Joined;
        }
    }
}
