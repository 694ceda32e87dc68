//! What a client hears: the receiving ends of its links.

use serde::Deserialize;

use super::machine::{LOGIN_LINK, MAIN_LINK, RealmClient, WORLD_LINK};
use super::ticket::Ticket;
use super::{ChatEvent, ClientEvent, ClientHandler, StateEvent};
use crate::node::Caller;
use crate::node::asks::frame_of;
#[cfg(not(feature = "sealed-clients"))]
use crate::protocol::HandshakeKey;
use crate::protocol::login_to_client::{self, LoginAck, LoginDenied};
use crate::protocol::main_to_client::{
    self, Announced, ChatBroadcast, ChatCensus, ChatEntered, ChatExited, ChatGap, ChatJoined,
    ChatLeft, ChatMembers, ChatPast, ChatPastEnd, ChatRefused, EnterWorldAck, MainAddress, Moved,
    RoomPage, Welcome,
};
use crate::protocol::world_to_client::{
    self, EventBroadcast, EventRefused, GameAnswers, GameAsks, InputAck, JoinDenied, JoinOk,
    MemberExtra, MemberName, MoveBroadcast, RoomSnapshot, StateComplete, ThingPut, ThingRemoved,
    UserAway, UserBack, UserEntered, UserLeft,
};
use crate::protocol::{ADDRESS_MAX_BYTES, Dispatched, RoomId, Text, Token, Uid, take};
use crate::wire::opcode::{GAME, LOGIN, MAIN, WORLD};
use crate::wire::{Frame, Opcode};

impl RealmClient {
    /// A frame has come for it.
    pub fn on_frame<'a>(
        &mut self,
        handler: &mut impl ClientHandler,
        caller: &mut Caller<'_, 'a>,
        frame: Frame<'_>,
    ) -> Dispatched {
        let link = caller.tag.kind;
        #[cfg(feature = "sealed-clients")]
        if self.awaits_seal(caller.key) {
            return self.hear_answer(caller, frame);
        }
        let mut inbound = Inbound { client: self, handler };
        match link {
            MAIN_LINK => main_to_client::dispatch(&mut inbound, caller, frame),
            LOGIN_LINK => login_to_client::dispatch(&mut inbound, caller, frame),
            _ if GAME.server_to_client.contains(frame.opcode) => {
                handler.on_message(self.number, frame)
            }
            _ => world_to_client::dispatch(&mut inbound, caller, frame),
        }
    }
}

impl RealmClient {
    /// [`RealmClient::on_frame`] for an owner that decodes messages elsewhere: no event is told, and only
    /// what moves the machine is decoded here. The rest is the owner's to tell, and to
    /// [refuse](Self::refuse). A browser's module is half as large by it.
    pub fn on_encoded_frame<'a>(
        &mut self,
        caller: &mut Caller<'_, 'a>,
        frame: Frame<'_>,
    ) -> Dispatched {
        #[cfg(feature = "sealed-clients")]
        if self.awaits_seal(caller.key) {
            return self.hear_answer(caller, frame);
        }
        let (link, band) = match caller.tag.kind {
            MAIN_LINK => (MAIN_LINK, MAIN.server_to_client),
            LOGIN_LINK => (LOGIN_LINK, LOGIN.server_to_client),
            other => (other, WORLD.server_to_client),
        };
        if link == WORLD_LINK && GAME.server_to_client.contains(frame.opcode) {
            return Dispatched::Handled;
        }
        if !band.contains(frame.opcode) {
            return Dispatched::Unknown;
        }
        let heard = match (link, frame.opcode) {
            (MAIN_LINK, Welcome::OPCODE) => take(frame.payload)
                .map(|Known { uid, token, .. }| self.welcomed(caller, uid, token)),
            (LOGIN_LINK, LoginAck::OPCODE) => take(frame.payload)
                .map(|ack: LoginAck| self.logged_in(caller, ack.token, ack.device)),
            (MAIN_LINK, EnterWorldAck::OPCODE) => {
                ticket_in(frame.payload).map(|(address, ticket)| {
                    self.sent_to_world(caller, address.as_str(), ticket);
                })
            }
            #[cfg(feature = "moving")]
            (MAIN_LINK, Moved::OPCODE) => {
                take(frame.payload).map(|message: Moved<'_>| self.moved(caller, &message))
            }
            #[cfg(feature = "mains")]
            (MAIN_LINK, MainAddress::OPCODE) => {
                take(frame.payload).map(|message| self.hear_of_main(&message))
            }
            (LOGIN_LINK, LoginDenied::OPCODE) => take(frame.payload)
                .map(|denied: LoginDenied| self.login_denied(denied.reason, denied.retry_after_ms)),
            (WORLD_LINK, JoinOk::OPCODE) => {
                take(frame.payload).map(|(_, room_id): (u16, RoomId)| self.joined(caller, room_id))
            }
            (WORLD_LINK, JoinDenied::OPCODE) => {
                take(frame.payload).map(|reason| self.join_denied(reason))
            }
            _ => Some(()),
        };
        heard.map_or(Dispatched::Malformed, |()| Dispatched::Handled)
    }
}

/// Where to go, and what with.
#[cfg(feature = "sealed-clients")]
fn ticket_in(payload: &[u8]) -> Option<(Text<'_, ADDRESS_MAX_BYTES>, Ticket)> {
    take(payload).map(|ack: EnterWorldAck<'_>| (ack.world_addr, Ticket::of(&ack)))
}

/// Where to go, and what with: without what seals a link.
#[cfg(not(feature = "sealed-clients"))]
fn ticket_in(payload: &[u8]) -> Option<(Text<'_, ADDRESS_MAX_BYTES>, Ticket)> {
    type Ack<'a> = (Text<'a, ADDRESS_MAX_BYTES>, bool, HandshakeKey);
    take(payload).map(|(address, _, handshake_key): Ack<'_>| (address, Ticket { handshake_key }))
}

/// What [`Welcome`] and [`LoginAck`] begin with.
#[derive(Deserialize)]
struct Known {
    /// There is one version: nothing depends on it yet.
    _version: u16,
    uid: Uid,
    token: Token,
}

/// A client and its handler, for the time of one frame.
pub(super) struct Inbound<'i, H> {
    client: &'i mut RealmClient,
    handler: &'i mut H,
}

impl<H: ClientHandler> Inbound<'_, H> {
    pub(super) fn tell(&mut self, event: ClientEvent<'_>) {
        self.handler.on_event(self.client.number(), event);
    }

    fn tell_chat(&mut self, event: ChatEvent<'_>) {
        self.tell(ClientEvent::Chat(event));
    }
}

impl<H: ClientHandler> login_to_client::Stub<Caller<'_, '_>> for Inbound<'_, H> {
    fn login_ack(&mut self, caller: &mut Caller<'_, '_>, message: LoginAck) {
        self.client.logged_in(caller, message.token, message.device);
        self.handler.keep_device(self.client.number(), message.device);
    }

    fn login_denied(&mut self, _: &mut Caller<'_, '_>, message: LoginDenied) {
        let LoginDenied { reason, retry_after_ms } = message;
        self.client.login_denied(reason, retry_after_ms);
        self.tell(ClientEvent::LoginDenied { reason, retry_after_ms });
    }
}

impl<H: ClientHandler> main_to_client::Stub<Caller<'_, '_>> for Inbound<'_, H> {
    fn welcome(&mut self, caller: &mut Caller<'_, '_>, message: Welcome) {
        self.client.welcomed(caller, message.uid, message.token);
        self.tell(ClientEvent::Welcome(message.uid));
    }

    fn enter_world_ack(&mut self, caller: &mut Caller<'_, '_>, message: EnterWorldAck<'_>) {
        let ticket = Ticket::of(&message);
        self.client.sent_to_world(caller, message.world_addr.as_str(), ticket);
    }

    #[inline(always)]
    fn hears(&self, opcode: Opcode) -> bool {
        (cfg!(feature = "moving") || !matches!(opcode, Moved::OPCODE))
            && (cfg!(feature = "mains") || !matches!(opcode, MainAddress::OPCODE))
    }

    #[cfg(feature = "mains")]
    fn main_address(&mut self, _: &mut Caller<'_, '_>, message: MainAddress<'_>) {
        self.client.hear_of_main(&message);
    }

    #[cfg(not(feature = "mains"))]
    fn main_address(&mut self, _: &mut Caller<'_, '_>, _: MainAddress<'_>) {}

    #[cfg(feature = "moving")]
    fn moved(&mut self, caller: &mut Caller<'_, '_>, message: Moved<'_>) {
        self.client.moved(caller, &message);
    }

    // Its world's goodbye says so as well.
    #[cfg(not(feature = "moving"))]
    fn moved(&mut self, _: &mut Caller<'_, '_>, _: Moved<'_>) {}

    fn chat_broadcast(&mut self, _: &mut Caller<'_, '_>, message: ChatBroadcast<'_>) {
        self.tell_chat(ChatEvent::Said(message));
    }

    fn chat_joined(&mut self, _: &mut Caller<'_, '_>, message: ChatJoined<'_>) {
        self.tell_chat(ChatEvent::Joined(message));
    }

    fn chat_left(&mut self, _: &mut Caller<'_, '_>, message: ChatLeft<'_>) {
        self.tell_chat(ChatEvent::Left(message));
    }

    fn chat_refused(&mut self, _: &mut Caller<'_, '_>, message: ChatRefused<'_>) {
        self.tell_chat(ChatEvent::Refused(message));
    }

    fn chat_past(&mut self, _: &mut Caller<'_, '_>, message: ChatPast<'_>) {
        self.tell_chat(ChatEvent::Past(message));
    }

    fn chat_past_end(&mut self, _: &mut Caller<'_, '_>, message: ChatPastEnd<'_>) {
        self.tell_chat(ChatEvent::PastEnd(message));
    }

    fn chat_gap(&mut self, _: &mut Caller<'_, '_>, message: ChatGap<'_>) {
        self.tell_chat(ChatEvent::Gap(message));
    }

    fn chat_entered(&mut self, _: &mut Caller<'_, '_>, message: ChatEntered<'_>) {
        self.tell_chat(ChatEvent::Entered(message));
    }

    fn chat_exited(&mut self, _: &mut Caller<'_, '_>, message: ChatExited<'_>) {
        self.tell_chat(ChatEvent::Exited(message));
    }

    fn chat_census(&mut self, _: &mut Caller<'_, '_>, message: ChatCensus<'_>) {
        self.tell_chat(ChatEvent::Census(message));
    }

    fn chat_members(&mut self, _: &mut Caller<'_, '_>, message: ChatMembers<'_>) {
        self.tell_chat(ChatEvent::Members(&message));
    }

    fn room_page(&mut self, _: &mut Caller<'_, '_>, message: RoomPage<'_>) {
        self.tell(ClientEvent::Rooms(&message));
    }

    fn announced(&mut self, _: &mut Caller<'_, '_>, message: Announced<'_>) {
        self.tell(ClientEvent::Announced(message.text.as_str()));
    }
}

impl<H: ClientHandler> world_to_client::Stub<Caller<'_, '_>> for Inbound<'_, H> {
    #[inline(always)]
    fn hears(&self, opcode: Opcode) -> bool {
        cfg!(feature = "asks") || !matches!(opcode, GameAsks::OPCODE | GameAnswers::OPCODE)
    }

    fn join_ok(&mut self, caller: &mut Caller<'_, '_>, message: JoinOk) {
        self.client.joined(caller, message.room_id);
        self.client.is_resuming = message.is_returned;
        self.tell(ClientEvent::Joined(message));
    }

    fn join_denied(&mut self, _: &mut Caller<'_, '_>, message: JoinDenied<'_>) {
        self.client.join_denied(message.reason);
        self.tell(ClientEvent::JoinDenied(message));
    }

    fn member_name(&mut self, _: &mut Caller<'_, '_>, message: MemberName<'_>) {
        self.tell(ClientEvent::Named(message));
    }

    fn user_entered(&mut self, _: &mut Caller<'_, '_>, message: UserEntered) {
        self.tell(ClientEvent::Entered(message.member));
    }

    fn user_left(&mut self, _: &mut Caller<'_, '_>, message: UserLeft) {
        self.tell(ClientEvent::Left(message.number));
    }

    fn user_away(&mut self, _: &mut Caller<'_, '_>, message: UserAway) {
        self.tell(ClientEvent::Away(message.number));
    }

    fn user_back(&mut self, _: &mut Caller<'_, '_>, message: UserBack) {
        self.tell(ClientEvent::Back(message.number));
    }

    fn thing_put(&mut self, _: &mut Caller<'_, '_>, message: ThingPut<'_>) {
        self.tell(ClientEvent::State(StateEvent::Put(message)));
    }

    fn thing_removed(&mut self, _: &mut Caller<'_, '_>, message: ThingRemoved) {
        self.tell(ClientEvent::State(StateEvent::Removed(message.id)));
    }

    fn member_extra(&mut self, _: &mut Caller<'_, '_>, message: MemberExtra<'_>) {
        self.tell(ClientEvent::State(StateEvent::Member(message)));
    }

    fn state_complete(&mut self, _: &mut Caller<'_, '_>, _: StateComplete) {
        self.tell(ClientEvent::State(StateEvent::Complete));
    }

    #[inline]
    fn move_broadcast(&mut self, _: &mut Caller<'_, '_>, message: MoveBroadcast) {
        self.tell(ClientEvent::Moved(message));
    }

    #[inline]
    fn event_broadcast(&mut self, _: &mut Caller<'_, '_>, message: EventBroadcast<'_>) {
        self.tell(ClientEvent::Said(message));
    }

    fn event_refused(&mut self, _: &mut Caller<'_, '_>, message: EventRefused) {
        let EventRefused { request, reason } = message;
        self.tell(ClientEvent::EventRefused { request, reason });
    }

    fn input_ack(&mut self, _: &mut Caller<'_, '_>, message: InputAck) {
        self.tell(ClientEvent::InputAck(message));
    }

    fn game_answers(&mut self, caller: &mut Caller<'_, '_>, message: GameAnswers<'_>) {
        #[cfg(feature = "asks")]
        self.client.answered(self.handler, &mut caller.context(), message);
        // Nobody has asked.
        #[cfg(not(feature = "asks"))]
        let _ = (caller, message);
    }

    fn game_asks(&mut self, _: &mut Caller<'_, '_>, message: GameAsks<'_>) {
        let question = frame_of(GAME.server_to_client, message.kind, message.data);
        self.tell(ClientEvent::Asked { ask: message.number, question });
    }

    fn room_snapshot(&mut self, _: &mut Caller<'_, '_>, message: RoomSnapshot) {
        if core::mem::take(&mut self.client.is_resuming) {
            self.tell(ClientEvent::Resumed { missed_events: message.missed_events });
        }
        self.tell(ClientEvent::Snapshot(&message));
    }
}
