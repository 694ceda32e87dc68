//! `Link`: an optional slot index in two bytes, whose empty value is zero bits.
//!
//! Purpose: lists that are threaded through slots (free lists, the members of a room, a timer
//! wheel's slots) without an allocator and without a second array.
//!
//! Bounds: indexes `0 ..` [`INDEX_COUNT_MAX`].
//!
//! ```
//! use tinyrealm_core::storage::Link;
//! assert_eq!(Link::NONE.index(), None);
//! assert_eq!(Link::to(3).index(), Some(3));
//! ```

/// The most slots that links can tell apart.
pub const INDEX_COUNT_MAX: usize = u16::MAX as usize;

/// An optional index; zero bits are [`Link::NONE`].
#[derive(Copy, Clone, PartialEq, Eq, Default, Debug)]
pub struct Link {
    index_plus_one: u16,
}

impl Link {
    /// No slot.
    pub const NONE: Self = Self { index_plus_one: 0 };

    /// A link to slot `index`; [`Link::NONE`] for the one index that is out of range.
    pub const fn to(index: u16) -> Self {
        Self { index_plus_one: index.wrapping_add(1) }
    }

    /// The slot that it leads to.
    pub const fn index(self) -> Option<u16> {
        self.index_plus_one.checked_sub(1)
    }

    /// Whether it leads nowhere.
    pub const fn is_none(self) -> bool {
        self.index_plus_one == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_index_up_to_the_limit_comes_back() {
        for index in 0..INDEX_COUNT_MAX as u16 {
            assert_eq!(Link::to(index).index(), Some(index));
        }
        assert!(Link::to(INDEX_COUNT_MAX as u16).is_none());
    }
}
