//! The device's log, decoded: defmt sends numbers, and the image has the words for them.

use anyhow::Context;
use defmt_decoder::{DecodeError, Table};

/// Turns what came through the serial line into lines of text.
///
/// # Errors
/// If the image was built without a log.
pub fn decode(image: &[u8], received: &[u8]) -> anyhow::Result<Vec<String>> {
    let table = Table::parse(image)?.context("this image was built without `--features log`")?;
    let mut decoder = table.new_stream_decoder();
    decoder.received(received);
    let mut lines = Vec::new();
    loop {
        match decoder.decode() {
            Ok(frame) => {
                let time = frame.display_timestamp().map(|time| time.to_string());
                let level = frame.level().map_or("", |level| level.as_str());
                let message = frame.display_message();
                lines.push(format!("{:>12} {level:<5} {message}", time.unwrap_or_default()));
            }
            Err(DecodeError::UnexpectedEof) => return Ok(lines),
            // The stream finds its next frame by itself.
            Err(DecodeError::Malformed) => lines.push("(a broken frame)".to_owned()),
        }
    }
}
