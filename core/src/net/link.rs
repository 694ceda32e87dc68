//! `NetLink` and `Attached`: what a generated proxy sends into, when it has a connection of its own
//! and when it shares one.
//!
//! The proxies' methods of the same names say what these do; here they are once, for all protocols.

use super::client::{NetClient, NetRuntime};
use super::events::NetEvents;
use super::outbound::{NetOutbound, NetState};
use super::session::{NetConnector, NetSession};
use super::url::UrlError;
use crate::protocol::{FrameSink, Message, SendError, encode_body};
use crate::wire::ws::CloseCode;

/// A session and whoever hears it, together; vacant at first.
///
/// Contract: whoever hears it is told of its end also when the link is dropped or connects anew.
#[derive(Debug)]
pub struct NetLink<S: NetSession, R: NetRuntime> {
    connected: Option<Connected<S, R>>,
    /// What was wrong with the address that was to be connected to last.
    address_error: Option<UrlError>,
}

#[derive(Debug)]
struct Connected<S, R> {
    session: S,
    client: NetClient<R>,
}

impl<S: NetSession, R: NetRuntime> Default for NetLink<S, R> {
    fn default() -> Self {
        Self { connected: None, address_error: None }
    }
}

impl<S: NetSession, R: NetRuntime> NetLink<S, R> {
    /// Begins to connect to `url`; `runtime` hears what comes. A connection that was there before is
    /// dropped.
    ///
    /// # Errors
    /// What is wrong with the address; nothing has changed then but [`NetLink::last_error`].
    pub fn connect<C>(&mut self, runtime: R, url: &str, connector: &C) -> Result<(), UrlError>
    where
        C: NetConnector<Session = S>,
    {
        let made = connector.create_session(url);
        self.address_error = made.as_ref().err().copied();
        let mut session = made?;
        self.drop_session();
        session.connect();
        self.connected = Some(Connected { session, client: NetClient::new(runtime) });
        Ok(())
    }

    /// Tells the runtime what has happened, and answers how much that was.
    pub fn tick(&mut self) -> usize {
        match &mut self.connected {
            Some(Connected { session, client }) => session.tick(client),
            None => 0,
        }
    }

    /// Asks for the end: `on_close` comes with a later tick.
    pub fn disconnect(&mut self) {
        if let Some(connected) = &mut self.connected {
            connected.session.close(CloseCode::NORMAL, "");
        }
    }

    /// Where the session is.
    pub fn state(&self) -> NetState {
        self.connected.as_ref().map_or(NetState::Idle, |connected| connected.session.state())
    }

    /// Where it goes; empty before the first `connect`.
    pub fn url(&self) -> &str {
        self.connected.as_ref().map_or("", |connected| connected.session.url())
    }

    /// What went wrong last, in words; empty if nothing did.
    pub fn last_error(&self) -> &str {
        if let Some(error) = self.address_error {
            return error.text();
        }
        self.connected.as_ref().map_or("", |connected| connected.session.last_error())
    }

    /// The session, to share it with other proxies.
    pub fn session(&self) -> Option<&S> {
        self.connected.as_ref().map(|connected| &connected.session)
    }

    /// Who hears it, and how much nobody knew.
    pub fn client(&self) -> Option<&NetClient<R>> {
        self.connected.as_ref().map(|connected| &connected.client)
    }

    /// Who hears it, to change.
    pub fn client_mut(&mut self) -> Option<&mut NetClient<R>> {
        self.connected.as_mut().map(|connected| &mut connected.client)
    }

    /// The session's own drop sees to its threads; here it is told that it is over.
    fn drop_session(&mut self) {
        if let Some(Connected { mut session, mut client }) = self.connected.take()
            && session.state() != NetState::Closed
        {
            session.close(CloseCode::GOING_AWAY, "");
            drop(session);
            client.on_close(CloseCode::GOING_AWAY, "dropped");
        }
    }
}

impl<S: NetSession, R: NetRuntime> Drop for NetLink<S, R> {
    fn drop(&mut self) {
        self.drop_session();
    }
}

impl<S: NetSession, R: NetRuntime> FrameSink for NetLink<S, R> {
    fn send<M: Message>(&mut self, message: &M) -> Result<(), SendError> {
        let connected = self.connected.as_mut().ok_or(SendError::Closed)?;
        connected.session.send_body(&|out| encode_body(message, out))
    }
}

/// The sending half of a session that somebody else ticks; vacant at first.
#[derive(Clone, Debug)]
pub struct Attached<H> {
    handle: Option<H>,
}

impl<H> Default for Attached<H> {
    fn default() -> Self {
        Self { handle: None }
    }
}

impl<H: NetOutbound> Attached<H> {
    /// Sends into this session from now on.
    pub fn attach_session<S: NetSession<Handle = H>>(&mut self, session: &S) {
        self.handle = Some(session.handle());
    }

    /// Where the session is.
    pub fn state(&self) -> NetState {
        self.handle.as_ref().map_or(NetState::Idle, H::state)
    }
}

impl<H: NetOutbound> FrameSink for Attached<H> {
    fn send<M: Message>(&mut self, message: &M) -> Result<(), SendError> {
        let handle = self.handle.as_mut().ok_or(SendError::Closed)?;
        handle.send_body(&|out| encode_body(message, out))
    }
}
