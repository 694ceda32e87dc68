//! `Page`: settings in two sectors of a NOR flash.
//!
//! ```text
//! [magic: 4][sequence: 4][length: 2][zero: 2][crc: 4][settings: length]    at the start of each sector
//! ```
//! Numbers are little-endian; the check is the CRC-32 of all else.
//!
//! Purpose: a new set goes where the newest one is not. So the power may be cut at any moment, and whatever that does to the
//! sector that is being erased or written, the other one is whole.
//!
//! Contract: [`Page::read`] gives the newest whole set or none. Who calls [`Page::write`] again after a cut has it in place then.

use core::fmt::{self, Display, Formatter};

use embedded_storage::nor_flash::NorFlash;

use crate::encoding::{CRC, SETTINGS_MAX_BYTES, decode, encode};
use crate::settings::Settings;
use crate::wrong::Wrong;

/// What is read and written at once: a sector has to have room for it, and a multiple of what the flash writes at once.
pub const RECORD_BYTES: usize = HEAD_BYTES + SETTINGS_MAX_BYTES;
const HEAD_BYTES: usize = 16;
/// Of the head, what is before its check.
const CHECKED_BYTES: usize = 12;
const MAGIC: [u8; 4] = *b"TRs1";
const SECTORS: u32 = 2;
const ERASED: u8 = 0xFF;

/// Memory for one sector's content, which whoever reads or writes lends; aligned as most flash wants it.
#[repr(C, align(4))]
#[derive(Debug)]
pub struct Record([u8; RECORD_BYTES]);

/// What a page holds.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Found<'r> {
    /// Nothing was ever written.
    None,
    /// Nothing that can be used: a first write was cut, the flash is worn out, or a newer image has written it.
    Broken,
    /// The newest set.
    Whole(Settings<'r>),
}

/// Settings are not in the flash.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum WriteError<E> {
    /// No board may have them.
    Wrong(Wrong),
    /// There is no room for them.
    TooLong,
    /// The flash says so.
    Flash(E),
    /// What was written is not what is read.
    Unlike,
}

impl<E> From<E> for WriteError<E> {
    fn from(error: E) -> Self {
        Self::Flash(error)
    }
}

impl<E> Display for WriteError<E> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wrong(_) => "no board may have these settings",
            Self::TooLong => "the settings are too long",
            Self::Flash(_) => "the flash has failed",
            Self::Unlike => "the flash does not hold what is written: it is worn out",
        })
    }
}

impl Record {
    /// An empty one.
    pub const fn erased() -> Self {
        Self([ERASED; RECORD_BYTES])
    }

    fn head(&self) -> Option<&[u8; HEAD_BYTES]> {
        self.0.first_chunk()
    }

    /// Its number and its settings, if it is whole.
    fn whole(&self) -> Option<(u32, &[u8])> {
        let [m, a, g, i, s0, s1, s2, s3, l0, l1, 0, 0, check @ ..] = self.head()? else {
            return None;
        };
        let length = usize::from(u16::from_le_bytes([*l0, *l1]));
        let body = self.0.get(HEAD_BYTES..HEAD_BYTES + length)?;
        let is_whole = [*m, *a, *g, *i] == MAGIC && self.check(body) == *check;
        is_whole.then_some((u32::from_le_bytes([*s0, *s1, *s2, *s3]), body))
    }

    fn check(&self, body: &[u8]) -> [u8; 4] {
        let mut digest = CRC.digest();
        digest.update(self.0.get(..CHECKED_BYTES).unwrap_or_default());
        digest.update(body);
        digest.finalize().to_le_bytes()
    }

    fn is_blank(&self) -> bool {
        self.0.iter().all(|byte| *byte == ERASED)
    }

    /// Puts settings here; answers how many bytes are to be written.
    fn fill(&mut self, settings: &Settings<'_>, sequence: u32) -> Option<usize> {
        self.0 = [ERASED; RECORD_BYTES];
        let length = encode(settings, self.0.get_mut(HEAD_BYTES..)?)?;
        let [l0, l1] = u16::try_from(length).ok()?.to_le_bytes();
        let [s0, s1, s2, s3] = sequence.to_le_bytes();
        let [m, a, g, i] = MAGIC;
        let head = [m, a, g, i, s0, s1, s2, s3, l0, l1, 0, 0];
        *self.0.first_chunk_mut()? = head;
        let check = self.check(self.0.get(HEAD_BYTES..HEAD_BYTES + length)?);
        self.0.get_mut(CHECKED_BYTES..HEAD_BYTES)?.copy_from_slice(&check);
        Some(HEAD_BYTES + length)
    }
}

/// The newest record.
#[derive(Copy, Clone)]
struct Newest {
    sector: u32,
    sequence: u32,
}

/// Two sectors of a flash, the second behind the first.
#[derive(Debug)]
pub struct Page<F> {
    flash: F,
    start: u32,
}

impl<F: NorFlash> Page<F> {
    /// From `start` on, where a sector of the flash begins.
    pub const fn new(flash: F, start: u32) -> Self {
        const {
            assert!(RECORD_BYTES <= F::ERASE_SIZE, "a sector holds no settings");
            assert!(
                RECORD_BYTES.is_multiple_of(F::WRITE_SIZE),
                "what is written at once is longer"
            );
            assert!(RECORD_BYTES.is_multiple_of(F::READ_SIZE), "what is read at once is longer");
        }
        Self { flash, start }
    }

    #[cfg(test)]
    pub(crate) const fn flash_mut(&mut self) -> &mut F {
        &mut self.flash
    }

    /// What it holds.
    ///
    /// # Errors
    /// The flash's own.
    pub fn read<'r>(&mut self, record: &'r mut Record) -> Result<Found<'r>, F::Error> {
        let (newest, is_blank) = self.newest(record)?;
        let Some(newest) = newest else {
            return Ok(if is_blank { Found::None } else { Found::Broken });
        };
        self.read_record(newest.sector, record)?;
        let settings = record.whole().and_then(|(_, body)| decode(body).ok());
        let settings = settings.filter(|settings| settings.check().is_ok());
        Ok(settings.map_or(Found::Broken, Found::Whole))
    }

    /// Puts settings in the place of those that are there; nothing is written if those are the same.
    ///
    /// # Errors
    /// They are not there, and what was is.
    pub fn write(
        &mut self,
        settings: &Settings<'_>,
        record: &mut Record,
    ) -> Result<(), WriteError<F::Error>> {
        settings.check().map_err(WriteError::Wrong)?;
        if self.read(record)? == Found::Whole(*settings) {
            return Ok(());
        }
        let (newest, _) = self.newest(record)?;
        let sector = newest.map_or(0, |newest| (newest.sector + 1) % SECTORS);
        let sequence = newest.map_or(0, |newest| newest.sequence.wrapping_add(1));
        let length = record.fill(settings, sequence).ok_or(WriteError::TooLong)?;
        let at = self.place(sector);
        self.flash.erase(at, at + F::ERASE_SIZE as u32)?;
        let written = record.0.get(..length.next_multiple_of(F::WRITE_SIZE));
        self.flash.write(at, written.unwrap_or(&record.0))?;
        self.read_record(sector, record)?;
        let read = record.whole().filter(|(read, _)| *read == sequence);
        let read = read.and_then(|(_, body)| decode(body).ok());
        if read == Some(*settings) { Ok(()) } else { Err(WriteError::Unlike) }
    }

    const fn place(&self, sector: u32) -> u32 {
        self.start + sector * F::ERASE_SIZE as u32
    }

    fn read_record(&mut self, sector: u32, record: &mut Record) -> Result<(), F::Error> {
        let at = self.place(sector);
        self.flash.read(at, &mut record.0)
    }

    /// The newest record, and whether there is nothing at all.
    fn newest(&mut self, record: &mut Record) -> Result<(Option<Newest>, bool), F::Error> {
        let (mut newest, mut is_blank) = (None, true);
        for sector in 0..SECTORS {
            self.read_record(sector, record)?;
            is_blank &= record.is_blank();
            let Some((sequence, _)) = record.whole() else { continue };
            // The numbers may wrap: of two that follow each other, one is behind the other.
            let is_newer = |than: Newest| sequence.wrapping_sub(than.sequence).cast_signed() > 0;
            if newest.is_none_or(is_newer) {
                newest = Some(Newest { sector, sequence });
            }
        }
        Ok((newest, is_blank))
    }
}

#[cfg(test)]
mod tests;
