//! `TextStream`: a connection that a driver has let go of, as tokio reads and writes one.
//!
//! Contract: what was read before comes first. By TLS it is text on this side and records on the other; a shutdown says
//! goodbye by TLS before the socket is shut. It is opened inside of the runtime that is to serve it.
//!
//! Bounds: the text of what one read completes, which is one record and [`READ_BYTES`]; records of one write that the socket
//! has not taken.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::tls::{Session, Unsound};

/// What is read at a time.
const READ_BYTES: usize = 4 * 1_024;
/// What is made records of at a time: one full one.
const WRITE_MAX_BYTES: usize = 16 * 1_024;

/// A connection that a driver has let go of; what was read before comes first.
pub struct TextStream {
    socket: Socket,
    session: Option<Box<Session>>,
    /// What has come, and how much of it was read.
    text: Vec<u8>,
    taken: usize,
    has_ended: bool,
    /// Where records are made.
    records: Vec<u8>,
}

enum Socket {
    /// Nobody's task watches it yet.
    Unwatched(Option<std::net::TcpStream>),
    Watched(TcpStream),
}

impl std::fmt::Debug for TextStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextStream").finish_non_exhaustive()
    }
}

impl Socket {
    fn watched(&mut self) -> io::Result<&mut TcpStream> {
        if let Self::Unwatched(stream) = self {
            let stream = stream.take().ok_or(io::ErrorKind::NotConnected)?;
            *self = Self::Watched(TcpStream::from_std(stream)?);
        }
        match self {
            Self::Watched(stream) => Ok(stream),
            Self::Unwatched(_) => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

/// What a session writes to.
struct Records<'s>(&'s TcpStream);

impl io::Write for Records<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn unsound(Unsound(why): Unsound) -> io::Error {
    io::Error::other(why)
}

impl TextStream {
    pub(super) fn new(
        stream: std::net::TcpStream,
        session: Option<Box<Session>>,
        text: Vec<u8>,
    ) -> Self {
        let socket = Socket::Unwatched(Some(stream));
        Self { socket, session, text, taken: 0, has_ended: false, records: Vec::new() }
    }

    /// Reads until there is text, or the end.
    fn poll_text(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { socket, session, text, taken, has_ended, .. } = self;
        let socket = socket.watched()?;
        while *taken == text.len() && !*has_ended {
            text.clear();
            *taken = 0;
            let mut bytes = [0; READ_BYTES];
            let mut read = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut *socket).poll_read(cx, &mut read))?;
            *has_ended = read.filled().is_empty();
            let Some(session) = session else {
                text.extend_from_slice(read.filled());
                continue;
            };
            let heard = session.hear(read.filled_mut(), text);
            // Behind an error, too: it says why.
            let flushed = session.flush(Records(socket));
            heard.map_err(unsound)?;
            flushed?;
            *has_ended |= session.is_ending();
        }
        Poll::Ready(Ok(()))
    }

    /// Has the socket take what waits of records.
    fn poll_records(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let socket = self.socket.watched()?;
        let Some(session) = &mut self.session else { return Poll::Ready(Ok(())) };
        while !session.flush(Records(socket))? {
            ready!(socket.poll_write_ready(cx))?;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for TextStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_text(cx))?;
        let unread = &this.text[this.taken..];
        let count = unread.len().min(into.remaining());
        into.put_slice(&unread[..count]);
        this.taken += count;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for TextStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        text: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        // Nothing comes behind what waits before the socket has taken that.
        ready!(this.poll_records(cx))?;
        let Self { socket, session, records, .. } = this;
        let socket = socket.watched()?;
        let Some(session) = session else { return Pin::new(socket).poll_write(cx, text) };
        let text = &text[..text.len().min(WRITE_MAX_BYTES)];
        session.say(text, records, Records(socket)).map_err(unsound)?;
        Poll::Ready(Ok(text.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_records(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_records(cx))?;
        let Self { socket, session, .. } = this;
        let socket = socket.watched()?;
        if let Some(session) = session {
            session.say_goodbye(Records(socket)).map_err(unsound)?;
        }
        ready!(this.poll_records(cx))?;
        Pin::new(this.socket.watched()?).poll_shutdown(cx)
    }
}
