//! `KnownMains`: the Mains that a client has been told of, and which of them it goes to.
//!
//! Contract: it begins with the Main that its owner names. When that one is lost, or does not let it in, it tries all others of
//! the list, from one of chance on, so that a lost Main's clients spread; then the one that its owner names, and last the
//! one that was lost, under the name that it has in the list. With a welcome that begins anew. A list that is old leads nowhere for as long as
//! one round takes, and no further. Whoever speaks TLS with Main goes to none that is said to be in clear.
//!
//! Bounds: [`MAIN_LIST_MAX`] addresses, and the present one.

use crate::protocol::main_to_client::MainAddress;
use crate::protocol::{ADDRESS_MAX_BYTES, MAIN_LIST_MAX, is_address};

type Address = heapless::String<ADDRESS_MAX_BYTES, u8>;

/// See the [module](self).
#[derive(Debug)]
pub(super) struct KnownMains {
    list: heapless::Vec<Address, MAIN_LIST_MAX, u8>,
    /// Which of them it was with last, if it knows.
    here: Option<u8>,
    /// Where it goes; empty: where its owner says.
    address: Address,
    /// The place of the list that this round has begun at.
    first: u8,
    /// Those that this round has tried.
    tried: u8,
}

impl KnownMains {
    pub(super) const NONE: Self = Self {
        list: heapless::Vec::new(),
        here: None,
        address: Address::new(),
        first: 0,
        tried: 0,
    };

    /// Where it goes; none: where its owner says.
    pub(super) fn address(&self) -> Option<&str> {
        Some(self.address.as_str()).filter(|address| !address.is_empty())
    }

    /// It is with one, and which that is in the list comes with that.
    pub(super) const fn welcomed(&mut self) {
        self.here = None;
        self.tried = 0;
    }

    /// A place whose address is none that it goes to stands for its owner's.
    pub(super) fn hear(&mut self, message: &MainAddress<'_>, is_by_tls: bool) {
        let &MainAddress { index, count, is_here, addr } = message;
        let (index, count) = (usize::from(index), usize::from(count));
        if index >= count {
            return;
        }
        if index == 0 {
            self.here = None;
        }
        let is_good = |it: &Address| is_address(it) && !(is_by_tls && is_in_clear(it));
        let address = Address::try_from(addr.as_str()).ok().filter(is_good).unwrap_or_default();
        self.list.truncate(count);
        if let Some(place) = self.list.get_mut(index) {
            *place = address;
        } else if index != self.list.len() || self.list.push(address).is_err() {
            return;
        }
        if is_here {
            self.here = u8::try_from(index).ok();
        }
    }

    /// The next one of this round.
    pub(super) fn choose(&mut self, random: u32) {
        let count = self.list.len() as u8;
        if self.tried == 0 {
            self.first = random.checked_rem(count.into()).unwrap_or_default() as u8;
        }
        let round = (self.first..count).chain(0..self.first);
        let mut others = round.filter(|index| Some(*index) != self.here);
        let next = others.nth(self.tried.into());
        let last = self.here.filter(|_| self.tried == count);
        let address = next.or(last).and_then(|index| self.list.get(usize::from(index)));
        self.address = address.cloned().unwrap_or_default();
        self.tried = if self.tried >= count { 0 } else { self.tried + 1 };
    }
}

fn is_in_clear(address: &str) -> bool {
    ["tcp://", "ws://"].iter().any(|scheme| address.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use std::string::{String, ToString};
    use std::vec::Vec;

    use super::*;
    use crate::protocol::Text;

    fn told(mains: &mut KnownMains, list: &[&str], here: usize) {
        for (index, addr) in list.iter().enumerate() {
            let (index, count, is_here) = (index as u16, list.len() as u16, index == here);
            let addr = Text::new(addr).unwrap();
            mains.hear(&MainAddress { index, count, is_here, addr }, false);
        }
    }

    fn round(mains: &mut KnownMains, random: u32, count: usize) -> Vec<String> {
        let next = |_| {
            mains.choose(random);
            mains.address().unwrap_or("own").to_string()
        };
        (0..count).map(next).collect()
    }

    #[test]
    fn whoever_is_told_of_none_goes_where_its_owner_says() {
        let mut mains = KnownMains::NONE;
        assert_eq!(round(&mut mains, 7, 3), ["own", "own", "own"]);
    }

    #[test]
    fn the_others_are_tried_first_and_all_of_them() {
        let mut mains = KnownMains::NONE;
        mains.welcomed();
        told(&mut mains, &["a:1", "b:1", "c:1"], 1);
        assert_eq!(round(&mut mains, 2, 5), ["c:1", "a:1", "own", "b:1", "c:1"]);
        mains.welcomed();
        told(&mut mains, &["a:1", "c:1"], 1);
        assert_eq!(round(&mut mains, 1, 4), ["a:1", "own", "c:1", "a:1"]);
        // Chance may begin at the one that was lost, which is passed over.
        let mut alone = KnownMains::NONE;
        told(&mut alone, &["a:1"], 0);
        assert_eq!(round(&mut alone, 0, 4), ["own", "a:1", "own", "a:1"]);
    }

    #[test]
    fn whoever_does_not_know_where_it_was_tries_all() {
        let mut mains = KnownMains::NONE;
        told(&mut mains, &["a:1", "b:1"], 0);
        mains.welcomed();
        assert_eq!(round(&mut mains, 1, 4), ["b:1", "a:1", "own", "b:1"]);
    }

    fn one(index: u16, count: u16, addr: &'static str) -> MainAddress<'static> {
        MainAddress { index, count, is_here: false, addr: Text::new(addr).unwrap() }
    }

    #[test]
    fn what_is_no_list_changes_nothing() {
        let mut mains = KnownMains::NONE;
        told(&mut mains, &["a:1", "b:1"], 0);
        for strange in [one(3, 9, "d:1"), one(2, 2, "d:1"), one(u16::MAX, u16::MAX, "d:1")] {
            mains.hear(&strange, false);
        }
        assert_eq!(round(&mut mains, 0, 3), ["b:1", "own", "a:1"]);
        // More than there is room for are cut off.
        (0..20).for_each(|index| mains.hear(&one(index, 20, "e:1"), false));
        assert_eq!(mains.list.len(), MAIN_LIST_MAX);
    }

    #[test]
    fn whoever_speaks_tls_goes_to_none_in_clear() {
        let list = ["tcp://a:1", "ws://b:1", "no address", "tls://c:1", "d:1"];
        for (is_by_tls, expected) in [(false, &list[..2]), (true, &["own", "own"])] {
            let mut mains = KnownMains::NONE;
            (0..).zip(list).for_each(|(index, addr)| mains.hear(&one(index, 5, addr), is_by_tls));
            assert_eq!(round(&mut mains, 0, 5)[..2], *expected);
            mains.welcomed();
            assert_eq!(round(&mut mains, 2, 3), ["own", "tls://c:1", "d:1"]);
        }
    }
}
