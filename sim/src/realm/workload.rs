//! What players do: come, move, speak, leave, come back, log in twice; and what intruders try.

use tinyrealm_core::node::Context;
use tinyrealm_core::node::client::ClientConfig;
use tinyrealm_core::node::device_key::DeviceKey;
use tinyrealm_core::protocol::{EVENT_MAX_BYTES, Token};

use super::{Phase, Realm};
use crate::actors::player::{Papers, Player};
use crate::actors::riddle::fate_of_riddle;
use crate::actors::words::client_to_recorder::{Deed, Riddle};
use crate::actors::{Intruder, Visitor};
use crate::checks::calling::{BAD_NICKNAME, Calling, NICKNAMES};
use crate::checks::view::Inside;
use crate::host::{Driven, Tools};
use crate::ids::{HostId, REGIONS};
use crate::memory::MAIN_PLAYERS;
use crate::speech::{Speech, place_of};
use crate::timeline::Happening;
use crate::trace::What;
use crate::tuning::Tuning;

/// The time between two acts of one visitor.
pub(super) const ACT_US: (u64, u64) = (30_000, 380_000);
/// How long an account stays away.
const ABSENCE_US: (u64, u64) = (50_000, 2_500_000);
/// What somebody says who has much to say.
const SHOUT_EVENTS: (u64, u64) = (5, 30);
/// How long somebody waits for the answer to a riddle, in milliseconds.
const RIDDLE_MS: (u64, u64) = (50, 1_500);
/// How often, in a thousand, somebody goes to another Main than its own.
const STRAYING_PERMILLE: u32 = 200;
/// The same, where all of them are of one realm.
const MOVING_PERMILLE: u32 = 500;
/// How many players, in a thousand, go only where they are put out.
const STUBBORN_PERMILLE: u32 = 200;
/// How many, in a thousand, want to be called what nobody is called, or come for another game.
const BAD_NICKNAME_PERMILLE: u32 = 20;
const ANOTHER_GAME_PERMILLE: u32 = 10;
/// How many, in a thousand, want to be in a region.
const REGION_PERMILLE: u32 = 100;
/// How many forgers, in a thousand, have the key of a device that was taken away.
const FORMER_DEVICE_PERMILLE: u32 = 400;
/// One thing that a player can do.
#[derive(Copy, Clone, Debug)]
enum Act {
    Move,
    Say,
    Shout,
    Talk,
    Do,
    Ask,
    Wish,
    List,
    Leave,
    LogInAgain,
    Steal,
    Forge,
    Impersonate,
    Rest,
}

const ACTS: [(Act, u32); 14] = [
    (Act::Move, 420),
    (Act::Say, 130),
    (Act::Shout, 6),
    (Act::Talk, 258),
    (Act::Do, 80),
    (Act::Ask, 40),
    (Act::Wish, 12),
    (Act::List, 8),
    (Act::Leave, 10),
    (Act::LogInAgain, 6),
    (Act::Steal, 8),
    (Act::Forge, 4),
    (Act::Impersonate, 6),
    (Act::Rest, 60),
];

impl Realm<'_> {
    pub(super) fn log_in(&mut self, account: usize) {
        if self.phase != Phase::Busy {
            return;
        }
        let Some(main) = self.choose_main(account) else { return self.plan_return(account) };
        self.timeline.counters.logins += 1;
        let device_key = self.accounts[account].device_key.clone();
        let token = self.accounts[account].token.filter(|_| device_key.is_none());
        let papers = self.accounts[account].papers.clone();
        let calling = self.any_calling(account);
        let config = self.tuning.client(&mut self.random, &calling);
        let config = match device_key {
            Some(key) => Tuning::device(config, key),
            None => config,
        };
        let sabotage = self.tuning.sabotage;
        let is_stubborn = self.random.chance(STUBBORN_PERMILLE);
        let number = self.start_visitor((Some(account), Some(main)), papers, |ears| {
            let player = Player::new(config, token, ears, sabotage);
            Visitor::player(if is_stubborn { player.stubborn() } else { player }, main)
        });
        if calling.nickname == BAD_NICKNAME || calling.is_of_another_game {
            // It gets nowhere, and stops; the account tries again as it should.
            self.plan_return(account);
        }
        self.checks.client_mut(number).calling = calling;
        let what = What::LogsIn { account: account as u32, main: main as u16 };
        self.timeline.note(HostId::visitor(number), what);
        self.timeline.plan_after(ACT_US, Happening::Acts(number));
    }

    /// What somebody says of itself.
    fn any_calling(&mut self, account: usize) -> Calling {
        let has_account = self.tuning.has_accounts;
        // A guest without a token would be somebody else the next time.
        let may_fail = has_account || self.accounts[account].token.is_some();
        let is_bad = may_fail && self.random.chance(BAD_NICKNAME_PERMILLE);
        let nickname = self.random.pick(&NICKNAMES).unwrap_or_default();
        let wants_region = self.random.chance(REGION_PERMILLE);
        let region = self.random.pick(&REGIONS).filter(|_| wants_region);
        Calling {
            account: if has_account {
                self.accounts[account].papers.id.clone()
            } else {
                String::new()
            },
            nickname: if is_bad { BAD_NICKNAME } else { nickname },
            region: region.unwrap_or_default(),
            is_of_another_game: may_fail && self.random.chance(ANOTHER_GAME_PERMILLE),
        }
    }

    /// Mostly the account's own Main, but always one that has places.
    fn choose_main(&mut self, account: usize) -> Option<usize> {
        let is_shared = self.tuning.layout.has_directory();
        let permille = if is_shared { MOVING_PERMILLE } else { STRAYING_PERMILLE };
        let strays = self.random.chance(permille);
        let count = self.tuning.layout.mains();
        let first = (account + usize::from(strays)) % count;
        let mut mains = (first..first + count).map(|main| main % count);
        mains.find(|main| self.players_of(*main).count() < MAIN_PLAYERS)
    }

    pub(super) fn acts(&mut self, number: usize) {
        if self.phase == Phase::Closing || self.visitors[number].is_none() {
            return;
        }
        if self.phase == Phase::Quiet {
            return self.content(number);
        }
        self.timeline.plan_after(ACT_US, Happening::Acts(number));
        let Some(account) = self.account_of[number] else {
            if self.random.chance(100) {
                self.stop(number);
            }
            return;
        };
        // Whoever has left does nothing more, though it may still be on its way out.
        if !self.visitors[number].as_ref().is_some_and(super::wants_in) {
            return;
        }
        match self.random.pick_weighted(&ACTS).unwrap_or(Act::Rest) {
            Act::Move => self.move_about(number, account),
            Act::Say => self.say(number, account),
            Act::Shout => {
                for _ in 0..self.random.within(SHOUT_EVENTS) {
                    self.say(number, account);
                }
            }
            Act::Talk => self.talk(number, account),
            Act::Do => self.do_something(number, account),
            Act::Ask => self.riddle(number, account),
            Act::Wish => self.wish(number),
            Act::List => self.list(number),
            Act::Leave => self.leave(number, account),
            // A guest without a token would be somebody else, for whom the realm has no place.
            Act::LogInAgain
                if self.tuning.has_accounts || self.accounts[account].token.is_some() =>
            {
                self.log_in(account);
            }
            Act::Steal => self.steal(),
            Act::Impersonate => self.impersonate(),
            // Where there are guests, everybody is welcome.
            Act::Forge if self.tuning.has_accounts => self.forge(),
            Act::LogInAgain | Act::Forge | Act::Rest => {}
        }
    }

    fn move_about(&mut self, number: usize, account: usize) {
        let Some(uid) = self.uid_of(number) else { return };
        self.accounts[account].moves += 1;
        let (pos, dir) = place_of(uid, self.accounts[account].moves);
        let moved = self.play(number, |player, cx| player.machine.move_to(cx, pos, dir).is_ok());
        if moved && let Some(inside) = self.body_of(number) {
            inside.moves_sent += 1;
        }
    }

    /// What a spectator says is not tried: its refusal waits for a flush, in a buffer.
    fn say(&mut self, number: usize, account: usize) {
        let view = &self.checks.client_mut(number).view;
        let watches = view.inside.as_ref().is_some_and(|inside| inside.watches);
        let Some(uid) = self.uid_of(number).filter(|_| !watches) else { return };
        self.accounts[account].events += 1;
        let speech = Speech { uid, number: self.accounts[account].events };
        let mut out = [0; EVENT_MAX_BYTES];
        let Some(data) = speech.encode(&mut out) else { return };
        let said =
            self.play(number, |player, cx| player.machine.say(cx, speech.kind(), data).is_ok());
        if said && let Some(inside) = self.body_of(number) {
            inside.events_sent += 1;
        }
    }

    fn do_something(&mut self, number: usize, account: usize) {
        let Some(uid) = self.uid_of(number) else { return };
        self.accounts[account].inputs += 1;
        let tick = self.accounts[account].inputs;
        let done = self.play(number, |player, cx| {
            player.machine.send_input(cx, tick, &Deed { uid, tick }).is_ok()
        });
        if done && let Some(inside) = self.body_of(number) {
            inside.inputs_sent += 1;
            inside.newest_input = tick;
        }
    }

    /// Whether the game is asked or not, the next riddle is another one.
    fn riddle(&mut self, number: usize, account: usize) {
        let Some(uid) = self.uid_of(number) else { return };
        self.accounts[account].riddles += 1;
        let riddle = Riddle { uid, number: self.accounts[account].riddles };
        let timeout_ms = self.random.within(RIDDLE_MS) as u32;
        let mut asked = None;
        self.play(number, |player, cx| {
            asked = player.machine.ask(cx, &riddle, timeout_ms).ok();
            asked.is_some()
        });
        let inside = self.checks.client_mut(number).view.inside.as_mut();
        if let Some((ask, inside)) = asked.zip(inside) {
            self.timeline.counters.riddles += 1;
            inside.asks.asked(ask, (uid, riddle.number), fate_of_riddle(riddle.number));
        }
    }

    /// Where a client is a member: what a spectator sends is refused.
    fn body_of(&mut self, number: usize) -> Option<&mut Inside> {
        self.checks.client_mut(number).view.inside.as_mut().filter(|inside| !inside.watches)
    }

    /// Lets a player do something; answers whether it was done.
    pub(super) fn play(
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
        let number = self.start_visitor((None, None), Papers::default(), |ears| {
            Visitor::Intruder(Intruder::new(uid, key, world, ears))
        });
        self.timeline.plan_after(ACT_US, Happening::Acts(number));
    }

    /// Somebody comes by the key of a device that was taken away, if there is one.
    fn come_by_former_device_key(&mut self) -> bool {
        let former = self.accounts.iter().filter_map(|account| account.former_device_key.as_ref());
        let former: Vec<DeviceKey> = former.cloned().collect();
        if former.is_empty() {
            return false;
        }
        let key = former[self.random.below(former.len() as u64) as usize].clone();
        let config = self.tuning.client(&mut self.random, &Calling::default());
        let config = Tuning::device(config, key);
        self.timeline.counters.forgeries += 1;
        self.start_forger(config, None, Papers::default());
        true
    }

    fn start_forger(&mut self, config: ClientConfig, token: Option<Token>, papers: Papers) {
        let sabotage = self.tuning.sabotage;
        let main = self.random.below(self.tuning.layout.mains() as u64) as usize;
        let number = self.start_visitor((None, Some(main)), papers, |ears| {
            Visitor::player(Player::new(config, token, ears, sabotage), main)
        });
        self.timeline.plan_after(ACT_US, Happening::Acts(number));
    }

    /// Somebody comes with a forged token, or none, and with a password that is wrong, or not right any
    /// more.
    fn forge(&mut self) {
        if self.random.chance(FORMER_DEVICE_PERMILLE) && self.come_by_former_device_key() {
            return;
        }
        let numbers = 0..self.accounts.len();
        let has_former = |number: &usize| self.accounts[*number].former_password.is_some();
        let changed: Vec<usize> = numbers.filter(has_former).collect();
        let changed = self.random.pick(&changed).filter(|_| self.random.chance(500));
        let any = self.random.below(self.accounts.len() as u64) as usize;
        let victim = changed.unwrap_or(any);
        let mut papers = self.accounts[victim].papers.clone();
        match (changed, &self.accounts[victim].former_password) {
            (Some(_), Some(former)) => papers.password.clone_from(former),
            _ => papers.password.push('!'),
        }
        let mut token = self.accounts[victim].token.filter(|_| self.random.chance(500));
        if let Some(token) = &mut token {
            token.0[self.random.below(32) as usize] ^= 1;
        }
        self.timeline.counters.forgeries += 1;
        let config = self.tuning.client(&mut self.random, &Calling::default());
        self.start_forger(config, token, papers);
    }
}
