//! `Flash`: a NOR flash whose power is cut at any of its steps, which it has then done in part.

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash, check_erase, check_read,
    check_write,
};

use super::Random;

const SECTOR: usize = 1_024;
const BYTES: usize = 4 * SECTOR;

/// What is left of an erase that is cut.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Cut {
    /// The first bytes are erased.
    First,
    /// The last ones.
    Last,
    /// A quarter of the bits.
    Few,
    /// All but one in sixteen.
    Most,
}

impl Cut {
    pub(crate) const ALL: [Self; 4] = [Self::First, Self::Last, Self::Few, Self::Most];
}

/// Writes words of `WORD` bytes; each word is a step, and each erase of a sector.
#[derive(Clone)]
pub(crate) struct Flash<const WORD: usize> {
    bytes: Vec<u8>,
    cut: Cut,
    random: Random,
    /// Steps until the power is cut.
    steps_left: Option<u64>,
    is_off: bool,
    pub(crate) erases: [u32; BYTES / SECTOR],
    /// A bit that can't be 1 any more.
    pub(crate) worn: Option<(usize, u8)>,
}

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Off;

impl NorFlashError for Off {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

impl<const WORD: usize> Flash<WORD> {
    /// The page in these tests is in the middle: what is around it stays as it is.
    pub(crate) const START: u32 = SECTOR as u32;

    pub(crate) fn new(cut: Cut, seed: u64) -> Self {
        Self {
            bytes: vec![0xFF; BYTES],
            cut,
            random: Random(seed),
            steps_left: None,
            is_off: false,
            erases: [0; BYTES / SECTOR],
            worn: None,
        }
    }

    pub(crate) fn cut_after(&mut self, steps: u64) {
        self.steps_left = Some(steps);
    }

    /// Some number of steps below `most`.
    pub(crate) fn any_steps(&mut self, most: u64) -> u64 {
        self.random.below(most)
    }

    /// Answers whether the power was off.
    pub(crate) fn power_on(&mut self) -> bool {
        self.steps_left = None;
        std::mem::take(&mut self.is_off)
    }

    pub(crate) fn sector(&mut self, number: usize) -> &mut [u8] {
        let at = Self::START as usize + number * SECTOR;
        &mut self.bytes[at..at + SECTOR]
    }

    /// Whether this step is the one that is cut.
    fn step(&mut self) -> Result<bool, Off> {
        if self.is_off {
            return Err(Off);
        }
        let Some(left) = &mut self.steps_left else { return Ok(false) };
        self.is_off = *left == 0;
        *left = left.saturating_sub(1);
        Ok(self.is_off)
    }

    fn tear(&mut self, at: usize) {
        let edge = self.random.below(SECTOR as u64) as usize;
        for place in 0..SECTOR {
            let mut half = || self.random.next() as u8;
            let erased = match self.cut {
                Cut::First if place < edge => 0xFF,
                Cut::Last if place >= edge => 0xFF,
                Cut::First | Cut::Last => 0,
                Cut::Few => half() & half(),
                Cut::Most => half() | half() | half() | half(),
            };
            self.bytes[at + place] |= erased;
        }
    }

    fn wear(&mut self) {
        if let Some((place, bit)) = self.worn {
            self.bytes[place] &= !bit;
        }
    }
}

impl<const WORD: usize> ErrorType for Flash<WORD> {
    type Error = Off;
}

impl<const WORD: usize> ReadNorFlash for Flash<WORD> {
    const READ_SIZE: usize = WORD;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Off> {
        check_read(self, offset, bytes.len()).expect("a read of whole words, in the flash");
        if self.is_off {
            return Err(Off);
        }
        let offset = offset as usize;
        bytes.copy_from_slice(&self.bytes[offset..offset + bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        BYTES
    }
}

impl<const WORD: usize> NorFlash for Flash<WORD> {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = SECTOR;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Off> {
        check_erase(self, from, to).expect("an erase of whole sectors, in the flash");
        for at in (from as usize..to as usize).step_by(SECTOR) {
            if self.step()? {
                self.tear(at);
                return Err(Off);
            }
            self.erases[at / SECTOR] += 1;
            self.bytes[at..at + SECTOR].fill(0xFF);
            self.wear();
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Off> {
        check_write(self, offset, bytes.len()).expect("a write of whole words, in the flash");
        for (number, word) in bytes.chunks(WORD).enumerate() {
            let at = offset as usize + number * WORD;
            let is_cut = self.step()?;
            for (place, byte) in self.bytes[at..at + WORD].iter_mut().zip(word) {
                assert!(*place == 0xFF || self.worn.is_some(), "it is written where it is erased");
                // What is cut has cleared some of the bits that are to be 0.
                let left = if is_cut { self.random.next() as u8 } else { 0 };
                *place &= byte | left;
            }
            if is_cut {
                return Err(Off);
            }
        }
        Ok(())
    }
}
