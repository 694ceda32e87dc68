//! What players do in channels: join, talk, ask, leave, and what they may not.

use tinyrealm_core::node::Context;
use tinyrealm_core::node::client::ChannelName;
use tinyrealm_core::protocol::client_to_main::{
    ChatHistory, ChatJoin, ChatLeave, ChatSay, ChatWho,
};
use tinyrealm_core::protocol::{SendError, Seq, Text, Uid};
use tinyrealm_core::wire::Opcode;

use super::Realm;
use crate::actors::player::Player;
use crate::ids::HostId;
use crate::talk::{ChannelId, NAMES, Talk};
use crate::trace::What;

/// How many messages somebody says who has much to say: more than are allowed at once.
const BABBLE_MESSAGES: (u64, u64) = (4, 16);

/// One thing that a player can do in a channel.
#[derive(Copy, Clone, Debug)]
enum Act {
    Join,
    Say,
    Babble,
    AskPast,
    AskWho,
    Leave,
}

const ACTS: [(Act, u32); 6] = [
    (Act::Join, 250),
    (Act::Say, 500),
    (Act::Babble, 15),
    (Act::AskPast, 80),
    (Act::AskWho, 55),
    (Act::Leave, 100),
];

impl Realm<'_> {
    /// A player does something in a channel: mostly in one that it is in, and anywhere at times.
    pub(super) fn talk(&mut self, number: usize, account: usize) {
        let act = self.random.pick_weighted(&ACTS).unwrap_or(Act::Say);
        let channel = self.any_channel(number, act);
        match act {
            Act::Join => self.ask(number, channel, ChatJoin::OPCODE, |player, cx, name| {
                player.machine.join_channel(cx, name)
            }),
            Act::Leave => self.ask(number, channel, ChatLeave::OPCODE, |player, cx, name| {
                player.machine.leave_channel(cx, name)
            }),
            Act::AskPast => {
                let since = self.any_seq(channel);
                self.ask(number, channel, ChatHistory::OPCODE, |player, cx, name| {
                    player.machine.ask_history(cx, name, since)
                });
            }
            Act::AskWho => {
                let after = self.any_after();
                self.ask(number, channel, ChatWho::OPCODE, |player, cx, name| {
                    player.machine.ask_who(cx, name, after)
                });
            }
            Act::Say => self.say_in_channel(number, account, channel),
            Act::Babble => {
                for _ in 0..self.random.within(BABBLE_MESSAGES) {
                    self.say_in_channel(number, account, channel);
                }
            }
        }
    }

    fn any_channel(&mut self, number: usize, act: Act) -> ChannelId {
        let is_outside = matches!(act, Act::Join) || self.random.chance(100);
        let own: Vec<ChannelId> = self.checks.client_mut(number).hearing.channels().collect();
        let own = if is_outside { None } else { self.random.pick(&own) };
        own.unwrap_or(ChannelId(self.random.below(NAMES.len() as u64) as u8))
    }

    /// A number near those that were given last.
    fn any_seq(&mut self, channel: ChannelId) -> Seq {
        let newest = self.checks.channels.highest(channel);
        Seq(newest).minus(self.random.below(40) as u32)
    }

    fn any_after(&mut self) -> Uid {
        let account = self.random.below(self.accounts.len() as u64) as usize;
        let uid = self.accounts[account].uid;
        uid.filter(|_| self.random.chance(300)).unwrap_or(Uid::NOBODY)
    }

    fn say_in_channel(&mut self, number: usize, account: usize, channel: ChannelId) {
        let Some(uid) = self.uid_of(number) else { return };
        self.accounts[account].messages += 1;
        let talk = Talk { channel, uid, number: self.accounts[account].messages };
        let text = talk.text();
        let Some(text) = Text::new(&text) else { return };
        self.ask_about(number, channel, (ChatSay::OPCODE, talk.number), |player, cx, name| {
            player.machine.say_in_channel(cx, name, text).map(drop)
        });
    }

    fn ask(
        &mut self,
        number: usize,
        channel: ChannelId,
        about: Opcode,
        ask: impl FnOnce(
            &mut Player<'_>,
            &mut Context<'_, '_>,
            ChannelName<'_>,
        ) -> Result<(), SendError>,
    ) {
        self.ask_about(number, channel, (about, 0), ask);
    }

    fn ask_about(
        &mut self,
        number: usize,
        channel: ChannelId,
        (about, message): (Opcode, u32),
        ask: impl FnOnce(
            &mut Player<'_>,
            &mut Context<'_, '_>,
            ChannelName<'_>,
        ) -> Result<(), SendError>,
    ) {
        let name = Text::truncated(channel.name());
        if self.play(number, |player, cx| ask(player, cx, name).is_ok()) {
            let what = What::Asks { channel, about: about.0, number: message };
            self.timeline.note(HostId::visitor(number), what);
            self.checks.asked(number, channel, about, message);
        }
    }
}
