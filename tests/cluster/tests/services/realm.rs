//! A realm whose every server is there twice, under bots with accounts: one fault of each kind.

use std::net::SocketAddr;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::directory::Directory;
use crate::support::login::{Accounts, CHEAP, main_of};
use crate::support::process::binary;
use crate::support::whole_realm::expect_whole;
use crate::support::{Bots, Server, Signal, Stream};

const BOTS: u64 = 200;
/// How long a server that was killed is away.
const AWAY: Duration = Duration::from_millis(500);
/// How long a Main does nothing.
const HANG: Duration = Duration::from_secs(3);
/// Within which all are back everywhere.
const BACK_WITHIN: Duration = Duration::from_secs(30);

/// Two Mains, two worlds, one Login and one chat server, on three servers of NATS.
struct Realm {
    directory: Directory,
    accounts: Accounts,
    login: Server,
    chat: Server,
    mains: Vec<Server>,
    worlds: Vec<Server>,
}

impl Realm {
    #[track_caller]
    fn start() -> Self {
        let directory = Directory::start("realm", 3);
        let accounts = Accounts::new("cluster-realm");
        let login = accounts
            .login(&[&CHEAP[..], &["login.address_logins=1024", "login.queue=2048"]].concat());
        let chat = Server::chat(&[]);
        let chat_setting = format!("main.chat={}", chat.address);
        let own = directory.settings();
        let own: Vec<&str> =
            own.iter().map(String::as_str).chain([chat_setting.as_str()]).collect();
        let mains: Vec<Server> = (0..2).map(|_| main_of(&login, &own)).collect();
        for main in &mains {
            main.process.wait_until_said(Stream::Stderr, "the directory is there", 1);
        }
        let addresses: Vec<_> = mains.iter().map(|main| main.address).collect();
        let worlds = (1..=2).map(|id| {
            Server::world_with_mains(id, &addresses, &["world.rooms=10", "world.room_capacity=20"])
        });
        let worlds: Vec<Server> = worlds.collect();
        worlds.iter().for_each(|world| world.wait_until_registered(2));
        Self { directory, accounts, login, chat, mains, worlds }
    }

    #[track_caller]
    fn bots(&self) -> Bots {
        let mains: Vec<SocketAddr> = self.mains.iter().map(|main| main.address).collect();
        let (login, data) = (self.login.address.to_string(), self.accounts.setting());
        let count = BOTS.to_string();
        let who = ["--login", &login, "--set", &data, "--make-accounts", "cluster-"];
        let what = ["--count", &count, "--hz", "2", "--seconds", "600", "--chat-hz", "0.5"];
        let rest = ["--channels", "20", "--through-restarts"];
        Bots::start_with_mains(binary(), &mains, &[&who[..], &what, &rest].concat())
    }

    /// Everybody is in a room, and in a channel, and every server agrees.
    #[track_caller]
    fn wait_until_complete(&self, what: &str) {
        let sum = |servers: &[Server], count: &str| -> u64 {
            servers.iter().map(|server| server.report().count(count)).sum()
        };
        let started = Instant::now();
        loop {
            let inside = sum(&self.worlds, "users");
            let at_mains = sum(&self.mains, "chat.memberships");
            let in_chat = self.chat.report().count("memberships");
            if [inside, at_mains, in_chat] == [BOTS; 3] {
                println!("{what}: all are back behind {} ms", started.elapsed().as_millis());
                return;
            }
            assert!(
                started.elapsed() < BACK_WITHIN,
                "{what}: {inside} in worlds, {at_mains} and {in_chat} in channels"
            );
            sleep(Duration::from_millis(50));
        }
    }
}

#[test]
fn one_of_each_is_killed_or_hangs_and_everybody_is_back() {
    let mut realm = Realm::start();
    let bots = realm.bots();
    realm.wait_until_complete("at the start");
    for index in 0..2 {
        realm.mains[index].restart_after(AWAY);
        realm.wait_until_complete(&format!("Main {index} killed"));
    }
    realm.worlds[0].restart_after(AWAY);
    realm.wait_until_complete("a world killed");
    realm.chat.restart_after(AWAY);
    realm.wait_until_complete("chat killed");
    for index in 0..3 {
        realm.directory.nats.kill(index);
        sleep(AWAY);
        realm.wait_until_complete(&format!("NATS {index} killed"));
        realm.directory.nats.start_again(index).unwrap();
    }
    realm.mains[0].process.signal(Signal::Stop);
    sleep(HANG);
    realm.mains[0].process.signal(Signal::Continue);
    realm.wait_until_complete("a Main hung");
    // Half of them were with the first one that was killed, and all with the other one then.
    let report = expect_whole(bots, BOTS, BOTS / 2 + BOTS);
    for server in ["main", "world", "chat"] {
        let longest_ms = report.milliseconds(&format!("outages.{server}.longest_ms"));
        println!("the longest time without {server}: {longest_ms} ms");
    }
}
