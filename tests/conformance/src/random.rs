//! The entropy that all hosts give their nodes.

use tinyrealm_core::entropy::Entropy;
use tinyrealm_testing::Random;

/// The same bytes on every host. Requests of one length have a sequence of their own, so that a
/// driver's own draws (a port: two bytes) do not shift the node's.
#[derive(Clone, Debug, Default)]
pub struct SameBytes {
    draws: [u8; 32],
}

impl Entropy for SameBytes {
    fn fill(&mut self, bytes: &mut [u8]) {
        let draws = &mut self.draws[bytes.len().min(31)];
        *draws = draws.wrapping_add(1);
        let mut random = Random::new(u64::from(*draws) << 8 | bytes.len() as u64);
        bytes.fill_with(|| random.next() as u8);
    }
}
