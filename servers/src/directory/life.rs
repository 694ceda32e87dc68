//! `Life`: one Main from its start to its end. A claim is a life's, so what an earlier one of the same Main has left is void.

use std::fmt;

use anyhow::anyhow;

/// See the [module](self).
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Life(u64);

impl Life {
    /// One that has not been before.
    ///
    /// # Errors
    /// If the system has no randomness.
    pub(super) fn new() -> anyhow::Result<Self> {
        let number = getrandom::u64();
        Ok(Self(number.map_err(|error| anyhow!("the system has no randomness: {error}"))?))
    }

    #[cfg(test)]
    pub(super) const fn of(number: u64) -> Self {
        Self(number)
    }

    /// `None` if this is no life's text.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok().filter(|text| text.len() == 16)?;
        u64::from_str_radix(text, 16).ok().map(Self)
    }
}

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_read_as_it_is_written() {
        for number in [0, 1, 0xfeed, u64::MAX] {
            assert_eq!(Life::parse(Life(number).to_string().as_bytes()), Some(Life(number)));
        }
        for text in ["", "feed", "000000000000feed0", "+00000000000feed!", "ä00000000000000"] {
            assert_eq!(Life::parse(text.as_bytes()), None, "{text}");
        }
    }
}
