//! Passwords as RFC 8265 has them (`OpaqueString`): what one person types on two keyboards is one
//! password.
//!
//! Contract: spaces of any kind become ASCII's, then canonically equivalent texts become one (NFC).
//! Case and width stay what they are. Control characters, unassigned and private code points, and
//! those that nobody sees (RFC 8264's `FreeformClass`) are refused, and so is nothing at all.
//!
//! Two liberties, neither of which lets two passwords be one: what is allowed is looked at behind NFC,
//! so that Hangul may come in pieces; and the rules of context, which keep names from looking alike,
//! do not hold for what is never shown.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// Why a text is no password.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Unacceptable {
    /// There is nothing.
    Empty,
    /// This is in it.
    Character(char),
}

impl fmt::Display for Unacceptable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a password has at least one character"),
            Self::Character(character) => {
                let code = u32::from(*character);
                write!(f, "a password can't have the character U+{code:04X} in it")
            }
        }
    }
}

impl std::error::Error for Unacceptable {}

/// The text that is hashed.
///
/// # Errors
/// If it is not acceptable.
pub(crate) fn enforce(text: &str) -> Result<String, Unacceptable> {
    let spaced = text.chars().map(|character| match character.general_category() {
        GeneralCategory::SpaceSeparator => ' ',
        _ => character,
    });
    let enforced: String = spaced.nfc().collect();
    match enforced.chars().find(|character| !is_allowed(*character)) {
        Some(character) => Err(Unacceptable::Character(character)),
        None if enforced.is_empty() => Err(Unacceptable::Empty),
        None => Ok(enforced),
    }
}

/// RFC 8264's `FreeformClass`.
fn is_allowed(character: char) -> bool {
    match character.general_category_group() {
        GeneralCategoryGroup::Letter
        | GeneralCategoryGroup::Mark
        | GeneralCategoryGroup::Number
        | GeneralCategoryGroup::Punctuation
        | GeneralCategoryGroup::Symbol => !is_ignorable(character) && !is_old_jamo(character),
        // The joiners: their rule is one of context.
        GeneralCategoryGroup::Other => matches!(character, '\u{200c}' | '\u{200d}'),
        GeneralCategoryGroup::Separator => character == ' ',
    }
}

/// Letters and marks that nobody sees (Unicode's `Default_Ignorable_Code_Point`).
const fn is_ignorable(character: char) -> bool {
    matches!(
        character,
        '\u{34f}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Pieces of Hangul that are no syllable together (`Hangul_Syllable_Type` L, V and T).
const fn is_old_jamo(character: char) -> bool {
    matches!(
        character,
        '\u{1100}'..='\u{11ff}' | '\u{a960}'..='\u{a97c}' | '\u{d7b0}'..='\u{d7fb}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn same(one: &str, other: &str) {
        assert_eq!(enforce(one).unwrap(), enforce(other).unwrap(), "{one:?}, {other:?}");
    }

    #[test]
    fn what_one_person_types_is_one_password() {
        same("p\u{e4}ssw\u{f6}rd", "pa\u{308}sswo\u{308}rd");
        // Angstrom's sign is a letter; marks have an order; Hangul has pieces.
        same("\u{212b}", "A\u{30a}");
        same("a\u{323}\u{302}", "a\u{302}\u{323}");
        same("\u{d55c}\u{ae00}", "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}");
        for space in ["\u{a0}", "\u{1680}", "\u{2003}", "\u{202f}", "\u{205f}", "\u{3000}"] {
            same(&format!("correct{space}horse"), "correct horse");
        }
    }

    #[test]
    fn what_differs_stays_different() {
        let all = ["password", "Password", "ｐassword", "pässword", " password", "pass word", "ﬁ"];
        for one in all {
            assert_eq!(enforce(one).as_deref(), Ok(one));
            assert_eq!(all.iter().filter(|other| enforce(other) == enforce(one)).count(), 1);
        }
    }

    /// The examples of RFC 8265, section 4.3.
    #[test]
    fn the_rfc_s_examples() {
        for good in
            ["correct horse battery staple", "Correct Horse Battery Staple", "πßå", "Jack of ♦s"]
        {
            assert_eq!(enforce(good).as_deref(), Ok(good));
        }
        assert_eq!(enforce("foo\u{1680}bar").as_deref(), Ok("foo bar"));
        assert_eq!(enforce(""), Err(Unacceptable::Empty));
        assert_eq!(enforce("my cat is a \u{9}by"), Err(Unacceptable::Character('\t')));
    }

    #[test]
    fn both_sides_of_what_is_allowed() {
        for good in ["🥑", "שלום", "नमस्ते", "می\u{200c}خواهم", "👩\u{200d}💻", "½", "~!\"§$%&/()"]
        {
            assert!(enforce(good).is_ok(), "{good:?}");
        }
        let bad = [
            '\0',
            '\n',
            '\u{7f}',
            '\u{85}',
            '\u{ad}',
            '\u{378}',
            '\u{200b}',
            '\u{200e}',
            '\u{202e}',
            '\u{2028}',
            '\u{2029}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{e000}',
            '\u{fffe}',
            '\u{1100}',
            '\u{e0001}',
            '\u{10ffff}',
        ];
        for character in bad {
            let text = format!("pass{character}word");
            assert_eq!(enforce(&text), Err(Unacceptable::Character(character)), "{text:?}");
        }
        // What would be another character behind NFC is looked at behind it.
        assert!(enforce("\u{1100}\u{1161}").is_ok());
    }
}
