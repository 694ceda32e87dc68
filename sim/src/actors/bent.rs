//! `Bent`: a server's role between whose frames somebody stands who breaks one of them, once, or all of a rare kind.
//!
//! Purpose: an honest run bends nothing. A run with a [`Sabotage`] shows that the invariants see what
//! a broken server does.

use std::collections::HashMap;

use tinyrealm_core::node::{BroadcastTaken, Caller, Context, Role};
use tinyrealm_core::protocol::chat_to_main::Broadcast;
use tinyrealm_core::protocol::client_to_main::{
    ChatLeave, ChatSay, EnterWorldReq, Hello, ListRoomsReq,
};
use tinyrealm_core::protocol::client_to_world::Input;
use tinyrealm_core::protocol::main_to_chat::LeaveChannel;
use tinyrealm_core::protocol::main_to_client::ChatLeft;
use tinyrealm_core::protocol::main_to_world::{AttachUser, DetachUser, RoomClaimed, UserClaimed};
use tinyrealm_core::protocol::world_to_main::{RegisterWorld, RoomOpened};
use tinyrealm_core::protocol::{
    ClaimNumber, Dispatched, ErrorCode, Message, Text, WorldId, decode, encode_body,
};
use tinyrealm_core::session::manager::Ended;
use tinyrealm_core::session::{
    AddressEntry, AddressKey, Holding, LinkTag, SessionKey, SessionManager,
};
use tinyrealm_core::time::Instant;
use tinyrealm_core::wire::{Frame, Framing, NetFrameV1, Opcode};

use crate::bounded::bounded;
use crate::checks::calling::BAD_NICKNAME;
use crate::journal::{Fact, Journal, OfMain};
use crate::settings::Sabotage;

/// Occasions before the one that is taken.
const OCCASIONS_TO_SABOTAGE: u32 = 20;

/// More than any frame of a simulated realm has.
const PAYLOAD_MAX_BYTES: usize = 1_024;

/// A role, and what is done to it; see the [module](self).
pub(crate) struct Bent<'j, R> {
    pub(crate) role: R,
    journal: &'j Journal,
    sabotage: Sabotage,
    until_sabotage: u32,
    /// The links that it has dialed, and that stand.
    own_links: Vec<SessionKey>,
    /// The highest number that it has heard of each user, if the run is there for that.
    highest: HashMap<u64, ClaimNumber>,
}

/// Which frames a sabotage is about.
const fn victim(sabotage: Sabotage) -> Option<Opcode> {
    match sabotage {
        Sabotage::ChangedMessage => Some(Broadcast::OPCODE),
        Sabotage::UnheardLeave => Some(ChatLeave::OPCODE),
        Sabotage::ForgottenSay => Some(ChatSay::OPCODE),
        Sabotage::KeptMember => Some(LeaveChannel::OPCODE),
        Sabotage::KeptStay | Sabotage::KeptSeat => Some(DetachUser::OPCODE),
        Sabotage::UntoldRooms => Some(RoomOpened::OPCODE),
        Sabotage::UnheldPlace | Sabotage::UncountedPlace => Some(EnterWorldReq::OPCODE),
        Sabotage::UnsharedQuestions | Sabotage::WrongNickname | Sabotage::UncheckedNickname => {
            Some(Hello::OPCODE)
        }
        Sabotage::ForgottenInput | Sabotage::MisnumberedInput => Some(Input::OPCODE),
        Sabotage::ShownUnlisted => Some(RoomOpened::OPCODE),
        Sabotage::ForgottenList => Some(ListRoomsReq::OPCODE),
        Sabotage::WrongRegion => Some(EnterWorldReq::OPCODE),
        Sabotage::UncheckedName => Some(RegisterWorld::OPCODE),
        Sabotage::AnyClaim | Sabotage::UnheardClaim => Some(UserClaimed::OPCODE),
        Sabotage::AnyRoomClaim => Some(RoomClaimed::OPCODE),
        _ => None,
    }
}

impl<'j, R> Bent<'j, R> {
    pub(crate) fn new(role: R, sabotage: Sabotage, journal: &'j Journal) -> Self {
        Self {
            role,
            journal,
            sabotage,
            until_sabotage: OCCASIONS_TO_SABOTAGE,
            own_links: Vec::new(),
            highest: HashMap::new(),
        }
    }

    /// What a Main says to a world of claims goes into the journal, as it was said; answers whether it is that.
    fn overhear(&self, frame: Frame<'_>) -> bool {
        let payload = frame.payload;
        let said = match frame.opcode {
            UserClaimed::OPCODE => {
                decode(payload).map(|it: UserClaimed| OfMain::Claimed(it.uid, it.claim))
            }
            RoomClaimed::OPCODE => {
                decode(payload).map(|it: RoomClaimed| OfMain::RoomClaimed(it.claim))
            }
            AttachUser::OPCODE => decode(payload).map(|it: AttachUser<'_>| OfMain::Attach {
                uid: it.uid,
                key: it.handshake_key,
                room: bounded(it.wish.name.as_str()),
            }),
            DetachUser::OPCODE => {
                decode(payload).map(|it: DetachUser| OfMain::Detach(it.uid, it.reason))
            }
            _ => None,
        };
        let is_of_claims = said.is_some();
        if let Some(said) = said {
            self.journal.note(Fact::OfMain(said));
        }
        is_of_claims
    }

    /// A claim as a world hears it that takes each number for the newest of its user, or no number for one that it has had.
    fn claimed_anew(&mut self, frame: Frame<'_>) -> Option<Vec<u8>> {
        if self.sabotage == Sabotage::AnyRoomClaim {
            return Some(payload_of(&RoomClaimed { claim: ClaimNumber(0) }));
        }
        if self.sabotage != Sabotage::AnyClaim {
            return None;
        }
        let UserClaimed { uid, claim } = decode(frame.payload)?;
        let highest = self.highest.entry(uid.0).or_default();
        *highest = claim.max(*highest);
        Some(payload_of(&UserClaimed { uid, claim: *highest }))
    }

    fn is_occasion(&mut self, frame: Frame<'_>) -> bool {
        if victim(self.sabotage) != Some(frame.opcode) || self.until_sabotage == 0 {
            return false;
        }
        match self.sabotage {
            Sabotage::KeptStay => return is_detached_for(frame, ErrorCode::REVOKED),
            Sabotage::KeptSeat => return is_detached_for(frame, ErrorCode::REPLACED),
            Sabotage::UntoldRooms => return is_wished_for(frame),
            Sabotage::UncheckedName
            | Sabotage::UnsharedQuestions
            | Sabotage::WrongNickname
            | Sabotage::UncheckedNickname
            | Sabotage::ShownUnlisted
            | Sabotage::ForgottenList
            | Sabotage::WrongRegion
            | Sabotage::AnyClaim
            | Sabotage::UnheardClaim
            | Sabotage::AnyRoomClaim => return true,
            _ => {}
        }
        self.until_sabotage -= 1;
        self.until_sabotage == 0
    }
}

/// Whether somebody is to leave a world for this reason.
fn is_detached_for(frame: Frame<'_>, why: ErrorCode) -> bool {
    decode(frame.payload).is_some_and(|DetachUser { reason, .. }| reason == why)
}

/// Whether a room has a name that somebody has wished for: those that Main makes are longer.
fn is_wished_for(frame: Frame<'_>) -> bool {
    decode(frame.payload).is_some_and(|RoomOpened { line, .. }| line.name.as_str().len() < 8)
}

/// A message's payload.
fn payload_of<M: Message>(message: &M) -> Vec<u8> {
    let mut body = vec![0; PAYLOAD_MAX_BYTES];
    let bytes = encode_body(message, &mut body).unwrap_or(0);
    NetFrameV1::parse(&body[..bytes]).map_or_else(Vec::new, |frame| frame.payload.to_vec())
}

/// What a sabotage makes of a frame that it changes; `None` if it changes none of this kind.
fn changed(sabotage: Sabotage, frame: Frame<'_>, tag: LinkTag) -> Option<Vec<u8>> {
    let payload = frame.payload;
    Some(match sabotage {
        Sabotage::ChangedMessage => {
            let mut payload = payload.to_vec();
            *payload.last_mut()? = b'!';
            payload
        }
        // A world's registration, as that of another one.
        Sabotage::UncheckedName => {
            let register: RegisterWorld<'_> = decode(payload)?;
            payload_of(&RegisterWorld { world_id: WorldId(tag.index), ..register })
        }
        Sabotage::WrongNickname => {
            let hello: Hello<'_> = decode(payload)?;
            payload_of(&Hello { nickname: Text::truncated("Eve"), ..hello })
        }
        Sabotage::UncheckedNickname => {
            let hello: Hello<'_> = decode(payload)?;
            let is_bad = hello.nickname.as_str() == BAD_NICKNAME;
            payload_of(&Hello {
                nickname: if is_bad { Text::EMPTY } else { hello.nickname },
                ..hello
            })
        }
        Sabotage::MisnumberedInput => {
            let input: Input<'_> = decode(payload)?;
            payload_of(&Input { tick: input.tick + 1, ..input })
        }
        Sabotage::ShownUnlisted => {
            let opened: RoomOpened<'_> = decode(payload)?;
            payload_of(&RoomOpened { is_listed: true, ..opened })
        }
        Sabotage::WrongRegion => {
            let enter: EnterWorldReq<'_> = decode(payload)?;
            payload_of(&EnterWorldReq { region: Text::EMPTY, ..enter })
        }
        _ => return None,
    })
}

/// The member believes that it has left.
fn pretend_to_leave(caller: &mut Caller<'_, '_>, frame: Frame<'_>) {
    if let Some(ChatLeave { channel }) = decode(frame.payload) {
        let left = ChatLeft { channel, reason: ErrorCode::GOODBYE };
        caller.sessions.send_or_close(caller.now, caller.key, &left);
    }
}

impl<'a, R: Role<'a>> Bent<'_, R> {
    /// Has the role forget for a moment what an address has asked.
    fn ask_unshared(&mut self, caller: &mut Caller<'_, 'a>, frame: Frame<'_>) -> Dispatched {
        let address = caller.sessions.address_key(caller.key);
        let entries = caller.sessions.shares().entries();
        let asked = |(key, entry): (AddressKey, &AddressEntry)| {
            (key == address).then(|| entry.count(Holding::Question))
        };
        let asked = entries.filter_map(asked).sum();
        for _ in 0..asked {
            caller.sessions.shares_mut().give_back(address, Holding::Question);
        }
        let dispatched = self.role.on_frame(caller, frame);
        for _ in 0..asked {
            caller.sessions.shares_mut().hold(address, Holding::Question);
        }
        dispatched
    }

    /// Hears a frame, or what is made of it.
    fn hear(&mut self, caller: &mut Caller<'_, 'a>, frame: Frame<'_>) -> Dispatched {
        if !self.is_occasion(frame) {
            return self.role.on_frame(caller, frame);
        }
        if let Some(payload) = self.claimed_anew(frame) {
            return self.role.on_frame(caller, Frame { opcode: frame.opcode, payload: &payload });
        }
        if let Some(payload) = changed(self.sabotage, frame, caller.tag) {
            return self.role.on_frame(caller, Frame { opcode: frame.opcode, payload: &payload });
        }
        match self.sabotage {
            Sabotage::UnheldPlace => {
                let address = caller.sessions.address_key(caller.key);
                caller.sessions.shares_mut().hold(address, Holding::Ticket);
                self.role.on_frame(caller, frame)
            }
            Sabotage::UncountedPlace => {
                let address = caller.sessions.address_key(caller.key);
                let dispatched = self.role.on_frame(caller, frame);
                caller.sessions.shares_mut().give_back(address, Holding::Ticket);
                dispatched
            }
            Sabotage::UnsharedQuestions => self.ask_unshared(caller, frame),
            Sabotage::UnheardLeave => {
                pretend_to_leave(caller, frame);
                Dispatched::Handled
            }
            _ => Dispatched::Handled,
        }
    }
}

impl<'a, R: Role<'a>> Role<'a> for Bent<'_, R> {
    fn own_links(&self) -> u16 {
        self.role.own_links()
    }

    fn on_connected(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey) {
        self.own_links.push(key);
        self.role.on_connected(cx, key);
    }

    fn on_frame(&mut self, caller: &mut Caller<'_, 'a>, frame: Frame<'_>) -> Dispatched {
        let is_of_claims = self.overhear(frame);
        let dispatched = self.hear(caller, frame);
        if is_of_claims {
            self.journal.note(Fact::OfMain(OfMain::Done));
        }
        dispatched
    }

    fn on_error(&mut self, caller: &mut Caller<'_, 'a>, code: ErrorCode, about: i32) {
        self.role.on_error(caller, code, about);
    }

    fn on_ended(&mut self, cx: &mut Context<'_, 'a>, ended: Ended) {
        let links = self.own_links.len();
        self.own_links.retain(|link| *link != ended.key);
        if ended.reason == ErrorCode::BAD_PROOF && self.own_links.len() < links {
            self.journal.note(Fact::BadProof);
        }
        self.role.on_ended(cx, ended);
    }

    fn on_timer(&mut self, cx: &mut Context<'_, 'a>, timer: u16) {
        self.role.on_timer(cx, timer);
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.role.next_deadline()
    }

    fn on_deadline(&mut self, cx: &mut Context<'_, 'a>) {
        self.role.on_deadline(cx);
    }

    fn on_shutdown(&mut self, cx: &mut Context<'_, 'a>) {
        self.role.on_shutdown(cx);
    }

    fn address(&self, tag: LinkTag) -> &str {
        self.role.address(tag)
    }

    fn framing(&self, tag: LinkTag) -> Framing {
        self.role.framing(tag)
    }

    fn must_answer_first(&self, sessions: &SessionManager<'a>, key: SessionKey) -> bool {
        self.role.must_answer_first(sessions, key)
    }

    fn must_flush_first(&self) -> bool {
        self.role.must_flush_first()
    }

    fn flush(&mut self, now: Instant, sessions: &mut SessionManager<'a>) {
        self.role.flush(now, sessions);
    }

    fn before_transmit(
        &mut self,
        now: Instant,
        sessions: &mut SessionManager<'a>,
        key: SessionKey,
    ) {
        self.role.before_transmit(now, sessions, key);
    }

    fn broadcast(&self, tag: LinkTag) -> [&[u8]; 3] {
        self.role.broadcast(tag)
    }

    fn broadcast_taken(
        &mut self,
        now: Instant,
        sessions: &mut SessionManager<'a>,
        key: SessionKey,
        taken: BroadcastTaken,
    ) {
        self.role.broadcast_taken(now, sessions, key, taken);
    }
}
