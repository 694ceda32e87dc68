//! embassy's clock on TIM2, a timer of 16 bits (ST, RM0008, 15.4).
//!
//! Purpose: it runs freely at 10 kHz, and its first channel rings. An interrupt comes when something is due, and every 6.5
//! seconds for the clock's higher bits.
//!
//! Contract: tenths of a millisecond since the start, 48 bits.

use core::cell::{Cell, RefCell};
use core::task::Waker;

use critical_section::{CriticalSection, Mutex};
use embassy_time_driver::Driver;
use embassy_time_queue_utils::Queue;

use crate::memory_map::TIMER;

const CONTROL: usize = 0x00;
const INTERRUPTS: usize = 0x0C;
const STATUS: usize = 0x10;
const EVENTS: usize = 0x14;
const COUNT: usize = 0x24;
const PRESCALER: usize = 0x28;
const AT: usize = 0x34;

const ON: u32 = 1;
const UPDATE: u32 = 1;
const RINGS: u32 = 1 << 1;
/// The timer's clock has 72 MHz.
const DIVISOR: u32 = 7_200;
/// Counts of one round.
const ROUND: u64 = 1 << 16;

struct Timer {
    /// How often the 16 bits have gone round.
    rounds: Mutex<Cell<u32>>,
    queue: Mutex<RefCell<Queue>>,
}

embassy_time_driver::time_driver_impl!(static CLOCK: Timer = Timer {
    rounds: Mutex::new(Cell::new(0)),
    queue: Mutex::new(RefCell::new(Queue::new())),
});

/// Starts the clock.
pub(crate) fn start() {
    TIMER.write::<PRESCALER>(DIVISOR - 1);
    // The divisor counts from the next update on.
    TIMER.write::<EVENTS>(UPDATE);
    TIMER.write::<STATUS>(0);
    TIMER.write::<INTERRUPTS>(UPDATE);
    TIMER.write::<CONTROL>(ON);
}

/// Has the timer's interrupt been one for a new round?
pub(crate) fn on_interrupt() -> bool {
    critical_section::with(|section| {
        let begins_round = TIMER.read::<STATUS>() & UPDATE != 0;
        if begins_round {
            // What is written as one stays.
            TIMER.write::<STATUS>(!UPDATE);
            let rounds = CLOCK.rounds.borrow(section);
            rounds.set(rounds.get().wrapping_add(1));
        }
        CLOCK.ring(section);
        begins_round
    })
}

impl Timer {
    fn now_in(&self, section: CriticalSection<'_>) -> u64 {
        let mut rounds = self.rounds.borrow(section).get();
        let mut low = TIMER.read::<COUNT>();
        if TIMER.read::<STATUS>() & UPDATE != 0 {
            // It has gone round, and the interrupt has not been taken yet.
            rounds = rounds.wrapping_add(1);
            low = TIMER.read::<COUNT>();
        }
        u64::from(rounds) << 16 | u64::from(low)
    }

    /// Wakes who is due, and lets the channel ring for who is next; the next round looks at what is further away.
    fn ring(&self, section: CriticalSection<'_>) {
        let mut queue = self.queue.borrow_ref_mut(section);
        loop {
            TIMER.write::<INTERRUPTS>(UPDATE);
            let next = queue.next_expiration(self.now_in(section));
            let left = next.saturating_sub(self.now_in(section));
            if left >= ROUND {
                return;
            }
            TIMER.write::<AT>(next as u32 & 0xFFFF);
            TIMER.write::<STATUS>(!RINGS);
            TIMER.write::<INTERRUPTS>(UPDATE | RINGS);
            // It may have passed meanwhile, and rings a round later then.
            if self.now_in(section) < next {
                return;
            }
        }
    }
}

impl Driver for Timer {
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
