//! No allocation for a frame, in either direction, once the connection is warm.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tinyrealm_core::net::{
    NetConnector, NetEvents, NetHandler, NetOutbound, NetSender, NetSession, NetState,
};
use tinyrealm_core::wire::Opcode;
use tinyrealm_core::wire::ws::handshake::{Acceptance, Acceptor, Policy};
use tinyrealm_core::wire::ws::{FrameHeader, ParsedHeader, Side, apply_mask};
use tinyrealm_std::client::{NetTcpConnector, NetWsConnector};

/// The system's allocator, with a count.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is the system allocator's own, with the same arguments.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are those that are asked for here.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are those that are asked for here.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, new_bytes: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are those that are asked for here.
        unsafe { System.realloc(place, layout, new_bytes) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const FRAMES: usize = 100_000;
const WARM_UP_FRAMES: usize = 2_000;
/// Sizes of payloads, in turn: both sides of the headers' steps, and a few long ones.
const SIZES: [usize; 8] = [0, 1, 30, 121, 122, 300, 4_000, 60];

/// Counts what comes, and checks that it is what went.
#[derive(Default)]
struct Counter {
    frames: usize,
}

impl NetEvents for Counter {}

impl NetHandler for Counter {
    fn on_frame(&mut self, _: &mut NetSender<'_>, body: &[u8]) {
        assert_eq!(body.len(), 4 + SIZES[self.frames % SIZES.len()]);
        self.frames += 1;
    }
}

/// Says everything that it hears, without allocating either.
fn echo(mut stream: TcpStream) {
    let mut bytes = vec![0; 64 * 1_024];
    while let Ok(count @ 1..) = stream.read(&mut bytes) {
        if stream.write_all(&bytes[..count]).is_err() {
            return;
        }
    }
}

/// The same for messages: a client's mask is taken off.
fn echo_messages(mut stream: TcpStream) {
    let (mut acceptor, mut line) = (Acceptor::default(), [0; 256]);
    let mut byte = [0];
    let policy = Policy { origins: &[], hosts: &[], limit_bytes: 4_096 };
    let accepted = loop {
        stream.read_exact(&mut byte).unwrap();
        if let Acceptance::Accepted(accepted) = acceptor.advance(&mut line, &mut &byte[..], policy)
        {
            break accepted;
        }
    };
    let mut bytes = vec![0; 64 * 1_024];
    let used = accepted.write_response(&mut bytes).unwrap();
    stream.write_all(&bytes[..used]).unwrap();
    let (mut filled, mut out) = (0, vec![0; 64 * 1_024]);
    while let Ok(count @ 1..) = stream.read(&mut bytes[filled..]) {
        filled += count;
        let (mut read, mut written) = (0, 0);
        while let ParsedHeader::Whole { header, header_bytes } =
            FrameHeader::parse(&bytes[read..filled], Side::Server)
        {
            let place = read + header_bytes..read + header_bytes + header.payload_bytes;
            if place.end > filled {
                break;
            }
            let answer = FrameHeader { mask: None, ..header };
            written += answer.write(&mut out[written..]).unwrap();
            let payload = &mut out[written..written + header.payload_bytes];
            payload.copy_from_slice(&bytes[place.clone()]);
            apply_mask(payload, header.mask.unwrap(), 0);
            written += header.payload_bytes;
            read = place.end;
        }
        if stream.write_all(&out[..written]).is_err() {
            return;
        }
        bytes.copy_within(read..filled, 0);
        filled -= read;
    }
}

/// Sends and receives until so many frames have come back.
fn pump(session: &mut impl NetSession, counter: &mut Counter, sent: &mut usize, total: usize) {
    let payload = [7; 4_000];
    while counter.frames < total {
        while *sent < total
            && session.send_frame(Opcode(1), &payload[..SIZES[*sent % SIZES.len()]]).is_ok()
        {
            *sent += 1;
        }
        if session.tick(counter) == 0 {
            thread::yield_now();
        }
    }
}

fn allocations_of<C: NetConnector>(connector: &C, scheme: &str, server: fn(TcpStream)) -> usize {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("{scheme}://{}", listener.local_addr().unwrap());
    let serving = thread::spawn(move || server(listener.accept().unwrap().0));
    let mut session = connector.create_session(&url).unwrap();
    let mut counter = Counter::default();
    session.connect();
    while session.state() != NetState::Open {
        session.tick(&mut counter);
        thread::yield_now();
    }
    let mut sent = 0;
    pump(&mut session, &mut counter, &mut sent, WARM_UP_FRAMES);
    let before = ALLOCATIONS.load(Ordering::SeqCst);
    pump(&mut session, &mut counter, &mut sent, WARM_UP_FRAMES + FRAMES);
    let after = ALLOCATIONS.load(Ordering::SeqCst);
    drop(session);
    serving.join().unwrap();
    after - before
}

/// One test, so that no other one's allocations are counted.
#[test]
fn a_hundred_thousand_frames_each_way_allocate_nothing() {
    assert!(ALLOCATIONS.load(Ordering::SeqCst) > 0, "the count can be other than nothing");
    assert_eq!(allocations_of(&NetTcpConnector::default(), "tcp", echo), 0);
    assert_eq!(allocations_of(&NetWsConnector::default(), "ws", echo_messages), 0);
}
