//! `FrameWalker`: where in a frame a byte stream stands.
//!
//! Purpose: the simulator's own idea of what is a partial frame, to compare the node's buffers with.

/// A position in a stream of frames.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct FrameWalker {
    /// The first byte of a prefix, if its second has not come.
    low: Option<u8>,
    /// Bytes of the present body that have not come.
    missing: usize,
}

impl FrameWalker {
    /// Goes on by `bytes`.
    pub(super) fn walk(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        loop {
            let body = self.missing.min(rest.len());
            self.missing -= body;
            rest = &rest[body..];
            let Some((byte, after)) = rest.split_first() else { return };
            rest = after;
            match self.low.take() {
                None => self.low = Some(*byte),
                Some(low) => self.missing = usize::from(u16::from_le_bytes([low, *byte])),
            }
        }
    }

    /// Whether a frame has begun and not ended.
    pub(super) const fn is_inside_frame(&self) -> bool {
        self.low.is_some() || self.missing > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_every_byte_of_a_frame() {
        let stream = [4, 0, 1, 0, 0, 0, 5, 0, 1, 0, 0, 0, 9];
        for cut in 0..=stream.len() {
            let mut walker = FrameWalker::default();
            walker.walk(&stream[..cut]);
            assert_eq!(walker.is_inside_frame(), ![0, 6, 13].contains(&cut), "{cut}");
            walker.walk(&stream[cut..]);
            assert!(!walker.is_inside_frame());
        }
    }
}
