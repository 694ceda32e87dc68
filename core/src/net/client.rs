//! `NetClient`: a frame's way from the session to whoever knows its opcode.

use super::events::{NetError, NetErrorKind, NetEvents, NetHandler};
use super::session::{NetOutbound, NetSender};
use crate::wire::ws::CloseCode;
use crate::wire::{NetFrameV1, Opcode};

/// Whoever knows what to do with frames, by their opcodes.
pub trait NetRuntime: NetEvents {
    /// Deals with a frame, and answers whether it knew the opcode. `session` says which session the
    /// frame came from, and takes the answers.
    fn try_dispatch_inbound(
        &mut self,
        session: &mut NetSender<'_>,
        opcode: Opcode,
        payload: &[u8],
    ) -> bool;
}

/// Several protocols on one connection: the second is asked for what the first does not know.
impl<A: NetRuntime, B: NetRuntime> NetRuntime for (A, B) {
    fn try_dispatch_inbound(
        &mut self,
        session: &mut NetSender<'_>,
        opcode: Opcode,
        payload: &[u8],
    ) -> bool {
        self.0.try_dispatch_inbound(session, opcode, payload)
            || self.1.try_dispatch_inbound(session, opcode, payload)
    }
}

/// Parses frames and hands them to a [`NetRuntime`].
///
/// What nobody knows is counted and left at that: a newer peer may say more. What is no frame at all
/// ends the connection.
#[derive(Debug, Default)]
pub struct NetClient<R> {
    runtime: R,
    unhandled: u64,
}

impl<R> NetClient<R> {
    /// A client that hands frames to `runtime`.
    pub const fn new(runtime: R) -> Self {
        Self { runtime, unhandled: 0 }
    }

    /// Frames that nobody knew.
    pub const fn unhandled(&self) -> u64 {
        self.unhandled
    }

    /// What knows the opcodes.
    pub const fn runtime(&self) -> &R {
        &self.runtime
    }

    /// What knows the opcodes, to change.
    pub const fn runtime_mut(&mut self) -> &mut R {
        &mut self.runtime
    }
}

impl<R: NetRuntime> NetHandler for NetClient<R> {
    fn on_frame(&mut self, sender: &mut NetSender<'_>, body: &[u8]) {
        let Some(frame) = NetFrameV1::parse(body) else {
            let error = NetError { kind: NetErrorKind::Protocol, text: "shorter than an opcode" };
            self.runtime.on_error(error);
            sender.close(CloseCode::PROTOCOL_ERROR, error.text);
            return;
        };
        if !self.runtime.try_dispatch_inbound(sender, frame.opcode, frame.payload) {
            self.unhandled += 1;
        }
    }
}

impl<R: NetRuntime> NetEvents for NetClient<R> {
    fn on_open(&mut self, sender: &mut NetSender<'_>) {
        self.runtime.on_open(sender);
    }

    fn on_close(&mut self, code: CloseCode, reason: &str) {
        self.runtime.on_close(code, reason);
    }

    fn on_error(&mut self, error: NetError<'_>) {
        self.runtime.on_error(error);
    }
}
