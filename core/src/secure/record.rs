//! `Channel`, and its halves `Sealer` and `Opener`: records in order, under keys that wear out.
//!
//! ```text
//!  record:  kind (1 byte) · frames · tag (16 bytes)       all but the tag is sealed
//! ```
//! Contract: a record opens once, in the order in which it was sealed, at the other end alone; whatever else
//! comes is [`Broken`], and the link has to end with it. After [`RECORDS_A_KEY`] records, or
//! [`KEY_MS`], whoever seals goes over to the next key and says so by a record: whoever takes a key from a
//! machine can't read what was sealed with those before.

use super::Broken;
use super::cipher::{Cipher, TAG_BYTES};
use crate::time::{Instant, Stamp};

/// What a record has besides its frames.
pub const RECORD_EXTRA_BYTES: usize = 1 + TAG_BYTES;
/// Before each record on a stream: how many bytes follow, little-endian, as before a frame.
pub const RECORD_PREFIX_BYTES: usize = 2;
/// What a record costs on a stream besides its frames.
pub const RECORD_COST_BYTES: usize = RECORD_PREFIX_BYTES + RECORD_EXTRA_BYTES;
/// How many records one key seals.
pub const RECORDS_A_KEY: u32 = 1 << 20;
/// For how long one key seals: an hour.
pub const KEY_MS: u32 = 3_600_000;

/// What is in a record.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
#[repr(u8)]
enum Kind {
    /// Frames, as a clear link has them.
    Frames = 0,
    /// Nothing: what comes behind it has the next key.
    NextKey = 1,
}

/// Both directions of a link.
#[derive(Debug)]
pub struct Channel {
    /// What goes out.
    pub sealer: Sealer,
    /// What comes in.
    pub opener: Opener,
}

impl Channel {
    pub(super) fn new(ours: Cipher, theirs: Cipher, now: Instant) -> Self {
        let sealer = Sealer { cipher: ours, sealed: 0, since: now.stamp() };
        Self { sealer, opener: Opener { cipher: theirs, opened: 0 } }
    }
}

/// One end's outgoing half; see the [module](super).
pub struct Sealer {
    cipher: Cipher,
    /// With this key.
    sealed: u32,
    since: Stamp,
}

const _: () = assert!(size_of::<Channel>() <= 104, "a channel has grown: say why");

impl Sealer {
    /// With so many records more under this key.
    #[cfg(test)]
    pub(super) const fn wear(&mut self, records: u32) {
        self.sealed += records;
    }

    /// Seals a record whose frames are in the middle: behind one byte, and before the place for the tag.
    ///
    /// # Errors
    /// [`Broken`]: the key is worn ([`Sealer::is_worn`]), or there is no place for the tag.
    pub fn seal(&mut self, record: &mut [u8]) -> Result<(), Broken> {
        if self.sealed >= RECORDS_A_KEY {
            return Err(Broken);
        }
        self.seal_as(Kind::Frames, record)
    }

    /// Whether it is time for the next key.
    pub fn is_worn(&self, now: Instant) -> bool {
        self.sealed >= RECORDS_A_KEY || self.since.age_ms(now) >= KEY_MS
    }

    /// The record that announces the next key, which is taken from here on.
    ///
    /// # Errors
    /// [`Broken`]: all numbers are used, after 2⁶⁴ records.
    pub fn next_key(&mut self, now: Instant) -> Result<[u8; RECORD_EXTRA_BYTES], Broken> {
        let mut record = [0; RECORD_EXTRA_BYTES];
        self.seal_as(Kind::NextKey, &mut record)?;
        self.cipher.rekey()?;
        (self.sealed, self.since) = (0, now.stamp());
        Ok(record)
    }

    fn seal_as(&mut self, kind: Kind, record: &mut [u8]) -> Result<(), Broken> {
        *record.first_mut().ok_or(Broken)? = kind as u8;
        self.cipher.seal(&[], record)?;
        self.sealed = self.sealed.saturating_add(1);
        Ok(())
    }
}

impl core::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Sealer(…)")
    }
}

/// One end's incoming half; see the [module](super).
pub struct Opener {
    cipher: Cipher,
    /// With this key.
    opened: u32,
}

impl Opener {
    #[cfg(test)]
    pub(super) const fn worn_by(cipher: Cipher, opened: u32) -> Self {
        Self { cipher, opened }
    }

    /// With so many records more under this key.
    #[cfg(test)]
    pub(super) const fn wear(&mut self, records: u32) {
        self.opened += records;
    }

    /// Opens a record in place, and answers the frames that are in it: none in one that announces a key.
    ///
    /// # Errors
    /// [`Broken`]: it is not the next record of the other end, or that end uses a key for too long.
    pub fn open<'r>(&mut self, record: &'r mut [u8]) -> Result<&'r mut [u8], Broken> {
        let text = self.cipher.open(&[], record)?;
        let (kind, frames) = text.split_first_mut().ok_or(Broken)?;
        match *kind {
            kind if kind == Kind::Frames as u8 && self.opened < RECORDS_A_KEY => self.opened += 1,
            kind if kind == Kind::NextKey as u8 && frames.is_empty() => {
                self.cipher.rekey()?;
                self.opened = 0;
            }
            _ => return Err(Broken),
        }
        Ok(frames)
    }
}

impl core::fmt::Debug for Opener {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Opener(…)")
    }
}
