//! defmt's frames through UART0, which QEMU writes wherever `-serial` says.
#![cfg(feature = "log")]

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering};

use critical_section::RestoreState;
use embassy_time::Instant;

use crate::uart;

fn send(bytes: &[u8]) {
    bytes.iter().for_each(|byte| uart::send(*byte));
}

#[defmt::global_logger]
struct Uart;

/// What a frame needs while it is written, which is within a critical section.
struct Writing {
    is_open: AtomicBool,
    encoder: UnsafeCell<defmt::Encoder>,
    restore: UnsafeCell<RestoreState>,
}

// SAFETY: the cells are touched only between `acquire` and `release`, in a critical section.
unsafe impl Sync for Writing {}

static WRITING: Writing = Writing {
    is_open: AtomicBool::new(false),
    encoder: UnsafeCell::new(defmt::Encoder::new()),
    restore: UnsafeCell::new(RestoreState::invalid()),
};

// SAFETY: `acquire` begins a critical section and `release` ends it, so frames never mix.
unsafe impl defmt::Logger for Uart {
    fn acquire() {
        // SAFETY: `release` gives the state back.
        let restore = unsafe { critical_section::acquire() };
        assert!(!WRITING.is_open.load(Ordering::Relaxed), "a log line within a log line");
        WRITING.is_open.store(true, Ordering::Relaxed);
        // SAFETY: the critical section has begun.
        unsafe {
            *WRITING.restore.get() = restore;
            (*WRITING.encoder.get()).start_frame(send);
        }
    }

    unsafe fn flush() {}

    unsafe fn release() {
        // SAFETY: the critical section of `acquire` lasts until the end of this function.
        unsafe {
            (*WRITING.encoder.get()).end_frame(send);
            WRITING.is_open.store(false, Ordering::Relaxed);
            critical_section::release(*WRITING.restore.get());
        }
    }

    unsafe fn write(bytes: &[u8]) {
        // SAFETY: as in `release`.
        unsafe { (*WRITING.encoder.get()).write(bytes, send) };
    }
}

defmt::timestamp!("{=u64:us}", Instant::now().as_micros());
