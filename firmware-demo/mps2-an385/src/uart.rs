//! UART0, which QEMU connects to wherever `-serial` says.
#![cfg(any(feature = "log", feature = "settings"))]

use crate::memory_map::UART;

const DATA: usize = 0x00;
const STATE: usize = 0x04;
const CONTROL: usize = 0x08;
const BAUD_DIVISOR: usize = 0x10;
const IS_FULL: u32 = 1;
#[cfg(feature = "settings")]
const HAS_RECEIVED: u32 = 1 << 1;
const SENDS: u32 = 1;
const RECEIVES: u32 = 1 << 1;

pub(crate) fn start() {
    UART.write::<BAUD_DIVISOR>(16);
    UART.write::<CONTROL>(if cfg!(feature = "settings") { SENDS | RECEIVES } else { SENDS });
}

pub(crate) fn send(byte: u8) {
    while UART.read::<STATE>() & IS_FULL != 0 {}
    UART.write::<DATA>(u32::from(byte));
}

#[cfg(feature = "settings")]
pub(crate) fn received() -> Option<u8> {
    let has_received = UART.read::<STATE>() & HAS_RECEIVED != 0;
    has_received.then(|| UART.read::<DATA>() as u8)
}
