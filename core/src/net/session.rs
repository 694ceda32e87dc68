//! `NetSession`, `NetConnector`: a connection as its user sees it.

use super::events::NetHandler;
use super::outbound::NetOutbound;
use super::url::UrlError;

/// A connection; see [the module](super).
pub trait NetSession: NetOutbound {
    /// A sending half that can be kept elsewhere; several proxies share a session by it.
    type Handle: NetOutbound + Clone;

    /// Another sending half.
    fn handle(&self) -> Self::Handle;

    /// Where it goes.
    fn url(&self) -> &str;

    /// What went wrong last, in words; empty if nothing did.
    fn last_error(&self) -> &str;

    /// Begins to connect, and returns. Nothing happens unless the session is idle or closed.
    fn connect(&mut self);

    /// Tells `handler` what has happened since the last tick, within the bounds of
    /// [the module](super), and answers how much that was.
    fn tick(&mut self, handler: &mut dyn NetHandler) -> usize;
}

/// Makes sessions.
pub trait NetConnector {
    /// The sessions that it makes.
    type Session: NetSession;

    /// A session for `url`, which has not begun to connect.
    ///
    /// # Errors
    /// What is wrong with the address.
    fn create_session(&self, url: &str) -> Result<Self::Session, UrlError>;
}
