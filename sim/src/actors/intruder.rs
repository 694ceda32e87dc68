//! `Intruder`: somebody who goes to a world past Main, with a key that is old, wrong or stolen.
//!
//! If the world lets it in (a stolen key is as good as its owner's, once), it listens until it is
//! shown out.

use tinyrealm_core::node::client::ClientEvent;
use tinyrealm_core::node::{Caller, Context};
use tinyrealm_core::protocol::ErrorCode;
use tinyrealm_core::protocol::Versions;
use tinyrealm_core::protocol::client_to_world::{Event, Join};
use tinyrealm_core::protocol::world_to_client::{
    self, EventBroadcast, EventRefused, GameAnswers, GameAsks, InputAck, JoinDenied, JoinOk,
    MemberExtra, MemberName, MoveBroadcast, RoomSnapshot, StateComplete, Stub, ThingPut,
    ThingRemoved, UserAway, UserBack, UserEntered, UserLeft,
};
use tinyrealm_core::protocol::{Dispatched, HandshakeKey, Uid};
use tinyrealm_core::session::manager::{Ended, Farewell};
use tinyrealm_core::session::{LinkTag, SessionKey, Trust};
use tinyrealm_core::wire::Frame;

use super::player::Ears;
use crate::ids::HostId;
use crate::journal::Heard;

/// One dishonest client; see the [module](self).
#[derive(Debug)]
pub(crate) struct Intruder<'j> {
    pub(crate) uid: Uid,
    pub(crate) handshake_key: HandshakeKey,
    pub(crate) address: String,
    pub(crate) ears: Ears<'j>,
    session: SessionKey,
}

impl<'j> Intruder<'j> {
    pub(crate) fn new(uid: Uid, key: HandshakeKey, world: HostId, ears: Ears<'j>) -> Self {
        let (address, session) = (world.address(), SessionKey::DANGLING);
        Self { uid, handshake_key: key, address, ears, session }
    }

    pub(crate) fn start(&mut self, cx: &mut Context<'_, '_>) {
        if let Ok(key) = cx.sessions.connect(cx.now, LinkTag::default()) {
            self.session = key;
        }
    }

    pub(crate) fn stop(&mut self, cx: &mut Context<'_, '_>) {
        cx.sessions.close(cx.now, self.session, Farewell::Bye(ErrorCode::GOODBYE));
    }

    pub(crate) fn on_connected(&mut self, cx: &mut Context<'_, '_>, key: SessionKey) {
        let join = Join {
            versions: Versions::OURS,
            uid: self.uid,
            handshake_key: Some(self.handshake_key),
            fingerprint: 0,
        };
        cx.sessions.send_or_close(cx.now, key, &join);
    }

    pub(crate) fn on_frame(&mut self, caller: &mut Caller<'_, '_>, frame: Frame<'_>) -> Dispatched {
        world_to_client::dispatch(self, caller, frame)
    }

    pub(crate) fn on_ended(&mut self, ended: Ended) {
        self.ears.note(Heard::WorldLost(ended.reason));
    }
}

impl Stub<Caller<'_, '_>> for Intruder<'_> {
    fn join_ok(&mut self, caller: &mut Caller<'_, '_>, message: JoinOk) {
        caller.sessions.prove(caller.now, caller.key, Trust::Server);
        self.ears.is_user(self.uid);
        self.ears.note_room(&ClientEvent::Joined(message));
    }

    fn join_denied(&mut self, _: &mut Caller<'_, '_>, message: JoinDenied<'_>) {
        self.ears.note(Heard::JoinDenied(message.reason));
    }

    fn user_entered(&mut self, _: &mut Caller<'_, '_>, message: UserEntered) {
        self.ears.note_room(&ClientEvent::Entered(message.member));
    }

    fn user_left(&mut self, _: &mut Caller<'_, '_>, message: UserLeft) {
        self.ears.note_room(&ClientEvent::Left(message.number));
    }

    fn move_broadcast(&mut self, _: &mut Caller<'_, '_>, message: MoveBroadcast) {
        self.ears.note_room(&ClientEvent::Moved(message));
    }

    fn event_broadcast(&mut self, _: &mut Caller<'_, '_>, message: EventBroadcast<'_>) {
        self.ears.note_room(&ClientEvent::Said(message));
    }

    fn room_snapshot(&mut self, _: &mut Caller<'_, '_>, message: RoomSnapshot) {
        self.ears.note_room(&ClientEvent::Snapshot(&message));
    }

    fn user_away(&mut self, _: &mut Caller<'_, '_>, message: UserAway) {
        self.ears.note_room(&ClientEvent::Away(message.number));
    }

    fn input_ack(&mut self, _: &mut Caller<'_, '_>, _: InputAck) {}

    fn game_answers(&mut self, _: &mut Caller<'_, '_>, _: GameAnswers<'_>) {}

    fn game_asks(&mut self, _: &mut Caller<'_, '_>, _: GameAsks<'_>) {}

    fn user_back(&mut self, _: &mut Caller<'_, '_>, message: UserBack) {
        self.ears.note_room(&ClientEvent::Back(message.number));
    }

    fn member_name(&mut self, _: &mut Caller<'_, '_>, _: MemberName<'_>) {}

    fn thing_put(&mut self, _: &mut Caller<'_, '_>, _: ThingPut<'_>) {}

    fn thing_removed(&mut self, _: &mut Caller<'_, '_>, _: ThingRemoved) {}

    fn member_extra(&mut self, _: &mut Caller<'_, '_>, _: MemberExtra<'_>) {}

    fn state_complete(&mut self, _: &mut Caller<'_, '_>, _: StateComplete) {}

    fn event_refused(&mut self, _: &mut Caller<'_, '_>, message: EventRefused) {
        self.ears.note(Heard::Refused(message.reason, Event::OPCODE.0));
    }
}
