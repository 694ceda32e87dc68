//! The line of a world whose games hand out nothing.

use core::marker::PhantomData;

use crate::protocol::{Message, SendError};

/// Of nobody.
#[derive(Debug)]
pub(in super::super) struct NoticeLine<'a>(PhantomData<&'a mut [u8]>);

impl NoticeLine<'_> {
    pub(in super::super) const NONE: Self = Self(PhantomData);

    #[expect(clippy::unused_self, reason = "the same call as with the feature")]
    pub(in super::super) const fn add<M: Message>(
        &mut self,
        _: u16,
        _: &M,
    ) -> Result<(), SendError> {
        Err(SendError::Closed)
    }
}
