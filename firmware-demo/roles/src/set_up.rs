//! What a board with the feature `settings` does before all else: it reads what it is, or is told.
//!
//! Contract: [`start`] returns when the unit's settings are those of its flash. Without any, and if a desktop says hello at its line
//! in the first moments, it is in set-up mode, whose end is a restart; nothing of a role or a network runs meanwhile. A desktop that
//! falls silent keeps nobody from playing: a unit that has settings goes on with them.

use embassy_time::{Duration, Instant};
use embedded_storage::nor_flash::NorFlash;
use static_cell::ConstStaticCell;
use tinyrealm_settings::{Console, Found, Identity, Page, Record, State, Wish};

use crate::{info, unit};

/// How long a board with settings listens: a desktop says hello five times a second.
const LISTENING: Duration = Duration::from_millis(500);
/// How long a desktop may say nothing: it asks again after 200 ms, and gives a board up after five seconds.
const DESKTOP_SILENCE: Duration = Duration::from_secs(10);
/// For whoever looks at the line with a terminal.
const HINT: &[u8] = b"\r\nset-up mode: tinyrealm board provision\r\n";

/// What setting up needs of its board.
pub trait SetUp {
    /// A byte of its serial line, if one has come.
    fn read(&mut self) -> Option<u8>;
    /// Sends one.
    fn write(&mut self, byte: u8);
    /// Tells the watchdog, if there is one.
    fn feed_watchdog(&mut self);
    /// Starts the board anew, when all is sent.
    fn restart(&mut self) -> !;
}

static RECORD: ConstStaticCell<Record> = ConstStaticCell::new(Record::erased());

/// Reads the settings from the two sectors of `flash` at `offset`.
pub fn start(name: &str, flash: impl NorFlash, offset: u32, board: &mut impl SetUp) {
    let mut page = Page::new(flash, offset);
    let record = RECORD.take();
    let state = match page.read(record) {
        Ok(Found::None) => State::None,
        Ok(Found::Whole(_)) => State::Whole,
        Ok(Found::Broken) | Err(_) => State::Broken,
    };
    let identity = Identity { name, has_dhcp: cfg!(feature = "dhcp") };
    talk(&mut Console::new(identity, state), state, &mut page, record, board);
    if let Ok(Found::Whole(settings)) = page.read(record) {
        info!("the unit's settings are there");
        unit::put(settings);
    }
}

/// Not inlined: what it needs of the stack is free again while the role runs.
#[inline(never)]
fn talk(
    console: &mut Console<'_>,
    state: State,
    page: &mut Page<impl NorFlash>,
    record: &mut Record,
    board: &mut impl SetUp,
) {
    let has_settings = state == State::Whole;
    if !has_settings {
        HINT.iter().for_each(|byte| board.write(*byte));
    }
    let mut listens_until = Instant::now() + LISTENING;
    while !has_settings || Instant::now() < listens_until {
        board.feed_watchdog();
        let Some(byte) = board.read() else { continue };
        let wish = console.received(byte);
        if wish == Some(Wish::Save) {
            let is_saved =
                console.staged().is_some_and(|settings| page.write(&settings, record).is_ok());
            console.note_saved(is_saved);
        }
        if console.is_addressed() && !console.to_send().is_empty() {
            listens_until = Instant::now() + DESKTOP_SILENCE;
        }
        console.to_send().iter().for_each(|byte| board.write(*byte));
        console.sent(usize::MAX);
        if wish == Some(Wish::Restart) {
            board.restart();
        }
    }
}
