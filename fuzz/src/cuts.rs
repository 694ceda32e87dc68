//! Where a stream is cut into reads.

/// Splits `stream` into reads of 1 to 16 bytes, as the nibbles of `pattern` say, over and over; without a
/// pattern it is one read.
pub(crate) fn reads<'s>(stream: &'s [u8], pattern: &'s [u8]) -> impl Iterator<Item = &'s [u8]> {
    let lengths = pattern.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let mut lengths = lengths.map(|nibble| usize::from(nibble) + 1).cycle();
    let mut rest = stream;
    std::iter::from_fn(move || {
        let length = lengths.next().unwrap_or(rest.len()).min(rest.len());
        let (read, behind) = rest.split_at(length);
        rest = behind;
        (!read.is_empty()).then_some(read)
    })
}

/// The pattern in front of `bytes`, and what is behind it.
pub(crate) fn pattern_and_rest(bytes: &[u8]) -> (&[u8], &[u8]) {
    bytes.split_at(bytes.len().min(4))
}
