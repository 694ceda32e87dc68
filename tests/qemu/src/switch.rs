//! `Switch`: an Ethernet between QEMU processes that loses, repeats and reorders frames.
//!
//! Purpose: what a bad cable does to the device's TCP, from a seed. QEMU's `stream` networks connect to
//! its socket; a frame is its length in four bytes, big-endian, and its bytes.
//!
//! Contract: a frame goes to the device whose address it bears, if that has been heard, else to everyone
//! but its sender. (QEMU's own network would answer for other devices if it heard what is theirs.) A frame that is held back goes
//! out after one of the next, or after [`HOLD`] at the latest.
//!
//! Bounds: one thread a device, and one frame held back at a time.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::random::Random;

/// The longest that a frame is held back.
pub const HOLD: Duration = Duration::from_millis(15);

/// A hardware address. A frame begins with its receiver's and its sender's.
type Address = [u8; 6];

const SENDER_OFFSET: usize = 6;

fn address_at(frame: &[u8], offset: usize) -> Option<Address> {
    frame.get(offset..)?.first_chunk().copied()
}

const LENGTH_BYTES: usize = 4;
/// No Ethernet frame is longer.
const FRAME_MAX_BYTES: usize = 65_536;

/// What becomes of frames, in thousandths of them.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct Faults {
    /// Frames that are lost.
    pub lost_permille: u32,
    /// Frames that come twice.
    pub repeated_permille: u32,
    /// Frames that come after a later one.
    pub held_permille: u32,
}

/// What the switch has done.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Frames that came.
    pub frames: u64,
    /// Of those, lost ones.
    pub lost: u64,
    /// Repeated ones.
    pub repeated: u64,
    /// Held back ones.
    pub held: u64,
}

enum Happened {
    Joined(UnixStream),
    Frame { from: usize, frame: Vec<u8> },
    Faults(Faults),
    Stop,
}

/// The switch; see the [module](self).
#[derive(Debug)]
pub struct Switch {
    path: PathBuf,
    happened: Sender<Happened>,
    worker: Option<thread::JoinHandle<Tally>>,
}

impl Switch {
    /// A switch whose socket is at `path`.
    ///
    /// # Errors
    /// If there can be no socket.
    pub fn start(path: &Path, faults: Faults, seed: u64) -> io::Result<Self> {
        let listener = UnixListener::bind(path)?;
        let (happened, news) = channel();
        let to_worker = happened.clone();
        thread::spawn(move || accept(&listener, &to_worker));
        let worker = thread::spawn(move || Hub::new(faults, seed).run(&news));
        Ok(Self { path: path.to_owned(), happened, worker: Some(worker) })
    }

    /// Where devices connect.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What becomes of frames from here on.
    pub fn set_faults(&self, faults: Faults) {
        // One that has ended passes nothing on, either way.
        let _ = self.happened.send(Happened::Faults(faults));
    }

    /// Ends the switch, and answers what it has done.
    pub fn stop(mut self) -> Tally {
        self.end()
    }

    fn end(&mut self) -> Tally {
        // It may have ended by itself only with everything else.
        let _ = self.happened.send(Happened::Stop);
        let worker = self.worker.take();
        worker.and_then(|worker| worker.join().ok()).unwrap_or_default()
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        self.end();
    }
}

/// Takes devices until the switch has gone.
fn accept(listener: &UnixListener, happened: &Sender<Happened>) {
    for (number, stream) in listener.incoming().enumerate() {
        let Ok(stream) = stream else { return };
        let Ok(reader) = stream.try_clone() else { return };
        if happened.send(Happened::Joined(stream)).is_err() {
            return;
        }
        let happened = happened.clone();
        thread::spawn(move || read_frames(number, reader, &happened));
    }
}

fn read_frames(from: usize, mut stream: UnixStream, happened: &Sender<Happened>) {
    while let Ok(frame) = read_frame(&mut stream) {
        if happened.send(Happened::Frame { from, frame }).is_err() {
            return;
        }
    }
}

fn read_frame(stream: &mut UnixStream) -> io::Result<Vec<u8>> {
    let mut length = [0; LENGTH_BYTES];
    stream.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length) as usize;
    if length > FRAME_MAX_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut frame = vec![0; length];
    stream.read_exact(&mut frame)?;
    Ok(frame)
}

/// Everything plugged in, and what is held back.
struct Hub {
    devices: Vec<UnixStream>,
    /// Which device has which hardware address.
    addresses: HashMap<Address, usize>,
    faults: Faults,
    random: Random,
    held: Option<(usize, Vec<u8>)>,
    tally: Tally,
}

impl Hub {
    fn new(faults: Faults, seed: u64) -> Self {
        Self {
            devices: Vec::new(),
            addresses: HashMap::new(),
            faults,
            random: Random::new(seed),
            held: None,
            tally: EMPTY,
        }
    }

    fn run(mut self, news: &Receiver<Happened>) -> Tally {
        loop {
            match news.recv_timeout(HOLD) {
                Ok(Happened::Joined(device)) => self.devices.push(device),
                Ok(Happened::Frame { from, frame }) => self.pass(from, frame),
                Ok(Happened::Faults(faults)) => self.faults = faults,
                Err(RecvTimeoutError::Timeout) => self.let_go(),
                Ok(Happened::Stop) | Err(RecvTimeoutError::Disconnected) => return self.tally,
            }
        }
    }

    fn pass(&mut self, from: usize, frame: Vec<u8>) {
        self.tally.frames += 1;
        if let Some(sender) = address_at(&frame, SENDER_OFFSET) {
            self.addresses.insert(sender, from);
        }
        let Faults { lost_permille, repeated_permille, held_permille } = self.faults;
        if self.happens(lost_permille) {
            self.tally.lost += 1;
        } else if self.held.is_none() && self.happens(held_permille) {
            self.tally.held += 1;
            self.held = Some((from, frame));
            return;
        } else {
            self.send(from, &frame);
            if self.happens(repeated_permille) {
                self.tally.repeated += 1;
                self.send(from, &frame);
            }
        }
        self.let_go();
    }

    fn let_go(&mut self) {
        if let Some((from, frame)) = self.held.take() {
            self.send(from, &frame);
        }
    }

    fn send(&mut self, from: usize, frame: &[u8]) {
        let mut bytes = (frame.len() as u32).to_be_bytes().to_vec();
        bytes.extend_from_slice(frame);
        let known = address_at(frame, 0).and_then(|address| self.addresses.get(&address)).copied();
        for (number, device) in self.devices.iter_mut().enumerate() {
            if number != from && known.is_none_or(|known| known == number) {
                // A device that has been switched off hears nothing.
                let _ = device.write_all(&bytes);
            }
        }
    }

    fn happens(&mut self, permille: u32) -> bool {
        self.random.below(1_000) < u64::from(permille)
    }
}

const EMPTY: Tally = Tally { frames: 0, lost: 0, repeated: 0, held: 0 };

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    fn join(switch: &Switch) -> UnixStream {
        let stream = UnixStream::connect(switch.path()).unwrap();
        stream.set_read_timeout(Some(crate::PATIENCE)).unwrap();
        stream
    }

    fn say(stream: &mut UnixStream, frame: &[u8]) {
        stream.write_all(&(frame.len() as u32).to_be_bytes()).unwrap();
        stream.write_all(frame).unwrap();
    }

    /// Two devices of a switch, both of which it knows.
    fn pair(switch: &Switch) -> (UnixStream, UnixStream) {
        let mut one = join(switch);
        let other = plugged_in(switch, &mut one);
        (one, other)
    }

    /// A further device, which the switch knows: what it says comes after its being plugged in, so it
    /// has been when `hearer` hears it.
    fn plugged_in(switch: &Switch, hearer: &mut UnixStream) -> UnixStream {
        let mut device = join(switch);
        say(&mut device, b"here");
        assert_eq!(read_frame(hearer).unwrap(), b"here");
        device
    }

    #[test]
    fn without_faults_every_frame_reaches_everyone_else() {
        let scratch = Scratch::new().unwrap();
        let switch = Switch::start(&scratch.file("switch"), Faults::default(), 1).unwrap();
        let (mut one, mut other) = pair(&switch);
        say(&mut one, b"last");
        assert_eq!(read_frame(&mut other).unwrap(), b"last");
        say(&mut other, b"back");
        assert_eq!(read_frame(&mut one).unwrap(), b"back");
        let tally = switch.stop();
        assert_eq!((tally.lost, tally.repeated, tally.held), (0, 0, 0));
    }

    #[test]
    fn a_frame_for_a_known_device_reaches_nobody_else() {
        const ONE: Address = [2, 0, 0, 0, 0, 1];
        const OTHER: Address = [2, 0, 0, 0, 0, 2];
        let scratch = Scratch::new().unwrap();
        let switch = Switch::start(&scratch.file("switch"), Faults::default(), 1).unwrap();
        let (mut one, mut other) = pair(&switch);
        let mut third = plugged_in(&switch, &mut one);
        say(&mut other, &[[0xFF; 6], OTHER].concat()); // to everyone
        while read_frame(&mut one).unwrap() != [[0xFF; 6], OTHER].concat() {}
        say(&mut one, &[OTHER, ONE].concat());
        while read_frame(&mut other).unwrap() != [OTHER, ONE].concat() {}
        say(&mut one, &[[0xFF; 6], ONE].concat());
        let heard = std::iter::from_fn(|| read_frame(&mut third).ok());
        let mut until_last = heard.take_while(|frame| *frame != [[0xFF; 6], ONE].concat());
        assert!(until_last.all(|frame| frame != [OTHER, ONE].concat()));
    }

    #[test]
    fn faults_come_as_often_as_they_should() {
        let mut hub =
            Hub::new(Faults { lost_permille: 100, repeated_permille: 50, held_permille: 50 }, 7);
        for number in 0..10_000u32 {
            hub.pass(0, number.to_le_bytes().to_vec());
        }
        let near = |count: u64, expected: u64| count.abs_diff(expected) < expected / 4;
        let Tally { frames, lost, repeated, held } = hub.tally;
        assert_eq!(frames, 10_000);
        assert!(near(lost, 1_000) && near(repeated, 425) && near(held, 450), "{:?}", hub.tally);
    }
}
