//! What is where on this chip (ST, RM0008, 3.3), as far as it is used here.

use tinyrealm_board_parts::registers::Registers;

// SAFETY: the places are those of the chip's memory map, each device has one user, and none of them reaches into memory.
pub(crate) const CLOCKS: Registers<0x28> = unsafe { Registers::at(0x4002_1000) };
// SAFETY: as above.
pub(crate) const FLASH: Registers<0x24> = unsafe { Registers::at(0x4002_2000) };
// SAFETY: as above.
pub(crate) const PORT_A: Registers<0x1C> = unsafe { Registers::at(0x4001_0800) };
// SAFETY: as above.
pub(crate) const EDGES: Registers<0x18> = unsafe { Registers::at(0x4001_0400) };
// SAFETY: as above.
pub(crate) const SPI: Registers<0x24> = unsafe { Registers::at(0x4001_3000) };
// SAFETY: as above.
pub(crate) const TIMER: Registers<0x50> = unsafe { Registers::at(0x4000_0000) };
// SAFETY: as above.
pub(crate) const WATCHDOG: Registers<0x10> = unsafe { Registers::at(0x4000_3000) };
// SAFETY: as above; it is the chip's number, which is only read.
pub(crate) const CHIP_ID: Registers<0xC> = unsafe { Registers::at(0x1FFF_F7E8) };
