//! One image, many units: a board that is told at its UART what it is, and is that from then on, wherever its power is cut.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use tinyrealm_qemu::image::Place;
use tinyrealm_qemu::{Machine, Network};

use super::images::{DEVICE_PORT, free_port, image};
use super::support::{Bots, Finished, PATIENCE, Process, ScratchFile, Server, Stream};

/// What no image has.
const UNIT_MAC: &str = "02:00:00:00:71:6b";
/// In the board's PSRAM, as `firmware-demo/mps2-an385/src/settings.rs` has it.
const CUT_AT_WORD: u32 = 0x2100_0800;
const CHANGED_WORDS: Place = Place { address: CUT_AT_WORD + 4, bytes: 4 };
/// How often a board is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);
/// As PROTOCOL.md has it.
const HELLO: &[u8] = b"\n01 hello 59ce\n";
/// How long a board waits for a desktop that says no more.
const DESKTOP_SILENCE: Duration = Duration::from_secs(10);
const FORMER: u16 = 107;
const NEXT: u16 = 108;
/// How many places a save is cut at here; the settings' own tests cut it at each.
const CUTS: u32 = 5;

/// A board without settings, and the Main that it is to be told of.
struct Unit {
    main: Server,
    machine: Machine,
    terminal: String,
    port: u16,
    /// QEMU takes up to a second to see that somebody is at its terminal, and a board that has settings listens for half of one.
    somebody: File,
}

impl Unit {
    /// Whose power is cut in the middle of this changed word of its flash, if it is not 0.
    fn start(cut_at_word: u32) -> Self {
        let main = Server::main(&[&format!("cluster.clear=world:{FORMER},world:{NEXT}")]);
        let port = free_port();
        let network = Network::User { forwards: vec![(port, DEVICE_PORT)] };
        let cut = format!("loader,addr={CUT_AT_WORD:#x},data={cut_at_word},data-len=4");
        let machine =
            Machine::start_at_terminal(image("unit"), UNIT_MAC, &network, &["-device", &cut]);
        let mut machine = machine.unwrap();
        let terminal = machine.terminal().unwrap();
        let mut open = OpenOptions::new();
        open.read(true).write(true).custom_flags(OFlags::NOCTTY.bits().cast_signed());
        let somebody = open.open(&terminal).unwrap();
        Self { main, machine, terminal, port, somebody }
    }

    /// What tells it that it is the world `id`.
    fn provision(&self, id: u16) -> Provisioning {
        let key = Process::start(&["key", "world", &id.to_string()]).finish(PATIENCE);
        let unit = format!(
            "[network]\nmac = \"{UNIT_MAC}\"\naddress = \"10.0.2.15/24\"\ngateway = \"10.0.2.2\"\n\
             [main]\naddress = \"10.0.2.2:{}\"\nworld_key = \"{}\"\n\
             [world]\nworld_id = {id}\npublic_address = \"127.0.0.1:{}\"\n",
            self.main.address.port(),
            key.lines(Stream::Stdout)[0],
            self.port,
        );
        let file = ScratchFile::with("unit.toml", &unit);
        file.set_mode(0o600);
        let arguments = ["board", "provision", &self.terminal, "--file", file.path()];
        let process = Process::start(&arguments);
        process.wait_until_said(Stream::Stderr, "waiting for a board", 1);
        Provisioning { process, _file: file }
    }

    /// The same for one that has settings: it listens when it starts.
    fn provision_anew(&mut self, id: u16) -> Provisioning {
        let provisioning = self.provision(id);
        self.machine.reset().unwrap();
        provisioning
    }

    /// Waits until the world `id` has come so often.
    fn wait_until_registered(&self, id: u16, times: usize) {
        let text = format!("world {id} registered");
        self.main.process.wait_until_said(Stream::Stderr, &text, times);
    }

    fn changed_words(&mut self) -> u32 {
        let bytes = self.machine.memory(CHANGED_WORDS).unwrap();
        u32::from_le_bytes(bytes.try_into().unwrap())
    }

    /// Switches it off where its power is cut, and on again when nobody tells it anything more.
    fn expect_cut(&mut self, provisioning: Provisioning, cut_at_word: u32) {
        let deadline = Instant::now() + PATIENCE;
        while self.changed_words() < cut_at_word {
            assert!(Instant::now() < deadline, "word {cut_at_word} was not changed");
            std::thread::sleep(LOOK_INTERVAL);
        }
        drop(provisioning);
        assert_eq!(self.changed_words(), cut_at_word);
        self.machine.reset().unwrap();
    }
}

/// A desktop at the line.
struct Provisioning {
    process: Process,
    _file: ScratchFile,
}

impl Provisioning {
    fn finish(self) -> Finished {
        let finished = self.process.finish(PATIENCE);
        finished.expect_code(0);
        finished
    }
}

/// How many words of the flash a first save changes, and with it a second one.
fn words_of_saves() -> (u32, u32) {
    let mut unit = Unit::start(0);
    unit.provision(FORMER).finish();
    let first = unit.changed_words();
    unit.provision_anew(NEXT).finish();
    (first, unit.changed_words())
}

/// So many places in there, the first and the last among them.
fn spread(from: u32, to: u32) -> impl Iterator<Item = u32> {
    (0..CUTS).map(move |number| from + (to - from) * number / (CUTS - 1))
}

#[test]
fn a_unit_is_what_it_was_told_and_a_reset_leaves_it_that() {
    let mut unit = Unit::start(0);
    let said = unit.provision(FORMER).finish();
    let said = said.lines(Stream::Stdout);
    assert!(said[0].starts_with("mps2-an385 has these settings now"), "{said:?}");
    unit.wait_until_registered(FORMER, 1);
    let bots = Bots::start(unit.main.address, &["--count", "2", "--seconds", "2"]);
    bots.outcome().expect_clean(2);
    unit.machine.reset().unwrap();
    unit.wait_until_registered(FORMER, 2);
    // Nobody tells it anything while it runs; at its start somebody may.
    unit.provision_anew(NEXT).finish();
    unit.wait_until_registered(NEXT, 1);
    unit.machine.reset().unwrap();
    unit.wait_until_registered(NEXT, 2);
}

#[test]
fn whoever_says_hello_and_no_more_does_not_keep_a_unit_from_its_players() {
    let mut unit = Unit::start(0);
    unit.provision(FORMER).finish();
    unit.wait_until_registered(FORMER, 1);
    unit.machine.reset().unwrap();
    let reset = Instant::now();
    unit.somebody.write_all(HELLO).unwrap();
    unit.wait_until_registered(FORMER, 2);
    assert!(reset.elapsed() >= DESKTOP_SILENCE, "it has not heard the hello");
}

#[test]
fn wherever_a_first_save_is_cut_the_unit_can_be_told_again() {
    let (first, _) = words_of_saves();
    for cut_at_word in spread(1, first - 1) {
        println!("cut at word {cut_at_word} of {first}");
        let mut unit = Unit::start(cut_at_word);
        let provisioning = unit.provision(FORMER);
        unit.expect_cut(provisioning, cut_at_word);
        unit.provision(FORMER).finish();
        unit.wait_until_registered(FORMER, 1);
    }
}

#[test]
fn wherever_a_save_is_cut_the_unit_is_what_it_was_or_what_it_was_told() {
    let (first, both) = words_of_saves();
    for cut_at_word in spread(first + 1, both) {
        println!("cut at word {cut_at_word}: {first} for the first save, {both} for both");
        let mut unit = Unit::start(cut_at_word);
        unit.provision(FORMER).finish();
        unit.wait_until_registered(FORMER, 1);
        let provisioning = unit.provision_anew(NEXT);
        unit.expect_cut(provisioning, cut_at_word);
        // Nobody tells it anything now: it has the one or the other.
        unit.main.process.wait_until_said(Stream::Stderr, " registered", 2);
        unit.provision_anew(NEXT).finish();
        unit.wait_until_registered(NEXT, 1);
    }
}
