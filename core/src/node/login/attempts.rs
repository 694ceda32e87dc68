//! `AttemptBook`: who has guessed wrong, and when they may guess again.
//!
//! Purpose: one book counts by account, another by address. After a few free failures each further
//! one doubles the wait, up to a limit; after a quiet time all is forgotten. What is under way counts
//! too, so that a thousand guesses at once are not a way around it.
//!
//! Contract: keys are hashes with a secret seed: nobody can choose accounts or addresses that share
//! one. An id is counted whether there is such an account or not.
//!
//! Bounds: the storage, in sets of [`WAYS`]: every operation looks at one set. When a set is full,
//! whoever waits the least is forgotten first, and of those the one of whom nothing was heard for longest,
//! so a crowd of newcomers can't push out the blocked.
//!
//! ```
//! use tinyrealm_core::node::login::{Admission, AttemptBook, AttemptEntry, AttemptPolicy, Verdict};
//! use tinyrealm_core::time::Instant;
//! let policy = AttemptPolicy { free_failures: 1, ..AttemptPolicy::ACCOUNT };
//! let mut entries = [AttemptEntry::VACANT; 8];
//! let mut book = AttemptBook::new(&mut entries, policy);
//! let now = Instant::from_millis(5);
//! for _ in 0..2 {
//!     assert!(matches!(book.admit(now, 7), Admission::Granted { under_way: 0, failures: _ }));
//!     book.settle(now, 7, Verdict::Failed);
//! }
//! assert_eq!(book.admit(now, 7), Admission::Blocked { retry_after_ms: policy.first_delay_ms });
//! ```

use crate::time::Instant;

/// Entries that are looked at for one key.
pub const WAYS: usize = 8;

/// How patient a book is.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct AttemptPolicy {
    /// Failures in a row that cost no wait.
    pub free_failures: u16,
    /// The wait after the first failure that costs one; it doubles with each further one.
    pub first_delay_ms: u32,
    /// The longest wait.
    pub most_delay_ms: u32,
    /// How long after the last failure all of them are forgotten.
    pub forget_after_ms: u32,
    /// Attempts that may be under way at once.
    pub most_under_way: u16,
}

impl AttemptPolicy {
    /// What a server starts with for one account.
    pub const ACCOUNT: Self = Self {
        free_failures: 4,
        first_delay_ms: 1_000,
        most_delay_ms: 900_000,
        forget_after_ms: 3_600_000,
        most_under_way: 2,
    };
    /// What a server starts with for one address, which many people may share.
    pub const ADDRESS: Self = Self {
        free_failures: 20,
        first_delay_ms: 1_000,
        most_delay_ms: 300_000,
        forget_after_ms: 900_000,
        most_under_way: 64,
    };

    fn delay_ms(&self, failures: u16) -> u32 {
        let Some(doublings) = failures.checked_sub(self.free_failures.saturating_add(1)) else {
            return 0;
        };
        let doubled = u64::from(self.first_delay_ms) << doublings.min(31);
        doubled.min(u64::from(self.most_delay_ms)) as u32
    }
}

/// What a book remembers of one key.
#[derive(Copy, Clone, Debug)]
pub struct AttemptEntry {
    /// 0 if the entry is vacant.
    key: u64,
    blocked_until: Instant,
    changed_at: Instant,
    failures: u16,
    under_way: u16,
}

impl AttemptEntry {
    /// A vacant entry: all-zero bits.
    pub const VACANT: Self = Self {
        key: 0,
        blocked_until: Instant::ZERO,
        changed_at: Instant::ZERO,
        failures: 0,
        under_way: 0,
    };
}

/// Whether an attempt may be made.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Admission {
    /// It may, and counts as under way until it is settled.
    Granted {
        /// Others of the same key that are under way.
        under_way: u16,
        /// Wrong guesses of the same key that are not forgotten.
        failures: u16,
    },
    /// There were too many failures.
    Blocked {
        /// When the next attempt may be made, from now.
        retry_after_ms: u32,
    },
    /// Too many are under way.
    Crowded,
}

/// What has become of an attempt.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// A wrong guess.
    Failed,
    /// The right one: earlier failures are forgotten.
    Succeeded,
    /// It was not judged, or says nothing about this key.
    Void,
}

/// Counts attempts by key; see the [module](self).
#[derive(Debug)]
pub struct AttemptBook<'a> {
    entries: &'a mut [AttemptEntry],
    policy: AttemptPolicy,
}

impl<'a> AttemptBook<'a> {
    /// An empty book over vacant entries.
    pub const fn new(entries: &'a mut [AttemptEntry], policy: AttemptPolicy) -> Self {
        Self { entries, policy }
    }

    /// The entries that `key` may be in.
    fn set(&mut self, key: u64) -> &mut [AttemptEntry] {
        let sets = (self.entries.len() / WAYS).max(1);
        let first = (key % sets as u64) as usize * WAYS;
        let end = (first + WAYS).min(self.entries.len());
        self.entries.get_mut(first..end).unwrap_or_default()
    }

    fn find(&mut self, key: u64) -> Option<&mut AttemptEntry> {
        self.set(key).iter_mut().find(|entry| entry.key == key)
    }

    /// The entry of `key`, made in the place of whoever is missed the least if there is none.
    fn find_or_make(&mut self, now: Instant, key: u64) -> Option<&mut AttemptEntry> {
        let forget_after_ms = self.policy.forget_after_ms;
        let set = self.set(key);
        let known = set.iter().position(|entry| entry.key == key);
        let place = known.or_else(|| {
            let idle = set.iter().enumerate().filter(|(_, entry)| entry.under_way == 0);
            let oldest = idle.min_by_key(|(_, entry)| (entry.blocked_until, entry.changed_at));
            oldest.map(|(place, _)| place)
        })?;
        let entry = set.get_mut(place)?;
        if known.is_none() {
            *entry = AttemptEntry { key, ..AttemptEntry::VACANT };
        } else if entry.changed_at.after_ms(forget_after_ms) <= now {
            entry.failures = 0;
        }
        Some(entry)
    }

    /// Whether `key` is remembered.
    pub fn knows(&mut self, key: u64) -> bool {
        self.find(key.max(1)).is_some()
    }

    /// Remembers `key`, in the place of whoever was not heard of for longest.
    pub fn remember(&mut self, now: Instant, key: u64) {
        if let Some(entry) = self.find_or_make(now, key.max(1)) {
            entry.changed_at = now;
        }
    }

    /// How long an attempt would have to wait.
    pub fn wait_ms(&mut self, now: Instant, key: u64) -> u32 {
        self.find(key.max(1)).map_or(0, |entry| wait_ms(now, entry.blocked_until))
    }

    /// Asks for an attempt.
    pub fn admit(&mut self, now: Instant, key: u64) -> Admission {
        let most_under_way = self.policy.most_under_way;
        let Some(entry) = self.find_or_make(now, key.max(1)) else { return Admission::Crowded };
        if entry.blocked_until > now {
            return Admission::Blocked { retry_after_ms: wait_ms(now, entry.blocked_until) };
        }
        if entry.under_way >= most_under_way {
            return Admission::Crowded;
        }
        entry.under_way += 1;
        Admission::Granted { under_way: entry.under_way - 1, failures: entry.failures }
    }

    /// An attempt that was granted is over; answers how long the next one has to wait.
    pub fn settle(&mut self, now: Instant, key: u64, verdict: Verdict) -> u32 {
        let policy = self.policy;
        let Some(entry) = self.find(key.max(1)) else { return 0 };
        entry.under_way = entry.under_way.saturating_sub(1);
        match verdict {
            Verdict::Failed => {
                entry.failures = entry.failures.saturating_add(1);
                entry.changed_at = now;
                let until = now.after_ms(policy.delay_ms(entry.failures));
                entry.blocked_until = entry.blocked_until.max(until);
            }
            Verdict::Succeeded => {
                entry.failures = 0;
                entry.blocked_until = Instant::ZERO;
            }
            Verdict::Void => {}
        }
        wait_ms(now, entry.blocked_until)
    }
}

/// Whole milliseconds after which `until` has passed.
const fn wait_ms(now: Instant, until: Instant) -> u32 {
    let micros = until.micros().saturating_sub(now.micros());
    micros.div_ceil(1_000) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::testing::start;
    use proptest::prelude::*;
    use std::vec::Vec;

    const POLICY: AttemptPolicy = AttemptPolicy {
        free_failures: 2,
        first_delay_ms: 100,
        most_delay_ms: 350,
        forget_after_ms: 10_000,
        most_under_way: 2,
    };

    fn fail(book: &mut AttemptBook<'_>, now: Instant, key: u64) -> u32 {
        assert_eq!(under_way(book, now, key), Some(0));
        book.settle(now, key, Verdict::Failed)
    }

    /// Others that are under way, if one more may be.
    fn under_way(book: &mut AttemptBook<'_>, now: Instant, key: u64) -> Option<u16> {
        match book.admit(now, key) {
            Admission::Granted { under_way, .. } => Some(under_way),
            Admission::Blocked { .. } | Admission::Crowded => None,
        }
    }

    #[test]
    fn both_sides_of_every_delay() {
        let mut entries = [AttemptEntry::VACANT; WAYS];
        let mut book = AttemptBook::new(&mut entries, POLICY);
        let mut now = start();
        for delay_ms in [0, 0, 100, 200, 350, 350] {
            assert_eq!(fail(&mut book, now, 5), delay_ms);
            if delay_ms > 0 {
                let almost = now.after_ms(delay_ms - 1);
                assert_eq!(book.admit(almost, 5), Admission::Blocked { retry_after_ms: 1 });
            }
            assert_eq!(under_way(&mut book, now, 6), Some(0), "another key is not concerned");
            book.settle(now, 6, Verdict::Void);
            now = now.after_ms(delay_ms);
        }
    }

    #[test]
    fn a_success_and_a_quiet_time_forget() {
        let mut entries = [AttemptEntry::VACANT; WAYS];
        let mut book = AttemptBook::new(&mut entries, POLICY);
        let start = start();
        assert_eq!([(); 2].map(|()| fail(&mut book, start, 5)), [0, 0]);
        assert_eq!(under_way(&mut book, start, 5), Some(0));
        book.settle(start, 5, Verdict::Succeeded);
        assert_eq!([(); 3].map(|()| fail(&mut book, start, 5)), [0, 0, 100]);
        let almost = start.after_ms(POLICY.forget_after_ms - 1);
        assert_eq!(fail(&mut book, almost, 5), 200);
        let after = almost.after_ms(POLICY.forget_after_ms);
        assert_eq!(fail(&mut book, after, 5), 0);
    }

    #[test]
    fn both_sides_of_what_may_be_under_way() {
        let mut entries = [AttemptEntry::VACANT; WAYS];
        let mut book = AttemptBook::new(&mut entries, POLICY);
        let now = start();
        assert_eq!(under_way(&mut book, now, 5), Some(0));
        assert_eq!(under_way(&mut book, now, 5), Some(1));
        assert_eq!(book.admit(now, 5), Admission::Crowded);
        book.settle(now, 5, Verdict::Void);
        assert_eq!(under_way(&mut book, now, 5), Some(1));
    }

    #[test]
    fn newcomers_do_not_push_out_the_blocked_nor_what_is_under_way() {
        let mut entries = [AttemptEntry::VACANT; WAYS];
        let mut book = AttemptBook::new(&mut entries, POLICY);
        let now = start();
        for _ in 0..3 {
            fail(&mut book, now, 5);
        }
        assert_eq!(under_way(&mut book, now, 6), Some(0));
        for newcomer in 100..200 {
            fail(&mut book, now, newcomer);
        }
        assert_eq!(book.admit(now, 5), Admission::Blocked { retry_after_ms: 100 });
        assert_eq!(under_way(&mut book, now, 6), Some(1));
        // A set whose every entry is under way takes no further key.
        for key in 300..307 {
            assert_eq!(under_way(&mut book, now.after_ms(100), key), Some(0));
        }
        assert_eq!(book.admit(now.after_ms(100), 5), Admission::Crowded);
    }

    #[test]
    fn who_is_remembered_longest_was_heard_of_last() {
        let mut entries = [AttemptEntry::VACANT; WAYS];
        let mut book = AttemptBook::new(&mut entries, POLICY);
        let now = Instant::from_millis(1);
        for key in 1..=WAYS as u64 {
            book.remember(now.after_ms(key as u32), key);
        }
        book.remember(now.after_ms(20), 1);
        book.remember(now.after_ms(21), 100);
        let known = [1, 2, 3, 100].map(|key| book.knows(key));
        assert_eq!(known, [true, false, true, true]);
        assert_eq!(book.wait_ms(now, 1), 0);
        for _ in 0..3 {
            fail(&mut book, now, 1);
        }
        assert_eq!((book.wait_ms(now, 1), book.wait_ms(now.after_ms(100), 1)), (100, 0));
    }

    proptest! {
        #[test]
        fn no_more_is_under_way_than_may_be(ops in prop::collection::vec((1u64..20, 0u8..4, 0u32..400), 1..300)) {
            let mut entries = [AttemptEntry::VACANT; 2 * WAYS];
            let mut book = AttemptBook::new(&mut entries, POLICY);
            let mut now = start();
            let mut granted = Vec::new();
            for (key, what, pass_ms) in ops {
                now = now.after_ms(pass_ms);
                match (what, granted.pop()) {
                    (0, Some(key)) => drop(book.settle(now, key, Verdict::Failed)),
                    (1, Some(key)) => drop(book.settle(now, key, Verdict::Void)),
                    (_, popped) => {
                        granted.extend(popped);
                        if let Admission::Granted { under_way, .. } = book.admit(now, key) {
                            let others = granted.iter().filter(|other| **other == key).count();
                            prop_assert_eq!(usize::from(under_way), others);
                            prop_assert!(under_way < POLICY.most_under_way);
                            granted.push(key);
                        }
                    }
                }
            }
        }
    }
}
