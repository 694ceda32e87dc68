//! `Servers`: the realms that are abused, one of each [`Place`].
//!
//! Contract: Main, Login and the world are small, so that strangers may hope to fill them.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};

use crate::abuses::{Place, Trace};
use crate::stranger::{Deeds, Field};
use crate::support::login::{Accounts, CHEAP};
use crate::support::proxied::connect;
use crate::support::{Bots, PATIENCE, Peer, Process, Realm, Report, Server, Signal, Stream};

const SETTINGS: [&str; 7] = [
    "main.sessions=600",
    "login.sessions=600",
    "world.rooms=1",
    "world.room_capacity=256",
    "world.spare_sessions=256",
    "net.drain_timeout_ms=250",
    "net.socket_send_buffer_bytes=8192",
];
pub(crate) const BOTS: u64 = 20;
const BOTS_PLAN: [&str; 6] = ["--count", "20", "--hz", "10", "--chat-hz", "0.5"];

/// See the [module](self).
pub(crate) enum Servers {
    /// A chat server, Main and a world, where everyone is a guest.
    Apart(Server, Realm),
    /// `up` with accounts.
    Together(Up),
}

/// A whole realm in a process.
pub(crate) struct Up {
    process: Process,
    accounts: Accounts,
    main: SocketAddr,
    login: SocketAddr,
    page: SocketAddr,
    admin: SocketAddr,
}

impl Up {
    fn start() -> Self {
        let accounts = Accounts::new("hostile");
        let data = accounts.setting();
        let ports = ["main.port=0", "world.port=0", "login.port=0", "chat.port=0", "http.port=0"];
        let own = ["admin.port=0", "up.auth=login", "http.stall_timeout_ms=2000", &data];
        let settings = [&ports[..], &own, &CHEAP, &SETTINGS].concat();
        let settings = settings.iter().flat_map(|setting| ["--set", setting]);
        let arguments = ["up", "--bots", "0", "--worlds", "1"].into_iter().chain(settings);
        let process = Process::start(&arguments.collect::<Vec<_>>());
        let at = |name: &str| -> SocketAddr {
            let prefix = format!("{name} listening on ");
            process.wait_for(Stream::Stdout, |line| line.strip_prefix(&prefix)?.parse().ok())
        };
        let (main, login, page, admin) = (at("main"), at("login"), at("http"), at("admin"));
        Self { process, accounts, main, login, page, admin }
    }

    fn report(&self, name: &str) -> Report {
        let ask = || self.process.signal(Signal::Report);
        Report::parse(name, &self.process.answer(Stream::Stdout, &format!("{name} report "), ask))
    }
}

/// Whether somebody from elsewhere gets `path` there.
fn is_served(at: SocketAddr, path: &str) -> bool {
    let mut stream = connect(Ipv4Addr::LOCALHOST, at);
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let mut answer = Vec::new();
    let is_asked = stream.set_read_timeout(Some(PATIENCE)).is_ok()
        && stream.write_all(request.as_bytes()).is_ok();
    is_asked && stream.read_to_end(&mut answer).is_ok() && answer.starts_with(b"HTTP/1.1 200 ")
}

impl Servers {
    pub(crate) fn start(place: Place) -> Self {
        if place == Place::Together {
            return Self::Together(Up::start());
        }
        let chat = Server::chat(&[]);
        let address = format!("main.chat={}", chat.address);
        let realm = Realm::start(&[&SETTINGS[..], &[&address]].concat());
        realm.main.process.wait_until_said(Stream::Stderr, "the chat server has", 1);
        Self::Apart(chat, realm)
    }

    pub(crate) fn field(&self) -> Field {
        match self {
            Self::Apart(_, realm) => Field::new([realm.main.address, realm.world().address]),
            Self::Together(up) => Field::new([up.login, up.page]),
        }
    }

    pub(crate) fn bots(&self, seconds: &str) -> Bots {
        let plan = [&BOTS_PLAN[..], &["--seconds", seconds]].concat();
        let up = match self {
            Self::Apart(_, realm) => return Bots::start(realm.main.address, &plan),
            Self::Together(up) => up,
        };
        let (login, data) = (up.login.to_string(), up.accounts.setting());
        let settings = [data.as_str(), CHEAP[0], CHEAP[1]];
        let settings: Vec<&str> = settings.into_iter().flat_map(|it| ["--set", it]).collect();
        let who = ["--login", &login, "--make-accounts", "bot-"];
        Bots::start(up.main, &[&plan[..], &who, &settings].concat())
    }

    /// Who else is there and gets nothing.
    pub(crate) fn unserved(&self) -> Option<&'static str> {
        let Self::Together(up) = self else { return None };
        let asked = [(up.page, "/", "no page"), (up.admin, "/healthz", "no health")];
        asked.into_iter().find(|(at, path, _)| !is_served(*at, path)).map(|(_, _, what)| what)
    }

    /// What an abuse has left in the queues of Main and the world is behind them.
    pub(crate) fn wait_until_calm(&self) {
        let Self::Apart(_, realm) = self else { return };
        for server in [realm.main.address, realm.world().address] {
            Peer::connect(server).expect_served();
        }
    }

    /// All of them are there, and end in good order; answers what the trace has counted.
    pub(crate) fn stop(self, trace: Trace, deeds: Deeds) -> u64 {
        match self {
            Self::Apart(chat, realm) => {
                let (main, worlds) = realm.stop();
                let chat = chat.stop();
                match trace {
                    Trace::Main(counter, _) => main.count(counter),
                    Trace::World(counter, _) => worlds[0].count(counter),
                    Trace::Chat(counter, _) => chat.count(counter),
                    Trace::Login(..) | Trace::Answers(_) => 0,
                }
            }
            Self::Together(up) => {
                let counted = match trace {
                    Trace::Login(counter, _) => up.report("login").count(counter),
                    Trace::Answers(_) => deeds.attempts,
                    Trace::Main(..) | Trace::World(..) | Trace::Chat(..) => 0,
                };
                up.process.signal(Signal::Interrupt);
                up.process.finish(PATIENCE).expect_code(0);
                counted
            }
        }
    }
}
