//! Records as they stand on a stream, made by hand.

use std::string::String;
use std::vec::Vec;

#[cfg(feature = "sealed-clients")]
use super::{Bench, Said, frame_of, said_in};
#[cfg(feature = "sealed-clients")]
use crate::node::Role;
#[cfg(feature = "sealed-clients")]
use crate::protocol::Message;
#[cfg(feature = "sealed-clients")]
use crate::secure::{Broken, Channel, Opener};
use crate::secure::{RECORD_EXTRA_BYTES, Sealer};
#[cfg(feature = "sealed-clients")]
use crate::session::SessionKey;

/// These frames as a record.
pub(crate) fn record_of(sealer: &mut Sealer, frames: &[u8]) -> Vec<u8> {
    let mut record = std::vec![0; frames.len() + RECORD_EXTRA_BYTES];
    record[1..=frames.len()].copy_from_slice(frames);
    sealer.seal(&mut record).unwrap();
    prefixed(&record)
}

/// A record behind its length.
pub(crate) fn prefixed(record: &[u8]) -> Vec<u8> {
    [&(record.len() as u16).to_le_bytes(), record].concat()
}

/// As PROTOCOL.md has bytes.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| std::format!("{byte:02x}")).collect();
    digits.join(" ")
}

/// What stands in whole records at the start of `stream`, which is shortened by them.
#[cfg(feature = "sealed-clients")]
pub(crate) fn opened(opener: &mut Opener, stream: &mut &[u8]) -> Result<Vec<u8>, Broken> {
    let mut frames = Vec::new();
    while let Some((prefix, rest)) = stream.split_first_chunk()
        && let Some((record, rest)) = rest.split_at_checked(u16::from_le_bytes(*prefix).into())
    {
        frames.extend_from_slice(opener.open(&mut record.to_vec())?);
        *stream = rest;
    }
    Ok(frames)
}

/// Somebody whose link to the node of a bench is sealed.
#[cfg(feature = "sealed-clients")]
pub(crate) struct SealedPeer {
    pub(crate) session: SessionKey,
    pub(crate) channel: Channel,
    /// Of what the node has sent, all that was in clear, and what was heard since.
    pub(crate) seen_bytes: usize,
}

#[cfg(feature = "sealed-clients")]
impl SealedPeer {
    pub(crate) fn say<'a, R: Role<'a>>(&mut self, bench: &mut Bench<'a, R>, said: &impl Message) {
        let record = record_of(&mut self.channel.sealer, &frame_of(said));
        bench.say_bytes(self.session, &record);
    }

    pub(crate) fn heard<'a, R: Role<'a>>(&mut self, bench: &Bench<'a, R>) -> Vec<Said> {
        let stream = bench.stream(self.session);
        let mut rest = &stream[self.seen_bytes..];
        let frames = opened(&mut self.channel.opener, &mut rest).unwrap();
        self.seen_bytes = stream.len() - rest.len();
        said_in(&frames).0
    }
}
