//! `Connection`: one socket, at the index of its session.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tinyrealm_core::node::{TRANSMIT_SLICES, Transmit};
use tinyrealm_core::session::SessionKey;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;

use super::ready::ConnectionSignal;

/// What belongs to one session index. The signal outlives connections: it is made once a slot.
pub(super) struct Place {
    pub(super) signal: ConnectionSignal,
    pub(super) link: Link,
}

/// Where a session's transport is.
pub(super) enum Link {
    /// There is none.
    Vacant,
    /// On its way.
    Dialing(AbortHandle),
    /// It stands.
    Open(Connection),
}

/// An open socket.
pub(super) struct Connection {
    pub(super) key: SessionKey,
    stream: TcpStream,
    /// The socket was full, and has not taken bytes since.
    is_blocked: bool,
}

/// What reading has brought.
pub(super) enum Read {
    /// This many bytes.
    Bytes(usize),
    /// Nothing more now; the signal tells when there is.
    Nothing,
    /// The connection is over.
    Ended,
}

impl Connection {
    pub(super) const fn new(key: SessionKey, stream: TcpStream) -> Self {
        Self { key, stream, is_blocked: false }
    }

    /// Reads into `buffer`, or has `signal` told when there is something to read.
    pub(super) fn read(&mut self, signal: &ConnectionSignal, buffer: &mut [u8]) -> Read {
        let mut cx = Context::from_waker(&signal.waker);
        let mut read = ReadBuf::new(buffer);
        match Pin::new(&mut self.stream).poll_read(&mut cx, &mut read) {
            Poll::Pending => Read::Nothing,
            Poll::Ready(Ok(())) if !read.filled().is_empty() => Read::Bytes(read.filled().len()),
            Poll::Ready(Ok(()) | Err(_)) => Read::Ended,
        }
    }

    /// Writes as much as the socket takes, with one call.
    ///
    /// # Errors
    /// The socket's, when the connection is over.
    pub(super) fn write(&mut self, transmit: &Transmit<'_>) -> io::Result<usize> {
        let mut slices = [IoSlice::new(&[]); TRANSMIT_SLICES];
        let mut count = 0;
        for part in transmit.slices().iter().filter(|part| !part.is_empty()) {
            slices[count] = IoSlice::new(part);
            count += 1;
        }
        match self.stream.try_write_vectored(&slices[..count]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            outcome => outcome,
        }
    }

    /// The socket is full: `signal` is to be told when it takes bytes again.
    pub(super) fn block(&mut self, signal: &ConnectionSignal) {
        self.is_blocked = true;
        let mut cx = Context::from_waker(&signal.waker);
        if self.stream.poll_write_ready(&mut cx).is_ready() {
            signal.wake();
        }
    }

    /// Whether a socket that was full takes bytes again.
    pub(super) fn has_unblocked(&mut self, signal: &ConnectionSignal) -> bool {
        let mut cx = Context::from_waker(&signal.waker);
        if self.is_blocked && self.stream.poll_write_ready(&mut cx).is_ready() {
            self.is_blocked = false;
            return true;
        }
        false
    }

    pub(super) const fn stream(&self) -> &TcpStream {
        &self.stream
    }
}
