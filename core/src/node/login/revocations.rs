//! Revocations: what Mains hear of accounts that were disabled, changed or removed.
//!
//! Purpose: whoever changes the accounts, also beside the server, raises their revision. Whoever watches
//! them says so ([`Login::store_changed`]), every Main hears the number, and asks for what it has not
//! heard, page by page. So nothing is kept here for a Main that is away, and it misses nothing.
//!
//! Bounds: 16 questions wait; one more is not answered, and its Main asks again. One is outside at
//! a time: a page of [`REVOCATION_PAGE`] users.

use heapless::{Deque, Vec};

use super::main_link::tell;
use super::{Login, link};
use crate::node::{Caller, Context};
use crate::protocol::login_to_main::{Revocations, StoreRevision};
use crate::protocol::main_to_login::RevokedSince;
use crate::protocol::{REVOCATION_PAGE, Revision, Revocation, Uid};
use crate::session::{LinkTag, SessionKey, SessionManager};

/// The index of a Main's tag while it does not know the newest revision.
const UNTOLD: u16 = 1;

/// Questions of Mains that may wait.
const ASKS: usize = 16;

/// A page to read from the accounts.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct RevocationWork {
    /// Those behind this revision,
    pub revision: Revision,
    /// and of this revision those behind this uid.
    pub uid: Uid,
}

/// A page that was read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RevocationPage {
    /// Who, by revision and uid.
    pub list: Vec<Revocation, REVOCATION_PAGE>,
    /// The revision of the accounts, if there are no more of them.
    pub complete: Revision,
}

/// The questions that wait; the first may be outside.
#[derive(Debug, Default)]
pub(super) struct Asks {
    waiting: Deque<(SessionKey, RevocationWork), ASKS>,
    is_outside: bool,
    newest: Revision,
}

impl<'a> Login<'a> {
    pub(super) fn ask_revocations(&mut self, caller: &Caller<'_, 'a>, message: &RevokedSince) {
        let work = RevocationWork { revision: message.revision, uid: message.uid };
        // It asks again.
        let _ = self.asks.waiting.push_back((caller.key, work));
    }

    /// The next page to read, if none is being read.
    pub fn next_revocations(&mut self) -> Option<RevocationWork> {
        if self.asks.is_outside {
            return None;
        }
        let (_, work) = self.asks.waiting.front()?;
        self.asks.is_outside = true;
        Some(*work)
    }

    /// The outcome of a [`RevocationWork`]; `None` if the accounts can't be read.
    pub fn finish_revocations(&mut self, cx: &mut Context<'_, 'a>, page: Option<RevocationPage>) {
        if !core::mem::take(&mut self.asks.is_outside) {
            return;
        }
        let Some((session, work)) = self.asks.waiting.pop_front() else { return };
        let Some(RevocationPage { list, complete }) = page else { return };
        let (after, after_uid) = (work.revision, work.uid);
        let answer = Revocations { after, after_uid, list, complete };
        tell(cx, session, &answer);
    }

    /// The accounts have this revision. O(sessions), if it is a new one.
    pub fn store_changed(&mut self, cx: &mut Context<'_, 'a>, revision: Revision) {
        if revision <= self.asks.newest {
            return;
        }
        self.asks.newest = revision;
        let mut next = first_main(cx, 0);
        while let Some(main) = next {
            cx.sessions.set_tag(main, LinkTag { kind: link::MAIN, index: UNTOLD });
            cx.sessions.mark_ready_unless_blocked(main);
            next = main.index().checked_add(1).and_then(|index| first_main(cx, index));
        }
    }

    /// Tells a Main the newest revision, if it does not know it, as soon as its link takes it.
    pub(super) fn tell_revision(&self, sessions: &mut SessionManager<'a>, key: SessionKey) {
        let untold = LinkTag { kind: link::MAIN, index: UNTOLD };
        let is_due = sessions.get(key).is_some_and(|session| session.tag() == untold);
        if is_due && sessions.send(key, &StoreRevision { revision: self.asks.newest }).is_ok() {
            sessions.set_tag(key, LinkTag { index: 0, ..untold });
        }
    }
}

/// The first of the Mains whose sessions have this index or a larger one.
fn first_main(cx: &Context<'_, '_>, index: u16) -> Option<SessionKey> {
    let mut mains = cx.sessions.iter().filter(|(_, session)| session.tag().kind == link::MAIN);
    mains.find(|(key, _)| key.index() >= index).map(|(key, _)| key)
}
