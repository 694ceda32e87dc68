//! `Player`: the core's client, and what it hears.

use std::cell::{Cell, RefCell};
use tinyrealm_core::protocol::Seq;

use tinyrealm_core::node::client::{
    ChatEvent, ClientConfig, ClientEvent, ClientHandler, Credentials, RealmClient, StateEvent,
};
use tinyrealm_core::node::device_key::DeviceKey;
use tinyrealm_core::node::world::State;
use tinyrealm_core::node::{Caller, Context};
use tinyrealm_core::protocol::client_to_world::Event;
use tinyrealm_core::protocol::main_to_client::{
    ChatBroadcast, ChatGap, ChatJoined, ChatMembers, ChatPast, EnterWorldAck, Welcome,
};
use tinyrealm_core::protocol::world_to_client::{
    EventBroadcast, MemberExtra, MemberName, MoveBroadcast, ThingPut, ThingRemoved,
};
use tinyrealm_core::protocol::{
    Dispatched, ErrorCode, KeyId, MemberState, RoomLine, Token, Uid, decode,
};
use tinyrealm_core::session::manager::Ended;
use tinyrealm_core::wire::Frame;

use super::names::Names;
use super::riddle::{Fate, Outcome, fate_of_counter, refusal_of};
use super::words::client_to_recorder::Retort;
use super::words::recorder_to_client::{Counter, Mark, Solved, Tally};
use crate::ids::HostId;
use crate::journal::{Fact, Heard, Journal, Listed};
use crate::settings::Sabotage;
use crate::speech::Speech;
use crate::talk::{ChannelId, InChannel, Numbered, Talk};

/// Messages of channels before the one that is withheld from a sabotaged player.
const MESSAGES_TO_SABOTAGE: u32 = 4;

/// What a player shows to Login.
#[derive(Clone, Debug, Default)]
pub(crate) struct Papers {
    pub(crate) id: String,
    pub(crate) password: String,
}

/// What a visitor hears goes into the journal.
#[derive(Debug)]
pub(crate) struct Ears<'j> {
    pub(crate) journal: &'j Journal,
    pub(crate) visitor: usize,
    pub(crate) login_address: String,
    pub(crate) papers: Papers,
    /// Who is who in its room, and who it is itself.
    names: RefCell<Names>,
    uid: Cell<Uid>,
    /// What the game of its room asks, and by which number.
    counters: RefCell<Vec<(u32, Counter)>>,
}

impl<'j> Ears<'j> {
    pub(crate) fn new(
        journal: &'j Journal,
        visitor: usize,
        login_address: String,
        papers: Papers,
    ) -> Self {
        let (names, uid) = (RefCell::default(), Cell::new(Uid::NOBODY));
        Self { journal, visitor, login_address, papers, names, uid, counters: RefCell::default() }
    }

    /// It is this user.
    pub(crate) fn is_user(&self, uid: Uid) {
        self.uid.set(uid);
    }

    /// Something from a room, with uids for numbers.
    pub(crate) fn note_room(&self, event: &ClientEvent<'_>) {
        let mut names = self.names.borrow_mut();
        self.note(match event {
            ClientEvent::Joined(join) => {
                names.joined(join, self.uid.get());
                Heard::Joined(join.clone())
            }
            ClientEvent::Snapshot(page) => {
                names.take(page);
                Heard::Snapshot(Box::new((*page).clone()))
            }
            ClientEvent::Entered(member) => {
                names.entered(member);
                Heard::Entered(*member)
            }
            ClientEvent::Left(number) => Heard::Left(names.left(*number)),
            ClientEvent::State(state) => match heard_state(&names, state) {
                Some(heard) => heard,
                None => return,
            },
            ClientEvent::Named(MemberName { number, name }) => {
                Heard::Named(names.of(*number), name.as_str().to_owned())
            }
            ClientEvent::InputAck(ack) => Heard::InputAck(ack.tick),
            ClientEvent::Answered { ask, answer } => {
                let read = |frame: Frame<'_>| frame.read().map(|it: Solved| (it.uid, it.number));
                Heard::Answered(*ask, Outcome::of(*answer, read))
            }
            ClientEvent::Asked { ask, question } => {
                let counter = question.read().map(|counter| (*ask, counter));
                return self.counters.borrow_mut().extend(counter);
            }
            ClientEvent::Away(number) => Heard::Away(names.of(*number)),
            ClientEvent::Back(number) => Heard::Back(names.of(*number)),
            ClientEvent::Moved(MoveBroadcast { number, pos, dir }) => Heard::Moved(MemberState {
                number: *number,
                uid: names.of(*number),
                pos: *pos,
                dir: *dir,
            }),
            ClientEvent::Said(EventBroadcast { number, kind, data, .. }) => {
                Heard::Said(names.of(*number), Speech::decode(*kind, data.as_slice()))
            }
            _ => return,
        });
    }

    pub(crate) fn note(&self, heard: Heard) {
        self.journal.note(Fact::Client { visitor: self.visitor, heard });
    }

    /// What the machine keeps to itself, and a saved game or a thief would know: tokens and keys.
    fn overhear(&self, frame: Frame<'_>) {
        match frame.opcode {
            Welcome::OPCODE => {
                if let Some(Welcome { uid, token, .. }) = decode(frame.payload) {
                    self.note(Heard::Token(uid, token));
                }
            }
            EnterWorldAck::OPCODE => {
                let Some(ack) = decode::<EnterWorldAck<'_>>(frame.payload) else { return };
                let EnterWorldAck { world_addr, key_id, handshake_key, .. } = ack;
                if let Some(world) = HostId::at_address(world_addr.as_str()) {
                    self.note(Heard::SentTo(world, key_id, handshake_key));
                }
            }
            _ => {}
        }
    }
}

/// What a room's game shows, as far as it is what the recorder would show.
fn heard_state(names: &Names, state: &StateEvent<'_>) -> Option<Heard> {
    Some(match state {
        StateEvent::Put(thing) => {
            let Mark { uid, number } = State { kind: thing.kind, data: thing.data }.read()?;
            Heard::Thing(thing.id, Some(Speech { uid, number }))
        }
        StateEvent::Removed(id) => Heard::Thing(*id, None),
        StateEvent::Member(extra) => {
            let Tally { number } = State { kind: extra.kind, data: extra.data }.read()?;
            Heard::Tally(names.of(extra.number), number)
        }
        StateEvent::Complete => Heard::Complete,
    })
}

fn listed(line: &RoomLine<'_>) -> Listed {
    Listed {
        name: line.name.as_str().to_owned(),
        mode: line.mode.as_str().to_owned(),
        properties: line.properties.as_slice().to_vec(),
    }
}

fn numbered(seq: Seq, uid: Uid, text: &str) -> Numbered {
    Numbered { seq: seq.0, uid, talk: Talk::parse(text) }
}

/// What was heard of which channel.
fn in_channel(event: &ChatEvent<'_>) -> Heard {
    let (name, heard) = match *event {
        ChatEvent::Joined(ChatJoined { channel, next_seq, .. }) => {
            (channel, InChannel::Joined { next_seq: next_seq.0 })
        }
        ChatEvent::Left(ref left) => (left.channel, InChannel::Left(left.reason)),
        ChatEvent::Refused(ref refused) => {
            (refused.channel, InChannel::Refused(refused.about, refused.reason))
        }
        ChatEvent::Said(ChatBroadcast { channel, seq, uid, msg, .. }) => {
            (channel, InChannel::Said(numbered(seq, uid, msg.as_str())))
        }
        ChatEvent::Past(ChatPast { channel, seq, uid, msg }) => {
            (channel, InChannel::Past(numbered(seq, uid, msg.as_str())))
        }
        ChatEvent::PastEnd(ref end) => {
            (end.channel, InChannel::PastEnd { next_seq: end.next_seq.0 })
        }
        ChatEvent::Gap(ChatGap { channel, missed, next_seq }) => {
            (channel, InChannel::Gap { missed, next_seq: next_seq.0 })
        }
        ChatEvent::Entered(ref entered) => (entered.channel, InChannel::Entered(entered.uid)),
        ChatEvent::Exited(ref exited) => (exited.channel, InChannel::Exited(exited.uid)),
        ChatEvent::Census(ref census) => (census.channel, InChannel::Census(census.members)),
        ChatEvent::Members(&ChatMembers { channel, ref uids, .. }) => {
            let is_distinct = uids.iter().enumerate().all(|(at, uid)| !uids[..at].contains(uid));
            (channel, InChannel::Members { count: uids.len() as u16, is_distinct })
        }
    };
    Heard::InChannel(ChannelId::of_name(name.as_str()), heard)
}

impl ClientHandler for Ears<'_> {
    fn on_event(&mut self, _: u16, event: ClientEvent<'_>) {
        self.note(match event {
            ClientEvent::Welcome(uid) => {
                self.is_user(uid);
                Heard::Welcome(uid)
            }
            ClientEvent::LoginDenied { reason, .. } => Heard::LoginDenied(reason),
            ClientEvent::LoginLost(code) => Heard::LoginLost(code),
            ClientEvent::MainLost(code) => Heard::MainLost(code),
            ClientEvent::EnterRefused(code) => Heard::EnterRefused(code),
            ClientEvent::JoinDenied(denied) => Heard::JoinDenied(denied.reason),
            ClientEvent::Joined(_)
            | ClientEvent::Snapshot(_)
            | ClientEvent::Entered(_)
            | ClientEvent::Left(_)
            | ClientEvent::Resumed { .. }
            | ClientEvent::InputAck(_)
            | ClientEvent::Answered { .. }
            | ClientEvent::Asked { .. }
            | ClientEvent::Away(_)
            | ClientEvent::State(_)
            | ClientEvent::Back(_)
            | ClientEvent::Named(_)
            | ClientEvent::Moved(_)
            | ClientEvent::Said(_) => return self.note_room(&event),
            ClientEvent::Rooms(page) => {
                Heard::Rooms(page.rooms.iter().map(listed).collect(), page.next_after)
            }
            // Nobody runs these realms.
            ClientEvent::Announced(_) => return,
            ClientEvent::EventRefused { reason, .. } => Heard::Refused(reason, Event::OPCODE.0),
            ClientEvent::WorldLost(code) => Heard::WorldLost(code),
            ClientEvent::Refused { code, about } => Heard::Refused(code, about),
            ClientEvent::Chat(event) => in_channel(&event),
            ClientEvent::Stopped(code) => Heard::Stopped(code),
        });
    }

    fn credentials(&self, _: u16) -> Credentials<'_> {
        let Papers { id, password } = &self.papers;
        Credentials { login_address: &self.login_address, id, password, device: None }
    }
}

/// One honest client; see the [module](self).
#[derive(Debug)]
pub(crate) struct Player<'j> {
    pub(crate) machine: RealmClient,
    pub(crate) ears: Ears<'j>,
    sabotage: Sabotage,
    /// Messages of channels until one is withheld; 0 for an honest player.
    until_sabotage: u32,
    /// It does not go away for being told that it is revoked.
    is_stubborn: bool,
    device: Option<KeyId>,
}

impl<'j> Player<'j> {
    pub(crate) fn new(
        config: ClientConfig,
        token: Option<Token>,
        ears: Ears<'j>,
        sabotage: Sabotage,
    ) -> Self {
        let device = config.device_key.as_ref().map(DeviceKey::key_id);
        let machine = RealmClient::new(0, config);
        let machine = match token {
            Some(token) => machine.with_token(token),
            None => machine,
        };
        let is_honest = sabotage != Sabotage::WithheldMessage;
        let until_sabotage = if is_honest { 0 } else { MESSAGES_TO_SABOTAGE };
        Self { machine, ears, sabotage, until_sabotage, is_stubborn: false, device }
    }

    /// What its key is called, if it is a device.
    pub(crate) const fn device(&self) -> Option<KeyId> {
        self.device
    }

    /// One that stays wherever it is not put out.
    pub(crate) fn stubborn(self) -> Self {
        Self { is_stubborn: true, ..self }
    }

    pub(crate) fn start(&mut self, cx: &mut Context<'_, '_>) {
        self.machine.start(cx);
    }

    pub(crate) fn on_frame(&mut self, caller: &mut Caller<'_, '_>, frame: Frame<'_>) -> Dispatched {
        if frame.opcode == ChatBroadcast::OPCODE && self.until_sabotage > 0 {
            self.until_sabotage -= 1;
            if self.until_sabotage == 0 {
                return Dispatched::Handled;
            }
        }
        if self.is_blind_to(frame) {
            return Dispatched::Handled;
        }
        self.ears.overhear(frame);
        let dispatched = self.machine.on_frame(&mut self.ears, caller, frame);
        for (ask, counter) in self.ears.counters.take() {
            self.retort(&mut caller.context(), ask, &counter);
        }
        dispatched
    }

    /// Answers the game, or refuses to, or leaves it waiting, as it may also have to with a full queue.
    fn retort(&mut self, cx: &mut Context<'_, '_>, ask: u32, counter: &Counter) {
        let Counter { uid, number } = *counter;
        let _ = match fate_of_counter(number) {
            Fate::Given => self.machine.answer(cx, ask, &Retort { uid, number }),
            Fate::Refused => self.machine.refuse_ask(cx, ask, refusal_of(number)),
            Fate::Left | Fate::Countered | Fate::NotUnderstood => Ok(()),
        };
    }

    /// Whether it does not see what it should, if the run is there for that.
    fn is_blind_to(&self, frame: Frame<'_>) -> bool {
        let opcode = frame.opcode;
        match self.sabotage {
            Sabotage::UnseenThing => opcode == ThingPut::OPCODE,
            Sabotage::UnseenRemoval => opcode == ThingRemoved::OPCODE,
            Sabotage::UnseenTally => opcode == MemberExtra::OPCODE,
            Sabotage::UnseenName => opcode == MemberName::OPCODE,
            Sabotage::DeafSpectator => {
                opcode == EventBroadcast::OPCODE && self.ears.names.borrow().is_a_spectator_s()
            }
            _ => false,
        }
    }

    pub(crate) fn on_ended(&mut self, cx: &mut Context<'_, '_>, ended: Ended) {
        let is_ignored = self.is_stubborn && ended.reason == ErrorCode::REVOKED;
        let reason = if is_ignored { ErrorCode::LOST } else { ended.reason };
        self.machine.on_ended(&mut self.ears, cx, Ended { reason, ..ended });
    }
}
