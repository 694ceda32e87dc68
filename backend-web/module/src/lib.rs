//! The realm's client as a wasm module: `tinyrealm-web-client` behind functions that JavaScript can call.
//!
//! Purpose: one instance is one client. `tinyrealm.js` is its host; who writes another one has all that
//! it needs here.
//!
//! Memory, who owns what and for how long:
//! - The module imports nothing, allocates nothing and frees nothing. All of its memory is there when it
//!   is instantiated and never grows, so that views of `memory.buffer` stay valid for as long as the
//!   instance lives.
//! - **Hand-over**: `HANDOVER_BYTES` at `handover()`. The host's, between its calls; a call that takes a
//!   length copies so many bytes out of it, and leaves it as it is.
//! - **Requests and events**: `request()` and `event()` answer where the oldest record lies, or 0:
//!   `[kind: u8][0][socket: u16 LE][bytes: u16 LE][body]`. It is the module's memory: the host reads it, and
//!   only until it calls `request_taken()` or `event_taken()`, or `tick`, whichever is first. What it
//!   keeps it copies.
//! - Nobody frees: a record's place is free again when it is taken. The instance goes with its memory.
//!
//! Answers of `start`, `opened`, `heard`, `closed` and `command`: 0 taken, 1 full (keep it, and try again
//! after a tick), 2 nobody is there for it, 3 refused.
#![no_std]

#[cfg(target_arch = "wasm32")]
mod panic;

use core::cell::{Cell, RefCell};

use static_cell::StaticCell;
use tinyrealm_web_client::{Answer, Opcode, WebClient, WebMemory, messages};

tinyrealm_web_client::exports!();

/// What the client was started with, which it borrows from.
static SETTINGS: StaticCell<Handover> = StaticCell::new();
static MEMORY: StaticCell<WebMemory<'static>> = StaticCell::new();
static CLIENT: StaticCell<RefCell<WebClient<'static>>> = StaticCell::new();
/// The client, once it is there. A null pointer at first, so that nothing of it is in the file.
static STARTED: Single<Cell<Option<&'static RefCell<WebClient<'static>>>>> =
    Single(Cell::new(None));

fn with_client<T>(act: impl FnOnce(&mut WebClient<'static>) -> T) -> Option<T> {
    Some(act(&mut *STARTED.0.get()?.try_borrow_mut().ok()?))
}

/// What host and module have to agree on.
#[unsafe(no_mangle)]
pub extern "C" fn fingerprint() -> u32 {
    messages::FINGERPRINT
}

/// Makes the client that the `Start` of so many bytes describes; once an instance.
#[unsafe(no_mangle)]
pub extern "C" fn start(bytes: u32) -> u32 {
    let made = || {
        let settings = SETTINGS.try_init(HANDOVER.0.get())?;
        let memory = MEMORY.try_init(WebMemory::NEW)?;
        let client = WebClient::new(&NETWORK.0, memory, handed_over(settings, bytes)?)?;
        CLIENT.try_init(RefCell::new(client))
    };
    let Some(client) = made() else { return Answer::Refused as u32 };
    STARTED.0.set(Some(client));
    Answer::Taken as u32
}

/// Deals with what has come and with the time, in milliseconds. Random bytes lie at [`handover`].
/// Answers how much that was.
#[unsafe(no_mangle)]
pub extern "C" fn tick(now_ms: f64) -> u32 {
    let random = HANDOVER.0.get();
    with_client(|client| client.tick(now_ms as u64, &random)).unwrap_or_default() as u32
}

/// Says something of the game's: a body of so many bytes.
#[unsafe(no_mangle)]
pub extern "C" fn command(bytes: u32) -> u32 {
    let copy = HANDOVER.0.get();
    let Some(body) = handed_over(&copy, bytes) else { return Answer::Refused as u32 };
    with_client(|client| client.command(body)).unwrap_or(Answer::Nobody) as u32
}

/// An event with this opcode does not decode.
#[unsafe(no_mangle)]
pub extern "C" fn refuse(opcode: i32) {
    with_client(|client| client.refuse(Opcode(opcode)));
}

/// Leaves everything, in good order.
#[unsafe(no_mangle)]
pub extern "C" fn stop() {
    with_client(WebClient::stop);
}

/// Where the oldest event lies; null if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn event() -> *const u8 {
    NETWORK.0.event(place_of).unwrap_or(core::ptr::null())
}

/// The game has heard it.
#[unsafe(no_mangle)]
pub extern "C" fn event_taken() {
    NETWORK.0.event_taken();
}
