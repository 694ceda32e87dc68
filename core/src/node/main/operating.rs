//! Operating: what whoever runs a Main asks of it, by [`Node::act`](crate::node::Node::act) and
//! [`Node::role`](crate::node::Node::role).
//!
//! Purpose: its users, rooms and channels as lines, by the slots that they have, so that a page of them costs what it is
//! long; and that somebody is to go.
//!
//! Contract: a slot without a tenant has no line. A line is as true as Main's own knowledge is: what a world has not told
//! yet is not in it.
//!
//! Bounds: a line is O(1); nothing is allocated.

use super::directory::Place;
use super::{Authenticator, Main};
use crate::node::{Context, Names};
use crate::protocol::{ErrorCode, RoomLine, Uid, WorldId};
use crate::session::SessionKey;

/// A user, as Main knows it.
#[derive(Clone, Debug)]
pub struct UserLine<'m> {
    /// Who.
    pub uid: Uid,
    /// What it is called.
    pub names: &'m Names,
    /// Its connection to Main; dangling if only a world's word keeps it in the realm.
    pub session: SessionKey,
    /// Where it is.
    pub place: Place,
    /// The world that this is about.
    pub world: Option<WorldId>,
    /// The name of its room, if that has one.
    pub room: Option<&'m str>,
}

impl<'a, A: Authenticator> Main<'a, A> {
    /// The user in this slot of [`Main::users`].
    pub fn user_line(&self, slot: u16) -> Option<UserLine<'_>> {
        let user = self.users.at(slot)?;
        Some(UserLine {
            uid: user.uid,
            names: &user.names,
            session: user.session,
            place: user.place,
            world: user.place.world().and_then(|key| self.worlds.get(key)).map(|it| it.world_id),
            room: self.rooms.get(user.room).map(|room| room.name.as_str()),
        })
    }

    /// The room in this slot of [`Main::rooms`], and the world that has it.
    pub fn room_line(&self, slot: u16) -> Option<(RoomLine<'_>, Option<WorldId>)> {
        let room = self.rooms.at(slot)?;
        let world = room.world().and_then(|key| self.worlds.get(key));
        Some((room.line(), world.map(|world| world.world_id)))
    }

    /// The channel in this slot, of as many as [`ChatHub::channel_slots`](super::ChatHub::channel_slots), and how many
    /// of this Main's users are in it.
    pub fn channel_line(&self, slot: u16) -> Option<(&str, u16)> {
        self.chat.channel_line(slot)
    }

    /// Somebody is out of the realm, wherever it is, and its client does not come back by itself; `false` if there is
    /// no such user, or it is on its way out.
    pub fn kick(&mut self, cx: &mut Context<'_, 'a>, uid: Uid) -> bool {
        let key = self.users.find(uid);
        key.is_some_and(|key| self.evict(cx, key, ErrorCode::REMOVED) || self.is_elsewhere(key))
    }
}
