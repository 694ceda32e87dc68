//! `Inlets` of a node that is built without sealed links: everything that comes is in clear, which costs nothing.

use core::marker::PhantomData;

/// Where the next frames come from.
pub(super) enum Source {
    /// From the input itself.
    Clear,
}

/// See the [module](self).
#[derive(Debug, Default)]
pub(super) struct Inlets<'a>(PhantomData<&'a ()>);

impl Inlets<'_> {
    #[inline(always)]
    pub(super) const fn advance(&self) -> Source {
        Source::Clear
    }

    #[inline(always)]
    pub(super) const fn begin(&self) {}

    #[inline(always)]
    pub(super) const fn has_heard(&self) -> bool {
        false
    }

    #[inline(always)]
    pub(super) const fn heard(&self, _: u16, _: usize) {}
}
