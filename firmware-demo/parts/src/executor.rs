//! An executor that sleeps until an interrupt.
//!
//! embassy's own sleeps until an *event*, which QEMU does not emulate: it would run at full load. This
//! one waits for interrupts with interrupts masked, so that none is missed between the last look and
//! the sleep, and it counts how long it has slept.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use embassy_executor::{Spawner, raw};
use embassy_time::Instant;
use static_cell::StaticCell;

static IS_PENDING: AtomicBool = AtomicBool::new(false);
static IDLE_MS: AtomicU32 = AtomicU32::new(0);

/// How long the processor has slept since the start, in milliseconds.
pub fn idle_ms() -> u32 {
    IDLE_MS.load(Ordering::Relaxed)
}

/// embassy calls it, also from interrupts, when a task can go on.
#[unsafe(export_name = "__pender")]
fn pend(_: *mut ()) {
    IS_PENDING.store(true, Ordering::Relaxed);
}

/// Runs what `spawn` spawns, for ever.
pub fn run(spawn: impl FnOnce(Spawner)) -> ! {
    static EXECUTOR: StaticCell<raw::Executor> = StaticCell::new();
    let executor = EXECUTOR.init(raw::Executor::new(core::ptr::null_mut()));
    spawn(executor.spawner());
    let mut idle_us = 0;
    loop {
        // SAFETY: this is the only place that polls, and the pender does not.
        unsafe { executor.poll() };
        idle_us += sleep();
        IDLE_MS.store((idle_us / 1_000) as u32, Ordering::Relaxed);
    }
}

/// Sleeps until there is something to poll, and answers for how many microseconds.
fn sleep() -> u64 {
    let mut slept_us = 0;
    loop {
        let is_pending = critical_section::with(|_| {
            let is_pending = IS_PENDING.load(Ordering::Relaxed);
            if !is_pending {
                let began = Instant::now();
                // A masked interrupt ends it as well, and is taken behind this section.
                cortex_m::asm::wfi();
                slept_us += began.elapsed().as_micros();
            }
            IS_PENDING.store(false, Ordering::Relaxed);
            is_pending
        });
        if is_pending {
            return slept_us;
        }
    }
}
