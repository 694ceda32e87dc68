//! `Recorder`: relays that write down what passes, as a capture for Wireshark.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use tinyrealm_core::wire::ws::{FrameHeader, FrameKind, ParsedHeader, Side};
use tinyrealm_core::wire::{FRAME_LIMIT_MAX_BYTES, Framed, PacketFramer};

use super::peer::name_of;

/// The first pieces of a connection stay whole: a heuristic looks at them.
const WHOLE_PIECES: usize = 2;
/// Later ones are cut, so that frames have to be put together.
const CUT_BYTES: usize = 53;

/// What has passed so far.
#[derive(Default)]
pub(crate) struct Recorder {
    pieces: Mutex<Vec<Piece>>,
    connections: AtomicU16,
}

/// Bytes that one side has sent.
struct Piece {
    at: Duration,
    connection: u16,
    by_dialer: bool,
    bytes: Vec<u8>,
}

/// A relay, which lives as long as the process.
pub(crate) struct Relay {
    /// Whom to dial instead of the server.
    pub(crate) address: SocketAddr,
    target: Arc<OnceLock<SocketAddr>>,
}

impl Relay {
    /// Where what comes is to go; connections that come before wait.
    pub(crate) fn lead_to(&self, target: SocketAddr) {
        self.target.set(target).unwrap();
    }
}

impl Recorder {
    pub(crate) fn relay(self: &Arc<Self>) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let target = Arc::<OnceLock<SocketAddr>>::default();
        let (recorder, leads_to) = (Arc::clone(self), Arc::clone(&target));
        std::thread::spawn(move || {
            for dialer in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(leads_to.wait()).unwrap();
                let connection = recorder.connections.fetch_add(1, Ordering::Relaxed);
                for (by_dialer, from, to) in [(true, &dialer, &server), (false, &server, &dialer)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let recorder = Arc::clone(&recorder);
                    std::thread::spawn(move || recorder.pass(connection, by_dialer, from, to));
                }
            }
        });
        Relay { address, target }
    }

    fn pass(&self, connection: u16, by_dialer: bool, mut from: TcpStream, mut to: TcpStream) {
        let mut buffer = [0; 1_400];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            // Before it is heard, so that an answer stands behind its question.
            self.record(connection, by_dialer, &buffer[..count]);
            if to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        // It may be closed already.
        let _ = to.shutdown(Shutdown::Write);
    }

    fn record(&self, connection: u16, by_dialer: bool, bytes: &[u8]) {
        let at = UNIX_EPOCH.elapsed().unwrap();
        let piece = Piece { at, connection, by_dialer, bytes: bytes.to_vec() };
        self.pieces.lock().unwrap_or_else(PoisonError::into_inner).push(piece);
    }

    /// A connection that nobody has had, with these bytes from its dialer and its listener in turn.
    pub(crate) fn invent(&self, pieces: &[&[u8]]) {
        let connection = self.connections.fetch_add(1, Ordering::Relaxed);
        for (bytes, by_dialer) in pieces.iter().zip([true, false].into_iter().cycle()) {
            self.record(connection, by_dialer, bytes);
        }
    }

    /// How many frames of each name have passed whole.
    pub(crate) fn frames(&self) -> BTreeMap<String, usize> {
        let pieces = self.pieces.lock().unwrap();
        let mut streams = BTreeMap::<(u16, bool), Vec<u8>>::new();
        for piece in pieces.iter() {
            let stream = streams.entry((piece.connection, piece.by_dialer)).or_default();
            stream.extend_from_slice(&piece.bytes);
        }
        let mut frames = BTreeMap::new();
        for ((_, by_dialer), bytes) in &streams {
            for opcode in opcodes_of(bytes, *by_dialer) {
                *frames.entry(name_of(opcode)).or_default() += 1;
            }
        }
        frames
    }

    /// All of it as a pcap file: IPv4 and TCP are made up around the bytes.
    pub(crate) fn pcap(&self) -> Vec<u8> {
        const MAGIC: u32 = 0xA1B2_C3D4;
        const RAW_IP: u32 = 101;
        let mut file = Vec::new();
        for word in [MAGIC, 0x0004_0002, 0, 0, 0xFFFF, RAW_IP] {
            file.extend(word.to_le_bytes());
        }
        // What each side of each connection has said: how much, and in how many pieces.
        let mut said = BTreeMap::<(u16, bool), (u32, usize)>::new();
        for piece in self.pieces.lock().unwrap().iter() {
            let (heard, _) =
                said.get(&(piece.connection, !piece.by_dialer)).copied().unwrap_or_default();
            let (sent, pieces) = said.entry((piece.connection, piece.by_dialer)).or_default();
            let cut = if *pieces < WHOLE_PIECES { usize::MAX } else { CUT_BYTES };
            *pieces += 1;
            for segment in piece.bytes.chunks(cut) {
                push_packet(&mut file, piece, segment, *sent, heard);
                *sent += segment.len() as u32;
            }
        }
        file
    }
}

/// The opcodes of the whole bodies of one direction, whichever framing it has.
fn opcodes_of(bytes: &[u8], by_dialer: bool) -> Vec<i32> {
    let is_web = bytes.starts_with(b"GET ") || bytes.starts_with(b"HTTP");
    if is_web {
        return opcodes_of_messages(bytes, if by_dialer { Side::Server } else { Side::Client });
    }
    let (framer, mut rest, mut opcodes) =
        (PacketFramer::new(FRAME_LIMIT_MAX_BYTES), bytes, Vec::new());
    while let Framed::Frame { frame, rest: behind } = framer.next_frame(rest) {
        opcodes.push(frame.opcode.0);
        rest = behind;
    }
    opcodes
}

/// The same of a WebSocket, as this side hears it.
fn opcodes_of_messages(bytes: &[u8], side: Side) -> Vec<i32> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("the end of a head");
    let (mut rest, mut opcodes) = (&bytes[end + 4..], Vec::new());
    while let ParsedHeader::Whole { header, header_bytes } = FrameHeader::parse(rest, side) {
        let Some(payload) = rest.get(header_bytes..header_bytes + header.payload_bytes) else {
            break;
        };
        if header.kind == FrameKind::Binary {
            let mask = header.mask.unwrap_or_default();
            let opcode: Vec<u8> = payload.iter().zip(mask).map(|(byte, key)| byte ^ key).collect();
            opcodes.push(i32::from_le_bytes(opcode[..4].try_into().unwrap()));
        }
        rest = &rest[header_bytes + header.payload_bytes..];
    }
    opcodes
}

fn push_packet(file: &mut Vec<u8>, piece: &Piece, segment: &[u8], sent: u32, heard: u32) {
    const HEAD_BYTES: usize = 40;
    const SERVER_PORT: u16 = 40_000;
    let length = HEAD_BYTES + segment.len();
    let at = [piece.at.as_secs() as u32, piece.at.subsec_micros()];
    for word in [at[0], at[1], length as u32, length as u32] {
        file.extend(word.to_le_bytes());
    }
    // IPv4, from one address to the other.
    file.extend([0x45, 0]);
    file.extend((length as u16).to_be_bytes());
    file.extend([0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 1]);
    let dialer_port = 41_000 + piece.connection;
    let ports =
        if piece.by_dialer { [dialer_port, SERVER_PORT] } else { [SERVER_PORT, dialer_port] };
    ports.iter().for_each(|port| file.extend(port.to_be_bytes()));
    file.extend((sent + 1).to_be_bytes());
    file.extend((heard + 1).to_be_bytes());
    // Five words of head, ACK and PSH, a window, no checksum.
    file.extend([0x50, 0x18, 0xFF, 0xFF, 0, 0, 0, 0]);
    file.extend_from_slice(segment);
}
