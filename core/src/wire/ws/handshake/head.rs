//! The head of an HTTP message, byte by byte: three words, then fields, then an empty line.
//!
//! Purpose: hands out the words of the first line and the values of the fields that are of interest;
//! the rest passes without being kept.
//!
//! Contract: the line that is kept lies in the caller's buffer between two calls. [`Pushed::Malformed`]
//! and [`Pushed::TooLong`] are final.
//!
//! Bounds: 6 bytes of state, all-zero at the beginning; `limit_bytes` in all.
//!
//! ```text
//! FirstWord ─SP► SecondWord ─SP► LastWords ─CRLF┐
//!                                               ▼
//!            ┌──────CRLF── FieldValue(n) ◄─':'─ FieldName ──CRLF (empty)► end
//!            │             IgnoredValue  ◄─':'──┘ ▲
//!            └──────────────┴─────────────────────┘
//! ```

use core::mem;

/// What a reader wants to know of a head.
pub(super) struct Shape {
    /// Names of the fields of interest; a field is known by its place in here.
    pub(super) fields: &'static [&'static str],
    /// The part of the first line of which one byte is enough.
    pub(super) ignored: Place,
}

/// Where in a head the next byte stands.
#[derive(Copy, Clone, Default, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// The first word of the first line.
    #[default]
    FirstWord,
    /// Its second word.
    SecondWord,
    /// All the rest of it.
    LastWords,
    /// The name of a field, or the end of the head.
    FieldName,
    /// A value that nobody wants to know.
    IgnoredValue,
    /// The value of a field of interest.
    FieldValue(u8),
}

/// How far a head has been read.
#[derive(Copy, Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Head {
    read_bytes: u16,
    line_bytes: u16,
    place: Place,
    is_behind_return: bool,
}

/// A part of a head.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Item<'l> {
    FirstWord(&'l [u8]),
    SecondWord(&'l [u8]),
    LastWords(&'l [u8]),
    /// The value of the field at this place of [`Shape::fields`], without blanks around it.
    Field(u8, &'l [u8]),
    End,
}

/// What one more byte has brought.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Pushed<'l> {
    Nothing,
    Item(Item<'l>),
    Malformed,
    TooLong,
}

impl Head {
    pub(super) const STATE_BYTES: usize = 6;

    pub(super) const fn store(self) -> [u8; Self::STATE_BYTES] {
        let [read_low, read_high] = self.read_bytes.to_le_bytes();
        let [line_low, line_high] = self.line_bytes.to_le_bytes();
        let place = self.place.store();
        [read_low, read_high, line_low, line_high, place, self.is_behind_return as u8]
    }

    pub(super) const fn load(state: [u8; Self::STATE_BYTES]) -> Self {
        let [read_low, read_high, line_low, line_high, place, is_behind_return] = state;
        Self {
            read_bytes: u16::from_le_bytes([read_low, read_high]),
            line_bytes: u16::from_le_bytes([line_low, line_high]),
            place: Place::load(place),
            is_behind_return: is_behind_return != 0,
        }
    }

    /// Takes the next byte; what is kept of its line is in `line`.
    pub(super) fn push<'l>(
        &mut self,
        byte: u8,
        line: &'l mut [u8],
        shape: &Shape,
        limit_bytes: u16,
    ) -> Pushed<'l> {
        if self.read_bytes >= limit_bytes {
            return Pushed::TooLong;
        }
        self.read_bytes += 1;
        match byte {
            b'\n' if self.is_behind_return => self.end_line(line),
            _ if self.is_behind_return => Pushed::Malformed,
            b'\r' => {
                self.is_behind_return = true;
                Pushed::Nothing
            }
            0..=0x08 | 0x0A..=0x1F | 0x7F => Pushed::Malformed,
            _ => self.within_line(byte, line, shape),
        }
    }

    fn end_line<'l>(&mut self, line: &'l [u8]) -> Pushed<'l> {
        self.is_behind_return = false;
        let place = mem::replace(&mut self.place, Place::FieldName);
        let text = self.take_line(line);
        match place {
            Place::LastWords => Pushed::Item(Item::LastWords(text)),
            Place::FieldName if text.is_empty() => Pushed::Item(Item::End),
            Place::FieldValue(field) => Pushed::Item(Item::Field(field, text.trim_ascii())),
            Place::IgnoredValue => Pushed::Nothing,
            Place::FirstWord | Place::SecondWord | Place::FieldName => Pushed::Malformed,
        }
    }

    fn within_line<'l>(&mut self, byte: u8, line: &'l mut [u8], shape: &Shape) -> Pushed<'l> {
        match (self.place, byte) {
            (Place::FirstWord, b' ') => {
                self.place = Place::SecondWord;
                Pushed::Item(Item::FirstWord(self.take_line(line)))
            }
            (Place::SecondWord, b' ') => {
                self.place = Place::LastWords;
                Pushed::Item(Item::SecondWord(self.take_line(line)))
            }
            (Place::FieldName, b':') => self.end_name(line, shape),
            (Place::FieldName, byte) if !is_token(byte) => Pushed::Malformed,
            (Place::IgnoredValue, _) => Pushed::Nothing,
            (place, _) if place == shape.ignored && self.line_bytes > 0 => Pushed::Nothing,
            (Place::FieldValue(_), b' ' | b'\t') if self.line_bytes == 0 => Pushed::Nothing,
            (
                Place::FirstWord
                | Place::SecondWord
                | Place::LastWords
                | Place::FieldName
                | Place::FieldValue(_),
                byte,
            ) => self.keep(byte, line),
        }
    }

    fn keep(&mut self, byte: u8, line: &mut [u8]) -> Pushed<'static> {
        let Some(place) = line.get_mut(usize::from(self.line_bytes)) else {
            return Pushed::TooLong;
        };
        *place = byte;
        self.line_bytes += 1;
        Pushed::Nothing
    }

    fn end_name(&mut self, line: &[u8], shape: &Shape) -> Pushed<'static> {
        let name = self.take_line(line);
        if name.is_empty() {
            return Pushed::Malformed;
        }
        let is_it = |field: &&str| field.as_bytes().eq_ignore_ascii_case(name);
        let field = shape.fields.iter().position(is_it);
        self.place = field.map_or(Place::IgnoredValue, |field| Place::FieldValue(field as u8));
        Pushed::Nothing
    }

    fn take_line<'l>(&mut self, line: &'l [u8]) -> &'l [u8] {
        let line_bytes = mem::take(&mut self.line_bytes);
        line.get(..usize::from(line_bytes)).unwrap_or_default()
    }
}

impl Place {
    const FIRST_FIELD: u8 = 5;

    const fn store(self) -> u8 {
        match self {
            Self::FirstWord => 0,
            Self::SecondWord => 1,
            Self::LastWords => 2,
            Self::FieldName => 3,
            Self::IgnoredValue => 4,
            Self::FieldValue(field) => Self::FIRST_FIELD.wrapping_add(field),
        }
    }

    const fn load(stored: u8) -> Self {
        match stored {
            0 => Self::FirstWord,
            1 => Self::SecondWord,
            2 => Self::LastWords,
            3 => Self::FieldName,
            4 => Self::IgnoredValue,
            field => Self::FieldValue(field.wrapping_sub(Self::FIRST_FIELD)),
        }
    }
}

/// The characters of a field's name (RFC 9110, 5.6.2).
const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{string::String, vec::Vec};

    const SHAPE: Shape = Shape { fields: &["Host", "Key"], ignored: Place::SecondWord };

    fn said(head: &[u8], line_bytes: usize, limit_bytes: u16) -> Vec<String> {
        let (mut reader, mut line) = (Head::default(), [0; 64]);
        let mut said = Vec::new();
        for byte in head {
            reader = Head::load(reader.store());
            let pushed = reader.push(*byte, &mut line[..line_bytes], &SHAPE, limit_bytes);
            said.push(match pushed {
                Pushed::Nothing => continue,
                Pushed::Item(Item::FirstWord(text)) => std::format!("1 {}", text.escape_ascii()),
                Pushed::Item(Item::SecondWord(text)) => std::format!("2 {}", text.escape_ascii()),
                Pushed::Item(Item::LastWords(text)) => std::format!("3 {}", text.escape_ascii()),
                Pushed::Item(Item::Field(field, text)) => {
                    std::format!("{} {}", SHAPE.fields[usize::from(field)], text.escape_ascii())
                }
                Pushed::Item(Item::End) => "end".into(),
                Pushed::Malformed => "malformed".into(),
                Pushed::TooLong => "too long".into(),
            });
            if matches!(pushed, Pushed::Malformed | Pushed::TooLong) {
                break;
            }
        }
        said
    }

    const HEAD: &[u8] =
        b"GET /a/b HTTP/1.1\r\nhost:\t x \t\r\nCookie: all of it, longer than a line\r\nKEY:\r\n\r\n";

    #[test]
    fn the_parts_of_interest_are_handed_out() {
        let expected = ["1 GET", "2 /", "3 HTTP/1.1", "Host x", "Key ", "end"];
        assert_eq!(said(HEAD, 10, 200), expected);
    }

    #[test]
    fn both_sides_of_the_limit() {
        let exact = HEAD.len() as u16;
        assert_eq!(said(HEAD, 10, exact).last().unwrap(), "end");
        assert_eq!(said(HEAD, 10, exact - 1).last().unwrap(), "too long");
    }

    #[test]
    fn both_sides_of_the_line() {
        assert_eq!(said(HEAD, 8, 200).last().unwrap(), "end");
        assert_eq!(said(HEAD, 7, 200).last().unwrap(), "too long");
    }

    #[test]
    fn what_is_malformed_is_told() {
        for fields in [
            "Host: x\n\r\n",      // bare LF
            "Host: x\r\r\n",      // bare CR
            "Cookie: x\ry\r\n",   // bare CR in what is ignored
            "Cookie: x\0\r\n",    // a control character
            "Cookie: x\x7F\r\n",  // another one
            "Host: x\r\n y\r\n",  // a folded line
            "Host: x\r\n\ty\r\n", // another one
            "Host : x\r\n",       // a blank before the colon
            " Host: x\r\n",       // a blank before the name
            ": x\r\n",            // no name
            "Host\r\n",           // no colon
            "H\u{F6}st: x\r\n",   // a name of other characters
            "Ho(t): x\r\n",       // a name of other characters
        ] {
            let head = std::format!("GET / HTTP/1.1\r\n{fields}");
            assert_eq!(said(head.as_bytes(), 64, 200).last().unwrap(), "malformed", "{fields:?}");
        }
        for head in ["GET\r\n", "GET /\r\n", "\r\n", "GE\x01 / \r\n"] {
            assert_eq!(said(head.as_bytes(), 64, 200).last().unwrap(), "malformed", "{head:?}");
        }
    }

    #[test]
    fn values_may_have_other_characters() {
        let head = b"GET / HTTP/1.1\r\nHost: a\tb \xF6\r\nCookie: \xFF\r\n\r\n";
        assert_eq!(said(head, 64, 200)[3..], ["Host a\\tb \\xf6", "end"]);
    }

    #[test]
    fn the_characters_of_names_are_the_rfc_s() {
        for byte in 0..=u8::MAX {
            let expected = byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            assert_eq!(is_token(byte), expected, "{byte}");
        }
    }
}
