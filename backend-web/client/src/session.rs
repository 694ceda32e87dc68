//! `WebConnector` and `WebSession`: a network whose sockets the host has.
//!
//! Purpose: the realm's client is on it, and so is the proxy of any `protocol!`, which needs no realm:
//! `proxy.connect(stub, "ws://host:port", &WebConnector::new(&network))`, and `proxy.tick()` once the host has handed over.
//!
//! Contract: sessions hear in the order in which their sockets did. Who has several on one network ticks all of
//! them, and again while one of them has heard something: what one does not take the others wait behind.

use tinyrealm_core::net::{
    NetConnector, NetError, NetErrorKind, NetHandler, NetOutbound, NetSender, NetSession,
    NetSessionId, NetState, UrlError,
};
use tinyrealm_core::protocol::{ADDRESS_MAX_BYTES, Encode, SendError, Text, encode_body};
use tinyrealm_core::wire::ws::CloseCode;

use crate::messages::module_to_host::Disconnected;
use crate::messages::{CLOSE_REASON_MAX_BYTES, URL_MAX_BYTES};
use crate::network::{BODY_MAX_BYTES, HANDOVER_BYTES, Heard, WebNetwork};

/// The scheme of the connector's addresses. Whether it is to be `ws` or `wss` the host knows.
pub(crate) const SCHEME: &str = "ws";
const _: () = assert!(SCHEME.len() + "://".len() + ADDRESS_MAX_BYTES == URL_MAX_BYTES);
/// An opcode, two texts with their lengths, a code.
const DISCONNECTED_MAX_BYTES: usize = 4 + 1 + URL_MAX_BYTES + 3 + 1 + CLOSE_REASON_MAX_BYTES;

/// Makes sessions over the host's sockets.
#[derive(Copy, Clone, Debug)]
pub struct WebConnector<'n> {
    network: &'n WebNetwork,
}

impl<'n> WebConnector<'n> {
    /// A connector over `network`.
    pub const fn new(network: &'n WebNetwork) -> Self {
        Self { network }
    }
}

impl<'n> NetConnector for WebConnector<'n> {
    type Session = WebSession<'n>;

    fn create_session(&self, url: &str) -> Result<WebSession<'n>, UrlError> {
        let url = url.try_into().map_err(|_| UrlError::TooLong)?;
        // Without a socket there is nowhere to connect to.
        let socket = self.network.create().ok_or(UrlError::Host)?;
        let handle = WebHandle { network: self.network, socket };
        Ok(WebSession { handle, url, openings: 0, last_error: heapless::String::new() })
    }
}

/// The sending half of a session.
#[derive(Clone, Debug)]
pub struct WebHandle<'n> {
    network: &'n WebNetwork,
    socket: u16,
}

impl NetOutbound for WebHandle<'_> {
    fn session_id(&self) -> NetSessionId {
        NetSessionId(self.socket.into())
    }

    fn state(&self) -> NetState {
        self.network.state(self.socket)
    }

    fn send_body(&mut self, encode: Encode<'_>) -> Result<(), SendError> {
        let mut body = [0; BODY_MAX_BYTES];
        let bytes = encode(&mut body).map_err(|_| SendError::TooLong)?;
        self.network.send(self.socket, body.get(..bytes).unwrap_or_default())
    }

    fn close(&mut self, code: CloseCode, _: &str) {
        self.network.close(self.socket, code);
    }
}

/// One connection; its socket is let go when it is dropped.
#[derive(Debug)]
pub struct WebSession<'n> {
    handle: WebHandle<'n>,
    url: heapless::String<URL_MAX_BYTES>,
    /// Whether `on_open` was told, as a number: a bool would make a vacant slot of the driver something else than
    /// all-zero bits, and the module as long as its memory.
    openings: u8,
    last_error: heapless::String<CLOSE_REASON_MAX_BYTES>,
}

impl NetOutbound for WebSession<'_> {
    fn session_id(&self) -> NetSessionId {
        self.handle.session_id()
    }

    fn state(&self) -> NetState {
        self.handle.state()
    }

    fn send_body(&mut self, encode: Encode<'_>) -> Result<(), SendError> {
        self.handle.send_body(encode)
    }

    fn close(&mut self, code: CloseCode, reason: &str) {
        self.handle.close(code, reason);
    }
}

/// A code and a reason; of one that is no text, as much as is.
fn ending(body: &[u8]) -> (CloseCode, &str) {
    let Some((code, reason)) = body.split_first_chunk() else { return (CloseCode::ABNORMAL, "") };
    let text = match str::from_utf8(reason) {
        Ok(text) => text,
        Err(wrong) => str::from_utf8(reason.get(..wrong.valid_up_to()).unwrap_or_default())
            .unwrap_or_default(),
    };
    (CloseCode(u16::from_le_bytes(*code)), text)
}

impl WebSession<'_> {
    /// Keeps what went wrong; it is no longer than a close reason may be.
    fn note(&mut self, failure: Option<&str>) {
        if let Some(text) = failure {
            self.last_error.clear();
            // What does not fit is left out, and nothing that a session says is that long.
            let _ = self.last_error.push_str(text);
        }
    }

    /// The end, and what was wrong if the peer has not said that it closes.
    fn end(&mut self, handler: &mut dyn NetHandler, code: CloseCode, reason: &str) {
        self.tell_end(code, reason);
        if code == CloseCode::ABNORMAL {
            let (kind, unsaid) = if self.openings > 0 {
                (NetErrorKind::Lost, "the connection ended without a goodbye")
            } else {
                (NetErrorKind::Connect, "no connection was to be had")
            };
            self.note(Some(if reason.is_empty() { unsaid } else { reason }));
            handler.on_error(NetError { kind, text: &self.last_error });
        }
        handler.on_close(code, reason);
    }

    /// Told to a realm's game here, where the frames before it are told.
    fn tell_end(&self, code: CloseCode, reason: &str) {
        if !self.handle.network.has_client() {
            return;
        }
        let (url, reason) = (Text::truncated(&self.url), Text::truncated(reason));
        let mut body = [0; DISCONNECTED_MAX_BYTES];
        let told = encode_body(&Disconnected { url, code: code.0, reason }, &mut body);
        let bytes = told.unwrap_or_default();
        self.handle.network.tell([body.get(..bytes).unwrap_or_default(), &[]]);
    }
}

impl<'n> NetSession for WebSession<'n> {
    type Handle = WebHandle<'n>;

    fn handle(&self) -> WebHandle<'n> {
        self.handle.clone()
    }

    fn url(&self) -> &str {
        &self.url
    }

    fn last_error(&self) -> &str {
        &self.last_error
    }

    fn connect(&mut self) {
        self.openings = 0;
        self.handle.network.connect(self.handle.socket, &self.url);
    }

    fn tick(&mut self, handler: &mut dyn NetHandler) -> usize {
        let mut body = [0; HANDOVER_BYTES];
        let mut count = 0;
        self.handle.network.begin_session_tick();
        while let Some((heard, bytes)) = self.handle.network.hear(self.handle.socket, &mut body) {
            count += 1;
            match heard {
                Heard::Opened => {
                    self.openings = 1;
                    let mut sender = NetSender::new(&mut self.handle);
                    handler.on_open(&mut sender);
                    let failure = sender.failure();
                    self.note(failure);
                }
                Heard::Body => {
                    let body = body.get(..bytes).unwrap_or_default();
                    let mut sender = NetSender::new(&mut self.handle);
                    handler.on_frame(&mut sender, body);
                    let failure = sender.failure();
                    self.note(failure);
                }
                Heard::Closed => {
                    let (code, reason) = ending(body.get(..bytes).unwrap_or_default());
                    self.end(handler, code, reason);
                    break;
                }
            }
        }
        count
    }
}

impl Drop for WebSession<'_> {
    fn drop(&mut self) {
        self.handle.network.drop_socket(self.handle.socket);
    }
}
