//! `Player`: the core's client, and what it hears.

use tinyrealm_core::node::client::{ClientConfig, ClientEvent, ClientHandler, RealmClient};
use tinyrealm_core::node::{Caller, Context};
use tinyrealm_core::protocol::main_to_client::{EnterWorldAck, Welcome};
use tinyrealm_core::protocol::{Dispatched, Token, decode};
use tinyrealm_core::wire::Frame;

use crate::ids::HostId;
use crate::journal::{Fact, Heard, Journal};
use crate::speech::Speech;

/// What a visitor hears goes into the journal.
#[derive(Debug)]
pub(crate) struct Ears<'j> {
    pub(crate) journal: &'j Journal,
    pub(crate) visitor: usize,
}

impl Ears<'_> {
    pub(crate) fn note(&self, heard: Heard) {
        self.journal.note(Fact::Client { visitor: self.visitor, heard });
    }

    /// What the machine keeps to itself, and a saved game or a thief would know: tokens and keys.
    fn overhear(&self, frame: Frame<'_>) {
        match frame.opcode {
            Welcome::OPCODE => {
                if let Some(Welcome { token, .. }) = decode(frame.payload) {
                    self.note(Heard::Token(token));
                }
            }
            EnterWorldAck::OPCODE => {
                let Some(EnterWorldAck { world_addr, handshake_key }) = decode(frame.payload)
                else {
                    return;
                };
                if let Some(world) = HostId::at_address(world_addr.as_str()) {
                    self.note(Heard::SentTo(world, handshake_key));
                }
            }
            _ => {}
        }
    }
}

impl ClientHandler for Ears<'_> {
    fn on_event(&mut self, _: u16, event: ClientEvent<'_>) {
        self.note(match event {
            ClientEvent::Welcome(uid) => Heard::Welcome(uid),
            // Nobody here has an account.
            ClientEvent::LoginDenied { .. } | ClientEvent::LoginLost(_) => return,
            ClientEvent::MainLost(code) => Heard::MainLost(code),
            ClientEvent::EnterRefused(code) => Heard::EnterRefused(code),
            ClientEvent::JoinDenied(denial) => Heard::JoinDenied(denial),
            ClientEvent::Joined(join) => Heard::Joined(join),
            ClientEvent::Snapshot(page) => Heard::Snapshot(Box::new(page.clone())),
            ClientEvent::Entered(member) => Heard::Entered(member),
            ClientEvent::Left(uid) => Heard::Left(uid),
            ClientEvent::Moved(member) => Heard::Moved(member),
            ClientEvent::Said { uid, kind, data } => {
                Heard::Said(uid, Speech::decode(kind, data.as_slice()))
            }
            ClientEvent::WorldLost(code) => Heard::WorldLost(code),
            ClientEvent::Refused { code, .. } => Heard::Refused(code),
            // Players join no channel.
            ClientEvent::Chat(_) => return,
            ClientEvent::Stopped(code) => Heard::Stopped(code),
        });
    }
}

/// One honest client; see the [module](self).
#[derive(Debug)]
pub(crate) struct Player<'j> {
    pub(crate) machine: RealmClient,
    pub(crate) ears: Ears<'j>,
}

impl<'j> Player<'j> {
    pub(crate) fn new(config: ClientConfig, token: Option<Token>, ears: Ears<'j>) -> Self {
        let machine = RealmClient::new(0, config);
        let machine = match token {
            Some(token) => machine.with_token(token),
            None => machine,
        };
        Self { machine, ears }
    }

    pub(crate) fn start(&mut self, cx: &mut Context<'_, '_>) {
        self.machine.start(cx);
    }

    pub(crate) fn on_frame(&mut self, caller: &mut Caller<'_, '_>, frame: Frame<'_>) -> Dispatched {
        self.ears.overhear(frame);
        self.machine.on_frame(&mut self.ears, caller, frame)
    }
}
