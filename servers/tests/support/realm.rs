//! `Realm`: Main and worlds as processes of their own.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::process::binary;
use super::secrets::Proof;
use super::{PATIENCE, Process, Report, Signal, Stream, User};

/// Every server's, unless a test sets it itself: tests end servers before their own connections, and
/// do not want to wait for those.
const COMMON_SETTINGS: [&str; 1] = ["net.drain_timeout_ms=250"];

/// Main's, unless a test has a chat server.
const NO_CHAT: &str = "main.chat=";

/// How often a server is asked how it does, by whoever waits for it to do something.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Where a world keeps what its rooms keep, unless a test says where: no two tests have one world.
fn folder_of_its_own() -> String {
    static WORLDS: AtomicU32 = AtomicU32::new(0);
    let number = WORLDS.fetch_add(1, Ordering::Relaxed);
    let folder = env!("CARGO_TARGET_TMPDIR");
    format!("world.data_folder={folder}/{}-data/{number}", std::process::id())
}

/// One running server.
pub(crate) struct Server {
    pub(crate) process: Process,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// `main`, `login`, or `world` and its id.
    name: String,
    program: OsString,
    arguments: Vec<String>,
}

/// Whether a setting is what a server proves itself with.
fn is_proof(setting: &str) -> bool {
    setting.starts_with("cluster.") && setting.contains("_file=")
}

impl Server {
    /// Runs a server and waits until it listens. Each setting is `KEY=VALUE`.
    #[track_caller]
    fn start(name: &str, arguments: &[&str], settings: &[&str]) -> Self {
        let mut all = arguments.to_vec();
        let settings = [&COMMON_SETTINGS, settings].concat();
        all.extend(settings.iter().flat_map(|setting| ["--set", setting]));
        Self::run(name, binary(), all.into_iter().map(str::to_owned).collect())
    }

    #[track_caller]
    fn run(name: &str, program: OsString, arguments: Vec<String>) -> Self {
        let flags: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut command = Process::command_of(program.clone(), &flags, &[]);
        // Whoever is told of a secret has no other one.
        if flags.iter().any(|flag| is_proof(flag)) {
            command.env_remove("TINYREALM_CLUSTER_SECRET");
        }
        let process = Process::spawn(&format!("tinyrealm {}", flags.join(" ")), command);
        let prefix = format!("{name} listening on ");
        let address =
            process.wait_for(Stream::Stdout, |line| line.strip_prefix(&prefix)?.parse().ok());
        Self { process, address, name: name.to_owned(), program, arguments }
    }

    #[track_caller]
    pub(crate) fn main(settings: &[&str]) -> Self {
        Self::start("main", &["main", "--port", "0"], &[&[NO_CHAT], settings].concat())
    }

    #[track_caller]
    pub(crate) fn login(arguments: &[&str], settings: &[&str]) -> Self {
        Self::start("login", &[&["login"], arguments].concat(), settings)
    }

    /// A Main at an address that has been another's.
    #[track_caller]
    pub(crate) fn main_at(address: SocketAddr, settings: &[&str]) -> Self {
        let arguments = ["main", "--listen", &address.to_string()];
        Self::start("main", &arguments, &[&[NO_CHAT], settings].concat())
    }

    #[track_caller]
    pub(crate) fn chat(settings: &[&str]) -> Self {
        Self::start("chat", &["chat", "--port", "0"], settings)
    }

    /// A chat server at an address that has been another's.
    #[track_caller]
    pub(crate) fn chat_at(address: SocketAddr, settings: &[&str]) -> Self {
        Self::start("chat", &["chat", "--listen", &address.to_string()], settings)
    }

    /// A world, which may not have found its Main yet.
    #[track_caller]
    pub(crate) fn world(id: u16, main: SocketAddr, settings: &[&str]) -> Self {
        Self::world_with_mains(id, &[main], settings)
    }

    /// A world that is with all of these Mains.
    #[track_caller]
    pub(crate) fn world_with_mains(id: u16, mains: &[SocketAddr], settings: &[&str]) -> Self {
        let mains: Vec<String> = mains.iter().map(SocketAddr::to_string).collect();
        let (id, main) = (id.to_string(), mains.join(","));
        let arguments = ["world", "--port", "0", "--id", &id, "--main", &main];
        let folder = folder_of_its_own();
        Self::start(&format!("world {id}"), &arguments, &[&[folder.as_str()], settings].concat())
    }

    /// Waits until a world has registered this often.
    #[track_caller]
    pub(crate) fn wait_until_registered(&self, times: usize) {
        self.process.wait_until_said(Stream::Stderr, "registered with Main", times);
    }

    /// Kills it, leaves it away for so long, and starts it again at its address.
    #[track_caller]
    pub(crate) fn restart_after(&mut self, outage: Duration) {
        self.process.end();
        std::thread::sleep(outage);
        self.run_again(self.arguments.clone());
    }

    /// Ends it as a service manager does, and starts it again at its address.
    #[track_caller]
    pub(crate) fn replace(&mut self) {
        self.process.end_by(Signal::Terminate);
        self.run_again(self.arguments.clone());
    }

    /// Ends it in good order, and starts it again at its address as another program.
    #[track_caller]
    pub(crate) fn restart_as(&mut self, program: OsString) {
        self.process.end_in_good_order();
        self.program = program;
        self.run_again(self.arguments.clone());
    }

    /// Ends it in good order, and starts it again at its address with another secret or key.
    #[track_caller]
    pub(crate) fn restart_with(&mut self, proof: Proof<'_>) {
        self.process.end_in_good_order();
        self.run_with(proof);
    }

    /// Starts it again, which has ended, at its address with another secret or key.
    #[track_caller]
    pub(crate) fn run_with(&mut self, proof: Proof<'_>) {
        let mut arguments = Vec::new();
        let mut flags = self.arguments.iter().peekable();
        while let Some(flag) = flags.next() {
            match flags.next_if(|value| flag == "--set" && is_proof(value)) {
                Some(_) => {}
                None => arguments.push(flag.clone()),
            }
        }
        let settings = proof.settings().into_iter();
        arguments.extend(settings.flat_map(|setting| ["--set".to_owned(), setting]));
        self.run_again(arguments);
    }

    #[track_caller]
    fn run_again(&mut self, mut arguments: Vec<String>) {
        let place = arguments.iter().position(|flag| flag == "--port" || flag == "--listen");
        let place = place.expect("every server is told where to listen");
        let where_it_was = ["--listen".to_owned(), self.address.to_string()];
        arguments.splice(place..place + 2, where_it_was);
        *self = Self::run(&self.name, self.program.clone(), arguments);
    }

    /// How it does now.
    #[track_caller]
    pub(crate) fn report(&self) -> Report {
        let prefix = format!("{} report ", self.name);
        let ask = || self.process.signal(Signal::Report);
        Report::parse(&self.name, &self.process.answer(Stream::Stdout, &prefix, ask))
    }

    /// Waits until every one of these counters is as expected.
    #[track_caller]
    pub(crate) fn wait_until_reported(&self, counts: &[(&str, u64)]) {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline && !self.report().shows(counts) {
            std::thread::sleep(LOOK_AGAIN);
        }
        self.report().expect(counts);
    }

    /// Ends it in good order, and answers its last words.
    #[track_caller]
    pub(crate) fn stop(self) -> Report {
        self.process.signal(Signal::Interrupt);
        self.last_words()
    }

    /// Waits for its end in good order, and answers its last words.
    #[track_caller]
    pub(crate) fn last_words(self) -> Report {
        let finished = self.process.finish(PATIENCE);
        finished.expect_code(0);
        let prefix = format!("{} report ", self.name);
        let lines = finished.lines(Stream::Stdout);
        let words = lines.iter().find_map(|line| line.strip_prefix(&prefix));
        Report::parse(&self.name, words.unwrap_or_else(|| panic!("no {prefix:?} in {lines:?}")))
    }
}

/// A Main, its worlds, and what all of them are configured with.
pub(crate) struct Realm {
    pub(crate) main: Server,
    pub(crate) worlds: Vec<Server>,
    settings: Vec<String>,
}

impl Realm {
    /// A Main and world 1, registered.
    #[track_caller]
    pub(crate) fn start(settings: &[&str]) -> Self {
        let mut realm = Self::without_worlds(settings);
        realm.add_world(1, &[]);
        realm
    }

    /// A Main alone.
    #[track_caller]
    pub(crate) fn without_worlds(settings: &[&str]) -> Self {
        let main = Server::main(settings);
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        Self { main, worlds: Vec::new(), settings }
    }

    /// One more world, with settings of its own besides the common ones; waits until it is
    /// registered.
    #[track_caller]
    pub(crate) fn add_world(&mut self, id: u16, settings: &[&str]) -> &Server {
        let all = self.settings.iter().map(String::as_str).chain(settings.iter().copied());
        let world = Server::world(id, self.main.address, &all.collect::<Vec<_>>());
        world.wait_until_registered(1);
        self.worlds.push(world);
        &self.worlds[self.worlds.len() - 1]
    }

    /// The first world.
    pub(crate) fn world(&self) -> &Server {
        &self.worlds[0]
    }

    /// The world that listens there.
    #[track_caller]
    pub(crate) fn take_world_at(&mut self, address: SocketAddr) -> Server {
        let place = self.worlds.iter().position(|world| world.address == address);
        self.worlds.remove(place.unwrap_or_else(|| panic!("no world at {address}")))
    }

    /// Ends Main at once, and answers where it was.
    pub(crate) fn kill_main(self) -> (SocketAddr, Vec<Server>) {
        let address = self.main.address;
        self.main.process.kill();
        (address, self.worlds)
    }

    /// A new user, in a room of any world.
    #[track_caller]
    pub(crate) fn user(&self) -> User {
        User::enter(self.main.address, "")
    }

    /// Ends everything in good order; answers the last words of Main and of the worlds.
    #[track_caller]
    pub(crate) fn stop(self) -> (Report, Vec<Report>) {
        let worlds = self.worlds.into_iter().map(Server::stop).collect();
        (self.main.stop(), worlds)
    }
}
