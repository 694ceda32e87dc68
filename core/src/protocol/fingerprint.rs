//! `Hash`: a schema as one number, at compile time.
//!
//! FNV-1a of 32 bits over names and numbers. It tells versions of a game apart that have come to differ by
//! accident; it is no proof against somebody who means harm, who would say the right number anyway.
//!
//! Contract: every text ends with a byte that no text has, so no two schemas read the same. Blanks do not count:
//! compilers write types with more or fewer of them.

use super::{FieldSchema, LinkSchema};

/// A hash that goes on; see the [module](self).
#[derive(Copy, Clone)]
pub(super) struct Hash(pub(super) u32);

impl Hash {
    pub(super) const START: Self = Self(0x811C_9DC5);

    pub(super) const fn byte(self, byte: u8) -> Self {
        Self((self.0 ^ byte as u32).wrapping_mul(0x0100_0193))
    }

    pub(super) const fn number(self, number: u32) -> Self {
        let [a, b, c, d] = number.to_le_bytes();
        self.byte(a).byte(b).byte(c).byte(d)
    }

    pub(super) const fn text(mut self, text: &str) -> Self {
        let mut rest = text.as_bytes();
        while let [first, behind @ ..] = rest {
            if !first.is_ascii_whitespace() {
                self = self.byte(*first);
            }
            rest = behind;
        }
        self.byte(0xFF)
    }

    pub(super) const fn fields(mut self, mut rest: &[FieldSchema]) -> Self {
        while let [field, behind @ ..] = rest {
            self = self.text(field.name).text(field.type_name);
            rest = behind;
        }
        self.byte(0xFF)
    }

    pub(super) const fn links(mut self, mut rest: &[&LinkSchema]) -> Self {
        while let [link, behind @ ..] = rest {
            let mut messages = link.messages;
            while let [message, others @ ..] = messages {
                self = self.text(message.name).number(message.opcode.0 as u32);
                self = self.fields(message.fields);
                messages = others;
            }
            rest = behind;
        }
        self.byte(0xFF)
    }

    pub(super) const fn limits(mut self, mut rest: &[(&str, usize)]) -> Self {
        while let [(name, value), behind @ ..] = rest {
            self = self.text(name).number(*value as u32);
            rest = behind;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use crate::protocol::schema::{GameSchema, Structure, Vocabulary};
    use crate::protocol::{FieldSchema, LinkSchema, MessageSchema};
    use crate::wire::Opcode;
    use std::boxed::Box;
    use std::vec;
    use std::vec::Vec;

    type Message = (&'static str, i32, &'static [(&'static str, &'static str)]);

    fn fingerprint_of(messages: &[Message]) -> u32 {
        let field = |&(name, type_name)| FieldSchema { name, type_name };
        let message = |&(name, opcode, fields): &Message| MessageSchema {
            name,
            method: "",
            opcode: Opcode(opcode),
            fields: Vec::leak(fields.iter().map(field).collect()),
        };
        let messages = Vec::leak(messages.iter().map(message).collect());
        let link: &'static LinkSchema =
            Box::leak(Box::new(LinkSchema { name: "to_game", messages }));
        GameSchema { links: Vec::leak(vec![link]), words: Vocabulary::REALM }.fingerprint("game", 1)
    }

    fn assert_all_differ(prints: &[u32]) {
        for (place, print) in prints.iter().enumerate() {
            assert_eq!(prints.iter().position(|other| other == print), Some(place));
        }
    }

    #[test]
    fn every_change_of_a_message_changes_the_fingerprint() {
        let stop = ("Stop", 2, &[][..]);
        let steer = ("Steer", 1, &[("angle", "i16")][..]);
        assert_all_differ(&[
            fingerprint_of(&[]),
            fingerprint_of(&[steer]),
            fingerprint_of(&[("Turn", 1, &[("angle", "i16")])]),
            fingerprint_of(&[("Steer", 2, &[("angle", "i16")])]),
            fingerprint_of(&[("Steer", 1, &[("by", "i16")])]),
            fingerprint_of(&[("Steer", 1, &[("angle", "i32")])]),
            fingerprint_of(&[("Steer", 1, &[("anglei", "16")])]),
            fingerprint_of(&[("Steer", 1, &[])]),
            fingerprint_of(&[("Steer", 1, &[("angle", "i16"), ("by", "i16")])]),
            fingerprint_of(&[steer, stop]),
            fingerprint_of(&[stop, steer]),
        ]);
    }

    #[test]
    fn blanks_do_not_count() {
        let tight = fingerprint_of(&[("List", 1, &[("of", "heapless::Vec<u8,4>")])]);
        let wide = fingerprint_of(&[("List", 1, &[("of", "heapless :: Vec < u8, 4 >")])]);
        assert_eq!(tight, wide);
    }

    #[test]
    fn name_version_structures_and_limits_count() {
        const GEAR: Structure = Structure {
            name: "gear",
            type_name: "Gear",
            fields: &[FieldSchema { name: "teeth", type_name: "u8" }],
        };
        const FINE: Structure =
            Structure { fields: &[FieldSchema { name: "teeth", type_name: "u16" }], ..GEAR };
        let of = |structures, limits| GameSchema {
            links: &[],
            words: Vocabulary { structures, limits },
        };
        let none = GameSchema::NONE;
        assert_all_differ(&[
            none.fingerprint("game", 0),
            none.fingerprint("game", 1),
            none.fingerprint("gam", 0),
            of(&[GEAR], &[]).fingerprint("game", 0),
            of(&[FINE], &[]).fingerprint("game", 0),
            of(&[], &[("TEETH", 7)]).fingerprint("game", 0),
            of(&[], &[("TEETH", 8)]).fingerprint("game", 0),
        ]);
    }
}
