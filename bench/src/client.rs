//! The client runtime: frames a second, out and in, and allocations for each.
//!
//! The other end is a thread of this process that does as little as can be: it throws away what it
//! reads, or writes the same prepared frames again and again. So the figure is the client's, its two
//! threads and the loopback included, for as long as it is slower than that.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use tinyrealm_core::net::{
    NetConnector, NetEvents, NetHandler, NetOutbound, NetSender, NetSession, NetState,
};
use tinyrealm_core::wire::ws::handshake::{Acceptance, Acceptor, Policy};
use tinyrealm_core::wire::ws::{FrameKind, write_frame as write_message};
use tinyrealm_core::wire::{NetFrameV1, Opcode, write_frame};
use tinyrealm_std::client::{NetTcpConnector, NetWsConnector};

use crate::allocations;

const PAYLOADS: [usize; 2] = [30, 300];
/// How many frames are written at once by the other end.
const BATCH_FRAMES: usize = 1_000;
/// Before this nothing is counted.
const WARM_UP: Duration = Duration::from_millis(200);

/// Measures each way and size for `seconds`, and prints a line.
pub(crate) fn run(seconds: u32) -> anyhow::Result<()> {
    println!("client: frames a second, and allocations a frame (goal: 0)");
    let patience = Duration::from_secs(u64::from(seconds));
    for payload_bytes in PAYLOADS {
        measure(&NetTcpConnector::default(), "tcp", payload_bytes, patience)?;
        measure(&NetWsConnector::default(), "ws", payload_bytes, patience)?;
    }
    Ok(())
}

/// Counts frames.
#[derive(Default)]
struct Counter {
    frames: u64,
}

impl NetEvents for Counter {}

impl NetHandler for Counter {
    fn on_frame(&mut self, _: &mut NetSender<'_>, body: &[u8]) {
        std::hint::black_box(body);
        self.frames += 1;
    }
}

fn measure<C: NetConnector>(
    connector: &C,
    scheme: &'static str,
    payload_bytes: usize,
    patience: Duration,
) -> anyhow::Result<()> {
    let payload = vec![7; payload_bytes];
    let (mut session, sink) = open(connector, scheme, discard)?;
    let sent = timed(patience, || {
        let mut frames = 0;
        while session.send_frame(Opcode(1), &payload).is_ok() {
            frames += 1;
        }
        frames
    });
    drop(session);
    let (mut session, source) = open(connector, scheme, flood(scheme, &payload))?;
    let mut counter = Counter::default();
    let received = timed(patience, || {
        let before = counter.frames;
        session.tick(&mut counter);
        counter.frames - before
    });
    drop(session);
    for (what, (rate, allocations)) in [("send", sent), ("receive", received)] {
        println!(
            "    {scheme:<4} {payload_bytes:>4} B  {what:<8} {:>6.2} million/s  {allocations:.4} each",
            rate / 1e6
        );
    }
    let has_ended = sink.join().is_ok() && source.join().is_ok();
    anyhow::ensure!(has_ended, "the other end has panicked");
    Ok(())
}

/// Frames a second and allocations a frame of `work`, which answers how many frames it has dealt with.
fn timed(patience: Duration, mut work: impl FnMut() -> u64) -> (f64, f64) {
    let mut run = |patience: Duration| {
        let (started, mut frames) = (Instant::now(), 0);
        let before = allocations::count();
        while started.elapsed() < patience {
            match work() {
                0 => thread::yield_now(),
                count => frames += count,
            }
        }
        (frames as f64, started.elapsed().as_secs_f64(), (allocations::count() - before) as f64)
    };
    run(WARM_UP);
    let (frames, seconds, allocations) = run(patience);
    (frames / seconds, allocations / frames)
}

/// An open session, and the thread at its other end.
fn open<C: NetConnector>(
    connector: &C,
    scheme: &'static str,
    serve: impl FnOnce(TcpStream) + Send + 'static,
) -> anyhow::Result<(C::Session, thread::JoinHandle<()>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("{scheme}://{}", listener.local_addr()?);
    let serving = thread::spawn(move || {
        let Ok((mut stream, _)) = listener.accept() else { return };
        if scheme == "tcp" || greet(&mut stream).is_ok() {
            serve(stream);
        }
    });
    let mut session = connector.create_session(&url).context("an address")?;
    session.connect();
    while session.state() == NetState::Connecting {
        session.tick(&mut Counter::default());
        thread::yield_now();
    }
    anyhow::ensure!(session.state() == NetState::Open, "no connection: {}", session.last_error());
    Ok((session, serving))
}

fn greet(stream: &mut TcpStream) -> std::io::Result<()> {
    let (mut acceptor, mut line, mut byte) = (Acceptor::default(), [0; 256], [0]);
    let policy = Policy { origins: &[], hosts: &[], limit_bytes: 4_096 };
    loop {
        stream.read_exact(&mut byte)?;
        if let Acceptance::Accepted(accepted) = acceptor.advance(&mut line, &mut &byte[..], policy)
        {
            let mut response = [0; Acceptor::RESPONSE_MAX_BYTES];
            let used = accepted.write_response(&mut response).unwrap_or(0);
            return stream.write_all(&response[..used]);
        }
    }
}

fn discard(mut stream: TcpStream) {
    let mut bytes = vec![0; 256 * 1_024];
    while stream.read(&mut bytes).is_ok_and(|count| count > 0) {}
}

/// Writes the same frames until nobody reads them any more.
fn flood(scheme: &'static str, payload: &[u8]) -> impl FnOnce(TcpStream) + Send + use<> {
    let mut frame = vec![0; payload.len() + 32];
    let used = match scheme {
        "tcp" => write_frame(&mut frame, Opcode(1), payload),
        _ => {
            let mut body = vec![0; NetFrameV1::body_bytes(payload.len())];
            let built = NetFrameV1::build(&mut body, Opcode(1), payload);
            built.and_then(|_| write_message(&mut frame, FrameKind::Binary, None, &body))
        }
    };
    frame.truncate(used.unwrap_or(0));
    let batch = frame.repeat(BATCH_FRAMES);
    move |mut stream| while stream.write_all(&batch).is_ok() {}
}
