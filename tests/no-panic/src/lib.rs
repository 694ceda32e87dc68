//! Proof by the linker that no panic is reachable from the core.
//!
//! Purpose: a dynamic library that exports the core's driver-facing surface. Its panic handler calls
//! a symbol that nobody defines, and it is linked with `-z defs`: if the optimiser could not show
//! that every check holds, a call of the handler is left, and the link breaks.
//!
//! Contract: inputs come in by pointers, so that nothing is known about them at compile time: not
//! the bytes, and not a node's own fields either. What is not exported here is not proven.
//!
//! Bounds: optimised builds only; `cargo xtask no-panic` links it for speed and for size.
#![no_std]

// Whether a panic breaks the link is asked without all that has none.
#[cfg(not(feature = "prove-it-fails"))]
mod game;
#[cfg(not(feature = "prove-it-fails"))]
mod nodes;
#[cfg(not(feature = "prove-it-fails"))]
mod parts;
#[cfg(not(feature = "prove-it-fails"))]
mod web_socket;

use core::panic::PanicInfo;

unsafe extern "C" {
    /// Defined nowhere.
    safe fn a_panic_is_reachable() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    a_panic_is_reachable()
}

/// A panic that depends on the input, to see that the proof can fail.
#[cfg(feature = "prove-it-fails")]
#[unsafe(no_mangle)]
pub extern "C" fn divides_by_its_input(divisor: u32) -> u32 {
    1_000 / divisor
}
