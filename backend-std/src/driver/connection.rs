//! `Connection`: one socket, at the index of its session, and what is between it and the node.

use std::io::{self, IoSlice, Read as _, Write as _};

use mio::net::TcpStream;
use tinyrealm_core::node::{TRANSMIT_SLICES, Transmit};
use tinyrealm_core::session::SessionKey;

use crate::socket;

use super::sockets::{News, Sockets};
use super::tls::{Begins, GREETING_MAX_BYTES, Greeted, Session, Unsound};

/// An open socket.
pub(super) struct Connection {
    pub(super) key: SessionKey,
    stream: TcpStream,
    /// Told, and not found wanting since.
    news: News,
    /// The socket was full, and has not taken bytes since.
    is_blocked: bool,
    layer: Layer,
    /// What few connections have.
    kept: Option<Box<Kept>>,
    /// It has been full before, so the poll tells when it takes bytes again.
    is_watched_for_writing: bool,
    /// It waits for its turn to greet.
    pub(super) is_queued: bool,
    /// What it began with is not for somebody else.
    pub(super) is_for_node: bool,
}

/// What is between the socket and the node.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Layer {
    /// Nothing.
    Clear,
    /// What the first bytes will tell.
    Unknown,
    /// The same, and clear text is refused.
    TlsOnly,
    /// Clear text of which a frame may be heard, as it proves something: so many of its bytes are still to come.
    Proving(u16),
    /// The same as unknown: the first of a TLS record has come.
    HalfKnown,
    /// TLS, whose handshake is worked on elsewhere; nothing is read meanwhile.
    Greeting,
    /// TLS.
    Tls,
}

/// Of one write's text: four full records.
const TEXT_MAX_BYTES: usize = 64 * 1_024;

/// What records are made in: anybody's, and nobody's for long.
#[derive(Default)]
pub(super) struct Scratch {
    text: Vec<u8>,
    records: Vec<u8>,
}

/// The first byte of a TLS handshake.
const FIRST_OF_TLS: u8 = 0x16;

#[derive(Default)]
struct Kept {
    /// What was read and waits until the peer has taken more of what it is owed; nothing is read meanwhile.
    unheard: Option<Box<[u8]>>,
    session: Option<Box<Session>>,
    /// Nothing more is said once the socket has taken everything.
    is_to_be_shut: bool,
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
    pub(super) fn new(key: SessionKey, stream: TcpStream, layer: Layer) -> Self {
        Self {
            key,
            stream,
            news: News::default(),
            is_blocked: false,
            layer,
            kept: None,
            is_watched_for_writing: false,
            is_queued: false,
            is_for_node: false,
        }
    }

    /// What whoever goes on with it needs.
    pub(super) fn into_parts(self) -> (TcpStream, Option<Box<Session>>) {
        (self.stream, self.kept.and_then(|kept| kept.session))
    }

    pub(super) const fn layer(&self) -> Layer {
        self.layer
    }

    /// What was read and waits.
    pub(super) fn set_unheard(&mut self, bytes: Option<Box<[u8]>>) {
        if bytes.is_some() || self.kept.is_some() {
            self.kept.get_or_insert_default().unheard = bytes;
        }
    }

    pub(super) fn has_unheard(&self) -> bool {
        self.kept.as_ref().is_some_and(|kept| kept.unheard.is_some())
    }

    pub(super) fn take_unheard(&mut self) -> Option<Box<[u8]>> {
        self.kept.as_mut()?.unheard.take()
    }

    fn session(&self) -> Option<&Session> {
        self.kept.as_ref()?.session.as_deref()
    }

    /// What a connection begins with decides what it is.
    pub(super) fn decide(&mut self, bytes: &[u8]) -> Begins {
        let begins = Begins::of(bytes);
        self.layer = match begins {
            Begins::Unknown => Layer::HalfKnown,
            Begins::Clear => Layer::Clear,
            Begins::Tls => Layer::Greeting,
        };
        begins
    }

    /// Its session, to go on with its handshake elsewhere.
    pub(super) fn lend_session(&mut self) -> Option<Box<Session>> {
        self.layer = Layer::Greeting;
        self.kept.as_mut()?.session.take()
    }

    /// Whoever was dialed is past its handshake.
    pub(super) fn secure(&mut self, session: Box<Session>) {
        self.layer = Layer::Tls;
        self.kept.get_or_insert_default().session = Some(session);
    }

    /// A step of the handshake is done, and what TLS has to say goes out.
    ///
    /// # Errors
    /// The connection is over.
    pub(super) fn greeted(&mut self, greeted: Greeted) -> Result<Vec<u8>, Unsound> {
        let Greeted { mut session, text, outcome } = greeted;
        let flushed = session.flush(&self.stream);
        self.secure(session);
        outcome?;
        flushed?;
        Ok(text)
    }

    /// Opens what was read, and appends its text; `false` if nothing comes behind it.
    ///
    /// # Errors
    /// The connection is over.
    pub(super) fn decrypt(
        &mut self,
        bytes: &mut [u8],
        text: &mut Vec<u8>,
    ) -> Result<bool, Unsound> {
        let Some(session) = self.kept.as_mut().and_then(|kept| kept.session.as_mut()) else {
            return Ok(false);
        };
        let heard = session.hear(bytes, text);
        // Behind an error, too: it says why.
        let flushed = session.flush(&self.stream);
        heard?;
        flushed?;
        Ok(!session.is_ending())
    }

    /// Whether records wait for the socket.
    pub(super) fn has_outgoing(&self) -> bool {
        self.session().is_some_and(Session::has_outgoing)
    }

    /// Whether a handshake has more to do.
    pub(super) fn is_greeting(&self) -> bool {
        self.session().is_some_and(|session| !session.is_established())
    }

    pub(super) const fn hear(&mut self, news: News) {
        self.news.is_readable |= news.is_readable;
        self.news.is_ending |= news.is_ending;
        self.news.is_writable |= news.is_writable;
    }

    pub(super) const fn set_layer(&mut self, layer: Layer) {
        self.layer = layer;
    }

    /// Looks at what will be read, and answers how much of it there is.
    pub(super) fn peek(&self, bytes: &mut [u8]) -> usize {
        self.stream.peek(bytes).unwrap_or(0)
    }

    pub(super) const fn socket(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// There will be news when more has come.
    pub(super) const fn wait_for_more(&mut self) {
        self.news.is_readable = false;
    }

    /// Whether reading it may begin a step of a handshake.
    pub(super) fn may_greet(&self) -> bool {
        match self.layer {
            Layer::Unknown => {
                let mut first = [0; 2];
                let count = self.peek(&mut first);
                Begins::of(&first[..count]) == Begins::Tls
            }
            Layer::HalfKnown => true,
            Layer::Tls => self.is_greeting(),
            Layer::Clear | Layer::Greeting | Layer::TlsOnly | Layer::Proving(_) => false,
        }
    }

    /// Reads into `buffer` if there is something to read; of who has not greeted, no more than is kept of it, and of who
    /// proves something no more than that.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Read {
        if !self.news.is_readable {
            return Read::Nothing;
        }
        let most = match self.layer {
            Layer::Proving(rest) => buffer.len().min(rest.into()),
            Layer::Unknown | Layer::HalfKnown => GREETING_MAX_BYTES,
            _ if self.is_greeting() => GREETING_MAX_BYTES,
            _ => buffer.len(),
        };
        let buffer = &mut buffer[..most];
        let from = usize::from(self.layer == Layer::HalfKnown);
        buffer[0] = FIRST_OF_TLS;
        match self.stream.read(&mut buffer[from..]) {
            Ok(0) => Read::Ended,
            Ok(count) => {
                // A short read has emptied the socket: what comes behind it is news.
                self.news.is_readable = from + count == buffer.len() || self.news.is_ending;
                if let Layer::Proving(rest) = &mut self.layer {
                    *rest = rest.saturating_sub(u16::try_from(count).unwrap_or(u16::MAX));
                }
                Read::Bytes(from + count)
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
    pub(super) fn write(
        &mut self,
        transmit: &Transmit<'_>,
        scratch: &mut Scratch,
    ) -> io::Result<usize> {
        match self.layer {
            Layer::Greeting => Ok(0),
            Layer::Tls => self.write_sealed(transmit, scratch),
            _ => self.write_clear(transmit),
        }
    }

    /// All of it in as few records as there can be; what the socket does not take waits here, and nothing comes behind it
    /// until it has.
    fn write_sealed(
        &mut self,
        transmit: &Transmit<'_>,
        scratch: &mut Scratch,
    ) -> io::Result<usize> {
        let Some(session) = self.kept.as_mut().and_then(|kept| kept.session.as_mut()) else {
            return Ok(0);
        };
        if !session.is_established() || !session.flush(&self.stream)? {
            return Ok(0);
        }
        let Scratch { text, records } = scratch;
        text.clear();
        for part in transmit.slices() {
            let room = TEXT_MAX_BYTES - text.len();
            text.extend_from_slice(&part[..part.len().min(room)]);
        }
        let said = session.say(text, records, &self.stream);
        said.map(|()| text.len()).map_err(|Unsound(why)| io::Error::other(why))
    }

    fn write_clear(&mut self, transmit: &Transmit<'_>) -> io::Result<usize> {
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
    pub(super) fn has_unblocked(&mut self) -> bool {
        if !self.is_blocked || !self.news.is_writable || self.layer == Layer::Greeting {
            return false;
        }
        if let Some(kept) = &mut self.kept
            && let Some(session) = &mut kept.session
        {
            match session.flush(&self.stream) {
                Ok(true) if kept.is_to_be_shut => drop(socket::shut_sending(&self.stream)),
                Ok(true) => {}
                Ok(false) => {
                    self.news.is_writable = false;
                    return false;
                }
                // A broken connection shows when it is read, which it is at once.
                Err(_) => self.news.is_readable = true,
            }
        }
        self.is_blocked = false;
        true
    }

    /// Nothing more is said: once the socket has taken what has been.
    ///
    /// # Errors
    /// The socket's, when the connection is over.
    pub(super) fn shut(&mut self, sockets: &Sockets) -> io::Result<()> {
        self.say_goodbye();
        if self.has_outgoing() {
            self.kept.get_or_insert_default().is_to_be_shut = true;
            return self.block(sockets);
        }
        socket::shut_sending(&self.stream)
    }

    /// Whoever speaks TLS, and is past its handshake, hears that this was all.
    pub(super) fn say_goodbye(&mut self) {
        if let Some(session) = self.kept.as_mut().and_then(|kept| kept.session.as_mut()) {
            // A broken connection shows when it is read.
            let _ = session.say_goodbye(&self.stream);
        }
    }
}
