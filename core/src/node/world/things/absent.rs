//! The states of a world whose game has none.

use core::marker::PhantomData;

use super::super::room_manager::RoomManager;
use super::super::user::UserKey;
use super::{State, StateError, StateSizes};
use crate::session::SessionManager;
use crate::time::Instant;

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

    pub(super) const fn sizes(&self) -> StateSizes {
        StateSizes::NONE
    }

    pub(super) const fn thing(&self, _: u16, _: u16) -> Option<State<'_>> {
        None
    }

    pub(super) const fn of_member(&self, _: u16) -> Option<State<'_>> {
        None
    }
}

impl RoomManager<'_> {
    #[expect(clippy::unused_self, reason = "made like the one with states")]
    pub(super) const fn put_thing(
        &mut self,
        _: Instant,
        _: u16,
        _: u16,
        _: State<'_>,
    ) -> Result<(), StateError> {
        Err(StateError::Unknown)
    }

    #[expect(clippy::unused_self, reason = "made like the one with states")]
    pub(super) const fn remove_thing(
        &mut self,
        _: Instant,
        _: u16,
        _: u16,
    ) -> Result<(), StateError> {
        Err(StateError::Unknown)
    }

    #[expect(clippy::unused_self, reason = "made like the one with states")]
    pub(super) const fn put_member_state(
        &mut self,
        _: Instant,
        _: UserKey,
        _: State<'_>,
    ) -> Result<(), StateError> {
        Err(StateError::Unknown)
    }

    #[expect(clippy::unused_self, reason = "made like the one with states")]
    pub(in super::super) const fn forget_member_state(&mut self, _: u16, _: u16) {}

    #[expect(clippy::unused_self, reason = "made like the one with states")]
    #[cfg_attr(
        not(feature = "rooms"),
        expect(dead_code, reason = "only rooms that are opened close")
    )]
    pub(in super::super) const fn forget_things(&mut self, _: u16) {}

    #[expect(clippy::unused_self, reason = "made like the one with states")]
    pub(in super::super) const fn changes_bytes(&self, _: u16) -> usize {
        0
    }

    #[expect(clippy::unused_self, reason = "made like the one with states")]
    pub(in super::super) const fn append_states(&mut self, _: u16) {}

    #[expect(clippy::unused_self, reason = "made like the one with states")]
    pub(in super::super) const fn owe_states(
        &mut self,
        _: Instant,
        _: &mut SessionManager<'_>,
        _: UserKey,
    ) {
    }

    #[expect(clippy::unused_self, reason = "made like the one with states")]
    pub(in super::super) const fn send_states(
        &mut self,
        _: Instant,
        _: &mut SessionManager<'_>,
        _: u16,
    ) {
    }
}
