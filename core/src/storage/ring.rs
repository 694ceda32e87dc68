//! `Ring`: a bounded first-in-first-out queue over a borrowed slice.
//!
//! Purpose: work lists (sessions with something to send, requests to the driver).
//!
//! Contract: a full ring hands the item back; order is kept.
//!
//! Bounds: O(1), capacity is the slice's length.
//!
//! ```
//! use tinyrealm_core::storage::Ring;
//! let mut slots = [0; 2];
//! let mut ring = Ring::new(&mut slots);
//! assert_eq!(ring.push(1), Ok(()));
//! assert_eq!(ring.push(2), Ok(()));
//! assert_eq!(ring.push(3), Err(3));
//! assert_eq!((ring.pop(), ring.pop(), ring.pop()), (Some(1), Some(2), None));
//! ```

/// A bounded queue; see the [module](self).
#[derive(Debug)]
pub struct Ring<'a, T> {
    slots: &'a mut [T],
    first: usize,
    len: usize,
}

impl<'a, T: Copy> Ring<'a, T> {
    /// An empty ring over `slots`, whose content does not matter.
    pub const fn new(slots: &'a mut [T]) -> Self {
        Self { slots, first: 0, len: 0 }
    }

    /// How many items wait.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether none waits.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn wrap(&self, position: usize) -> usize {
        if position >= self.slots.len() { position - self.slots.len() } else { position }
    }

    /// Appends `item`.
    ///
    /// # Errors
    /// The item itself, when every slot is taken.
    #[inline]
    pub fn push(&mut self, item: T) -> Result<(), T> {
        if self.len >= self.slots.len() {
            return Err(item);
        }
        let place = self.wrap(self.first + self.len);
        let Some(slot) = self.slots.get_mut(place) else {
            return Err(item);
        };
        *slot = item;
        self.len += 1;
        Ok(())
    }

    /// Takes the oldest item.
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        if self.len == 0 {
            return None;
        }
        let item = *self.slots.get(self.first)?;
        self.first = self.wrap(self.first + 1);
        self.len -= 1;
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    proptest! {
        #[test]
        fn agrees_with_a_deque(capacity in 0usize..6, pushes in prop::collection::vec(any::<bool>(), 0..100)) {
            let mut slots = [0u32; 6];
            let mut ring = Ring::new(&mut slots[..capacity]);
            let mut model = VecDeque::new();
            for (step, push) in pushes.into_iter().enumerate() {
                let step = step as u32;
                if push {
                    let expected = if model.len() < capacity { model.push_back(step); Ok(()) } else { Err(step) };
                    prop_assert_eq!(ring.push(step), expected);
                } else {
                    prop_assert_eq!(ring.pop(), model.pop_front());
                }
                prop_assert_eq!(ring.len(), model.len());
            }
        }
    }
}
