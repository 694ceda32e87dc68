//! Where a game has no states there are none to tell.

use super::super::room_manager::RoomManager;
use super::super::user::UserKey;
use super::{State, StateError};
use crate::session::SessionManager;
use crate::time::Instant;

impl RoomManager<'_> {
    #[expect(clippy::unused_self, reason = "made like the one with states")]
    pub(in super::super) const fn put_thing(
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
    pub(in super::super) const fn put_member_state(
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
