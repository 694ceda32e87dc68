//! `JobBook`: work that is done outside of the node, because it takes too long inside.
//!
//! Purpose: passwords are hashed and accounts read on other threads, or by another chip. The role
//! queues such jobs, hands a bounded number of them out, and takes their outcomes.
//!
//! Contract: a job lives from its request until its outcome comes, even if whoever asked has gone:
//! so what is outside is counted. A password is wiped here as soon as it is handed out.
//!
//! Logins stand in two lines, and each leaves some places to the other. Who was let in before goes first,
//! but for one time in four; in a line those go first who had the fewest others of the same under
//! way when they came: of the same address, and for who was let in before, of the same way in. Whoever
//! comes when their line, or the whole, is full takes the place of the last in line, if that one stands behind.
//!
//! Bounds: as many jobs as slots; finding the next login is O(slots), far less than hashing it.

use super::devices::DeviceClaim;
use super::origins::Origin;
use super::token::TokenHash;
use crate::protocol::{ACCOUNT_MAX_BYTES, KeyId, PASSWORD_MAX_BYTES, Token};
use crate::session::{PeerAddress, SessionKey};
use crate::storage::{Key, Ring, Slot, Table, Vacant};

/// Names one login that is queued or handed out.
pub type LoginKey = Key<LoginSlot>;
/// Names one verification that is queued or handed out.
pub type VerifyKey = Key<VerifySlot>;

/// After so many of those who were let in before, it is a stranger's turn, if any waits: they can't keep
/// others out, either.
const KNOWN_IN_A_ROW: u8 = 3;

/// Where a login waits; in order.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Line {
    /// Those who were let in before, and have not guessed wrong more often than is free.
    Known,
    /// All others.
    Strangers,
}

/// A place in line: the smaller, the sooner.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Rank {
    pub(super) line: Line,
    /// Others of the same that are under way, and for who was let in before, their wrong guesses.
    pub(super) ahead: u16,
}

/// In which books an attempt is counted, by its keys there.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Counted {
    /// Nobody who was let in before: by the account, and by where it comes from.
    Stranger { account: u64, origin: Origin },
    /// By the device or the address that the account was let in from before.
    Known { way: u64 },
}

/// A login that is queued or handed out.
#[derive(Clone)]
pub struct LoginSlot {
    pub(super) session: SessionKey,
    /// Where it counts.
    pub(super) counted: Counted,
    /// What is remembered of where it came from, if the password is right.
    pub(super) way: u64,
    /// What its device says.
    device: Option<DeviceClaim>,
    /// Whether it would have to wait without that.
    is_held_back: bool,
    /// The address itself.
    pub(super) from: PeerAddress,
    /// What it gets if the password is right; random from the moment it is handed out.
    pub(super) token: Token,
    pub(super) is_running: bool,
    /// Its place in line.
    rank: Rank,
    /// When it came, in logins.
    order: u32,
    id_bytes: u8,
    password_bytes: u8,
    id: [u8; ACCOUNT_MAX_BYTES],
    password: [u8; PASSWORD_MAX_BYTES],
}

impl Vacant for LoginSlot {
    const VACANT: Self = Self {
        session: Key::DANGLING,
        counted: Counted::Known { way: 0 },
        way: 0,
        device: None,
        is_held_back: false,
        from: PeerAddress([0; 16]),
        token: Token([0; 32]),
        is_running: false,
        rank: Rank { line: Line::Known, ahead: 0 },
        order: 0,
        id_bytes: 0,
        password_bytes: 0,
        id: [0; ACCOUNT_MAX_BYTES],
        password: [0; PASSWORD_MAX_BYTES],
    };
}

impl LoginSlot {
    /// Whose account it is about.
    pub(super) fn id(&self) -> &str {
        let id = self.id.get(..usize::from(self.id_bytes)).unwrap_or_default();
        core::str::from_utf8(id).unwrap_or_default()
    }
}

#[cfg(all(test, feature = "shares"))]
impl LoginSlot {
    pub(super) fn is_password_wiped(&self) -> bool {
        self.password == [0; PASSWORD_MAX_BYTES]
    }
}

impl core::fmt::Debug for LoginSlot {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("LoginSlot").field("session", &self.session).finish_non_exhaustive()
    }
}

/// Who wants to log in.
#[derive(Copy, Clone, Debug)]
pub(super) struct Applicant<'s> {
    pub(super) session: SessionKey,
    pub(super) counted: Counted,
    pub(super) way: u64,
    pub(super) device: Option<DeviceClaim>,
    pub(super) is_held_back: bool,
    pub(super) from: PeerAddress,
    pub(super) rank: Rank,
    pub(super) id: &'s str,
    pub(super) password: &'s str,
}

/// Whose wrong guesses an attempt is counted among.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum CountedBy {
    /// Those of everybody who was never let in: by the account, and by where it comes from.
    Account,
    /// Those that come from where the account was let in from before.
    Address,
    /// Those of the account's devices.
    Device,
}

/// A password to check: by whoever has time for it.
pub struct LoginWork {
    /// For the outcome.
    pub key: LoginKey,
    /// The account's id.
    pub id: heapless::String<ACCOUNT_MAX_BYTES>,
    /// Where it was given.
    pub from: PeerAddress,
    /// What was given as its password.
    pub password: heapless::String<PASSWORD_MAX_BYTES>,
    /// To be stored, before the outcome is told, if the password is right.
    pub token_hash: TokenHash,
    /// What its device says.
    pub device: Option<DeviceClaim>,
    /// Where its attempt is counted; of interest to those who count beside this server.
    pub counted_by: CountedBy,
    /// Whether it is checked only if that is so: else it is `LOCKED`, and no password is hashed.
    pub is_held_back: bool,
}

impl core::fmt::Debug for LoginWork {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("LoginWork").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What a Main wants to know.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum VerifyQuestion {
    /// Whose token it is of which this is stored, if it is any good.
    Token(TokenHash),
    /// What the links of the device are sealed with whose key is called so, if there is one.
    Device(KeyId),
}

/// A verification that is queued or handed out.
#[derive(Copy, Clone, Debug)]
pub struct VerifySlot {
    pub(super) session: SessionKey,
    pub(super) request: u32,
    pub(super) question: VerifyQuestion,
}

impl Vacant for VerifySlot {
    const VACANT: Self = Self {
        session: Key::DANGLING,
        request: 0,
        question: VerifyQuestion::Token(TokenHash([0; 32])),
    };
}

/// Something to look up.
#[derive(Copy, Clone, Debug)]
pub struct VerifyWork {
    /// For the outcome.
    pub key: VerifyKey,
    /// What.
    pub question: VerifyQuestion,
}

/// Jobs, queued and handed out; see the [module](self).
#[derive(Debug)]
pub(super) struct JobBook<'a> {
    logins: Table<'a, LoginSlot>,
    verifies: Table<'a, VerifySlot>,
    verify_queue: Ring<'a, u16>,
    /// Places that each line leaves to the other.
    kept: usize,
    next_order: u32,
    /// How many of those who were let in before were handed out since the last stranger.
    known_in_a_row: u8,
    logins_running: u16,
    verifies_running: u16,
}

impl<'a> JobBook<'a> {
    pub(super) fn new(
        logins: &'a mut [Slot<LoginSlot>],
        verifies: &'a mut [Slot<VerifySlot>],
        verify_queue: &'a mut [u16],
        kept_percent: u8,
    ) -> Self {
        Self {
            kept: logins.len() * usize::from(kept_percent.min(50)) / 100,
            logins: Table::new(logins),
            verifies: Table::new(verifies),
            verify_queue: Ring::new(verify_queue),
            next_order: 0,
            known_in_a_row: 0,
            logins_running: 0,
            verifies_running: 0,
        }
    }

    pub(super) const fn logins(&self) -> usize {
        self.logins.len()
    }

    pub(super) const fn logins_running(&self) -> u16 {
        self.logins_running
    }

    pub(super) const fn verifies(&self) -> usize {
        self.verifies.len()
    }

    /// Queues a login; `None` if every slot is taken.
    pub(super) fn queue_login(&mut self, applicant: &Applicant<'_>) -> Option<LoginKey> {
        let mut slot = LoginSlot {
            session: applicant.session,
            counted: applicant.counted,
            way: applicant.way,
            device: applicant.device,
            is_held_back: applicant.is_held_back,
            from: applicant.from,
            rank: applicant.rank,
            order: self.next_order,
            id_bytes: applicant.id.len() as u8,
            password_bytes: applicant.password.len() as u8,
            ..LoginSlot::VACANT
        };
        slot.id.get_mut(..applicant.id.len())?.copy_from_slice(applicant.id.as_bytes());
        let password = slot.password.get_mut(..applicant.password.len())?;
        password.copy_from_slice(applicant.password.as_bytes());
        let key = self.logins.insert(slot).ok()?;
        self.next_order = self.next_order.wrapping_add(1);
        Some(key)
    }

    /// Those who wait, with their places in line.
    fn queued(&self) -> impl Iterator<Item = (LoginKey, (Rank, u32))> {
        let now = self.next_order;
        let queued = self.logins.iter().filter(|(_, login)| !login.is_running);
        // The older, the smaller; the count may have wrapped.
        queued.map(move |(key, login)| (key, (login.rank, !now.wrapping_sub(login.order))))
    }

    /// Whether this line has taken all that the other leaves it, with what is outside.
    fn is_full(&self, line: Line) -> bool {
        let held = self.logins.iter().filter(|(_, login)| login.rank.line == line).count();
        held + self.kept >= self.logins.capacity()
    }

    /// Whether one more of this line finds a place.
    pub(super) fn has_place(&self, line: Line) -> bool {
        self.logins.len() < self.logins.capacity() && !self.is_full(line)
    }

    /// The queued login that gives way to one of `rank` for which there [is no place](Self::has_place).
    pub(super) fn last_behind(&self, rank: Rank) -> Option<LoginKey> {
        let is_full = self.is_full(rank.line);
        let may_go = self.queued().filter(|(_, (of, _))| !is_full || of.line == rank.line);
        let (key, (last, _)) = may_go.max_by_key(|(_, place)| *place)?;
        (last > rank).then_some(key)
    }

    /// Whether somebody is in line, and fewer than `most` are being checked.
    pub(super) const fn can_start_login(&self, most: u16) -> bool {
        self.logins_running < most && self.logins.len() > self.logins_running as usize
    }

    /// The first in line is on its way to whoever checks it, unless `most` are there already.
    pub(super) fn start_login(&mut self, most: u16, token: Token) -> Option<LoginWork> {
        if !self.can_start_login(most) {
            return None;
        }
        let is_strangers_turn = self.known_in_a_row >= KNOWN_IN_A_ROW;
        let (key, (rank, _)) = self.queued().min_by_key(|(_, (rank, order))| {
            let is_known = rank.line == Line::Known;
            (is_known == is_strangers_turn, *rank, *order)
        })?;
        self.known_in_a_row = match rank.line {
            Line::Known => self.known_in_a_row.saturating_add(1),
            Line::Strangers => 0,
        };
        let slot = self.logins.get_mut(key)?;
        slot.is_running = true;
        slot.token = token;
        self.logins_running += 1;
        let id = text(slot.id.get(..usize::from(slot.id_bytes))?);
        let password = text(slot.password.get(..usize::from(slot.password_bytes))?);
        slot.password = [0; PASSWORD_MAX_BYTES];
        let (from, device, is_held_back) = (slot.from, slot.device, slot.is_held_back);
        let counted_by = match slot.counted {
            Counted::Stranger { .. } => CountedBy::Account,
            Counted::Known { .. } if device.is_some() => CountedBy::Device,
            Counted::Known { .. } => CountedBy::Address,
        };
        let token_hash = TokenHash::of(&token);
        Some(LoginWork { key, id, from, password, token_hash, device, counted_by, is_held_back })
    }

    pub(super) fn login_at(&self, index: u16) -> Option<(LoginKey, &LoginSlot)> {
        Some((self.logins.key_at(index)?, self.logins.at(index)?))
    }

    /// Takes a login out, whatever has become of it.
    pub(super) fn remove_login(&mut self, key: LoginKey) -> Option<LoginSlot> {
        let slot = self.logins.remove(key)?;
        if slot.is_running {
            self.logins_running = self.logins_running.saturating_sub(1);
        }
        Some(slot)
    }

    /// Queues a verification; `false` if every slot is taken.
    pub(super) fn queue_verify(
        &mut self,
        session: SessionKey,
        request: u32,
        question: VerifyQuestion,
    ) -> bool {
        let Ok(key) = self.verifies.insert(VerifySlot { session, request, question }) else {
            return false;
        };
        // There is a place for every slot.
        self.verify_queue.push(key.index()).is_ok()
    }

    /// The oldest verification is on its way to whoever checks it, unless `most` are there already.
    pub(super) fn start_verify(&mut self, most: u16) -> Option<VerifyWork> {
        if self.verifies_running >= most {
            return None;
        }
        let index = self.verify_queue.pop()?;
        let key = self.verifies.key_at(index)?;
        self.verifies_running += 1;
        Some(VerifyWork { key, question: self.verifies.get(key)?.question })
    }

    /// Takes a verification out whose outcome is known.
    pub(super) fn finish_verify(&mut self, key: VerifyKey) -> Option<VerifySlot> {
        let slot = self.verifies.remove(key)?;
        self.verifies_running = self.verifies_running.saturating_sub(1);
        Some(slot)
    }
}

/// Bytes that were a text of at most `MAX` bytes as one again.
fn text<const MAX: usize>(bytes: &[u8]) -> heapless::String<MAX> {
    let text = core::str::from_utf8(bytes).unwrap_or_default();
    heapless::String::try_from(text).unwrap_or_default()
}
