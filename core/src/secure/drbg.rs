//! `Drbg`: random bytes for boards without a source of them (HMAC_DRBG of NIST SP 800-90A with SHA-256), and `BootCounter`, which
//! has no two starts of a board draw the same.
//!
//! Contract: whoever does not know the secret can guess nothing of what is drawn, nor whoever takes the state later what was drawn
//! before (section 8.8). Of one board two starts with the same number and the same noise draw the same, so a number is
//! stored before it counts ([`count_boot`]): where it can't be, nothing may be sealed. Whoever has the secret is kept
//! from guessing by noise alone.
//!
//! Bounds: 64 bytes; a draw costs nine HMACs, and one more for each 32 bytes.

use zeroize::Zeroize;

use crate::node::cluster::mac;

/// So that a seed means nothing where the same secret is used otherwise.
const LABEL: &[u8] = b"tinyrealm drbg v2";

/// Draws what a board seals with; the head of this file says from what. It prints as `…`.
pub struct Drbg {
    key: [u8; 32],
    value: [u8; 32],
}

/// What one start of a board draws from.
#[derive(Copy, Clone)]
pub struct Seed<'s> {
    /// What only this board and its realm know: its key.
    pub secret: &'s [u8; 32],
    /// Which start of the board it is, of [`count_boot`]; 0 of all starts where there is nowhere to store that: noise has to
    /// tell them apart then.
    pub boot: u64,
    /// Which board it is.
    pub device: [u8; 8],
    /// Whatever nobody knows before.
    pub noise: &'s [u8],
}

impl core::fmt::Debug for Seed<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Seed(…)")
    }
}

impl Drbg {
    /// For one start of a board.
    pub fn new(seed: Seed<'_>) -> Self {
        let Seed { secret, boot, device, noise } = seed;
        let mut seed = mac(secret, &[LABEL, &boot.to_le_bytes(), &device, noise]);
        let drbg = Self::of(&seed);
        seed.zeroize();
        drbg
    }

    /// Section 10.1.2.3.
    fn of(seed_material: &[u8]) -> Self {
        let mut drbg = Self { key: [0; 32], value: [1; 32] };
        drbg.update(seed_material);
        drbg
    }

    /// Overwrites `bytes`, and takes `noise` in (section 10.1.2.5, as additional input).
    pub fn fill(&mut self, noise: &[u8], bytes: &mut [u8]) {
        if !noise.is_empty() {
            self.update(noise);
        }
        for part in bytes.chunks_mut(self.value.len()) {
            self.value = mac(&self.key, &[&self.value]);
            for (place, byte) in part.iter_mut().zip(self.value) {
                *place = byte;
            }
        }
        self.update(noise);
    }

    /// Section 10.1.2.2.
    fn update(&mut self, provided: &[u8]) {
        let rounds: &[u8] = if provided.is_empty() { &[0] } else { &[0, 1] };
        for round in rounds {
            self.key = mac(&self.key, &[&self.value, &[*round], provided]);
            self.value = mac(&self.key, &[&self.value]);
        }
    }
}

impl core::fmt::Debug for Drbg {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Drbg(…)")
    }
}

impl Drop for Drbg {
    fn drop(&mut self) {
        self.key.zeroize();
        self.value.zeroize();
    }
}

/// Where a board stores how often it has started.
pub trait BootCounter {
    /// The number of the last start; 0 before the first one. None if it can't be read.
    fn read(&mut self) -> Option<u64>;

    /// Stores the number of this one, so that it is there whatever happens to the board afterwards.
    fn store(&mut self, boot: u64);
}

/// The number of this start, which is stored; none if it can't be: nothing may be sealed then.
pub fn count_boot(counter: &mut (impl BootCounter + ?Sized)) -> Option<u64> {
    let boot = counter.read()?.checked_add(1)?;
    counter.store(boot);
    (counter.read() == Some(boot)).then_some(boot)
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;
    use crate::node::testing::sealed::hex;

    /// Of NIST's CAVS for HMAC_DRBG with SHA-256, without reseeding and additional input: what the second call answers.
    #[test]
    fn a_published_vector_comes_out() {
        let entropy: [u8; 32] = core::array::from_fn(|place| {
            u128_byte(
                [
                    0xca85_1911_3493_84bf_fe89_de1c_bdc4_6e68,
                    0x31e4_4d34_a4fb_935e_e285_dd14_b71a_7488,
                ],
                place,
            )
        });
        let nonce = 0x659b_a96c_601d_c69f_c902_9408_05ec_0ca8_u128.to_be_bytes();
        let mut drbg = Drbg::of(&[&entropy[..], &nonce].concat());
        let mut bytes = [0; 128];
        drbg.fill(&[], &mut bytes);
        drbg.fill(&[], &mut bytes);
        let expected = "e528e9abf2dece54d47c7e75e5fe302149f817ea9fb4bee6f4199697d04d5b89\
                        d54fbb978a15b5c443c9ec21036d2460b6f73ebad0dc2aba6e624abf07745bc1\
                        07694bb7547bb0995f70de25d6b29e2d3011bb19d27676c07162c8b5ccde0668\
                        961df86803482cb37ed6d5c0bb8d50cf1f50d476aa0458bdaba806f48be9dcb8";
        assert_eq!(hex(&bytes).replace(' ', ""), expected);
    }

    fn u128_byte(numbers: [u128; 2], place: usize) -> u8 {
        numbers[place / 16].to_be_bytes()[place % 16]
    }

    const SEED: Seed<'_> =
        Seed { secret: &[7; 32], boot: 1, device: *b"\0\0board1", noise: b"hiss" };

    fn drawn(seed: Seed<'_>, draws: usize) -> Vec<[u8; 32]> {
        let mut drbg = Drbg::new(seed);
        let mut draw = |_| {
            let mut bytes = [0; 32];
            drbg.fill(b"the same", &mut bytes);
            bytes
        };
        (0..draws).map(&mut draw).collect()
    }

    #[test]
    fn whatever_is_other_in_a_seed_makes_everything_other() {
        let seeds = [
            SEED,
            Seed { secret: &[8; 32], ..SEED },
            Seed { boot: 2, ..SEED },
            Seed { boot: 1 << 32, ..SEED },
            Seed { device: *b"\0\0board2", ..SEED },
            Seed { noise: b"hush", ..SEED },
            Seed { noise: b"", ..SEED },
        ];
        let mut all: Vec<[u8; 32]> = seeds.into_iter().flat_map(|seed| drawn(seed, 16)).collect();
        assert_eq!(drawn(SEED, 16), drawn(SEED, 16));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), seeds.len() * 16);
    }

    #[test]
    fn noise_of_a_draw_counts_from_that_draw_on() {
        let (mut one, mut other) = (Drbg::new(SEED), Drbg::new(SEED));
        let (mut bytes, mut others) = ([0; 8], [0; 8]);
        one.fill(b"a", &mut bytes);
        other.fill(b"b", &mut others);
        assert_ne!(bytes, others);
        one.fill(&[], &mut bytes);
        other.fill(&[], &mut others);
        assert_ne!(bytes, others);
    }

    /// A store of which a write may come to nothing, or be torn.
    struct Store {
        boot: Option<u64>,
        store: fn(&mut Option<u64>, u64),
    }

    impl BootCounter for Store {
        fn read(&mut self) -> Option<u64> {
            self.boot
        }

        fn store(&mut self, boot: u64) {
            (self.store)(&mut self.boot, boot);
        }
    }

    #[test]
    fn a_start_that_can_t_be_stored_has_no_number() {
        let works: fn(&mut Option<u64>, u64) = |place, boot| *place = Some(boot);
        let mut store = Store { boot: Some(0), store: works };
        assert_eq!([(); 3].map(|()| count_boot(&mut store)), [Some(1), Some(2), Some(3)]);
        let broken: [fn(&mut Option<u64>, u64); 3] =
            [|_, _| {}, |place, _| *place = None, |place, boot| *place = Some(boot & 1)];
        for store in broken {
            assert_eq!(count_boot(&mut Store { boot: Some(3), store }), None);
        }
        assert_eq!(count_boot(&mut Store { boot: None, store: works }), None);
        assert_eq!(count_boot(&mut Store { boot: Some(u64::MAX), store: works }), None);
    }

    proptest! {
        /// Two starts with the same noise.
        #[test]
        fn no_two_starts_draw_the_same(before in 0..u64::MAX - 2, noise in any::<[u8; 4]>()) {
            let mut store = Store { boot: Some(before), store: |place, boot| *place = Some(boot) };
            let mut start = || drawn(Seed { boot: count_boot(&mut store).unwrap(), noise: &noise, ..SEED }, 4);
            let (first, second) = (start(), start());
            prop_assert!(first.iter().all(|bytes| !second.contains(bytes)));
        }
    }
}
