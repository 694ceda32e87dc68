//! A protocol of one's own in a wasm module, without a realm: dice, on whatever server throws them.
//!
//! `own.mjs` is its host: it connects, throws, and looks at what has been heard.
#![no_std]

mod dice;

use core::cell::{Cell, RefCell};

use dice::{from_dice, to_dice};
use static_cell::StaticCell;
use tinyrealm_core::net::{NetEvents, NetLink, NetSender};
use tinyrealm_core::wire::ws::CloseCode;
use tinyrealm_web_client::{WebConnector, WebSession};

tinyrealm_web_client::exports!();

/// What was heard.
static SUM: Single<Cell<u32>> = Single(Cell::new(0));
static CODE: Single<Cell<u32>> = Single(Cell::new(0));
static REASON: Single<Cell<u32>> = Single(Cell::new(0));

struct Player;

impl from_dice::Stub<NetSender<'_>> for Player {
    fn fallen(&mut self, _: &mut NetSender<'_>, fallen: from_dice::Fallen) {
        SUM.0.set(SUM.0.get() + u32::from(fallen.sum));
    }
}

impl NetEvents for Player {
    fn on_close(&mut self, code: CloseCode, reason: &str) {
        CODE.0.set(code.0.into());
        // Where the host reads it.
        let mut handover = [0; tinyrealm_web_client::HANDOVER_BYTES];
        if let Some(room) = handover.get_mut(..reason.len()) {
            room.copy_from_slice(reason.as_bytes());
            HANDOVER.0.set(handover);
            REASON.0.set(reason.len() as u32);
        }
    }
}

type Proxy = to_dice::Proxy<NetLink<WebSession<'static>, from_dice::Runtime<Player>>>;

static PROXY: StaticCell<RefCell<Proxy>> = StaticCell::new();
static STARTED: Single<Cell<Option<&'static RefCell<Proxy>>>> = Single(Cell::new(None));

fn with_proxy<T>(act: impl FnOnce(&mut Proxy) -> T) -> Option<T> {
    Some(act(&mut *STARTED.0.get()?.try_borrow_mut().ok()?))
}

/// Connects to the URL of so many bytes that was handed over; 0 if it is none.
#[unsafe(no_mangle)]
pub extern "C" fn connect(bytes: u32) -> u32 {
    let copy = HANDOVER.0.get();
    let mut proxy = Proxy::default();
    let url = handed_over(&copy, bytes).and_then(|url| str::from_utf8(url).ok()).unwrap_or("");
    let connected = proxy.connect(Player, url, &WebConnector::new(&NETWORK.0)).is_ok();
    STARTED.0.set(PROXY.try_init(RefCell::new(proxy)).map(|proxy| &*proxy));
    connected.into()
}

/// Hears what has come.
#[unsafe(no_mangle)]
pub extern "C" fn tick() -> u32 {
    with_proxy(|proxy| proxy.tick()).unwrap_or_default() as u32
}

/// Throws dice; 0 if that can't be sent now.
#[unsafe(no_mangle)]
pub extern "C" fn throw_dice(count: u32) -> u32 {
    let message = to_dice::Throw { count: count as u8 };
    with_proxy(|proxy| proxy.throw(&message).is_ok()).unwrap_or_default().into()
}

/// All that has fallen.
#[unsafe(no_mangle)]
pub extern "C" fn sum() -> u32 {
    SUM.0.get()
}

/// The code of the end; 0 before that.
#[unsafe(no_mangle)]
pub extern "C" fn close_code() -> u32 {
    CODE.0.get()
}

/// Bytes of its reason, which lies at `handover()`.
#[unsafe(no_mangle)]
pub extern "C" fn close_reason_bytes() -> u32 {
    REASON.0.get()
}

/// What becomes of a panic: the module traps, and the host's call throws.
#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
