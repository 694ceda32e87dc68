//! Any byte stream as a link: a UART, a pipe, whatever reads and writes with `embedded-io-async`.
//!
//! Purpose: a node whose one peer is at the other end of a wire. The stream stands from the beginning:
//! a listening link has its peer at once, a connection of our own is there when it is asked for.
//!
//! Contract: reads and writes that are given up before they end have done nothing, which embassy's
//! drivers promise for their own. When the node has shut the link, it begins anew, and so has the peer
//! to, behind the last frame that it gets. A stream that has ended stays so: nobody comes any more.
//!
//! Bounds: two staging buffers, which the caller lends; the sending one has to hold the longest frame.

use core::future::{Future, poll_fn};
use core::net::SocketAddr;
use core::pin::pin;
use core::task::{Context, Poll};

use embedded_io_async::{Read, Write};
use tinyrealm_core::session::PeerAddress;

use crate::bank::{SocketBank, SocketState};

/// A stream with its staging buffers, as a bank of one socket.
pub struct StreamBank<'b, S> {
    stream: S,
    received: Staging<'b>,
    to_send: Staging<'b>,
    stage: Stage,
    /// Our side is to be shut when everything is sent.
    is_shut: bool,
    /// The stream itself has ended.
    is_over: bool,
}

/// Where the link is; its state as a socket depends on what is staged, too.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Stage {
    Idle,
    Listening,
    Open,
    Ended,
}

/// Bytes between the stream and the engine: filled at the end, taken from the front.
struct Staging<'b> {
    bytes: &'b mut [u8],
    start: usize,
    end: usize,
}

impl<'b> Staging<'b> {
    const fn new(bytes: &'b mut [u8]) -> Self {
        Self { bytes, start: 0, end: 0 }
    }

    fn held(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    const fn room(&self) -> usize {
        self.bytes.len() - (self.end - self.start)
    }

    /// The free bytes at the end, after moving what is held to the front.
    fn free(&mut self) -> &mut [u8] {
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        self.bytes.get_mut(self.end..).unwrap_or_default()
    }

    fn take(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }

    fn clear(&mut self) {
        self.start = 0;
        self.end = 0;
    }
}

impl<'b, S: Read + Write> StreamBank<'b, S> {
    /// A bank of `stream` alone.
    pub const fn new(stream: S, received: &'b mut [u8], to_send: &'b mut [u8]) -> Self {
        Self {
            stream,
            received: Staging::new(received),
            to_send: Staging::new(to_send),
            stage: Stage::Idle,
            is_shut: false,
            is_over: false,
        }
    }

    /// Waits until something has come, something has gone, or the stream has ended. The engine's own
    /// deadline is the caller's to wait for beside it.
    pub async fn changed(&mut self) {
        poll_fn(|cx| self.poll_changed(cx)).await;
    }

    fn poll_changed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let has_sent = self.poll_send(cx);
        let has_shut = self.finish_shutting();
        let has_received = self.poll_receive(cx);
        if has_sent || has_shut || has_received { Poll::Ready(()) } else { Poll::Pending }
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> bool {
        let mut has_sent = false;
        while !self.to_send.held().is_empty() {
            let written = pin!(self.stream.write(self.to_send.held())).poll(cx);
            match moved(written) {
                Moved::Nothing => return has_sent,
                Moved::Bytes(count) => self.to_send.take(count),
                Moved::End => {
                    self.to_send.clear();
                    self.end();
                }
            }
            has_sent = true;
        }
        has_sent
    }

    /// Our side is shut when everything is sent: then the link ends, and behind its end it is free.
    fn finish_shutting(&mut self) -> bool {
        if !self.is_shut || !self.to_send.held().is_empty() {
            return false;
        }
        self.is_shut = false;
        self.stage = match self.stage {
            Stage::Open => Stage::Ended,
            Stage::Ended => Stage::Idle,
            unchanged => unchanged,
        };
        true
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> bool {
        if self.stage != Stage::Open || self.is_over {
            return false;
        }
        let free = self.received.free();
        if free.is_empty() {
            return false;
        }
        let read = pin!(self.stream.read(free)).poll(cx);
        match moved(read) {
            Moved::Nothing => return false,
            Moved::Bytes(count) => self.received.end += count,
            Moved::End => self.end(),
        }
        true
    }

    fn end(&mut self) {
        self.is_over = true;
        self.stage = Stage::Ended;
    }
}

/// What polling a stream has moved.
enum Moved {
    Nothing,
    Bytes(usize),
    End,
}

fn moved<E>(polled: Poll<Result<usize, E>>) -> Moved {
    match polled {
        Poll::Pending => Moved::Nothing,
        Poll::Ready(Ok(count @ 1..)) => Moved::Bytes(count),
        Poll::Ready(Ok(0) | Err(_)) => Moved::End,
    }
}

impl<S: Read + Write> SocketBank for StreamBank<'_, S> {
    fn state(&mut self, _: usize) -> SocketState {
        match self.stage {
            Stage::Idle => SocketState::Idle,
            Stage::Listening => SocketState::Listening,
            // What came before the end is still to be taken.
            Stage::Ended if self.received.held().is_empty() => SocketState::Ended,
            Stage::Open | Stage::Ended => SocketState::Open,
        }
    }

    fn listen(&mut self, _: usize) {
        self.stage = if self.is_over { Stage::Listening } else { Stage::Open };
        self.is_shut = false;
    }

    fn connect(&mut self, number: usize, _: SocketAddr) -> bool {
        if !self.is_over {
            self.listen(number);
        }
        !self.is_over
    }

    fn peer(&self, _: usize) -> PeerAddress {
        PeerAddress::default()
    }

    fn receive(&mut self, _: usize, take: &mut dyn FnMut(&[u8]) -> usize) -> usize {
        let lay_there = self.received.held().len();
        if lay_there > 0 {
            let taken = take(self.received.held());
            self.received.take(taken);
        }
        lay_there
    }

    fn room(&self, _: usize) -> usize {
        if matches!(self.stage, Stage::Open | Stage::Ended) { self.to_send.room() } else { 0 }
    }

    fn capacity(&self, _: usize) -> usize {
        self.to_send.bytes.len()
    }

    fn send(&mut self, _: usize, bytes: &[u8]) {
        let free = self.to_send.free();
        let count = bytes.len().min(free.len());
        for (place, byte) in free.iter_mut().zip(bytes) {
            *place = *byte;
        }
        self.to_send.end += count;
    }

    fn shut(&mut self, _: usize) {
        self.is_shut = true;
        if self.stage == Stage::Ended {
            self.finish_shutting();
        }
    }

    fn abort(&mut self, _: usize) {
        self.received.clear();
        self.to_send.clear();
        self.stage = Stage::Idle;
        self.is_shut = false;
    }
}
