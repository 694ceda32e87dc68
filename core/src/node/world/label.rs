//! `RoomLabel`: what a room is called, who may come in, and what Main has been told of it.

use super::mains::{MAINS_MAX, place_of};
#[cfg(feature = "mains")]
use crate::protocol::ClaimNumber;
#[cfg(feature = "saves")]
use crate::protocol::ROOM_OPTIONS_MAX_BYTES;
#[cfg(feature = "moving")]
use crate::protocol::WorldId;
use crate::protocol::{
    Bytes, ErrorCode, ROOM_MODE_MAX_BYTES, ROOM_NAME_MAX_BYTES, ROOM_PROPERTIES_MAX_BYTES,
    ROOM_SECRET_MAX_BYTES, RoomLine, Text, Wish,
};
use crate::time::Instant;
use subtle::ConstantTimeEq;

/// What Main knows of a room.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Told {
    /// All of it.
    All = 0,
    /// That it is there; something of it is another now.
    Before,
    /// Nothing: neither that it is open, nor that it is not any more.
    Nothing,
}

/// What one Main has been told of a room.
#[derive(Copy, Clone, Debug)]
pub(super) struct ToldMain {
    /// How many members it has been told of.
    pub(super) members: u16,
    pub(super) what: Told,
    /// It has been told of a room of this number, and of no end.
    pub(super) is_known: bool,
}

impl ToldMain {
    /// All-zero bits.
    const VACANT: Self = Self { members: 0, what: Told::All, is_known: false };

    /// That what was a room is not one for Main, as it has to hear if it knows of it.
    const fn is_closed(&mut self) {
        self.what = if self.is_known { Told::Nothing } else { Told::All };
        self.members = 0;
    }

    fn has_changed(&mut self) {
        if self.what == Told::All {
            self.what = Told::Before;
        }
    }
}

/// Whether a room is open, and as what.
#[derive(Debug)]
pub(super) struct RoomLabel {
    pub(super) name: heapless::String<ROOM_NAME_MAX_BYTES>,
    pub(super) mode: heapless::String<ROOM_MODE_MAX_BYTES>,
    pub(super) secret: heapless::String<ROOM_SECRET_MAX_BYTES>,
    /// What its game was opened with.
    #[cfg(feature = "saves")]
    pub(super) options: heapless::Vec<u8, ROOM_OPTIONS_MAX_BYTES, u8>,
    pub(super) properties: heapless::Vec<u8, ROOM_PROPERTIES_MAX_BYTES>,
    /// How many members it takes.
    pub(super) capacity: u16,
    /// It stays until then, though nobody is in it.
    pub(super) kept_until: Instant,
    pub(super) is_open: bool,
    pub(super) is_listed: bool,
    pub(super) is_locked: bool,
    /// The world that it has come from.
    #[cfg(feature = "moving")]
    pub(super) moved_from: Option<WorldId>,
    /// What its name is claimed under; 0 if that is not known.
    #[cfg(feature = "mains")]
    pub(super) claim: ClaimNumber,
    /// What each Main has been told of it, by its link.
    pub(super) told: [ToldMain; MAINS_MAX],
}

impl RoomLabel {
    /// That of a room that is not open: all-zero bits.
    pub(super) const VACANT: Self = Self {
        name: heapless::String::new(),
        mode: heapless::String::new(),
        secret: heapless::String::new(),
        #[cfg(feature = "saves")]
        options: heapless::Vec::new(),
        properties: heapless::Vec::new(),
        capacity: 0,
        kept_until: Instant::ZERO,
        is_open: false,
        is_listed: false,
        is_locked: false,
        #[cfg(feature = "moving")]
        moved_from: None,
        #[cfg(feature = "mains")]
        claim: ClaimNumber(0),
        told: [ToldMain::VACANT; MAINS_MAX],
    };

    /// That of a room that is open no more, as Main has to hear if it knows of it.
    pub(super) fn given_back(&self) -> Self {
        let mut label = Self { told: self.told, ..Self::VACANT };
        label.told.iter_mut().for_each(ToldMain::is_closed);
        label
    }

    /// That of the same room when it is opened for a wish.
    pub(super) fn opened(&self, wish: &Wish<'_>, capacity: u16) -> Self {
        let mut told = self.told;
        for main in &mut told {
            // Mains hear of rooms with names.
            if wish.name.as_str().is_empty() {
                main.is_closed();
            } else {
                main.what = Told::Nothing;
            }
        }
        Self {
            name: heapless::String::try_from(wish.name.as_str()).unwrap_or_default(),
            mode: heapless::String::try_from(wish.mode.as_str()).unwrap_or_default(),
            secret: heapless::String::try_from(wish.secret.as_str()).unwrap_or_default(),
            #[cfg(feature = "saves")]
            options: heapless::Vec::from_slice(wish.options.as_slice()).unwrap_or_default(),
            capacity: if wish.places == 0 { capacity } else { wish.places },
            is_open: true,
            is_listed: wish.is_listed,
            told,
            ..Self::VACANT
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn mode(&self) -> &str {
        &self.mode
    }

    /// Whether Main is to know of it.
    pub(super) fn is_named(&self) -> bool {
        self.is_open && !self.name.is_empty()
    }

    /// Whether somebody with this secret may come in now, if there is a place.
    pub(super) fn lets_in(&self, secret: &str) -> Result<(), ErrorCode> {
        if !bool::from(self.secret.as_bytes().ct_eq(secret.as_bytes())) && !self.secret.is_empty() {
            return Err(ErrorCode::WRONG_SECRET);
        }
        if self.is_locked { Err(ErrorCode::ROOM_LOCKED) } else { Ok(()) }
    }

    /// What listings say of it.
    pub(super) fn line(&self, members: u16) -> RoomLine<'_> {
        RoomLine {
            name: Text::truncated(&self.name),
            mode: Text::truncated(&self.mode),
            members,
            capacity: self.capacity,
            is_locked: self.is_locked,
            is_private: !self.secret.is_empty(),
            properties: self.properties(),
        }
    }

    pub(super) fn properties(&self) -> Bytes<'_, ROOM_PROPERTIES_MAX_BYTES> {
        Bytes::new(&self.properties).unwrap_or_default()
    }

    /// Something of it is another now.
    pub(super) fn has_changed(&mut self) {
        self.told.iter_mut().for_each(ToldMain::has_changed);
    }

    /// Every Main is to hear of it again.
    #[cfg(feature = "mains")]
    pub(super) fn is_claimed_anew(&mut self) {
        self.told.iter_mut().for_each(|main| main.what = Told::Nothing);
    }

    /// A Main's link is new: it knows nothing.
    pub(super) fn forget_what_is_told(&mut self, main: u16) {
        if let Some(told) = self.told.get_mut(place_of(main)) {
            *told = ToldMain { what: Told::All, is_known: false, ..*told };
        }
    }

    /// A Main is to hear of it, maybe once more, if it has a name; and still of its end, if it has to.
    pub(super) fn is_told_again(&mut self, main: u16) {
        let is_named = self.is_named();
        if let Some(told) = self.told.get_mut(place_of(main)).filter(|_| is_named) {
            told.what = Told::Nothing;
        }
    }

    /// So many are in it now, as that Main is to hear.
    pub(super) fn note_members(&mut self, main: u16, members: u16) {
        let told = self.told.get_mut(place_of(main));
        if let Some(told) = told.filter(|told| told.members != members) {
            told.has_changed();
        }
    }
}
