//! `RoomLabel`: what makes a room one of its own: its name, and what goes with that.
//!
//! ```text
//!   Unnamed ──open──► Named ──close──► Closed ──Main is told──► Unnamed
//!      ▲                                 └──open: the news of the new one says so──► Named
//!      └── anybody may be sent here by its world
//! ```
//! Contract: whoever is sent to a world without a room of its own gets one without a name. Without the cargo feature
//! `rooms` all are such, and a label costs nothing.

use crate::protocol::ROOM_PROPERTIES_MAX_BYTES;
use crate::wire::Full;

#[cfg(feature = "rooms")]
pub(super) use present::Phase;
#[cfg(feature = "rooms")]
pub use present::RoomLabel;

#[cfg(not(feature = "rooms"))]
pub use absent::RoomLabel;

#[cfg(feature = "rooms")]
mod present {
    use super::{Full, ROOM_PROPERTIES_MAX_BYTES};
    use crate::protocol::world_to_main::{RoomChanged, RoomOpened};
    use crate::protocol::{
        Bytes, ROOM_MODE_MAX_BYTES, ROOM_NAME_MAX_BYTES, ROOM_SECRET_MAX_BYTES, RoomId, RoomLine,
        Text,
    };
    use crate::time::Stamp;

    /// Where a room is; see the [module](super).
    #[derive(Copy, Clone, PartialEq, Eq, Debug)]
    #[repr(u8)]
    pub(in super::super) enum Phase {
        Unnamed = 0,
        Named,
        Closed,
    }

    /// What makes a room one of its own; see the [module](super).
    #[derive(Debug)]
    pub struct RoomLabel {
        pub(in super::super) phase: Phase,
        /// Something of it has changed that Main was not told,
        pub(in super::super) is_untold: bool,
        /// or nothing was told of it yet.
        pub(in super::super) is_new: bool,
        pub(in super::super) is_listed: bool,
        pub(in super::super) is_locked: bool,
        pub(in super::super) name: heapless::String<ROOM_NAME_MAX_BYTES>,
        pub(in super::super) mode: heapless::String<ROOM_MODE_MAX_BYTES>,
        pub(in super::super) secret: heapless::String<ROOM_SECRET_MAX_BYTES>,
        pub(in super::super) properties: heapless::Vec<u8, ROOM_PROPERTIES_MAX_BYTES>,
        /// Members that it takes at most; 0 for as many as the world does.
        pub(in super::super) capacity: u16,
        /// Until then it stays open without anybody.
        pub(in super::super) stays_until: Stamp,
    }

    impl RoomLabel {
        /// A room without a name: all-zero bits.
        pub const NONE: Self = Self {
            phase: Phase::Unnamed,
            is_untold: false,
            is_new: false,
            is_listed: false,
            is_locked: false,
            name: heapless::String::new(),
            mode: heapless::String::new(),
            secret: heapless::String::new(),
            properties: heapless::Vec::new(),
            capacity: 0,
            stays_until: Stamp::ZERO,
        };

        pub(in super::super) fn is_named(&self) -> bool {
            self.phase == Phase::Named
        }

        pub(in super::super) fn name(&self) -> &str {
            if self.is_named() { &self.name } else { "" }
        }

        pub(in super::super) fn mode(&self) -> &str {
            if self.is_named() { &self.mode } else { "" }
        }

        pub(in super::super) fn lock(&mut self, is_locked: bool) {
            self.is_untold |= self.is_named() && self.is_locked != is_locked;
            self.is_locked = is_locked;
        }

        pub(in super::super) fn list(&mut self, is_listed: bool) {
            self.is_untold |= self.is_named() && self.is_listed != is_listed;
            self.is_listed = is_listed;
        }

        pub(in super::super) fn describe(&mut self, properties: &[u8]) -> Result<(), Full> {
            self.properties = heapless::Vec::from_slice(properties).map_err(|_| Full)?;
            self.is_untold |= self.is_named();
            Ok(())
        }

        /// How many it takes, of as many as a room of its world does.
        pub(in super::super) const fn capacity(&self, of_world: u16) -> u16 {
            match self.capacity {
                0 => of_world,
                own if own < of_world => own,
                _ => of_world,
            }
        }

        pub(in super::super) fn limit(&mut self, capacity: u16) {
            (self.is_untold, self.is_new) = (self.is_named(), self.is_named());
            self.capacity = capacity;
        }

        pub(in super::super) fn opened(
            &self,
            room: u16,
            members: u16,
            of_world: u16,
        ) -> RoomOpened<'_> {
            let line = RoomLine {
                name: Text::truncated(&self.name),
                mode: Text::truncated(&self.mode),
                members,
                capacity: self.capacity(of_world),
                is_locked: self.is_locked,
                is_private: !self.secret.is_empty(),
                properties: Bytes::new(&self.properties).unwrap_or_default(),
            };
            RoomOpened { room_id: RoomId(room), line, is_listed: self.is_listed }
        }

        pub(in super::super) fn changed(&self, room: u16, members: u16) -> RoomChanged<'_> {
            RoomChanged {
                room_id: RoomId(room),
                members,
                is_locked: self.is_locked,
                is_listed: self.is_listed,
                properties: Bytes::new(&self.properties).unwrap_or_default(),
            }
        }
    }
}

#[cfg(not(feature = "rooms"))]
mod absent {
    use super::{Full, ROOM_PROPERTIES_MAX_BYTES};

    /// Nothing: the room has no name.
    #[derive(Debug)]
    pub struct RoomLabel;

    impl RoomLabel {
        /// A room without a name.
        pub const NONE: Self = Self;

        pub(in super::super) const fn is_named(&self) -> bool {
            false
        }

        pub(in super::super) const fn name(&self) -> &str {
            ""
        }

        pub(in super::super) const fn mode(&self) -> &str {
            ""
        }

        pub(in super::super) const fn lock(&mut self, _: bool) {}

        pub(in super::super) const fn list(&mut self, _: bool) {}

        pub(in super::super) const fn describe(&mut self, properties: &[u8]) -> Result<(), Full> {
            if properties.len() > ROOM_PROPERTIES_MAX_BYTES { Err(Full) } else { Ok(()) }
        }

        pub(in super::super) const fn capacity(&self, of_world: u16) -> u16 {
            of_world
        }

        pub(in super::super) const fn limit(&mut self, _: u16) {}
    }
}
