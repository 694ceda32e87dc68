//! What a client says first on its links: to Main who it is, to a world that it comes from there.

use super::machine::RealmClient;
use crate::node::Context;
use crate::protocol::client_to_main::Hello;
use crate::protocol::client_to_world::Join;
use crate::protocol::{HandshakeKey, Text, Versions};

impl RealmClient {
    pub(super) fn greet(&self, cx: &mut Context<'_, '_>) {
        let hello = Hello {
            versions: Versions::OURS,
            token: self.token,
            nickname: Text::truncated(&self.config.nickname),
        };
        cx.sessions.send_or_close(cx.now, self.main_session, &hello);
    }

    /// Without a key on a link that is sealed with it.
    pub(super) fn join(&self, cx: &mut Context<'_, '_>, handshake_key: Option<HandshakeKey>) {
        let join = Join {
            versions: Versions::OURS,
            uid: self.uid,
            handshake_key,
            fingerprint: self.config.fingerprint,
        };
        cx.sessions.send_or_close(cx.now, self.world_session, &join);
    }
}
