//! `RealmMemory`: everything that a client of the realm borrows, as one value.
//!
//! Purpose: Login, Main, world and chat behind one `tick`, on any connector. A desktop puts it onto its
//! stack, a browser's module into a `static`.
//!
//! Bounds: three connections (Main and a world, and one while one of them is replaced), frames as the
//! servers have them by default, 10 KiB; with the feature `secure` 6 KiB more, for records of up to 1 KiB.
//!
//! ```no_run
//! # fn example<C: tinyrealm_core::net::NetConnector>(connector: C, turn: &mut tinyrealm_core::entropy::Turn<'_>) {
//! use tinyrealm_core::net::RealmMemory;
//! use tinyrealm_core::node::client::{ClientConfig, ClientEvent, ClientHandler};
//! struct Game;
//! impl ClientHandler for Game {
//!     fn on_event(&mut self, _: u16, event: ClientEvent<'_>) { /* draw it */ }
//! }
//! let mut memory = RealmMemory::NEW;
//! let main = "127.0.0.1:7000".try_into().unwrap();
//! let mut realm = memory.client(main, ClientConfig::DEFAULT, Game, (connector, "tcp"), turn);
//! loop {
//!     realm.tick(turn); // once a frame, with the time in `turn`
//! }
//! # }
//! ```

use super::node_driver::{DriverSlot, NodeDriver};
use super::session::{NetConnector, NetSession};
use crate::config::NetConfig;
use crate::entropy::Turn;
#[cfg(feature = "sealed-clients")]
use crate::node::NodeStorage;
use crate::node::client::{Client, ClientConfig, ClientHandler, client_timers};
use crate::node::{Node, NodeMemory, Role};
use crate::protocol::ADDRESS_MAX_BYTES;
#[cfg(feature = "sealed-clients")]
use crate::secure::RECORD_COST_BYTES;
#[cfg(feature = "sealed-clients")]
use crate::session::SealMemory;
use crate::wire::PacketHeader;

const SESSIONS: usize = 3;
/// A whole frame of the longest kind.
const BUFFER_BYTES: usize = NetConfig::SERVER.frame_limit_bytes as usize + PacketHeader::BYTES;
/// What both links may have queued.
const SEND_BUFFERS: usize = 2 * NetConfig::SERVER.send_buffers_per_session as usize;

type ClientNodeMemory = NodeMemory<
    SESSIONS,
    { SESSIONS + client_timers(1) },
    SESSIONS,
    { SESSIONS * BUFFER_BYTES },
    SEND_BUFFERS,
    { SEND_BUFFERS * BUFFER_BYTES },
    0,
>;

/// The longest record of a sealed link, without what it stands in.
#[cfg(feature = "sealed-clients")]
const RECORD_BYTES: usize = 1_024;
#[cfg(feature = "sealed-clients")]
type ClientSeals = SealMemory<
    SESSIONS,
    { SESSIONS * (RECORD_BYTES + RECORD_COST_BYTES) },
    { SESSIONS * (RECORD_BYTES + 2 * RECORD_COST_BYTES) },
>;

/// A client of the realm, running.
pub type RealmDriver<'a, H, C> = NodeDriver<'a, Client<H>, C>;

/// What a client of the realm borrows: its node, and where its connections are kept.
pub struct RealmMemory<S: NetSession> {
    node: ClientNodeMemory,
    #[cfg(feature = "sealed-clients")]
    seals: ClientSeals,
    slots: [DriverSlot<S>; SESSIONS],
}

impl<S: NetSession> RealmMemory<S> {
    /// Without connections.
    pub const NEW: Self = Self {
        node: NodeMemory::NEW,
        #[cfg(feature = "sealed-clients")]
        seals: ClientSeals::NEW,
        slots: [const { DriverSlot::VACANT }; SESSIONS],
    };

    /// A client that goes to the Main at `main_address` with the first tick. `network` is a connector
    /// and the scheme that it is to be asked for where an address has none: `tcp`, `tls`, `ws`, `wss`.
    pub fn client<H: ClientHandler, C: NetConnector<Session = S>>(
        &mut self,
        main_address: heapless::String<ADDRESS_MAX_BYTES>,
        config: ClientConfig,
        handler: H,
        network: (C, &'static str),
        turn: &mut Turn<'_>,
    ) -> RealmDriver<'_, H, C> {
        #[cfg(feature = "sealed-clients")]
        let config = ClientConfig { is_by_tls: matches!(network.1, "tls" | "wss"), ..config };
        let mut driver = self.drive(Client::new(main_address, config, handler), network, turn);
        driver.node_mut().act(turn, Client::start);
        driver
    }

    /// The same around a role of the caller's own, which has a [`RealmClient`] in it and starts it.
    ///
    /// [`RealmClient`]: crate::node::client::RealmClient
    pub fn drive<'m, R: Role<'m>, C: NetConnector<Session = S>>(
        &'m mut self,
        role: R,
        network: (C, &'static str),
        turn: &mut Turn<'_>,
    ) -> NodeDriver<'m, R, C> {
        let storage = self.node.storage();
        #[cfg(feature = "sealed-clients")]
        let storage = NodeStorage { seals: self.seals.storage(), ..storage };
        // A client's connections are its own: nobody connects to it.
        let node = Node::new(storage, NetConfig::SERVER, role, turn);
        let (connector, scheme) = network;
        NodeDriver::new(node, &mut self.slots, connector, scheme)
    }
}
