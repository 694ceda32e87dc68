//! The invariants, checked behind every turn of every node.
//!
//! Purpose: [`rooms`] keeps the simulator's own idea of who is in which room and what was said there,
//! from what the games have taken; [`view`] compares with it what every client hears, frame by frame.
//! What a single node must keep is checked by its [`Host`](crate::host::Host), and what the whole
//! realm must come back to by [`finale`](crate::realm).
//!
//! Bounds: a check costs what has happened in the turn; whole worlds are compared now and then.

pub(crate) mod rooms;
pub(crate) mod view;

use crate::broken::Broken;
use crate::ids::ConnectionId;
use crate::journal::{Entry, Fact};
use crate::network::Network;
use crate::profile::Profile;
use rooms::Rooms;
use view::View;

/// Everything that the checks remember.
pub(crate) struct Checks {
    pub(crate) rooms: Rooms,
    /// By visitor.
    views: Vec<View>,
}

impl Checks {
    pub(crate) fn new(profile: Profile) -> Self {
        Self { rooms: Rooms::new(profile), views: Vec::new() }
    }

    pub(crate) fn view_mut(&mut self, visitor: usize) -> &mut View {
        while self.views.len() <= visitor {
            self.views.push(View::default());
        }
        &mut self.views[visitor]
    }

    pub(crate) fn view(&self, visitor: usize) -> Option<&View> {
        self.views.get(visitor)
    }

    /// Compares one note with everything that is known.
    pub(crate) fn take(&mut self, network: &Network, entry: &Entry) -> Result<(), Broken> {
        match &entry.fact {
            Fact::Room { world, room, what } => {
                self.rooms.take(network, entry.cause, (*world, *room), what)
            }
            Fact::Client { visitor, heard } => {
                self.view_mut(*visitor);
                self.views[*visitor].take(&self.rooms, entry.cause, heard)
            }
        }
    }
}

/// The connection that a note is about; a note without one is the simulator's own mistake.
fn known(cause: Option<ConnectionId>) -> Result<ConnectionId, Broken> {
    cause.ok_or_else(|| Broken::new("facts have a connection", "this one has none"))
}
