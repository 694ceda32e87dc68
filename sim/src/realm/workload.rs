//! What players do: come, move, speak, leave, come back, log in twice; and what intruders try.

use tinyrealm_core::node::Context;
use tinyrealm_core::protocol::{EVENT_MAX_BYTES, HandshakeKey, Token, Uid};

use super::{Phase, Realm};
use crate::actors::player::Player;
use crate::actors::{Intruder, Visitor};
use crate::broken::{Broken, ensure};
use crate::host::Tools;
use crate::ids::HostId;
use crate::journal::Heard;
use crate::speech::{Speech, place_of};
use crate::timeline::Happening;
use crate::trace::What;
use crate::tuning::Tuning;

/// The time between two acts of one visitor.
const ACT_US: (u64, u64) = (30_000, 380_000);
/// How long an account stays away.
const ABSENCE_US: (u64, u64) = (50_000, 2_500_000);
/// How many keys a thief can choose from, for each account.
const KEYS_KEPT: usize = 6;
/// What somebody says who has much to say.
const SHOUT_EVENTS: (u64, u64) = (5, 30);

/// Somebody who plays, through one visitor after the other, or two at once.
#[derive(Debug, Default)]
pub(super) struct Account {
    uid: Option<Uid>,
    token: Option<Token>,
    keys: Vec<(HostId, HandshakeKey)>,
    moves: i32,
    events: u32,
}

impl Account {
    /// Keeps what one of its visitors has heard.
    pub(super) fn remember(&mut self, heard: &Heard) -> Result<(), Broken> {
        match heard {
            Heard::Token(token) => self.token = Some(*token),
            Heard::SentTo(world, key) => {
                if self.keys.len() == KEYS_KEPT {
                    self.keys.remove(0);
                }
                self.keys.push((*world, *key));
            }
            Heard::Welcome(uid) => {
                let before = *self.uid.get_or_insert(*uid);
                ensure(before == *uid, "a token is worth its user", || {
                    format!("{before:?} is welcomed as {uid:?}")
                })?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// One thing that a player can do.
#[derive(Copy, Clone, Debug)]
enum Act {
    Move,
    Say,
    Shout,
    Leave,
    LogInAgain,
    Steal,
    Rest,
}

const ACTS: [(Act, u32); 7] = [
    (Act::Move, 700),
    (Act::Say, 180),
    (Act::Shout, 8),
    (Act::Leave, 10),
    (Act::LogInAgain, 5),
    (Act::Steal, 10),
    (Act::Rest, 87),
];

impl Realm<'_> {
    pub(super) fn log_in(&mut self, account: usize) {
        if self.phase != Phase::Busy {
            return;
        }
        self.timeline.counters.logins += 1;
        let token = self.accounts[account].token;
        let number = self.start_visitor(Some(account), |ears| {
            Visitor::player(Player::new(Tuning::client(), token, ears))
        });
        let what = What::LogsIn { account: account as u32 };
        self.timeline.note(HostId::visitor(number), what);
        self.timeline.plan_after(ACT_US, Happening::Acts(number));
    }

    pub(super) fn acts(&mut self, number: usize) {
        if self.phase != Phase::Busy || self.visitors[number].is_none() {
            return;
        }
        self.timeline.plan_after(ACT_US, Happening::Acts(number));
        let Some(account) = self.account_of[number] else {
            if self.random.chance(100) {
                self.stop(number);
            }
            return;
        };
        match self.random.pick_weighted(&ACTS).unwrap_or(Act::Rest) {
            Act::Move => self.move_about(number, account),
            Act::Say => self.say(number, account),
            Act::Shout => {
                for _ in 0..self.random.between(SHOUT_EVENTS) {
                    self.say(number, account);
                }
            }
            Act::Leave => self.leave(number, account),
            // Without a token it would be somebody else, and the realm has no place for more users.
            Act::LogInAgain if self.accounts[account].token.is_some() => self.log_in(account),
            Act::Steal => self.steal(),
            Act::LogInAgain | Act::Rest => {}
        }
    }

    fn move_about(&mut self, number: usize, account: usize) {
        let Some(uid) = self.uid_of(number) else { return };
        self.accounts[account].moves += 1;
        let (pos, dir) = place_of(uid, self.accounts[account].moves);
        let moved = self.play(number, |player, cx| player.machine.move_to(cx, pos, dir).is_ok());
        if moved && let Some(inside) = &mut self.checks.view_mut(number).inside {
            inside.moves_sent += 1;
        }
    }

    fn say(&mut self, number: usize, account: usize) {
        let Some(uid) = self.uid_of(number) else { return };
        self.accounts[account].events += 1;
        let speech = Speech { uid, number: self.accounts[account].events };
        let mut out = [0; EVENT_MAX_BYTES];
        let Some(data) = speech.encode(&mut out) else { return };
        let said =
            self.play(number, |player, cx| player.machine.say(cx, speech.kind(), data).is_ok());
        if said && let Some(inside) = &mut self.checks.view_mut(number).inside {
            inside.events_sent += 1;
        }
    }

    /// Lets a player do something; answers whether it was done.
    fn play(
        &mut self,
        number: usize,
        play: impl FnOnce(&mut Player<'_>, &mut Context<'_, '_>) -> bool,
    ) -> bool {
        let Some(host) = self.visitors[number].as_mut() else { return false };
        let tools = &mut Tools { timeline: &mut self.timeline, network: &mut self.network };
        host.act(tools, |visitor, cx| {
            visitor.as_player_mut().is_some_and(|player| play(player, cx))
        })
    }

    fn leave(&mut self, number: usize, account: usize) {
        self.timeline.counters.leaves += 1;
        self.timeline.note(HostId::visitor(number), What::Leaves);
        if self.random.chance(300) {
            self.shut_down_visitor(number);
        } else {
            self.stop(number);
        }
        if self.random.chance(800) {
            self.plan_return(account);
        }
    }

    /// The account comes back after a while.
    pub(super) fn plan_return(&mut self, account: usize) {
        self.timeline.plan_after(ABSENCE_US, Happening::LogsIn(account));
    }

    /// Its program ends, in good order.
    fn shut_down_visitor(&mut self, number: usize) {
        if let Some(host) = self.visitors[number].as_mut() {
            let tools = &mut Tools { timeline: &mut self.timeline, network: &mut self.network };
            host.shut_down(tools);
        }
    }

    pub(super) fn stop(&mut self, number: usize) {
        if let Some(host) = self.visitors[number].as_mut() {
            let tools = &mut Tools { timeline: &mut self.timeline, network: &mut self.network };
            host.act(tools, |visitor, cx| visitor.stop(cx));
        }
    }

    /// Somebody goes to a world with a key of any account: a used one, one that has not been used
    /// yet, or a wrong one.
    fn steal(&mut self) {
        let victim = self.random.below(self.accounts.len() as u64) as usize;
        let account = &self.accounts[victim];
        let (Some(uid), Some((world, mut key))) = (account.uid, self.random.pick(&account.keys))
        else {
            return;
        };
        if self.random.chance(250) {
            key.0[self.random.below(16) as usize] ^= 1;
        }
        self.timeline.counters.intrusions += 1;
        let number = self
            .start_visitor(None, |ears| Visitor::Intruder(Intruder::new(uid, key, world, ears)));
        self.timeline.plan_after(ACT_US, Happening::Acts(number));
    }
}
