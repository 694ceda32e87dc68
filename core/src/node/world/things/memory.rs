//! `StateMemory`: the bytes of a world's states as one value.

use super::StateStorage;

/// `THINGS` and `MEMBERS` are [`StateSizes::things_bytes`](super::StateSizes::things_bytes) and
/// [`StateSizes::members_bytes`](super::StateSizes::members_bytes) of the game.
#[derive(Debug)]
pub struct StateMemory<const THINGS: usize, const MEMBERS: usize> {
    things: [u8; THINGS],
    members: [u8; MEMBERS],
}

impl<const THINGS: usize, const MEMBERS: usize> StateMemory<THINGS, MEMBERS> {
    /// No state: all-zero bits.
    pub const NEW: Self = Self { things: [0; THINGS], members: [0; MEMBERS] };

    /// The slices that a world borrows.
    pub fn storage(&mut self) -> StateStorage<'_> {
        #[cfg(feature = "things")]
        return StateStorage { things: &mut self.things, members: &mut self.members };
        #[cfg(not(feature = "things"))]
        {
            // They are empty: a game with states does not compile without the feature.
            let _ = (&self.things, &self.members);
            StateStorage::default()
        }
    }
}
