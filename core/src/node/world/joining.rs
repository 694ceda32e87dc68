//! Joining: from a key to a place in a room.
//!
//! ```text
//!   Join ──► a place, and a key that is good ──► what does the game say? ──► Player: in, and the others are told
//!                                                                       ├──► Spectator: listens
//!                                                                       └──► Refuse: told why, and closed
//!   with a seat, from here or elsewhere ──► the same question ──► anything but Refuse: back to it
//! ```

use super::super::{Caller, Context, Names};
use super::game::Game;
use super::people::{Admission, Refusal, Who};
use super::user::UserKey;
use super::{World, link};
#[cfg(feature = "rooms")]
use crate::protocol::Wish;
use crate::protocol::client_to_world::Join;
use crate::protocol::world_to_client::JoinOk;
use crate::protocol::{
    Direction, ErrorCode, JoinDenial, MemberNumber, MemberState, Position, RoomId, Uid, Versions,
};
use crate::session::{LinkTag, Trust};

/// Somebody who may come in.
pub(super) enum Admitted {
    /// Who was not there.
    Anew(Newcomer),
    /// Back to its seat, with the names that it has now.
    Back(UserKey, Names),
}

/// Somebody who comes to a room anew.
pub(super) struct Newcomer {
    room: u16,
    is_spectator: bool,
    names: Names,
}

/// Why somebody may not.
pub(super) struct Denied {
    pub(super) reason: JoinDenial,
    pub(super) why: Refusal,
}

impl From<JoinDenial> for Denied {
    fn from(reason: JoinDenial) -> Self {
        Self { reason, why: Refusal::UNSAID }
    }
}

impl<'a, G: Game> World<'a, G> {
    /// Uses up the key, and asks the game of the room to go to. A full world or another game does not use it up; its
    /// game's no does.
    pub(super) fn admit(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        join: &Join,
    ) -> Result<Admitted, Denied> {
        let &Join { uid, handshake_key, fingerprint, .. } = join;
        if fingerprint != 0 && fingerprint != G::FINGERPRINT {
            return Err(JoinDenial::GAME_CHANGED.into());
        }
        if self.rooms.bans.holds(caller.now, uid) {
            return Err(JoinDenial::BANNED.into());
        }
        #[cfg(feature = "moving")]
        if self.is_in_moving(uid) {
            return Err(JoinDenial::FULL.into());
        }
        let is_inside = self.rooms.users.find(uid).is_some();
        if self.room_to_join(uid).is_none() && !is_inside {
            return Err(JoinDenial::FULL.into());
        }
        let options = self.options_of(uid);
        #[cfg(feature = "sealed-clients")]
        let shown = super::sealing::shown(caller, handshake_key);
        #[cfg(not(feature = "sealed-clients"))]
        let shown = handshake_key.map(super::attach::Shown::Key);
        let names = self.attaches.redeem(caller.now, uid, shown)?;
        if let Some(entry) = self.attaches.entry_of(uid) {
            self.arm_attach_timer(&mut caller.context(), entry);
        }
        #[cfg(feature = "mains")]
        self.keep_claim(uid);
        if let Some(before) = self.rooms.users.find(uid) {
            let ends = self.seat_ends_for(caller.now, before);
            match ends.or_else(|| self.is_elsewhere(uid, before).then_some(ErrorCode::REPLACED)) {
                Some(reason) => self.show_out(&mut caller.context(), before, reason),
                None => return self.admit_back(caller, before, names, &options),
            }
        }
        let room = self.room_to_join(uid).ok_or(JoinDenial::FULL)?;
        self.open_if_closed(&mut caller.context(), room)?;
        let address = caller.sessions.address(caller.key).unwrap_or_default();
        let who = Who { options: &options, ..Who::new(uid, &names, address) };
        let says = self.with_game(&mut caller.context(), room, |game, room| game.admit(room, &who));
        let is_spectator = match says.ok_or(JoinDenial::FULL)? {
            Admission::Player if self.rooms.has_place(room) => false,
            Admission::Spectator if self.rooms.has_view(room) => true,
            Admission::Player | Admission::Spectator => return Err(JoinDenial::FULL.into()),
            Admission::Refuse(why) => return Err(Denied { reason: JoinDenial::REFUSED, why }),
        };
        Ok(Admitted::Anew(Newcomer { room, is_spectator, names }))
    }

    /// Whoever has a seat has its place; whether the game still wants it is asked all the same.
    fn admit_back(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        key: UserKey,
        names: Names,
        options: &[u8],
    ) -> Result<Admitted, Denied> {
        let user = self.rooms.users.get(key).ok_or(JoinDenial::FULL)?;
        let (uid, number, room) = (user.uid, user.number, user.room);
        let address = caller.sessions.address(caller.key).unwrap_or_default();
        let who = Who {
            number: Some(number),
            is_returning: true,
            options,
            ..Who::new(uid, &names, address)
        };
        let says = self.with_game(&mut caller.context(), room, |game, room| game.admit(room, &who));
        if let Some(Admission::Refuse(why)) = says {
            self.show_out(&mut caller.context(), key, ErrorCode::REMOVED);
            return Err(Denied { reason: JoinDenial::REFUSED, why });
        }
        Ok(Admitted::Back(key, names))
    }

    #[cfg(feature = "rooms")]
    fn options_of(&self, uid: Uid) -> super::attach::WantedOptions {
        self.attaches.options_of(uid)
    }

    #[cfg(not(feature = "rooms"))]
    #[expect(clippy::unused_self, reason = "with names there are options")]
    const fn options_of(&self, _: Uid) -> [u8; 0] {
        []
    }

    /// Whether Main has named another room than the one where somebody has its seat.
    fn is_elsewhere(&self, uid: Uid, key: UserKey) -> bool {
        #[cfg(feature = "rooms")]
        if let Some(room) = self.attaches.room_of(uid) {
            return self.rooms.users.get(key).is_some_and(|user| user.room != room);
        }
        let _ = (uid, key);
        false
    }

    /// The one that Main has named; else one without a name with a place to play, or one that can be watched. None
    /// that its game has locked meanwhile.
    fn room_to_join(&self, uid: Uid) -> Option<u16> {
        #[cfg(feature = "rooms")]
        if let Some(room) = self.attaches.room_of(uid) {
            let is_one = self.rooms.has_place(room) || self.rooms.has_view(room);
            let is_open = self.rooms.label(room).is_some() && !self.rooms.is_locked(room);
            return (is_one && is_open && !self.rooms.stands_still(room)).then_some(room);
        }
        let _ = uid;
        self.rooms.room_with_place().or_else(|| self.rooms.room_with_view())
    }

    /// A room that nobody has named opens with whoever comes first.
    #[cfg(feature = "rooms")]
    fn open_if_closed(&mut self, cx: &mut Context<'_, 'a>, room: u16) -> Result<(), Denied> {
        if self.rooms.label(room).is_some() {
            return Ok(());
        }
        self.open_room(cx, room, &Wish::ANY).map_err(|_| JoinDenial::REFUSED.into())
    }

    /// Rooms without names are open from the world's start.
    #[cfg(not(feature = "rooms"))]
    #[expect(
        clippy::unnecessary_wraps,
        clippy::unused_self,
        reason = "with names a room may not open"
    )]
    const fn open_if_closed(&mut self, _: &mut Context<'_, 'a>, _: u16) -> Result<(), Denied> {
        Ok(())
    }

    pub(super) fn let_in(&mut self, caller: &mut Caller<'_, 'a>, uid: Uid, newcomer: Newcomer) {
        let Newcomer { room, is_spectator, names } = newcomer;
        if is_spectator {
            return self.let_watch(caller, uid, room, names);
        }
        let spawn = self.with_game(&mut caller.context(), room, |game, room| game.spawn(room, uid));
        let (pos, dir) = spawn.unwrap_or((Position::ORIGIN, Direction(0)));
        // The room gives the number.
        let member = MemberState { number: MemberNumber::GAME, uid, pos, dir };
        let Ok(key) = self.rooms.enter(caller.sessions, room, caller.key, member, names) else {
            return;
        };
        #[cfg(feature = "mains")]
        self.keep_claim(uid);
        #[cfg(feature = "log")]
        self.log_joined(&caller.context(), key, "has joined");
        self.welcome(caller, key, false);
        self.rooms.announce_entry(caller.now, key);
        self.with_game(&mut caller.context(), room, |game, room| game.on_enter(room, uid));
        self.main_link_report_joined(&mut caller.context(), key);
        self.adjust_ticks(caller.now);
    }

    fn let_watch(&mut self, caller: &mut Caller<'_, 'a>, uid: Uid, room: u16, names: Names) {
        let Ok(key) = self.rooms.watch(caller.sessions, room, (uid, caller.key), names) else {
            return;
        };
        #[cfg(feature = "mains")]
        self.keep_claim(uid);
        #[cfg(feature = "log")]
        self.log_joined(&caller.context(), key, "watches");
        self.welcome(caller, key, false);
        self.with_game(&mut caller.context(), room, |game, room| game.on_watch(room, uid));
        self.main_link_report_joined(&mut caller.context(), key);
    }

    /// Tells somebody that it is in, and who else is.
    pub(super) fn welcome(&mut self, caller: &mut Caller<'_, 'a>, key: UserKey, is_returned: bool) {
        let Some(user) = self.rooms.users.get(key) else { return };
        let (number, room_id) = (user.number, RoomId(user.room));
        let (spawn_pos, spawn_dir) = (user.pos, user.dir);
        let members = self.rooms.members(user.room) - u16::from(!user.is_spectator());
        let version = Versions::OURS.to;
        caller.sessions.set_tag(caller.key, LinkTag { kind: link::USER, index: key.index() });
        caller.sessions.prove(caller.now, caller.key, Trust::Client);
        let welcome =
            JoinOk { version, room_id, number, spawn_pos, members, spawn_dir, is_returned };
        caller.sessions.send_or_close(caller.now, caller.key, &welcome);
        self.rooms.send_snapshot(caller.now, caller.sessions, key);
    }
}
