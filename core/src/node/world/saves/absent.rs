//! The book of a world that keeps nothing.

use core::marker::PhantomData;

use super::{RecordId, SaveError, SaveSizes};
use crate::entropy::Entropy;
use crate::protocol::Message;
use crate::time::Instant;

/// Nothing.
#[derive(Debug, Default)]
pub struct SaveStorage<'a>(PhantomData<&'a mut ()>);

/// Keeps nothing, and says so.
#[derive(Debug)]
pub struct SaveBook<'a>(PhantomData<&'a mut ()>);

impl<'a> SaveBook<'a> {
    pub(in super::super) const fn new(_: SaveStorage<'a>, _: usize, _: SaveSizes) -> Self {
        Self(PhantomData)
    }

    pub(super) const fn save(&mut self, _: u16, _: &str, _: &[u8]) -> Result<(), SaveError> {
        Err(SaveError::NoStore)
    }

    pub(super) const fn load(&mut self, _: u16, _: &str) -> Result<(), SaveError> {
        Err(SaveError::NoStore)
    }

    pub(super) fn next_record_id(&mut self, _: u16, _: &mut dyn Entropy) -> RecordId {
        RecordId::default()
    }

    pub(super) const fn record<M: Message>(
        &mut self,
        _: u16,
        _: RecordId,
        _: &M,
    ) -> Result<(), SaveError> {
        Err(SaveError::NoStore)
    }

    #[cfg(feature = "rooms")]
    pub(in super::super) const fn close_room(&mut self, _: u16) {}

    #[expect(clippy::unused_self, reason = "with the feature `saves` it is needed")]
    pub(in super::super) const fn is_kept(&self, _: u16) -> bool {
        false
    }

    pub(in super::super) const fn next_deadline(&self) -> Option<Instant> {
        None
    }
}
