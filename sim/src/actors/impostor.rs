//! `Impostor`: somebody who has stolen keys of servers, and shows them as another server than theirs.
//!
//! It knows the protocol, and whatever its [`Loot`] opens; what does not open with that is to stay closed.

use tinyrealm_core::node::cluster::{ClusterKeys, ClusterSecrets, Dialer, Heard as Proof, ONLY_ID};
use tinyrealm_core::node::{Caller, Context};
use tinyrealm_core::protocol::main_to_world::Registered;
use tinyrealm_core::protocol::world_to_main::RegisterWorld;
use tinyrealm_core::protocol::{Dispatched, ErrorCode, ServerKind, Text, Uid, Versions, WorldId};
use tinyrealm_core::session::manager::Farewell;
use tinyrealm_core::session::{LinkTag, SessionKey};
use tinyrealm_core::wire::Frame;

use super::player::Ears;
use crate::ids::HostId;
use crate::journal::Heard;

/// Whose key it is: the kind and the id of a server that is not Main.
pub(crate) type KeyName = (ServerKind, u16);

/// What a thief has got.
#[derive(Clone, Debug)]
pub(crate) enum Loot {
    /// The keys of one server.
    Keys(ClusterKeys),
    /// What all keys are made of.
    Secrets(Box<ClusterSecrets>),
}

impl Loot {
    /// What it shows where the keys of `name` are wanted.
    pub(crate) fn keys(&self, (kind, id): KeyName) -> ClusterKeys {
        match self {
            Self::Keys(keys) => keys.clone(),
            Self::Secrets(secrets) => secrets.keys_of(kind, id),
        }
    }
}

/// What an impostor says that it is, and to whom.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Claim {
    MainAtChat,
    MainAtLogin,
    /// The world of this id, at this Main.
    WorldAtMain(usize, u16),
    /// The world of this id, at this Main, where it registers as the next one.
    OtherWorldAtMain(usize, u16),
}

impl Claim {
    pub(crate) const fn server(self) -> HostId {
        match self {
            Self::MainAtChat => HostId::CHAT,
            Self::MainAtLogin => HostId::LOGIN,
            Self::WorldAtMain(main, _) | Self::OtherWorldAtMain(main, _) => HostId::main(main),
        }
    }

    /// What it is, what the other one is, and which one the end is that is not Main.
    const fn link(self) -> (ServerKind, ServerKind, u16) {
        match self {
            Self::MainAtChat => (ServerKind::MAIN, ServerKind::CHAT, ONLY_ID),
            Self::MainAtLogin => (ServerKind::MAIN, ServerKind::LOGIN, ONLY_ID),
            Self::WorldAtMain(_, id) | Self::OtherWorldAtMain(_, id) => {
                (ServerKind::WORLD, ServerKind::MAIN, id)
            }
        }
    }

    /// Whose key would open it.
    pub(crate) const fn needs(self) -> KeyName {
        let (own, peer, id) = self.link();
        (if own.0 == ServerKind::MAIN.0 { peer } else { own }, id)
    }

    /// As what it registers, though its key is that of another one.
    const fn pretends(self) -> Option<WorldId> {
        match self {
            Self::OtherWorldAtMain(_, id) => Some(WorldId(id + 1)),
            _ => None,
        }
    }
}

/// One dishonest server; see the [module](self).
#[derive(Debug)]
pub(crate) struct Impostor<'j> {
    claim: Claim,
    dialer: Dialer,
    has_proven: bool,
    keys: ClusterKeys,
    pub(crate) address: String,
    ears: Ears<'j>,
    session: SessionKey,
}

impl<'j> Impostor<'j> {
    pub(crate) fn new(claim: Claim, loot: &Loot, ears: Ears<'j>) -> Self {
        let (own, peer, id) = claim.link();
        let (address, session) = (claim.server().address(), SessionKey::DANGLING);
        let (dialer, keys) = (Dialer::new(own, peer, id), loot.keys(claim.needs()));
        Self { claim, dialer, has_proven: false, keys, address, ears, session }
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
        self.dialer.begin(&self.keys, cx, key);
    }

    pub(crate) fn on_frame(&mut self, caller: &mut Caller<'_, '_>, frame: Frame<'_>) -> Dispatched {
        if self.has_proven {
            if frame.opcode == Registered::OPCODE {
                self.is_believed();
            }
            return Dispatched::Handled;
        }
        match self.dialer.hear(&self.keys, caller, frame) {
            Proof::Proven(_) => {
                self.has_proven = true;
                self.go_on(caller);
                Dispatched::Handled
            }
            Proof::Pending(dispatched) => dispatched,
        }
    }

    fn is_believed(&self) {
        self.ears.note(Heard::Welcome(Uid::NOBODY));
    }

    /// Its proof was taken.
    fn go_on(&self, caller: &mut Caller<'_, '_>) {
        let Some(world_id) = self.claim.pretends() else { return self.is_believed() };
        let register = RegisterWorld {
            versions: Versions::OURS,
            world_id,
            region: Text::EMPTY,
            capacity: 8,
            addr: Text::truncated("host-0:7000"),
            fingerprint: 0,
            rooms: 0,
            is_sealing: false,
        };
        caller.sessions.send_or_close(caller.now, caller.key, &register);
    }
}
