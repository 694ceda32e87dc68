//! Following: a client whose room is in another world goes there.
//!
//! Contract: Main's `Moved` leads there at once; a client that hears of it by the end of its connection alone asks Main, and
//! takes the answer to that, whatever else it is told. Without the cargo feature `moving` the end is like any other, and
//! it asks after a while.

use super::machine::RealmClient;
#[cfg(feature = "moving")]
use super::machine::WorldState;
#[cfg(feature = "moving")]
use super::ticket::Ticket;
#[cfg(feature = "moving")]
use crate::node::Caller;
use crate::node::Context;
#[cfg(feature = "moving")]
use crate::protocol::ErrorCode;
#[cfg(feature = "moving")]
use crate::protocol::main_to_client::{EnterWorldAck, Moved};
#[cfg(feature = "moving")]
use crate::session::manager::Farewell;

#[cfg(feature = "moving")]
impl RealmClient {
    /// Its room is in another world now, where it is expected. What it has asked Main for, Main answers.
    pub(super) fn moved(&mut self, caller: &mut Caller<'_, '_>, moved: &Moved<'_>) {
        if self.world == WorldState::Asking || self.wants_another {
            return;
        }
        let &Moved { world_addr, is_sealing, handshake_key, key_id } = moved;
        self.keep_ticket(
            world_addr.as_str(),
            Ticket::of(&EnterWorldAck { world_addr, is_sealing, handshake_key, key_id }),
        );
        if self.world == WorldState::Outside {
            return self.go_to_world(&mut caller.context());
        }
        // Behind its end, which makes room for the next one.
        self.is_moved = true;
        caller.sessions.close(caller.now, self.world_session, Farewell::Nothing(ErrorCode::MOVED));
    }

    /// Whether its seat is in another world: it is on the way there, or asks for it.
    pub(super) fn follows(&mut self, cx: &mut Context<'_, '_>, is_told: bool) -> bool {
        let knows_where = core::mem::take(&mut self.is_moved);
        if self.wants_another {
            return false;
        }
        if knows_where {
            self.go_to_world(cx);
        } else if is_told {
            self.world = WorldState::Outside;
            self.ask_for_world(cx);
        }
        knows_where || is_told
    }
}

#[cfg(not(feature = "moving"))]
impl RealmClient {
    #[expect(clippy::unused_self, reason = "with moving rooms it may")]
    pub(super) const fn follows(&self, _: &Context<'_, '_>, _: bool) -> bool {
        false
    }
}
