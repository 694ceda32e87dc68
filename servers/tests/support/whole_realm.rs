//! `WholeRealm`: Login, Main, two worlds and chat, each a process of its own, and bots with accounts.
//!
//! Contract: [`WholeRealm::wait_until_complete`] and [`WholeRealm::wait_until_empty`] ask every server, and
//! all have to agree.

use std::ffi::OsString;
use std::thread;
use std::time::{Duration, Instant};

use super::login::{Accounts, CHEAP, main_of};
use super::process::binary;
use super::{BotOutcome, Bots, PATIENCE, Report, Server, Stream};

pub(crate) const WORLDS: [u16; 2] = [1, 2];
/// One world alone has no place for five hundred: some go elsewhere, some wait until it returns.
const WORLD_SETTINGS: [&str; 2] = ["world.rooms=15", "world.room_capacity=20"];

/// Settings as servers are given them.
fn text(settings: &[String]) -> Vec<&str> {
    settings.iter().map(String::as_str).collect()
}

/// Every server, each a process of its own.
pub(crate) struct WholeRealm {
    pub(crate) accounts: Accounts,
    pub(crate) login: Server,
    pub(crate) chat: Server,
    pub(crate) main: Server,
    pub(crate) worlds: [Server; 2],
}

impl WholeRealm {
    #[track_caller]
    pub(crate) fn start(name: &str) -> Self {
        Self::start_with(name, |_| Vec::new())
    }

    /// Each server with further settings, by its name.
    #[track_caller]
    pub(crate) fn start_with(name: &str, settings_of: impl Fn(&str) -> Vec<String>) -> Self {
        let settings = |name: &str, common: &[&str]| {
            let common = common.iter().map(|setting| (*setting).to_owned());
            common.chain(settings_of(name)).collect::<Vec<_>>()
        };
        let accounts = Accounts::new(name);
        // All come from one address, at once, and a disk may be slow.
        let login_settings =
            [&CHEAP[..], &["login.address_logins=1024", "login.queue=2048"]].concat();
        let login = accounts.login(&text(&settings("login", &login_settings)));
        let chat = Server::chat(&text(&settings("chat", &[])));
        let chat_setting = format!("main.chat={}", chat.address);
        let main = main_of(&login, &text(&settings("main", &[&chat_setting])));
        main.process.wait_until_said(Stream::Stderr, "the chat server has", 1);
        let worlds = WORLDS.map(|id| {
            let all = settings(&format!("world {id}"), &WORLD_SETTINGS);
            Server::world(id, main.address, &text(&all))
        });
        worlds.iter().for_each(|world| world.wait_until_registered(1));
        Self { accounts, login, chat, main, worlds }
    }

    /// Bots with accounts whose ids begin with `prefix`.
    #[track_caller]
    pub(crate) fn bots(&self, prefix: &str, count: u64, arguments: &[&str]) -> Bots {
        self.bots_of(binary(), prefix, count, arguments)
    }

    /// The same, of another program.
    #[track_caller]
    pub(crate) fn bots_of(
        &self,
        program: OsString,
        prefix: &str,
        count: u64,
        arguments: &[&str],
    ) -> Bots {
        let (login, data) = (self.login.address.to_string(), self.accounts.setting());
        let count = count.to_string();
        let who = ["--login", &login, "--set", &data, "--make-accounts", prefix, "--count", &count];
        Bots::start_program(program, self.main.address, &[&who[..], arguments].concat())
    }

    /// Waits until all worlds together have so many users.
    #[track_caller]
    pub(crate) fn wait_until_inside(&self, users: u64) {
        let inside = || self.worlds.iter().map(|world| world.report().count("users")).sum::<u64>();
        let deadline = Instant::now() + PATIENCE;
        while inside() != users {
            assert!(Instant::now() < deadline, "{} of {users} are in a world", inside());
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until all bots are in a room and in a channel, and every server agrees.
    #[track_caller]
    pub(crate) fn wait_until_complete(&self, bots: u64) {
        self.wait_until_inside(bots);
        self.main.wait_until_reported(&[("users", bots), ("chat.memberships", bots)]);
        self.chat.wait_until_reported(&[("memberships", bots), ("mains", 1)]);
    }

    /// Waits until nobody is anywhere.
    #[track_caller]
    pub(crate) fn wait_until_empty(&self) {
        self.wait_until_inside(0);
        for world in &self.worlds {
            world.wait_until_reported(&[("rooms", 0), ("net.sessions", 1)]);
        }
        // The links to Login, to the chat server, and to the worlds are left.
        self.main.wait_until_reported(&[("users", 0), ("worlds", 2), ("net.sessions", 4)]);
        self.main.wait_until_reported(&[("chat.memberships", 0), ("chat.channels", 0)]);
        self.chat.wait_until_reported(&[("memberships", 0), ("net.sessions", 1)]);
        self.login.wait_until_reported(&[("waiting", 0), ("net.sessions", 1)]);
    }

    /// Waits until Main has found every other server.
    #[track_caller]
    pub(crate) fn wait_until_linked(&self) {
        self.login.wait_until_reported(&[("net.sessions", 1)]);
        self.chat.wait_until_reported(&[("mains", 1)]);
        self.main.wait_until_reported(&[("worlds", 2)]);
    }

    /// Players that worlds have taken in since their start.
    pub(crate) fn joins(&self) -> u64 {
        self.worlds.iter().map(|world| world.report().count("joined")).sum()
    }
}

/// Counts of faults in channels.
pub(crate) const CHAT_FAULTS: [&str; 6] = [
    "chat_lost",
    "chat_missed_announced",
    "chat_duplicated",
    "chat_disordered",
    "chat_wrong_channel",
    "chat_unanswered",
];

/// Room and chat messages that came twice, late, or to the wrong ones.
pub(crate) const ROOM_FAULTS: [&str; 6] =
    ["lost", "duplicated", "disordered", "wrong_room", "self_seen", "unknown"];

/// How often bots had to do without a server, each by itself.
pub(crate) struct Outages {
    /// A Login that is busy has some come again, where all come at once.
    pub(crate) logins: u64,
    pub(crate) mains: u64,
}

/// Ends bots that have seen every server started again: nothing is lost but so many connections. Answers what they have seen.
#[track_caller]
pub(crate) fn expect_whole(bots: Bots, count: u64, outages: &Outages) -> Report {
    bots.stop();
    let BotOutcome { code, report } = bots.outcome();
    assert_eq!(code, Some(0), "{report:?}");
    report.expect(&ROOM_FAULTS.map(|fault| (fault, 0)));
    report.expect(&CHAT_FAULTS.map(|fault| (fault, 0)));
    report.expect(&[("joined", count), ("present", count), ("chat_present", count)]);
    report.expect(&[(LOGIN_OUTAGES, outages.logins), ("outages.main.times", outages.mains)]);
    report
}

pub(crate) const LOGIN_OUTAGES: &str = "outages.login.times";

/// Picks one of its servers.
pub(crate) type ServerOf = fn(&mut WholeRealm) -> &mut Server;

/// The servers of a realm, in an order in which they may be started again.
pub(crate) const EVERY_SERVER: [(&str, ServerOf); 5] = [
    ("login", |realm| &mut realm.login),
    ("world 1", |realm| &mut realm.worlds[0]),
    ("main", |realm| &mut realm.main),
    ("chat", |realm| &mut realm.chat),
    ("world 2", |realm| &mut realm.worlds[1]),
];
