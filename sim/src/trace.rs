//! `Trace`: what happened, in one line each.
//!
//! Purpose: the last lines of a failed run tell its story; the hash over all lines tells whether two
//! runs were the same.
//!
//! Bounds: the last [`LINES_KEPT`] lines are kept, as small values; text is made only when somebody
//! reads it. With `TINYREALM_SIM_TRACE` set, every line goes to standard error at once.

use std::collections::VecDeque;
use std::fmt;
use std::hash::{Hash, Hasher};

use tinyrealm_core::node::directory::{Answer, NameAnswer};
use tinyrealm_core::protocol::{ErrorCode, JoinDenial, LoginDenial, Uid};

use crate::ids::{ConnectionId, HostId};
use crate::profile::FaultKind;
use crate::talk::{ChannelId, InChannel};

/// How many lines a failure shows.
pub(crate) const LINES_KEPT: usize = 120;

/// What a line says; its host is beside it.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum What {
    Dialed(ConnectionId, HostId),
    Accepted(ConnectionId),
    Connected(ConnectionId),
    ConnectFailed(ConnectionId),
    Received {
        connection: ConnectionId,
        bytes: u32,
        taken: u32,
    },
    Sent {
        connection: ConnectionId,
        offered: u32,
        taken: u32,
    },
    Ended(ConnectionId),
    WasReset(ConnectionId),
    Shut(ConnectionId),
    Dropped(ConnectionId),
    Writable(ConnectionId),
    Late(u16),
    Started,
    Crashed,
    /// Somebody listens in the place of a server that is down.
    Usurped,
    ShutDown,
    Fault(FaultKind),
    /// What the directory has said of a user's claim,
    Claims {
        uid: Uid,
        answer: Answer,
    },
    /// or of a room's name.
    Names {
        answer: NameAnswer,
    },
    Healed,
    LogsIn {
        account: u32,
        main: u16,
    },
    /// Login has handed out a password, or a token, to be looked at.
    HandedOut {
        job: u32,
    },
    /// What was handed out has an answer.
    Answered {
        job: u32,
    },
    /// An operator has ended this user's rights.
    Revoked(Uid),
    Asks {
        channel: ChannelId,
        about: i32,
        number: u32,
    },
    Numbered {
        channel: ChannelId,
        seq: u64,
        uid: Uid,
        number: u32,
    },
    /// A world's store has done a job, or not.
    Kept {
        is_done: bool,
    },
    Leaves,
    Retired,
    Entered {
        room: u16,
        uid: Uid,
    },
    Left {
        room: u16,
        uid: Uid,
    },
    Opened {
        room: u16,
    },
    Closed {
        room: u16,
    },
    /// A player wishes for another room: of this kind, of this number.
    Wishes {
        kind: u8,
        name: u8,
    },
    Watches {
        room: u16,
        uid: Uid,
    },
    InputTaken {
        uid: Uid,
        tick: u32,
    },
    Riddled {
        uid: Uid,
        number: u32,
    },
    Counters {
        uid: Uid,
        number: u32,
    },
    Countered {
        room: u16,
        number: u32,
    },
    Armed {
        room: u16,
        timer: u16,
    },
    Cancelled {
        room: u16,
        timer: u16,
    },
    Fired {
        room: u16,
        timer: u16,
    },
    Locked {
        room: u16,
        is_locked: bool,
    },
    Lost {
        room: u16,
        uid: Uid,
    },
    Returned {
        room: u16,
        uid: Uid,
    },
    MoveTaken {
        uid: Uid,
        number: i32,
    },
    EventTaken {
        uid: Uid,
        number: u32,
    },
    Shown {
        uid: Uid,
        number: u32,
    },
    HeardWelcome(Uid),
    HeardLoginDenied(LoginDenial),
    HeardLoginLost(ErrorCode),
    InChannel(ChannelId, InChannel),
    HeardJoined {
        connection: Option<ConnectionId>,
        room: u16,
    },
    HeardSnapshot {
        members: u16,
        missed_events: u32,
    },
    HeardEntered(Uid),
    HeardLeft(Uid),
    HeardThing {
        id: u16,
        is_put: bool,
    },
    HeardTally {
        uid: Uid,
        number: u32,
    },
    HeardComplete,
    HeardNamed(Uid),
    HeardInputAck(u32),
    HeardAnswered(u32),
    HeardRooms(u16),
    HeardAway(Uid),
    HeardBack(Uid),
    HeardMoved {
        uid: Uid,
        number: i32,
    },
    HeardSaid {
        uid: Uid,
        number: u32,
    },
    HeardJoinDenied(JoinDenial),
    HeardEnterRefused(ErrorCode),
    HeardRefused(ErrorCode),
    HeardMainLost(ErrorCode),
    HeardWorldLost(ErrorCode),
    HeardStopped(ErrorCode),
}

#[derive(Copy, Clone, Hash, Debug)]
struct Line {
    at_us: u64,
    host: HostId,
    what: What,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ms, us) = (self.at_us / 1_000, self.at_us % 1_000);
        write!(f, "{ms:>6}.{us:03} ms  {:<12} {:?}", format!("{:?}", self.host.role()), self.what)
    }
}

/// The lines of one run; see the [module](self).
#[derive(Debug)]
pub(crate) struct Trace {
    lines: VecDeque<Line>,
    hasher: Fnv,
    is_echoed: bool,
}

impl Trace {
    pub(crate) fn new() -> Self {
        let is_echoed = std::env::var_os("TINYREALM_SIM_TRACE").is_some();
        Self { lines: VecDeque::with_capacity(LINES_KEPT), hasher: Fnv::START, is_echoed }
    }

    pub(crate) fn note(&mut self, at_us: u64, host: HostId, what: What) {
        let line = Line { at_us, host, what };
        line.hash(&mut self.hasher);
        if self.is_echoed {
            eprintln!("{line}");
        }
        if self.lines.len() == LINES_KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    pub(crate) fn last_lines(&self) -> Vec<String> {
        self.lines.iter().map(Line::to_string).collect()
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hasher.finish()
    }
}

/// The FNV-1a hash: the same on every platform and in every version of the standard library.
#[derive(Debug)]
struct Fnv(u64);

impl Fnv {
    const START: Self = Self(0xCBF2_9CE4_8422_2325);

    const fn mix(&mut self, value: u64) {
        self.0 = (self.0 ^ value).wrapping_mul(0x0000_0100_0000_01B3);
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.mix(u64::from(*byte)));
    }

    fn write_u16(&mut self, value: u16) {
        self.mix(u64::from(value));
    }

    fn write_u32(&mut self, value: u32) {
        self.mix(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.mix(value);
    }

    fn write_isize(&mut self, value: isize) {
        self.mix(value as u64);
    }
}
