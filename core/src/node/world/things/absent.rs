//! The states of a world whose game has none.

use core::marker::PhantomData;

use super::{State, StateSizes};

/// Nothing.
#[derive(Debug, Default)]
pub struct StateStorage<'a>(PhantomData<&'a mut ()>);

/// No state.
#[derive(Debug)]
pub struct States<'a>(PhantomData<&'a mut ()>);

impl<'a> States<'a> {
    pub(in super::super) const fn new(_: StateStorage<'a>, _: StateSizes) -> Self {
        Self(PhantomData)
    }

    pub(in super::super) const fn sizes(&self) -> StateSizes {
        StateSizes::NONE
    }

    pub(in super::super) const fn thing(&self, _: u16, _: u16) -> Option<State<'_>> {
        None
    }

    pub(in super::super) const fn of_member(&self, _: u16) -> Option<State<'_>> {
        None
    }
}
