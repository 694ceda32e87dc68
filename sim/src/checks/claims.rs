//! `Claims`: what Mains have said to worlds of whose a user is, and of whose a name is, as it came in at the world.
//!
//! Invariants, in any weather: a ticket of a claim that is older than what its world knows of somebody who is there, or may come,
//! admits nobody. When a world hears of a newer claim, whoever is there by an older one is out with that. A Main whose claim was
//! overtaken puts nobody out; one that has none, whom it knows to be revoked or banned, if the link of who has attached it is gone. While the weather is orderly, of one claim a uid is in one world. No room is opened under a number that
//! its world has had a room under since its start.
//!
//! A world remembers numbers only of users who are there or may come: so does this.

use std::collections::{HashMap, HashSet};

use tinyrealm_core::protocol::{ClaimNumber, ErrorCode, HandshakeKey, Uid};

use crate::broken::{Broken, ensure};
use crate::ids::ConnectionId;
use crate::journal::{OfMain, RoomName};

const FENCED: &str = "a ticket of a claim that was overtaken admits nobody";
const GHOST: &str = "a ghost goes when its world hears of a newer claim";
const PUT_OUT: &str = "a Main whose claim was overtaken puts nobody out";
const REOPENED: &str = "a room is opened once under a number";

/// What was said on a link.
#[derive(Default)]
struct Link {
    named: Option<(Uid, ClaimNumber)>,
    room_claim: ClaimNumber,
    /// What the room of the attach is claimed under that the world is about to carry out.
    attached_under: ClaimNumber,
    /// Whom it is about to put out.
    detached: Option<(Uid, ErrorCode)>,
}

#[derive(Copy, Clone)]
struct Ticket {
    key: HandshakeKey,
    claim: ClaimNumber,
    /// The link that it was said on.
    on: ConnectionId,
}

/// Somebody who has a seat.
#[derive(Copy, Clone)]
struct Seat {
    /// The highest number that its world has heard of it.
    newest: ClaimNumber,
    /// What it has come by last.
    by: ClaimNumber,
    /// The link of who has attached it under its newest number, if anybody has.
    claimant: Option<ConnectionId>,
    connection: Option<ConnectionId>,
}

/// See the [module](self).
#[derive(Default)]
pub(crate) struct Claims {
    links: HashMap<ConnectionId, Link>,
    /// By world and user: the last one that may still be used.
    tickets: HashMap<(usize, u64), Ticket>,
    /// Those that must not admit any more, each of one world.
    fenced: HashSet<[u8; 32]>,
    seats: HashMap<(usize, u64), Seat>,
    /// Numbers that a world has had a room under.
    opened: HashSet<(usize, u64)>,
    /// Who must be out when the turn is over.
    ghosts: Vec<(usize, Uid, ConnectionId)>,
    /// What overtaken Mains have asked for.
    pub(crate) refusals: u64,
}

impl Claims {
    /// A world is there anew: nothing of it is known.
    pub(crate) fn world_starts(&mut self, world: usize) {
        self.tickets.retain(|(of, _), _| *of != world);
        self.seats.retain(|(of, _), _| *of != world);
        self.opened.retain(|(of, _)| *of != world);
        self.ghosts.retain(|(of, ..)| *of != world);
    }

    /// Something has come from a Main, on this link; `has_room` tells whether the world has the room of this name.
    pub(super) fn hear(
        &mut self,
        (world, on): (usize, ConnectionId),
        said: &OfMain,
        has_room: impl Fn(&RoomName) -> bool,
    ) {
        let link = self.links.entry(on).or_default();
        link.detached = None;
        match said {
            OfMain::Claimed(uid, claim) => {
                link.named = Some((*uid, *claim));
                self.claimed(world, *uid, *claim);
            }
            OfMain::RoomClaimed(claim) => link.room_claim = *claim,
            OfMain::Attach { uid, key, room } => {
                let room_claim = std::mem::take(&mut link.room_claim);
                link.attached_under = room_claim;
                if room_claim.0 > 0 && has_room(room) {
                    self.opened.insert((world, room_claim.0));
                }
                let claim = link.claim_of(*uid);
                self.attached(world, *uid, Ticket { key: *key, claim, on });
            }
            OfMain::Detach(uid, reason) => {
                link.detached = Some((*uid, *reason));
                let claim = link.claim_of(*uid);
                let seat = self.seats.get(&(world, uid.0));
                self.refusals += u64::from(seat.is_some_and(|seat| seat.newest > claim));
            }
            OfMain::Done => link.attached_under = ClaimNumber(0),
        }
    }

    fn claimed(&mut self, world: usize, uid: Uid, claim: ClaimNumber) {
        let at = (world, uid.0);
        if let Some(ticket) = self.tickets.get(&at).copied().filter(|ticket| ticket.claim < claim) {
            self.fenced.insert(ticket.key.0);
            self.tickets.remove(&at);
        }
        let Some(seat) = self.seats.get_mut(&at) else { return };
        if seat.newest < claim {
            (seat.newest, seat.claimant) = (claim, None);
        }
        if let Some(connection) = seat.connection.filter(|_| seat.by < claim) {
            self.ghosts.push((world, uid, connection));
        }
    }

    fn attached(&mut self, world: usize, uid: Uid, ticket: Ticket) {
        let at = (world, uid.0);
        let newest = self.seats.get(&at).map_or(ClaimNumber(0), |seat| seat.newest);
        let pending = self.tickets.get(&at).map_or(ClaimNumber(0), |ticket| ticket.claim);
        if ticket.claim < newest {
            self.refusals += 1;
            self.fenced.insert(ticket.key.0);
        } else if ticket.claim >= pending {
            self.tickets.insert(at, ticket);
        }
    }

    /// Somebody has come in by this key, or has come back.
    pub(super) fn admitted(
        &mut self,
        world: usize,
        uid: Uid,
        (connection, key): (ConnectionId, HandshakeKey),
    ) -> Result<(), Broken> {
        ensure(!self.fenced.contains(&key.0), FENCED, || format!("{uid:?} in world {world}"))?;
        let at = (world, uid.0);
        let ticket = self.tickets.get(&at).filter(|ticket| ticket.key == key);
        let by = ticket.map_or(ClaimNumber(0), |ticket| ticket.claim);
        let before = self.seats.get(&at).map_or(ClaimNumber(0), |seat| seat.newest);
        let claimant = ticket.map(|ticket| ticket.on);
        let seat = Seat { newest: by.max(before), by, claimant, connection: Some(connection) };
        self.tickets.remove(&at);
        self.seats.insert(at, seat);
        Ok(())
    }

    /// Somebody has lost its connection, and has its seat; `is_up` tells whether a link stands.
    pub(super) fn lost(
        &mut self,
        world: usize,
        uid: Uid,
        cause: Option<ConnectionId>,
        is_up: impl Fn(ConnectionId) -> bool,
    ) -> Result<(), Broken> {
        self.check_put_out(world, uid, cause, is_up)?;
        if let Some(seat) = self.seats.get_mut(&(world, uid.0)) {
            seat.connection = None;
        }
        Ok(())
    }

    /// Somebody has no seat any more.
    pub(super) fn left(
        &mut self,
        world: usize,
        uid: Uid,
        cause: Option<ConnectionId>,
        is_up: impl Fn(ConnectionId) -> bool,
    ) -> Result<(), Broken> {
        self.check_put_out(world, uid, cause, is_up)?;
        self.seats.remove(&(world, uid.0));
        Ok(())
    }

    fn check_put_out(
        &self,
        world: usize,
        uid: Uid,
        cause: Option<ConnectionId>,
        is_up: impl Fn(ConnectionId) -> bool,
    ) -> Result<(), Broken> {
        let Some(link) = cause.and_then(|link| self.links.get(&link)) else { return Ok(()) };
        let Some(seat) = self.seats.get(&(world, uid.0)) else { return Ok(()) };
        let Some((_, reason)) = link.detached.filter(|(detached, _)| *detached == uid) else {
            return Ok(());
        };
        let claim = link.claim_of(uid);
        let is_verdict = matches!(reason, ErrorCode::REVOKED | ErrorCode::BANNED);
        let is_judged = is_verdict && claim.0 == 0 && !seat.claimant.is_some_and(is_up);
        ensure(is_judged || claim >= seat.newest, PUT_OUT, || {
            format!(
                "{uid:?} is out of world {world} by {claim:?} for {reason:?}, and is there by {:?}",
                seat.newest
            )
        })
    }

    /// A room has been opened by name, for what has come on this link.
    pub(super) fn opened(&mut self, world: usize, on: ConnectionId) -> Result<(), Broken> {
        let claim = self.links.get(&on).map_or(ClaimNumber(0), |link| link.attached_under);
        let is_new = claim.0 == 0 || self.opened.insert((world, claim.0));
        ensure(is_new, REOPENED, || format!("{claim:?} in world {world}"))
    }

    /// The turn is over in which a world may have heard of newer claims.
    pub(crate) fn check_ghosts(&mut self) -> Result<(), Broken> {
        for (world, uid, connection) in std::mem::take(&mut self.ghosts) {
            let seat = self.seats.get(&(world, uid.0));
            let is_out = seat.is_none_or(|seat| seat.connection != Some(connection));
            ensure(is_out, GHOST, || format!("{uid:?} is in world {world}"))?;
        }
        Ok(())
    }

    /// By which claim somebody is there.
    pub(super) fn claim_at(&self, world: usize, uid: Uid) -> Option<ClaimNumber> {
        let seat = self.seats.get(&(world, uid.0))?;
        seat.connection.is_some().then_some(seat.by)
    }
}

impl Link {
    fn claim_of(&self, uid: Uid) -> ClaimNumber {
        let named = self.named.filter(|(named, _)| *named == uid);
        named.map_or(ClaimNumber(0), |(_, claim)| claim)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ON: (usize, ConnectionId) = (0, ConnectionId(1));
    const OTHER: (usize, ConnectionId) = (0, ConnectionId(2));
    const PLAYER: ConnectionId = ConnectionId(9);

    fn say(claims: &mut Claims, on: (usize, ConnectionId), said: &OfMain) {
        claims.hear(on, said, |_| false);
    }

    fn attach(claims: &mut Claims, on: (usize, ConnectionId), claim: u64) -> HandshakeKey {
        let key = HandshakeKey([claim as u8; 32]);
        say(claims, on, &OfMain::Claimed(Uid(7), ClaimNumber(claim)));
        say(claims, on, &OfMain::Attach { uid: Uid(7), key, room: RoomName::new() });
        key
    }

    #[test]
    fn an_older_ticket_admits_nobody_and_puts_nobody_out() {
        let mut claims = Claims::default();
        let newer = attach(&mut claims, ON, 5);
        claims.admitted(0, Uid(7), (PLAYER, newer)).unwrap();
        let older = attach(&mut claims, OTHER, 4);
        assert_eq!(claims.refusals, 1);
        say(&mut claims, OTHER, &OfMain::Detach(Uid(7), ErrorCode::REVOKED));
        let out = claims.left(0, Uid(7), Some(OTHER.1), |_| false).unwrap_err();
        assert_eq!(out.invariant, PUT_OUT);
        assert_eq!(claims.admitted(0, Uid(7), (PLAYER, older)).unwrap_err().invariant, FENCED);
    }

    #[test]
    fn a_newer_claim_makes_a_ghost() {
        let mut claims = Claims::default();
        let older = attach(&mut claims, ON, 4);
        claims.admitted(0, Uid(7), (PLAYER, older)).unwrap();
        say(&mut claims, OTHER, &OfMain::Claimed(Uid(7), ClaimNumber(5)));
        assert_eq!(claims.check_ghosts().unwrap_err().invariant, GHOST);
        say(&mut claims, OTHER, &OfMain::Claimed(Uid(7), ClaimNumber(6)));
        claims.lost(0, Uid(7), Some(OTHER.1), |_| true).unwrap();
        claims.check_ghosts().unwrap();
    }

    /// Who has no claim may say that somebody is revoked, once nobody is there who has attached it.
    #[test]
    fn whom_nobody_has_attached_who_is_there_is_judged_by_all() {
        for (reason, claimant_is_up, is_right) in [
            (ErrorCode::REVOKED, false, true),
            (ErrorCode::BANNED, false, true),
            (ErrorCode::REVOKED, true, false),
            (ErrorCode::REPLACED, false, false),
        ] {
            let mut claims = Claims::default();
            let key = attach(&mut claims, ON, 5);
            claims.admitted(0, Uid(7), (PLAYER, key)).unwrap();
            say(&mut claims, OTHER, &OfMain::Detach(Uid(7), reason));
            let is_up = |link| link != ON.1 || claimant_is_up;
            let out = claims.left(0, Uid(7), Some(OTHER.1), is_up);
            assert_eq!(out.is_ok(), is_right, "{reason:?}");
        }
    }

    #[test]
    fn a_room_is_opened_once_under_a_number() {
        let mut claims = Claims::default();
        say(&mut claims, ON, &OfMain::RoomClaimed(ClaimNumber(3)));
        attach(&mut claims, ON, 4);
        claims.opened(0, ON.1).unwrap();
        say(&mut claims, ON, &OfMain::RoomClaimed(ClaimNumber(3)));
        attach(&mut claims, ON, 4);
        assert_eq!(claims.opened(0, ON.1).unwrap_err().invariant, REOPENED);
        claims.world_starts(0);
        claims.opened(0, ON.1).unwrap();
    }
}
