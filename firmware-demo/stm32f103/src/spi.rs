//! SPI1 (ST, RM0008, 25.5): a byte out and a byte in, at 18 MHz, waited for.

use crate::memory_map::SPI;

const CONTROL: usize = 0x00;
const STATUS: usize = 0x08;
const DATA: usize = 0x0C;

/// On, master, its select pin by hand, a quarter of 72 MHz, mode 0.
const CONFIG: u32 = 1 << 9 | 1 << 8 | 1 << 6 | 1 << 3 | 1 << 2;
const HAS_RECEIVED: u32 = 1;

pub(crate) fn start() {
    SPI.write::<CONTROL>(CONFIG);
}

/// Sends a byte, and answers what has come meanwhile.
pub(crate) fn transfer(byte: u8) -> u8 {
    SPI.write::<DATA>(u32::from(byte));
    while SPI.read::<STATUS>() & HAS_RECEIVED == 0 {}
    SPI.read::<DATA>() as u8
}
