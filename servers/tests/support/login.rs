//! A realm with accounts: a login server, `tinyrealm user`, and people who log in.

use std::net::{Ipv4Addr, SocketAddr};
use tinyrealm_core::protocol::Versions;

use socket2::{Domain, Socket, Type};
use tinyrealm_core::protocol::client_to_login::LoginReq;
use tinyrealm_core::protocol::either_way::{Error, Ping};
use tinyrealm_core::protocol::login_to_client::{LoginAck, LoginDenied};
use tinyrealm_core::protocol::main_to_client::Welcome;
use tinyrealm_core::protocol::{ErrorCode, Password, Text, Token, Uid};

use super::{Finished, Heard, PATIENCE, Peer, Process, Server, scratch_path};

/// Hashes that cost next to nothing.
pub(crate) const CHEAP: [&str; 2] = ["login.hash_memory_kib=64", "login.hash_passes=1"];

/// A folder of this test, removed with its guard.
pub(crate) struct Accounts {
    folder: std::path::PathBuf,
}

impl Accounts {
    pub(crate) fn new(name: &str) -> Self {
        Self { folder: scratch_path(name).into() }
    }

    pub(crate) fn folder(&self) -> &str {
        self.folder.to_str().unwrap()
    }

    /// `login.data_folder=…`
    pub(crate) fn setting(&self) -> String {
        format!("login.data_folder={}", self.folder())
    }

    /// Runs `tinyrealm user` with `input` on its standard input.
    #[track_caller]
    pub(crate) fn try_user(&self, arguments: &[&str], input: &str) -> Finished {
        // Whoever has settings of their own wants those.
        let cheap = if arguments.contains(&"--set") { &[][..] } else { &CHEAP[..] };
        let cheap = cheap.iter().flat_map(|setting| ["--set", setting]);
        let all: Vec<&str> =
            ["user"].iter().chain(arguments).copied().chain(["--data", self.folder()]).collect();
        let all: Vec<&str> = all.into_iter().chain(cheap).collect();
        Process::start_with_input(&all, input).finish(PATIENCE)
    }

    #[track_caller]
    pub(crate) fn user(&self, arguments: &[&str], input: &str) -> Finished {
        let finished = self.try_user(arguments, input);
        finished.expect_code(0);
        finished
    }

    /// A login server with these accounts, at a free port.
    #[track_caller]
    pub(crate) fn login(&self, settings: &[&str]) -> Server {
        Server::login(&["--port", "0"], &[&[self.setting().as_str()], settings].concat())
    }

    /// A login server with these accounts, at an address that has been another's.
    #[track_caller]
    pub(crate) fn login_at(&self, address: SocketAddr, settings: &[&str]) -> Server {
        let listen = address.to_string();
        Server::login(&["--listen", &listen], &[&[self.setting().as_str()], settings].concat())
    }
}

impl Drop for Accounts {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A Main that asks this login server.
#[track_caller]
pub(crate) fn main_of(login: &Server, settings: &[&str]) -> Server {
    let address = format!("main.login={}", login.address);
    let main = Server::main(&[&["main.auth=login", &address], settings].concat());
    main.process.wait_until_said(super::Stream::Stderr, "connected to Login", 1);
    main
}

/// What Login says to an attempt.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Token(LoginAck),
    Denied(LoginDenied),
}

impl Answer {
    #[track_caller]
    pub(crate) fn token(self) -> Token {
        match self {
            Self::Token(ack) => ack.token,
            Self::Denied(denied) => panic!("{denied:?} instead of a token"),
        }
    }

    #[track_caller]
    pub(crate) fn denied(self) -> LoginDenied {
        match self {
            Self::Denied(denied) => denied,
            Self::Token(_) => panic!("a token instead of a denial"),
        }
    }
}

/// Tries to log in, from this address of the loopback network. `None` if the connection is lost.
pub(crate) fn try_login(
    login: SocketAddr,
    from: Ipv4Addr,
    id: &str,
    password: &str,
) -> Option<Answer> {
    try_login_with(login, from, id, password, None)
}

/// The same, on a device that has kept this.
pub(crate) fn try_login_with(
    login: SocketAddr,
    from: Ipv4Addr,
    id: &str,
    password: &str,
    device: Option<Token>,
) -> Option<Answer> {
    let mut peer = connect_from(login, from)?;
    ask(&mut peer, id, password, device);
    hear_answer(&mut peer)
}

/// A connection from this address of the loopback network. `None` if it is refused.
pub(crate) fn connect_from(server: SocketAddr, from: Ipv4Addr) -> Option<Peer> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((from, 0)).into()).unwrap();
    socket.connect(&server.into()).ok()?;
    Some(Peer::over(socket.into()))
}

/// Asks for a token, and does not wait for it.
pub(crate) fn ask(peer: &mut Peer, id: &str, password: &str, device: Option<Token>) {
    let pw = Password(Text::new(password).unwrap());
    peer.send_if_open(&super::peer::frame(&LoginReq {
        versions: Versions::OURS,
        id: Text::new(id).unwrap(),
        pw,
        device,
    }));
}

/// The answer to that. `None` if the connection is lost.
pub(crate) fn hear_answer(peer: &mut Peer) -> Option<Answer> {
    loop {
        match peer.hear(PATIENCE) {
            Heard::Frame(opcode) if opcode == LoginAck::OPCODE.0 => {
                return Some(Answer::Token(peer.message()));
            }
            Heard::Frame(opcode) if opcode == LoginDenied::OPCODE.0 => {
                return Some(Answer::Denied(peer.message()));
            }
            Heard::Frame(opcode) if opcode == Ping::OPCODE.0 => {}
            Heard::Closed { .. } => return None,
            other => panic!("{other:?} instead of an answer to a login"),
        }
    }
}

#[track_caller]
pub(crate) fn login(login: SocketAddr, id: &str, password: &str) -> Answer {
    try_login(login, Ipv4Addr::LOCALHOST, id, password).expect("an answer")
}

/// Who Main says that the bearer of this token is.
pub(crate) fn try_hello(main: SocketAddr, token: Option<Token>) -> Result<(Peer, Uid), ErrorCode> {
    let mut peer = Peer::connect(main);
    peer.send(&tinyrealm_core::protocol::client_to_main::Hello {
        versions: Versions::OURS,
        token,
        nickname: Text::EMPTY,
    });
    match peer.hear(PATIENCE) {
        Heard::Frame(opcode) if opcode == Welcome::OPCODE.0 => {
            let uid = peer.message::<Welcome>().uid;
            Ok((peer, uid))
        }
        Heard::Frame(opcode) if opcode == Error::OPCODE.0 => Err(peer.message::<Error>().code),
        other => panic!("{other:?} instead of an answer to a hello"),
    }
}
