//! Randomness from the times at which packets come (SplitMix64 over them).
//!
//! A board without a source of random bits has this one, whose numbers are not fit for secrets; boards that have one use that.

use core::sync::atomic::{AtomicU32, Ordering};

use tinyrealm_core::entropy::Entropy;
use tinyrealm_firmware::device;

/// What the arrival of packets has stirred.
static POOL: AtomicU32 = AtomicU32::new(0x9E37_79B9);

/// To be called when a packet comes, with what the board's fastest clock says.
pub fn stir(ticks: u32) {
    let pool = POOL.load(Ordering::Relaxed).rotate_left(5) ^ ticks;
    POOL.store(pool.wrapping_mul(0x9E37_79B1), Ordering::Relaxed);
}

/// A board's fastest clock.
pub trait Ticks {
    /// Its lowest bits.
    fn ticks() -> u32;
}

/// A number that differs from device to device and, a little, from start to start.
pub fn seed<T: Ticks>() -> u64 {
    let [.., a, b, c, d] = device::network::MAC;
    let mac = u32::from_le_bytes([a, b, c, d]);
    u64::from(mac) << 32 | u64::from(T::ticks())
}

/// The source; see the [module](self).
#[derive(Debug)]
pub struct PacketTimes<T> {
    state: u64,
    ticks: core::marker::PhantomData<T>,
}

impl<T: Ticks> PacketTimes<T> {
    /// A source with the board's seed.
    #[expect(clippy::new_without_default, reason = "each one begins differently")]
    pub fn new() -> Self {
        Self { state: seed::<T>(), ticks: core::marker::PhantomData }
    }

    fn next(&mut self) -> u64 {
        stir(T::ticks());
        self.state ^= u64::from(POOL.load(Ordering::Relaxed));
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

impl<T: Ticks> Entropy for PacketTimes<T> {
    fn fill(&mut self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(8) {
            let random = self.next().to_le_bytes();
            for (byte, random) in part.iter_mut().zip(random) {
                *byte = random;
            }
        }
    }
}
