//! Nicknames: what a user may want to be called, and a room.
//!
//! Contract: [`checked`] (and for rooms [`checked_room`]) is the one place that says yes or no, for every client, world and page behind it: up to
//! [`NICKNAME_MAX_BYTES`] bytes of text that shows what it is. No control, format, filling or invisible character,
//! so nothing turns a line round or looks empty; the ordinary space is the only one, and neither first nor last; no
//! mark stands first, where it would cling to what is in front. Which of several spellings of the same
//! text it is (NFC) takes tables that the core has not: the driver of a Main that has them brings a nickname into
//! that form first ([`Authenticator::nickname`](super::Authenticator::nickname), and
//! [`room_name`](super::Authenticator::room_name)).
//!
//! Bounds: O(bytes) times the length of a table of ranges. Two users may have one nickname, or two that look alike:
//! who needs to be sure looks at the account's name.
//!
//! ```
//! use tinyrealm_core::node::main::nicknames::checked;
//! assert!(checked("Zoë 한").is_ok());
//! assert!(checked("Z\u{202E}oe").is_err()); // turns round what follows
//! ```

use crate::protocol::{ErrorCode, NICKNAME_MAX_BYTES, ROOM_NAME_MAX_BYTES};

/// Characters that nobody sees, or that change how others are shown: Unicode's control, format, private and default
/// ignorable characters, other spaces than the ordinary one, fillers, and what is no character.
const UNSEEN: &[(u32, u32)] = &[
    (0x0000, 0x001F),
    (0x007F, 0x00A0),
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x0600, 0x0605),
    (0x061C, 0x061C),
    (0x06DD, 0x06DD),
    (0x070F, 0x070F),
    (0x0890, 0x0891),
    (0x08E2, 0x08E2),
    (0x115F, 0x1160),
    (0x1680, 0x1680),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2000, 0x200F),
    (0x2028, 0x202F),
    (0x205F, 0x206F),
    (0x2800, 0x2800),
    (0x3000, 0x3000),
    (0x3164, 0x3164),
    (0xE000, 0xF8FF),
    (0xFDD0, 0xFDEF),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFB),
    (0x110BD, 0x110BD),
    (0x110CD, 0x110CD),
    (0x13430, 0x1343F),
    (0x1BCA0, 0x1BCA3),
    (0x1D159, 0x1D159),
    (0x1D173, 0x1D17A),
    (0xE0000, 0x10_FFFF),
];

/// Blocks of marks that cling to the character in front of them.
const MARKS: &[(u32, u32)] = &[
    (0x0300, 0x036F),
    (0x0483, 0x0489),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0xFE20, 0xFE2F),
];

fn is_in(ranges: &[(u32, u32)], character: char) -> bool {
    ranges.iter().any(|(first, last)| (*first..=*last).contains(&u32::from(character)))
}

/// The last two of each plane are no characters.
fn is_unseen(character: char) -> bool {
    is_in(UNSEEN, character) || u32::from(character) & 0xFFFE == 0xFFFE
}

/// The nickname, if a user may have it; an empty one is none.
///
/// # Errors
/// [`ErrorCode::BAD_NAME`] if not.
pub fn checked(wanted: &str) -> Result<heapless::String<NICKNAME_MAX_BYTES>, ErrorCode> {
    if !is_shown(wanted) {
        return Err(ErrorCode::BAD_NAME);
    }
    heapless::String::try_from(wanted).map_err(|_| ErrorCode::BAD_NAME)
}

/// What a room, or a mode of rooms, is called, if one may be called so; an empty text is none.
///
/// # Errors
/// [`ErrorCode::BAD_ROOM`] if not.
pub fn checked_room(wanted: &str) -> Result<heapless::String<ROOM_NAME_MAX_BYTES>, ErrorCode> {
    if !is_shown(wanted) {
        return Err(ErrorCode::BAD_ROOM);
    }
    heapless::String::try_from(wanted).map_err(|_| ErrorCode::BAD_ROOM)
}

/// Whether a text shows what it is.
fn is_shown(text: &str) -> bool {
    let begins_badly = text.starts_with(|first| first == ' ' || is_in(MARKS, first));
    !begins_badly && !text.ends_with(' ') && !text.contains(is_unseen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_people_are_names() {
        for good in [
            "",
            "a",
            "Zoë",
            "Zoe\u{301}",
            "안녕",
            "a b",
            "🦊",
            "O'Neil",
            "<b>",
            "x".repeat(24).as_str(),
        ] {
            assert_eq!(checked(good).unwrap(), good, "{good:?}");
        }
    }

    #[test]
    fn both_sides_of_the_length() {
        assert!(checked(&"한".repeat(8)).is_ok());
        assert!(checked(&("한".repeat(8) + "x")).is_err());
    }

    #[test]
    fn what_nobody_sees_is_no_name() {
        let unseen = [
            "\n",
            "\0",
            "a\tb",
            "\u{7F}",
            "\u{85}",
            "a\u{A0}b",
            "\u{AD}",
            "a\u{200B}",
            "a\u{200D}b",
            "\u{202E}evil",
            "\u{2066}x\u{2069}",
            "\u{2028}",
            "\u{3000}",
            "\u{3164}",
            "\u{FEFF}a",
            "\u{FFA0}",
            "\u{2800}",
            "\u{E0041}",
            "\u{FE0F}",
            "\u{E000}",
            "\u{FFFE}",
            "\u{1FFFF}",
            "\u{10FFFF}",
            "\u{FFF9}",
        ];
        for bad in unseen {
            assert_eq!(checked(bad), Err(ErrorCode::BAD_NAME), "{bad:?}");
            assert_eq!(checked(&std::format!("a{bad}b")), Err(ErrorCode::BAD_NAME), "a{bad:?}b");
        }
    }

    #[test]
    fn a_name_begins_and_ends_with_something() {
        for bad in [" ", " a", "a ", "\u{301}", "\u{301}a", "\u{20E3}a"] {
            assert_eq!(checked(bad), Err(ErrorCode::BAD_NAME), "{bad:?}");
        }
    }

    #[test]
    fn both_sides_of_every_range() {
        let seen = |code: u32| char::from_u32(code).is_none_or(|character| !is_unseen(character));
        for (first, last) in UNSEEN {
            assert!(!seen(*first) || char::from_u32(*first).is_none());
            assert!(!seen(*last) || char::from_u32(*last).is_none());
        }
        for code in [0x20, 0x7E, 0xA1, 0xAC, 0xAE, 0x1FFF, 0x2010, 0x2027, 0x2030, 0x2070, 0xFFFD] {
            assert!(seen(code), "{code:x}");
        }
    }
}
