//! `Tickets`: by which key somebody has come into a world, in clear or by a link that is sealed with it.
//!
//! Invariant: a key admits once, and nobody but the user whom Main has told it, or whose it is said to be in clear.

use std::collections::{HashMap, HashSet};

use tinyrealm_core::protocol::client_to_listener::SecureClient;
use tinyrealm_core::protocol::client_to_world::Join;
use tinyrealm_core::protocol::{HandshakeKey, KeyId, Token, Uid, decode};
use tinyrealm_core::wire::NetFrameV1;

use crate::broken::{Broken, ensure};
use crate::ids::{ConnectionId, Side};
use crate::network::Network;
use crate::opening::first_body;

/// Every key that Main has ever told; see the [module](self).
#[derive(Default)]
pub(crate) struct Tickets {
    admitted: HashSet<[u8; 32]>,
    /// By handshake key: whose token Main had welcomed when it told the key.
    tokens: HashMap<[u8; 32], Option<Token>>,
    /// By what a ticket is called: whom Main has told of it, and its key.
    keys: HashMap<[u8; 8], (Option<Uid>, HandshakeKey)>,
}

impl Tickets {
    /// Main has told somebody, whose token it had welcomed, this key.
    pub(crate) fn sent(
        &mut self,
        uid: Option<Uid>,
        (key_id, key): (KeyId, HandshakeKey),
        token: Option<Token>,
    ) {
        self.tokens.insert(key.0, token);
        self.keys.insert(key_id.0, (uid, key));
    }

    /// Somebody is in who has begun so: with which login Main has sent it.
    pub(super) fn admit(&mut self, opening: &[u8], uid: Uid) -> Result<Option<Token>, Broken> {
        let body = first_body(opening).unwrap_or_default();
        let Some(key) = self.key_shown(&body, uid) else {
            let said = NetFrameV1::parse(&body).map(|frame| frame.opcode);
            return Err(Broken::new("a uid is admitted by its own key", format!("{said:?}")));
        };
        ensure(self.admitted.insert(key.0), "a key admits once", || format!("{uid:?}"))?;
        Ok(self.tokens.get(&key.0).copied().flatten())
    }

    /// The key that was shown on this connection.
    pub(crate) fn key_of(
        &self,
        network: &Network,
        connection: ConnectionId,
        uid: Uid,
    ) -> Option<HandshakeKey> {
        let body = first_body(network.opening(connection, Side::Dialer))?;
        self.key_shown(&body, uid)
    }

    fn key_shown(&self, body: &[u8], uid: Uid) -> Option<HandshakeKey> {
        let frame = NetFrameV1::parse(body)?;
        match frame.opcode {
            Join::OPCODE => {
                let join: Join = decode(frame.payload)?;
                join.handshake_key.filter(|_| join.uid == uid)
            }
            SecureClient::OPCODE => {
                let hello: SecureClient = decode(frame.payload)?;
                let (owner, key) = self.keys.get(&hello.key_id.0)?;
                (*owner == Some(uid)).then_some(*key)
            }
            _ => None,
        }
    }
}
