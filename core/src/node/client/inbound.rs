//! What a client hears: the receiving ends of its links.

use super::machine::{LOGIN_LINK, MAIN_LINK, RealmClient};
use super::{ClientEvent, ClientHandler};
use crate::node::Caller;
use crate::protocol::Dispatched;
use crate::protocol::login_to_client::{self, LoginAck, LoginDenied};
use crate::protocol::main_to_client::{self, ChatBroadcast, EnterWorldAck, Welcome};
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
struct Inbound<'i, H> {
    client: &'i mut RealmClient,
    handler: &'i mut H,
}

impl<H: ClientHandler> Inbound<'_, H> {
    fn tell(&mut self, event: ClientEvent<'_>) {
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

    /// This client has joined no channel, so there is nothing to hear.
    fn chat_broadcast(&mut self, _: &mut Caller<'_, '_>, _: ChatBroadcast<'_>) {}
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
