//! `Operations`: bytes of a fuzzer as what is to be done next.

/// What is left of the input.
pub(crate) struct Operations<'b>(pub(crate) &'b [u8]);

impl<'b> Operations<'b> {
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// 0 behind the end.
    pub(crate) fn number(&mut self) -> usize {
        self.byte().unwrap_or(0).into()
    }

    /// So many bytes, as far as there are any.
    pub(crate) fn bytes(&mut self, count: usize) -> &'b [u8] {
        let (bytes, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        bytes
    }
}
