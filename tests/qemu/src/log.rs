//! The device's log, decoded: defmt sends numbers, and the image has the words for them.
//!
//! Contract: a line is the time since the start, the level and the words. A frame that is broken is a
//! line that says so; the stream finds its next one by itself.

use anyhow::Context;
use defmt_decoder::{DecodeError, Frame, StreamDecoder, Table};

/// An image's words.
pub struct Words {
    table: Table,
}

impl Words {
    /// The words of this image.
    ///
    /// # Errors
    /// If it was built without a log.
    pub fn of(image: &[u8]) -> anyhow::Result<Self> {
        let table =
            Table::parse(image)?.context("this image was built without `--features log`")?;
        Ok(Self { table })
    }

    /// A decoder of what comes through the serial line from the start on.
    pub fn decoder(&self) -> Decoder<'_> {
        Decoder { stream: self.table.new_stream_decoder() }
    }
}

/// Turns bytes of the serial line into lines of text.
pub struct Decoder<'w> {
    stream: Box<dyn StreamDecoder + Send + Sync + 'w>,
}

impl Decoder<'_> {
    /// The lines that `received` completes.
    pub fn lines(&mut self, received: &[u8]) -> Vec<String> {
        self.stream.received(received);
        let mut lines = Vec::new();
        loop {
            match self.stream.decode() {
                Ok(frame) => lines.push(line(&frame)),
                Err(DecodeError::UnexpectedEof) => return lines,
                Err(DecodeError::Malformed) => lines.push("(a broken frame)".to_owned()),
            }
        }
    }
}

fn line(frame: &Frame<'_>) -> String {
    let time = frame.display_timestamp().map(|time| time.to_string());
    let level = frame.level().map_or("", |level| level.as_str());
    format!("{:>12} {level:<5} {}", time.unwrap_or_default(), frame.display_message())
}
