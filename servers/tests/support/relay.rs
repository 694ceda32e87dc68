//! `Relay`: stands on a link, keeps all that is said on it, and does something to it when it is told to.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::PATIENCE;

/// What happens to the next bytes that either end says.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// A byte is another one.
    Change,
    /// They come twice.
    Repeat,
    /// They come behind the next ones.
    Swap,
    /// The last of them does not come.
    Lose,
    /// They come a little later.
    Delay,
    /// The connection ends in the middle of them.
    Cut,
}

impl Fault {
    pub(crate) const ALL: [Self; 6] =
        [Self::Change, Self::Repeat, Self::Swap, Self::Lose, Self::Delay, Self::Cut];
}

/// Whether this is somewhere in what was said.
pub(crate) fn is_in(tape: &[u8], what: &[u8]) -> bool {
    tape.windows(what.len()).any(|window| window == what)
}

/// A running relay, until it is dropped.
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    target: OnceLock<SocketAddr>,
    is_over: AtomicBool,
    tape: Mutex<Vec<u8>>,
    /// What is to happen; none when it has.
    fault: Mutex<Option<Fault>>,
    has_happened: Condvar,
}

impl Relay {
    /// Listens; connections wait until [`Relay::lead_to`] says where they go.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::<Shared>::default();
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || accepting.accept(&listener));
        Self { address, shared }
    }

    pub(crate) fn lead_to(&self, target: SocketAddr) {
        self.shared.target.set(target).unwrap();
    }

    /// All that was said, both ways.
    pub(crate) fn tape(&self) -> Vec<u8> {
        self.shared.tape.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until this was said.
    #[track_caller]
    pub(crate) fn wait_until_said(&self, what: &[u8]) {
        let deadline = Instant::now() + PATIENCE;
        while !is_in(&self.tape(), what) {
            assert!(Instant::now() < deadline, "{what:02x?} is not said");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Does this to the next bytes.
    pub(crate) fn commit(&self, fault: Fault) {
        *self.shared.fault() = Some(fault);
    }

    pub(crate) fn has_committed(&self) -> bool {
        self.shared.fault().is_none()
    }

    /// Until it has happened, but not for long.
    pub(crate) fn wait_a_little(&self) {
        let waiting = self.shared.fault();
        let soon = Duration::from_millis(100);
        drop(self.shared.has_happened.wait_timeout_while(waiting, soon, |fault| fault.is_some()));
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Release);
        // Wakes the thread that accepts. The others end with their connections.
        drop(TcpStream::connect(self.address));
    }
}

impl Shared {
    fn fault(&self) -> std::sync::MutexGuard<'_, Option<Fault>> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        while let Ok((dialer, _)) = listener.accept() {
            if self.is_over.load(Ordering::Acquire) {
                return;
            }
            // A server that has gone refuses, and who dials sees its connection end.
            let Ok(target) = TcpStream::connect(self.target.wait()) else { continue };
            let ways =
                [(dialer.try_clone().unwrap(), target.try_clone().unwrap()), (target, dialer)];
            for (from, to) in ways {
                let shared = Arc::clone(self);
                std::thread::spawn(move || shared.pump(from, to));
            }
        }
    }

    fn pump(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut part = [0; 16 * 1_024];
        let mut held = Vec::new();
        while let Ok(count @ 1..) = from.read(&mut part) {
            let said = &part[..count];
            self.tape.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(said);
            let fault = self.fault().take();
            if fault.is_some() {
                self.has_happened.notify_all();
            }
            let (out, is_over) = spoiled(said, fault, &mut held);
            if to.write_all(&out).is_err() || is_over {
                break;
            }
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    }
}

/// What goes on of what was said, and whether nothing more does.
fn spoiled(said: &[u8], fault: Option<Fault>, held: &mut Vec<u8>) -> (Vec<u8>, bool) {
    let mut out = said.to_vec();
    match fault {
        None => {}
        // The last byte is of a tag, or of a handshake's.
        Some(Fault::Change) => *out.last_mut().expect("something was said") ^= 0x40,
        Some(Fault::Repeat) => out.extend_from_slice(said),
        Some(Fault::Swap) => {
            *held = out;
            return (Vec::new(), false);
        }
        Some(Fault::Lose) => drop(out.pop()),
        Some(Fault::Delay) => std::thread::sleep(Duration::from_millis(50)),
        Some(Fault::Cut) => return (out[..out.len() / 2].to_vec(), true),
    }
    out.append(held);
    (out, false)
}
