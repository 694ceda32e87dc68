//! What a client does with the list of Mains that it is told.
//!
//! Contract: the list is nothing that its handler hears of: the client goes by it when it loses its Main.

use super::machine::RealmClient;
use crate::protocol::main_to_client::MainAddress;

impl RealmClient {
    /// Main tells of one of the realm's Mains.
    pub(super) fn hear_of_main(&mut self, message: &MainAddress<'_>) {
        let is_by_tls = self.is_by_tls();
        self.mains.hear(message, is_by_tls);
    }

    const fn is_by_tls(&self) -> bool {
        #[cfg(feature = "sealed-clients")]
        return self.config.is_by_tls;
        #[cfg(not(feature = "sealed-clients"))]
        false
    }
}
