//! `BanBook`: whom the games of a world have banned, and whether Main knows.
//!
//! ```text
//!   ban ──► untold ──► told ──► over: the place is free
//!             ▲          │
//!             └──────────┘ Main begins anew
//! ```
//! Contract: a ban holds at this world until its end, whatever becomes of the link to Main; Main is told as soon as
//! the link takes it, and again whenever it begins anew, each Main of several by itself. When the book is full, the ban
//! that ends first of those that a Main has gives way.
//!
//! Bounds: as many as the storage has; nobody is kept, and nothing is compiled, without the cargo feature `names`.

use super::mains::MAINS_MAX;
use crate::protocol::Uid;
use crate::protocol::world_to_main;
use crate::time::Instant;
use crate::wire::Full;

/// How many bans a world keeps.
pub const WORLD_BANS: usize = if cfg!(feature = "names") { 64 } else { 0 };

/// One user whom a game has banned.
#[derive(Copy, Clone, Debug)]
pub struct GameBan {
    #[cfg(feature = "names")]
    uid: Uid,
    #[cfg(feature = "names")]
    until: Instant,
    #[cfg(feature = "names")]
    /// Which Mains know of it, by the bits of their links.
    told_to: u8,
}

impl GameBan {
    /// Of nobody: all-zero bits.
    pub const NONE: Self = Self {
        #[cfg(feature = "names")]
        uid: Uid::NOBODY,
        #[cfg(feature = "names")]
        until: Instant::ZERO,
        #[cfg(feature = "names")]
        told_to: 0,
    };

    #[cfg(feature = "names")]
    fn holds_at(&self, now: Instant) -> bool {
        self.uid != Uid::NOBODY && self.until > now
    }
}

/// The bans of a world; see the [module](self).
#[derive(Debug)]
pub(super) struct BanBook<'a> {
    #[cfg(feature = "names")]
    bans: &'a mut [GameBan],
    #[cfg(not(feature = "names"))]
    _none: core::marker::PhantomData<&'a mut [GameBan]>,
}

#[cfg(not(feature = "names"))]
#[allow(clippy::unused_self, reason = "the same calls as with the feature")]
impl<'a> BanBook<'a> {
    pub(super) const fn new(_: &'a mut [GameBan]) -> Self {
        Self { _none: core::marker::PhantomData }
    }

    pub(super) const fn add(&mut self, _: Instant, _: Uid, _: u32) -> Result<(), Full> {
        Err(Full)
    }

    pub(super) const fn holds(&self, _: Instant, _: Uid) -> bool {
        false
    }

    pub(super) const fn forget_what_is_told(&mut self, _: u16) {}

    pub(super) const fn is_untold(&self, _: Instant, _: u16) -> bool {
        false
    }

    pub(super) fn tell(&mut self, _: Instant, _: u16, _: impl FnMut(&world_to_main::Ban) -> bool) {}
}

/// A bit for each link to a Main.
const _: () = assert!(MAINS_MAX <= u8::BITS as usize);

#[cfg(feature = "names")]
fn bit(main: u16) -> u8 {
    1u8.unbounded_shl(main.into())
}

#[cfg(feature = "names")]
impl<'a> BanBook<'a> {
    pub(super) const fn new(bans: &'a mut [GameBan]) -> Self {
        Self { bans }
    }

    /// A ban begins, or has another end. O(bans).
    ///
    /// # Errors
    /// [`Full`] if Main has to be told of all the others first.
    pub(super) fn add(&mut self, now: Instant, uid: Uid, for_ms: u32) -> Result<(), Full> {
        let place = match self.bans.iter().position(|ban| ban.uid == uid) {
            Some(place) => place,
            None => self.place_for_one(now).ok_or(Full)?,
        };
        let ban = self.bans.get_mut(place).ok_or(Full)?;
        *ban = GameBan { uid, until: now.after_ms(for_ms), told_to: 0 };
        Ok(())
    }

    fn place_for_one(&self, now: Instant) -> Option<usize> {
        if let Some(free) = self.bans.iter().position(|ban| !ban.holds_at(now)) {
            return Some(free);
        }
        let told = self.bans.iter().enumerate().filter(|(_, ban)| ban.told_to != 0);
        told.min_by_key(|(_, ban)| ban.until).map(|(place, _)| place)
    }

    /// Whether this user is banned. O(bans).
    pub(super) fn holds(&self, now: Instant, uid: Uid) -> bool {
        self.bans.iter().any(|ban| ban.uid == uid && ban.holds_at(now))
    }

    /// That Main begins anew: it may have forgotten.
    pub(super) fn forget_what_is_told(&mut self, main: u16) {
        for ban in &mut *self.bans {
            ban.told_to &= !bit(main);
        }
    }

    /// Whether there is something to tell that Main.
    pub(super) fn is_untold(&self, now: Instant, main: u16) -> bool {
        self.bans.iter().any(|ban| ban.told_to & bit(main) == 0 && ban.holds_at(now))
    }

    /// Tells that Main what is untold, for as long as it `is_taken`.
    pub(super) fn tell(
        &mut self,
        now: Instant,
        main: u16,
        mut is_taken: impl FnMut(&world_to_main::Ban) -> bool,
    ) {
        let told = bit(main);
        for ban in self.bans.iter_mut().filter(|ban| ban.told_to & told == 0 && ban.holds_at(now)) {
            let message = world_to_main::Ban { uid: ban.uid, for_ms: ban.until.ms_since(now) };
            if !is_taken(&message) {
                return;
            }
            ban.told_to |= told;
        }
    }
}

#[cfg(test)]
#[cfg(feature = "names")]
mod tests {
    use super::*;
    use crate::time::testing::start;

    fn told(book: &mut BanBook<'_>, now: Instant) -> std::vec::Vec<(u64, u32)> {
        let mut told = std::vec::Vec::new();
        book.tell(now, 0, |ban| {
            told.push((ban.uid.0, ban.for_ms));
            true
        });
        told
    }

    #[test]
    fn both_sides_of_a_ban_s_end() {
        let mut bans = [GameBan::NONE; 2];
        let (mut book, now) = (BanBook::new(&mut bans), start());
        book.add(now, Uid(7), 1_000).unwrap();
        assert!(book.holds(now.after_ms(999), Uid(7)) && !book.holds(now, Uid(8)));
        assert!(!book.holds(now.after_ms(1_000), Uid(7)));
        assert!(!book.is_untold(now.after_ms(1_000), 0), "what is over is told to nobody");
        book.add(now, Uid(7), 5_000).unwrap();
        assert_eq!(told(&mut book, now.after_ms(1_000)), [(7, 4_000)]);
        assert_eq!(told(&mut book, now), []);
        book.forget_what_is_told(0);
        assert_eq!(told(&mut book, now), [(7, 5_000)]);
    }

    #[test]
    fn both_sides_of_a_full_book() {
        let mut bans = [GameBan::NONE; 2];
        let (mut book, now) = (BanBook::new(&mut bans), start());
        book.add(now, Uid(1), 2_000).unwrap();
        book.add(now, Uid(2), 1_000).unwrap();
        assert_eq!(book.add(now, Uid(3), 9_000), Err(Full), "nobody else knows of the others");
        assert!(book.add(now, Uid(1), 3_000).is_ok(), "another end");
        assert_eq!(told(&mut book, now).len(), 2);
        book.add(now, Uid(3), 9_000).unwrap();
        assert!(book.holds(now, Uid(1)) && book.holds(now, Uid(3)) && !book.holds(now, Uid(2)));
        assert!(book.add(now.after_ms(3_000), Uid(4), 1).is_ok(), "what is over gives way");
        assert!(!book.holds(now, Uid(1)));
    }
}
