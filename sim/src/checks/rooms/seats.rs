//! Seats: who is away, who is back, and whom a world has again after a crash.

use tinyrealm_core::protocol::{MemberState, Uid};

use super::{Member, Rooms};
use crate::broken::{Broken, ensure};
use crate::ids::ConnectionId;
use crate::network::Network;

impl Rooms {
    /// A world that starts again has this seat again.
    pub(crate) fn restored(
        &mut self,
        (world, room): (usize, u16),
        state: MemberState,
    ) -> Result<(), Broken> {
        let is_known = self.visited.contains(&(state.uid, world, room));
        ensure(is_known, "a seat that is held was somebody's", || {
            format!("{state:?} in room {room} of world {world}")
        })?;
        self.seat((world, room), Member { room, connection: None, state, token: None })
    }

    pub(super) fn lost(&mut self, (world, room): (usize, u16), uid: Uid) -> Result<(), Broken> {
        let member = self.worlds[world].members.get_mut(&uid).filter(|member| member.room == room);
        let connection = member.and_then(|member| member.connection.take());
        ensure(connection.is_some(), "who is away was there", || {
            format!("{uid:?} is away from room {room} of world {world}")
        })
    }

    pub(super) fn returned(
        &mut self,
        network: &Network,
        connection: ConnectionId,
        (world, room): (usize, u16),
        state: MemberState,
    ) -> Result<(), Broken> {
        let token = self.admit(network, connection, state.uid)?;
        let member = self.worlds[world].members.get_mut(&state.uid);
        let is_its = member.as_ref().is_some_and(|member| {
            (member.room, member.state, member.connection) == (room, state, None)
        });
        ensure(is_its, "who comes back has its seat", || {
            format!("{state:?} in room {room} of world {world}, and was {member:?}")
        })?;
        if let Some(member) = member {
            member.connection = Some(connection);
            member.token = token;
        }
        self.begin_stay((world, room), state.uid, Some(connection));
        Ok(())
    }
}
