//! `__aeabi_memmove8` (Run-time ABI for the Arm architecture, 5.3.5), as short as it can be.
//!
//! Nothing here moves memory over itself but smoltcp, an entry of a table now and then. The compiler's own function
//! for that has 1.5 KB, because it is made for speed.

/// Copies `bytes` from one place to another that may overlap it.
///
/// # Safety
/// The first place may be written, and the other one read.
#[unsafe(no_mangle)]
unsafe extern "C" fn __aeabi_memmove8(to: *mut u8, from: *const u8, bytes: usize) {
    // From the front unless the place begins within what is copied: what is below it is far "behind" it then.
    let is_from_the_front = to.addr().wrapping_sub(from.addr()) >= bytes;
    for step in 0..bytes {
        let at = if is_from_the_front { step } else { bytes - 1 - step };
        // SAFETY: `at` is less than `bytes`. Volatile, because the compiler would make a call to this of it.
        unsafe { to.add(at).write_volatile(from.add(at).read_volatile()) };
    }
}
