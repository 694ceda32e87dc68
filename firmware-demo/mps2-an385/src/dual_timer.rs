//! embassy's clock on a CMSDK dual timer (ARM DDI0479, 4.4).
//!
//! Purpose: the second timer runs freely and is the clock, the first one rings. No interrupt comes
//! while nothing is due, but one every 171 seconds for the clock's higher bits.
//!
//! Contract: microseconds since the start, 64 bits.

use core::cell::{Cell, RefCell};
use core::task::Waker;

use critical_section::{CriticalSection, Mutex};
use embassy_time_driver::Driver;
use embassy_time_queue_utils::Queue;

use crate::memory_map::{CLOCK_HZ, DUAL_TIMER};

const TICKS_PER_US: u64 = CLOCK_HZ as u64 / 1_000_000;

// Offsets of the first timer; the second one is `SECOND` further.
const LOAD: usize = 0x00;
const VALUE: usize = 0x04;
const CONTROL: usize = 0x08;
const CLEAR: usize = 0x0C;
const IS_RAISED: usize = 0x10;
const SECOND: usize = 0x20;

const ENABLED: u32 = 1 << 7;
const INTERRUPTS: u32 = 1 << 5;
const BITS_32: u32 = 1 << 1;
const ONE_SHOT: u32 = 1;

struct DualTimer {
    /// How often the clock's 32 bits have gone round.
    rounds: Mutex<Cell<u32>>,
    queue: Mutex<RefCell<Queue>>,
}

embassy_time_driver::time_driver_impl!(static CLOCK: DualTimer = DualTimer {
    rounds: Mutex::new(Cell::new(0)),
    queue: Mutex::new(RefCell::new(Queue::new())),
});

/// Starts the clock.
pub(crate) fn start() {
    DUAL_TIMER.write::<{ SECOND + LOAD }>(u32::MAX);
    DUAL_TIMER.write::<{ SECOND + CONTROL }>(ENABLED | INTERRUPTS | BITS_32);
}

/// The clock's lowest bits: it counts 25 a microsecond.
pub(crate) fn ticks() -> u32 {
    u32::MAX - DUAL_TIMER.read::<{ SECOND + VALUE }>()
}

pub(crate) fn on_interrupt() {
    critical_section::with(|section| {
        if DUAL_TIMER.read::<{ SECOND + IS_RAISED }>() & 1 != 0 {
            DUAL_TIMER.write::<{ SECOND + CLEAR }>(1);
            let rounds = CLOCK.rounds.borrow(section);
            rounds.set(rounds.get().wrapping_add(1));
        }
        if DUAL_TIMER.read::<IS_RAISED>() & 1 != 0 {
            DUAL_TIMER.write::<CLEAR>(1);
            CLOCK.ring(section);
        }
    });
}

impl DualTimer {
    fn now_in(&self, section: CriticalSection<'_>) -> u64 {
        let mut rounds = self.rounds.borrow(section).get();
        let mut low = ticks();
        if DUAL_TIMER.read::<{ SECOND + IS_RAISED }>() & 1 != 0 {
            // It has gone round, and the interrupt has not been taken yet.
            rounds = rounds.wrapping_add(1);
            low = ticks();
        }
        (u64::from(rounds) << 32 | u64::from(low)) / TICKS_PER_US
    }

    /// Wakes who is due, and sets the first timer for who is next.
    fn ring(&self, section: CriticalSection<'_>) {
        let mut queue = self.queue.borrow_ref_mut(section);
        loop {
            let next = queue.next_expiration(self.now_in(section));
            if next == u64::MAX {
                return DUAL_TIMER.write::<CONTROL>(0);
            }
            let now = self.now_in(section);
            if next > now {
                // What is further away than the timer reaches rings early, and is set anew.
                let ticks = ((next - now) * TICKS_PER_US).min(u64::from(u32::MAX)) as u32;
                DUAL_TIMER.write::<CONTROL>(0);
                DUAL_TIMER.write::<LOAD>(ticks);
                return DUAL_TIMER.write::<CONTROL>(ENABLED | INTERRUPTS | BITS_32 | ONE_SHOT);
            }
        }
    }
}

impl Driver for DualTimer {
    fn now(&self) -> u64 {
        critical_section::with(|section| self.now_in(section))
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        critical_section::with(|section| {
            if self.queue.borrow_ref_mut(section).schedule_wake(at, waker) {
                self.ring(section);
            }
        });
    }
}
