//! `MovingBook`: what a world remembers of a room that moves away, and of one that comes.

use super::emptying::Offering;
use super::frozen::{Cut, Written};
use super::machine::{Source, SourcePhase, Target, TargetPhase};
use crate::protocol::MoveWord;
use crate::time::Instant;

/// What is said until it is answered.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Saying {
    Nothing,
    /// The block that begins at the cut.
    Block,
    Word(MoveWord),
}

/// What one end of a move says to the other, by way of a Main.
#[derive(Copy, Clone, Debug)]
pub(super) struct Voice {
    pub(super) saying: Saying,
    /// The link has to take it still.
    pub(super) is_owed: bool,
    /// When it is said again.
    pub(super) again_at: Instant,
    /// The Main that has asked for the move, or has brought it.
    pub(super) main: u16,
}

impl Voice {
    const SILENT: Self =
        Self { saying: Saying::Nothing, is_owed: false, again_at: Instant::ZERO, main: 0 };

    /// That is said from now on.
    pub(super) const fn say(&mut self, saying: Saying) {
        self.saying = saying;
        self.is_owed = !matches!(saying, Saying::Nothing);
    }

    /// The link has taken it.
    pub(super) const fn is_said(&mut self, again_at: Instant) {
        self.is_owed = false;
        self.again_at = again_at;
    }

    /// When there is something to say again.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        (self.saying != Saying::Nothing && !self.is_owed).then_some(self.again_at)
    }
}

/// A room that moves away.
#[derive(Copy, Clone, Debug)]
pub(super) struct Leaving {
    pub(super) voice: Voice,
    /// When it is too late for what it is at.
    pub(super) until: Instant,
    /// When it is looked at again whether all is settled.
    pub(super) look_at: Instant,
    /// Until when its members may take what was said last.
    pub(super) heard_by: Instant,
    pub(super) written: Written,
    /// Where the block begins that is said,
    pub(super) cut: Cut,
    /// and which it is.
    pub(super) index: u16,
}

/// A room that comes.
#[derive(Copy, Clone, Debug)]
pub(super) struct Coming {
    pub(super) voice: Voice,
    pub(super) until: Instant,
    /// Which block is wanted next.
    pub(super) next: u16,
    /// How many bytes of what its game has written are to come, and how many are there.
    pub(super) state_bytes: u16,
    pub(super) state_there: u16,
    /// Its game has taken them.
    pub(super) is_restored: bool,
    /// How many members are to come.
    pub(super) members: u16,
}

/// A world's moves.
#[derive(Debug)]
pub(in super::super) struct MovingBook {
    pub(in super::super) source: Source,
    pub(super) leaving: Leaving,
    pub(in super::super) target: Target,
    pub(super) coming: Coming,
    pub(super) offering: Offering,
}

impl MovingBook {
    pub(in super::super) const NEW: Self = Self {
        source: Source::IDLE,
        leaving: Leaving {
            voice: Voice::SILENT,
            until: Instant::ZERO,
            look_at: Instant::ZERO,
            heard_by: Instant::ZERO,
            written: Written { start: 0, bytes: 0 },
            cut: Cut::Head,
            index: 0,
        },
        target: Target::IDLE,
        coming: Coming {
            voice: Voice::SILENT,
            until: Instant::ZERO,
            next: 0,
            state_bytes: 0,
            state_there: 0,
            is_restored: false,
            members: 0,
        },
        offering: Offering::NONE,
    };

    /// When something is due.
    pub(in super::super) fn next_deadline(&self) -> Option<Instant> {
        let phase = self.source.phase();
        let leaves = (phase != SourcePhase::Idle).then_some(self.leaving.until);
        let settles = (phase == SourcePhase::Freezing).then_some(self.leaving.look_at);
        let comes = (self.target.phase() != TargetPhase::Idle).then_some(self.coming.until);
        let offers = self.offering.next_deadline().filter(|_| phase == SourcePhase::Idle);
        let voices = [self.leaving.voice.next_deadline(), self.coming.voice.next_deadline()];
        [leaves, settles, comes, offers].into_iter().chain(voices).flatten().min()
    }
}
