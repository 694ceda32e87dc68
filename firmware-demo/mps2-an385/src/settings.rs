//! Where this board has its settings: in memory that a reset leaves as it is, because QEMU's board has no flash that is written.
//!
//! Contract: it is a flash all the same, also where its power is cut. Behind its sectors are two words of 32 bits: at which changed
//! word it is to be cut, half of that done, or 0; and how many have been changed. QEMU's `-device loader` sets the first, its monitor
//! reads the second.
#![cfg(feature = "settings")]

use core::convert::Infallible;

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use tinyrealm_firmware::Board;
use tinyrealm_firmware::set_up::{self, SetUp};

use crate::board::Mps2;
use crate::uart;

const NAME: &str = "mps2-an385";
const SECTOR_BYTES: usize = 1_024;
const WORD_BYTES: usize = 4;
/// The board's PSRAM, of which the linker knows nothing (ARM DAI0385).
const PSRAM: usize = 0x2100_0000;

/// Reads the settings, or has them told.
pub(crate) fn start() {
    // SAFETY: memory that nobody else uses, and that is asked for once: here, at the start. Whatever it has is a value.
    let kept = unsafe { &mut *core::ptr::with_exposed_provenance_mut::<Kept>(PSRAM) };
    set_up::start(NAME, Flash { kept }, 0, &mut Mps2::new());
}

/// What is in the memory.
#[repr(C)]
struct Kept {
    /// The other way round: it is all zeros when it is switched on, and so erased.
    sectors: [u8; 2 * SECTOR_BYTES],
    cut_at_word: u32,
    changed_words: u32,
}

struct Flash {
    kept: &'static mut Kept,
}

impl Flash {
    fn change(&mut self, offset: usize, change: impl Fn(&mut u8, usize)) {
        let kept = &mut *self.kept;
        kept.changed_words = kept.changed_words.wrapping_add(1);
        let is_cut = kept.changed_words == kept.cut_at_word;
        let bytes = if is_cut { WORD_BYTES / 2 } else { WORD_BYTES };
        let word = kept.sectors.iter_mut().skip(offset).take(bytes);
        word.enumerate().for_each(|(number, place)| change(place, number));
        if is_cut {
            be_without_power();
        }
    }
}

/// Until somebody switches it on: a watchdog has no power either.
fn be_without_power() -> ! {
    loop {
        Board::feed_watchdog(&mut Mps2::new());
    }
}

impl ErrorType for Flash {
    type Error = Infallible;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = WORD_BYTES;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Infallible> {
        let kept = self.kept.sectors.iter().skip(offset as usize);
        bytes.iter_mut().zip(kept).for_each(|(place, byte)| *place = !byte);
        Ok(())
    }

    fn capacity(&self) -> usize {
        2 * SECTOR_BYTES
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = WORD_BYTES;
    const ERASE_SIZE: usize = SECTOR_BYTES;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Infallible> {
        (from as usize..to as usize)
            .step_by(WORD_BYTES)
            .for_each(|offset| self.change(offset, |place, _| *place = 0));
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Infallible> {
        let offsets = (offset as usize..).step_by(WORD_BYTES);
        for (offset, word) in offsets.zip(bytes.chunks_exact(WORD_BYTES)) {
            self.change(offset, |place, number| *place |= !word.get(number).copied().unwrap_or(!0));
        }
        Ok(())
    }
}

impl SetUp for Mps2 {
    fn read(&mut self) -> Option<u8> {
        uart::received()
    }

    fn write(&mut self, byte: u8) {
        uart::send(byte);
    }

    fn feed_watchdog(&mut self) {
        Board::feed_watchdog(self);
    }

    fn restart(&mut self) -> ! {
        cortex_m::peripheral::SCB::sys_reset()
    }
}
