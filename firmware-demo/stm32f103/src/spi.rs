//! SPI1 (ST, RM0008, 25.5): a byte out and a byte in, at 18 MHz, waited for. The Ethernet chip is at it alone.

use tinyrealm_board_parts::w5500::Bus;

use crate::board;
use crate::memory_map::SPI;

const CONTROL: usize = 0x00;
const STATUS: usize = 0x08;
const DATA: usize = 0x0C;

/// On, master, its select pin by hand, a quarter of 72 MHz, mode 0.
const CONFIG: u32 = 1 << 9 | 1 << 8 | 1 << 6 | 1 << 3 | 1 << 2;
const HAS_RECEIVED: u32 = 1;

/// The bus, with the Ethernet chip.
pub(crate) struct Spi(());

impl Spi {
    pub(crate) fn start() -> Self {
        SPI.write::<CONTROL>(CONFIG);
        Self(())
    }
}

impl Bus for Spi {
    fn read(&mut self, header: [u8; 3], bytes: &mut [u8]) {
        board::with_ethernet(|| {
            send(&header);
            for byte in bytes {
                *byte = transfer(0);
            }
        });
    }

    fn write(&mut self, header: [u8; 3], bytes: &[u8]) {
        board::with_ethernet(|| {
            send(&header);
            send(bytes);
        });
    }
}

fn send(bytes: &[u8]) {
    for byte in bytes {
        transfer(*byte);
    }
}

/// Sends a byte, and answers what has come meanwhile.
fn transfer(byte: u8) -> u8 {
    SPI.write::<DATA>(u32::from(byte));
    while SPI.read::<STATUS>() & HAS_RECEIVED == 0 {}
    SPI.read::<DATA>() as u8
}
