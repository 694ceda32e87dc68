//! `Secrets`: which of the cluster's secrets each server has, while one is exchanged for the next.
//!
//! ```text
//!   Former: the old one ── first round ──► Both: the new one, and the old one ── second round ──► Newest
//! ```
//! Contract: a server reads its secrets when it starts. The second round begins when all have been started with
//! both: so any two servers have one in common, at any time.

use tinyrealm_core::node::cluster::{ClusterSecret, ClusterSecrets, Way};

use crate::ids::{HostId, SERVERS};
use crate::layout::Layout;
use crate::settings::Sabotage;

/// Which secrets count for a server.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Stage {
    Former,
    Both,
    Newest,
}

fn secret_of(byte: u8) -> ClusterSecret {
    ClusterSecret::new(&[byte; 32]).expect("32 bytes")
}

/// What counted before the exchange.
pub(crate) fn former_secrets() -> ClusterSecrets {
    ClusterSecrets::of(secret_of(7))
}

/// The servers' secrets; see the [module](self).
pub(crate) struct Secrets {
    layout: Layout,
    sabotage: Sabotage,
    /// What a server is given with its next start,
    pub(crate) given: [Stage; SERVERS],
    /// and what it was started with the last time.
    held: [Stage; SERVERS],
}

impl Secrets {
    pub(crate) const fn new(layout: Layout, sabotage: Sabotage) -> Self {
        Self { layout, sabotage, given: [Stage::Former; SERVERS], held: [Stage::Former; SERVERS] }
    }

    /// A server starts with what it is given.
    pub(crate) fn start(&mut self, host: HostId) {
        let number = usize::from(host.0);
        self.held[number] = self.given[number];
    }

    pub(crate) fn held(&self, host: HostId) -> Stage {
        self.held[usize::from(host.0)]
    }

    /// Whether every server was started with these, or with later ones.
    pub(crate) fn all_hold(&self, stage: Stage) -> bool {
        self.layout.servers().all(|host| self.held(host) >= stage)
    }

    /// What counts for a server.
    pub(crate) fn of(&self, host: HostId) -> ClusterSecrets {
        let secrets = self.sealing_of(host);
        if self.sabotage == Sabotage::UnsealedLinks { secrets.on(Way::Clear) } else { secrets }
    }

    fn sealing_of(&self, host: HostId) -> ClusterSecrets {
        let newest = ClusterSecrets::of(secret_of(8));
        match self.held(host) {
            Stage::Former => former_secrets(),
            Stage::Both if self.sabotage == Sabotage::UnsharedSecret => newest,
            Stage::Newest if self.sabotage != Sabotage::KeptSecret => newest,
            Stage::Both | Stage::Newest => newest.with_former(secret_of(7)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_has_what_it_was_started_with() {
        let mut secrets = Secrets::new(Layout::Apart, Sabotage::Nothing);
        secrets.given[usize::from(HostId::CHAT.0)] = Stage::Both;
        assert_eq!(secrets.held(HostId::CHAT), Stage::Former);
        secrets.start(HostId::CHAT);
        assert_eq!(secrets.held(HostId::CHAT), Stage::Both);
        assert!(!secrets.all_hold(Stage::Both));
        secrets.given = [Stage::Both; SERVERS];
        Layout::Apart.servers().for_each(|host| secrets.start(host));
        assert!(secrets.all_hold(Stage::Both) && !secrets.all_hold(Stage::Newest));
    }
}
