//! `Connection`: one socket, at the index of its session.

use std::io::{self, IoSlice, Read as _, Write as _};

use mio::net::TcpStream;
use tinyrealm_core::node::{TRANSMIT_SLICES, Transmit};
use tinyrealm_core::session::SessionKey;
use tokio::task::AbortHandle;

use super::sockets::{News, Sockets};

/// What belongs to one session index.
pub(super) struct Place {
    pub(super) link: Link,
    /// It is in the list of those that are to be served.
    pub(super) is_listed: bool,
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
    /// Told, and not found wanting since.
    news: News,
    /// The socket was full, and has not taken bytes since.
    is_blocked: bool,
    /// What was read and waits until the peer has taken more of what it is owed; nothing is read meanwhile.
    pub(super) unheard: Option<Box<[u8]>>,
    /// It has been full before, so the poll tells when it takes bytes again.
    is_watched_for_writing: bool,
}

/// What reading has brought.
pub(super) enum Read {
    /// This many bytes.
    Bytes(usize),
    /// Nothing more now; there will be news.
    Nothing,
    /// The connection is over.
    Ended,
}

impl Connection {
    pub(super) fn new(key: SessionKey, stream: TcpStream) -> Self {
        let news = News::default();
        Self { key, stream, news, is_blocked: false, unheard: None, is_watched_for_writing: false }
    }

    pub(super) const fn hear(&mut self, news: News) {
        self.news.is_readable |= news.is_readable;
        self.news.is_ending |= news.is_ending;
        self.news.is_writable |= news.is_writable;
    }

    /// Reads into `buffer` if there is something to read.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Read {
        if !self.news.is_readable {
            return Read::Nothing;
        }
        match self.stream.read(buffer) {
            Ok(0) => Read::Ended,
            Ok(count) => {
                // A short read has emptied the socket: what comes behind it is news.
                self.news.is_readable = count == buffer.len() || self.news.is_ending;
                Read::Bytes(count)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.news = News { is_writable: self.news.is_writable, ..News::default() };
                Read::Nothing
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Read::Nothing,
            Err(_) => Read::Ended,
        }
    }

    /// Whether the peer has closed its side, or is gone.
    pub(super) const fn is_ending(&self) -> bool {
        self.news.is_ending
    }

    /// Whether [`Connection::read`] would try.
    pub(super) const fn may_have_more(&self) -> bool {
        self.news.is_readable
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
        match self.stream.write_vectored(&slices[..count]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            outcome => outcome,
        }
    }

    /// The socket is full: there will be news when it takes bytes again.
    ///
    /// # Errors
    /// If the system can't watch it any longer.
    pub(super) fn block(&mut self, sockets: &Sockets) -> io::Result<()> {
        self.is_blocked = true;
        self.news.is_writable = false;
        if !self.is_watched_for_writing {
            self.is_watched_for_writing = true;
            sockets.watch_writing(&mut self.stream, self.key.index())?;
        }
        Ok(())
    }

    /// Whether a socket that was full takes bytes again.
    pub(super) const fn has_unblocked(&mut self) -> bool {
        let has_unblocked = self.is_blocked && self.news.is_writable;
        if has_unblocked {
            self.is_blocked = false;
        }
        has_unblocked
    }

    pub(super) const fn stream(&self) -> &TcpStream {
        &self.stream
    }
}
