//! `RoomContext`: what a game acts through while it is called.
//!
//! Purpose: the hands of a [`Game`]. It shows the room and its members, says and tells, places members,
//! arms timers, and says who may find and enter the room. What rooms keep is in [`saves`](super::saves), what they
//! show in [`things`](super::things), whom they send away in [`people`](super::people).
//!
//! Contract: everything happens at the time of the turn. What is said and told goes out with the next flush, in one
//! order for everybody. What does not fit is an answer, and changes nothing.
//!
//! Bounds: a room's ring for what is said, a member's buffers for what is told;
//! [`Game::TIMERS`] timers.

#[cfg(doc)]
use super::Game;
use super::room_manager::RoomManager;
use super::timers::{RoomTimers, TimerId};
use crate::entropy::Entropy;
use crate::protocol::world_to_client::EventBroadcast;
use crate::protocol::{
    Bytes, Direction, EVENT_MAX_BYTES, MemberNumber, MemberState, Message, Position,
    ROOM_PROPERTIES_MAX_BYTES, RoomId, SendError, Uid,
};
use crate::session::SessionManager;
use crate::time::Instant;
use crate::wire::Full;
use crate::wire::opcode::GAME;

/// Who says something to the game, and where.
pub struct Speaker<'s, 'c, 'a> {
    /// The room.
    pub room: &'s mut RoomContext<'c, 'a>,
    /// Who.
    pub uid: Uid,
}

/// What a [`Game`] acts through while it is called.
pub struct RoomContext<'c, 'a> {
    /// The event that is being handled.
    pub(super) asked: Option<Asked>,
    pub(super) room: u16,
    pub(super) timers: RoomTimers,
    pub(super) now: Instant,
    pub(super) entropy: &'c mut dyn Entropy,
    pub(super) rooms: &'c mut RoomManager<'a>,
    pub(super) sessions: &'c mut SessionManager<'a>,
}

/// What becomes of who may come in.
enum Relabel {
    Lock,
    Unlock,
    List,
    Unlist,
}

/// Whose event is being handled, and the number that it has given it.
#[derive(Copy, Clone)]
pub(super) struct Asked {
    pub(super) number: MemberNumber,
    pub(super) request: u32,
}

pub(super) const fn is_a_game_s<M: Message>() -> bool {
    GAME.server_to_client.contains(M::OPCODE)
}

impl RoomContext<'_, '_> {
    /// Which room it is.
    pub const fn room_id(&self) -> RoomId {
        RoomId(self.room)
    }

    /// What it is called; empty for a room that nobody has named.
    pub fn name(&self) -> &str {
        #[cfg(feature = "rooms")]
        return self.rooms.label(self.room).map_or("", |label| label.name());
        #[cfg(not(feature = "rooms"))]
        ""
    }

    /// What kind of room its opener wanted; empty for none.
    pub fn mode(&self) -> &str {
        #[cfg(feature = "rooms")]
        return self.rooms.label(self.room).map_or("", |label| label.mode());
        #[cfg(not(feature = "rooms"))]
        ""
    }

    /// Lets nobody more in, until [`RoomContext::unlock`].
    pub fn lock(&mut self) {
        self.relabel(Relabel::Lock);
    }

    /// Lets others in again.
    pub fn unlock(&mut self) {
        self.relabel(Relabel::Unlock);
    }

    /// Shows it in listings, and lets whoever wants any room be sent there.
    pub fn list(&mut self) {
        self.relabel(Relabel::List);
    }

    /// Leads only those there who know its name.
    pub fn unlist(&mut self) {
        self.relabel(Relabel::Unlist);
    }

    /// What listings say of it, in the game's own encoding; they show it a little later.
    pub fn set_properties(&mut self, properties: Bytes<'_, ROOM_PROPERTIES_MAX_BYTES>) {
        #[cfg(feature = "rooms")]
        if let Some(label) = self.rooms.label_mut(self.room)
            && label.properties != properties.as_slice()
        {
            // The type keeps them within the capacity.
            label.properties = heapless::Vec::from_slice(properties.as_slice()).unwrap_or_default();
            label.has_changed();
        }
        let _ = properties;
    }

    /// Keeps it open for so long from now, though nobody is in it.
    pub fn keep_open_for(&mut self, ms: u32) {
        #[cfg(feature = "rooms")]
        if let Some(label) = self.rooms.label_mut(self.room) {
            label.kept_until = self.now.after_ms(ms);
        }
        let _ = ms;
    }

    /// Where rooms have names, Main hears of what changes.
    #[cfg(feature = "rooms")]
    fn relabel(&mut self, change: Relabel) {
        if let Some(label) = self.rooms.label_mut(self.room) {
            match change {
                Relabel::Lock => label.is_locked = true,
                Relabel::Unlock => label.is_locked = false,
                Relabel::List => label.is_listed = true,
                Relabel::Unlist => label.is_listed = false,
            }
            label.has_changed();
            self.rooms.has_news = true;
        }
    }

    #[cfg(not(feature = "rooms"))]
    #[expect(clippy::unused_self, reason = "with names there is something to change")]
    const fn relabel(&mut self, _: Relabel) {}

    /// Cancels all of its timers.
    #[cfg(feature = "rooms")]
    pub(super) fn cancel_all(&mut self) {
        for id in 0..u16::MAX {
            if self.timers.timer(TimerId(id)).is_none() {
                break;
            }
            self.cancel(TimerId(id));
        }
    }

    /// The time of this turn.
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// A random number of the room's own, from its [seed](Self::seed): not one to keep secrets with.
    pub fn random_u32(&mut self) -> u32 {
        let room = self.rooms.rooms.get_mut(usize::from(self.room));
        room.map_or(0, |room| room.random.next_u32())
    }

    /// What the room's random numbers come from.
    pub fn seed(&self) -> u64 {
        self.rooms.rooms.get(usize::from(self.room)).map_or(0, |room| room.random.seed())
    }

    /// A random number that nobody can guess, of the driver's entropy. A room that is played again gets others.
    pub fn secret_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.entropy.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    /// Has [`Game::on_timer`] called once, in `ms` milliseconds or up to a tick of the node's wheel later; a timer
    /// that is armed is moved. `false` if there is no such one: ids are below [`Game::TIMERS`].
    pub fn after(&mut self, ms: u32, timer: TimerId) -> bool {
        let node_s = self.timers.timer(timer);
        if let Some(node_s) = node_s {
            self.sessions.schedule(node_s, RoomTimers::due_at(self.now, ms));
        }
        node_s.is_some()
    }

    /// Disarms a timer, if it is armed.
    pub fn cancel(&mut self, timer: TimerId) {
        if let Some(node_s) = self.timers.timer(timer) {
            self.sessions.cancel(node_s);
        }
    }

    /// Everyone in the room.
    pub fn members(&self) -> impl Iterator<Item = MemberState> {
        let keys = self.rooms.member_keys(self.room);
        keys.filter_map(|key| Some(self.rooms.users.get(key)?.state()))
    }

    /// Somebody in the room.
    pub fn member(&self, uid: Uid) -> Option<MemberState> {
        let user = self.rooms.users.get(self.rooms.users.find(uid)?)?;
        (user.room == self.room && !user.is_spectator()).then(|| user.state())
    }

    /// Whether somebody in the room has lost its connection, and its seat is held.
    pub fn is_away(&self, uid: Uid) -> bool {
        let key = self.rooms.users.find(uid);
        let user = key.and_then(|key| self.rooms.users.get(key));
        user.is_some_and(|user| user.room == self.room && user.is_away())
    }

    /// Says something to everyone in the room, in the name of `uid`, or of the game itself
    /// ([`Uid::NOBODY`]).
    ///
    /// # Errors
    /// [`Full`] if the room takes nothing more before its next flush.
    pub fn broadcast(
        &mut self,
        uid: Uid,
        kind: u16,
        data: Bytes<'_, EVENT_MAX_BYTES>,
    ) -> Result<(), Full> {
        let number = self.rooms.number_of(self.room, uid).unwrap_or(MemberNumber::GAME);
        // What is said in somebody's name while its own event is handled is that event.
        let request =
            self.asked.filter(|asked| asked.number == number).map_or(0, |asked| asked.request);
        let message = EventBroadcast { number, request, kind, data };
        self.rooms.broadcast_event(self.now, self.room, &message)
    }

    /// Tells one member an event, behind what was said to the whole room before.
    ///
    /// # Errors
    /// As [`RoomContext::tell`].
    pub fn tell_event(
        &mut self,
        to: Uid,
        kind: u16,
        data: Bytes<'_, EVENT_MAX_BYTES>,
    ) -> Result<(), SendError> {
        self.tell_frame(to, &EventBroadcast { number: MemberNumber::GAME, request: 0, kind, data })
    }

    /// Says one of the game's own messages to everyone in the room.
    ///
    /// # Errors
    /// [`SendError::Full`] if the room takes nothing more before its next flush: later it does;
    /// [`SendError::TooLong`] for what is over [`Game::MESSAGE_MAX_BYTES`].
    pub fn say<M: Message>(&mut self, message: &M) -> Result<(), SendError> {
        const { assert!(is_a_game_s::<M>(), "a game says messages of `GAME.server_to_client`") };
        self.rooms.say(self.now, self.room, message)
    }

    /// Tells one member one of the game's own messages, behind what was said to the whole room before.
    ///
    /// # Errors
    /// [`SendError::Closed`] if it is not in this room or away, [`SendError::Full`] if it takes nothing more now,
    /// [`SendError::TooLong`] for what is over the frame limit.
    pub fn tell<M: Message>(&mut self, to: Uid, message: &M) -> Result<(), SendError> {
        const { assert!(is_a_game_s::<M>(), "a game tells messages of `GAME.server_to_client`") };
        self.tell_frame(to, message)
    }

    /// [`RoomContext::tell`] for every member that `is_meant`; answers how many of them lack it now.
    pub fn tell_some<M: Message>(
        &mut self,
        is_meant: impl Fn(MemberState) -> bool,
        message: &M,
    ) -> usize {
        const { assert!(is_a_game_s::<M>(), "a game tells messages of `GAME.server_to_client`") };
        let (mut next, mut lacking) = (self.rooms.member_keys(self.room).next(), 0);
        while let Some(key) = next {
            let Some(user) = self.rooms.users.get(key) else { break };
            next = user.next.index().and_then(|index| self.rooms.users.key_at(index));
            if is_meant(user.state()) && self.rooms.tell(self.sessions, key, message).is_err() {
                lacking += 1;
            }
        }
        lacking
    }

    fn tell_frame<M: Message>(&mut self, to: Uid, message: &M) -> Result<(), SendError> {
        self.session_of(to).ok_or(SendError::Closed)?;
        let key = self.rooms.users.find(to).ok_or(SendError::Closed)?;
        self.rooms.tell(self.sessions, key, message)
    }

    pub(super) fn session_of(&self, uid: Uid) -> Option<crate::session::SessionKey> {
        let user = self.rooms.users.get(self.rooms.users.find(uid)?)?;
        (user.room == self.room).then_some(user.session)
    }

    /// Puts a member somewhere: everyone sees it, and it is told itself.
    pub fn place(&mut self, uid: Uid, pos: Position, dir: Direction) {
        if self.rooms.number_of(self.room, uid).is_some()
            && let Some(key) = self.rooms.users.find(uid)
        {
            self.rooms.place(self.now, key, pos, dir);
            self.rooms.tell_place(self.now, self.sessions, key);
        }
    }
}
