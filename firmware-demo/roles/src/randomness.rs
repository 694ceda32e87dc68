//! What a board draws its secrets from, with the feature `secure`: `Drbg`, seeded with its key, the number of this start, and noise.
//!
//! A board's own source is that noise, and taken in anew with every draw: a good one makes good numbers by itself, and of a poor
//! one nobody who does not know the key can make anything, as long as each start has a number of its own.

use tinyrealm_core::entropy::Entropy;
use tinyrealm_core::secure::{Drbg, Seed};

use crate::{Boot, unit};

/// Bytes of noise in a seed.
const SEED_NOISE_BYTES: usize = 32;
/// Bytes of noise that are taken in with a draw.
const DRAW_NOISE_BYTES: usize = 8;

/// See the [module](self).
pub(crate) struct Randomness<E> {
    drbg: Drbg,
    source: E,
}

impl<E: Entropy> Randomness<E> {
    /// Of a board with this key and source.
    pub(crate) fn new(secret: &[u8; 32], boot: Boot, mut source: E) -> Self {
        let mut noise = [0; SEED_NOISE_BYTES];
        source.fill(&mut noise);
        let [a, b, c, d, e, f] = unit::mac();
        let device = [a, b, c, d, e, f, 0, 0];
        let drbg = Drbg::new(Seed { secret, boot: boot.number(), device, noise: &noise });
        Self { drbg, source }
    }
}

impl<E: Entropy> Entropy for Randomness<E> {
    fn fill(&mut self, bytes: &mut [u8]) {
        let mut noise = [0; DRAW_NOISE_BYTES];
        self.source.fill(&mut noise);
        self.drbg.fill(&noise, bytes);
    }
}
