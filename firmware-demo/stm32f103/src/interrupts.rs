//! The interrupts, and what a fault does.

use cortex_m::peripheral::{DWT, NVIC};
use tinyrealm_board_parts::{one_frame, packet_times};

use crate::memory_map::EDGES;
use crate::timer;

/// An edge at PA3.
const ETHERNET: usize = 9;
const TIMER: usize = 28;
const INTERRUPTS: usize = TIMER + 1;

// Section 10.3 of RM0008.
const EDGES_MASK: usize = 0x00;
const EDGES_FALLING: usize = 0x0C;
const EDGES_PENDING: usize = 0x14;
const ETHERNET_EDGE: u32 = 1 << 3;

/// The number of an interrupt, as the core's peripheral wants it.
#[derive(Copy, Clone)]
struct Number(u16);

// SAFETY: the numbers that are made are below the table's length.
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

extern "C" fn timer_interrupt() {
    if timer::on_interrupt() {
        // The chip says nothing of a cable by itself.
        one_frame::wake();
    }
}

extern "C" fn ethernet_interrupt() {
    EDGES.write::<EDGES_PENDING>(ETHERNET_EDGE);
    packet_times::stir(DWT::cycle_count());
    one_frame::wake();
}

/// The interrupts' handlers, where the processor looks for them.
#[unsafe(link_section = ".vector_table.interrupts")]
#[unsafe(no_mangle)]
pub(crate) static __INTERRUPTS: [Handler; INTERRUPTS] = {
    let mut handlers: [Handler; INTERRUPTS] = [DefaultHandler; INTERRUPTS];
    handlers[ETHERNET] = ethernet_interrupt;
    handlers[TIMER] = timer_interrupt;
    handlers
};

/// Lets them come.
pub(crate) fn enable() {
    EDGES.write::<EDGES_FALLING>(ETHERNET_EDGE);
    EDGES.write::<EDGES_MASK>(ETHERNET_EDGE);
    for number in [ETHERNET, TIMER] {
        // SAFETY: their handlers are in the table, and no critical section relies on the mask.
        unsafe { NVIC::unmask(Number(number as u16)) };
    }
}

#[cortex_m_rt::exception]
unsafe fn HardFault(_: &cortex_m_rt::ExceptionFrame) -> ! {
    cortex_m::peripheral::SCB::sys_reset()
}
