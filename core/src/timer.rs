//! `TimerWheel`: every deadline of a node, at a constant price each.
//!
//! Purpose: one timer per session, attach or pending request, addressed by a small id. The scheme is
//! the hierarchical wheel of Varghese and Lauck (1987): levels of 64 slots, a bitmap of the occupied
//! ones per level, so that the next deadline is found by counting zeros instead of walking slots.
//!
//! Contract: a timer never fires before its instant, and fires at the latest one tick after it.
//! Scheduling an armed timer moves it. [`TimerWheel::next_deadline`] is when to come back: a timer
//! may be due then, or it may be time to move far timers closer.
//!
//! Bounds: schedule and cancel are O(1). Each timer is moved at most once per level before it fires;
//! one beyond the last level is moved once per turn of that level. At least two levels.
//!
//! ```
//! use tinyrealm_core::time::Instant;
//! use tinyrealm_core::timer::{Level, TimerEntry, TimerWheel};
//! let (mut levels, mut entries) = ([const { Level::VACANT }; 2], [TimerEntry::VACANT; 4]);
//! let mut wheel = TimerWheel::new(&mut levels, &mut entries, Instant::ZERO);
//! wheel.schedule(3, Instant::from_millis(100));
//! assert_eq!(wheel.pop_expired(Instant::from_millis(99)), None);
//! assert!(wheel.next_deadline() >= Some(Instant::from_millis(64)));
//! assert_eq!(wheel.pop_expired(Instant::from_millis(112)), Some(3));
//! assert_eq!(wheel.next_deadline(), None);
//! ```

use crate::storage::Link;
use crate::time::Instant;

/// The wheel's resolution.
pub const TICK_MS: u32 = 16;

const TICK_MICROS: u64 = TICK_MS as u64 * 1_000;
const SLOT_BITS: u32 = 6;
const SLOT_COUNT: usize = 1 << SLOT_BITS;
const SLOT_MASK: u32 = SLOT_COUNT as u32 - 1;

/// 64 slots of one resolution: level 0 spans 1 s, level 1 65 s, level 2 70 min, level 3 74 h.
#[derive(Debug)]
pub struct Level {
    occupied: u64,
    heads: [Link; SLOT_COUNT],
}

impl Level {
    /// A level without timers: all-zero bits.
    pub const VACANT: Self = Self { occupied: 0, heads: [Link::NONE; SLOT_COUNT] };
}

/// One timer's place in the wheel.
#[derive(Copy, Clone, Debug)]
pub struct TimerEntry {
    deadline: u32,
    next: Link,
    previous: Link,
    /// Level and slot as one number; none while the timer is not armed.
    place: Link,
}

const _: () =
    assert!(core::mem::size_of::<TimerEntry>() <= 12, "a timer has grown: say why, what it costs");

impl TimerEntry {
    /// A timer that is not armed: all-zero bits.
    pub const VACANT: Self =
        Self { deadline: 0, next: Link::NONE, previous: Link::NONE, place: Link::NONE };
}

/// A slot that is due at `tick`.
struct Expiration {
    level: u32,
    slot: u32,
    tick: u32,
}

/// All deadlines of a node; see the [module](self).
#[derive(Debug)]
pub struct TimerWheel<'a> {
    levels: &'a mut [Level],
    entries: &'a mut [TimerEntry],
    /// The tick up to which everything has fired. Its low 32 bits are the wheel's own time.
    elapsed: u64,
}

impl<'a> TimerWheel<'a> {
    /// A wheel with timers `0 .. entries.len()`, none armed, that starts at `now`.
    pub fn new(levels: &'a mut [Level], entries: &'a mut [TimerEntry], now: Instant) -> Self {
        Self { levels, entries, elapsed: now.micros() / TICK_MICROS }
    }

    const fn now(&self) -> u32 {
        self.elapsed as u32
    }

    /// Arms timer `id`, or moves it if it is armed. Ids beyond the storage are never armed.
    pub fn schedule(&mut self, id: u16, at: Instant) {
        self.cancel(id);
        let tick = at.micros().div_ceil(TICK_MICROS).max(self.elapsed);
        let reach = u64::from(u32::MAX / 2);
        let deadline = tick.min(self.elapsed.saturating_add(reach)) as u32;
        if let Some(entry) = self.entries.get_mut(usize::from(id)) {
            entry.deadline = deadline;
            self.link(id, deadline);
        }
    }

    /// Disarms timer `id`.
    pub fn cancel(&mut self, id: u16) {
        let Some(entry) = self.entries.get_mut(usize::from(id)) else {
            return;
        };
        let Some(place) = entry.place.index() else {
            return;
        };
        let (next, previous) = (entry.next, entry.previous);
        *entry = TimerEntry { deadline: entry.deadline, ..TimerEntry::VACANT };
        if let Some(after) = self.entry_mut(next) {
            after.previous = previous;
        }
        match self.entry_mut(previous) {
            Some(before) => before.next = next,
            None => self.set_head(place, next),
        }
    }

    /// Whether timer `id` is armed.
    pub fn is_armed(&self, id: u16) -> bool {
        self.entries.get(usize::from(id)).is_some_and(|entry| !entry.place.is_none())
    }

    /// When timer `id` is due, if it is armed: the tick that it fires with.
    #[cfg(feature = "moving")]
    pub fn due_at(&self, id: u16) -> Option<Instant> {
        let entry = self.entries.get(usize::from(id)).filter(|entry| !entry.place.is_none())?;
        let ahead = u64::from(entry.deadline.wrapping_sub(self.now()));
        Some(Instant::from_micros(self.elapsed.saturating_add(ahead).saturating_mul(TICK_MICROS)))
    }

    /// Disarms and answers one timer that is due at `now`. Call it until it answers `None`.
    pub fn pop_expired(&mut self, now: Instant) -> Option<u16> {
        let now_tick = now.micros() / TICK_MICROS;
        while let Some(due) = self.next_expiration() {
            let ahead = u64::from(due.tick.wrapping_sub(self.now()));
            if self.elapsed + ahead > now_tick {
                break;
            }
            self.elapsed += ahead;
            if due.level == 0 {
                let id = self.head(due.level, due.slot).index()?;
                self.cancel(id);
                return Some(id);
            }
            self.cascade(due.level, due.slot);
        }
        self.elapsed = self.elapsed.max(now_tick);
        None
    }

    /// When to call [`TimerWheel::pop_expired`] next; `None` while no timer is armed.
    pub fn next_deadline(&self) -> Option<Instant> {
        let due = self.next_expiration()?;
        let tick = self.elapsed + u64::from(due.tick.wrapping_sub(self.now()));
        Some(Instant::from_micros(tick.saturating_mul(TICK_MICROS)))
    }

    /// The lowest level that has a timer holds the next one: higher levels are further away.
    fn next_expiration(&self) -> Option<Expiration> {
        let top = (self.levels.len() as u32).checked_sub(1)?;
        let (number, level) =
            (0u32..).zip(self.levels.iter()).find(|(_, level)| level.occupied != 0)?;
        let shift = number * SLOT_BITS;
        let now_slot = (self.now() >> shift) & SLOT_MASK;
        let mut slots_ahead = level.occupied.rotate_right(now_slot).trailing_zeros();
        if slots_ahead == 0 && number == top {
            slots_ahead = self.slots_to_full_turn(level, now_slot);
        }
        let slot_start = (self.now() >> shift).wrapping_add(slots_ahead) << shift;
        let tick = if slots_ahead == 0 { self.now() } else { slot_start };
        Some(Expiration { level: number, slot: (now_slot + slots_ahead) & SLOT_MASK, tick })
    }

    /// On the top level the present slot holds timers that are a whole turn away.
    fn slots_to_full_turn(&self, level: &Level, now_slot: u32) -> u32 {
        let others = level.occupied.rotate_right(now_slot) & !1;
        if others == 0 { SLOT_COUNT as u32 } else { others.trailing_zeros() }
    }

    fn cascade(&mut self, level: u32, slot: u32) {
        let mut link = self.head(level, slot);
        self.set_head(place_number(level, slot), Link::NONE);
        while let Some(id) = link.index() {
            let Some(entry) = self.entry_mut(link) else {
                return;
            };
            link = entry.next;
            let deadline = entry.deadline;
            self.link(id, deadline);
        }
    }

    /// Puts timer `id` at the head of the slot that its deadline has, seen from now.
    fn link(&mut self, id: u16, deadline: u32) {
        let top = (self.levels.len() as u32).saturating_sub(1);
        let differing = (self.now() ^ deadline) | SLOT_MASK;
        let level = (differing.ilog2() / SLOT_BITS).min(top);
        let slot = (deadline >> (level * SLOT_BITS)) & SLOT_MASK;
        let next = self.head(level, slot);
        let place = place_number(level, slot);
        if let Some(entry) = self.entries.get_mut(usize::from(id)) {
            *entry = TimerEntry { deadline, next, previous: Link::NONE, place: Link::to(place) };
        }
        if let Some(after) = self.entry_mut(next) {
            after.previous = Link::to(id);
        }
        self.set_head(place, Link::to(id));
    }

    fn entry_mut(&mut self, link: Link) -> Option<&mut TimerEntry> {
        self.entries.get_mut(usize::from(link.index()?))
    }

    fn head(&self, level: u32, slot: u32) -> Link {
        let level = self.levels.get(level as usize);
        level.and_then(|level| level.heads.get(slot as usize)).copied().unwrap_or(Link::NONE)
    }

    fn set_head(&mut self, place: u16, link: Link) {
        let slot = usize::from(place) % SLOT_COUNT;
        let Some(level) = self.levels.get_mut(usize::from(place) / SLOT_COUNT) else {
            return;
        };
        if let Some(head) = level.heads.get_mut(slot) {
            *head = link;
        }
        let bit = 1u64 << slot;
        level.occupied = if link.is_none() { level.occupied & !bit } else { level.occupied | bit };
    }
}

const fn place_number(level: u32, slot: u32) -> u16 {
    ((level << SLOT_BITS) + slot) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::testing::start;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::vec::Vec;

    const TIMERS: usize = 8;

    fn with_wheel(levels: usize, start: Instant, test: impl FnOnce(TimerWheel<'_>)) {
        let mut storage = [const { Level::VACANT }; 4];
        let mut entries = [TimerEntry::VACANT; TIMERS];
        test(TimerWheel::new(&mut storage[..levels], &mut entries, start));
    }

    fn tick_of(at: Instant) -> u64 {
        at.micros().div_ceil(TICK_MICROS)
    }

    #[test]
    fn a_timer_in_the_past_fires_at_once() {
        with_wheel(2, start(), |mut wheel| {
            wheel.schedule(0, Instant::from_millis(10));
            assert_eq!(wheel.pop_expired(start()), Some(0));
        });
    }

    #[test]
    fn rearming_moves_and_cancelling_stops() {
        with_wheel(2, start(), |mut wheel| {
            wheel.schedule(1, start().after_ms(100));
            wheel.schedule(1, start().after_ms(900));
            wheel.schedule(2, start().after_ms(100));
            wheel.cancel(2);
            assert!(wheel.is_armed(1) && !wheel.is_armed(2));
            assert_eq!(wheel.pop_expired(start().after_ms(899)), None);
            assert_eq!(wheel.pop_expired(start().after_ms(912)), Some(1));
            assert_eq!(wheel.next_deadline(), None);
        });
    }

    #[test]
    fn an_id_beyond_the_storage_is_never_armed() {
        with_wheel(2, Instant::ZERO, |mut wheel| {
            wheel.schedule(TIMERS as u16, Instant::ZERO);
            assert!(!wheel.is_armed(TIMERS as u16));
            assert_eq!(wheel.pop_expired(Instant::from_millis(1_000)), None);
        });
    }

    /// Runs `ops` on a wheel and on a sorted map; both must fire the same timers in the same turn.
    fn compare(levels: usize, start: Instant, ops: &[(u8, u16, u32)]) -> Result<(), TestCaseError> {
        let mut outcome = Ok(());
        with_wheel(levels, start, |wheel| outcome = compare_on(wheel, start, ops));
        outcome
    }

    fn compare_on(
        mut wheel: TimerWheel<'_>,
        start: Instant,
        ops: &[(u8, u16, u32)],
    ) -> Result<(), TestCaseError> {
        let mut now = start;
        let mut model: BTreeMap<u16, Instant> = BTreeMap::new();
        for &(op, id, ms) in ops {
            match op {
                0..=3 => {
                    wheel.schedule(id, now.after_ms(ms));
                    model.insert(id, now.after_ms(ms));
                }
                4 => {
                    wheel.cancel(id);
                    model.remove(&id);
                }
                _ => now = now.after_ms(ms / 4),
            }
            let mut fired: Vec<u16> = std::iter::from_fn(|| wheel.pop_expired(now)).collect();
            fired.sort_unstable();
            let now_tick = now.micros() / TICK_MICROS;
            let due = model.iter().filter(|(_, at)| tick_of(**at) <= now_tick);
            let due: Vec<u16> = due.map(|(id, _)| *id).collect();
            prop_assert_eq!(&fired, &due, "at {:?}", now);
            model.retain(|id, _| !due.contains(id));
            match (wheel.next_deadline(), model.values().min()) {
                (Some(next), Some(first)) => {
                    prop_assert!(now < next.after_ms(TICK_MS) && next <= first.after_ms(TICK_MS));
                }
                (next, first) => prop_assert_eq!(next.is_some(), first.is_some()),
            }
        }
        Ok(())
    }

    fn any_ops(longest_ms: u32) -> impl Strategy<Value = Vec<(u8, u16, u32)>> {
        prop::collection::vec((0u8..8, 0u16..TIMERS as u16, 0..longest_ms), 1..150)
    }

    proptest! {
        #[test]
        fn agrees_with_a_sorted_map_near(ops in any_ops(3_000)) {
            compare(4, start().after_ms(77), &ops)?;
        }

        #[test]
        fn agrees_with_a_sorted_map_far(ops in any_ops(20_000_000)) {
            compare(4, start().after_ms(77), &ops)?;
        }

        #[test]
        fn agrees_beyond_its_last_level(ops in any_ops(400_000)) {
            compare(2, start().after_ms(77), &ops)?;
        }

        /// Where the 32 bits of the wheel's own time wrap, after two years.
        #[test]
        fn agrees_over_the_wrap(ops in any_ops(400_000)) {
            let start = Instant::from_millis((u64::from(u32::MAX) - 200) * u64::from(TICK_MS));
            compare(3, start, &ops)?;
        }
    }
}
