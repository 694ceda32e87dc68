//! `Paint`: a stretch of memory of which each byte belongs to at most one part.
//!
//! Contract: painting again replaces; whatever lies outside is left alone. So however parts overlap,
//! their sums and what nobody has painted are the stretch.

use std::collections::BTreeMap;

use crate::part::Part;

/// The stretch; see the [module](self).
#[derive(Debug)]
pub struct Paint {
    start: u64,
    bytes: Vec<Option<Part>>,
}

impl Paint {
    /// Nobody's bytes.
    pub fn new(start: u64, size: u64) -> Self {
        Self { start, bytes: vec![None; size as usize] }
    }

    /// Paints what of `address .. address + size` lies in the stretch.
    pub fn paint(&mut self, address: u64, size: u64, part: Part) {
        self.part_of(address, size).fill(Some(part));
    }

    /// Paints what of it nobody has painted.
    pub fn paint_rest(&mut self, address: u64, size: u64, part: Part) {
        for byte in self.part_of(address, size) {
            byte.get_or_insert(part);
        }
    }

    fn part_of(&mut self, address: u64, size: u64) -> &mut [Option<Part>] {
        let end = self.start + self.bytes.len() as u64;
        let from = address.clamp(self.start, end);
        let to = address.saturating_add(size).clamp(from, end);
        let (from, to) = ((from - self.start) as usize, (to - self.start) as usize);
        self.bytes.get_mut(from..to).unwrap_or_default()
    }

    /// Whether somebody has painted the byte at this address.
    pub fn is_painted(&self, address: u64) -> bool {
        let index = address.checked_sub(self.start);
        index.and_then(|index| self.bytes.get(index as usize)).is_some_and(Option::is_some)
    }

    /// Adds the bytes of each part to `sums`; unpainted ones are the rest.
    pub fn add_to(&self, sums: &mut BTreeMap<Part, u64>) {
        for byte in &self.bytes {
            *sums.entry(byte.unwrap_or(Part::Rest)).or_default() += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_rest_are_the_stretch_however_they_overlap() {
        let mut paint = Paint::new(100, 10);
        paint.paint(90, 15, Part::Ring);
        paint.paint(103, 4, Part::Game);
        paint.paint_rest(100, 9, Part::Pools);
        paint.paint(120, 5, Part::Rooms);
        let mut sums = BTreeMap::new();
        paint.add_to(&mut sums);
        let expected = [(Part::Ring, 3), (Part::Pools, 2), (Part::Game, 4), (Part::Rest, 1)];
        assert_eq!(sums, BTreeMap::from(expected));
        assert!(paint.is_painted(108) && !paint.is_painted(109) && !paint.is_painted(99));
    }
}
