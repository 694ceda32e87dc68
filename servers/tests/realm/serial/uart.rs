//! `Uart`: a serial line between a pseudo-terminal and a board in this process, at its speed, with wrong bits by a seed.
//!
//! The seed is printed; `TINYREALM_SERIAL_SEED` takes another one.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fs::File;
use std::future::poll_fn;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use embedded_io_async::{ErrorType, Read, Write};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

pub(super) const BAUD: u32 = 115_200;
/// With the bits around it.
const BITS_PER_BYTE: u32 = 10;
/// What a UART's own buffer holds, and what the line takes at once.
const FIFO_BYTES: usize = 32;

/// A line; it ends with its last handle.
pub(super) struct Uart {
    path: String,
    wires: Arc<Wires>,
    /// Held open: so the line stands while no program has it.
    _terminal: File,
}

/// The board's side.
struct Wires {
    to_board: Wire,
    to_desktop: Wire,
    flipped: AtomicU32,
    carried: AtomicU64,
    seed: AtomicU64,
    /// One byte in so many has a wrong bit; 0: none.
    flips: u64,
}

#[derive(Default)]
struct Wire {
    held: Mutex<Held>,
    changed: Condvar,
}

#[derive(Default)]
struct Held {
    bytes: VecDeque<u8>,
    waker: Option<Waker>,
    is_over: bool,
}

impl Wire {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self, held: &mut Held) {
        held.waker.take().into_iter().for_each(Waker::wake);
        self.changed.notify_all();
    }

    fn end(&self) {
        let mut held = self.held();
        held.is_over = true;
        self.wake(&mut held);
    }
}

impl Uart {
    /// A line on which one byte in `flips` has a wrong bit; none, if that is 0.
    pub(super) fn new(flips: u64) -> Self {
        let seed = std::env::var("TINYREALM_SERIAL_SEED").ok().and_then(|text| text.parse().ok());
        let seed = seed.unwrap_or(7);
        println!("TINYREALM_SERIAL_SEED={seed}");
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let path = ptsname(&controller, Vec::new()).unwrap().into_string().unwrap();
        let terminal = File::options().read(true).write(true).open(&path).unwrap();
        let wires = Arc::new(Wires {
            to_board: Wire::default(),
            to_desktop: Wire::default(),
            flipped: AtomicU32::new(0),
            carried: AtomicU64::new(0),
            seed: AtomicU64::new(seed),
            flips,
        });
        start_pumps(&wires, controller);
        Self { path, wires, _terminal: terminal }
    }

    /// What a program opens.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The board's end.
    pub(super) fn board(&self) -> BoardEnd {
        BoardEnd(Arc::clone(&self.wires))
    }

    /// Bits that were turned.
    pub(super) fn flipped(&self) -> u32 {
        self.wires.flipped.load(Ordering::Relaxed)
    }

    /// Bytes that have gone to the desktop.
    pub(super) fn carried(&self) -> u64 {
        self.wires.carried.load(Ordering::Relaxed)
    }
}

impl Drop for Uart {
    fn drop(&mut self) {
        self.wires.to_board.end();
        self.wires.to_desktop.end();
    }
}

fn start_pumps(wires: &Arc<Wires>, controller: OwnedFd) {
    let mut from_desktop = File::from(controller.try_clone().unwrap());
    let mut to_desktop = File::from(controller);
    let reading = Arc::clone(wires);
    std::thread::spawn(move || {
        let (mut bytes, mut pace) = ([0; FIFO_BYTES], Pace::new());
        // The last one who has the terminal has gone with the error.
        while let Ok(count @ 1..) = from_desktop.read(&mut bytes) {
            pace.wait(count);
            reading.spoil(&mut bytes[..count]);
            let mut held = reading.to_board.held();
            held.bytes.extend(&bytes[..count]);
            reading.to_board.wake(&mut held);
        }
    });
    let writing = Arc::clone(wires);
    std::thread::spawn(move || {
        let mut pace = Pace::new();
        while let Some(mut bytes) = writing.next_of_board() {
            pace.wait(bytes.len());
            writing.spoil(&mut bytes);
            writing.carried.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            if to_desktop.write_all(&bytes).is_err() {
                return;
            }
        }
    });
}

impl Wires {
    fn next_of_board(&self) -> Option<Vec<u8>> {
        let held = self.to_desktop.held();
        let is_empty = |held: &mut Held| held.bytes.is_empty() && !held.is_over;
        let held = self.to_desktop.changed.wait_while(held, is_empty);
        let mut held = held.unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = held.bytes.drain(..).collect();
        self.to_desktop.wake(&mut held);
        (!held.is_over).then_some(bytes)
    }

    /// Turns bits.
    fn spoil(&self, bytes: &mut [u8]) {
        for byte in bytes.iter_mut().filter(|_| self.flips > 0) {
            if self.random().is_multiple_of(self.flips) {
                *byte ^= 1 << (self.random() % 8);
                self.flipped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// The next number of the seed (splitmix64).
    fn random(&self) -> u64 {
        let state = self.seed.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// The speed of one direction.
struct Pace {
    free_at: Instant,
}

impl Pace {
    fn new() -> Self {
        Self { free_at: Instant::now() }
    }

    fn wait(&mut self, count: usize) {
        let takes = Duration::from_secs(1) * BITS_PER_BYTE * count as u32 / BAUD;
        self.free_at = self.free_at.max(Instant::now()) + takes;
        std::thread::sleep(self.free_at.saturating_duration_since(Instant::now()));
    }
}

/// The board's end of a line, as its UART's driver has it.
pub(super) struct BoardEnd(Arc<Wires>);

impl ErrorType for BoardEnd {
    type Error = Infallible;
}

impl Read for BoardEnd {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        poll_fn(|cx| {
            let mut held = self.0.to_board.held();
            let count = buffer.len().min(held.bytes.len());
            if count == 0 && !held.is_over {
                held.waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
            let bytes = held.bytes.drain(..count);
            buffer.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
            Poll::Ready(Ok(count))
        })
        .await
    }
}

impl Write for BoardEnd {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        poll_fn(|cx| {
            let wire = &self.0.to_desktop;
            let mut held = wire.held();
            let count = bytes.len().min(FIFO_BYTES - held.bytes.len());
            if held.is_over {
                return Poll::Ready(Ok(0));
            }
            if count == 0 {
                held.waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
            held.bytes.extend(&bytes[..count]);
            wire.changed.notify_all();
            Poll::Ready(Ok(count))
        })
        .await
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
