//! A role that records what the shell calls it with, for tests of the shell itself.

use std::string::String;
use std::vec::Vec;

use super::{Bench, BenchMemory, Sizes};
use crate::config::NetConfig;
use crate::node::{Caller, Context, Role};
use crate::protocol::either_way::Ping;
use crate::protocol::{Dispatched, ErrorCode};
use crate::session::manager::Ended;
use crate::session::{LinkTag, SessionKey, Trust};
use crate::wire::{Frame, Framing, Opcode};

/// One call of the shell.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Seen {
    Accepted(SessionKey),
    Connected(SessionKey),
    Frame(SessionKey, Opcode),
    Error(ErrorCode, i32),
    Unknown(Opcode),
    Timer(u16),
    Shutdown,
}

/// Records; see the [module](self).
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    pub(crate) seen: Vec<Seen>,
    /// Every new peer is known at once, and trusted that far.
    pub(crate) trusts: Option<Trust>,
    pub(crate) address: String,
    /// How its own connections speak.
    pub(crate) framing: Framing,
    /// What was in the frames.
    pub(crate) payloads: Vec<Vec<u8>>,
    pub(crate) own_links: u16,
    /// What it says to whoever has opened, as a Ping's number.
    pub(crate) greeting: Option<u32>,
    /// Whoever connects is a stream.
    #[cfg(feature = "websocket")]
    pub(crate) refuses_web_sockets: bool,
}

impl Recorder {
    /// A frame with it reaches the handler.
    pub(crate) const KNOWN: Opcode = Opcode(0x7001);
    /// A frame with it does not decode.
    pub(crate) const SPOILT: Opcode = Opcode(0x7002);
    /// Nobody knows it.
    pub(crate) const UNKNOWN: Opcode = Opcode(0x7003);

    pub(crate) fn trusting(trust: Trust) -> Self {
        Self { trusts: Some(trust), ..Self::default() }
    }
}

impl<'a> Role<'a> for Recorder {
    fn own_links(&self) -> u16 {
        self.own_links
    }

    fn on_accepted(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey) {
        self.seen.push(Seen::Accepted(key));
        if let Some(trust) = self.trusts {
            cx.sessions.prove(cx.now, key, trust);
        }
    }

    fn on_connected(&mut self, _: &mut Context<'_, 'a>, key: SessionKey) {
        self.seen.push(Seen::Connected(key));
    }

    fn on_opened(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey) {
        if let Some(nonce) = self.greeting {
            cx.sessions.send(key, &Ping { nonce }).expect("it is open");
        }
    }

    #[cfg(feature = "websocket")]
    fn accepts_web_sockets(&self) -> bool {
        !self.refuses_web_sockets
    }

    fn on_frame(&mut self, caller: &mut Caller<'_, 'a>, frame: Frame<'_>) -> Dispatched {
        self.seen.push(Seen::Frame(caller.key, frame.opcode));
        self.payloads.push(frame.payload.to_vec());
        match frame.opcode {
            Self::KNOWN => Dispatched::Handled,
            Self::SPOILT => Dispatched::Malformed,
            _ => Dispatched::Unknown,
        }
    }

    fn on_error(&mut self, _: &mut Caller<'_, 'a>, code: ErrorCode, about: i32) {
        self.seen.push(Seen::Error(code, about));
    }

    fn on_unknown(&mut self, _: &mut Caller<'_, 'a>, frame: Frame<'_>) -> bool {
        self.seen.push(Seen::Unknown(frame.opcode));
        false
    }

    fn on_ended(&mut self, _: &mut Context<'_, 'a>, _: Ended) {}

    fn on_timer(&mut self, _: &mut Context<'_, 'a>, timer: u16) {
        self.seen.push(Seen::Timer(timer));
    }

    fn on_shutdown(&mut self, _: &mut Context<'_, 'a>) {
        self.seen.push(Seen::Shutdown);
    }

    fn address(&self, _: LinkTag) -> &str {
        &self.address
    }

    fn framing(&self, _: LinkTag) -> Framing {
        self.framing
    }
}

/// A bench with a recorder at it.
pub(crate) fn with_recorder(
    sizes: Sizes,
    config: NetConfig,
    recorder: Recorder,
    test: impl FnOnce(&mut Bench<'_, Recorder>),
) {
    let mut memory = std::boxed::Box::new(BenchMemory::NEW);
    let mut bench = Bench::new(sizes.lend(&mut memory), config, recorder);
    test(&mut bench);
    bench.finish();
}
