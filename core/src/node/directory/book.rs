//! `ClaimBook`: the claims of one Main, and who waits for them.
//!
//! Contract: one question a user at a time, those first whose turn it is; the answer to a question that is not
//! the last one changes nothing. A hello that waits is given back once: with the verdict, when a newer hello takes its place, or when its
//! time is over.

use super::{Answer, Claim, Next, Request, Verdict, Work};
use crate::node::uid_table::{HasUid, UidTable};
use crate::protocol::{ClaimNumber, Uid};
use crate::storage::{Key, Link, Slot, Vacant, WorkList};
use crate::time::{Instant, Stamp};

/// So many questions are handed out at a time.
pub const IN_FLIGHT_MAX: usize = 256;

/// One claim, and the hello that waits for it.
#[derive(Debug)]
pub struct ClaimSlot<H> {
    uid: Uid,
    claim: Claim,
    /// The last question.
    request: Request,
    hello: Option<H>,
    since: Stamp,
}

impl<H> Vacant for ClaimSlot<H> {
    const VACANT: Self = Self {
        uid: Uid::NOBODY,
        claim: Claim::Held(ClaimNumber(0)),
        request: Request(0),
        hello: None,
        since: Stamp::ZERO,
    };
}

impl<H> HasUid for ClaimSlot<H> {
    fn uid(&self) -> Uid {
        self.uid
    }
}

/// The memory of a [`ClaimBook`]; all of it as long. None where there is no directory.
#[derive(Debug)]
pub struct ClaimStorage<'a, H> {
    /// The claims.
    pub claims: &'a mut [Slot<ClaimSlot<H>>],
    /// Chains of `claims`.
    pub heads: &'a mut [Link],
    /// Links of `claims`.
    pub nexts: &'a mut [Link],
    /// Whose question is to be handed out.
    pub queue: &'a mut [u16],
    /// Who is in the queue.
    pub listed: &'a mut [bool],
}

impl<H> Default for ClaimStorage<'_, H> {
    fn default() -> Self {
        Self { claims: &mut [], heads: &mut [], nexts: &mut [], queue: &mut [], listed: &mut [] }
    }
}

/// The claims of one Main, and the hellos that wait for them: one question a user at a time, and the answer to any other changes nothing.
#[derive(Debug)]
pub struct ClaimBook<'a, H> {
    claims: UidTable<'a, ClaimSlot<H>>,
    work: WorkList<'a>,
    in_flight: usize,
    waiting: usize,
    asked: u64,
}

impl<'a, H> ClaimBook<'a, H> {
    /// A book without claims.
    pub fn new(storage: ClaimStorage<'a, H>) -> Self {
        Self {
            claims: UidTable::new(storage.claims, storage.heads, storage.nexts),
            work: WorkList::new(storage.queue, storage.listed),
            in_flight: 0,
            waiting: 0,
            asked: 0,
        }
    }

    /// Whether there is a directory at all.
    pub const fn is_used(&self) -> bool {
        self.claims.table().capacity() > 0
    }

    /// How many claims there are.
    pub const fn len(&self) -> usize {
        self.claims.table().len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many hellos wait.
    pub const fn waiting(&self) -> usize {
        self.waiting
    }

    /// Those who wait.
    pub fn hellos(&self) -> impl Iterator<Item = &H> {
        self.claims.iter().filter_map(|(_, slot)| slot.hello.as_ref())
    }

    /// The number that a user was let in with last; 0 without a directory.
    pub fn number(&self, uid: Uid) -> ClaimNumber {
        let found = self.claims.find(uid).and_then(|key| self.claims.get(key));
        found.map_or(ClaimNumber(0), |slot| slot.claim.number())
    }

    /// A hello waits for its user's claim. Answers the one that has waited before it, which does no more, and the slot.
    ///
    /// # Errors
    /// The hello, if there is no room for it.
    pub fn want(&mut self, now: Instant, uid: Uid, hello: H) -> Result<(u16, Option<H>), H> {
        let key = match self.claims.find(uid) {
            Some(key) => key,
            None => {
                let claim = Claim::Held(ClaimNumber(0));
                match self.claims.insert(ClaimSlot { uid, claim, ..ClaimSlot::VACANT }) {
                    Ok(key) => key,
                    Err(_) => return Err(hello),
                }
            }
        };
        let Some(slot) = self.claims.get_mut(key) else { return Err(hello) };
        slot.since = now.stamp();
        let before = slot.hello.replace(hello);
        self.waiting += usize::from(before.is_none());
        let claim = slot.claim.wanted();
        self.set_claim(key, claim);
        Ok((key.index(), before))
    }

    /// The answer to what was asked before is not waited for, if the claim asks something else now.
    fn set_claim(&mut self, key: Key<ClaimSlot<H>>, claim: Claim) {
        let Some(slot) = self.claims.get_mut(key) else { return };
        let asks_anew = claim.ask() != slot.claim.ask();
        slot.claim = claim;
        if asks_anew && claim.ask().is_some() {
            slot.request = Request(0);
            self.work.add(key.index());
        }
    }

    /// The next question, if one more may be under way.
    pub fn next_work(&mut self) -> Option<Work> {
        while self.in_flight < IN_FLIGHT_MAX {
            let index = self.work.pop()?;
            let Some(slot) = self.claims.at_mut(index) else { continue };
            let Some(ask) = slot.claim.ask() else { continue };
            self.asked += 1;
            self.in_flight += 1;
            slot.request = Request(self.asked);
            return Some(Work { request: slot.request, uid: slot.uid, ask });
        }
        None
    }

    /// A question is answered. With the hello that does not wait any more.
    pub fn answered(&mut self, work: Work, answer: Answer) -> (Verdict, Option<H>) {
        self.in_flight = self.in_flight.saturating_sub(1);
        let Some(key) = self.claims.find(work.uid) else { return (Verdict::None, None) };
        let Some(slot) = self.claims.get(key) else { return (Verdict::None, None) };
        if slot.request != work.request {
            return (Verdict::None, None);
        }
        let next = slot.claim.answered(answer);
        self.take(key, next)
    }

    /// The directory tells of a user of its own accord.
    pub fn changed(&mut self, uid: Uid, number: ClaimNumber, is_ours: bool) -> Verdict {
        if let Some(key) = self.claims.find(uid) {
            let Some(slot) = self.claims.get(key) else { return Verdict::None };
            let next = slot.claim.changed(number, is_ours);
            return self.take(key, next).0;
        }
        // What a write has left whose answer was lost is nobody's.
        if is_ours {
            let slot = ClaimSlot { uid, ..ClaimSlot::VACANT };
            if let Ok(key) = self.claims.insert(slot) {
                self.set_claim(key, Claim::Removing(number));
            }
        }
        Verdict::None
    }

    /// Whoever was here is gone.
    pub fn release(&mut self, uid: Uid) {
        let Some(key) = self.claims.find(uid) else { return };
        let Some(slot) = self.claims.get(key) else { return };
        let claim = slot.claim.released();
        self.set_claim(key, claim);
    }

    /// Somebody else has the user, and whoever was here is told: nothing is left of its claim but a hello that waits.
    pub fn overtaken(&mut self, uid: Uid) {
        let Some(key) = self.claims.find(uid) else { return };
        if self.claims.get(key).is_some_and(|slot| slot.hello.is_none()) {
            self.claims.remove(key);
        }
    }

    /// Nobody waits in this slot any more.
    pub fn forget(&mut self, index: u16) -> Option<H> {
        let key = self.claims.key_at(index)?;
        let slot = self.claims.get_mut(key)?;
        let hello = slot.hello.take()?;
        self.waiting -= 1;
        let claim = slot.claim.unwanted();
        self.set_claim(key, claim);
        Some(hello)
    }

    /// A slot whose hello has waited for so long, and for how long the next one still may. O(claims).
    pub fn overdue(&self, now: Instant, timeout_ms: u32) -> Result<u16, u32> {
        let mut left_ms = timeout_ms;
        for (key, slot) in self.claims.iter().filter(|(_, slot)| slot.hello.is_some()) {
            match timeout_ms.checked_sub(slot.since.age_ms(now)) {
                None | Some(0) => return Ok(key.index()),
                Some(left) => left_ms = left_ms.min(left),
            }
        }
        Err(left_ms)
    }

    fn take(&mut self, key: Key<ClaimSlot<H>>, (claim, verdict): Next) -> (Verdict, Option<H>) {
        let is_decided = matches!(verdict, Verdict::Granted | Verdict::Refused(_));
        let slot = self.claims.get_mut(key).filter(|_| is_decided);
        let hello = slot.and_then(|slot| slot.hello.take());
        self.waiting -= usize::from(hello.is_some());
        match claim {
            Some(claim) => self.set_claim(key, claim),
            None => drop(self.claims.remove(key)),
        }
        (verdict, hello)
    }
}
