//! What is where on this board.

use tinyrealm_board_parts::registers::Registers;

use crate::lan9118;

/// The processor's clock, and that of its timers.
pub const CLOCK_HZ: u32 = 25_000_000;

// SAFETY: the places are those of the board's memory map (ARM DAI0385), each device has one user, and none
// of them reaches into memory.
/// The Ethernet controller.
pub const ETHERNET: Registers<{ lan9118::REGISTERS_BYTES }> = unsafe { Registers::at(0x4020_0000) };
// SAFETY: as above.
pub(crate) const DUAL_TIMER: Registers<0x40> = unsafe { Registers::at(0x4000_2000) };
// SAFETY: as above.
pub(crate) const WATCHDOG: Registers<0xC04> = unsafe { Registers::at(0x4000_8000) };
#[cfg(any(feature = "log", feature = "settings"))]
// SAFETY: as above.
pub(crate) const UART: Registers<0x14> = unsafe { Registers::at(0x4000_4000) };
