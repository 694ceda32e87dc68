//! Revocations: an operator ends somebody's rights beside the running Login, and nobody goes on without.
//!
//! Invariant: whoever was revoked is in no Main, world or channel by a login that is older: [`OUT_US`] after
//! Login has said so while the weather is orderly, and at rest in any weather.

use tinyrealm_core::node::HasUid;
use tinyrealm_core::node::login::TokenHash;
use tinyrealm_core::protocol::{Revision, Revocation, Uid};

use super::start::ACCOUNTS;
use super::{Phase, Realm};
use crate::broken::{Broken, ensure};
use crate::host::Tools;
use crate::ids::{HostId, MAINS, Role, WORLDS};
use crate::timeline::Happening;
use crate::trace::What;

/// When whoever watches the accounts sees that they have changed.
const WATCH_US: (u64, u64) = (0, 1_000_000);
/// How long it takes at most until whom Login has told of is out.
const OUT_US: u64 = 2_000_000;
/// Accounts that one change concerns.
const AT_ONCE: [u64; 4] = [1, 1, 1, 5];
/// How often, in a thousand, somebody who was revoked comes again, with its password.
const RETURN_PERMILLE: u32 = 900;

const OUT: &str = "whoever is revoked is out";

impl Realm<'_> {
    /// The rights of some accounts end, all with one revision.
    pub(super) fn revoke_users(&mut self) -> Option<HostId> {
        if !self.tuning.has_accounts {
            return None;
        }
        let count = self.random.pick(&AT_ONCE).unwrap_or(1);
        let uids = (0..count).map(|_| Uid(1 + self.random.below(ACCOUNTS as u64)));
        let uids: Vec<Uid> = uids.collect();
        self.store.revoke(&uids);
        for uid in uids {
            self.timeline.note(HostId::LOGIN, What::Revoked(uid));
        }
        self.timeline.plan_after(WATCH_US, Happening::StoreWatched);
        Some(HostId::LOGIN)
    }

    /// Somebody looks for the accounts' revision, and tells Login.
    pub(super) fn watch_store(&mut self) {
        let now_us = self.timeline.now_us();
        let Some(revision) = self.store.revision(now_us) else {
            return self.timeline.plan_after(WATCH_US, Happening::StoreWatched);
        };
        // The next Login is asked by every Main that reaches it.
        let Some(host) = &mut self.servers.login else { return };
        let tools = &mut Tools { timeline: &mut self.timeline, network: &mut self.network };
        host.act(tools, |login, cx| login.store_changed(cx, revision));
        if self.profile.is_orderly() {
            self.timeline.plan(now_us + OUT_US, Happening::RevokedAreOut(revision));
        }
    }

    /// A visitor was told that it is revoked; its account may come back.
    pub(super) fn is_told_of_revocation(&mut self, account: usize) {
        if self.random.chance(RETURN_PERMILLE) {
            self.plan_return(account);
        }
    }

    /// Nobody is anywhere by what was revoked up to `revision`.
    pub(super) fn check_revoked(&self, revision: Revision) -> Result<(), Broken> {
        if self.phase == Phase::Closing {
            return Ok(());
        }
        (0..MAINS).try_for_each(|main| self.check_revoked_by_main(main, revision))?;
        (0..WORLDS).try_for_each(|world| self.check_revoked_in_world(world, revision))?;
        self.check_revoked_in_channels(revision)
    }

    fn check_revoked_by_main(&self, number: usize, revision: Revision) -> Result<(), Broken> {
        let Some(node) = self.servers.main(number) else { return Ok(()) };
        for (_, user) in node.role().role.users().iter() {
            let Some(revoked) = self.revocation(user.uid(), revision) else { continue };
            let is_out = match user.revision() {
                Revision(0) => is_over(revoked),
                began_with => began_with < revoked.revision,
            };
            ensure(!is_out, OUT, || format!("Main {number} has {user:?}: {revoked:?}"))?;
        }
        Ok(())
    }

    /// Intruders have no token; they are where Main has sent somebody.
    fn check_revoked_in_world(&self, world: usize, revision: Revision) -> Result<(), Broken> {
        for member in self.checks.rooms.members(world) {
            let Role::Visitor(visitor) = self.network.dialer(member.connection).role() else {
                continue;
            };
            let token = self.checks.client(visitor).and_then(|client| client.token);
            let ended =
                token.and_then(|token| self.store.revocations.ended_at(&TokenHash::of(&token)));
            let is_in = ended.is_none_or(|ended| ended > revision);
            let revoked = self.revocation(member.state.uid, revision);
            let is_renewed = revoked.is_none_or(|revoked| !is_over(revoked));
            ensure(is_in && is_renewed, OUT, || {
                format!("visitor {visitor} is in world {world}: {member:?}, {revoked:?}")
            })?;
        }
        Ok(())
    }

    fn check_revoked_in_channels(&self, revision: Revision) -> Result<(), Broken> {
        let Some(host) = &self.servers.chat else { return Ok(()) };
        for (_, member) in host.node().role().chat().members().iter() {
            let revoked = self.revocation(member.uid(), revision);
            let is_in = revoked.is_none_or(|revoked| !is_over(revoked));
            ensure(is_in, OUT, || format!("a channel has {:?}: {revoked:?}", member.uid()))?;
        }
        Ok(())
    }

    /// The last revocation of a user, if it is not newer than that.
    fn revocation(&self, uid: Uid, revision: Revision) -> Option<&Revocation> {
        self.store.revocations.of(uid).filter(|revoked| revoked.revision <= revision)
    }
}

/// Whether nobody has logged in since.
fn is_over(revoked: &Revocation) -> bool {
    revoked.renewed_at < revoked.revision
}
