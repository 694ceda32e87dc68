//! The writing thread: swaps the outbox for its own and writes that, then sees to the end.

use std::io;
use std::mem;
use std::time::Instant;

use super::link::Link;
use super::pause::is_pause;
use super::queue::Outbox;
use super::shared::{Order, Shared};

/// What there is to do.
enum Work {
    /// The own outbox has been filled.
    Write,
    /// Everything was said.
    Finish,
    /// It is over.
    Break,
}

/// Writes until the connection is over. `shuts_our_side` behind the last byte.
pub(super) fn run(
    shared: &Shared,
    link: &Link,
    attempt: u32,
    mut own: Outbox,
    shuts_our_side: bool,
) {
    let mut is_finished = false;
    loop {
        match next_work(shared, attempt, &mut own, &mut is_finished) {
            Work::Write => {
                if write(shared, link, attempt, own.filled()).is_err() {
                    // The reading side finds out why, and may have the peer's last words still.
                    link.finish_writing();
                    wait_for_end(shared, attempt);
                    return link.break_off();
                }
            }
            Work::Finish if shuts_our_side => link.finish_writing(),
            Work::Finish => {}
            Work::Break => return link.break_off(),
        }
    }
}

fn next_work(shared: &Shared, attempt: u32, own: &mut Outbox, is_finished: &mut bool) -> Work {
    let mut state = shared.lock();
    loop {
        if state.attempt != attempt || state.order == Order::Stop {
            return Work::Break;
        }
        if state.is_overdue() {
            state.give_up();
            return Work::Break;
        }
        if !state.outbox.filled().is_empty() {
            own.clear();
            mem::swap(own, &mut state.outbox);
            return Work::Write;
        }
        let patience = match state.order {
            Order::Send => None,
            Order::Close if mem::replace(is_finished, true) => {
                Some(state.deadline.saturating_duration_since(Instant::now()))
            }
            Order::Close => return Work::Finish,
            Order::Flush | Order::Stop => return Work::Break,
        };
        state = shared.wait_as_sender(state, patience);
    }
}

/// Until the reading side has ended, or the deadline has passed.
fn wait_for_end(shared: &Shared, attempt: u32) {
    let mut state = shared.lock();
    while state.attempt == attempt && matches!(state.order, Order::Send | Order::Close) {
        if state.is_overdue() {
            state.give_up();
            return;
        }
        let is_closing = state.order == Order::Close;
        let left = state.deadline.saturating_duration_since(Instant::now());
        state = shared.wait_as_sender(state, is_closing.then_some(left));
    }
}

fn write(shared: &Shared, link: &Link, attempt: u32, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match link.write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if is_pause(&error) => {
                let state = shared.lock();
                if state.attempt != attempt || state.order == Order::Stop || state.is_overdue() {
                    return Err(error);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
