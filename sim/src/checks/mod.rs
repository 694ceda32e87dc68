//! The invariants, checked behind every turn of every node.
//!
//! Purpose: [`rooms`] keeps the simulator's own idea of who is in which room and what was said there,
//! from what the games have taken; [`view`] compares with it what every client hears, frame by frame. [`labels`] knows what rooms are called, [`states`]
//! what their games show.
//! [`channels`] keeps what the chat server has taken, and [`hearing`] compares with that. [`tokens`]
//! knows whose each token is, [`shares`] compares what addresses hold with a node's own book. What a single node must keep is checked by its [`Host`](crate::host::Host), and what the whole
//! realm must come back to by [`finale`](crate::realm).
//!
//! Bounds: a check costs what has happened in the turn; whole worlds are compared now and then.

pub(crate) mod channels;
pub(crate) mod hearing;
pub(crate) mod labels;
pub(crate) mod rooms;
pub(crate) mod shares;
pub(crate) mod states;
pub(crate) mod tokens;
pub(crate) mod view;

use tinyrealm_core::protocol::client_to_main::ChatJoin;
use tinyrealm_core::protocol::{Token, Uid};
use tinyrealm_core::wire::Opcode;

use crate::broken::Broken;
use crate::ids::ConnectionId;
use crate::journal::{Entry, Fact, Heard, InRoom};
use crate::network::Network;
use crate::profile::Profile;
use crate::talk::ChannelId;
use channels::Channels;
use hearing::Hearing;
use labels::Labels;
use rooms::Rooms;
use tokens::Tokens;
use view::View;

/// Everything that the checks remember.
pub(crate) struct Checks {
    is_kind: bool,
    is_orderly: bool,
    pub(crate) labels: Labels,
    pub(crate) rooms: Rooms,
    pub(crate) channels: Channels,
    tokens: Tokens,
    /// By visitor.
    clients: Vec<Client>,
}

/// What one client knows.
#[derive(Default)]
pub(crate) struct Client {
    uid: Option<Uid>,
    /// What its last welcome came with.
    pub(crate) token: Option<Token>,
    pub(crate) view: View,
    pub(crate) hearing: Hearing,
}

impl Checks {
    pub(crate) fn new(profile: Profile) -> Self {
        Self {
            is_kind: profile.is_kind(),
            is_orderly: profile.is_orderly(),
            labels: Labels::default(),
            rooms: Rooms::new(profile),
            channels: Channels::default(),
            tokens: Tokens::default(),
            clients: Vec::new(),
        }
    }

    pub(crate) fn client_mut(&mut self, visitor: usize) -> &mut Client {
        while self.clients.len() <= visitor {
            self.clients.push(Client::default());
        }
        &mut self.clients[visitor]
    }

    pub(crate) fn client(&self, visitor: usize) -> Option<&Client> {
        self.clients.get(visitor)
    }

    /// A client has asked for something in a channel; `number` is that of what it says.
    pub(crate) fn asked(&mut self, visitor: usize, channel: ChannelId, about: Opcode, number: u32) {
        let is_join = about == ChatJoin::OPCODE;
        let number = if is_join { self.channels.said() } else { number };
        self.client_mut(visitor).hearing.asked(channel, about, number);
    }

    /// Compares one note with everything that is known.
    pub(crate) fn take(&mut self, network: &Network, entry: &Entry) -> Result<(), Broken> {
        match &entry.fact {
            Fact::Room { world, room, what: InRoom::Opened(name) } => {
                self.labels.opened((*world, *room), name, self.is_orderly)
            }
            Fact::Room { world, room, what: InRoom::Closed } => {
                self.labels.closed((*world, *room));
                self.rooms.forget_states((*world, *room));
                self.rooms.check_closed((*world, *room))
            }
            Fact::Room { world, room, what } => {
                self.rooms.take(network, entry.cause, (*world, *room), what)
            }
            Fact::Client { visitor, heard } => {
                self.client_mut(*visitor);
                self.clients[*visitor].view.take(&self.rooms, entry.cause, heard)?;
                self.take_of_main(*visitor, heard)
            }
            // The realm knows more: see `realm::keeping`, `realm::exchange` and `realm::impostors`.
            Fact::Kept { .. } | Fact::BadProof | Fact::Confided(_) => Ok(()),
            Fact::Numbered { channel, seq, talk } => self.channels.take(*channel, *seq, *talk),
        }
    }

    /// Compares what a client has heard from its Main.
    fn take_of_main(&mut self, visitor: usize, heard: &Heard) -> Result<(), Broken> {
        let Client { uid, token, hearing, .. } = &mut self.clients[visitor];
        match heard {
            Heard::Token(uid, welcomed) => {
                *token = Some(*welcomed);
                self.tokens.take(*uid, welcomed)?;
            }
            Heard::SentTo(_, key) => self.rooms.sent(*key, *token),
            Heard::Welcome(welcomed) => *uid = Some(*welcomed),
            Heard::MainLost(_) | Heard::Stopped(_) => hearing.forget(),
            Heard::InChannel(channel, heard) => {
                hearing.take(&self.channels, self.is_kind, *uid, (*channel, heard))?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// The connection that a note is about; a note without one is the simulator's own mistake.
fn known(cause: Option<ConnectionId>) -> Result<ConnectionId, Broken> {
    cause.ok_or_else(|| Broken::new("facts have a connection", "this one has none"))
}
