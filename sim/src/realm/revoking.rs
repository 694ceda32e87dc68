//! Revocations: an operator ends somebody's rights beside the running Login, and nobody goes on without.
//!
//! Invariants: what has begun with a login that was ended is in no Main, world or channel: [`OUT_US`] after
//! Login has said so while the weather is orderly, and at rest in any weather. A stay in a world is told
//! by the login that Main has sent it there for, whoever has come with its key. Whoever is told that it is
//! revoked has begun with a login that was ended. A password that was changed opens nothing.

use tinyrealm_core::node::HasUid;
use tinyrealm_core::node::device_key::DeviceKey;
use tinyrealm_core::protocol::{ErrorCode, LoginDenial, Revision, Uid};

use super::{Phase, Realm};
use crate::actors::Player;
use crate::broken::{Broken, ensure};
use crate::host::Tools;
use crate::ids::{HostId, MAINS, Role, WORLDS};
use crate::journal::Heard;
use crate::store::Change;
use crate::timeline::Happening;
use crate::trace::What;
use tinyrealm_testing::Random;

/// When whoever watches the accounts sees that they have changed.
const WATCH_US: (u64, u64) = (0, 1_000_000);
/// How long it takes at most until whom Login has told of is out.
const OUT_US: u64 = 2_000_000;
/// How long an account that is disabled stays so.
const DISABLED_US: (u64, u64) = (500_000, 3_000_000);
/// Accounts that one change concerns.
const AT_ONCE: [usize; 4] = [1, 1, 1, 5];
/// How often, in a thousand, somebody who was revoked comes again, with its password.
const RETURN_PERMILLE: u32 = 900;

/// How often, in a thousand, it is one in whose name somebody else is there, if there is such a one.
const ROBBED_PERMILLE: u32 = 500;

const OUT: &str = "whoever is revoked is out";

/// One thing that an operator does.
#[derive(Copy, Clone, Debug)]
enum Deed {
    LogOut,
    SetPassword,
    Disable,
    Replace,
    RemoveDeviceKey,
    RevokeEverybody,
}

const DEEDS: [(Deed, u32); 6] = [
    (Deed::LogOut, 4),
    (Deed::SetPassword, 4),
    (Deed::Disable, 2),
    (Deed::Replace, 2),
    (Deed::RemoveDeviceKey, 4),
    (Deed::RevokeEverybody, 1),
];

impl Realm<'_> {
    /// An operator does something to accounts, all with one revision.
    pub(super) fn revoke_users(&mut self) -> Option<HostId> {
        if !self.tuning.has_accounts {
            return None;
        }
        let count = self.random.pick(&AT_ONCE).unwrap_or(1);
        let any = |random: &mut Random, all| random.below(all as u64) as usize;
        let robbed = self.any_robbed().filter(|_| self.random.chance(ROBBED_PERMILLE));
        let account = robbed.unwrap_or_else(|| any(&mut self.random, self.accounts.len()));
        match self.random.pick_weighted(&DEEDS).unwrap_or(Deed::LogOut) {
            Deed::LogOut => {
                let others = (1..count).map(|_| any(&mut self.random, self.accounts.len()));
                let accounts: Vec<usize> = others.chain([account]).collect();
                self.change_accounts(&accounts, &Change::LogOut);
            }
            Deed::SetPassword => {
                let password = format!("secret-{account}-{}", self.store.revocations.revision().0);
                self.change_accounts(&[account], &Change::SetPassword(password.clone()));
                self.accounts[account].change_password(password);
            }
            Deed::Disable => {
                self.change_accounts(&[account], &Change::Disable);
                self.timeline.plan_after(DISABLED_US, Happening::Enables(account));
            }
            Deed::Replace => {
                for before in self.change_accounts(&[account], &Change::Replace) {
                    self.accounts[account].is_replaced(before);
                }
                if self.accounts[account].device_key.is_some() {
                    self.give_device_key(account);
                }
            }
            Deed::RemoveDeviceKey => self.remove_device_key()?,
            Deed::RevokeEverybody => {
                self.store.revoke_everybody();
                self.timeline.note(HostId::LOGIN, What::Revoked(Uid::NOBODY));
            }
        }
        self.timeline.plan_after(WATCH_US, Happening::StoreWatched);
        Some(HostId::LOGIN)
    }

    /// The key of one account's device is taken away, and it is given another one.
    fn remove_device_key(&mut self) -> Option<()> {
        let accounts = self.accounts.iter().enumerate();
        let devices = accounts.filter(|(_, account)| account.device_key.is_some());
        let devices: Vec<usize> = devices.map(|(number, _)| number).collect();
        let account = self.random.pick(&devices)?;
        self.change_accounts(&[account], &Change::RemoveDeviceKey);
        self.give_device_key(account);
        self.timeline.counters.device_keys_removed += 1;
        Some(())
    }

    /// An account in whose name somebody else is in a world.
    fn any_robbed(&mut self) -> Option<usize> {
        let rooms = &self.checks.rooms;
        let members = (0..WORLDS).flat_map(|world| rooms.everybody(world));
        let stolen = members.filter(|member| {
            let dialer = member.connection.map(|link| self.network.dialer(link).role());
            matches!(dialer, Some(Role::Visitor(visitor)) if self.account_of[visitor].is_none())
        });
        let uids: Vec<Uid> = stolen.map(|member| member.state.uid).collect();
        let uid = self.random.pick(&uids)?;
        self.accounts.iter().position(|account| account.uid == Some(uid))
    }

    pub(super) fn enable(&mut self, account: usize) {
        self.change_accounts(&[account], &Change::Enable);
        self.timeline.plan_after(WATCH_US, Happening::StoreWatched);
    }

    fn change_accounts(&mut self, accounts: &[usize], change: &Change) -> Vec<Uid> {
        let ids = accounts.iter().map(|account| self.accounts[*account].papers.id.clone());
        let ids: Vec<String> = ids.collect();
        let uids = self.store.change(&ids, change);
        for uid in &uids {
            self.timeline.note(HostId::LOGIN, What::Revoked(*uid));
        }
        uids
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

    /// A visitor was told that it is out, or that its password or its wish is wrong; its account may come back.
    pub(super) fn take_verdict(
        &mut self,
        visitor: usize,
        account: usize,
        heard: &Heard,
    ) -> Result<(), Broken> {
        match heard {
            Heard::LoginDenied(LoginDenial::WRONG | LoginDenial::DISABLED) => {}
            // Its owner gives it the key that counts now.
            Heard::Refused(ErrorCode::BAD_PROOF, _) if self.has_former_key(visitor, account) => {
                self.stop(visitor);
            }
            // It has guessed, or wished for what there can't be, and comes back with another wish.
            Heard::Stopped(ErrorCode::WRONG_SECRET | ErrorCode::BAD_ROOM) => {
                self.plan_return(account);
                return Ok(());
            }
            Heard::Stopped(ErrorCode::REVOKED) => {
                let token = self.checks.client(visitor).and_then(|client| client.token);
                let ended = token.and_then(|token| self.store.revocations.ended_at(&token));
                ensure(ended.is_some(), "nobody is revoked without a reason", || {
                    format!("visitor {visitor}: {heard:?}, with the login of {token:?}")
                })?;
            }
            _ => return Ok(()),
        }
        if self.random.chance(RETURN_PERMILLE) {
            self.plan_return(account);
        }
        Ok(())
    }

    fn has_former_key(&self, visitor: usize, account: usize) -> bool {
        let player =
            self.visitors[visitor].as_ref().and_then(|host| host.node().role().as_player());
        let device = player.and_then(Player::device);
        let counts = self.accounts[account].device_key.as_ref().map(DeviceKey::key_id);
        device.is_some() && device != counts
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
            let revoked = self.store.revocations.revoked_at(user.uid(), revision);
            // Of whom a world has reported only the world knows more.
            let is_in = user.revision() == Revision(0) || revoked <= Some(user.revision());
            ensure(is_in, OUT, || format!("Main {number} has {user:?}: {revoked:?}"))?;
        }
        Ok(())
    }

    fn check_revoked_in_world(&self, world: usize, revision: Revision) -> Result<(), Broken> {
        for member in self.checks.rooms.everybody(world) {
            let ended = member.token.and_then(|token| self.store.revocations.ended_at(&token));
            ensure(ended.is_none_or(|ended| ended > revision), OUT, || {
                let dialer = member.connection.map(|link| self.network.dialer(link));
                format!("{dialer:?} is in world {world}: {member:?}, until {ended:?}")
            })?;
        }
        Ok(())
    }

    /// Whoever is in a channel is there by a Main, where it is by a login that counts.
    fn check_revoked_in_channels(&self, revision: Revision) -> Result<(), Broken> {
        let Some(host) = &self.servers.chat else { return Ok(()) };
        let chat = host.node().role().chat();
        for (_, member) in chat.members().iter() {
            let uid = member.uid();
            let Some(revoked) = self.store.revocations.revoked_at(uid, revision) else { continue };
            let link = chat.main_of(member).and_then(|session| host.connection_of(session));
            let began_with = link.and_then(|link| self.revision_at(self.network.dialer(link), uid));
            // Whoever is at no Main any more is about to go: at rest there are no ghosts.
            ensure(began_with.is_none_or(|began_with| began_with >= revoked), OUT, || {
                format!("a channel has {uid:?}, by {began_with:?}: {revoked:?}")
            })?;
        }
        Ok(())
    }

    /// The revision that a user's connection to a Main has begun with.
    fn revision_at(&self, main: HostId, uid: Uid) -> Option<Revision> {
        let Role::Main(number) = main.role() else { return None };
        let node = self.servers.main(number)?;
        let users = node.role().role.users();
        let user = users.table().get(users.find(uid)?)?;
        node.sessions().is_open(user.session()).then(|| user.revision())
    }
}
