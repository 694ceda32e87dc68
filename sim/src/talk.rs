//! `Talk`: what players say in channels, so that every message can be recognised, wherever it comes.
//!
//! The text is the channel's place in [`NAMES`], the uid and the number, and a filler that follows
//! from the number: a message that comes in another channel, or changed, is not one.

use tinyrealm_core::protocol::{ErrorCode, Uid};

/// The channels' names; the last one is no name that a channel may have.
pub(crate) const NAMES: [&str; 7] =
    ["lobby", "trade", "b", "길드", "the-longest-channel-name", "f", ""];

/// The longest message that a realm allows: longer ones are refused.
pub(crate) const MESSAGE_MAX_BYTES: usize = 200;

/// Names one channel: its place in [`NAMES`].
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct ChannelId(pub(crate) u8);

impl ChannelId {
    /// A channel that nobody can have meant.
    pub(crate) const UNKNOWN: Self = Self(u8::MAX);

    pub(crate) fn of_name(name: &str) -> Self {
        let place = NAMES.iter().position(|known| *known == name);
        place.map_or(Self::UNKNOWN, |place| Self(place as u8))
    }

    pub(crate) fn name(self) -> &'static str {
        NAMES.get(usize::from(self.0)).copied().unwrap_or_default()
    }
}

/// One message: who says it where, and the how manieth of its sayings it is.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Talk {
    pub(crate) channel: ChannelId,
    pub(crate) uid: Uid,
    pub(crate) number: u32,
}

impl Talk {
    /// Its text: most are short, some as long as is allowed, a few longer.
    pub(crate) fn text(self) -> String {
        let head = format!("{} {} {} ", self.channel.0, self.uid.0, self.number);
        let bytes = match self.number % 32 {
            0 => MESSAGE_MAX_BYTES,
            1 => MESSAGE_MAX_BYTES + 1,
            rest => head.len() + rest as usize,
        };
        let filler = char::from(b'a' + (self.number % 26) as u8);
        let missing = bytes.saturating_sub(head.len());
        head + &filler.to_string().repeat(missing)
    }

    /// Whether it is longer than the realm allows.
    pub(crate) const fn is_too_long(self) -> bool {
        self.number % 32 == 1
    }

    /// What `text` says; `None` if it is not, byte by byte, what a player would have said.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut words = text.splitn(4, ' ');
        let channel = ChannelId(words.next()?.parse().ok()?);
        let uid = Uid(words.next()?.parse().ok()?);
        let number = words.next()?.parse().ok()?;
        let talk = Self { channel, uid, number };
        (talk.text() == text).then_some(talk)
    }
}

/// A message of a channel, as somebody has heard it.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Numbered {
    pub(crate) seq: u64,
    pub(crate) uid: Uid,
    /// `None` if nobody can have said it.
    pub(crate) talk: Option<Talk>,
}

/// Something that a client has heard of a channel.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum InChannel {
    Joined {
        next_seq: u64,
    },
    Left(ErrorCode),
    /// The opcode of what is refused, and why.
    Refused(i32, ErrorCode),
    Said(Numbered),
    Past(Numbered),
    PastEnd {
        next_seq: u64,
    },
    Gap {
        missed: u32,
        next_seq: u64,
    },
    Entered(Uid),
    Exited(Uid),
    Census(u16),
    /// How many are on the page, and whether each is there once.
    Members {
        count: u16,
        is_distinct: bool,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_recognised_and_nothing_else() {
        for number in 0..70 {
            let talk = Talk { channel: ChannelId(3), uid: Uid(7), number };
            let text = talk.text();
            assert_eq!(Talk::parse(&text), Some(talk));
            assert_eq!(Talk::parse(&text[1..]), None);
            assert_eq!(text.len() > MESSAGE_MAX_BYTES, talk.is_too_long());
            assert_ne!(Talk::parse(&text.replace("3 7 ", "2 7 ")), Some(talk));
        }
    }

    #[test]
    fn names_are_channels() {
        for (place, name) in NAMES.iter().enumerate() {
            let id = ChannelId(place as u8);
            assert_eq!((ChannelId::of_name(name), id.name()), (id, *name));
        }
        assert_eq!(ChannelId::of_name("nowhere"), ChannelId::UNKNOWN);
    }
}
