//! What becomes of messages in their places, as PROTOCOL.md has it.

use std::vec::Vec;

use super::Said;
use crate::protocol::ErrorCode;
use crate::protocol::either_way::Error;
use crate::protocol::golden::{ordinary_frame, page};

/// The row for whatever has no row of its own; here an opcode of a server's band that is nobody's.
const ANY_OTHER: (&str, [u8; 6]) = ("any other", [4, 0, 0x50, 0x30, 0, 0]);

/// One cell of "What is taken when".
pub(crate) struct Case {
    pub(crate) message: &'static str,
    pub(crate) frame: Vec<u8>,
    expected: &'static str,
}

/// The column of this state.
pub(crate) fn cases(state: &str) -> Vec<Case> {
    let rows = page::taken_when(state).into_iter();
    let cases = rows.map(|(message, expected)| {
        let frame = match message == ANY_OTHER.0 {
            true => ANY_OTHER.1.to_vec(),
            false => ordinary_frame(message),
        };
        Case { message, frame, expected }
    });
    cases.collect()
}

impl Case {
    /// Compares the page with what a peer has heard behind the message.
    #[track_caller]
    pub(crate) fn expect(&self, heard: &[Said]) {
        let refusal = heard.iter().find_map(Said::read::<Error>);
        let found = match refusal.map(|error| error.code) {
            Some(ErrorCode::OUT_OF_PLACE) => "`OUT_OF_PLACE`",
            Some(ErrorCode::NOT_UNDERSTOOD) => "`NOT_UNDERSTOOD`",
            _ => "taken",
        };
        assert_eq!(found, self.expected, "`{}`: {heard:?}", self.message);
    }
}
