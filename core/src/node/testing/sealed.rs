//! Records as they stand on a stream, made by hand.

use std::string::String;
use std::vec::Vec;

#[cfg(feature = "sealed-clients")]
use crate::secure::{Broken, Opener};
use crate::secure::{RECORD_EXTRA_BYTES, Sealer};

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
