//! `WorkList`: which slots need attention, each once, in the order in which they asked.
//!
//! Purpose: sessions with something to send, sessions with a request for the driver, rooms to flush.
//!
//! Contract: adding a listed slot changes nothing, so the list can't overflow: it has room for
//! every slot.
//!
//! Bounds: O(1).
//!
//! ```
//! use tinyrealm_core::storage::WorkList;
//! let (mut queue, mut listed) = ([0; 3], [false; 3]);
//! let mut work = WorkList::new(&mut queue, &mut listed);
//! work.add(2);
//! work.add(0);
//! work.add(2);
//! assert_eq!((work.pop(), work.pop(), work.pop()), (Some(2), Some(0), None));
//! ```

use super::ring::Ring;

/// A queue of slot indexes without repetition; see the [module](self).
#[derive(Debug)]
pub struct WorkList<'a> {
    queue: Ring<'a, u16>,
    listed: &'a mut [bool],
}

impl<'a> WorkList<'a> {
    /// An empty list. Both slices are as long as there are slots.
    pub const fn new(queue: &'a mut [u16], listed: &'a mut [bool]) -> Self {
        Self { queue: Ring::new(queue), listed }
    }

    /// Lists slot `index`, if it is not listed.
    #[inline]
    pub fn add(&mut self, index: u16) {
        if let Some(listed) = self.listed.get_mut(usize::from(index))
            && !*listed
        {
            *listed = self.queue.push(index).is_ok();
        }
    }

    /// Takes the slot that has waited longest.
    #[inline]
    pub fn pop(&mut self) -> Option<u16> {
        let index = self.queue.pop()?;
        if let Some(listed) = self.listed.get_mut(usize::from(index)) {
            *listed = false;
        }
        Some(index)
    }

    /// How many slots wait.
    pub const fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether none waits.
    pub const fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}
