//! The invariants, checked behind every turn of every node.
//!
//! Purpose: [`rooms`] keeps the simulator's own idea of who is in which room and what was said there,
//! from what the games have taken; [`view`] compares with it what every client hears, frame by frame. [`labels`] knows what rooms are called, [`states`]
//! what their games show, [`clocks`] when their timers are due.
//! [`asks`] knows which questions are under way. [`calling`] knows what users may be called, [`listing`] what a client has asked of Main's rooms.
//! [`channels`] keeps what the chat server has taken, and [`hearing`] compares with that. [`tokens`]
//! knows whose each token is, [`claims`] what Mains have said of whose a user is, [`shares`] compares what addresses hold with a node's own book. What a single node must keep is checked by its [`Host`](crate::host::Host), and what the whole
//! realm must come back to by [`finale`](crate::realm).
//!
//! Bounds: a check costs what has happened in the turn; whole worlds are compared now and then.

pub(crate) mod asks;
pub(crate) mod calling;
pub(crate) mod channels;
pub(crate) mod claims;
pub(crate) mod clocks;
pub(crate) mod hearing;
pub(crate) mod labels;
pub(crate) mod listing;
pub(crate) mod rooms;
pub(crate) mod shares;
pub(crate) mod states;
pub(crate) mod tokens;
pub(crate) mod view;

use tinyrealm_core::protocol::client_to_main::{ChatJoin, ListRoomsReq};
use tinyrealm_core::protocol::{Token, Uid};
use tinyrealm_core::wire::Opcode;

use crate::broken::{Broken, ensure};
use crate::ids::{ConnectionId, Role, WORLDS};
use crate::journal::{Entry, Fact, Heard, InRoom, RoomName};
use crate::layout::Layout;
use crate::network::Network;
use crate::profile::Profile;
use crate::talk::ChannelId;
use calling::{Calling, Callings};
use channels::Channels;
use claims::Claims;
use clocks::Clocks;
use hearing::Hearing;
use labels::Labels;
use listing::Listing;
use rooms::Rooms;
use tokens::Tokens;
use view::View;

/// Everything that the checks remember.
pub(crate) struct Checks {
    is_kind: bool,
    is_orderly: bool,
    layout: Layout,
    pub(crate) labels: Labels,
    pub(crate) rooms: Rooms,
    pub(crate) channels: Channels,
    pub(crate) claims: Claims,
    pub(crate) clocks: Clocks,
    pub(crate) callings: Callings,
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
    pub(crate) listing: Listing,
    pub(crate) calling: Calling,
}

impl Checks {
    pub(crate) fn new(profile: Profile, layout: Layout) -> Self {
        Self {
            is_kind: profile.is_kind(),
            is_orderly: profile.is_orderly(),
            layout,
            labels: Labels::new(layout),
            rooms: Rooms::new(profile, layout),
            channels: Channels::default(),
            claims: Claims::default(),
            clocks: Clocks::default(),
            callings: Callings::default(),
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
            Fact::Room { world, room, what } => {
                self.take_label((*world, *room), what)?;
                self.rooms.take(network, entry.cause, (*world, *room), what)?;
                self.take_claim(network, entry.cause, *world, what)
            }
            Fact::Client { visitor, heard } => {
                self.client_mut(*visitor);
                self.take_of_main(*visitor, heard)?;
                self.clients[*visitor].view.take(&self.rooms, entry.cause, heard)
            }
            Fact::OfMain(said) => {
                let link = known(entry.cause)?;
                if let Role::World(world) = network.dialer(link).role() {
                    let labels = &self.labels;
                    let has = |name: &RoomName| labels.of_world(world).any(|(_, it)| it == name);
                    self.claims.hear((world, link), said, has);
                }
                Ok(())
            }
            // The realm knows more: see `realm::keeping`, `realm::exchange` and `realm::impostors`.
            Fact::Kept { .. } | Fact::BadProof | Fact::Confided(_) => Ok(()),
            Fact::Numbered { channel, seq, talk } => self.channels.take(*channel, *seq, *talk),
        }
    }

    /// Compares who comes and goes with what Mains have said of claims.
    fn take_claim(
        &mut self,
        network: &Network,
        cause: Option<ConnectionId>,
        world: usize,
        what: &InRoom,
    ) -> Result<(), Broken> {
        if !self.layout.has_directory() {
            return Ok(());
        }
        match what {
            InRoom::Entered(member) | InRoom::Returned(member) => {
                let connection = known(cause)?;
                let key = self.rooms.tickets.key_of(network, connection, member.uid);
                let Some(key) = key else { return Ok(()) };
                self.claims.admitted(world, member.uid, (connection, key))?;
                self.check_one_world_by(world, member.uid)
            }
            InRoom::Lost(uid) => {
                self.claims.lost(world, *uid, cause, |link| network.is_whole(link))
            }
            InRoom::Left(uid) => {
                self.claims.left(world, *uid, cause, |link| network.is_whole(link))
            }
            InRoom::Opened(name) if !name.is_empty() => {
                let Some(link) = cause.filter(|link| !network.dialer(*link).is_visitor()) else {
                    return Ok(());
                };
                self.claims.opened(world, link)
            }
            _ => Ok(()),
        }
    }

    /// In orderly weather nobody is in two worlds by one claim.
    fn check_one_world_by(&self, world: usize, uid: Uid) -> Result<(), Broken> {
        let by = self.claims.claim_at(world, uid);
        let mut others = (0..WORLDS).filter(|other| *other != world);
        let is_twice = by.is_some() && others.any(|other| self.claims.claim_at(other, uid) == by);
        ensure(!is_twice || !self.is_orderly, "a uid is in one world", || {
            format!("{uid:?} is in world {world} and elsewhere by {by:?}")
        })
    }

    /// Compares what a room is called, whom it takes, and when its timers fire.
    fn take_label(&mut self, place: (usize, u16), what: &InRoom) -> Result<(), Broken> {
        match what {
            InRoom::Opened(name) => self.labels.opened(place, name, self.is_orderly)?,
            InRoom::Closed => {
                self.labels.closed(place);
                self.clocks.closed(place);
                self.rooms.forget_states(place);
                self.rooms.check_closed(place)?;
            }
            InRoom::Entered(_) | InRoom::Watches(_) => self.labels.check_entered(place)?,
            InRoom::Locked(is_locked) => self.labels.lock(place, *is_locked),
            InRoom::Armed { timer, due } => self.clocks.set(place, *timer, Some(*due)),
            InRoom::Cancelled { timer } => self.clocks.set(place, *timer, None),
            InRoom::Fired { timer, now } => self.clocks.fired(place, *timer, *now)?,
            InRoom::Restored { kept, name } => {
                ensure(kept == name, "a room goes on under its name", || {
                    format!("{kept} of {place:?} is {name}")
                })?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Compares what a client has heard from its Main.
    fn take_of_main(&mut self, visitor: usize, heard: &Heard) -> Result<(), Broken> {
        let Client { uid, token, hearing, listing, calling, .. } = &mut self.clients[visitor];
        match heard {
            Heard::Token(uid, welcomed) => {
                *token = Some(*welcomed);
                self.tokens.take(*uid, welcomed)?;
            }
            Heard::SentTo(world, key_id, key) => {
                self.rooms.tickets.sent(*uid, (*key_id, *key), *token);
                calling.check_sent(*world)?;
            }
            Heard::Welcome(welcomed) => {
                *uid = Some(*welcomed);
                self.callings.welcomed(*welcomed, calling)?;
            }
            Heard::Joined(_) => calling.check_joined()?,
            Heard::Named(uid, name) => self.callings.check_shown(*uid, name)?,
            Heard::Rooms(rooms, next_after) => listing.answered(rooms, *next_after)?,
            Heard::Refused(_, about) if *about == ListRoomsReq::OPCODE.0 => listing.refused()?,
            Heard::MainLost(_) | Heard::Stopped(_) => {
                hearing.forget();
                listing.forget();
            }
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
