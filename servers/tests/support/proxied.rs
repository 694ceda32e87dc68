//! Clients behind a proxy: who guesses, who else there is, and whom each counts for.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use socket2::{Domain, Socket, Type};
use tinyrealm_core::protocol::client_to_login::LoginReq;
use tinyrealm_core::protocol::client_to_main::Hello;
use tinyrealm_core::protocol::either_way::Ping;
use tinyrealm_core::protocol::login_to_client::{LoginAck, LoginDenied};
use tinyrealm_core::protocol::main_to_client::Welcome;
use tinyrealm_core::protocol::{LoginDenial, Password, Text, Versions};

use super::login::{Accounts, Answer, CHEAP};
use super::{Heard, PATIENCE, Peer, Server};

pub(crate) const PASSWORD: &str = "correct horse";
/// `login.address_free_failures` is 20 unless it is set.
pub(crate) const GUESSES: usize = 21;

/// Somebody with an account, and a Login that believes these.
pub(crate) fn login_server(name: &str, trusted: &str) -> (Accounts, Server) {
    let accounts = Accounts::new(name);
    accounts.user(&["add", "alice"], PASSWORD);
    let server = accounts.login(&[&CHEAP[..], &[trusted]].concat());
    (accounts, server)
}

pub(crate) fn connect(from: Ipv4Addr, to: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((from, 0)).into()).unwrap();
    socket.connect(&to.into()).unwrap();
    socket.into()
}

fn login_request<'a>(id: &'a str, password: &'a str) -> LoginReq<'a> {
    LoginReq {
        versions: Versions::OURS,
        id: Text::new(id).unwrap(),
        pw: Password(Text::new(password).unwrap()),
        device: None,
    }
}

/// What Login answers on this connection; `None` if it just ends.
pub(crate) fn answer(peer: &mut Peer, id: &str, password: &str) -> Option<Answer> {
    peer.tell(&login_request(id, password));
    loop {
        match peer.hear(PATIENCE) {
            Heard::Frame(opcode) if opcode == LoginAck::OPCODE.0 => {
                return Some(Answer::Token(peer.message()));
            }
            Heard::Frame(opcode) if opcode == LoginDenied::OPCODE.0 => {
                return Some(Answer::Denied(peer.message()));
            }
            Heard::Frame(opcode) if opcode == Ping::OPCODE.0 => {}
            Heard::Frame(_) | Heard::Closed { .. } => return None,
            Heard::Silence => panic!("no answer to a login"),
        }
    }
}

/// Whoever guesses is held back, and nobody else; `connect` makes a connection for a client.
#[track_caller]
pub(crate) fn assert_guesses_are_the_guesser_s<C>(
    guesser: C,
    other: C,
    connect: impl Fn(&C) -> Peer,
) {
    for number in 0..GUESSES {
        let denied = answer(&mut connect(&guesser), &format!("nobody-{number}"), "wrong password");
        assert!(matches!(denied, Some(Answer::Denied(_))), "{denied:?}");
    }
    let held_back = answer(&mut connect(&guesser), "alice", PASSWORD).expect("an answer").denied();
    assert_ne!(held_back.reason, LoginDenial::WRONG, "the guesser waits");
    answer(&mut connect(&other), "alice", PASSWORD).expect("an answer").token();
}

/// Whether Main welcomes this connection: who is welcome gives no way to others.
pub(crate) fn hello(peer: &mut Peer) -> bool {
    peer.tell(&Hello { versions: Versions::OURS, token: None, nickname: Text::EMPTY });
    peer.hear(PATIENCE) == Heard::Frame(Welcome::OPCODE.0)
}
