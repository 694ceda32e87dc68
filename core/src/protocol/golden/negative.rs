//! Frames that are no messages: whoever decodes them takes what nobody may send.

use std::vec;
use std::vec::Vec;

use serde::Deserialize;

use super::bytes_of;
use crate::protocol::client_to_main::{EnterWorldReq, Hello};
use crate::protocol::either_way::{Bye, Ping};
use crate::protocol::main_to_world::DetachUser;
use crate::protocol::world_to_main::UserList;
use crate::protocol::{Message, decode};
use crate::wire::PacketHeader;
use crate::wire::opcode::OPCODE_BYTES;

/// One that has been found to be none.
pub(super) struct Negative {
    pub(super) pretends: &'static str,
    pub(super) why: &'static str,
    pub(super) frame: Vec<u8>,
}

fn refused<M: Message + Deserialize<'static>>(why: &'static str, hex: &str) -> Negative {
    let frame: &'static [u8] = bytes_of(hex).leak();
    let (length, body) = frame.split_at(PacketHeader::BYTES);
    let (opcode, payload) = body.split_at(OPCODE_BYTES);
    assert_eq!(usize::from(length[0]), body.len(), "the frame is one: {why}");
    assert_eq!(opcode, M::OPCODE.0.to_le_bytes(), "{why}");
    assert!(decode::<M>(payload).is_none(), "{} takes {why}", M::NAME);
    Negative { pretends: M::NAME, why, frame: frame.to_vec() }
}

/// Every one of them, checked.
pub(super) fn all() -> Vec<Negative> {
    [numbers(), needless_zeros(), everything_else()].into_iter().flatten().collect()
}

fn numbers() -> Vec<Negative> {
    vec![
        refused::<Ping>("a number without its end", "05 00 | 02 00 00 00 | 80"),
        refused::<Ping>("a number of 33 bits", "09 00 | 02 00 00 00 | ff ff ff ff 1f"),
        refused::<Ping>("a number of six bytes", "0a 00 | 02 00 00 00 | 80 80 80 80 80 01"),
        refused::<Bye>("a number of 17 bits", "07 00 | 04 00 00 00 | ff ff 07"),
        refused::<DetachUser>(
            "a uid of 54 bits",
            "0d 00 | 03 23 00 00 | 80 80 80 80 80 80 80 10 08",
        ),
        refused::<DetachUser>(
            "a uid of 64 bits",
            "0f 00 | 03 23 00 00 | ff ff ff ff ff ff ff ff ff 01 08",
        ),
    ]
}

fn needless_zeros() -> Vec<Negative> {
    vec![
        refused::<Ping>("a number with a needless zero", "06 00 | 02 00 00 00 | 85 00"),
        refused::<Ping>("a zero of three bytes", "07 00 | 02 00 00 00 | 80 80 00"),
        refused::<Bye>("a code with a needless zero", "07 00 | 04 00 00 00 | 94 80 00"),
        refused::<EnterWorldReq>(
            "a length with a needless zero",
            "0f 00 | 02 10 00 00 | 82 00 65 75 00 00 00 00 00 00 00",
        ),
        refused::<DetachUser>(
            "a uid with a needless zero",
            "0e 00 | 03 23 00 00 | 87 80 80 80 80 80 80 88 00 08",
        ),
        refused::<UserList>("a count with a needless zero", "08 00 | 07 22 00 00 | 01 01 80 00"),
    ]
}

fn everything_else() -> Vec<Negative> {
    vec![
        refused::<Ping>("nothing where a number is to be", "04 00 | 02 00 00 00"),
        refused::<Ping>("a byte behind the end", "06 00 | 02 00 00 00 | 05 00"),
        refused::<Hello>(
            "an option that is neither there nor not",
            "07 00 | 01 10 00 00 | 02 02 02",
        ),
        refused::<Hello>("half a token", "0b 00 | 01 10 00 00 | 02 02 01 00 01 02 03"),
        refused::<EnterWorldReq>(
            "text over its limit",
            "1d 00 | 02 10 00 00 | 11 72 72 72 72 72 72 72 72 72 72 72 72 72 72 72 72 72 \
             00 00 00 00 00 00 00",
        ),
        refused::<EnterWorldReq>(
            "text that is no UTF-8",
            "0d 00 | 02 10 00 00 | 01 ff 00 00 00 00 00 00 00",
        ),
        refused::<EnterWorldReq>(
            "half a surrogate pair",
            "0f 00 | 02 10 00 00 | 03 ed a0 80 00 00 00 00 00 00 00",
        ),
        refused::<EnterWorldReq>(
            "text that is longer than its frame",
            "06 00 | 02 10 00 00 | 02 72",
        ),
        refused::<UserList>(
            "more users than a page has",
            "28 00 | 07 22 00 00 | 01 01 21 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 \
             01 01 01 01 01 01 01 01 01 01 01 01 01",
        ),
    ]
}
