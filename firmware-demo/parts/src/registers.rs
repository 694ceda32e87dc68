//! Device registers: 32 bits each, in a block at a fixed place.
//!
//! Contract: which register is meant is known when the firmware is compiled, and one that is not in the
//! block, or between two, does not compile.

/// The registers of one device: a block of `BYTES`.
#[derive(Copy, Clone, Debug)]
pub struct Registers<const BYTES: usize> {
    base: usize,
}

impl<const BYTES: usize> Registers<BYTES> {
    /// The registers at `base`.
    ///
    /// # Safety
    /// The `BYTES` from `base`, a multiple of four, are one device's registers. Whatever is read from or
    /// written to any of them, the device touches no memory of the program; whatever else uses that device
    /// agrees with it.
    pub const unsafe fn at(base: usize) -> Self {
        Self { base }
    }

    /// What the register at `OFFSET` has.
    pub fn read<const OFFSET: usize>(self) -> u32 {
        const { assert!(OFFSET.is_multiple_of(4) && OFFSET + 4 <= BYTES, "there is no such register") };
        // SAFETY: a register of the device, which `at` was promised; reads of it are 32 bits wide.
        unsafe { core::ptr::with_exposed_provenance::<u32>(self.base + OFFSET).read_volatile() }
    }

    /// Gives the register at `OFFSET` a value.
    pub fn write<const OFFSET: usize>(self, value: u32) {
        const { assert!(OFFSET.is_multiple_of(4) && OFFSET + 4 <= BYTES, "there is no such register") };
        // SAFETY: as in `read`.
        unsafe {
            core::ptr::with_exposed_provenance_mut::<u32>(self.base + OFFSET).write_volatile(value);
        }
    }
}
