//! `Console`: a board's end of its line while it is in set-up mode.
//!
//! Contract: what is told is checked, gathered, and checked as a whole; then the board is asked to save it. Before that
//! nothing of the board has changed, and whatever happens, nothing that was told is said.

use crate::encoding::{SETTINGS_MAX_BYTES, check_of, decode};
use crate::line::{Answer, Chunk, Incoming, Outgoing, Refusal, Request, State};
use crate::settings::{Addressing, Settings};

/// What a board says of itself.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Identity<'n> {
    /// What it is called: the first 40 bytes of it are said.
    pub name: &'n str,
    /// Whether its image can ask the network for an address.
    pub has_dhcp: bool,
}

/// What a board is asked to do.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Wish {
    /// Put [`Console::staged`] into the flash, and tell [`Console::note_saved`].
    Save,
    /// Start anew, when all of [`Console::to_send`] is sent.
    Restart,
}

/// A board's end of its line while it is in set-up mode: what is told is checked, gathered, checked as a whole, and then to be saved. Nothing
/// that was told is ever said.
pub struct Console<'n> {
    identity: Identity<'n>,
    state: State,
    incoming: Incoming,
    outgoing: Outgoing,
    staged: [u8; SETTINGS_MAX_BYTES],
    length: usize,
    /// The number of the request to save that is being carried out.
    saves: Option<u8>,
    is_addressed: bool,
}

impl<'n> Console<'n> {
    /// Of a board with settings, or without.
    pub const fn new(identity: Identity<'n>, state: State) -> Self {
        Self {
            identity,
            state,
            incoming: Incoming::NEW,
            outgoing: Outgoing::NEW,
            staged: [0; SETTINGS_MAX_BYTES],
            length: 0,
            saves: None,
            is_addressed: false,
        }
    }

    /// Whether somebody has said hello: who has settings and hears that at its start stays in set-up mode.
    pub const fn is_addressed(&self) -> bool {
        self.is_addressed
    }

    /// Takes a byte of the line.
    pub fn received(&mut self, byte: u8) -> Option<Wish> {
        if !self.incoming.push(byte) {
            return None;
        }
        let request = self.incoming.request();
        self.incoming.forget();
        // Who asks again before it has its answer gets that.
        let (number, request) = request.filter(|_| self.is_free())?;
        let answer = match request {
            Request::Hello => {
                self.is_addressed = true;
                self.forget_staged();
                Answer::Board { state: self.state, name: self.identity.name }
            }
            Request::Put { offset, chunk } => self.put(usize::from(offset), &chunk),
            Request::Save { length, check } => match self.may_save(usize::from(length), check) {
                Ok(()) => {
                    self.saves = Some(number);
                    return Some(Wish::Save);
                }
                Err(refusal) => Answer::No(refusal),
            },
            Request::Restart => {
                self.outgoing.answer(number, Answer::Done);
                return Some(Wish::Restart);
            }
        };
        self.outgoing.answer(number, answer);
        None
    }

    /// What is to be saved.
    pub fn staged(&self) -> Option<Settings<'_>> {
        decode(self.staged.get(..self.length)?).ok()
    }

    /// What has become of [`Wish::Save`].
    pub fn note_saved(&mut self, is_saved: bool) {
        let Some(number) = self.saves.take() else { return };
        if is_saved {
            self.state = State::Whole;
        }
        let answer = if is_saved { Answer::Done } else { Answer::No(Refusal::Flash) };
        self.outgoing.answer(number, answer);
    }

    /// What the line is to carry.
    pub fn to_send(&self) -> &[u8] {
        self.outgoing.to_send()
    }

    /// So many bytes of that have gone.
    pub const fn sent(&mut self, count: usize) {
        self.outgoing.sent(count);
    }

    fn is_free(&self) -> bool {
        self.saves.is_none() && self.outgoing.to_send().is_empty()
    }

    fn forget_staged(&mut self) {
        self.staged = [0; SETTINGS_MAX_BYTES];
        self.length = 0;
    }

    /// A piece may come twice, but not before those in front of it.
    fn put(&mut self, offset: usize, chunk: &Chunk) -> Answer<'n> {
        let end = offset + chunk.bytes().len();
        match self.staged.get_mut(offset..end) {
            Some(place) if offset <= self.length => {
                place.copy_from_slice(chunk.bytes());
                self.length = self.length.max(end);
                Answer::Done
            }
            _ => Answer::No(Refusal::Torn),
        }
    }

    fn may_save(&self, length: usize, check: u32) -> Result<(), Refusal> {
        let staged = self.staged.get(..length).filter(|_| length == self.length);
        let staged = staged.filter(|staged| check_of(staged) == check).ok_or(Refusal::Torn)?;
        let settings = decode(staged).map_err(|_| Refusal::Unknown)?;
        settings.check().map_err(Refusal::Wrong)?;
        if settings.addressing == Some(Addressing::Dhcp) && !self.identity.has_dhcp {
            return Err(Refusal::NoDhcp);
        }
        Ok(())
    }
}
