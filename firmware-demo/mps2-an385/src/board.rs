//! What this board does without being asked: interrupts, faults, watchdog.

use cortex_m::peripheral::NVIC;
use cortex_m::peripheral::syst::SystClkSource;
use tinyrealm_board_parts::executor;
use tinyrealm_board_parts::packet_times::{self, Ticks};
use tinyrealm_firmware::Board;

use crate::memory_map::{CLOCK_HZ, ETHERNET, WATCHDOG};
use crate::{dual_timer, lan9118};

const DUAL_TIMER_INTERRUPT: usize = 10;
const ETHERNET_INTERRUPT: usize = 13;
const INTERRUPTS: usize = 32;

/// The number of an interrupt, as the core's peripheral wants it.
#[derive(Copy, Clone)]
struct Number(u16);

// SAFETY: the numbers that are made are below the chip's 32.
unsafe impl cortex_m::interrupt::InterruptNumber for Number {
    fn number(self) -> u16 {
        self.0
    }
}

type Handler = unsafe extern "C" fn();

unsafe extern "C" {
    /// cortex-m-rt's, for what nobody expects.
    fn DefaultHandler();
}

extern "C" fn dual_timer_interrupt() {
    dual_timer::on_interrupt();
}

extern "C" fn ethernet_interrupt() {
    packet_times::stir(dual_timer::ticks());
    lan9118::on_interrupt(ETHERNET);
}

/// The interrupts' handlers, where the processor looks for them.
#[unsafe(link_section = ".vector_table.interrupts")]
#[unsafe(no_mangle)]
pub static __INTERRUPTS: [Handler; INTERRUPTS] = {
    let mut handlers: [Handler; INTERRUPTS] = [DefaultHandler; INTERRUPTS];
    handlers[DUAL_TIMER_INTERRUPT] = dual_timer_interrupt;
    handlers[ETHERNET_INTERRUPT] = ethernet_interrupt;
    handlers
};

/// Starts clocks, interrupts and the watchdog.
pub(crate) fn start() {
    #[cfg(any(feature = "log", feature = "settings"))]
    crate::uart::start();
    dual_timer::start();
    if let Some(mut core) = cortex_m::Peripherals::take() {
        // QEMU's user network looks for new connections only while the guest runs: 5 ms are short
        // enough to be seen. A real board needs nothing of this.
        core.SYST.set_clock_source(SystClkSource::Core);
        core.SYST.set_reload(CLOCK_HZ / 200 - 1);
        core.SYST.clear_current();
        core.SYST.enable_counter();
        core.SYST.enable_interrupt();
    }
    WATCHDOG.write::<WATCHDOG_LOCK>(WATCHDOG_KEY);
    WATCHDOG.write::<WATCHDOG_LOAD>(WATCHDOG_SECONDS * CLOCK_HZ);
    // The first time-out is an interrupt that can't be masked, whose handler resets. Should the processor
    // be past taking any, the second one is a reset by the watchdog itself.
    WATCHDOG.write::<WATCHDOG_CONTROL>(WATCHDOG_COUNTS | WATCHDOG_RESETS);
}

/// Lets the network's interrupts come.
pub(crate) fn enable_interrupts() {
    for number in [DUAL_TIMER_INTERRUPT, ETHERNET_INTERRUPT] {
        // SAFETY: their handlers are in the table, and no critical section relies on the mask.
        unsafe { NVIC::unmask(Number(number as u16)) };
    }
}

#[cortex_m_rt::exception]
fn SysTick() {}

/// The watchdog's first time-out.
#[cortex_m_rt::exception]
unsafe fn NonMaskableInt() {
    cortex_m::peripheral::SCB::sys_reset()
}

#[cortex_m_rt::exception]
unsafe fn HardFault(_: &cortex_m_rt::ExceptionFrame) -> ! {
    cortex_m::peripheral::SCB::sys_reset()
}

// The CMSDK watchdog (ARM DDI0479, 4.5).
const WATCHDOG_LOAD: usize = 0x00;
const WATCHDOG_CONTROL: usize = 0x08;
const WATCHDOG_CLEAR: usize = 0x0C;
const WATCHDOG_LOCK: usize = 0xC00;
/// How long a role may take no turn.
const WATCHDOG_SECONDS: u32 = 20;
const WATCHDOG_KEY: u32 = 0x1ACC_E551;
const WATCHDOG_COUNTS: u32 = 1;
const WATCHDOG_RESETS: u32 = 2;

/// The board as the roles see it.
#[derive(Debug)]
pub struct Mps2(());

impl Mps2 {
    /// The board, once it has been started.
    #[expect(clippy::new_without_default, reason = "it is no value that one has by default")]
    pub const fn new() -> Self {
        Self(())
    }
}

impl Board for Mps2 {
    fn feed_watchdog(&mut self) {
        WATCHDOG.write::<WATCHDOG_CLEAR>(1);
    }

    fn idle_ms(&self) -> u32 {
        executor::idle_ms()
    }
}

impl Ticks for Mps2 {
    fn ticks() -> u32 {
        dual_timer::ticks()
    }
}
