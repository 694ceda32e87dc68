//! What a client hears: the receiving ends of its links.

use super::machine::{LOGIN_LINK, MAIN_LINK, RealmClient};
use super::{ChatEvent, ClientEvent, ClientHandler};
use crate::node::Caller;
use crate::protocol::Dispatched;
use crate::protocol::login_to_client::{self, LoginAck, LoginDenied};
use crate::protocol::main_to_client::{
    self, ChatBroadcast, ChatCensus, ChatEntered, ChatExited, ChatGap, ChatJoined, ChatLeft,
    ChatMembers, ChatPast, ChatPastEnd, ChatRefused, EnterWorldAck, Welcome,
};
use crate::protocol::world_to_client::{
    self, EventBroadcast, JoinDenied, JoinOk, MoveBroadcast, RoomSnapshot, UserEntered, UserLeft,
};
use crate::wire::Frame;

impl RealmClient {
    /// A frame has come for it.
    pub fn on_frame<'a>(
        &mut self,
        handler: &mut impl ClientHandler,
        caller: &mut Caller<'_, 'a>,
        frame: Frame<'_>,
    ) -> Dispatched {
        let link = caller.tag.kind;
        let mut inbound = Inbound { client: self, handler };
        match link {
            MAIN_LINK => main_to_client::dispatch(&mut inbound, caller, frame),
            LOGIN_LINK => login_to_client::dispatch(&mut inbound, caller, frame),
            _ => world_to_client::dispatch(&mut inbound, caller, frame),
        }
    }
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
}

impl<H: ClientHandler> login_to_client::Stub<Caller<'_, '_>> for Inbound<'_, H> {
    fn login_ack(&mut self, caller: &mut Caller<'_, '_>, message: LoginAck) {
        self.client.logged_in(caller, message.token);
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
        let EnterWorldAck { world_addr, handshake_key } = message;
        self.client.sent_to_world(caller, world_addr.as_str(), handshake_key);
    }

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
        self.tell_chat(ChatEvent::Members(message));
    }
}

impl<H: ClientHandler> world_to_client::Stub<Caller<'_, '_>> for Inbound<'_, H> {
    fn join_ok(&mut self, caller: &mut Caller<'_, '_>, message: JoinOk) {
        self.client.joined(caller, message.room_id);
        self.tell(ClientEvent::Joined(message));
    }

    /// The world closes behind it, and the client asks Main again.
    fn join_denied(&mut self, _: &mut Caller<'_, '_>, message: JoinDenied) {
        self.tell(ClientEvent::JoinDenied(message.reason));
    }

    fn user_entered(&mut self, _: &mut Caller<'_, '_>, message: UserEntered) {
        self.tell(ClientEvent::Entered(message.member));
    }

    fn user_left(&mut self, _: &mut Caller<'_, '_>, message: UserLeft) {
        self.tell(ClientEvent::Left(message.uid));
    }

    #[inline]
    fn move_broadcast(&mut self, _: &mut Caller<'_, '_>, message: MoveBroadcast) {
        self.tell(ClientEvent::Moved(message.member));
    }

    #[inline]
    fn event_broadcast(&mut self, _: &mut Caller<'_, '_>, message: EventBroadcast<'_>) {
        let EventBroadcast { uid, kind, data } = message;
        self.tell(ClientEvent::Said { uid, kind, data });
    }

    fn room_snapshot(&mut self, _: &mut Caller<'_, '_>, message: RoomSnapshot) {
        self.tell(ClientEvent::Snapshot(&message));
    }
}
