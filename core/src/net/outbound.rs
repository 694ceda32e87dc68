//! `NetOutbound`: the sending half of a connection, which knows nothing of who hears it.

use crate::protocol::{Encode, SendError};
use crate::wire::ws::CloseCode;
use crate::wire::{NetFrameV1, Opcode};

/// Which session: a number that its connector has not given to another one.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct NetSessionId(pub u32);

/// Where a session is; see [the module](super).
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum NetState {
    /// Nothing was asked of it yet.
    #[default]
    Idle,
    /// On its way.
    Connecting,
    /// Lost, and to be tried again in a moment.
    Waiting,
    /// It stands.
    Open,
    /// `close` was called, and `on_close` is still to be told.
    Closing,
    /// `on_close` was told.
    Closed,
}

/// The sending half of a session.
pub trait NetOutbound {
    /// Which session it is.
    fn session_id(&self) -> NetSessionId;

    /// Where the session is.
    fn state(&self) -> NetState;

    /// Has `encode` write one frame body, `[opcode][payload]`, into pooled memory, and returns; it is
    /// sent later.
    ///
    /// # Errors
    /// [`SendError::Full`] if the queue is full, [`SendError::TooLong`] if the body is over the
    /// session's frame limit, [`SendError::Closed`] if the session is not open. Nothing was sent then.
    fn send_body(&mut self, encode: Encode<'_>) -> Result<(), SendError>;

    /// Asks for the end, in good order: what was sent before is sent, then the peer is told. Nothing
    /// happens if the session has not begun or is ending already.
    fn close(&mut self, code: CloseCode, reason: &str);

    /// Copies one frame into pooled memory, and returns; it is sent later.
    ///
    /// # Errors
    /// As [`NetOutbound::send_body`].
    fn send_frame(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), SendError> {
        self.send_body(&|out| NetFrameV1::build(out, opcode, payload))
    }
}
