//! `Channels`: every message that the chat server has ever given a number.
//!
//! Invariants: a number of a channel has one message for ever, whichever servers restart, and a
//! message has one number.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use crate::broken::{Broken, ensure};
use crate::talk::{ChannelId, Talk};

/// What was said in all channels; see the [module](self).
#[derive(Default)]
pub(crate) struct Channels {
    /// With each message, how many there were before it, in all channels.
    log: BTreeMap<(ChannelId, u64), (Talk, u32)>,
    seqs: HashMap<Talk, u64>,
    /// How much had been said when the chat server started the last time.
    said_before_start: u32,
}

impl Channels {
    pub(super) fn take(
        &mut self,
        channel: ChannelId,
        seq: u64,
        talk: Option<Talk>,
    ) -> Result<(), Broken> {
        let Some(talk) = talk.filter(|talk| talk.channel == channel && !talk.is_too_long()) else {
            return Err(Broken::new(
                "channels take what members say there",
                format!("{talk:?} in {channel:?}"),
            ));
        };
        let before = self.log.insert((channel, seq), (talk, self.said()));
        ensure(before.is_none(), "a number has one message", || {
            format!("{seq} of {channel:?} was {before:?}, and is {talk:?}")
        })?;
        let before = self.seqs.insert(talk, seq);
        ensure(before.is_none(), "a message has one number", || {
            format!("{talk:?} was {before:?}, and is {seq}")
        })
    }

    pub(super) fn at(&self, channel: ChannelId, seq: u64) -> Option<Talk> {
        self.log.get(&(channel, seq)).map(|(talk, _)| *talk)
    }

    /// The chat server starts, and knows nothing of what was said before.
    pub(crate) fn server_starts(&mut self) {
        self.said_before_start = self.said();
    }

    pub(super) const fn said_before_start(&self) -> u32 {
        self.said_before_start
    }

    /// How many messages there are, in all channels.
    pub(super) fn said(&self) -> u32 {
        self.log.len() as u32
    }

    /// The highest number of a channel.
    pub(crate) fn highest(&self, channel: ChannelId) -> u64 {
        let mut said = self.log.range((channel, 0)..=(channel, u64::MAX));
        said.next_back().map_or(0, |((_, seq), _)| *seq)
    }

    /// The messages of a channel with these numbers, without the first `before` of all messages: a
    /// channel that was forgotten begins anew, and may have had higher numbers in an earlier life.
    pub(super) fn range(
        &self,
        channel: ChannelId,
        seqs: Range<u64>,
        before: u32,
    ) -> impl Iterator<Item = Talk> + '_ {
        let Range { start, end } = seqs;
        let known = self.log.range((channel, start)..(channel, end.max(start)));
        known.filter(move |(_, (_, count))| *count >= before).map(|(_, (talk, _))| *talk)
    }
}
