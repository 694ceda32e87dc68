//! `Journal`: what games and clients have seen, for the checks to read behind every turn.
//!
//! Purpose: the only way in which nodes and checks talk. A game notes what it took, a client what it
//! heard; the host notes beforehand which connection it is acting for.

use std::cell::{Cell, RefCell};

use tinyrealm_core::protocol::world_to_client::{JoinOk, RoomSnapshot};
use tinyrealm_core::protocol::{ErrorCode, HandshakeKey, JoinDenial, MemberState, Token, Uid};

use crate::ids::{ConnectionId, HostId};
use crate::speech::Speech;
use crate::trace::What;

/// Something that a client has heard.
#[derive(Debug)]
pub(crate) enum Heard {
    Welcome(Uid),
    /// The token that came with a welcome.
    Token(Token),
    /// Main has sent the client to this world, with this key.
    SentTo(HostId, HandshakeKey),
    Joined(JoinOk),
    Snapshot(Box<RoomSnapshot>),
    Entered(MemberState),
    Left(Uid),
    Moved(MemberState),
    Said(Uid, Option<Speech>),
    JoinDenied(JoinDenial),
    EnterRefused(ErrorCode),
    Refused(ErrorCode),
    MainLost(ErrorCode),
    WorldLost(ErrorCode),
    Stopped(ErrorCode),
}

/// Something that has happened in a room.
#[derive(Copy, Clone, Debug)]
pub(crate) enum InRoom {
    Entered(Uid),
    Left(Uid),
    /// The game has taken a move.
    Moved(MemberState),
    /// The game has taken an event.
    Said(Uid, Option<Speech>),
}

/// One note.
#[derive(Debug)]
pub(crate) enum Fact {
    Room { world: usize, room: u16, what: InRoom },
    Client { visitor: usize, heard: Heard },
}

/// A note, and the connection that its host was acting for.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) cause: Option<ConnectionId>,
    pub(crate) fact: Fact,
}

/// The notes of one turn; see the [module](self).
#[derive(Debug, Default)]
pub(crate) struct Journal {
    cause: Cell<Option<ConnectionId>>,
    entries: RefCell<Vec<Entry>>,
}

impl Journal {
    /// What is noted from here on happens because of this connection.
    pub(crate) fn set_cause(&self, cause: Option<ConnectionId>) {
        self.cause.set(cause);
    }

    pub(crate) fn note(&self, fact: Fact) {
        self.entries.borrow_mut().push(Entry { cause: self.cause.get(), fact });
    }

    pub(crate) fn take(&self) -> Vec<Entry> {
        self.entries.take()
    }
}

impl Entry {
    /// Its line in the trace; what is only remembered has none.
    pub(crate) fn line(&self) -> Option<(HostId, What)> {
        Some(match &self.fact {
            Fact::Room { world, room, what } => (HostId::world(*world), what.line(*room)),
            Fact::Client { visitor, heard } => (HostId::visitor(*visitor), heard.line(self.cause)?),
        })
    }
}

impl InRoom {
    fn line(&self, room: u16) -> What {
        match *self {
            Self::Entered(uid) => What::Entered { room, uid },
            Self::Left(uid) => What::Left { room, uid },
            Self::Moved(to) => What::MoveTaken { uid: to.uid, number: to.pos.x },
            Self::Said(uid, speech) => {
                What::EventTaken { uid, number: speech.map_or(0, |speech| speech.number) }
            }
        }
    }
}

impl Heard {
    fn line(&self, connection: Option<ConnectionId>) -> Option<What> {
        Some(match self {
            Self::Token(_) | Self::SentTo(..) => return None,
            Self::Welcome(uid) => What::HeardWelcome(*uid),
            Self::Joined(join) => What::HeardJoined { connection, room: join.room_id.0 },
            Self::Snapshot(page) => What::HeardSnapshot {
                members: page.members.len() as u16,
                missed_events: page.missed_events,
            },
            Self::Entered(member) => What::HeardEntered(member.uid),
            Self::Left(uid) => What::HeardLeft(*uid),
            Self::Moved(member) => What::HeardMoved { uid: member.uid, number: member.pos.x },
            Self::Said(uid, speech) => {
                What::HeardSaid { uid: *uid, number: speech.map_or(0, |speech| speech.number) }
            }
            Self::JoinDenied(denial) => What::HeardJoinDenied(*denial),
            Self::EnterRefused(code) => What::HeardEnterRefused(*code),
            Self::Refused(code) => What::HeardRefused(*code),
            Self::MainLost(code) => What::HeardMainLost(*code),
            Self::WorldLost(code) => What::HeardWorldLost(*code),
            Self::Stopped(code) => What::HeardStopped(*code),
        })
    }
}
