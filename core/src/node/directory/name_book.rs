//! `NameBook`: the names of rooms about which one Main has something to ask.
//!
//! Contract: one question a name at a time; the answer to a question that is not the last one changes nothing, but for a
//! name that was written and is not wanted any more, which is removed. Names that are settled take no place here: what is known of them
//! their rooms have.
//!
//! Bounds: as many names as slots; one is searched for among all. Where there is no place, a room is refused, and a removal is left out: whoever wants that name
//! next is led to the world that had it, which opens the room anew.

use super::name::{NameAnswer, NameAsk, NameClaim, NameVerdict, Wanted};
use super::{IN_FLIGHT_MAX, Request};
use crate::protocol::{ClaimNumber, ROOM_NAME_MAX_BYTES};
use crate::storage::{Key, Slot, Table, Vacant};

/// The name of a room.
pub type RoomName = heapless::String<ROOM_NAME_MAX_BYTES>;

/// One name.
#[derive(Debug)]
pub struct NameSlot {
    name: RoomName,
    claim: NameClaim,
    /// The last question; none if it is to be handed out.
    request: Option<Request>,
}

impl Vacant for NameSlot {
    const VACANT: Self =
        Self { name: RoomName::new(), claim: NameClaim::Removing(ClaimNumber(0)), request: None };
}

/// A question about a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NameWork {
    /// For the answer.
    pub request: Request,
    /// Which name.
    pub name: RoomName,
    /// What is asked.
    pub ask: NameAsk,
}

/// The names of rooms that something is asked about: one question a name at a time, and the answer to any other changes nothing.
#[derive(Debug)]
pub struct NameBook<'a> {
    names: Table<'a, NameSlot>,
    in_flight: usize,
    asked: u64,
    /// Names of which something is to be asked.
    unasked: usize,
}

impl<'a> NameBook<'a> {
    /// A book without names; without slots there is no directory.
    pub fn new(slots: &'a mut [Slot<NameSlot>]) -> Self {
        Self { names: Table::new(slots), in_flight: 0, asked: 0, unasked: 0 }
    }

    /// Whether there is a directory.
    pub const fn is_used(&self) -> bool {
        self.names.capacity() > 0
    }

    /// How many names something is asked about.
    pub const fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether one more may be wanted.
    pub const fn has_place(&self) -> bool {
        !self.names.is_full()
    }

    fn find(&self, name: &str) -> Option<Key<NameSlot>> {
        self.names.iter().find(|(_, slot)| slot.name == name).map(|(key, _)| key)
    }

    /// A room waits for this name; `expected` is the number that its key is known to have, or 0. `false` if there is no
    /// place to ask for it.
    pub fn want(&mut self, name: &RoomName, wanted: Wanted, expected: ClaimNumber) -> bool {
        match self.find(name) {
            Some(key) => {
                let claim = self.names.get(key).map(|slot| slot.claim.wanted(wanted, expected));
                self.set(key, claim);
                true
            }
            None => self.add(name, NameClaim::wanted_anew(wanted, expected)),
        }
    }

    /// No room of this name waits any more.
    pub fn forget(&mut self, name: &str) {
        let Some(key) = self.find(name) else { return };
        let Some(slot) = self.names.get_mut(key) else { return };
        slot.claim = slot.claim.unwanted();
        if slot.request.is_none() && !matches!(slot.claim, NameClaim::Removing(_)) {
            // It has not been asked for yet.
            self.set(key, None);
        }
    }

    /// The room that has had this name under this number is gone.
    pub fn release(&mut self, name: &RoomName, number: ClaimNumber) {
        if self.is_used() && number.0 > 0 && self.find(name).is_none() {
            self.add(name, NameClaim::Removing(number));
        }
    }

    fn add(&mut self, name: &RoomName, claim: NameClaim) -> bool {
        let slot = NameSlot { name: name.clone(), claim, request: None };
        let is_added = self.names.insert(slot).is_ok();
        self.unasked += usize::from(is_added);
        is_added
    }

    fn set(&mut self, key: Key<NameSlot>, claim: Option<NameClaim>) {
        let Some(claim) = claim else {
            if let Some(slot) = self.names.remove(key) {
                self.unasked -= usize::from(slot.request.is_none());
            }
            return;
        };
        let Some(slot) = self.names.get_mut(key) else { return };
        slot.claim = claim;
        if slot.request.take().is_some() {
            self.unasked += 1;
        }
    }

    /// The next question, if one more may be under way. O(slots) if there is one.
    pub fn next_work(&mut self) -> Option<NameWork> {
        if self.unasked == 0 || self.in_flight >= IN_FLIGHT_MAX {
            return None;
        }
        let (key, _) = self.names.iter().find(|(_, slot)| slot.request.is_none())?;
        let slot = self.names.get_mut(key)?;
        self.asked += 1;
        self.in_flight += 1;
        self.unasked -= 1;
        let request = Request(self.asked);
        slot.request = Some(request);
        Some(NameWork { request, name: slot.name.clone(), ask: slot.claim.ask() })
    }

    /// A question is answered.
    pub fn answered(&mut self, work: &NameWork, answer: NameAnswer) -> NameVerdict {
        self.in_flight = self.in_flight.saturating_sub(1);
        let key = self.find(&work.name);
        let slot = key.and_then(|key| self.names.get(key));
        let (Some(key), Some(slot)) = (key, slot) else { return NameVerdict::None };
        if slot.request != Some(work.request) {
            return NameVerdict::None;
        }
        let (claim, verdict) = slot.claim.answered(answer);
        self.set(key, claim);
        verdict
    }
}
