//! `Proxy`: stands between a world and its clients, and spoils one frame.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tinyrealm_core::protocol::decode;
use tinyrealm_core::protocol::world_to_client::{EventBroadcast, MoveBroadcast};
use tinyrealm_core::wire::{Framed, PacketFramer};

/// What happens to one broadcast on its way to one client.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// It does not arrive.
    Lost,
    /// It arrives twice.
    Duplicated,
    /// It arrives behind the next one: of the same sender, if it is a move.
    Swapped,
}

/// Broadcasts that pass before the fault, so that every client has heard some.
const FRAMES_BEFORE: u32 = 40;

/// A running proxy, until it is dropped.
pub(crate) struct Proxy {
    /// What clients have to be told instead of the world's own address.
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    world: OnceLock<SocketAddr>,
    is_over: AtomicBool,
    fault: Fault,
    /// Broadcasts that are still to pass; `None` once one has been spoiled.
    frames_left: Mutex<Option<u32>>,
}

impl Proxy {
    /// Listens; connections wait until [`Proxy::lead_to`] says where they go.
    pub(crate) fn start(fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            world: OnceLock::new(),
            is_over: AtomicBool::new(false),
            fault,
            frames_left: Mutex::new(Some(FRAMES_BEFORE)),
        });
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || accepting.accept(&listener));
        Self { address, shared }
    }

    pub(crate) fn lead_to(&self, world: SocketAddr) {
        self.shared.world.set(world).unwrap();
    }

    /// Whether the fault has happened.
    pub(crate) fn has_spoiled(&self) -> bool {
        self.shared.frames_left.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Release);
        // Wakes the thread that accepts. The others end with their connections.
        drop(TcpStream::connect(self.address));
    }
}

impl Shared {
    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        while let Ok((client, _)) = listener.accept() {
            if self.is_over.load(Ordering::Acquire) {
                return;
            }
            // A world that has gone refuses, and its clients see their connection end.
            let Ok(world) = TcpStream::connect(self.world.wait()) else { continue };
            let (from_client, to_world) = (client.try_clone().unwrap(), world.try_clone().unwrap());
            std::thread::spawn(move || pump(from_client, to_world));
            let shared = Arc::clone(self);
            std::thread::spawn(move || shared.pump_frames(world, client));
        }
    }

    /// Hands on what the world says, frame by frame.
    fn pump_frames(&self, mut world: TcpStream, mut client: TcpStream) {
        let mut received = Vec::new();
        let mut spoiler = Spoiler { shared: self, held: None };
        let mut part = [0; 16 * 1_024];
        while let Ok(count @ 1..) = world.read(&mut part) {
            received.extend_from_slice(&part[..count]);
            let mut out = Vec::new();
            let taken = spoiler.pass(&received, &mut out);
            received.drain(..taken);
            if client.write_all(&out).is_err() {
                break;
            }
        }
        let _ = (client.shutdown(Shutdown::Both), world.shutdown(Shutdown::Both));
    }

    /// Whether this broadcast is the one to spoil.
    fn is_the_one(&self) -> bool {
        let mut left = self.frames_left.lock().unwrap_or_else(PoisonError::into_inner);
        let count = match *left {
            Some(count) if self.fault != Fault::None => count,
            _ => return false,
        };
        *left = count.checked_sub(1);
        count == 0
    }
}

/// Hands on bytes until either side ends.
fn pump(mut from: TcpStream, mut to: TcpStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

/// The stream to one client.
struct Spoiler<'s> {
    shared: &'s Shared,
    /// A frame that waits for another one to go first.
    held: Option<Vec<u8>>,
}

impl Spoiler<'_> {
    /// Moves the whole frames of `input` to `out`, spoiled or not; answers how many bytes they were.
    fn pass(&mut self, input: &[u8], out: &mut Vec<u8>) -> usize {
        let framer = PacketFramer::new(u16::MAX);
        let mut rest = input;
        while let Framed::Frame { rest: after, .. } = framer.next_frame(rest) {
            self.pass_frame(&rest[..rest.len() - after.len()], out);
            rest = after;
        }
        input.len() - rest.len()
    }

    fn pass_frame(&mut self, whole: &[u8], out: &mut Vec<u8>) {
        let is_broadcast = sender(whole).is_some();
        if let Some(held) = self.held.take_if(|held| is_broadcast && sender(held) == sender(whole))
        {
            out.extend_from_slice(whole);
            out.extend_from_slice(&held);
            return;
        }
        if !is_broadcast || !self.shared.is_the_one() {
            out.extend_from_slice(whole);
            return;
        }
        match self.shared.fault {
            Fault::None => out.extend_from_slice(whole),
            Fault::Lost => {}
            Fault::Duplicated => out.extend_from_slice(&[whole, whole].concat()),
            Fault::Swapped => self.held = Some(whole.to_vec()),
        }
    }
}

/// Whose move a frame is; all events are one sender's, because they have one order; `None` for others.
fn sender(whole: &[u8]) -> Option<u16> {
    let (opcode, payload) = whole.get(2..)?.split_first_chunk::<4>()?;
    match i32::from_le_bytes(*opcode) {
        opcode if opcode == EventBroadcast::OPCODE.0 => Some(0),
        opcode if opcode == MoveBroadcast::OPCODE.0 => {
            decode::<MoveBroadcast>(payload).map(|message| message.number.0)
        }
        _ => None,
    }
}
