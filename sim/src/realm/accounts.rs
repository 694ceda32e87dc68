//! What accounts are to the simulator, and the work that Login hands out.

use tinyrealm_core::node::device_key::DeviceKey;
use tinyrealm_core::protocol::{HandshakeKey, Token, Uid};

use super::Realm;
use crate::actors::player::Papers;
use crate::broken::{Broken, ensure};
use crate::host::Tools;
use crate::ids::HostId;
use crate::journal::Heard;
use crate::store::Work;
use crate::timeline::Happening;
use crate::trace::What;

/// How many keys a thief can choose from, for each account.
const KEYS_KEPT: usize = 6;

/// Somebody who plays, through one visitor after the other, or two at once.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) papers: Papers,
    pub(super) uid: Option<Uid>,
    /// Its uids of before: it was removed, and is another one under the same name.
    former_uids: Vec<Uid>,
    /// The password that it had before.
    pub(super) former_password: Option<String>,
    /// It comes by this key, and never with its password.
    pub(super) device_key: Option<DeviceKey>,
    /// The one that was taken away before.
    pub(super) former_device_key: Option<DeviceKey>,
    pub(super) token: Option<Token>,
    pub(super) keys: Vec<(HostId, HandshakeKey)>,
    pub(super) moves: i32,
    pub(super) events: u32,
    pub(super) inputs: u32,
    pub(super) riddles: u32,
    pub(super) messages: u32,
}

impl Account {
    /// The account of that number; its uid is told by Login, or by Main if it is a guest's.
    pub(super) fn new(number: usize) -> Self {
        let papers =
            Papers { id: format!("player-{number}"), password: format!("secret-{number}") };
        Self { papers, ..Self::default() }
    }

    /// It has another password.
    pub(super) fn change_password(&mut self, password: String) {
        self.former_password = Some(std::mem::replace(&mut self.papers.password, password));
    }

    /// Its device has another key, or the first one.
    pub(super) fn change_device_key(&mut self, key: DeviceKey) {
        let former = self.device_key.replace(key);
        self.former_device_key = former.or(self.former_device_key.take());
    }

    /// It was removed, and added again.
    pub(super) fn is_replaced(&mut self, before: Uid) {
        self.former_uids.push(before);
        self.uid = None;
    }

    /// Keeps what one of its visitors has heard.
    pub(super) fn remember(&mut self, heard: &Heard) -> Result<(), Broken> {
        match heard {
            Heard::Token(_, token) => self.token = Some(*token),
            Heard::SentTo(world, _, key) => {
                if self.keys.len() == KEYS_KEPT {
                    self.keys.remove(0);
                }
                self.keys.push((*world, *key));
            }
            // It was on its way.
            Heard::Welcome(uid) if self.former_uids.contains(uid) => {}
            Heard::Welcome(uid) => {
                let before = *self.uid.get_or_insert(*uid);
                ensure(before == *uid, "an account has one user", || {
                    format!("{before:?} is welcomed as {uid:?}")
                })?;
            }
            _ => {}
        }
        Ok(())
    }
}

impl Realm<'_> {
    /// The account's device is given a key, which the store knows.
    pub(super) fn give_device_key(&mut self, account: usize) {
        let key = DeviceKey::new(std::array::from_fn(|_| self.random.below(256) as u8));
        self.store.add_device_key(&self.accounts[account].papers.id, &key);
        self.accounts[account].change_device_key(key);
    }

    /// Whoever works for Login begins with all that it hands out now.
    pub(super) fn hand_out_work(&mut self) {
        while let Some(host) = &mut self.servers.login {
            let tools = &mut Tools { timeline: &mut self.timeline, network: &mut self.network };
            let work = host.ask(tools, |login, cx| {
                let password = login.next_login(cx).map(|work| Work::Login(Box::new(work)));
                let other = password.or_else(|| login.next_verify().map(Work::Verify));
                other.or_else(|| login.next_revocations().map(Work::Revocations))
            });
            let Some(work) = work else { return };
            let now_us = self.timeline.now_us();
            let life = self.login_life;
            let (job, takes_us) = self.store.begin(&mut self.random, now_us, life, work);
            self.timeline.note(HostId::LOGIN, What::HandedOut { job: job as u32 });
            self.timeline.plan(now_us + takes_us, Happening::StoreAnswers(job));
        }
    }

    /// Some work is done. If the Login that wanted it is gone, nobody hears of it.
    pub(super) fn store_answers(&mut self, job: usize) {
        let now_us = self.timeline.now_us();
        let Some((life, work)) = self.store.take(job) else { return };
        self.timeline.note(HostId::LOGIN, What::Answered { job: job as u32 });
        let tools = &mut Tools { timeline: &mut self.timeline, network: &mut self.network };
        let host = self.servers.login.as_mut().filter(|_| life == self.login_life);
        match work {
            Work::Login(work) => {
                let outcome = self.store.log_in(now_us, &work);
                if let Some(host) = host {
                    host.act(tools, |login, cx| login.finish_login(cx, work.key, outcome));
                }
            }
            Work::Verify(work) => {
                let Some(host) = host else { return };
                let outcome = self.store.verify(now_us, &work);
                host.act(tools, |login, cx| login.finish_verify(cx, work.key, outcome));
            }
            Work::Revocations(work) => {
                let Some(host) = host else { return };
                let page = self.store.revoked_since(now_us, &work);
                host.act(tools, |login, cx| login.finish_revocations(cx, page));
            }
        }
    }
}
