//! `WebRole`: the realm's client as a role that passes on to the game whatever it hears.
//!
//! Contract: a message is told as the body that came, changes of state behind it. The host decodes it, and
//! says if it does not decode; what moves the machine is decoded here as well. So the module has no
//! decoder but for six messages, which is the half of it.

use tinyrealm_core::node::client::{
    ClientConfig, ClientEvent, ClientHandler, ClientState, Credentials, MainState, RealmClient,
};
use tinyrealm_core::node::{Caller, Context, Role};
use tinyrealm_core::protocol::client_to_main::{EnterWorldReq, Hello};
use tinyrealm_core::protocol::client_to_world::{Join, Leave};
use tinyrealm_core::protocol::either_way::Error;
use tinyrealm_core::protocol::{
    Dispatched, EncodePayload, ErrorCode, Postcard, SendError, decode, encode_body,
};
use tinyrealm_core::session::manager::Ended;
use tinyrealm_core::session::{LinkTag, SessionKey};
use tinyrealm_core::wire::opcode::{GAME, MAIN, WORLD};
use tinyrealm_core::wire::{BinaryWriter, Frame, Opcode};

use crate::messages::host_to_module::Start;
use crate::messages::module_to_host::{Lost, State};
use crate::network::{Answer, WebNetwork};

/// What a client says by itself, and a game never does.
const THE_MACHINE_S: [Opcode; 3] = [Hello::OPCODE, Join::OPCODE, Leave::OPCODE];

/// Two numbers of 16 bits take three bytes each.
const NUMBERS_MAX_BYTES: usize = 6;
/// An opcode, and a number of 16 bits and one of 32.
const ERROR_MAX_BYTES: usize = 4 + 3 + 5;

/// The realm's client, and whom it tells.
pub(crate) struct WebRole<'n> {
    machine: RealmClient,
    teller: Teller<'n>,
    /// The state that was told last.
    told: ClientState,
}

impl<'n> WebRole<'n> {
    pub(crate) fn new(network: &'n WebNetwork, start: Start<'n>) -> Self {
        let config = ClientConfig {
            // The message's type keeps it within the string's capacity.
            region: start.region.as_str().try_into().unwrap_or_default(),
            nickname: start.nickname.as_str().try_into().unwrap_or_default(),
            has_account: !start.login_address.as_str().is_empty(),
            fingerprint: start.fingerprint,
            #[cfg(feature = "sealed-clients")]
            is_by_tls: start.main_address.as_str().starts_with("wss:"),
            ..ClientConfig::DEFAULT
        };
        let mut machine = RealmClient::new(0, config);
        if let Some(token) = start.token {
            machine = machine.with_token(token);
        }
        let told = machine.state();
        Self { machine, teller: Teller { network, start, stopped: ErrorCode::GOODBYE }, told }
    }

    /// Whether nothing is tried again.
    pub(crate) fn has_stopped(&self) -> bool {
        self.machine.state().0 == MainState::Stopped
    }

    /// Why it has stopped.
    pub(crate) const fn stopped(&self) -> ErrorCode {
        self.teller.stopped
    }

    pub(crate) fn start(&mut self, cx: &mut Context<'_, '_>) {
        self.machine.start(cx);
        self.tell_state();
    }

    pub(crate) fn stop(&mut self, cx: &mut Context<'_, '_>) {
        self.machine.stop(cx);
        self.tell_state();
    }

    /// Says something of the game's, or refuses what is the machine's own to say.
    pub(crate) fn command(&mut self, cx: &mut Context<'_, '_>, frame: Frame<'_>) -> Answer {
        if frame.opcode == EnterWorldReq::OPCODE {
            return self.wish_for(cx, frame);
        }
        let bands = [MAIN, WORLD, GAME];
        let is_a_client_s = bands.iter().any(|band| band.client_to_server.contains(frame.opcode));
        if !is_a_client_s || THE_MACHINE_S.contains(&frame.opcode) {
            return Answer::Refused;
        }
        match self.machine.say_encoded(cx, frame) {
            Ok(()) => Answer::Taken,
            Err(SendError::Full) => Answer::Full,
            Err(SendError::Closed) => Answer::Nobody,
            Err(SendError::TooLong) => Answer::Refused,
        }
    }

    /// Another room than before; the region stays.
    fn wish_for(&mut self, cx: &mut Context<'_, '_>, frame: Frame<'_>) -> Answer {
        let Some(asked) = decode::<EnterWorldReq<'_>>(frame.payload) else {
            return Answer::Refused;
        };
        self.machine.wish_for(cx, asked.wish);
        self.tell_state();
        Answer::Taken
    }

    /// A message that was told did not decode: its server has broken the protocol.
    pub(crate) fn refuse(&mut self, cx: &mut Context<'_, '_>, opcode: Opcode) {
        self.machine.refuse(cx, opcode);
    }

    fn tell_state(&mut self) {
        let state = self.machine.state();
        if state != self.told {
            self.told = state;
            let (main, world) = state;
            tell_numbers(self.teller.network, State::OPCODE, &[main as u16, world as u16]);
        }
    }
}

impl<'a> Role<'a> for WebRole<'_> {
    fn on_connected(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey) {
        self.machine.on_connected(&self.teller, cx, key);
        self.tell_state();
    }

    fn on_frame(&mut self, caller: &mut Caller<'_, 'a>, frame: Frame<'_>) -> Dispatched {
        let dispatched = self.machine.on_encoded_frame(caller, frame);
        // How a link is sealed is nothing to a game.
        #[cfg(feature = "sealed-clients")]
        if tinyrealm_core::wire::opcode::SERVER_SEAL.contains(frame.opcode) {
            return dispatched;
        }
        if dispatched == Dispatched::Handled {
            self.teller.network.tell([&frame.opcode.0.to_le_bytes(), frame.payload]);
        }
        self.tell_state();
        dispatched
    }

    fn on_error(&mut self, caller: &mut Caller<'_, 'a>, code: ErrorCode, about: i32) {
        let mut body = [0; ERROR_MAX_BYTES];
        let bytes = encode_body(&Error { code, about }, &mut body).unwrap_or_default();
        self.teller.network.tell([body.get(..bytes).unwrap_or_default(), &[]]);
        self.machine.on_error(&mut self.teller, caller, code, about);
        self.tell_state();
    }

    fn on_ended(&mut self, cx: &mut Context<'_, 'a>, ended: Ended) {
        self.machine.on_ended(&mut self.teller, cx, ended);
        self.tell_state();
    }

    fn on_timer(&mut self, cx: &mut Context<'_, 'a>, timer: u16) {
        self.machine.on_timer(&mut self.teller, cx, timer);
        self.tell_state();
    }

    fn address(&self, tag: LinkTag) -> &str {
        let Start { main_address, login_address, .. } = &self.teller.start;
        self.machine.address(tag, main_address.as_str(), login_address.as_str())
    }
}

/// Tells the game what is not a message, and Login who we are.
struct Teller<'n> {
    network: &'n WebNetwork,
    start: Start<'n>,
    stopped: ErrorCode,
}

/// Tells the game a message of one or two numbers: all of the module's own are such, and one function has
/// room for all of them.
pub(crate) fn tell_numbers(network: &WebNetwork, opcode: Opcode, numbers: &[u16]) {
    let mut payload = [0; NUMBERS_MAX_BYTES];
    let mut writer = BinaryWriter::new(&mut payload);
    for number in numbers {
        // There is room for two.
        let _ = Postcard::encode(number, &mut writer);
    }
    let bytes = writer.written();
    network.tell([&opcode.0.to_le_bytes(), payload.get(..bytes).unwrap_or_default()]);
}

impl Teller<'_> {
    fn tell_loss(&self, link: u16, reason: ErrorCode) {
        tell_numbers(self.network, Lost::OPCODE, &[link, reason.0]);
    }
}

impl ClientHandler for Teller<'_> {
    fn on_event(&mut self, _: u16, event: ClientEvent<'_>) {
        match event {
            ClientEvent::MainLost(reason) => self.tell_loss(0, reason),
            ClientEvent::WorldLost(reason) => self.tell_loss(1, reason),
            ClientEvent::LoginLost(reason) => self.tell_loss(2, reason),
            ClientEvent::Stopped(reason) => self.stopped = reason,
            // All the others are messages, which are told as they came.
            _ => {}
        }
    }

    fn credentials(&self, _: u16) -> Credentials<'_> {
        let Start { login_address, id, pw, device, .. } = &self.start;
        let (id, password) = (id.as_str(), pw.0.as_str());
        Credentials { login_address: login_address.as_str(), id, password, device: *device }
    }
}
