//! `Talker`: either end of a link between servers, and what it has heard there.

use tinyrealm_core::node::cluster::{
    ClusterKeys, ClusterSecret, ClusterSecrets, Dialer, Gate, Heard, Way,
};
use tinyrealm_core::node::{Caller, Context, Role};
use tinyrealm_core::protocol::{Dispatched, ServerKind};
use tinyrealm_core::session::manager::Ended;
use tinyrealm_core::session::{LinkTag, SessionKey, Trust};
use tinyrealm_core::wire::opcode::DIALER;
use tinyrealm_core::wire::{Frame, Opcode};

/// What both say.
const WORD: Opcode = Opcode(0x7001);
const WORLD_ID: u16 = 7;
const DIALED: LinkTag = LinkTag { kind: 1, index: 0 };
const PROVEN: LinkTag = LinkTag { kind: 2, index: 0 };

/// Who says something, by its place.
pub(super) const VOICES: [&str; 2] = ["the dialer", "the listener"];

/// The role; see the [module](self).
pub(super) struct Talker {
    gate: Gate<ClusterSecrets>,
    dialer: Dialer,
    keys: ClusterKeys,
    is_proven: bool,
    heard: Vec<Vec<u8>>,
}

impl Talker {
    pub(super) fn new() -> Self {
        let secret = ClusterSecret::new(&[9; 32]).expect("32 bytes");
        let secrets = ClusterSecrets::of(secret).on(Way::Sealed);
        Self {
            keys: secrets.keys_of(ServerKind::WORLD, WORLD_ID),
            gate: Gate::new(secrets, ServerKind::MAIN, ServerKind::WORLD),
            dialer: Dialer::new(ServerKind::WORLD, ServerKind::MAIN, WORLD_ID),
            is_proven: false,
            heard: Vec::new(),
        }
    }

    /// There is another connection.
    pub(super) fn begin(&mut self) {
        self.is_proven = false;
        self.heard.clear();
    }

    pub(super) fn dial(&mut self, cx: &mut Context<'_, '_>) -> Option<SessionKey> {
        cx.sessions.connect(cx.now, DIALED).ok()
    }

    /// Answers whether it has.
    pub(super) fn say(&self, cx: &mut Context<'_, '_>, key: SessionKey, text: &[u8]) -> bool {
        let frame = Frame { opcode: WORD, payload: text };
        self.is_proven && cx.sessions.send_frame(key, frame).is_ok()
    }

    pub(super) fn heard(&self) -> &[Vec<u8>] {
        &self.heard
    }

    pub(super) const fn is_proven(&self) -> bool {
        self.is_proven
    }
}

impl<'a> Role<'a> for Talker {
    fn own_links(&self) -> u16 {
        1
    }

    fn on_connected(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey) {
        self.dialer.begin(&self.keys, cx, key);
    }

    fn on_frame(&mut self, caller: &mut Caller<'_, 'a>, frame: Frame<'_>) -> Dispatched {
        let heard = match caller.tag {
            PROVEN if frame.opcode == WORD => {
                self.heard.push(frame.payload.to_vec());
                return Dispatched::Handled;
            }
            PROVEN => return Dispatched::Unknown,
            DIALED => self.dialer.hear(&self.keys, caller, frame),
            _ if DIALER.contains(frame.opcode) => self.gate.hear(caller, frame),
            _ => return Dispatched::Unknown,
        };
        if matches!(heard, Heard::Proven(WORLD_ID)) {
            self.is_proven = true;
            caller.sessions.prove(caller.now, caller.key, Trust::Server);
            caller.sessions.set_tag(caller.key, PROVEN);
        }
        heard.dispatched()
    }

    fn on_ended(&mut self, _: &mut Context<'_, 'a>, _: Ended) {}
}
