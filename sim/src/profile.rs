//! `Profile`: which weather a realm lives in. The seed picks one.
//!
//! Purpose: some invariants hold in any weather, others only while nothing is lost between the
//! servers. A run knows which it may insist on ([`Profile::is_orderly`], [`Profile::is_kind`]).

use tinyrealm_testing::{Random, StoreWeather};

/// The kinds of faults that a run may have.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Profile {
    /// Delays and cut segments, but nothing fails and everybody reads; operators do what they do.
    Calm,
    /// Clients stop reading for seconds, transports and pools are small, accounts are read slowly.
    Slow,
    /// Long delays, resets, dials that fail, half-open connections, clients that crash, links that somebody changes.
    Lossy,
    /// Hosts can't reach each other for a while.
    Partitions,
    /// Servers crash and start again with empty memories; clients crash; accounts can't be read.
    Crashes,
    /// All of it.
    Everything,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 6] =
        [Self::Calm, Self::Slow, Self::Lossy, Self::Partitions, Self::Crashes, Self::Everything];

    /// Servers reach each other in time, always: a user is in one world at most, at any moment.
    pub const fn is_orderly(self) -> bool {
        matches!(self, Self::Calm | Self::Slow)
    }

    /// Nobody has a reason to end a connection that its owner wants to keep.
    pub const fn is_kind(self) -> bool {
        matches!(self, Self::Calm)
    }

    /// Servers end, and start again.
    pub(crate) const fn loses_servers(self) -> bool {
        matches!(self, Self::Crashes | Self::Everything)
    }

    pub(crate) fn pick(random: &mut Random) -> Self {
        random.pick(&Self::ALL).unwrap_or(Self::Calm)
    }

    /// How the stores of worlds are.
    pub(crate) const fn store(self) -> StoreWeather {
        match self {
            Self::Calm => StoreWeather { delay_most_ms: 20, failures_permille: 0 },
            _ => StoreWeather::ROUGH,
        }
    }

    pub(crate) fn weather(self) -> Weather {
        let calm = Weather::CALM;
        match self {
            Self::Calm => calm,
            Self::Slow => Weather {
                faults: SLOW,
                fault_interval_us: (10_000, 100_000),
                short_write_permille: 50,
                buffer_bytes: (600, 2_000),
                ..calm
            },
            Self::Lossy => Weather { faults: LOSSY, ..ROUGH },
            Self::Partitions => {
                Weather { faults: PARTITIONS, fault_interval_us: (50_000, 800_000), ..ROUGH }
            }
            Self::Crashes => {
                Weather { faults: CRASHES, fault_interval_us: (50_000, 600_000), ..ROUGH }
            }
            Self::Everything => Weather { faults: EVERYTHING, ..ROUGH },
        }
    }
}

/// One thing that can go wrong.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum FaultKind {
    /// One side of a connection stops reading for a while.
    PauseReader,
    /// A connection is reset: both sides are told.
    Reset,
    /// A connection dies and one side is told.
    HalfOpen,
    /// A connection dies and nobody is told.
    Vanish,
    /// One end of a link between servers stops reading for a while.
    PauseServer,
    /// Two servers that have a link can't reach each other.
    PartServers,
    /// A visitor and a server can't reach each other.
    PartVisitor,
    /// A server can't be reached by anybody.
    Isolate,
    /// A Main crashes, and starts again.
    CrashMain,
    /// A world crashes, and starts again.
    CrashWorld,
    /// Login crashes, and starts again; its store outlives it.
    CrashLogin,
    /// The chat server crashes, and starts again without its channels.
    CrashChat,
    /// A server is closed down in good order, and starts again.
    CloseServer,
    /// A visitor crashes.
    CrashVisitor,
    /// A host does nothing for a while.
    Stall,
    /// A world takes bytes and answers nothing, for longer than anybody waits for it.
    HangWorld,
    /// Accounts are read slowly for a while.
    SlowStore,
    /// Accounts can't be read for a while.
    FailingStore,
    /// Every token is worth nothing from now on.
    ExpireTokens,
    /// An operator ends the rights of one user, or of some at once.
    RevokeUsers,
    /// Somebody on the way changes what is said on a sealed link, between servers or of a player.
    Meddle,
    /// A Main does not reach the directory.
    PartDirectory,
    /// The directory is down for a while, and may have lost its keys.
    StopDirectory,
    /// It takes its time.
    SlowDirectory,
    /// What is read there may be old.
    OldDirectory,
}

impl FaultKind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Self; 25] = [
        Self::PauseReader,
        Self::Reset,
        Self::HalfOpen,
        Self::Vanish,
        Self::PauseServer,
        Self::PartServers,
        Self::PartVisitor,
        Self::Isolate,
        Self::CrashMain,
        Self::CrashWorld,
        Self::CrashLogin,
        Self::CrashChat,
        Self::CloseServer,
        Self::CrashVisitor,
        Self::Stall,
        Self::HangWorld,
        Self::SlowStore,
        Self::FailingStore,
        Self::ExpireTokens,
        Self::RevokeUsers,
        Self::Meddle,
        Self::PartDirectory,
        Self::StopDirectory,
        Self::SlowDirectory,
        Self::OldDirectory,
    ];
}

/// What the network and the hosts do of themselves; ranges include both ends.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Weather {
    /// Kinds of faults, with how often each comes.
    pub(crate) faults: &'static [(FaultKind, u32)],
    pub(crate) fault_interval_us: (u64, u64),
    /// A connection's own delay, one way.
    pub(crate) latency_us: (u64, u64),
    /// What comes on top, for each segment.
    pub(crate) jitter_us: (u64, u64),
    /// Segments that have to be sent again.
    pub(crate) resend_permille: u32,
    pub(crate) resend_us: (u64, u64),
    /// Writes that take less than there is room for.
    pub(crate) short_write_permille: u32,
    /// Writes that arrive in more than one segment.
    pub(crate) split_permille: u32,
    /// What a connection holds in each direction, between a write and a read.
    pub(crate) buffer_bytes: (u64, u64),
    /// Dials that are refused.
    pub(crate) dial_refused_permille: u32,
    /// Dials that nobody answers.
    pub(crate) dial_lost_permille: u32,
    /// Dials that are accepted, and the dialer never learns it.
    pub(crate) dial_half_permille: u32,
}

impl Weather {
    const CALM: Self = Self {
        faults: CALM,
        fault_interval_us: (500_000, 1_500_000),
        latency_us: (200, 30_000),
        jitter_us: (0, 4_000),
        resend_permille: 0,
        resend_us: (0, 0),
        short_write_permille: 20,
        split_permille: 150,
        buffer_bytes: (4_000, 16_000),
        dial_refused_permille: 0,
        dial_lost_permille: 0,
        dial_half_permille: 0,
    };
}

const ROUGH: Weather = Weather {
    fault_interval_us: (20_000, 400_000),
    latency_us: (200, 80_000),
    jitter_us: (0, 15_000),
    resend_permille: 10,
    resend_us: (100_000, 500_000),
    short_write_permille: 50,
    buffer_bytes: (600, 4_000),
    dial_refused_permille: 40,
    dial_lost_permille: 30,
    dial_half_permille: 30,
    ..Weather::CALM
};

const CALM: &[(FaultKind, u32)] = &[(FaultKind::RevokeUsers, 1)];

const SLOW: &[(FaultKind, u32)] = &[
    (FaultKind::PauseReader, 40),
    (FaultKind::SlowStore, 1),
    (FaultKind::ExpireTokens, 1),
    (FaultKind::RevokeUsers, 2),
];

const LOSSY: &[(FaultKind, u32)] = &[
    (FaultKind::Reset, 8),
    (FaultKind::HalfOpen, 6),
    (FaultKind::Vanish, 4),
    (FaultKind::PauseReader, 6),
    (FaultKind::PauseServer, 2),
    (FaultKind::CrashVisitor, 3),
    (FaultKind::RevokeUsers, 1),
    (FaultKind::Meddle, 4),
    (FaultKind::SlowDirectory, 1),
    (FaultKind::OldDirectory, 2),
];

const PARTITIONS: &[(FaultKind, u32)] = &[
    (FaultKind::PartServers, 3),
    (FaultKind::PartVisitor, 6),
    (FaultKind::Isolate, 1),
    (FaultKind::HangWorld, 2),
    (FaultKind::PauseReader, 2),
    (FaultKind::RevokeUsers, 2),
    (FaultKind::PartDirectory, 3),
    (FaultKind::OldDirectory, 1),
];

const CRASHES: &[(FaultKind, u32)] = &[
    (FaultKind::CrashMain, 2),
    (FaultKind::CrashWorld, 2),
    (FaultKind::CrashLogin, 1),
    (FaultKind::CrashChat, 2),
    (FaultKind::CloseServer, 2),
    (FaultKind::CrashVisitor, 6),
    (FaultKind::HangWorld, 2),
    (FaultKind::PauseReader, 2),
    (FaultKind::FailingStore, 1),
    (FaultKind::ExpireTokens, 1),
    (FaultKind::RevokeUsers, 2),
    (FaultKind::Meddle, 1),
    (FaultKind::StopDirectory, 2),
];

const EVERYTHING: &[(FaultKind, u32)] = &[
    (FaultKind::PauseReader, 6),
    (FaultKind::Reset, 6),
    (FaultKind::HalfOpen, 4),
    (FaultKind::Vanish, 3),
    (FaultKind::PauseServer, 2),
    (FaultKind::PartServers, 3),
    (FaultKind::PartVisitor, 4),
    (FaultKind::Isolate, 1),
    (FaultKind::CrashMain, 2),
    (FaultKind::CrashWorld, 2),
    (FaultKind::CrashLogin, 1),
    (FaultKind::CrashChat, 2),
    (FaultKind::CloseServer, 1),
    (FaultKind::CrashVisitor, 4),
    (FaultKind::Stall, 4),
    (FaultKind::HangWorld, 2),
    (FaultKind::SlowStore, 1),
    (FaultKind::FailingStore, 1),
    (FaultKind::ExpireTokens, 1),
    (FaultKind::RevokeUsers, 2),
    (FaultKind::Meddle, 3),
    (FaultKind::PartDirectory, 2),
    (FaultKind::StopDirectory, 1),
    (FaultKind::SlowDirectory, 1),
    (FaultKind::OldDirectory, 2),
];
