//! Clear text where TLS is required, of those who seal their links themselves: that, and nothing else.

use std::net::IpAddr;
use std::time::Duration;

use tinyrealm_core::protocol::client_to_listener::SecureClient;
use tinyrealm_core::protocol::client_to_login::LoginReq;
use tinyrealm_core::protocol::client_to_main::Hello;
use tinyrealm_core::protocol::client_to_world::Join;
use tinyrealm_core::protocol::dialer_to_listener::{ClusterHello, SecureReady};
use tinyrealm_core::protocol::either_way::Error;
use tinyrealm_core::protocol::{
    ErrorCode, KeyId, Nonce, Password, SealedStart, ServerKind, Text, Uid, Versions,
};

use crate::certificates::{Certificates, own_address};
use crate::support::login::{Accounts, CHEAP, main_of};
use crate::support::peer::{frame, name_of, raw_frame};
use crate::support::{Heard, PATIENCE, Peer, Process, Server};

const RUN_LIMIT: Duration = Duration::from_secs(60);
/// Of the band of clients that seal their links, and nothing that anybody knows.
const UNKNOWN: i32 = 0x00A5;

/// What servers here are told, each of its own name.
struct Settings {
    certificates: Certificates,
    own: IpAddr,
}

impl Settings {
    fn of(name: &str) -> Option<Self> {
        let own = own_address();
        if own.is_none() {
            eprintln!("this machine has no address but loopback's");
        }
        Some(Self { own: own?, certificates: Certificates::make(name) })
    }

    fn with<T>(&self, server: &str, more: &[&str], run: impl FnOnce(&[&str]) -> T) -> T {
        let [certificate, key] = self.certificates.settings();
        let listen = format!("{server}.listen={}:0", self.own);
        let ours = [certificate.as_str(), &key, "net.tls.require=true", &listen];
        run(&[&ours[..], more].concat())
    }
}

/// What begins as somebody does who proves something, and proves nothing.
fn nonsense() -> [Vec<u8>; 5] {
    let (versions, key_id, start) = (Versions::OURS, KeyId([7; 8]), SealedStart([9; 52]));
    let sealed = |to| frame(&SecureClient { versions, to, key_id, start });
    let (kind, id, nonce) = (ServerKind::CHAT, 0, Nonce([7; 16]));
    [
        sealed(ServerKind::MAIN),
        sealed(ServerKind::WORLD),
        frame(&ClusterHello { versions, kind, id, nonce }),
        frame(&SecureReady {}),
        raw_frame(UNKNOWN, &[0; 300]),
    ]
}

/// It hears refusals until it ends.
#[track_caller]
fn expect_no_answer(peer: &mut Peer) {
    loop {
        match peer.hear(PATIENCE) {
            Heard::Frame(opcode) if opcode == Error::OPCODE.0 => {}
            Heard::Frame(opcode) => panic!("{} in clear", name_of(opcode)),
            Heard::Closed { .. } => return,
            Heard::Silence => panic!("the connection has not ended"),
        }
    }
}

#[track_caller]
fn speaks_no_clear_text(server: &Server, hello: &[u8]) {
    for first in nonsense() {
        let mut peer = Peer::connect(server.address);
        peer.send_if_open(&[&first, hello].concat());
        expect_no_answer(&mut peer);
        // However it is cut.
        let mut peer = Peer::connect(server.address);
        for byte in first.iter().chain(hello) {
            peer.send_if_open(&[*byte]);
        }
        expect_no_answer(&mut peer);
    }
    // One after the other.
    let mut peer = Peer::connect(server.address);
    for _ in 0..3 {
        peer.send_bytes(&raw_frame(UNKNOWN, &[]));
        let Error { code, about } = peer.find();
        assert_eq!((code, about), (ErrorCode::NOT_UNDERSTOOD, UNKNOWN));
    }
    peer.send_if_open(hello);
    peer.expect_refused(ErrorCode::TLS_NEEDED, 0);
}

#[test]
fn whoever_was_let_through_to_seal_its_link_says_nothing_else_in_clear() {
    let Some(settings) = Settings::of("let-through") else { return };
    let versions = Versions::OURS;
    let main = settings.with("main", &["main.auth=guest"], Server::main);
    let hello = Hello { versions, token: None, nickname: Text::EMPTY };
    speaks_no_clear_text(&main, &frame(&hello));
    let world = settings.with("world", &["world.sealed_clients=2"], |settings| {
        Server::world(1, main.address, settings)
    });
    let join = Join { versions, uid: Uid(7), handshake_key: None, fingerprint: 0 };
    speaks_no_clear_text(&world, &frame(&join));
    let accounts = Accounts::new("let-through-login");
    let login = settings.with("login", &CHEAP, |settings| accounts.login(settings));
    let (id, pw) = (Text::new("somebody").unwrap(), Password(Text::new("in clear").unwrap()));
    let request = LoginReq { versions, id, pw, device: None };
    speaks_no_clear_text(&login, &frame(&request));
}

#[test]
fn whoever_seals_its_link_is_served_where_tls_is_required() {
    let Some(settings) = Settings::of("seals-itself") else { return };
    let accounts = Accounts::new("seals-itself-login");
    let login = settings.with("login", &CHEAP, |settings| accounts.login(settings));
    settings.with("main", &[], |settings| main_of(&login, settings));
    // Its clients come in clear, and not from elsewhere.
    let main = Server::main(&[]);
    let world = settings.with("world", &["world.sealed_clients=2"], |settings| {
        Server::world(1, main.address, settings)
    });
    world.wait_until_registered(1);
    let at = main.address.to_string();
    let bots = ["bots", "--json", "--main", &at, "--count", "2", "--seconds", "1", "--hz", "20"];
    Process::start(&bots).finish(RUN_LIMIT).expect_code(0);
}
