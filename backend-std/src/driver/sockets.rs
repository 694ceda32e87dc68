//! `Sockets`: the sockets of one node, and which of them have news.
//!
//! Purpose: tokio keeps 256 bytes, and on top of that a waker, for each socket that it watches. A node's
//! driver is one task, so one watch is enough: all of a node's sockets are in a poll of their own (epoll
//! or kqueue), and tokio watches that. What the poll tells is a few bits beside the connection.
//!
//! Contract: events are edges. Who is told of one reads, writes or accepts until the system says no, or
//! remembers that it has not. Make it inside of a runtime.
//!
//! Bounds: [`EVENTS_PER_LOOK`] events are taken at a time.
//!
//! ```
//! # tinyrealm_std::runtime::current_thread().unwrap().block_on(async {
//! use tinyrealm_std::driver::Sockets;
//! let sockets = Sockets::listen("127.0.0.1:0".parse().unwrap()).unwrap();
//! assert_ne!(sockets.local_address().unwrap().port(), 0);
//! assert!(Sockets::without_listener().unwrap().local_address().is_none());
//! # });
//! ```

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Duration;

use mio::event::Event;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Token};
use tokio::io::Interest as PollInterest;
use tokio::io::unix::AsyncFd;

use crate::socket;

/// Events that are taken at a time.
pub const EVENTS_PER_LOOK: usize = 1_024;

const LISTENER: Token = Token(usize::MAX);
/// Behind the indices of sessions: the number of the first arrival.
const FIRST_ARRIVAL: usize = 1 << 16;

/// The sockets of one node.
pub struct Sockets {
    poll: AsyncFd<mio::Poll>,
    events: Events,
    listener: Option<TcpListener>,
    /// Somebody may wait to be accepted.
    has_arrivals: bool,
}

/// Of what there is news.
pub(super) enum Source {
    /// Of the connection at this index.
    Session(u16),
    /// Of the arrival of this number.
    Arrival(usize),
}

/// Whether a stream has been watched before.
#[derive(Copy, Clone, PartialEq, Eq)]
pub(super) enum Watch {
    New,
    /// Under another name: what it has told then is told again.
    Again,
}

/// What the poll has told of a connection.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct News {
    pub(super) is_readable: bool,
    /// There is an end behind what can be read.
    pub(super) is_ending: bool,
    pub(super) is_writable: bool,
}

impl From<&Event> for News {
    fn from(event: &Event) -> Self {
        let is_ending = event.is_read_closed() || event.is_error();
        Self {
            is_readable: event.is_readable() || is_ending,
            is_ending,
            is_writable: event.is_writable() || event.is_error(),
        }
    }
}

impl Sockets {
    /// For a node that only dials.
    ///
    /// # Errors
    /// What the operating system says: too many open files.
    pub fn without_listener() -> io::Result<Self> {
        let poll = mio::Poll::new()?;
        // SAFETY: a poll owns its one descriptor for as long as it lives, and gives it to nobody.
        let poll = unsafe { AsyncFd::register_with_interest(poll, PollInterest::READABLE) }?;
        Ok(Self {
            poll,
            events: Events::with_capacity(EVENTS_PER_LOOK),
            listener: None,
            has_arrivals: false,
        })
    }

    /// For a node that is dialed at `address`.
    ///
    /// # Errors
    /// What the operating system says: a port in use, an address that is not ours.
    pub fn listen(address: SocketAddr) -> io::Result<Self> {
        let mut sockets = Self::without_listener()?;
        let mut listener = TcpListener::from_std(socket::bind(address)?);
        let registry = sockets.poll.get_ref().registry();
        registry.register(&mut listener, LISTENER, Interest::READABLE)?;
        sockets.listener = Some(listener);
        Ok(sockets)
    }

    /// Where the node is dialed.
    pub fn local_address(&self) -> Option<SocketAddr> {
        self.listener.as_ref()?.local_addr().ok()
    }

    pub(super) fn stop_listening(&mut self) {
        self.listener = None;
    }

    /// The next who waits to be accepted, or why that can't be; `None` if nobody does.
    pub(super) fn accept(&mut self) -> Option<io::Result<(TcpStream, SocketAddr)>> {
        if !self.has_arrivals {
            return None;
        }
        match self.listener.as_ref()?.accept() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.has_arrivals = false;
                None
            }
            accepted => Some(accepted),
        }
    }

    /// From now on news of `stream` come under `index`: that there is something to read.
    pub(super) fn watch(&self, stream: &mut TcpStream, index: u16, watch: Watch) -> io::Result<()> {
        let (token, registry) = (Token(usize::from(index)), self.poll.get_ref().registry());
        match watch {
            Watch::New => registry.register(stream, token, Interest::READABLE),
            Watch::Again => registry.reregister(stream, token, Interest::READABLE),
        }
    }

    /// From now on news of `stream` are those of an arrival.
    pub(super) fn watch_arrival(&self, stream: &mut TcpStream, number: usize) -> io::Result<()> {
        let token = Token(FIRST_ARRIVAL + number);
        self.poll.get_ref().registry().register(stream, token, Interest::READABLE)
    }

    /// Somebody else watches it from now on.
    pub(super) fn forget(&self, stream: &mut TcpStream) -> io::Result<()> {
        self.poll.get_ref().registry().deregister(stream)
    }

    /// From now on news come, too, when a full socket takes bytes again.
    pub(super) fn watch_writing(&self, stream: &mut TcpStream, index: u16) -> io::Result<()> {
        let (token, both) = (Token(usize::from(index)), Interest::READABLE | Interest::WRITABLE);
        self.poll.get_ref().registry().reregister(stream, token, both)
    }

    /// Hands what is new to `tell`, by its source; `cx` is woken when there is more.
    pub(super) fn look(&mut self, cx: &mut Context<'_>, mut tell: impl FnMut(Source, News)) {
        while let Poll::Ready(Ok(mut ready)) = self.poll.poll_read_ready_mut(cx) {
            let looked = ready.get_inner_mut().poll(&mut self.events, Some(Duration::ZERO));
            let mut count = 0;
            for event in &self.events {
                count += 1;
                match event.token() {
                    LISTENER => self.has_arrivals = true,
                    Token(number) if number >= FIRST_ARRIVAL => {
                        tell(Source::Arrival(number - FIRST_ARRIVAL), News::from(event));
                    }
                    Token(index) => tell(Source::Session(index as u16), News::from(event)),
                }
            }
            // Not all of them have come: what is left makes no new edge.
            if looked.is_ok() && count < EVENTS_PER_LOOK {
                ready.clear_ready();
            }
        }
    }
}
