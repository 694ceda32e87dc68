//! `History`: the newest messages of a channel, in a ring of bytes.
//!
//! Contract: messages are kept whole, newest first to be wanted and oldest first to go. A message
//! that the ring can't hold at all empties it.
//!
//! Bounds: the ring's bytes; a record is the message and [`RECORD_HEAD_BYTES`]. Finding a message is
//! O(messages kept).
//!
//! ```
//! use tinyrealm_core::node::chat::History;
//! use tinyrealm_core::protocol::Uid;
//! let mut bytes = [0; 20];
//! let mut history = History::EMPTY;
//! history.append(&mut bytes, Uid(1), "hello");
//! history.append(&mut bytes, Uid(2), "world"); // the first has to go
//! assert_eq!(history.messages(), 1);
//! let mut scratch = [0; 256];
//! assert_eq!(history.iter(&bytes, 0).next(&mut scratch), Some((Uid(2), "world")));
//! ```

use crate::protocol::{CHAT_MAX_BYTES, Uid};

/// What a record has in front of its message: the length and the speaker.
pub const RECORD_HEAD_BYTES: usize = 2 + UID_BYTES;
/// Uids are below 2^53.
const UID_BYTES: usize = 7;

/// The positions of one ring; its bytes are lent to each call, always the same ones.
#[derive(Copy, Clone, Debug)]
pub struct History {
    first: u32,
    used: u32,
    messages: u32,
}

impl History {
    /// Nothing said: all-zero bits.
    pub const EMPTY: Self = Self { first: 0, used: 0, messages: 0 };

    /// How many messages are kept.
    pub const fn messages(&self) -> u32 {
        self.messages
    }

    /// Keeps a message; as many of the oldest go as it needs.
    pub fn append(&mut self, bytes: &mut [u8], uid: Uid, message: &str) {
        let needed = RECORD_HEAD_BYTES + message.len();
        if needed > bytes.len() {
            *self = Self::EMPTY;
            return;
        }
        while bytes.len() - (self.used as usize) < needed {
            self.forget_oldest(bytes);
        }
        let mut end = wrap(self.first as usize + self.used as usize, bytes.len());
        let [low, high] = (message.len() as u16).to_le_bytes();
        let [a, b, c, d, e, f, g, _] = uid.0.to_le_bytes();
        for byte in [low, high, a, b, c, d, e, f, g].into_iter().chain(message.bytes()) {
            if let Some(place) = bytes.get_mut(end) {
                *place = byte;
            }
            end = wrap(end + 1, bytes.len());
        }
        self.used += needed as u32;
        self.messages += 1;
    }

    fn forget_oldest(&mut self, bytes: &[u8]) {
        let length = record_bytes(bytes, self.first as usize).min(self.used as usize);
        self.first = wrap(self.first as usize + length, bytes.len()) as u32;
        self.used -= length as u32;
        self.messages = self.messages.saturating_sub(1);
        if length == 0 || self.messages == 0 {
            *self = Self::EMPTY;
        }
    }

    /// The messages behind the `skip` oldest ones.
    pub fn iter<'h>(&self, bytes: &'h [u8], skip: u32) -> Messages<'h> {
        let mut at = self.first as usize;
        for _ in 0..skip.min(self.messages) {
            at = wrap(at + record_bytes(bytes, at), bytes.len());
        }
        Messages { bytes, at, left: self.messages.saturating_sub(skip) }
    }
}

/// A walk over a [`History`], from older to newer.
#[derive(Debug)]
pub struct Messages<'h> {
    bytes: &'h [u8],
    at: usize,
    left: u32,
}

impl Messages<'_> {
    /// The next message, copied into `scratch`, because it may lie across the ring's end.
    pub fn next<'s>(&mut self, scratch: &'s mut [u8; CHAT_MAX_BYTES]) -> Option<(Uid, &'s str)> {
        self.left = self.left.checked_sub(1)?;
        let mut head = [0; RECORD_HEAD_BYTES];
        copy(self.bytes, self.at, &mut head);
        let [low, high, a, b, c, d, e, f, g] = head;
        let length = usize::from(u16::from_le_bytes([low, high]));
        let message = scratch.get_mut(..length)?;
        let start = wrap(self.at + RECORD_HEAD_BYTES, self.bytes.len());
        copy(self.bytes, start, message);
        self.at = wrap(start + length, self.bytes.len());
        let text = core::str::from_utf8(message).ok()?;
        Some((Uid(u64::from_le_bytes([a, b, c, d, e, f, g, 0])), text))
    }
}

/// `position`, which is less than two rings, within one.
const fn wrap(position: usize, ring_bytes: usize) -> usize {
    if position >= ring_bytes { position - ring_bytes } else { position }
}

fn record_bytes(bytes: &[u8], at: usize) -> usize {
    let mut length = [0; 2];
    copy(bytes, at, &mut length);
    RECORD_HEAD_BYTES + usize::from(u16::from_le_bytes(length))
}

fn copy(bytes: &[u8], at: usize, out: &mut [u8]) {
    let mut at = at;
    for place in out {
        *place = bytes.get(at).copied().unwrap_or_default();
        at = wrap(at + 1, bytes.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;
    use std::string::String;

    proptest! {
        /// Against a list of messages, whose oldest go when their bytes do not fit.
        #[test]
        fn agrees_with_a_list(
            ring_bytes in 0usize..120,
            messages in prop::collection::vec((0..=Uid::MAX.0, "[a-zß한]{0,30}"), 0..60),
            skip in 0u32..8,
        ) {
            let mut bytes = std::vec![0; ring_bytes];
            let mut history = History::EMPTY;
            let mut model: VecDeque<(u64, String)> = VecDeque::new();
            let mut scratch = [0; CHAT_MAX_BYTES];
            let size = |text: &str| RECORD_HEAD_BYTES + text.len();
            for (uid, text) in messages {
                history.append(&mut bytes, Uid(uid), &text);
                model.push_back((uid, text));
                while model.iter().map(|(_, text)| size(text)).sum::<usize>() > ring_bytes {
                    model.pop_front();
                }
                prop_assert_eq!(history.messages() as usize, model.len());
                let mut kept = history.iter(&bytes, skip);
                for (uid, text) in model.iter().skip(skip as usize) {
                    prop_assert_eq!(kept.next(&mut scratch), Some((Uid(*uid), text.as_str())));
                }
                prop_assert_eq!(kept.next(&mut scratch), None);
            }
        }
    }
}
