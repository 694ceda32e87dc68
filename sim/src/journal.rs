//! `Journal`: what games and clients have seen, for the checks to read behind every turn.
//!
//! Purpose: the only way in which nodes and checks talk. A game notes what it took, a client what it
//! heard; the host notes beforehand which connection it is acting for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tinyrealm_core::node::world::RecordId;
use tinyrealm_core::protocol::world_to_client::{JoinOk, RoomSnapshot};
use tinyrealm_core::protocol::{
    ClaimNumber, ErrorCode, HandshakeKey, JoinDenial, KeyId, LoginDenial, MemberState,
    ROOM_NAME_MAX_BYTES, Token, Uid,
};

use tinyrealm_core::time::Instant;
use tinyrealm_core::wire::Opcode;

use crate::actors::riddle::Outcome;
use crate::ids::{ConnectionId, HostId};
use crate::speech::Speech;
use crate::talk::{ChannelId, InChannel, Talk};
use crate::trace::What;

/// Something that a client has heard.
#[derive(Debug)]
pub(crate) enum Heard {
    Welcome(Uid),
    /// Whose token came with a welcome.
    Token(Uid, Token),
    LoginDenied(LoginDenial),
    LoginLost(ErrorCode),
    /// Main has sent the client to this world, with this key, which is called so.
    SentTo(HostId, KeyId, HandshakeKey),
    Joined(JoinOk),
    Snapshot(Box<RoomSnapshot>),
    Entered(MemberState),
    Left(Uid),
    /// A thing is put with this, or removed.
    Thing(u16, Option<Speech>),
    /// What a member shows is of this number.
    Tally(Uid, u32),
    /// With this all states have come.
    Complete,
    /// What a member is called, or it itself.
    Named(Uid, String),
    /// So far the room has got with its inputs.
    InputAck(u32),
    /// What has become of its question of this number.
    Answered(u32, Outcome),
    /// A page of rooms, and where the next one begins.
    Rooms(Vec<Listed>, u16),
    /// Somebody's connection is lost, and its seat is held.
    Away(Uid),
    /// Somebody who was away is back.
    Back(Uid),
    Moved(MemberState),
    Said(Uid, Option<Speech>),
    JoinDenied(JoinDenial),
    EnterRefused(ErrorCode),
    /// Why, and the opcode of what.
    Refused(ErrorCode, i32),
    MainLost(ErrorCode),
    WorldLost(ErrorCode),
    InChannel(ChannelId, InChannel),
    Stopped(ErrorCode),
}

/// A room on a list.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) name: String,
    pub(crate) mode: String,
    pub(crate) properties: Vec<u8>,
}

/// What a room is called; nothing for one without a name.
pub(crate) type RoomName = heapless::String<ROOM_NAME_MAX_BYTES>;

/// Something that has happened in a room.
#[derive(Clone, Debug)]
pub(crate) enum InRoom {
    Entered(MemberState),
    Left(Uid),
    /// The room is opened, with this name.
    Opened(RoomName),
    /// The room is given back.
    Closed,
    /// Whoever comes on this connection wants only to watch, or to play.
    Wants {
        watches: bool,
    },
    /// Somebody is in who only watches.
    Watches(Uid),
    /// Somebody has done what it said, or something else, at this tick.
    Did {
        uid: Uid,
        tick: u32,
        is_whole: bool,
    },
    /// Somebody has asked a riddle: whose it says that it is, and its number; or something else.
    Riddled {
        uid: Uid,
        riddle: Option<(Uid, u32)>,
    },
    /// The game asks somebody,
    Counters {
        uid: Uid,
        number: u32,
    },
    /// and so that has ended.
    Countered {
        number: u32,
        outcome: Outcome,
    },
    /// A timer is to fire then,
    Armed {
        timer: u16,
        due: Instant,
    },
    /// or not any more.
    Cancelled {
        timer: u16,
    },
    Fired {
        timer: u16,
        now: Instant,
    },
    /// Whether nobody more is let in.
    Locked(bool),
    /// The room goes on under its name, and `kept` is the one that was kept.
    Restored {
        kept: RoomName,
        name: RoomName,
    },
    /// The connection is lost, and the seat is held.
    Lost(Uid),
    /// Somebody is back in its seat.
    Returned(MemberState),
    /// The game has taken a move.
    Moved(MemberState),
    /// The game has taken an event.
    Said(Uid, Option<Speech>),
    /// The game shows what has come of that: see [`thing_of`](crate::actors::recorder::thing_of).
    Shown(Speech),
}

/// What a game asks of its store, or is told.
#[derive(Copy, Clone, Debug)]
pub(crate) enum InStore {
    /// This is kept.
    Saved(u64),
    /// This was found.
    Loaded(u64),
    /// This is to be recorded.
    Asked(RecordId),
    /// This is recorded.
    Recorded(RecordId),
}

/// What a Main has said to a world.
#[derive(Clone, Debug)]
pub(crate) enum OfMain {
    Claimed(Uid, ClaimNumber),
    RoomClaimed(ClaimNumber),
    Attach {
        uid: Uid,
        key: HandshakeKey,
        room: RoomName,
    },
    Detach(Uid, ErrorCode),
    /// The world has done what it was told last.
    Done,
}

/// One note.
#[derive(Debug)]
pub(crate) enum Fact {
    Room {
        world: usize,
        room: u16,
        what: InRoom,
    },
    Kept {
        world: usize,
        room: u16,
        what: InStore,
    },
    Client {
        visitor: usize,
        heard: Heard,
    },
    /// A Main has said this to a world.
    OfMain(OfMain),
    /// A server's link was ended for a proof that does not count.
    BadProof,
    /// Somebody has said this to a usurper.
    Confided(Opcode),
    /// The chat server has given a message its number.
    Numbered {
        channel: ChannelId,
        seq: u64,
        talk: Option<Talk>,
    },
}

/// A note, and the connection that its host was acting for.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) cause: Option<ConnectionId>,
    pub(crate) fact: Fact,
}

#[derive(Debug, Default)]
struct Notes {
    cause: Option<ConnectionId>,
    entries: Vec<Entry>,
}

/// The notes of one turn; see the [module](self). A world makes games from anywhere, so it is shared as if among
/// threads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Journal {
    notes: Arc<Mutex<Notes>>,
}

impl Journal {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is noted from here on happens because of this connection.
    pub(crate) fn set_cause(&self, cause: Option<ConnectionId>) {
        self.notes().cause = cause;
    }

    pub(crate) fn note(&self, fact: Fact) {
        let mut notes = self.notes();
        let cause = notes.cause;
        notes.entries.push(Entry { cause, fact });
    }

    pub(crate) fn take(&self) -> Vec<Entry> {
        std::mem::take(&mut self.notes().entries)
    }
}

impl Entry {
    /// Its line in the trace; what is only remembered has none.
    pub(crate) fn line(&self) -> Option<(HostId, What)> {
        Some(match &self.fact {
            Fact::Room { world, room, what } => (HostId::world(*world), what.line(*room)?),
            Fact::Kept { .. } | Fact::OfMain(_) | Fact::BadProof | Fact::Confided(_) => {
                return None;
            }
            Fact::Client { visitor, heard } => (HostId::visitor(*visitor), heard.line(self.cause)?),
            Fact::Numbered { channel, seq, talk } => {
                let (channel, seq) = (*channel, *seq);
                let (uid, number) = talk.map_or((Uid::NOBODY, 0), |talk| (talk.uid, talk.number));
                (HostId::CHAT, What::Numbered { channel, seq, uid, number })
            }
        })
    }
}

impl InRoom {
    fn line(&self, room: u16) -> Option<What> {
        Some(match *self {
            Self::Wants { .. } | Self::Restored { .. } => return None,
            Self::Watches(uid) => What::Watches { room, uid },
            Self::Did { uid, tick, .. } => What::InputTaken { uid, tick },
            Self::Riddled { uid, riddle } => {
                What::Riddled { uid, number: riddle.map_or(0, |(_, number)| number) }
            }
            Self::Counters { uid, number } => What::Counters { uid, number },
            Self::Countered { number, .. } => What::Countered { room, number },
            Self::Armed { timer, .. } => What::Armed { room, timer },
            Self::Cancelled { timer } => What::Cancelled { room, timer },
            Self::Fired { timer, .. } => What::Fired { room, timer },
            Self::Locked(is_locked) => What::Locked { room, is_locked },
            Self::Opened(_) => What::Opened { room },
            Self::Closed => What::Closed { room },
            Self::Entered(member) => What::Entered { room, uid: member.uid },
            Self::Left(uid) => What::Left { room, uid },
            Self::Lost(uid) => What::Lost { room, uid },
            Self::Returned(member) => What::Returned { room, uid: member.uid },
            Self::Moved(to) => What::MoveTaken { uid: to.uid, number: to.pos.x },
            Self::Said(uid, speech) => {
                What::EventTaken { uid, number: speech.map_or(0, |speech| speech.number) }
            }
            Self::Shown(Speech { uid, number }) => What::Shown { uid, number },
        })
    }
}

impl Heard {
    fn line(&self, connection: Option<ConnectionId>) -> Option<What> {
        Some(match self {
            Self::Token(..) | Self::SentTo(..) => return None,
            Self::Named(uid, _) => What::HeardNamed(*uid),
            Self::InputAck(tick) => What::HeardInputAck(*tick),
            Self::Answered(ask, _) => What::HeardAnswered(*ask),
            Self::Rooms(rooms, _) => What::HeardRooms(rooms.len() as u16),
            Self::Welcome(uid) => What::HeardWelcome(*uid),
            Self::LoginDenied(why) => What::HeardLoginDenied(*why),
            Self::LoginLost(code) => What::HeardLoginLost(*code),
            Self::InChannel(channel, heard) => What::InChannel(*channel, *heard),
            Self::Joined(join) => What::HeardJoined { connection, room: join.room_id.0 },
            Self::Snapshot(page) => What::HeardSnapshot {
                members: page.members.len() as u16,
                missed_events: page.missed_events,
            },
            Self::Entered(member) => What::HeardEntered(member.uid),
            Self::Left(uid) => What::HeardLeft(*uid),
            Self::Thing(id, mark) => What::HeardThing { id: *id, is_put: mark.is_some() },
            Self::Tally(uid, number) => What::HeardTally { uid: *uid, number: *number },
            Self::Complete => What::HeardComplete,
            Self::Away(uid) => What::HeardAway(*uid),
            Self::Back(uid) => What::HeardBack(*uid),
            Self::Moved(member) => What::HeardMoved { uid: member.uid, number: member.pos.x },
            Self::Said(uid, speech) => {
                What::HeardSaid { uid: *uid, number: speech.map_or(0, |speech| speech.number) }
            }
            Self::JoinDenied(denial) => What::HeardJoinDenied(*denial),
            Self::EnterRefused(code) => What::HeardEnterRefused(*code),
            Self::Refused(code, _) => What::HeardRefused(*code),
            Self::MainLost(code) => What::HeardMainLost(*code),
            Self::WorldLost(code) => What::HeardWorldLost(*code),
            Self::Stopped(code) => What::HeardStopped(*code),
        })
    }
}
