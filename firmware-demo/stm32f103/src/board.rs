//! The chip's clocks, pins and watchdog (ST, RM0008).

use cortex_m::peripheral::DWT;
use tinyrealm_board_parts::packet_times::Ticks;
use tinyrealm_firmware::Board;

use crate::memory_map::{CHIP_ID, CLOCKS, FLASH, PORT_A, WATCHDOG};

// Section 7.3.
const CLOCK_CONTROL: usize = 0x00;
const CLOCK_CONFIG: usize = 0x04;
const CLOCKS_ON_2: usize = 0x18;
const CLOCKS_ON_1: usize = 0x1C;
const CRYSTAL_ON: u32 = 1 << 16;
const CRYSTAL_READY: u32 = 1 << 17;
const PLL_ON: u32 = 1 << 24;
const PLL_READY: u32 = 1 << 25;
/// Nine times the crystal's 8 MHz, and half of that for the slower bus.
const PLL_CONFIG: u32 = 7 << 18 | 1 << 16 | 0b100 << 8;
const FROM_PLL: u32 = 2;
const RUNS_FROM_PLL: u32 = 2 << 2;
const PORT_A_ON: u32 = 1 << 2;
const SPI_ON: u32 = 1 << 12;
const TIMER_ON: u32 = 1;

/// Two wait states and the prefetch buffer, for 72 MHz.
const FLASH_ACCESS: u32 = 0x12;

// Section 9.2: what each pin is, PA7 first. PA7: output of the SPI; PA6: its input, pulled up; PA5: its clock; PA4: output;
// PA3: input, pulled up; PA2: output; PA1 and PA0: nothing.
const PINS: usize = 0x00;
const PINS_CONFIG: u32 = 0xB8B3_8244;
const PINS_SET: usize = 0x10;
/// PA2 is the Ethernet chip's reset, and PA4 selects it: both when low.
const RESET_PIN: u32 = 1 << 2;
const INTERRUPT_PIN: u32 = 1 << 3;
const SELECT_PIN: u32 = 1 << 4;
const INPUT_PIN: u32 = 1 << 6;

/// A millisecond of the processor's clock: longer than that reset takes, and than the chip does afterwards.
const RESET_CYCLES: u32 = 72_000;

// Section 19.4.
const WATCHDOG_KEY: usize = 0x00;
const WATCHDOG_PRESCALER: usize = 0x04;
const WATCHDOG_RELOAD: usize = 0x08;
const WATCHDOG_FEED: u32 = 0xAAAA;
const WATCHDOG_UNLOCK: u32 = 0x5555;
const WATCHDOG_START: u32 = 0xCCCC;
/// A 256th of about 40 kHz.
const WATCHDOG_SLOWEST: u32 = 7;
/// How long a role may take no turn: twenty seconds, or a third more or less.
const WATCHDOG_COUNTS: u32 = 3_125;

/// Starts the watchdog first, so that a crystal that does not is a reset; then the clock at 72 MHz, and the pins.
pub(crate) fn start() {
    WATCHDOG.write::<WATCHDOG_KEY>(WATCHDOG_START);
    WATCHDOG.write::<WATCHDOG_KEY>(WATCHDOG_UNLOCK);
    WATCHDOG.write::<WATCHDOG_PRESCALER>(WATCHDOG_SLOWEST);
    WATCHDOG.write::<WATCHDOG_RELOAD>(WATCHDOG_COUNTS);
    turn_on(CRYSTAL_ON, CRYSTAL_READY);
    FLASH.write::<0>(FLASH_ACCESS);
    CLOCKS.write::<CLOCK_CONFIG>(PLL_CONFIG);
    turn_on(PLL_ON, PLL_READY);
    CLOCKS.write::<CLOCK_CONFIG>(PLL_CONFIG | FROM_PLL);
    while CLOCKS.read::<CLOCK_CONFIG>() & RUNS_FROM_PLL == 0 {}
    CLOCKS.write::<CLOCKS_ON_2>(PORT_A_ON | SPI_ON);
    CLOCKS.write::<CLOCKS_ON_1>(TIMER_ON);
    PORT_A.write::<PINS_SET>(SELECT_PIN | INTERRUPT_PIN | INPUT_PIN | RESET_PIN << 16);
    PORT_A.write::<PINS>(PINS_CONFIG);
    if let Some(mut core) = cortex_m::Peripherals::take() {
        core.DCB.enable_trace();
        core.DWT.enable_cycle_counter();
    }
}

fn turn_on(on: u32, ready: u32) {
    CLOCKS.write::<CLOCK_CONTROL>(CLOCKS.read::<CLOCK_CONTROL>() | on);
    while CLOCKS.read::<CLOCK_CONTROL>() & ready == 0 {}
}

/// Lets the Ethernet chip run, which has been held in its reset, and waits until it does.
pub(crate) fn release_ethernet() {
    cortex_m::asm::delay(RESET_CYCLES);
    PORT_A.write::<PINS_SET>(RESET_PIN);
    cortex_m::asm::delay(2 * RESET_CYCLES);
}

/// What this chip alone has, of its 96 bits (section 30.2).
pub(crate) fn chip_id() -> u64 {
    let low = CHIP_ID.read::<0>() ^ CHIP_ID.read::<8>();
    u64::from(CHIP_ID.read::<4>()) << 32 | u64::from(low)
}

/// Selects the Ethernet chip while `transfer` talks with it.
pub(crate) fn with_ethernet<T>(transfer: impl FnOnce() -> T) -> T {
    PORT_A.write::<PINS_SET>(SELECT_PIN << 16);
    let outcome = transfer();
    PORT_A.write::<PINS_SET>(SELECT_PIN);
    outcome
}

/// The board as the roles see it.
#[derive(Debug)]
pub struct BluePill(());

impl BluePill {
    pub(crate) const fn new() -> Self {
        Self(())
    }
}

impl Board for BluePill {
    fn feed_watchdog(&mut self) {
        WATCHDOG.write::<WATCHDOG_KEY>(WATCHDOG_FEED);
    }

    fn idle_ms(&self) -> u32 {
        tinyrealm_board_parts::executor::idle_ms()
    }
}

impl Ticks for BluePill {
    fn ticks() -> u32 {
        DWT::cycle_count()
    }
}
