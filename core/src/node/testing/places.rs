//! What becomes of messages in their places, as PROTOCOL.md has it.

use std::format;
use std::string::String;
use std::vec::Vec;

use super::{Bench, Said};
use crate::node::Role;
use crate::protocol::ErrorCode;
use crate::protocol::either_way::Error;
use crate::protocol::golden::{ordinary_frame, page};
use crate::session::SessionKey;

/// The row for whatever has no row of its own; here an opcode of a server's band that is nobody's.
const ANY_OTHER: (&str, [u8; 6]) = ("any other", [4, 0, 0x50, 0x30, 0, 0]);

/// One cell of "What is taken when".
pub(crate) struct Case {
    pub(crate) message: &'static str,
    pub(crate) frame: Vec<u8>,
    expected: &'static str,
}

/// Whether there is something to hear this message in this build.
fn is_built_in(message: &str) -> bool {
    cfg!(feature = "secure") || !message.starts_with("Secure")
}

/// The column of this state.
pub(crate) fn cases(state: &str) -> Vec<Case> {
    let rows = page::taken_when(state).into_iter().filter(|(message, _)| is_built_in(message));
    let cases = rows.map(|(message, expected)| {
        let frame = match message == ANY_OTHER.0 {
            true => ANY_OTHER.1.to_vec(),
            false => ordinary_frame(message),
        };
        Case { message, frame, expected }
    });
    cases.collect()
}

fn verdict_of(heard: &[Said]) -> &'static str {
    let refusal = heard.iter().find_map(Said::read::<Error>);
    match refusal.map(|error| error.code) {
        Some(ErrorCode::OUT_OF_PLACE) => "`OUT_OF_PLACE`",
        Some(ErrorCode::NOT_UNDERSTOOD) => "`NOT_UNDERSTOOD`",
        _ => "taken",
    }
}

impl Case {
    /// Compares the page with what a peer has heard behind the message.
    #[track_caller]
    pub(crate) fn expect(&self, heard: &[Said]) {
        assert_eq!(verdict_of(heard), self.expected, "`{}`: {heard:?}", self.message);
    }

    /// Has a server say the message, and compares the page with what becomes of it; between servers an unknown
    /// message is counted and passed over. Answers how the two differ.
    pub(crate) fn say<'a, R: Role<'a>>(
        &self,
        bench: &mut Bench<'a, R>,
        key: SessionKey,
    ) -> Option<String> {
        bench.heard(key);
        let before = bench.stats().unknown_opcodes;
        bench.say_bytes(key, &self.frame);
        let heard = bench.heard(key);
        let is_unknown = bench.stats().unknown_opcodes > before;
        let found = match verdict_of(&heard) {
            "taken" if is_unknown => "passed over",
            told => told,
        };
        (found != self.expected).then(|| format!("`{}`: {found}: {heard:?}", self.message))
    }
}

/// Has a server in this state say each message of the page, on a bench of its own each time.
#[track_caller]
pub(crate) fn expect_of_server(state: &str, say: impl FnMut(Case) -> Option<String>) {
    let wrong: Vec<String> = cases(state).into_iter().filter_map(say).collect();
    assert!(wrong.is_empty(), "{state}: {wrong:#?}");
}
