//! `Impostor`: somebody who has stolen a world's key, and shows it as another server than that world.

use tinyrealm_core::node::cluster::{ClusterKeys, Dialer, Heard as Proof, ONLY_ID};
use tinyrealm_core::node::{Caller, Context};
use tinyrealm_core::protocol::{Dispatched, ErrorCode, ServerKind, Uid};
use tinyrealm_core::session::manager::Farewell;
use tinyrealm_core::session::{LinkTag, SessionKey};
use tinyrealm_core::wire::Frame;

use super::player::Ears;
use crate::ids::HostId;
use crate::journal::Heard;

/// What an impostor says that it is, and to whom.
#[derive(Copy, Clone, Debug)]
pub(crate) enum Claim {
    MainAtChat,
    MainAtLogin,
    /// The world of this number.
    WorldAtMain(usize, usize),
}

impl Claim {
    pub(crate) const fn server(self) -> HostId {
        match self {
            Self::MainAtChat => HostId::CHAT,
            Self::MainAtLogin => HostId::LOGIN,
            Self::WorldAtMain(main, _) => HostId::main(main),
        }
    }

    /// What it is, what the other one is, and which one the end is that is not Main.
    const fn link(self) -> (ServerKind, ServerKind, u16) {
        match self {
            Self::MainAtChat => (ServerKind::MAIN, ServerKind::CHAT, ONLY_ID),
            Self::MainAtLogin => (ServerKind::MAIN, ServerKind::LOGIN, ONLY_ID),
            Self::WorldAtMain(_, world) => (ServerKind::WORLD, ServerKind::MAIN, world as u16 + 1),
        }
    }

    /// Whose key would open it.
    pub(crate) const fn needs(self) -> (ServerKind, u16) {
        let (own, peer, id) = self.link();
        (if own.0 == ServerKind::MAIN.0 { peer } else { own }, id)
    }
}

/// One dishonest server; see the [module](self).
#[derive(Debug)]
pub(crate) struct Impostor<'j> {
    dialer: Dialer,
    keys: ClusterKeys,
    pub(crate) address: String,
    ears: Ears<'j>,
    session: SessionKey,
}

impl<'j> Impostor<'j> {
    pub(crate) fn new(claim: Claim, keys: ClusterKeys, ears: Ears<'j>) -> Self {
        let (own, peer, id) = claim.link();
        let (address, session) = (claim.server().address(), SessionKey::DANGLING);
        Self { dialer: Dialer::new(own, peer, id), keys, address, ears, session }
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
        self.dialer.begin(cx, key);
    }

    pub(crate) fn on_frame(&mut self, caller: &mut Caller<'_, '_>, frame: Frame<'_>) -> Dispatched {
        match self.dialer.hear(&self.keys, caller, frame) {
            Proof::Proven(_) => {
                self.ears.note(Heard::Welcome(Uid::NOBODY));
                Dispatched::Handled
            }
            Proof::Pending(dispatched) => dispatched,
        }
    }
}
