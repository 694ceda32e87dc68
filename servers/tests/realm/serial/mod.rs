//! A world on a board that has nothing but a UART, and players who do not know that.

mod board;
mod provision;
mod uart;

use std::time::{Duration, Instant};

use crate::support::ports::free_port;
use crate::support::{Bots, PATIENCE, Process, Realm, ScratchFile, Signal, Stream};
use board::{Board, PLAYERS, WORLD_ID};
use uart::{BAUD, Uart};

/// How often bots are asked how they do.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A Main, a line with a desktop at its end, and the board at the other one.
struct SerialRealm {
    realm: Realm,
    uart: Uart,
    address: String,
    desktop: Process,
    board: Option<Board>,
}

fn desktop(uart: &Uart, main: &str, address: &str) -> Process {
    let arguments = ["serial", uart.path(), "--main", main, "--listen", address];
    let process = Process::start(&arguments);
    process.wait_until_said(Stream::Stdout, "serial listening on", 1);
    process
}

impl SerialRealm {
    fn start(flips: u64) -> Self {
        let realm = Realm::without_worlds(&[&format!("cluster.clear=world:{WORLD_ID}")]);
        let uart = Uart::new(flips);
        let address = format!("127.0.0.1:{}", free_port());
        let board = Some(Board::start(&uart, &address));
        let desktop = desktop(&uart, &realm.main.address.to_string(), &address);
        let it = Self { realm, uart, address, desktop, board };
        it.wait_until_registered();
        it
    }

    #[track_caller]
    fn wait_until_registered(&self) {
        self.realm.main.wait_until_reported(&[("worlds", 1)]);
    }

    fn bots(&self, more: &[&str]) -> Bots {
        let count = PLAYERS.to_string();
        let arguments = [&["--count", &count, "--hz", "4"][..], more].concat();
        Bots::start(self.realm.main.address, &arguments)
    }

    fn reset_board(&mut self) {
        self.board.take().map(Board::reset);
        self.board = Some(Board::start(&self.uart, &self.address));
    }

    fn restart_desktop(&mut self) {
        self.desktop.end();
        self.desktop = desktop(&self.uart, &self.realm.main.address.to_string(), &self.address);
    }

    /// Ends everything in good order; answers what the board's end of the line has seen.
    fn stop(mut self) -> tinyrealm_smoltcp::serial::Stats {
        let stats = self.board.take().map(Board::reset).unwrap_or_default();
        self.desktop.signal(Signal::Interrupt);
        self.desktop.finish(PATIENCE).expect_code(0);
        self.realm.stop();
        stats
    }
}

#[test]
fn bots_play_in_a_world_at_a_uart_and_noise_costs_them_nothing() {
    for flips in [0, 400] {
        let realm = SerialRealm::start(flips);
        let bots = realm.bots(&["--seconds", "4", "--events"]);
        bots.outcome().expect_clean(PLAYERS as u64);
        let (flipped, carried) = (realm.uart.flipped(), realm.uart.carried());
        let stats = realm.stop();
        println!("{flipped} bits were turned, {carried} bytes went to the desktop: {stats:?}");
        assert_eq!(stats.lost, 0);
        assert_eq!(flipped == 0, flips == 0);
        assert!(flips == 0 || (stats.broken > 0 && stats.resent > 0), "{stats:?}");
    }
}

#[test]
fn whichever_end_begins_anew_everyone_comes_back() {
    let mut realm = SerialRealm::start(0);
    let bots = realm.bots(&["--seconds", "600", "--through-restarts"]);
    bots.wait_until_running();
    realm.reset_board();
    realm.desktop.wait_until_said(Stream::Stderr, "the board has begun anew", 1);
    wait_until_inside(&realm, &bots, 1);
    realm.restart_desktop();
    wait_until_inside(&realm, &bots, 2);
    bots.stop();
    let outcome = bots.outcome();
    assert_eq!(outcome.code, Some(0), "{:?}", outcome.report);
    let count = PLAYERS as u64;
    outcome.report.expect(&[("joined", count), ("present", count), ("lost", 0), ("unknown", 0)]);
    realm.stop();
}

/// Its way to Main is the desktop's, and the world is where Main says.
#[test]
fn a_board_plays_in_a_world_of_the_network() {
    let realm = Realm::start(&[]);
    let uart = Uart::new(400);
    let _desktop = desktop(&uart, &realm.main.address.to_string(), "127.0.0.1:0");
    let board = Board::start_client(&uart);
    realm.world().wait_until_reported(&[("joined", 1), ("users", 1)]);
    board.reset();
    let _board = Board::start_client(&uart);
    realm.world().wait_until_reported(&[("joined", 2), ("users", 1)]);
}

/// Waits until every bot has lost its world so often, and is in a room again.
#[track_caller]
fn wait_until_inside(realm: &SerialRealm, bots: &Bots, times: u64) {
    let deadline = Instant::now() + PATIENCE;
    let count = PLAYERS as u64;
    loop {
        let report = bots.report();
        if report.count("disconnects") == times * count && report.count("present") == count {
            return realm.wait_until_registered();
        }
        assert!(Instant::now() < deadline, "not everyone is back: {report:?}");
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// What is said of a line that can't be had.
#[track_caller]
fn expect_refused(device: &str, why: &str) {
    let finished = Process::start(&["serial", device, "--listen", "127.0.0.1:0"]).finish(PATIENCE);
    finished.expect_code(1);
    let lines = finished.lines(Stream::Stderr);
    assert!(lines.iter().any(|line| line.contains(device) && line.contains(why)), "{lines:?}");
}

#[test]
fn a_line_that_can_not_be_had_is_named() {
    expect_refused("/dev/no-such-line", "there is no such device");
    let file = ScratchFile::with("no-line", "");
    expect_refused(file.path(), "this is no serial line");
    let uart = Uart::new(0);
    let _first = desktop(&uart, "127.0.0.1:1", "127.0.0.1:0");
    expect_refused(uart.path(), "somebody else has it open");
}

#[test]
fn a_line_with_nobody_or_with_noise_is_told() {
    let uart = Uart::new(0);
    let desktop = desktop(&uart, "127.0.0.1:1", "127.0.0.1:0");
    desktop.wait_until_said(Stream::Stderr, &format!("is open at {BAUD} baud"), 1);
    desktop.wait_until_said(Stream::Stderr, "nothing is heard of a board yet", 1);
}
