//! `tinyrealm board provision` at a board in set-up mode, whose flash outlives its resets.

use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use embedded_io_async::{Read as _, Write as _};
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};
use tinyrealm_settings::{Console, Found, Identity, Page, Record, Settings, State, Wish};

use super::board::SystemClock;
use super::uart::{BoardEnd, Uart};
use crate::support::{PATIENCE, Process, ScratchFile, Stream};

const KEY: &str = "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20";
const NAME: &str = "test-board";
/// Of the settings below, something between the first piece and the last one.
const HALF_WAY_BYTES: usize = 180;

fn unit(world_id: u16) -> String {
    format!(
        "[network]\nmac = \"02:00:00:00:71:01\"\naddress = \"10.0.2.16/24\"\ngateway = \"10.0.2.2\"\n\
         [main]\naddress = \"10.0.2.2:7000\"\nworld_key = \"{KEY}\"\n\
         [world]\nworld_id = {world_id}\nregion = \"eu\"\npublic_address = \"192.168.1.3:7100\"\n"
    )
}

const SECTOR_BYTES: usize = 1_024;

/// Two sectors.
#[derive(Clone)]
struct Flash(Arc<Mutex<[u8; 2 * SECTOR_BYTES]>>);

#[derive(Debug)]
struct Never;

impl NorFlashError for Never {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

impl ErrorType for Flash {
    type Error = Never;
}

impl Flash {
    fn new() -> Self {
        Self(Arc::new(Mutex::new([0xFF; 2 * SECTOR_BYTES])))
    }

    fn with<T>(&self, act: impl FnOnce(&mut [u8]) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner)[..])
    }

    /// The world's id, if it has settings.
    fn world_id(&self) -> Option<u16> {
        let mut record = Record::erased();
        match Page::new(self.clone(), 0).read(&mut record).unwrap() {
            Found::Whole(settings) => settings.world_id.map(NonZero::get),
            Found::None | Found::Broken => None,
        }
    }
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 4;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Never> {
        let from = offset as usize;
        self.with(|flash| bytes.copy_from_slice(&flash[from..from + bytes.len()]));
        Ok(())
    }

    fn capacity(&self) -> usize {
        2 * SECTOR_BYTES
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = SECTOR_BYTES;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Never> {
        self.with(|flash| flash[from as usize..to as usize].fill(0xFF));
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Never> {
        self.with(|flash| {
            let places = flash[offset as usize..].iter_mut();
            places.zip(bytes).for_each(|(place, byte)| *place &= byte);
        });
        Ok(())
    }
}

/// A board that starts with this flash, at a line.
struct SetUpBoard {
    thread: Option<JoinHandle<()>>,
    is_over: Arc<AtomicBool>,
}

impl SetUpBoard {
    /// It is reset once, when it has heard so many bytes.
    fn start(uart: &Uart, flash: &Flash, reset_after_bytes: usize) -> Self {
        let (end, flash) = (uart.board(), flash.clone());
        let is_over = Arc::<AtomicBool>::default();
        let told = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || {
            SystemClock::new().block_on(set_up(end, flash, reset_after_bytes), &told);
        });
        Self { thread: Some(thread), is_over }
    }
}

impl Drop for SetUpBoard {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let outcome = thread.join();
            assert!(outcome.is_ok() || std::thread::panicking(), "the board has panicked");
        }
    }
}

/// Until it is told to restart: then it would run.
async fn set_up(mut end: BoardEnd, flash: Flash, reset_after_bytes: usize) {
    let state = || if flash.world_id().is_some() { State::Whole } else { State::None };
    let console = || Console::new(Identity { name: NAME, has_dhcp: false }, state());
    let (mut at_hand, mut heard, mut byte) = (console(), 0, [0]);
    // Its own log is on the line, too.
    let _ = end.write_all(b"0.001 INFO a board starts\r\n").await;
    while let Ok(1) = end.read(&mut byte).await {
        heard += 1;
        if heard == reset_after_bytes {
            at_hand = console();
        }
        let wish = at_hand.received(byte[0]);
        if wish == Some(Wish::Save) {
            let settings = at_hand.staged().expect("they were checked");
            let saved = Page::new(flash.clone(), 0).write(&settings, &mut Record::erased());
            at_hand.note_saved(saved.is_ok());
        }
        let answer = at_hand.to_send().to_vec();
        let _ = end.write_all(&answer).await;
        at_hand.sent(answer.len());
        if wish == Some(Wish::Restart) {
            return;
        }
    }
}

fn provision(uart: &Uart, file: &ScratchFile, wait: &str) -> Process {
    let arguments =
        ["board", "provision", uart.path(), "--file", file.path(), "--wait", wait, "--log", "info"];
    Process::start(&arguments)
}

#[test]
fn a_board_is_told_what_it_is_and_no_key_is_told() {
    for (flips, reset_after_bytes) in [(0, 0), (100, 0), (0, HALF_WAY_BYTES)] {
        let (uart, flash) = (Uart::new(flips), Flash::new());
        let file = ScratchFile::with("unit.toml", &unit(107));
        let _board = SetUpBoard::start(&uart, &flash, reset_after_bytes);
        let finished = provision(&uart, &file, "20").finish(PATIENCE);
        finished.expect_code(0);
        let lines = finished.lines(Stream::Stdout);
        assert!(lines[0].starts_with(&format!("{NAME} has these settings now")), "{lines:?}");
        assert!(lines.contains(&"  world.world_id: 107"), "{lines:?}");
        let fingerprint = "  main.world_key: key with the fingerprint ae216c2e";
        assert!(lines.contains(&fingerprint), "{lines:?}");
        let told = [finished.lines(Stream::Stderr), lines].concat().join("\n");
        assert!(!told.contains(&KEY[..8]), "{told}");
        assert!(told.contains("it has no settings yet"), "{told}");
        assert_eq!(flash.world_id(), Some(107));
        println!("{} bits were turned", uart.flipped());
    }
}

/// It listens when it starts, and whoever waits for that is heard.
#[test]
fn a_board_with_settings_gets_others_when_it_is_reset() {
    let (uart, flash) = (Uart::new(0), Flash::new());
    let old = Settings { world_id: NonZero::new(7), ..Settings::default() };
    Page::new(flash.clone(), 0).write(&old, &mut Record::erased()).unwrap();
    let file = ScratchFile::with("unit.toml", &unit(8));
    let process = provision(&uart, &file, "20");
    process.wait_until_said(Stream::Stderr, "waiting for a board at", 1);
    let _board = SetUpBoard::start(&uart, &flash, 0);
    process.wait_until_said(Stream::Stderr, "it has settings, which go", 1);
    process.finish(PATIENCE).expect_code(0);
    assert_eq!(flash.world_id(), Some(8));
}

#[track_caller]
fn expect_refused(process: Process, parts: &[&str]) {
    let finished = process.finish(PATIENCE);
    finished.expect_code(1);
    let told = finished.lines(Stream::Stderr).join("\n");
    for part in parts {
        assert!(told.contains(part), "{told}");
    }
    assert!(finished.lines(Stream::Stdout).is_empty());
}

#[test]
fn nobody_is_told_in_time() {
    let uart = Uart::new(0);
    let file = ScratchFile::with("unit.toml", &unit(8));
    expect_refused(provision(&uart, &file, "1"), &["no board in set-up mode answers"]);
}

#[test]
fn a_board_says_what_it_can_not_do_and_keeps_what_it_had() {
    let (uart, flash) = (Uart::new(0), Flash::new());
    let old = Settings { world_id: NonZero::new(7), ..Settings::default() };
    Page::new(flash.clone(), 0).write(&old, &mut Record::erased()).unwrap();
    let file = ScratchFile::with("unit.toml", "[network]\naddressing = \"dhcp\"\n");
    let _board = SetUpBoard::start(&uart, &flash, 0);
    expect_refused(provision(&uart, &file, "20"), &["it is built without `dhcp`"]);
    assert_eq!(flash.world_id(), Some(7));
}

/// Before a word is said to a board.
#[test]
fn a_file_that_is_wrong_is_told_by_its_lines() {
    let uart = Uart::new(0);
    let wrong = ScratchFile::with("unit.toml", "[network]\nmac = \"1\"\n[main]\naddress = \"x\"\n");
    let lines = [2, 4].map(|line| format!("{}:{line}: ", wrong.path()));
    expect_refused(provision(&uart, &wrong, "20"), &[&lines[0], &lines[1], "`network.mac`"]);
    let demonstration =
        tinyrealm_settings::DEMONSTRATION_KEYS[0].bytes().map(|byte| format!("{byte:02x}"));
    let text = format!("[main]\nworld_key = \"{}\"\n", demonstration.concat());
    let file = ScratchFile::with("unit.toml", &text);
    let place = format!("{}:2: `main.world_key` is of the demonstration's secret", file.path());
    expect_refused(provision(&uart, &file, "20"), &[&place]);
    let readable = ScratchFile::with("unit.toml", &unit(8));
    readable.set_mode(0o644);
    expect_refused(provision(&uart, &readable, "20"), &["can be read by others", "chmod 600"]);
}
