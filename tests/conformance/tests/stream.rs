//! A world and a client at the two ends of one wire: any byte stream is a link.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};
use tinyrealm_core::protocol::Text;
use tinyrealm_core::protocol::Versions;

use embedded_io_async::{ErrorType, Read, Write};
use tinyrealm_conformance::nodes::{self, Ignore};
use tinyrealm_conformance::random::SameBytes;
use tinyrealm_conformance::script::{frame, frames};
use tinyrealm_conformance::tasks::Tasks;
use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::client::Client;
use tinyrealm_core::node::main::{Guests, Main};
use tinyrealm_core::node::{Node, Role};
use tinyrealm_core::protocol::client_to_main::Hello;
use tinyrealm_core::protocol::either_way::Ping;
use tinyrealm_core::time::Instant;
use tinyrealm_smoltcp::stream::StreamBank;
use tinyrealm_smoltcp::{Engine, Link};

/// Bytes that one direction of a pipe holds.
const PIPE_BYTES: usize = 16;

#[derive(Default)]
struct Direction {
    bytes: VecDeque<u8>,
    is_over: bool,
    wakers: Vec<Waker>,
}

impl Direction {
    fn wake(&mut self) {
        self.wakers.drain(..).for_each(Waker::wake);
    }
}

/// One end of a pipe.
struct End {
    inbound: Rc<RefCell<Direction>>,
    outbound: Rc<RefCell<Direction>>,
}

fn pipe() -> (End, End) {
    let there = Rc::<RefCell<Direction>>::default();
    let back = Rc::<RefCell<Direction>>::default();
    let here = End { inbound: Rc::clone(&back), outbound: Rc::clone(&there) };
    (here, End { inbound: there, outbound: back })
}

impl End {
    /// Nothing more comes out of this end, nor goes in.
    fn close(&self) {
        for direction in [&self.inbound, &self.outbound] {
            let mut direction = direction.borrow_mut();
            direction.is_over = true;
            direction.wake();
        }
    }
}

impl ErrorType for End {
    type Error = Infallible;
}

impl Read for End {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        poll_fn(|cx| {
            let mut direction = self.inbound.borrow_mut();
            let count = buffer.len().min(direction.bytes.len());
            if count == 0 && !direction.is_over {
                direction.wakers.push(cx.waker().clone());
                return Poll::Pending;
            }
            let bytes = direction.bytes.drain(..count);
            buffer.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
            direction.wake();
            Poll::Ready(Ok(count))
        })
        .await
    }
}

impl Write for End {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        poll_fn(|cx| {
            let mut direction = self.outbound.borrow_mut();
            let count = bytes.len().min(PIPE_BYTES - direction.bytes.len());
            if direction.is_over {
                return Poll::Ready(Ok(0));
            }
            if count == 0 {
                direction.wakers.push(cx.waker().clone());
                return Poll::Pending;
            }
            direction.bytes.extend(&bytes[..count]);
            direction.wake();
            Poll::Ready(Ok(count))
        })
        .await
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// A node at the end of a wire, until it has closed down; as a firmware would run it, but for the time.
async fn drive<R: Role<'static>>(
    make: impl FnOnce(&mut Turn<'_>) -> Node<'static, R>,
    stream: End,
    listeners: usize,
    mut act: impl FnMut(&mut Node<'static, R>, &mut Turn<'_>),
) {
    let (mut receive, mut send) = ([0; 64], [0; 512]);
    let links = Box::leak(Box::new([Link::CLOSED]));
    let mut bank = StreamBank::new(stream, &mut receive, &mut send);
    let mut entropy = SameBytes::default();
    let now = Instant::from_millis(1);
    let node = make(&mut Turn { now, entropy: &mut entropy });
    let mut engine = Engine::new(node, links, listeners);
    loop {
        let mut turn = Turn { now, entropy: &mut entropy };
        act(engine.node_mut(), &mut turn);
        engine.turn(&mut turn, &mut bank);
        act(engine.node_mut(), &mut turn);
        if engine.is_finished() {
            return;
        }
        changed_or_woken(&mut bank).await;
    }
}

/// Whoever wakes the task wants a turn.
async fn changed_or_woken(bank: &mut StreamBank<'_, End>) {
    let mut changed = pin!(bank.changed());
    let mut is_woken = false;
    poll_fn(|cx| {
        let is_ready = changed.as_mut().poll(cx).is_ready() || is_woken;
        is_woken = true;
        if is_ready { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// What a test sees of the two nodes, and tells them.
#[derive(Default)]
struct Sight {
    hellos: Cell<u32>,
    sessions: Cell<usize>,
    has_uid: Cell<bool>,
    shuts_down: Cell<bool>,
}

/// A Main at `stream`.
async fn drive_main(stream: End, sight: Rc<Sight>) {
    let act = |main: &mut Node<'static, Main<'static, Guests>>, turn: &mut Turn<'_>| {
        if sight.shuts_down.replace(false) {
            main.handle_shutdown(turn);
        }
        sight.hellos.set(main.role().stats().hellos);
        sight.sessions.set(main.sessions().len());
    };
    drive(nodes::main, stream, 1, act).await;
}

async fn drive_client(stream: End, sight: Rc<Sight>) {
    let act = |client: &mut Node<'static, Client<Ignore>>, _: &mut Turn<'_>| {
        sight.has_uid.set(client.role().machine().uid().is_some());
    };
    drive(|turn| nodes::client(turn, "10.0.0.2:7100"), stream, 0, act).await;
}

/// Polls until everybody rests.
#[track_caller]
fn settle(tasks: &mut Tasks) {
    let rounds = (0..1_000).take_while(|_| tasks.poll_woken()).count();
    assert!(rounds < 1_000, "somebody never rests");
}

#[test]
fn a_client_and_a_main_at_one_wire() {
    let (here, there) = pipe();
    let (sight, mut tasks) = (Rc::<Sight>::default(), Tasks::default());
    let main = tasks.spawn(drive_main(here, Rc::clone(&sight)));
    tasks.spawn(drive_client(there, Rc::clone(&sight)));
    settle(&mut tasks);
    assert!(sight.has_uid.get());
    assert_eq!(sight.hellos.get(), 1);
    sight.shuts_down.set(true);
    tasks.wake(main);
    settle(&mut tasks);
    assert!(tasks.is_done(main), "all that it has said has gone");
}

/// What a peer without a node hears.
fn hear(end: &End) -> Vec<u8> {
    let mut inbound = end.inbound.borrow_mut();
    let bytes = inbound.bytes.drain(..).collect();
    inbound.wake();
    bytes
}

fn exchange(tasks: &mut Tasks, end: &End, says: &[u8]) -> Vec<u8> {
    let mut heard = Vec::new();
    for byte in says {
        end.outbound.borrow_mut().bytes.push_back(*byte);
        end.outbound.borrow_mut().wake();
        settle(tasks);
        heard.extend(hear(end));
    }
    for _ in 0..64 {
        settle(tasks);
        heard.extend(hear(end));
    }
    heard
}

#[test]
fn the_link_begins_anew_behind_its_end() {
    let (here, there) = pipe();
    let (sight, mut tasks) = (Rc::<Sight>::default(), Tasks::default());
    tasks.spawn(drive_main(here, Rc::clone(&sight)));
    let hello = frame(&Hello { versions: Versions::OURS, token: None, nickname: Text::EMPTY });
    for round in 1..=3 {
        let heard = exchange(&mut tasks, &there, &hello);
        assert_eq!(frames(&heard).len(), 1, "a Welcome: {heard:02x?}");
        assert_eq!(sight.hellos.get(), round);
        // Something that breaks the rules, in the middle of a session.
        let heard = exchange(&mut tasks, &there, &[0, 0]);
        assert_eq!(frames(&heard).len(), 1, "an Error: {heard:02x?}");
    }
}

#[test]
fn a_peer_that_takes_nothing_is_waited_for() {
    let (here, there) = pipe();
    let (sight, mut tasks) = (Rc::<Sight>::default(), Tasks::default());
    tasks.spawn(drive_main(here, sight));
    settle(&mut tasks);
    let ping = frame(&Ping { nonce: 1 });
    let mut heard = 0;
    let hello = frame(&Hello { versions: Versions::OURS, token: None, nickname: Text::EMPTY });
    exchange(&mut tasks, &there, &hello);
    for _ in 0..90 {
        there.outbound.borrow_mut().bytes.extend(&ping);
        there.outbound.borrow_mut().wake();
        settle(&mut tasks);
    }
    for _ in 0..200 {
        heard += hear(&there).len();
        settle(&mut tasks);
    }
    assert_eq!(heard, 90 * ping.len());
}

#[test]
fn a_wire_that_has_ended_is_let_alone() {
    let (here, there) = pipe();
    let (sight, mut tasks) = (Rc::<Sight>::default(), Tasks::default());
    let main = tasks.spawn(drive_main(here, Rc::clone(&sight)));
    exchange(
        &mut tasks,
        &there,
        &frame(&Hello { versions: Versions::OURS, token: None, nickname: Text::EMPTY }),
    );
    assert_eq!(sight.sessions.get(), 1);
    there.close();
    settle(&mut tasks);
    assert_eq!(sight.sessions.get(), 0);
    let polls = tasks.polls(main);
    tasks.wake(main);
    settle(&mut tasks);
    assert_eq!(tasks.polls(main), polls + 1, "nobody comes any more");
}
