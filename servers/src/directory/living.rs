//! `Living`: which servers of a kind are alive, by what they write in the bucket.
//!
//! Contract: whoever is alive writes its key again and again, so its revision rises. One whose revision was the same in as many looks as
//! there are for its kind is not there any more. Only looks that NATS has answered count, and only those that time has
//! brought.
//!
//! Bounds: as many as a look finds.

use std::collections::HashMap;

use super::announcement::{Announcement, Found};
use super::life::Life;

/// What is known of a key.
pub(super) struct Seen {
    pub(super) revision: u64,
    /// Looks that have found it as it was.
    looks: u8,
    /// It was found to have risen, so it is not what somebody has left who is gone.
    pub(super) has_risen: bool,
    pub(super) announcement: Option<Announcement>,
}

/// See the [module](self).
pub(super) struct Living {
    /// As many looks that find nothing new are the end of one.
    looks_most: u8,
    pub(super) seen: HashMap<Life, Seen>,
}

/// Why it is looked.
#[derive(Copy, Clone, PartialEq, Eq)]
pub(super) enum Cause {
    /// An interval is over.
    Time,
    /// Something has just become known here, or is to be said.
    Own,
    /// Somebody has said that there is something new.
    Heard,
}

impl Living {
    pub(super) fn new(looks_most: u8) -> Self {
        Self { looks_most, seen: HashMap::new() }
    }

    /// Notes what a look has found, and answers whose end it is: nobody's who is `spared`. What was found before and is not now is
    /// removed.
    pub(super) fn look(
        &mut self,
        found: Vec<Found>,
        cause: Cause,
        spared: Option<Life>,
    ) -> Vec<(Life, Seen)> {
        let mut before = std::mem::take(&mut self.seen);
        for Found { life, revision, announcement } in found {
            let (looks, has_risen) = match before.remove(&life) {
                Some(seen) if seen.revision >= revision => {
                    (seen.looks + u8::from(cause == Cause::Time), seen.has_risen)
                }
                known => (0, known.is_some()),
            };
            self.seen.insert(life, Seen { revision, looks, has_risen, announcement });
        }
        let is_over =
            |(life, seen): &(&Life, &Seen)| seen.looks >= self.looks_most && Some(**life) != spared;
        let over = self.seen.iter().filter(is_over).map(|(life, _)| *life);
        let over: Vec<Life> = over.collect();
        over.into_iter().filter_map(|life| self.seen.remove_entry(&life)).collect()
    }
}
