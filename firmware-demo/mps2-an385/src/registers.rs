//! Device registers: 32 bits each, at a fixed place.

/// The registers of one device.
#[derive(Copy, Clone, Debug)]
pub struct Registers {
    base: usize,
}

impl Registers {
    /// The registers at `base`.
    ///
    /// # Safety
    /// `base` is where a device has its registers, every offset that is used is one of them, and
    /// whatever else uses that device agrees with it.
    pub const unsafe fn at(base: usize) -> Self {
        Self { base }
    }

    /// What the register at `offset` has.
    pub fn read(self, offset: usize) -> u32 {
        // SAFETY: a register of the device, which `at` was promised; reads of it are 32 bits wide.
        unsafe { core::ptr::with_exposed_provenance::<u32>(self.base + offset).read_volatile() }
    }

    /// Gives the register at `offset` a value.
    pub fn write(self, offset: usize, value: u32) {
        // SAFETY: as in `read`.
        unsafe {
            core::ptr::with_exposed_provenance_mut::<u32>(self.base + offset).write_volatile(value);
        }
    }
}
