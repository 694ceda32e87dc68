//! `Link`: a connected socket, as both threads use it at once.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use socket2::Socket;

#[cfg(feature = "tls")]
use super::tls::TlsLink;

/// How long one write may block before its thread looks whether it is still wanted.
pub(super) const WRITE_PATIENCE: Duration = Duration::from_millis(100);

/// A connected socket.
pub(super) enum Link {
    /// What is written goes onto the wire as it is.
    Plain(Arc<Socket>),
    /// What is written is encrypted first.
    #[cfg(feature = "tls")]
    Tls(Box<TlsLink>),
}

impl Link {
    fn socket(&self) -> &Socket {
        match self {
            Self::Plain(socket) => socket,
            #[cfg(feature = "tls")]
            Self::Tls(link) => &link.socket,
        }
    }

    /// Blocks until something has come; 0 is the peer's end.
    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => (&**socket).read(buffer),
            #[cfg(feature = "tls")]
            Self::Tls(link) => link.read(buffer),
        }
    }

    /// Blocks until some of it is taken, for [`WRITE_PATIENCE`] at most; after such a pause it is to be
    /// called with the same bytes again.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => (&**socket).write(bytes),
            #[cfg(feature = "tls")]
            Self::Tls(link) => link.write(bytes),
        }
    }

    /// How long one read may block; `None` for ever.
    pub(super) fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.socket().set_read_timeout(timeout)
    }

    /// Nothing more will be written. What fails here shows in reading.
    pub(super) fn finish_writing(&self) {
        #[cfg(feature = "tls")]
        if let Self::Tls(link) = self {
            link.say_goodbye();
        }
        let _ = self.socket().shutdown(Shutdown::Write);
    }

    /// Ends it for both sides, and wakes whoever reads or writes.
    pub(super) fn break_off(&self) {
        let _ = self.socket().shutdown(Shutdown::Both);
    }
}
