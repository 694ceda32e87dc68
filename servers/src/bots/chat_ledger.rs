//! `ChatLedger`: what bots say in channels, and whether each of them hears all of it in order.
//!
//! Contract: a channel's messages are numbered, so a bot that is in a channel expects each number
//! after the last one. A number that is passed over is *lost*, unless a gap has announced it. The
//! first bot that hears a number notes what it was; for all others it has to be the same. What a bot
//! says has to come back to it, or be refused.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Instant;
use tinyrealm_core::protocol::Seq;

use hdrhistogram::Histogram;
use tinyrealm_core::node::client::ChatEvent;
use tinyrealm_core::protocol::client_to_main::{ChatJoin, ChatSay};
use tinyrealm_core::protocol::main_to_client::{ChatBroadcast, ChatGap, ChatRefused};
use tinyrealm_core::protocol::{ErrorCode, Uid};

/// The sums. Counts but `sent` are deliveries.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct ChatTotals {
    pub(crate) sent: u64,
    pub(crate) received: u64,
    pub(crate) lost: u64,
    pub(crate) missed_announced: u64,
    pub(crate) gaps_unknown: u64,
    pub(crate) duplicated: u64,
    pub(crate) disordered: u64,
    pub(crate) wrong_channel: u64,
    pub(crate) refused: u64,
    pub(crate) interrupted: u64,
    pub(crate) unanswered: u64,
}

/// One bot in its channel.
#[derive(Debug, Default)]
struct Chatter {
    uid: Option<Uid>,
    channel: usize,
    /// The number that it hears next; none while it is in no channel.
    next_seq: Option<Seq>,
    /// It has been in the channel at least once.
    has_joined: bool,
    asked_at: Option<Instant>,
    /// Messages that have neither come back nor been refused; oldest first.
    pending: Vec<Pending>,
    said: u32,
}

/// A message on its way.
#[derive(Debug)]
struct Pending {
    /// The how manieth of its bot it is.
    said: u32,
    /// What the client has numbered it.
    request: u32,
    at: Instant,
}

/// The books of all bots; see the [module](self).
#[derive(Debug)]
pub(crate) struct ChatLedger {
    bots: Vec<Chatter>,
    names: Vec<String>,
    /// What was said, by channel and number.
    said: Vec<BTreeMap<Seq, u64>>,
    pub(crate) totals: ChatTotals,
    /// Bots that were in their channel when it was over.
    pub(crate) present: usize,
    /// Microseconds from saying to hearing it oneself.
    pub(crate) latency: Histogram<u64>,
    /// So that bots of another process are not taken for these.
    swarm: u32,
}

/// What a bot does when it is its turn.
#[derive(Debug)]
pub(super) enum ChatTurn {
    /// Ask to come in.
    Join(String),
    /// Say this.
    Say(String, String),
    /// Nothing.
    Wait,
}

/// How long a bot waits for the answer to its wish to come in before it asks again.
const ASK_AGAIN_MS: u128 = 1_000;

fn hash_of(uid: Uid, text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (uid.0, text).hash(&mut hasher);
    hasher.finish()
}

impl ChatLedger {
    pub(super) fn new(count: u16, channels: u16) -> Self {
        let swarm = std::process::id();
        let channels = usize::from(channels.max(1));
        let bots = (0..usize::from(count))
            .map(|number| Chatter { channel: number % channels, ..Chatter::default() })
            .collect();
        Self {
            bots,
            names: (0..channels).map(|channel| format!("bots {swarm} {channel}")).collect(),
            said: vec![BTreeMap::new(); channels],
            totals: ChatTotals::default(),
            present: 0,
            latency: super::latency::latency_histogram(),
            swarm,
        }
    }

    /// Bots that have been in their channel.
    pub(super) fn joined(&self) -> usize {
        self.bots.iter().filter(|bot| bot.has_joined).count()
    }

    /// Bots that are in their channel.
    pub(super) fn settled(&self) -> usize {
        self.bots.iter().filter(|bot| bot.next_seq.is_some()).count()
    }

    pub(super) fn turn(&mut self, number: u16, now: Instant) -> ChatTurn {
        let Some(bot) = self.bots.get_mut(usize::from(number)) else { return ChatTurn::Wait };
        let name = self.names[bot.channel].clone();
        if bot.next_seq.is_some() {
            return ChatTurn::Say(name, format!("{} {number} {}", self.swarm, bot.said));
        }
        let waits = |at: Instant| now.duration_since(at).as_millis() < ASK_AGAIN_MS;
        if bot.uid.is_none() || bot.asked_at.is_some_and(waits) {
            return ChatTurn::Wait;
        }
        bot.asked_at = Some(now);
        ChatTurn::Join(name)
    }

    /// What [`ChatLedger::turn`] wanted said is on its way.
    pub(super) fn sent(&mut self, number: u16, request: u32, now: Instant) {
        let bot = &mut self.bots[usize::from(number)];
        bot.pending.push(Pending { said: bot.said, request, at: now });
        bot.said += 1;
        self.totals.sent += 1;
    }

    /// Main knows the bot, and no channel does.
    pub(super) fn welcomed(&mut self, number: u16, uid: Uid) {
        let bot = &mut self.bots[usize::from(number)];
        bot.uid = Some(uid);
        bot.next_seq = None;
        bot.asked_at = None;
        self.totals.interrupted += bot.pending.len() as u64;
        bot.pending.clear();
    }

    pub(super) fn note(&mut self, number: u16, event: &ChatEvent<'_>, now: Instant) {
        let bot = &mut self.bots[usize::from(number)];
        match event {
            ChatEvent::Joined(joined) => {
                bot.next_seq = Some(joined.next_seq);
                bot.has_joined = true;
            }
            ChatEvent::Left(_) => {
                bot.next_seq = None;
                bot.asked_at = None;
            }
            ChatEvent::Said(said) => self.heard(number, said, now),
            ChatEvent::Gap(gap) => self.missed(number, gap),
            ChatEvent::Refused(refused) => self.refused(number, refused),
            ChatEvent::Past(_)
            | ChatEvent::PastEnd(_)
            | ChatEvent::Entered(_)
            | ChatEvent::Exited(_)
            | ChatEvent::Census(_)
            | ChatEvent::Members(_) => {}
        }
    }

    fn heard(&mut self, number: u16, said: &ChatBroadcast<'_>, now: Instant) {
        let bot = &mut self.bots[usize::from(number)];
        let is_own_channel = said.channel.as_str() == self.names[bot.channel];
        let Some(next_seq) = bot.next_seq.filter(|_| is_own_channel) else {
            self.totals.wrong_channel += 1;
            return;
        };
        if said.seq < next_seq {
            let is_repeated = said.seq.next() == next_seq;
            *(if is_repeated {
                &mut self.totals.duplicated
            } else {
                &mut self.totals.disordered
            }) += 1;
            return;
        }
        self.totals.lost += said.seq.0 - next_seq.0;
        self.totals.received += 1;
        bot.next_seq = Some(said.seq.next());
        let hash = hash_of(said.uid, said.msg.as_str());
        let known = *self.said[bot.channel].entry(said.seq).or_insert(hash);
        self.totals.disordered += u64::from(known != hash);
        if bot.uid == Some(said.uid) {
            self.came_back(number, said.msg.as_str(), now);
        }
    }

    fn came_back(&mut self, number: u16, text: &str, now: Instant) {
        let bot = &mut self.bots[usize::from(number)];
        let count = text.rsplit(' ').next().and_then(|count| count.parse::<u32>().ok());
        let place = bot.pending.iter().position(|pending| Some(pending.said) == count);
        if let Some(place) = place {
            let pending = bot.pending.remove(place);
            let micros = now.duration_since(pending.at).as_micros() as u64;
            self.latency.saturating_record(micros.max(1));
        }
    }

    fn missed(&mut self, number: u16, gap: &ChatGap<'_>) {
        let bot = &mut self.bots[usize::from(number)];
        let Some(next_seq) = bot.next_seq else { return };
        if gap.missed == u32::MAX {
            self.totals.gaps_unknown += 1;
            // Of those numbers, the ones that others have heard were messages.
            let missed = self.said[bot.channel].range(next_seq..gap.next_seq.max(next_seq));
            self.totals.missed_announced += missed.count() as u64;
        } else {
            self.totals.missed_announced += u64::from(gap.missed);
        }
        bot.next_seq = Some(gap.next_seq.max(next_seq));
    }

    fn refused(&mut self, number: u16, refused: &ChatRefused<'_>) {
        let bot = &mut self.bots[usize::from(number)];
        if refused.about == ChatJoin::OPCODE.0 {
            return;
        }
        let place = bot.pending.iter().position(|pending| pending.request == refused.request);
        let Some(place) = place.filter(|_| refused.about == ChatSay::OPCODE.0) else { return };
        bot.pending.remove(place);
        if refused.reason == ErrorCode::CHAT_INTERRUPTED {
            self.totals.interrupted += 1;
        } else {
            self.totals.refused += 1;
        }
    }

    /// Whether everything that was said has come back, or was refused, and everyone has heard as much.
    pub(super) fn is_complete(&self) -> bool {
        self.bots.iter().all(|bot| bot.pending.is_empty()) && self.behind() == 0
    }

    /// Messages at the end that some bots have heard and others have not.
    fn behind(&self) -> u64 {
        let newest =
            self.said.iter().map(|said| said.keys().next_back().copied().unwrap_or(Seq(0)));
        let newest: Vec<Seq> = newest.collect();
        let behind = self
            .bots
            .iter()
            .filter_map(|bot| Some(u64::from(newest[bot.channel].next().since(bot.next_seq?))));
        behind.sum()
    }

    /// The bots are about to leave: what has not come is lost.
    pub(super) fn close(&mut self) {
        self.present = self.settled();
        self.totals.lost += self.behind();
        self.totals.unanswered = self.bots.iter().map(|bot| bot.pending.len() as u64).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinyrealm_core::protocol::Text;
    use tinyrealm_core::protocol::main_to_client::ChatJoined;

    fn ledger() -> (ChatLedger, String) {
        let mut ledger = ChatLedger::new(2, 1);
        let name = ledger.names[0].clone();
        for bot in 0..2 {
            ledger.welcomed(bot, Uid(u64::from(bot) + 1));
            let channel = Text::new(&name).unwrap();
            let joined = ChatJoined { channel, members: 1, oldest: Seq(1), next_seq: Seq(1) };
            ledger.note(bot, &ChatEvent::Joined(joined), Instant::now());
        }
        (ledger, name)
    }

    fn hear(ledger: &mut ChatLedger, bot: u16, name: &str, seq: u64, text: &str) {
        let (channel, msg) = (Text::new(name).unwrap(), Text::new(text).unwrap());
        let said = ChatBroadcast { channel, seq: Seq(seq), uid: Uid(1), request: 0, msg };
        ledger.note(bot, &ChatEvent::Said(said), Instant::now());
    }

    #[test]
    fn every_fault_is_counted() {
        let (mut ledger, name) = ledger();
        hear(&mut ledger, 0, &name, 1, "a");
        hear(&mut ledger, 0, &name, 1, "a");
        hear(&mut ledger, 0, &name, 4, "b");
        hear(&mut ledger, 0, &name, 2, "c");
        hear(&mut ledger, 0, "elsewhere", 5, "d");
        hear(&mut ledger, 1, &name, 1, "something else");
        let ChatTotals { received, lost, duplicated, disordered, wrong_channel, .. } =
            ledger.totals;
        assert_eq!((received, lost, duplicated, disordered, wrong_channel), (3, 2, 1, 2, 1));
        ledger.close();
        assert_eq!(ledger.totals.lost, 2 + 3); // the other bot has not heard 2 to 4
    }

    #[test]
    fn what_is_announced_is_not_lost() {
        let (mut ledger, name) = ledger();
        let channel = Text::new(&name).unwrap();
        let gap = |missed, next_seq| ChatEvent::Gap(ChatGap { channel, missed, next_seq });
        ledger.note(0, &gap(3, Seq(4)), Instant::now());
        hear(&mut ledger, 0, &name, 4, "a");
        ledger.note(1, &gap(u32::MAX, Seq(4)), Instant::now());
        hear(&mut ledger, 1, &name, 4, "a");
        let ChatTotals { lost, missed_announced, gaps_unknown, .. } = ledger.totals;
        assert_eq!((lost, missed_announced, gaps_unknown), (0, 3, 1));
        // A gap of unknown length hides what others have heard.
        hear(&mut ledger, 0, &name, 5, "b");
        ledger.note(1, &gap(u32::MAX, Seq(70_000)), Instant::now());
        assert_eq!((ledger.totals.missed_announced, ledger.totals.gaps_unknown), (4, 2));
    }

    #[test]
    fn what_is_said_has_to_come_back_or_to_be_refused() {
        let (mut ledger, name) = ledger();
        for request in 7..10 {
            ledger.sent(0, request, Instant::now());
        }
        hear(&mut ledger, 0, &name, 1, "1 0 0");
        let channel = Text::new(&name).unwrap();
        let (about, reason) = (ChatSay::OPCODE.0, ErrorCode::CHAT_UNAVAILABLE);
        let refused = ChatRefused { channel, about, request: 8, reason };
        ledger.note(0, &ChatEvent::Refused(refused), Instant::now());
        assert!(!ledger.is_complete());
        ledger.close();
        assert_eq!((ledger.totals.refused, ledger.totals.unanswered), (1, 1));
    }
}
