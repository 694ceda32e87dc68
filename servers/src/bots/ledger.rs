//! `Ledger`: what every bot has said, and who has heard it.
//!
//! Contract: a message is judged once everyone has had [`GRACE`] to hear it. It is expected by every
//! bot that was settled in the same room when it was sent and still was when it could have arrived;
//! a move is not expected by its sender, an event is (its echo is its acknowledgement).

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tinyrealm_core::node::client::{BotDeeds, Broken, ClientEvent};
use tinyrealm_core::protocol::world_to_client::{JoinOk, MoveBroadcast, RoomSnapshot};
use tinyrealm_core::protocol::{MemberNumber, MemberState, Uid};

use super::chat_ledger::ChatLedger;
use super::latency::latency_histogram;
use super::outages::Outages;
use super::room_book::{EventName, RoomBook, Stay};

mod judge;

/// How long a message may take.
pub(super) const GRACE: Duration = Duration::from_secs(5);
/// A bot that leaves so soon after a message need not have heard it.
const PARTING: Duration = Duration::from_secs(1);
/// The event that bots send: their number for it, four bytes.
pub(super) const BOT_EVENT: u16 = 100;

/// The sums.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) sent: u64,
    pub(crate) expected: u64,
    pub(crate) received: u64,
    pub(crate) conflated: u64,
    pub(crate) lost: u64,
    pub(crate) missed_announced: u64,
    pub(crate) duplicated: u64,
    pub(crate) disordered: u64,
    pub(crate) wrong_room: u64,
    pub(crate) self_seen: u64,
    pub(crate) unknown: u64,
    pub(crate) snapshots: u64,
    pub(crate) disconnects: u64,
    pub(crate) refused: u64,
}

/// One message, until it is judged.
#[derive(Debug)]
struct Sent {
    at: Instant,
    room: usize,
    /// The sender's stay in the room.
    stay: usize,
    is_event: bool,
    /// Stays that have heard it.
    heard_by: Vec<u64>,
    heard: u32,
}

impl Sent {
    fn has_heard(&self, stay: usize) -> bool {
        self.heard_by.get(stay / 64).is_some_and(|word| word >> (stay % 64) & 1 == 1)
    }

    /// Notes that `stay` has heard it; `false` if it had already.
    fn note_heard(&mut self, stay: usize) -> bool {
        if self.has_heard(stay) {
            return false;
        }
        if self.heard_by.len() <= stay / 64 {
            self.heard_by.resize(stay / 64 + 1, 0);
        }
        self.heard_by[stay / 64] |= 1 << (stay % 64);
        self.heard += 1;
        true
    }
}

/// One bot, as a sender and as a listener.
#[derive(Debug, Default)]
struct Bot {
    uid: Option<Uid>,
    /// Its room and its stay there.
    at: Option<(usize, usize)>,
    next_seq: u32,
    /// Messages that are not judged yet; the last one is `next_seq - 1`.
    sent: VecDeque<Sent>,
    /// The newest number heard of each stay of its room.
    newest: HashMap<usize, u32>,
    /// Where it is in its room's order of events.
    order_place: Option<usize>,
    /// Events that it was told it has missed, and that have not been found missing yet.
    announced: u64,
    /// Who is who in its room, as it has been told.
    names: HashMap<MemberNumber, Uid>,
    /// More pages of a snapshot are to come.
    is_snapshot_open: bool,
    /// When it has last heard anything of its room.
    heard_at: Option<Instant>,
    /// When a snapshot has last made up for moves that it did not get.
    caught_up_at: Option<Instant>,
}

/// How a game went by what its bots know of it.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Played {
    /// How often one of them found a rule broken.
    pub(super) broken: u64,
    /// The first such rule.
    pub(super) first_broken: Option<&'static str>,
}

/// Whether a world has said it of a room.
const fn is_of_room(event: &ClientEvent<'_>) -> bool {
    matches!(
        event,
        ClientEvent::Joined(_)
            | ClientEvent::Snapshot(_)
            | ClientEvent::Entered(_)
            | ClientEvent::Left(_)
            | ClientEvent::Moved(_)
            | ClientEvent::Said(_)
    )
}

/// The books of all bots; see the [module](self).
#[derive(Debug)]
pub(crate) struct Ledger {
    bots: Vec<Bot>,
    by_uid: HashMap<Uid, u16>,
    rooms: RoomBook,
    pub(crate) totals: Totals,
    /// Microseconds from sending to hearing.
    pub(crate) latency: Histogram<u64>,
    /// The same, since somebody has last looked.
    pub(crate) recent_latency: Histogram<u64>,
    /// What bots of a game have to say of it; without one, what they say is numbered.
    pub(super) played: Option<Played>,
    /// What is said in channels.
    pub(crate) chat: ChatLedger,
    /// What they had to do without.
    pub(crate) outages: Outages,
    settled: usize,
    /// Bots that were settled when it was over.
    pub(crate) present: usize,
    /// The bots are leaving: nothing counts any more.
    is_closed: bool,
}

impl Ledger {
    pub(super) fn new(count: u16, channels: u16, plays_game: bool) -> Self {
        Self {
            played: plays_game.then(Played::default),
            bots: (0..count).map(|_| Bot { next_seq: 1, ..Bot::default() }).collect(),
            by_uid: HashMap::new(),
            rooms: RoomBook::default(),
            totals: Totals::default(),
            latency: latency_histogram(),
            recent_latency: latency_histogram(),
            chat: ChatLedger::new(count, channels),
            outages: Outages::new(count),
            settled: 0,
            present: 0,
            is_closed: false,
        }
    }

    /// Bots that are in a room and know it.
    pub(super) const fn settled(&self) -> usize {
        self.settled
    }

    /// Takes note of a message that bot `number` is about to send, and answers its number; `None`
    /// if it is in no room.
    pub(super) fn begin_send(&self, number: u16) -> Option<u32> {
        let bot = self.bots.get(usize::from(number))?;
        bot.at.map(|_| bot.next_seq)
    }

    /// The message of the last `begin_send` is on its way.
    pub(super) fn sent(&mut self, number: u16, is_event: bool, now: Instant) {
        let Some(bot) = self.bots.get_mut(usize::from(number)) else { return };
        let Some((room, stay)) = bot.at else { return };
        bot.next_seq += 1;
        bot.sent.push_back(Sent { at: now, room, stay, is_event, heard_by: Vec::new(), heard: 0 });
        self.totals.sent += 1;
    }

    /// Something has happened to bot `number`, which is in the room of that world.
    pub(super) fn note(&mut self, number: u16, world: &str, event: &ClientEvent<'_>, now: Instant) {
        if !self.is_closed {
            self.outages.note(number, event, now);
        }
        if is_of_room(event) {
            self.bots[usize::from(number)].heard_at = Some(now);
        }
        match event {
            ClientEvent::Welcome(uid) => self.welcomed(number, *uid),
            ClientEvent::Chat(event) => self.chat.note(number, event, now),
            ClientEvent::Joined(message) => self.joined(number, world, message),
            ClientEvent::Snapshot(page) => self.snapshot(number, page, now),
            ClientEvent::Entered(member) => self.meet(number, member),
            ClientEvent::Left(who) => drop(self.bots[usize::from(number)].names.remove(who)),
            ClientEvent::Moved(moved) if self.played.is_some() => self.saw(number, moved.number),
            ClientEvent::Moved(moved) => self.moved(number, moved, now),
            ClientEvent::Said(said) if self.played.is_some() => self.saw(number, said.number),
            ClientEvent::Said(said) if said.kind == BOT_EVENT => {
                if let Some(seq) = said.data.as_slice().first_chunk() {
                    self.said(number, said.number, u32::from_le_bytes(*seq), now);
                }
            }
            ClientEvent::WorldLost(_) => self.left(number, now),
            ClientEvent::Refused { .. }
            | ClientEvent::EventRefused { .. }
            | ClientEvent::JoinDenied(_) => self.totals.refused += 1,
            ClientEvent::LoginDenied { .. }
            | ClientEvent::LoginLost(_)
            | ClientEvent::MainLost(_)
            | ClientEvent::EnterRefused(_)
            | ClientEvent::Said(_)
            | ClientEvent::Resumed { .. }
            | ClientEvent::InputAck(_)
            | ClientEvent::Answered { .. }
            | ClientEvent::Asked { .. }
            | ClientEvent::Away(_)
            | ClientEvent::Back(_)
            | ClientEvent::Named(_)
            | ClientEvent::Rooms(_)
            | ClientEvent::Announced(_)
            | ClientEvent::State(_)
            | ClientEvent::Stopped(_) => {}
        }
    }

    fn welcomed(&mut self, number: u16, uid: Uid) {
        self.chat.welcomed(number, uid);
        self.bots[usize::from(number)].uid = Some(uid);
        self.by_uid.insert(uid, number);
    }

    fn meet(&mut self, number: u16, member: &MemberState) {
        self.bots[usize::from(number)].names.insert(member.number, member.uid);
    }

    fn joined(&mut self, number: u16, world: &str, message: &JoinOk) {
        let room = self.rooms.number(world, message.room_id);
        let stays = &mut self.rooms.rooms[room].stays;
        let bot = &mut self.bots[usize::from(number)];
        bot.at = Some((room, stays.len()));
        bot.newest.clear();
        bot.order_place = None;
        bot.is_snapshot_open = false;
        bot.names = bot.uid.map(|own| (message.number, own)).into_iter().collect();
        stays.push(Stay { bot: number, settled_at: None, left_at: None });
    }

    fn left(&mut self, number: u16, now: Instant) {
        let Some((room, stay)) = self.bots[usize::from(number)].at.take() else { return };
        let stay = &mut self.rooms.rooms[room].stays[stay];
        // A world that hangs is lost when its silence is noticed: nobody was in the room since that began.
        stay.left_at = self.bots[usize::from(number)].heard_at.or(Some(now));
        self.settled -= usize::from(stay.settled_at.is_some());
        self.totals.disconnects += u64::from(!self.is_closed);
    }

    fn snapshot(&mut self, number: u16, page: &RoomSnapshot, now: Instant) {
        let bot = &mut self.bots[usize::from(number)];
        let Some((room, stay)) = bot.at else { return };
        if !bot.is_snapshot_open {
            bot.names.retain(|_, uid| Some(*uid) == bot.uid);
        }
        bot.is_snapshot_open = page.pages_left > 0;
        bot.names.extend(page.members.iter().map(|member| (member.number, member.uid)));
        if page.pages_left > 0 {
            return;
        }
        let stay = &mut self.rooms.rooms[room].stays[stay];
        if stay.settled_at.is_none() {
            stay.settled_at = Some(now);
            self.settled += 1;
        } else {
            self.totals.snapshots += 1;
            bot.caught_up_at = Some(now);
            bot.announced += u64::from(page.missed_events);
            bot.order_place = None;
        }
    }

    /// A bot has had its turn in its game.
    pub(super) fn note_turn(&mut self, deeds: BotDeeds, checked: Result<(), Broken>) {
        self.totals.sent += u64::from(deeds.sent);
        self.totals.refused += u64::from(deeds.refused);
        let Some(played) = &mut self.played else { return };
        if let Err(Broken(rule)) = checked {
            played.broken += 1;
            played.first_broken.get_or_insert(rule);
        }
    }

    /// A bot has heard one of its game's own messages.
    pub(super) fn note_message(&mut self) {
        self.totals.received += u64::from(self.played.is_some());
    }

    /// A bot of a game hears of somebody, whom it must know.
    fn saw(&mut self, number: u16, who: MemberNumber) {
        let is_known = self.bots[usize::from(number)].names.contains_key(&who);
        self.totals.unknown += u64::from(!is_known && who != MemberNumber::GAME);
        self.note_message();
    }

    fn moved(&mut self, number: u16, moved: &MoveBroadcast, now: Instant) {
        // The height carries the sender's number; the field of the game has none.
        if let Ok(seq) = u32::try_from(moved.pos.z) {
            self.heard(number, moved.number, seq, false, now);
        }
    }

    fn said(&mut self, number: u16, who: MemberNumber, seq: u32, now: Instant) {
        let Some(uid) = self.heard(number, who, seq, true, now) else { return };
        let Some(&sender) = self.by_uid.get(&uid) else { return };
        let bot = &mut self.bots[usize::from(number)];
        let Some((room, _)) = bot.at else { return };
        let event = EventName { bot: sender, seq };
        if !self.rooms.rooms[room].hear(&mut bot.order_place, event) {
            self.totals.disordered += 1;
        }
    }

    /// Notes that a bot has heard message `seq` of somebody, and answers whom; `None` if it should not have.
    fn heard(
        &mut self,
        number: u16,
        who: MemberNumber,
        seq: u32,
        is_event: bool,
        now: Instant,
    ) -> Option<Uid> {
        let Some(&uid) = self.bots[usize::from(number)].names.get(&who) else {
            self.totals.unknown += 1;
            return None;
        };
        // People may be in the room too.
        let sender = *self.by_uid.get(&uid)?;
        if sender == number && !is_event {
            self.totals.self_seen += 1;
            return None;
        }
        let (room, stay) = self.bots[usize::from(number)].at?;
        let speaker = &mut self.bots[usize::from(sender)];
        let first_seq = speaker.next_seq - speaker.sent.len() as u32;
        let place = seq.checked_sub(first_seq).map(|place| place as usize);
        let Some(sent) = place.and_then(|place| speaker.sent.get_mut(place)) else {
            self.totals.unknown += 1;
            return None;
        };
        if sent.room != room {
            self.totals.wrong_room += 1;
            return None;
        }
        if !sent.note_heard(stay) {
            self.totals.duplicated += 1;
            return None;
        }
        let micros = now.duration_since(sent.at).as_micros() as u64;
        self.latency.saturating_record(micros.max(1));
        self.recent_latency.saturating_record(micros.max(1));
        let sender_stay = sent.stay;
        let newest = self.bots[usize::from(number)].newest.entry(sender_stay).or_insert(0);
        if seq <= *newest {
            self.totals.disordered += 1;
            return None;
        }
        *newest = seq;
        Some(uid)
    }
}
