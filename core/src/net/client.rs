//! `NetClient`: a frame's way from the session to whoever knows its opcode, and the answers to what
//! means the same on every link.

use super::events::{NetError, NetErrorKind, NetEvents, NetHandler, NetSender};
use super::outbound::NetOutbound;
use crate::protocol::either_way::{self, Bye, Error, Ping, Pong, VersionRefused};
use crate::protocol::{Dispatched, ErrorCode, FrameSink};
use crate::wire::ws::CloseCode;
use crate::wire::{Frame, NetFrameV1, Opcode};

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
/// What that does not know, but means the same on every link, is dealt with here: a `Ping` is answered, an
/// `Error` told, and a `Bye` that is meant for good ends the connection for good, with a back-off as
/// well. What nobody knows is counted and left at that: a newer peer may say more. What is no frame at
/// all ends the connection.
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
            sender.report(&mut self.runtime, error);
            sender.close(CloseCode::PROTOCOL_ERROR, error.text);
            return;
        };
        let Frame { opcode, payload } = frame;
        if self.runtime.try_dispatch_inbound(sender, opcode, payload) {
            return;
        }
        match either_way::dispatch(&mut Common { runtime: &mut self.runtime }, sender, frame) {
            Dispatched::Handled => {}
            Dispatched::Unknown => self.unhandled += 1,
            Dispatched::Malformed => {
                let text = "a payload does not decode";
                let error = NetError { kind: NetErrorKind::Malformed(opcode), text };
                sender.report(&mut self.runtime, error);
                sender.close(CloseCode::PROTOCOL_ERROR, text);
            }
        }
    }
}

/// What every peer may say.
struct Common<'r, R> {
    runtime: &'r mut R,
}

impl<R: NetRuntime> Common<'_, R> {
    fn refused(&mut self, sender: &mut NetSender<'_>, code: ErrorCode) {
        let error = NetError { kind: NetErrorKind::Refused(code), text: code.name() };
        sender.report(self.runtime, error);
        if code.ends_for_good() {
            sender.close(CloseCode::POLICY_VIOLATION, code.name());
        }
    }
}

impl<R: NetRuntime> either_way::Stub<NetSender<'_>> for Common<'_, R> {
    fn error(&mut self, sender: &mut NetSender<'_>, Error { code, .. }: Error) {
        self.refused(sender, code);
    }

    /// Without room there is no answer: whoever asks so often hears other things from us.
    fn ping(&mut self, sender: &mut NetSender<'_>, Ping { nonce }: Ping) {
        let _ = sender.send(&Pong { nonce });
    }

    fn pong(&mut self, _: &mut NetSender<'_>, _: Pong) {}

    /// Who may come back waits for the peer's end, and is told that.
    fn bye(&mut self, sender: &mut NetSender<'_>, Bye { reason }: Bye) {
        let code = reason.close_code();
        if !code.may_come_back() {
            sender.close(code, reason.name());
        }
    }

    fn version_refused(&mut self, sender: &mut NetSender<'_>, _: VersionRefused) {
        self.refused(sender, ErrorCode::BAD_VERSION);
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
