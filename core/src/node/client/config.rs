//! How a client is to behave.

#[cfg(feature = "sealed-clients")]
use crate::node::device_key::DeviceKey;
#[cfg(feature = "rooms")]
use crate::protocol::OwnedWish;
use crate::protocol::{NICKNAME_MAX_BYTES, REGION_MAX_BYTES, Wish};
use crate::wire::Framing;

/// A client's own settings.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// The region whose worlds it wants; empty for any.
    pub region: heapless::String<REGION_MAX_BYTES>,
    /// What it wants to be called; empty for nothing.
    pub nickname: heapless::String<NICKNAME_MAX_BYTES>,
    /// The room that it wants.
    #[cfg(feature = "rooms")]
    pub wish: OwnedWish,
    /// Whether it needs a token of Login before it says hello; its handler has the credentials.
    pub has_account: bool,
    /// The game that it was made for, by its fingerprint: a world that plays another version does not let it
    /// in. 0: any.
    pub fingerprint: u32,
    /// How its frames are to stand on each of its connections.
    pub framing: Framing,
    /// Whether TLS seals what it says to Main: then so it does with a world whose address names no scheme.
    #[cfg(feature = "sealed-clients")]
    pub is_by_tls: bool,
    /// The key of this device, if it has an account by it: its link to Main is sealed with that where TLS does not.
    #[cfg(feature = "sealed-clients")]
    pub device_key: Option<DeviceKey>,
    /// The first wait before another attempt.
    pub reconnect_first_ms: u32,
    /// The longest wait before another attempt.
    pub reconnect_most_ms: u32,
}

impl ClientConfig {
    /// A guest, any region, streams, and 0.2 to 5 seconds between attempts.
    pub const DEFAULT: Self = Self {
        region: heapless::String::new(),
        nickname: heapless::String::new(),
        #[cfg(feature = "rooms")]
        wish: OwnedWish::ANY,
        has_account: false,
        fingerprint: 0,
        framing: Framing::Stream,
        #[cfg(feature = "sealed-clients")]
        is_by_tls: false,
        #[cfg(feature = "sealed-clients")]
        device_key: None,
        reconnect_first_ms: 200,
        reconnect_most_ms: 5_000,
    };

    /// Whether its account is a device's, which comes in by its key as often as it is let in.
    pub(super) const fn has_device_key(&self) -> bool {
        #[cfg(feature = "sealed-clients")]
        return self.device_key.is_some();
        #[cfg(not(feature = "sealed-clients"))]
        false
    }

    /// The room that it wants; without the cargo feature `rooms`, any.
    pub(super) fn wish(&self) -> Wish<'_> {
        #[cfg(feature = "rooms")]
        return self.wish.as_wish();
        #[cfg(not(feature = "rooms"))]
        Wish::ANY
    }

    /// The same for a client of the game with this [`Game::FINGERPRINT`](crate::node::world::Game::FINGERPRINT).
    #[must_use]
    pub fn with_game(self, fingerprint: u32) -> Self {
        Self { fingerprint, ..self }
    }
}
