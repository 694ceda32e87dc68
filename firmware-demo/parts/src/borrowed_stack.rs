//! A stack for the start, in memory that is used for something else later.
//!
//! embassy-net makes the array of its sockets on the stack before it has it in place: 3.5 KB for ten of
//! them, once, which would be the deepest that the stack ever is. The sockets' buffers are empty then.

use core::arch::asm;
use core::mem::MaybeUninit;

struct Job<F, T> {
    call: Option<F>,
    outcome: MaybeUninit<T>,
}

extern "C" fn work<T, F: FnOnce() -> T>(job: &mut Job<F, T>) {
    if let Some(call) = job.call.take() {
        job.outcome.write(call());
    }
}

/// Calls `call` with its stack in `memory`, whose content is anything afterwards.
///
/// # Safety
/// `memory` holds all that `call` needs of a stack, and an interrupt on top: whatever is more goes over
/// what lies below it. Nothing but the compiled image tells how much that is; `cargo xtask budget` reads it
/// there ("start-up's stack"), and fails if it is too much.
pub(crate) unsafe fn call_on<T, F: FnOnce() -> T>(memory: &mut [u8], call: F) -> T {
    let mut job = Job { call: Some(call), outcome: MaybeUninit::uninit() };
    let range = memory.as_mut_ptr_range();
    // A stack grows downwards, and begins at a multiple of eight (AAPCS32, 6.2.1).
    let top = range.end.map_addr(|end| end & !7);
    // SAFETY: `memory` is ours until this returns, and interrupts take their frames from it as from any
    // stack. `work` keeps r4, as every C function does, so the old stack is back behind the call.
    unsafe {
        asm!(
            "mov r4, sp",
            "mov sp, {top}",
            "blx {work}",
            "mov sp, r4",
            top = in(reg) top,
            work = in(reg) work::<T, F> as extern "C" fn(&mut Job<F, T>),
            in("r0") &raw mut job,
            out("r4") _,
            clobber_abi("C"),
        );
    }
    // SAFETY: `work` has found the call, and written what it answered.
    unsafe { job.outcome.assume_init() }
}
