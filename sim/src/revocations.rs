//! `Revocations`: whose rights have ended, as it is in the account store.
//!
//! Contract: the revision only rises. A user is told by its last revocation, with its newest login since;
//! pages are in order of revision and uid, as [`RevocationWork`] asks for them.
//!
//! Bounds: a page has [`PAGE`] users, so that there are many of them.

use std::collections::{BTreeMap, HashMap};

use tinyrealm_core::node::login::{RevocationPage, RevocationWork, TokenHash};
use tinyrealm_core::protocol::{REVOCATION_PAGE, Revision, Revocation, Uid};

/// Users on one page; Login takes more.
const PAGE: usize = 2;
const _: () = assert!(PAGE <= REVOCATION_PAGE, "a page fits");

/// Who was revoked, and when; see the [module](self).
#[derive(Default)]
pub(crate) struct Revocations {
    revision: Revision,
    list: BTreeMap<Uid, Revocation>,
    /// The tokens that a revocation has ended, with its revision.
    ended: HashMap<[u8; 32], Revision>,
    /// Who is on no page, if the run is there for that.
    unheard: Option<Uid>,
}

impl Revocations {
    pub(crate) const fn revision(&self) -> Revision {
        self.revision
    }

    /// The accounts have changed.
    pub(crate) const fn rise(&mut self) -> Revision {
        self.revision.0 += 1;
        self.revision
    }

    /// The rights of `uid` end with the present revision.
    pub(crate) fn revoke(&mut self, uid: Uid) {
        let (revision, renewed_at) = (self.revision, Revision::default());
        self.list.insert(uid, Revocation { uid, revision, renewed_at });
    }

    /// A token ends with the present revision.
    pub(crate) fn end(&mut self, token: [u8; 32]) {
        self.ended.insert(token, self.revision);
    }

    /// `uid` has logged in.
    pub(crate) fn renew(&mut self, uid: Uid) {
        if let Some(revocation) = self.list.get_mut(&uid) {
            revocation.renewed_at = self.revision;
        }
    }

    /// Who is revoked next is on no page.
    pub(crate) fn keep_from_login(&mut self, uid: Uid) {
        self.unheard.get_or_insert(uid);
    }

    /// The last revocation of `uid`.
    pub(crate) fn of(&self, uid: Uid) -> Option<&Revocation> {
        self.list.get(&uid)
    }

    /// With which revision a token was revoked, if it was.
    pub(crate) fn ended_at(&self, token: &TokenHash) -> Option<Revision> {
        self.ended.get(&token.0).copied()
    }

    pub(crate) fn since(&self, after: &RevocationWork) -> RevocationPage {
        let is_behind = |one: &&Revocation| (one.revision, one.uid) > (after.revision, after.uid);
        let told = self.list.values().filter(|one| Some(one.uid) != self.unheard);
        let mut rest: Vec<Revocation> = told.filter(is_behind).copied().collect();
        rest.sort_unstable_by_key(|one| (one.revision, one.uid));
        let complete = if rest.len() <= PAGE { self.revision } else { Revision::default() };
        RevocationPage { list: rest.into_iter().take(PAGE).collect(), complete }
    }
}
