//! `Revocations`: whose rights have ended, as it is in the account store.
//!
//! Contract: the revision only rises. A user is told by its last revocation, with its newest login since;
//! pages are in order of revision and uid, as [`RevocationWork`] asks for them. Which login was ended by
//! which revision is remembered for the checks, whatever becomes of its token.
//!
//! Bounds: a page has [`PAGE`] users, so that there are many of them.

use std::collections::{BTreeMap, HashMap};

use tinyrealm_core::node::login::{RevocationPage, RevocationWork, TokenHash};
use tinyrealm_core::protocol::{REVOCATION_PAGE, Revision, Revocation, Token, Uid};

use crate::settings::Sabotage;

/// Users on one page; Login takes more.
const PAGE: usize = 2;
const _: () = assert!(PAGE <= REVOCATION_PAGE, "a page fits");

/// Somebody has shown its password.
struct Login {
    uid: Uid,
    ended_at: Option<Revision>,
}

/// Who was revoked, and when; see the [module](self).
pub(crate) struct Revocations {
    sabotage: Sabotage,
    revision: Revision,
    list: BTreeMap<Uid, Revocation>,
    /// The revision with which everybody was revoked.
    everybody: Option<Revision>,
    /// By the hashes of their tokens.
    logins: HashMap<[u8; 32], Login>,
    /// Who was revoked first, and is on no page if the run is there for that.
    first: Option<Uid>,
    /// Of whom Login is not told.
    untold: Vec<(Uid, Revision)>,
}

impl Revocations {
    pub(crate) fn new(sabotage: Sabotage) -> Self {
        Self {
            sabotage,
            revision: Revision::default(),
            list: BTreeMap::new(),
            everybody: None,
            logins: HashMap::new(),
            first: None,
            untold: Vec::new(),
        }
    }

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
        self.first.get_or_insert(uid);
        self.end_logins(|login| login.uid == uid);
    }

    /// Login is not told of the last revocation of `uid`.
    pub(crate) fn keep_from_login(&mut self, uid: Uid) {
        self.untold.push((uid, self.revision));
    }

    /// The rights of all who are known end with the present revision.
    pub(crate) fn revoke_everybody(&mut self) {
        self.everybody = Some(self.revision);
        self.end_logins(|_| true);
    }

    fn end_logins(&mut self, is_it: impl Fn(&Login) -> bool) {
        let revision = self.revision;
        for login in self.logins.values_mut().filter(|login| is_it(login)) {
            login.ended_at.get_or_insert(revision);
        }
    }

    /// `uid` has logged in, and was given this token.
    pub(crate) fn renew(&mut self, uid: Uid, token: TokenHash) {
        self.logins.insert(token.0, Login { uid, ended_at: None });
        if let Some(revocation) = self.list.get_mut(&uid) {
            revocation.renewed_at = self.revision;
        }
    }

    /// The newest revision up to `revision` with which a user was revoked.
    pub(crate) fn revoked_at(&self, uid: Uid, revision: Revision) -> Option<Revision> {
        let own = self.list.get(&uid).map(|revoked| revoked.revision);
        [own, self.everybody].into_iter().flatten().filter(|at| *at <= revision).max()
    }

    /// With which revision the login that has led to this token was ended, if it was.
    pub(crate) fn ended_at(&self, token: &Token) -> Option<Revision> {
        self.logins.get(&TokenHash::of(token).0)?.ended_at
    }

    pub(crate) fn since(&self, after: &RevocationWork) -> RevocationPage {
        let is_behind = |one: &Revocation| (one.revision, one.uid) > (after.revision, after.uid);
        let all = self.told().into_iter();
        let mut rest: Vec<Revocation> = all.filter(is_behind).collect();
        rest.sort_unstable_by_key(|one| (one.revision, one.uid));
        let complete = if rest.len() <= PAGE { self.revision } else { Revision::default() };
        RevocationPage { list: rest.into_iter().take(PAGE).collect(), complete }
    }

    /// What Login may hear: everything, in an honest store.
    fn told(&self) -> Vec<Revocation> {
        let mut all: Vec<Revocation> = self.list.values().copied().collect();
        let revoked = |uid, revision| Revocation { uid, revision, renewed_at: Revision::default() };
        match self.sabotage {
            Sabotage::UnheardRevocation => all.retain(|one| Some(one.uid) != self.first),
            Sabotage::GroundlessRevocation => {
                all.extend(self.list.values().map(|one| revoked(Uid(one.uid.0 + 1), one.revision)));
            }
            _ => {}
        }
        all.retain(|one| !self.untold.contains(&(one.uid, one.revision)));
        let everybody = self.everybody.filter(|_| self.sabotage != Sabotage::UnheardByEverybody);
        all.extend(everybody.map(|revision| revoked(Uid::NOBODY, revision)));
        all
    }
}
