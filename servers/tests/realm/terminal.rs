//! The terminal client on a terminal: keys in, frames out, and other people on the other side.
#![cfg(unix)]

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Instant;

use crate::support::login::{Accounts, CHEAP, main_of};
use crate::support::{PATIENCE, ScratchFile, Server, Stream};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

const PASSWORD: &str = "correct horse";

/// A client on a terminal of its own, and whoever sits in front of it.
struct Terminal {
    client: Child,
    keys: File,
    screen: Receiver<Vec<u8>>,
    /// What was drawn, and not looked at yet.
    drawn: String,
}

impl Terminal {
    fn start(arguments: &[&str]) -> Self {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let name = ptsname(&controller, Vec::new()).unwrap();
        let terminal = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        let size = Winsize { ws_row: 30, ws_col: 110, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&terminal, size).unwrap();
        let ours = || Stdio::from(terminal.try_clone().unwrap());
        let mut command = Command::new(env!("CARGO_BIN_EXE_tinyrealm"));
        // The configuration of whoever runs the tests is not theirs.
        command.env_clear();
        command.arg("client").args(arguments).stdin(ours()).stdout(ours()).stderr(ours());
        let client = command.spawn().unwrap();
        let keys = File::from(controller.try_clone().unwrap());
        Self { client, keys, screen: read_all(controller), drawn: String::new() }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until this is drawn, or said after the screen was given back.
    #[track_caller]
    fn wait_until_drawn(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.drawn.contains(text) {
            match self.screen.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.drawn.push_str(&String::from_utf8_lossy(&bytes)),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("{text:?} was not drawn, but {}", self.drawn)
                }
            }
        }
        let end = self.drawn.find(text).unwrap() + text.len();
        self.drawn.drain(..end);
    }

    /// Waits for its end, and answers its exit code.
    fn code(mut self) -> Option<i32> {
        self.client.wait().unwrap().code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.client.kill();
        let _ = self.client.wait();
    }
}

/// Reads the terminal's other side on a thread of its own, until nobody has the terminal any more.
fn read_all(controller: OwnedFd) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut controller = File::from(controller);
        let mut buffer = [0; 4_096];
        while let Ok(count @ 1..) = controller.read(&mut buffer) {
            if sender.send(buffer[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Servers of a realm with accounts, and two people who have one.
struct Realm {
    login: Server,
    chat: Server,
    main: Server,
    world: Server,
    password: ScratchFile,
    accounts: Accounts,
}

impl Realm {
    fn start(name: &str) -> Self {
        let accounts = Accounts::new(name);
        for id in ["ann", "bob"] {
            accounts.user(&["add", id], PASSWORD);
        }
        let login = accounts.login(&CHEAP);
        let chat = Server::chat(&[]);
        let main = main_of(&login, &[&format!("main.chat={}", chat.address)]);
        main.process.wait_until_said(Stream::Stderr, "the chat server has", 1);
        let world = Server::world(1, main.address, &[]);
        world.wait_until_registered(1);
        let password = ScratchFile::with(&format!("{name}-password"), PASSWORD);
        Self { login, chat, main, world, password, accounts }
    }

    fn client(&self) -> ClientOf {
        let (main, login) = (self.main.address.to_string(), self.login.address.to_string());
        ClientOf { realm: ["--main".into(), main, "--login".into(), login] }
    }

    fn come(&self, id: &str) -> Terminal {
        self.client().come(id, &self.password)
    }
}

/// Starts clients of a realm, also when its servers are gone.
struct ClientOf {
    realm: [String; 4],
}

impl ClientOf {
    fn start(&self, arguments: &[&str]) -> Terminal {
        Terminal::start(&[&self.realm.each_ref().map(String::as_str)[..], arguments].concat())
    }

    fn come(&self, id: &str, password: &ScratchFile) -> Terminal {
        self.start(&["--id", id, "--password-file", password.path()])
    }
}

#[test]
fn who_has_no_account_stays_outside() {
    let realm = Realm::start("terminal-outside");
    let wrong = ScratchFile::with("terminal-wrong-password", "a wrong password");
    let mut stranger = realm.client().come("ann", &wrong);
    stranger.wait_until_drawn("error: wrong id or password");
    assert_eq!(stranger.code(), Some(1));
    let mut guest = realm.client().start(&[]);
    guest.wait_until_drawn("error: this realm wants an account");
    assert_eq!(guest.code(), Some(1));
}

#[test]
fn two_people_meet_walk_and_talk() {
    let realm = Realm::start("terminal");
    let mut ann = realm.come("ann");
    ann.wait_until_drawn("you are in lobby");
    let mut bob = realm.come("bob");
    ann.wait_until_drawn("came in");
    bob.wait_until_drawn("you are in lobby");
    ann.press("wd");
    ann.wait_until_drawn("at 0.5, 0.5");
    ann.press("thello there\r");
    bob.wait_until_drawn(": hello there");
    bob.press("t/join trade\r");
    bob.wait_until_drawn("you are in trade");
    ann.wait_until_drawn("has gone");
    ann.press("t/join trade\r");
    ann.wait_until_drawn("you are in trade");
    bob.press("t2 swords\r");
    ann.wait_until_drawn(": 2 swords");
    ann.press("q");
    bob.press("\x03"); // Ctrl-C
    assert_eq!((ann.code(), bob.code()), (Some(0), Some(0)));
    realm.main.wait_until_reported(&[("users", 0)]);
}

/// Servers go, and whoever is there is told which one.
#[test]
fn lost_servers_are_told_of_one_by_one() {
    let realm = Realm::start("terminal-lost");
    let mut ann = realm.come("ann");
    ann.wait_until_drawn("you are in lobby");
    let client = realm.client();
    realm.chat.process.kill();
    realm.main.process.wait_until_said(Stream::Stderr, "lost the chat server", 1);
    ann.press("tand?\r");
    ann.wait_until_drawn("not said: CHAT_UNAVAILABLE");
    realm.world.process.kill();
    ann.wait_until_drawn("lost the world (LOST); looking for another");
    ann.wait_until_drawn("no world for you now (NO_WORLD); trying again");
    ann.press("q");
    assert_eq!(ann.code(), Some(0));

    realm.login.process.kill();
    let mut early = client.come("ann", &realm.password);
    early.wait_until_drawn("can't reach Login at");
    early.wait_until_drawn("trying again");
    early.press("q");
    early.wait_until_drawn("error: can't reach Login at");
    assert_eq!(early.code(), Some(1));
}

/// With the line that made its key, and no Login.
#[test]
fn a_device_comes_with_its_key_alone() {
    let realm = Realm::start("terminal-device");
    let made = realm.accounts.user(&["add", "board", "--device-key"], "");
    let key = ScratchFile::with("terminal-device-key", made.lines(Stream::Stdout).last().unwrap());
    let main = realm.main.address.to_string();
    let mut board = Terminal::start(&["--main", &main, "--device-key", key.path()]);
    board.wait_until_drawn("you are in room");
    board.press("q");
    assert_eq!(board.code(), Some(0));
    let other = ScratchFile::with("terminal-other-key", &"07".repeat(32));
    let mut other = Terminal::start(&["--main", &main, "--device-key", other.path()]);
    other.wait_until_drawn("refuses: BAD_PROOF");
    other.press("q");
    let none = ScratchFile::with("terminal-no-key", "a password");
    let mut none = Terminal::start(&["--main", &main, "--device-key", none.path()]);
    none.wait_until_drawn("is not 64 hexadecimal digits");
}

/// Who is revoked inside is told so in words, has a code that says so, and does not come back.
#[test]
fn a_revoked_user_is_told_and_stays_out() {
    let accounts = Accounts::new("terminal-revoked");
    for id in ["ann", "bob"] {
        accounts.user(&["add", id], PASSWORD);
    }
    let login = accounts.login(&CHEAP);
    let main = main_of(&login, &[]);
    let world = Server::world(1, main.address, &[]);
    world.wait_until_registered(1);
    let file = ScratchFile::with("terminal-revoked-password", PASSWORD);
    let (main_address, login_address) = (main.address.to_string(), login.address.to_string());
    let come = |id| {
        let realm = ["--main", &main_address, "--login", &login_address];
        Terminal::start(&[&realm[..], &["--id", id, "--password-file", file.path()]].concat())
    };
    let mut ann = come("ann");
    ann.wait_until_drawn("you are in room");
    let mut bob = come("bob");
    ann.wait_until_drawn("came in");
    bob.wait_until_drawn("you are in room");
    bob.press("wd");
    bob.wait_until_drawn("at 0.5, 0.5");
    accounts.user(&["disable", "bob"], "");
    bob.wait_until_drawn("error: your account is not good any more: log in again");
    assert_eq!(bob.code(), Some(1));
    main.wait_until_reported(&[("users", 1)]);
    world.wait_until_reported(&[("users", 1)]);
    ann.press("q");
    assert_eq!(ann.code(), Some(0));
    come("bob").wait_until_drawn("error: this account is disabled");
}

/// Two people name one room, see it in the list, and who does not know its secret is told what to do.
#[test]
fn two_people_meet_in_a_room_by_its_name() {
    let main = Server::main(&["main.registry_settle_ms=0"]);
    let worlds = [1, 2].map(|id| Server::world(id, main.address, &[]));
    worlds.iter().for_each(|world| world.wait_until_registered(1));
    let address = main.address.to_string();
    let come = |arguments: &[&str]| Terminal::start(&[&["--main", &address], arguments].concat());
    let den = ["--room", "den", "--mode", "duel", "--room-secret"];
    let mut ann = come(&[&den[..], &["sesame"]].concat());
    ann.wait_until_drawn("you are in room");
    let mut bob = come(&[&den[..], &["sesame"]].concat());
    ann.wait_until_drawn("came in");
    bob.wait_until_drawn("1 others");
    bob.press("t/rooms\r");
    bob.wait_until_drawn("* den (duel)");
    let mut stranger = come(&[&den[..], &["Sesame"]].concat());
    stranger.wait_until_drawn("error: that is not the room's secret: give it with --room-secret");
    assert_eq!(stranger.code(), Some(1));
    let mut bad = come(&["--room", &"n".repeat(25)]);
    bad.wait_until_drawn("a room's name has 1 to 24 bytes");
    assert_eq!(bad.code(), Some(2));
    ann.press("q");
    bob.press("q");
    assert_eq!((ann.code(), bob.code()), (Some(0), Some(0)));
}
