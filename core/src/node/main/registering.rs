//! Registering worlds, and what their end means for their users.

use super::registry::{WorldEntry, WorldKey, world_bit};
use super::{Authenticator, Main, link};
use crate::log;
use crate::node::Context;
use crate::protocol::ErrorCode;
use crate::protocol::world_to_main::RegisterWorld;
use crate::session::manager::Farewell;
use crate::session::{LinkTag, SessionKey};
use crate::stats::Count;
use crate::storage::Vacant;

impl<'a, A: Authenticator> Main<'a, A> {
    pub(super) fn is_allowed(&self, message: &RegisterWorld<'_>) -> bool {
        let region = message.region.as_str();
        self.allowed.is_empty()
            || self.allowed.iter().any(|world| world.allows(message.world_id, region))
    }

    /// A world that registers again replaces its former self at once, wherever it is now: its key says
    /// that it is the one. Whoever is replaced does not come back by itself, so two can't take turns.
    pub(super) fn register(
        &mut self,
        cx: &mut Context<'_, 'a>,
        session: SessionKey,
        message: &RegisterWorld<'_>,
    ) -> Result<WorldKey, ErrorCode> {
        if let Some(before) = self.worlds.find(message.world_id) {
            let old = self.worlds.get(before).ok_or(ErrorCode::FULL)?;
            if old.address != message.addr.as_str() {
                log::warning!(
                    "world {} is at {} now, and at {} no more",
                    message.world_id.0,
                    message.addr.as_str(),
                    old.address.as_str()
                );
            }
            let link = old.session;
            self.unregister(cx, before, ErrorCode::REPLACED);
            cx.sessions.set_tag(link, LinkTag { kind: link::LEAVING, index: 0 });
            cx.sessions.close(cx.now, link, Farewell::Bye(ErrorCode::REPLACED));
        }
        let entry = WorldEntry {
            world_id: message.world_id,
            region: heapless::String::try_from(message.region.as_str()).unwrap_or_default(),
            address: heapless::String::try_from(message.addr.as_str()).unwrap_or_default(),
            versions: message.versions,
            capacity: message.capacity,
            rooms: message.rooms,
            is_sealing: message.is_sealing,
            is_closed: self.is_to_drain(message.world_id),
            #[cfg(feature = "moving")]
            fingerprint: message.fingerprint,
            session,
            ..WorldEntry::VACANT
        };
        let world = self.worlds.insert(entry).ok_or(ErrorCode::FULL)?;
        self.stats.worlds_registered.count();
        Ok(world)
    }

    /// The world leaves the registry, and its users are told. O(users).
    pub(super) fn unregister(
        &mut self,
        cx: &mut Context<'_, 'a>,
        world: WorldKey,
        reason: ErrorCode,
    ) {
        let Some(entry) = self.worlds.remove(world) else { return };
        self.keep_drain_order(entry.world_id);
        let (id, address) = (entry.world_id.0, entry.address.as_str());
        log::info!("world {} left the registry ({}); it was at {}", id, reason.name(), address);
        self.stats.worlds_lost.count();
        let until = cx.now.after_ms(self.config.room_hold_ms);
        self.lost_worlds.note(entry.world_id, until);
        self.rooms.lose_world(world, entry.world_id, until);
        for index in 0..self.users.capacity() as u16 {
            let Some(key) = self.users.key_at(index) else { continue };
            let Some(user) = self.users.get_mut(key) else { continue };
            // The next world in its slot is another one, and if none is left, that is the reason.
            user.tried &= !world_bit(world);
            user.detaches &= !world_bit(world);
            if user.place.world() == Some(world) {
                self.lost_world(cx, key);
            } else {
                self.forget_if_gone(cx, key);
            }
        }
    }
}
