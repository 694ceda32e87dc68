//! `Provisioner`: the desktop's end of the line: says settings to a board in set-up mode.
//!
//! ```text
//! Hello ──► Put … Put ──► Save ──► Restart ──► Done
//!   ▲         │             │
//!   └─────────┴─────────────┘ no answer several times, or `no torn`: the board has begun anew
//! ```
//! Contract: whatever the line does, it ends within the patience that it is given without a board, and with one within `ROUNDS_MAX` attempts, each of
//! which ends. `Done` means that the board has said it has them all.

use core::fmt::{self, Display, Formatter};

use crate::encoding::{SETTINGS_MAX_BYTES, check_of, encode};
use crate::line::{
    Answer, CHUNK_MAX_BYTES, Chunk, Incoming, NAME_MAX_BYTES, Outgoing, Refusal, Request, State,
};
use crate::settings::Settings;
use crate::wrong::Wrong;

/// How long an answer is waited for before the request is said again.
pub const ANSWER_MS: u32 = 200;
/// How long a board that has been heard may say nothing.
pub const SILENCE_MS: u32 = 5_000;
/// A request that is not answered so often is given up: the board may have begun anew. Saving takes as long as an erase.
const TRIES_MAX: u8 = 15;
/// A restart is answered at once, or the board has restarted.
const RESTART_TRIES_MAX: u8 = 3;
/// How often it begins again with a board.
const ROUNDS_MAX: u8 = 8;

/// Where it is.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// It goes on.
    Talking,
    /// The board has the settings, and has been told to restart.
    Done,
    /// It has none of them, as far as it has said.
    Failed(Failure),
}

/// Why a board has no settings.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Failure {
    /// No board in set-up mode was heard.
    Nobody,
    /// It was, and then it was not any more.
    Silent,
    /// It has begun anew time and again, or the line is too bad.
    Unsteady,
    /// It says no.
    Refused(Refusal),
}

impl core::error::Error for Failure {}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Nobody => "no board in set-up mode answers",
            Self::Silent => {
                "the board has fallen silent; what it has is what it had, or all of this"
            }
            Self::Unsteady => "the board begins anew time and again, or the line is too bad",
            Self::Refused(Refusal::Torn) => "the board did not get all of it",
            Self::Refused(Refusal::Unknown) => {
                "the board's image is older than some of these settings"
            }
            Self::Refused(Refusal::Wrong(wrong)) => {
                return write!(f, "the board refuses `{}`: it {wrong}", wrong.key());
            }
            Self::Refused(Refusal::NoDhcp) => {
                "the board's image asks no network for an address: it is built without `dhcp`"
            }
            Self::Refused(Refusal::Flash) => {
                "the board's flash does not hold them: it may be worn out"
            }
        };
        f.write_str(text)
    }
}

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum At {
    Hello,
    Put(usize),
    Save,
    Restart,
    Over(Step),
}

/// A desktop's end of the line: says settings to a board in set-up mode, again and again if need be, and ends in time whatever that
/// does.
pub struct Provisioner {
    settings: [u8; SETTINGS_MAX_BYTES],
    length: usize,
    at: At,
    number: u8,
    tries: u8,
    rounds: u8,
    incoming: Incoming,
    outgoing: Outgoing,
    patience_ms: u32,
    is_due: bool,
    asked_at_ms: u32,
    /// Since when there has been nothing new.
    since_ms: u32,
    board: Option<State>,
    name: [u8; NAME_MAX_BYTES],
    name_length: usize,
}

impl Provisioner {
    /// Begins to say these settings, and waits so long for a board that hears them: somebody may have to reset it. The time is
    /// milliseconds that may wrap.
    ///
    /// # Errors
    /// No board may have them.
    pub fn new(settings: &Settings<'_>, patience_ms: u32, now_ms: u32) -> Result<Self, Wrong> {
        settings.check()?;
        let mut bytes = [0; SETTINGS_MAX_BYTES];
        // There is room for the longest that `check` lets pass.
        let length = encode(settings, &mut bytes).unwrap_or_default();
        Ok(Self {
            settings: bytes,
            length,
            at: At::Hello,
            number: 0,
            tries: 0,
            rounds: 0,
            incoming: Incoming::NEW,
            outgoing: Outgoing::NEW,
            patience_ms,
            is_due: true,
            asked_at_ms: now_ms,
            since_ms: now_ms,
            board: None,
            name: [0; NAME_MAX_BYTES],
            name_length: 0,
        })
    }

    /// The board that has answered: what it is called, and what it had.
    pub fn board(&self) -> Option<(&str, State)> {
        let name = core::str::from_utf8(self.name.get(..self.name_length)?).ok()?;
        Some((name, self.board?))
    }

    /// Whether the board has said that it has the settings: a line that ends then has ended by its restart.
    pub fn is_saved(&self) -> bool {
        matches!(self.at, At::Restart | At::Over(Step::Done))
    }

    /// Lets time pass, and answers where it is.
    pub fn step(&mut self, now_ms: u32) -> Step {
        if let At::Over(step) = self.at {
            return step;
        }
        let silent_ms = now_ms.wrapping_sub(self.since_ms);
        let most_ms = if self.board.is_none() { self.patience_ms } else { SILENCE_MS };
        if now_ms.wrapping_sub(self.asked_at_ms) >= ANSWER_MS {
            self.is_due = true;
        }
        if silent_ms >= most_ms {
            let failure = if self.board.is_none() { Failure::Nobody } else { Failure::Silent };
            self.at =
                At::Over(if self.at == At::Restart { Step::Done } else { Step::Failed(failure) });
        } else if self.is_due && self.at == At::Restart && self.tries >= RESTART_TRIES_MAX {
            self.at = At::Over(Step::Done);
        } else if self.is_due && self.at != At::Hello && self.tries >= TRIES_MAX {
            self.at = At::Hello;
            self.tries = 0;
        }
        if let At::Over(step) = self.at { step } else { Step::Talking }
    }

    /// In how many milliseconds [`step`](Self::step) is to be called again, at the latest.
    pub const fn next_ms(&self, now_ms: u32) -> u32 {
        ANSWER_MS.saturating_sub(now_ms.wrapping_sub(self.asked_at_ms))
    }

    /// Takes bytes of the line.
    pub fn received(&mut self, bytes: &[u8], now_ms: u32) {
        for byte in bytes {
            if !self.incoming.push(*byte) {
                continue;
            }
            let Some((number, answer)) = self.incoming.answer() else { continue };
            if number != self.number || self.tries == 0 {
                continue;
            }
            if let Answer::Board { name, .. } = answer {
                let length = name.len().min(NAME_MAX_BYTES);
                for (place, byte) in self.name.iter_mut().zip(name.bytes()) {
                    *place = byte;
                }
                self.name_length = length;
            }
            let next = self.next(answer_kind(answer));
            if let Some(next) = next {
                self.go(next, now_ms);
            }
        }
    }

    /// What the line is to carry.
    pub fn to_send(&mut self, now_ms: u32) -> &[u8] {
        if self.is_due && self.outgoing.to_send().is_empty() {
            self.ask(now_ms);
        }
        self.outgoing.to_send()
    }

    /// So many bytes of that have gone.
    pub const fn sent(&mut self, count: usize) {
        self.outgoing.sent(count);
    }

    fn ask(&mut self, now_ms: u32) {
        let request = match self.at {
            At::Hello => Request::Hello,
            At::Put(offset) => match self.chunk(offset) {
                Some(chunk) => Request::Put { offset: offset as u16, chunk },
                None => return,
            },
            At::Save => {
                let check = check_of(self.settings.get(..self.length).unwrap_or_default());
                Request::Save { length: self.length as u16, check }
            }
            At::Restart => Request::Restart,
            At::Over(_) => return,
        };
        self.outgoing.ask(self.number, &request);
        self.tries = self.tries.saturating_add(1);
        self.is_due = false;
        self.asked_at_ms = now_ms;
    }

    fn chunk(&self, offset: usize) -> Option<Chunk> {
        let end = self.length.min(offset + CHUNK_MAX_BYTES);
        Chunk::of(self.settings.get(offset..end)?)
    }

    /// What an answer to the request at hand leads to.
    fn next(&mut self, answer: Heard) -> Option<At> {
        match (self.at, answer) {
            (At::Hello, Heard::Board(state)) => {
                self.board = Some(state);
                self.rounds += 1;
                Some(if self.rounds > ROUNDS_MAX {
                    At::Over(Step::Failed(Failure::Unsteady))
                } else {
                    self.put_from(0)
                })
            }
            (At::Put(offset), Heard::Done) => Some(self.put_from(offset + CHUNK_MAX_BYTES)),
            (At::Save, Heard::Done) => Some(At::Restart),
            (At::Restart, Heard::Done) => Some(At::Over(Step::Done)),
            (At::Put(_) | At::Save, Heard::No(Refusal::Torn)) => Some(At::Hello),
            (At::Put(_) | At::Save, Heard::No(refusal)) => {
                Some(At::Over(Step::Failed(Failure::Refused(refusal))))
            }
            _ => None,
        }
    }

    const fn put_from(&self, offset: usize) -> At {
        if offset < self.length { At::Put(offset) } else { At::Save }
    }

    fn go(&mut self, at: At, now_ms: u32) {
        self.at = at;
        self.number = self.number.wrapping_add(1);
        self.tries = 0;
        self.is_due = true;
        self.since_ms = now_ms;
    }
}

/// An answer without what it borrows.
#[derive(Copy, Clone)]
enum Heard {
    Board(State),
    Done,
    No(Refusal),
}

const fn answer_kind(answer: Answer<'_>) -> Heard {
    match answer {
        Answer::Board { state, .. } => Heard::Board(state),
        Answer::Done => Heard::Done,
        Answer::No(refusal) => Heard::No(refusal),
    }
}
