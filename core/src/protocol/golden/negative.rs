//! Frames that are no messages: whoever decodes them takes what nobody may send.

use std::vec::Vec;

use super::{bytes_of, schema};
use crate::wire::Opcode;

/// The message that it pretends to be, what is wrong, the frame.
pub(super) fn all() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let wrong = [
        ("a number without its end", "05 00 | 02 00 00 00 | 80"),
        ("a number of 33 bits", "09 00 | 02 00 00 00 | ff ff ff ff 1f"),
        ("a number of six bytes", "0a 00 | 02 00 00 00 | 80 80 80 80 80 00"),
        ("nothing where a number is to be", "04 00 | 02 00 00 00"),
        ("a byte behind the end", "06 00 | 02 00 00 00 | 05 00"),
        ("a number of 17 bits", "07 00 | 04 00 00 00 | ff ff 07"),
        ("an option that is neither there nor not", "07 00 | 01 10 00 00 | 02 02 02"),
        ("half a token", "0b 00 | 01 10 00 00 | 02 02 01 00 01 02 03"),
        (
            "text over its limit",
            "16 00 | 02 10 00 00 | 11 72 72 72 72 72 72 72 72 72 72 72 72 72 72 72 72 72",
        ),
        ("text that is no UTF-8", "06 00 | 02 10 00 00 | 01 ff"),
        ("text that is longer than its frame", "06 00 | 02 10 00 00 | 02 72"),
        ("a uid of 54 bits", "0d 00 | 03 23 00 00 | 80 80 80 80 80 80 80 10 08"),
        ("more members than a page has", "05 00 | 07 22 00 00 | 21"),
    ];
    wrong
        .into_iter()
        .map(|(why, hex)| {
            let frame = bytes_of(hex);
            let opcode = Opcode(i32::from_le_bytes(frame[2..6].try_into().unwrap()));
            (schema::message_of(opcode).name, why, frame)
        })
        .collect()
}
