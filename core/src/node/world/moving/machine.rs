//! Who has a room that moves: the two state machines, of the world that gives it and of the one that takes it.
//!
//! ```text
//!  source   Idle ─Asked► Freezing ─Settled► Copying ─Arrived► Giving ─Forgotten► Gone ─Opened► Leaving ─Late► Idle
//!            ▲              │                  │                 │                 │                  (members are told)
//!            ├──────────────┴──────────────────┴─────────────────┘                 │ Lost, Late
//!            │  Refused, Late, Cut, Needed: it plays on as if nothing had been     ▼
//!            └──────────────────────────────────────────────────────────────── it is told to be gone
//!
//!  target   Idle ─Begun► Building ─Complete► Arrived ─Gone► Idle: it plays
//!            ▲              │ Bad, Late, Kept    │ Kept, Late
//!            └──────────────┴────────────────────┘ what was built is forgotten
//! ```
//! Contract: **there is one decision, and it is the source's**: the step to `Gone`, when the copy has arrived whole and the
//! source's store has forgotten the room. Before it the source plays on whenever it likes, and never behind it; the target
//! plays behind the word `Gone` alone, which nobody but the source says. Main carries words, decides nothing, and may die at
//! any time: each word is said again until it is answered, by whichever Main there is. So two never play, whatever is lost,
//! repeated, or too late. A target that hears nothing forgets what it has after a time; whether the source had given the
//! room by then it can't know, so safety goes first: then the room is told to be gone.
//!
//! Bounds: one move each way at a time, and the numbers of [`PAST_MOVES`] former ones.

use crate::protocol::WorldId;

/// How many of its former moves a world remembers, each way.
pub const PAST_MOVES: usize = 8;

/// Which move.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct MoveId {
    /// Main's, of chance.
    pub number: u32,
    /// The world at its other end.
    pub peer: WorldId,
}

/// The last few of something, the oldest of which gives way.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
struct Past {
    moves: [Option<MoveId>; PAST_MOVES],
}

impl Past {
    const NONE: Self = Self { moves: [None; PAST_MOVES] };

    fn add(&mut self, id: MoveId) {
        self.moves.rotate_right(1);
        if let Some(first) = self.moves.first_mut() {
            *first = Some(id);
        }
    }

    fn has(&self, id: MoveId) -> bool {
        self.moves.contains(&Some(id))
    }
}

/// Where a source is.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SourcePhase {
    /// Nothing moves away.
    Idle,
    /// Its room stands still, and waits for what its game has under way.
    Freezing,
    /// Its room is being copied, block by block.
    Copying,
    /// The copy is there: its store is to forget the room.
    Giving,
    /// The room is not its any more; its members are still connected.
    Gone,
    /// The other world plays it, and the members are on their way.
    Leaving,
}

/// What happens to a source.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SourceEvent {
    /// Main asks for it.
    Asked,
    /// Nothing is under way any more.
    Settled,
    /// The target has the whole copy.
    Arrived,
    /// The target does not take it.
    Refused,
    /// The store has forgotten the room.
    Forgotten,
    /// The target plays it.
    Opened,
    /// The target knows nothing of it.
    Lost,
    /// Its time is over.
    Late,
    /// The link to the Main that has asked is lost.
    Cut,
    /// Somebody has to leave the room, or the world ends.
    Needed,
}

/// What a source does.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum SourceAct {
    /// Nothing.
    Nothing,
    /// The room stands still.
    Freeze,
    /// The room is written, and its first block said.
    Copy,
    /// The store is to forget the room.
    Forget,
    /// It says that the room is the target's.
    SayGone,
    /// It says that the room is its own.
    SayKept,
    /// The room goes on here, and it says so.
    Resume,
    /// Members have a moment to go by themselves.
    Linger,
    /// The room ends here; the other world has it.
    EndMoved,
    /// The room ends here, and nobody has it.
    EndLost,
}

/// A world's side of giving rooms.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Source {
    phase: SourcePhase,
    id: MoveId,
    given: Past,
}

impl Default for Source {
    fn default() -> Self {
        Self::IDLE
    }
}

impl Source {
    /// One that has given nothing.
    pub const IDLE: Self = Self {
        phase: SourcePhase::Idle,
        id: MoveId { number: 0, peer: WorldId(0) },
        given: Past::NONE,
    };

    /// Where it is.
    pub const fn phase(&self) -> SourcePhase {
        self.phase
    }

    /// Which move it is about, or was last.
    pub const fn id(&self) -> MoveId {
        self.id
    }

    /// Whether the room may still be played here.
    pub const fn may_resume(&self) -> bool {
        matches!(self.phase, SourcePhase::Freezing | SourcePhase::Copying | SourcePhase::Giving)
    }

    /// Something happens, of the move `id`.
    pub fn hear(&mut self, id: MoveId, event: SourceEvent) -> SourceAct {
        if self.phase == SourcePhase::Idle || id != self.id {
            return self.hear_of_another(id, event);
        }
        let (phase, act) = next_of_source(self.phase, event);
        self.phase = phase;
        if act == SourceAct::SayGone && !self.given.has(id) {
            self.given.add(id);
        }
        act
    }

    fn hear_of_another(&mut self, id: MoveId, event: SourceEvent) -> SourceAct {
        match event {
            SourceEvent::Asked if self.phase == SourcePhase::Idle && !self.given.has(id) => {
                (self.phase, self.id) = (SourcePhase::Freezing, id);
                SourceAct::Freeze
            }
            SourceEvent::Arrived if self.given.has(id) => SourceAct::SayGone,
            SourceEvent::Asked | SourceEvent::Arrived => SourceAct::SayKept,
            _ => SourceAct::Nothing,
        }
    }
}

const fn next_of_source(phase: SourcePhase, event: SourceEvent) -> (SourcePhase, SourceAct) {
    use SourceAct as Act;
    use SourceEvent as Event;
    use SourcePhase as Phase;
    match (phase, event) {
        (Phase::Freezing, Event::Settled) => (Phase::Copying, Act::Copy),
        (Phase::Copying, Event::Arrived) => (Phase::Giving, Act::Forget),
        (Phase::Giving, Event::Forgotten) => (Phase::Gone, Act::SayGone),
        (Phase::Gone, Event::Arrived) => (Phase::Gone, Act::SayGone),
        (
            Phase::Freezing | Phase::Copying | Phase::Giving,
            Event::Refused | Event::Late | Event::Cut | Event::Needed,
        ) => (Phase::Idle, Act::Resume),
        (Phase::Gone, Event::Opened) => (Phase::Leaving, Act::Linger),
        (Phase::Gone, Event::Lost) => (Phase::Idle, Act::EndLost),
        (Phase::Gone | Phase::Leaving, Event::Late) => (Phase::Idle, Act::EndMoved),
        (
            Phase::Idle
            | Phase::Freezing
            | Phase::Copying
            | Phase::Giving
            | Phase::Gone
            | Phase::Leaving,
            _,
        ) => (phase, Act::Nothing),
    }
}

/// Where a target is.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TargetPhase {
    /// Nothing comes.
    Idle,
    /// A room is being built.
    Building,
    /// It is there, and nobody plays it.
    Arrived,
}

/// What happens to a target.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TargetEvent {
    /// The first block has come.
    Begun,
    /// All of it is there.
    Complete,
    /// What has come is no room for this world.
    Bad,
    /// The source has given it.
    Gone,
    /// The source plays it.
    Kept,
    /// Its time is over.
    Late,
}

/// What a target does.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum TargetAct {
    /// Nothing.
    Nothing,
    /// The room is begun.
    Build,
    /// It says that it has all of it.
    SayArrived,
    /// What was built is forgotten.
    Undo,
    /// What was built is forgotten, and it says why.
    Refuse,
    /// It is busy with another one, and says so.
    SayBusy,
    /// The room is played here, and it says so.
    Open,
    /// It says that it plays it.
    SayOpened,
    /// It says that it knows nothing of it.
    SayLost,
}

/// A world's side of taking rooms.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Target {
    phase: TargetPhase,
    id: MoveId,
    opened: Past,
}

impl Default for Target {
    fn default() -> Self {
        Self::IDLE
    }
}

impl Target {
    /// One that has taken nothing.
    pub const IDLE: Self = Self {
        phase: TargetPhase::Idle,
        id: MoveId { number: 0, peer: WorldId(0) },
        opened: Past::NONE,
    };

    /// Where it is.
    pub const fn phase(&self) -> TargetPhase {
        self.phase
    }

    /// Which move it is about, or was last.
    pub const fn id(&self) -> MoveId {
        self.id
    }

    /// Something happens, of the move `id`.
    pub fn hear(&mut self, id: MoveId, event: TargetEvent) -> TargetAct {
        if self.phase == TargetPhase::Idle || id != self.id {
            return self.hear_of_another(id, event);
        }
        let (phase, act) = next_of_target(self.phase, event);
        self.phase = phase;
        if act == TargetAct::Open {
            self.opened.add(id);
        }
        act
    }

    fn hear_of_another(&mut self, id: MoveId, event: TargetEvent) -> TargetAct {
        match event {
            TargetEvent::Begun | TargetEvent::Gone if self.opened.has(id) => TargetAct::SayOpened,
            TargetEvent::Begun if self.phase == TargetPhase::Idle => {
                (self.phase, self.id) = (TargetPhase::Building, id);
                TargetAct::Build
            }
            TargetEvent::Begun => TargetAct::SayBusy,
            TargetEvent::Gone => TargetAct::SayLost,
            _ => TargetAct::Nothing,
        }
    }
}

const fn next_of_target(phase: TargetPhase, event: TargetEvent) -> (TargetPhase, TargetAct) {
    use TargetAct as Act;
    use TargetEvent as Event;
    use TargetPhase as Phase;
    match (phase, event) {
        (Phase::Building, Event::Complete) => (Phase::Arrived, Act::SayArrived),
        (Phase::Building, Event::Bad) => (Phase::Idle, Act::Refuse),
        (Phase::Arrived, Event::Begun | Event::Complete) => (Phase::Arrived, Act::SayArrived),
        (Phase::Arrived, Event::Gone) => (Phase::Idle, Act::Open),
        (Phase::Building | Phase::Arrived, Event::Kept | Event::Late) => (Phase::Idle, Act::Undo),
        (Phase::Idle | Phase::Building | Phase::Arrived, _) => (phase, Act::Nothing),
    }
}
