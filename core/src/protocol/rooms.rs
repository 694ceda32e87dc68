//! What a client says of the room that it wants, and what it hears of those that there are.
//!
//! Bounds: names of 1 to [`ROOM_NAME_MAX_BYTES`] bytes, modes of up to [`ROOM_MODE_MAX_BYTES`]; neither has control
//! characters ([`is_room_name`], [`is_room_mode`]).
//!
//! ```
//! use tinyrealm_core::protocol::{Text, Wish, WishKind};
//! assert_eq!(Wish::ANY.kind, WishKind::ANY); // any room of any mode
//! let with_friends = Wish::named(Text::new("den").unwrap());
//! assert!(with_friends.is_valid());
//! assert!(!Wish::named(Text::default()).is_valid());
//! ```

use core::fmt;

use serde::{Deserialize, Serialize};

use super::{Bytes, Text, WishKind};

/// The longest name of a room, in bytes.
pub const ROOM_NAME_MAX_BYTES: usize = 24;
/// The longest name of a mode, in bytes.
pub const ROOM_MODE_MAX_BYTES: usize = 16;
/// The longest secret of a private room, in bytes.
pub const ROOM_SECRET_MAX_BYTES: usize = 24;
/// The most bytes of options that a room is opened with.
pub const ROOM_OPTIONS_MAX_BYTES: usize = 128;
/// The most bytes that a game says of its room in listings.
pub const ROOM_PROPERTIES_MAX_BYTES: usize = 64;
/// Rooms on one page of a listing.
pub const ROOM_PAGE_ROOMS: usize = 3;

/// Whether a room may be called so.
pub fn is_room_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= ROOM_NAME_MAX_BYTES && !name.contains(char::is_control)
}

/// Whether a mode may be called so; the empty one is that of rooms whose opener has named none.
pub fn is_room_mode(mode: &str) -> bool {
    mode.len() <= ROOM_MODE_MAX_BYTES && !mode.contains(char::is_control)
}

/// Which room somebody wants to be in. What a kind does not speak of is left empty.
#[derive(Copy, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish<'a> {
    /// Any, by name, or a new one.
    pub kind: WishKind,
    /// The room's name. A new room may have none: then one is made for it.
    #[serde(borrow)]
    pub name: Text<'a, ROOM_NAME_MAX_BYTES>,
    /// The mode of any room, empty for every one; or of a new one.
    #[serde(borrow)]
    pub mode: Text<'a, ROOM_MODE_MAX_BYTES>,
    /// What a private room asks of whoever comes in; a new room that has one is private.
    #[serde(borrow)]
    pub secret: Text<'a, ROOM_SECRET_MAX_BYTES>,
    /// What a new room's game is told.
    #[serde(borrow)]
    pub options: Bytes<'a, ROOM_OPTIONS_MAX_BYTES>,
    /// Whether listings show a new room, and whoever wants any may be sent there.
    pub is_listed: bool,
    /// How many members a new room takes; 0 for as many as its world's rooms can.
    pub places: u16,
}

impl<'a> Wish<'a> {
    /// Any room of any mode.
    pub const ANY: Self = Self {
        kind: WishKind::ANY,
        name: Text::EMPTY,
        mode: Text::EMPTY,
        secret: Text::EMPTY,
        options: Bytes::EMPTY,
        is_listed: false,
        places: 0,
    };

    /// Any room of `mode`, of every one if that is empty.
    pub fn any(mode: Text<'a, ROOM_MODE_MAX_BYTES>) -> Self {
        Self { mode, ..Self::ANY }
    }

    /// The room of this name, which somebody has opened.
    pub fn named(name: Text<'a, ROOM_NAME_MAX_BYTES>) -> Self {
        Self { kind: WishKind::NAMED, name, ..Self::ANY }
    }

    /// The room of this name, whoever of several is the first to open it, and then listed.
    pub fn named_or_new(name: Text<'a, ROOM_NAME_MAX_BYTES>) -> Self {
        Self { kind: WishKind::NAMED_OR_NEW, name, is_listed: true, ..Self::ANY }
    }

    /// A new room of `mode`, with a name that is made for it, and listed.
    pub fn new_room(mode: Text<'a, ROOM_MODE_MAX_BYTES>) -> Self {
        Self { kind: WishKind::CREATE, mode, is_listed: true, ..Self::ANY }
    }

    /// Whether it names neither a room nor a mode: its world chooses among the rooms that nobody has named.
    pub fn is_plain(&self) -> bool {
        self.kind == WishKind::ANY && self.mode.as_str().is_empty()
    }

    /// Whether a room may be opened for it if there is none.
    pub fn may_open(&self) -> bool {
        matches!(self.kind, WishKind::ANY | WishKind::CREATE | WishKind::NAMED_OR_NEW)
    }

    /// Whether its kind is known, and its name and mode can be a room's.
    pub fn is_valid(&self) -> bool {
        let (name, mode) = (self.name.as_str(), self.mode.as_str());
        let is_named = match self.kind {
            WishKind::ANY => name.is_empty(),
            WishKind::CREATE => name.is_empty() || is_room_name(name),
            WishKind::NAMED | WishKind::NAMED_OR_NEW => is_room_name(name),
            _ => false,
        };
        is_named && is_room_mode(mode)
    }
}

/// A [`Wish`] that is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnedWish {
    kind: WishKind,
    name: heapless::String<ROOM_NAME_MAX_BYTES>,
    mode: heapless::String<ROOM_MODE_MAX_BYTES>,
    secret: heapless::String<ROOM_SECRET_MAX_BYTES>,
    options: heapless::Vec<u8, ROOM_OPTIONS_MAX_BYTES>,
    is_listed: bool,
    places: u16,
}

impl OwnedWish {
    /// Any room of any mode.
    pub const ANY: Self = Self {
        kind: WishKind::ANY,
        name: heapless::String::new(),
        mode: heapless::String::new(),
        secret: heapless::String::new(),
        options: heapless::Vec::new(),
        is_listed: false,
        places: 0,
    };

    /// The wish itself.
    pub fn as_wish(&self) -> Wish<'_> {
        Wish {
            kind: self.kind,
            name: Text::truncated(&self.name),
            mode: Text::truncated(&self.mode),
            secret: Text::truncated(&self.secret),
            options: Bytes::new(&self.options).unwrap_or_default(),
            is_listed: self.is_listed,
            places: self.places,
        }
    }
}

impl Default for OwnedWish {
    fn default() -> Self {
        Self::ANY
    }
}

impl From<Wish<'_>> for OwnedWish {
    /// The types of a wish keep its parts within their limits.
    fn from(wish: Wish<'_>) -> Self {
        Self {
            kind: wish.kind,
            name: heapless::String::try_from(wish.name.as_str()).unwrap_or_default(),
            mode: heapless::String::try_from(wish.mode.as_str()).unwrap_or_default(),
            secret: heapless::String::try_from(wish.secret.as_str()).unwrap_or_default(),
            options: heapless::Vec::from_slice(wish.options.as_slice()).unwrap_or_default(),
            is_listed: wish.is_listed,
            places: wish.places,
        }
    }
}

impl fmt::Debug for OwnedWish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_wish().fmt(f)
    }
}

/// Without the secret.
impl fmt::Debug for Wish<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wish")
            .field("kind", &self.kind.name())
            .field("name", &self.name.as_str())
            .field("mode", &self.mode.as_str())
            .finish_non_exhaustive()
    }
}

/// What listings say of a room.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct RoomLine<'a> {
    /// Its name, its own in the realm.
    #[serde(borrow)]
    pub name: Text<'a, ROOM_NAME_MAX_BYTES>,
    /// Its mode.
    #[serde(borrow)]
    pub mode: Text<'a, ROOM_MODE_MAX_BYTES>,
    /// How many members it has.
    pub members: u16,
    /// How many it takes.
    pub capacity: u16,
    /// Whether it takes nobody more for now.
    pub is_locked: bool,
    /// Whether it asks for a secret.
    pub is_private: bool,
    /// What its game says of it.
    #[serde(borrow)]
    pub properties: Bytes<'a, ROOM_PROPERTIES_MAX_BYTES>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_what_a_room_may_be_called() {
        assert!(is_room_name("a") && is_room_name(&"n".repeat(24)) && is_room_name("김치 방"));
        for bad in ["", "a\nb", "\u{7f}", "\0", &"n".repeat(25)] {
            assert!(!is_room_name(bad), "{bad:?}");
        }
        assert!(is_room_mode("") && is_room_mode(&"m".repeat(16)));
        assert!(!is_room_mode(&"m".repeat(17)) && !is_room_mode("a\tb"));
    }

    #[test]
    fn a_wish_is_of_a_kind_that_is_known_and_says_what_that_needs() {
        let name = Text::new("den").unwrap();
        let wish = |kind, name| Wish { kind, name, ..Wish::ANY };
        for kind in [WishKind::NAMED, WishKind::NAMED_OR_NEW, WishKind::CREATE] {
            assert!(wish(kind, name).is_valid(), "{kind:?}");
        }
        assert!(!wish(WishKind::ANY, name).is_valid());
        assert!(wish(WishKind::ANY, Text::default()).is_valid());
        assert!(wish(WishKind::CREATE, Text::default()).is_valid());
        assert!(!wish(WishKind::NAMED, Text::default()).is_valid());
        assert!(!wish(WishKind::NAMED_OR_NEW, Text::default()).is_valid());
        assert!(!wish(WishKind(4), name).is_valid());
    }

    #[test]
    fn a_secret_does_not_print() {
        let wish = Wish { secret: Text::new("hunter2").unwrap(), ..Wish::ANY };
        assert!(!std::format!("{wish:?}").contains("hunter2"));
    }
}
