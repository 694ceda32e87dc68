//! `Ticket`: what Main has given a client for a world.
//!
//! Contract: it lets its client in once. What only sealed links need is not kept without the cargo feature `sealed-clients`.

use crate::protocol::HandshakeKey;
#[cfg(feature = "sealed-clients")]
use crate::protocol::KeyId;
use crate::protocol::main_to_client::EnterWorldAck;

/// What Main has given for the world.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) handshake_key: HandshakeKey,
    #[cfg(feature = "sealed-clients")]
    pub(super) key_id: KeyId,
    /// Whether the world takes sealed links.
    #[cfg(feature = "sealed-clients")]
    pub(super) is_sealing: bool,
}

impl Ticket {
    pub(super) const NONE: Self = Self {
        handshake_key: HandshakeKey([0; 32]),
        #[cfg(feature = "sealed-clients")]
        key_id: KeyId([0; 8]),
        #[cfg(feature = "sealed-clients")]
        is_sealing: false,
    };

    pub(super) const fn of(message: &EnterWorldAck<'_>) -> Self {
        Self {
            handshake_key: message.handshake_key,
            #[cfg(feature = "sealed-clients")]
            key_id: message.key_id,
            #[cfg(feature = "sealed-clients")]
            is_sealing: message.is_sealing,
        }
    }
}
