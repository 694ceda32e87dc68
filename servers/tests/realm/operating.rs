//! A process and who runs it: SIGHUP, and what a service manager is told.

#![cfg(target_os = "linux")]

use std::fs::File;
use std::net::SocketAddr;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as UnixAddress, UnixDatagram};
use std::time::Instant;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use tinyrealm_core::protocol::ErrorCode;

use crate::support::{PATIENCE, Peer, Process, ScratchFile, Server, Signal, Stream, scratch_path};

/// Where a process tells how it does.
struct Manager {
    socket: UnixDatagram,
    place: String,
}

impl Manager {
    fn in_a_folder(name: &str) -> Self {
        let file = scratch_path(name);
        // It is there if a process before this one had the same number.
        let _ = std::fs::remove_file(&file);
        Self::of(UnixDatagram::bind(&file).unwrap(), file)
    }

    fn without_a_folder(name: &str) -> Self {
        let name = format!("tinyrealm-{}-{name}", std::process::id());
        let address = UnixAddress::from_abstract_name(&name).unwrap();
        Self::of(UnixDatagram::bind_addr(&address).unwrap(), format!("@{name}"))
    }

    fn of(socket: UnixDatagram, place: String) -> Self {
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { socket, place }
    }

    fn start(&self, arguments: &[&str]) -> Process {
        let variables = [("NOTIFY_SOCKET", self.place.as_str()), ("WATCHDOG_USEC", "600000")];
        Process::start_with(arguments, &variables)
    }

    fn hear(&self) -> String {
        let mut bytes = [0; 4_096];
        let count = self.socket.recv(&mut bytes).expect("nothing is told");
        String::from_utf8(bytes[..count].to_vec()).unwrap()
    }

    /// What is told until this is.
    #[track_caller]
    fn wait_for(&self, text: &str) -> Vec<String> {
        let deadline = Instant::now() + PATIENCE;
        let mut heard = Vec::new();
        loop {
            heard.push(self.hear());
            if heard.last().is_some_and(|last| last.contains(text)) {
                return heard;
            }
            assert!(Instant::now() < deadline, "no {text:?} in {heard:?}");
        }
    }

    /// Whether something of this is on its way already.
    fn has_heard(&self, text: &str) -> bool {
        self.socket.set_nonblocking(true).unwrap();
        let mut bytes = [0; 4_096];
        let mut heard = false;
        while let Ok(count) = self.socket.recv(&mut bytes) {
            heard |= String::from_utf8_lossy(&bytes[..count]).contains(text);
        }
        self.socket.set_nonblocking(false).unwrap();
        heard
    }
}

#[test]
fn a_manager_is_told_of_a_server_from_its_beginning_to_its_end() {
    for manager in [Manager::in_a_folder("manager"), Manager::without_a_folder("manager")] {
        let chat = manager.start(&["chat", "--port", "0"]);
        let before = manager.wait_for("READY=1");
        assert!(before.iter().any(|told| told.contains("STATUS=in service")), "{before:?}");
        chat.signal(Signal::HangUp);
        let reload = manager.wait_for("RELOADING=1").pop().unwrap();
        let usec = reload.lines().find_map(|line| line.strip_prefix("MONOTONIC_USEC="));
        assert!(usec.unwrap().parse::<u64>().unwrap() > 0);
        manager.wait_for("READY=1");
        chat.signal(Signal::Terminate);
        manager.wait_for("STOPPING=1");
        chat.finish(PATIENCE).expect_code(0);
    }
}

/// Its readiness is that of `/readyz`.
#[test]
fn a_world_is_ready_when_its_main_knows_it() {
    let main = Server::main(&[]);
    let address = main.address;
    main.process.kill();
    let manager = Manager::without_a_folder("world");
    let main = address.to_string();
    let world = ["world", "--port", "0", "--id", "5", "--main", &main];
    let impatient =
        ["--set", "world.reconnect_first_ms=50", "--set", "world.reconnect_most_ms=200"];
    let _world = manager.start(&[&world[..], &impatient].concat());
    let before = manager.wait_for("STATUS=world 5 is not registered");
    assert!(!before.iter().any(|told| told.contains("READY=1")), "{before:?}");
    let _main = Server::main_at(address, &[]);
    manager.wait_for("STATUS=in service");
    manager.wait_for("READY=1");
}

/// The watchdog is fed while the node's thread turns; a process that stands still tells nothing.
#[test]
fn a_watchdog_is_fed_by_those_who_live() {
    let manager = Manager::without_a_folder("watchdog");
    let main = manager.start(&["main", "--port", "0", "--chat", ""]);
    manager.wait_for("READY=1");
    for _ in 0..3 {
        manager.wait_for("WATCHDOG=1");
    }
    main.signal(Signal::Stop);
    manager.has_heard("WATCHDOG=1");
    assert!(!manager.has_heard(""), "a stopped process has told something");
    main.signal(Signal::Continue);
    manager.wait_for("WATCHDOG=1");
}

#[test]
fn a_manager_s_address_that_is_none_is_named() {
    let refused =
        Process::start_with(&["chat", "--port", "0"], &[("NOTIFY_SOCKET", &"x".repeat(200))]);
    let refused = refused.finish(PATIENCE);
    refused.expect_code(1);
    assert!(refused.lines(Stream::Stderr).iter().any(|line| line.contains("NOTIFY_SOCKET")));
}

#[test]
fn a_configuration_is_read_again_and_what_needs_a_restart_is_named() {
    let file = ScratchFile::with("reload.toml", "[world]\nrooms = 2\n");
    let main = ["main", "--port", "0", "--config", file.path(), "--set", "main.users=7"];
    let main = Process::start(&main);
    main.wait_until_said(Stream::Stdout, "main listening on ", 1);
    let hang_up = |expected: &str| {
        main.signal(Signal::HangUp);
        main.wait_until_said(Stream::Stderr, expected, 1);
    };
    hang_up("SIGHUP: the configuration is as it was");
    std::fs::write(
        file.path(),
        "[world]\nrooms = 3\n[main]\nusers = 9\n[log]\nlevel = \"debug\"\n",
    )
    .unwrap();
    hang_up("SIGHUP: world.rooms is 3, but 2 counts until a restart");
    main.wait_until_said(Stream::Stderr, "SIGHUP: log.level is debug, it was info", 1);
    std::fs::write(file.path(), "[world]\nroms = 3\n").unwrap();
    hang_up("unknown field `roms`");
    main.wait_until_said(Stream::Stderr, "the former configuration stays", 1);
    std::fs::write(file.path(), "[world]\nrooms = 2\n").unwrap();
    hang_up("SIGHUP: log.level is info, it was debug");
    // A flag goes before the file, as at the start.
    assert!(!main.has_said(Stream::Stderr, "main.users"));
    main.signal(Signal::Terminate);
    main.finish(PATIENCE).expect_code(0);
}

/// Times and limits count for whoever comes from then on, unless something that counts until a restart forbids it.
#[test]
fn limits_of_links_change_while_a_server_runs() {
    let settings = |hello_ms: u32, net: &str| {
        format!("[main]\nhello_timeout_ms = {hello_ms}\n[net]\ngreeting_timeout_ms = {net}\n")
    };
    let file = ScratchFile::with("limits.toml", &settings(100, "600000"));
    let main = Process::start(&["main", "--port", "0", "--config", file.path()]);
    let address = main.wait_for(Stream::Stdout, |line| {
        line.strip_prefix("main listening on ")?.parse::<SocketAddr>().ok()
    });
    let mut before = Peer::connect(address);
    // Connections are taken in their order: with this one's answer the first has been taken.
    Peer::connect(address).hello(None);
    let reload = |hello_ms: u32, net: &str, told: &[&str]| {
        std::fs::write(file.path(), settings(hello_ms, net)).unwrap();
        main.signal(Signal::HangUp);
        told.iter().for_each(|line| main.wait_until_said(Stream::Stderr, line, 1));
    };
    let told = [
        "SIGHUP: net.greeting_timeout_ms is 150, it was 600000",
        "SIGHUP: net.frame_limit_bytes is 1500, but 1400 counts until a restart",
    ];
    reload(100, "150\nframe_limit_bytes = 1500", &told);
    let mut after = Peer::connect(address);
    after.expect_bye(ErrorCode::GREETING_TIMEOUT);
    before.hello(None);
    let told =
        "SIGHUP: beside what counts until a restart: main.hello_timeout_ms must be at least 1";
    reload(10, "100", &[told]);
    main.wait_until_said(Stream::Stderr, "the former configuration stays", 1);
    Peer::connect(address).expect_bye(ErrorCode::GREETING_TIMEOUT);
    main.signal(Signal::Terminate);
    main.finish(PATIENCE).expect_code(0);
}

/// While its terminal is there a signal is a question; when that is closed, nobody is left to stop the server.
#[test]
fn a_server_ends_with_its_terminal() {
    // No process of any test holds it open.
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let controller = openpt(flags).unwrap();
    grantpt(&controller).unwrap();
    unlockpt(&controller).unwrap();
    let name = ptsname(&controller, Vec::new()).unwrap();
    let terminal = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    let main = Process::start_on(&["main", "--port", "0"], terminal.into());
    main.wait_until_said(Stream::Stdout, "admin listening on ", 1);
    main.signal(Signal::HangUp);
    main.wait_until_said(Stream::Stderr, "SIGHUP: the configuration is as it was", 1);
    drop(controller);
    main.signal(Signal::HangUp);
    main.finish(PATIENCE).expect_code(0);
}

/// What systemd hands a service shows as readable by its group; nothing else that does is taken.
#[test]
fn a_credential_is_taken_as_systemd_shows_it() {
    let secret = ScratchFile::with("credential", crate::support::process::CLUSTER_SECRET);
    let folder = std::path::Path::new(secret.path()).parent().unwrap().to_str().unwrap();
    let setting = format!("cluster.secret_file={}", secret.path());
    let chat = ["chat", "--port", "0", "--set", &setting];
    let start =
        |folder: &str| Process::start_without_secret(&chat, &[("CREDENTIALS_DIRECTORY", folder)]);
    secret.set_mode(0o440);
    start(folder).wait_until_said(Stream::Stdout, "chat listening on ", 1);
    start("/elsewhere").finish(PATIENCE).expect_code(1);
    start("").finish(PATIENCE).expect_code(1);
    secret.set_mode(0o444);
    start(folder).finish(PATIENCE).expect_code(1);
}
