//! Expiring: attempts to enter that have had their time.

use super::directory::{EntryKey, Place};
use super::{Authenticator, Main};
use crate::log;
use crate::node::Context;
use crate::protocol::ErrorCode;

impl<'a, A: Authenticator> Main<'a, A> {
    /// An attempt has had its time.
    pub(super) fn enter_timer(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey) {
        let waits_for_name = self.waits_for_name(key);
        let Some(user) = self.users.get_mut(key) else { return };
        match user.place {
            Place::Attaching(world) => {
                user.has_timed_out = true;
                let is_asked = user.is_asked;
                #[cfg(feature = "moving")]
                if self.has_followed_in_vain(cx, key, world) {
                    return;
                }
                self.worlds.has_timed_out(world);
                let world_id = self.worlds.get(world).map_or(0, |entry| entry.world_id.0);
                if let Some(count) = self.silence_log.admit(cx.now) {
                    log::info!(
                        "world {} did not answer an attach in time ({} since the last line)",
                        world_id,
                        count
                    );
                }
                if is_asked {
                    // Should it answer late, the attach is void.
                    self.ask_to_detach(cx, key, world, ErrorCode::WORLD_TIMEOUT);
                }
                self.attach_failed(cx, key);
            }
            Place::Attached(world) if user.is_there => self.stay(cx, key, world),
            Place::Attached(world) => self.detach(cx, key, world),
            Place::Detaching(world) => {
                self.worlds.has_timed_out(world);
                self.left(cx, key, world);
            }
            Place::Outside if core::mem::take(&mut user.is_wrong) && user.wants_in => {
                self.refuse(cx, key, ErrorCode::WRONG_SECRET);
            }
            Place::Outside if waits_for_name => {
                self.leave_room(key);
                self.refuse(cx, key, ErrorCode::DIRECTORY_UNAVAILABLE);
            }
            Place::Outside => self.try_next_world_if_wanted(cx, key),
            Place::Inside(_) => {}
        }
    }

    pub(super) fn arm(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey, ms: u32) {
        cx.sessions.schedule(key.index(), cx.now.after_ms(ms));
    }

    pub(super) fn disarm(&mut self, cx: &mut Context<'_, 'a>, key: EntryKey) {
        cx.sessions.cancel(key.index());
    }
}
