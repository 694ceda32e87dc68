//! TLS under a connection, by rustls: one TLS session, used by both threads.
//!
//! Contract: blocking happens outside of the session's lock. Only the reading thread reads the socket;
//! whoever writes it holds what is to be written, so records leave in the order in which they were
//! made. rustls allocates for its records; nothing else does.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rustls::ClientConnection;
use rustls::pki_types::ServerName;
use socket2::Socket;
use tinyrealm_core::net::NetErrorKind;

use super::ended::Ended;
use super::pause::is_pause;
use crate::trust::Trust;

/// What one read of the socket takes at most.
const READ_BYTES: usize = 16 * 1_024;

/// A socket with TLS over it.
pub(super) struct TlsLink {
    pub(super) socket: Arc<Socket>,
    session: Mutex<ClientConnection>,
    incoming: Mutex<Incoming>,
    outgoing: Mutex<Outgoing>,
}

/// Records that have been read and not been decrypted.
struct Incoming {
    records: Box<[u8]>,
    start: usize,
    end: usize,
}

/// Records that have been made and not been written.
#[derive(Default)]
struct Outgoing {
    records: Vec<u8>,
    written: usize,
    /// Bytes of the text that they stand for, which the writer has not been told of.
    accepted: usize,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl TlsLink {
    /// Greets the server and checks who it is, before `deadline`; `protocol` is what will be spoken.
    pub(super) fn open(
        socket: Arc<Socket>,
        (host, protocol): (&str, &[u8]),
        trust: &Trust,
        deadline: Instant,
    ) -> Result<Self, Ended> {
        let failed = |text: String| Ended::failed(NetErrorKind::Tls, text);
        let name =
            ServerName::try_from(host.to_owned()).map_err(|error| failed(error.to_string()))?;
        let config = trust.config().map_err(failed)?;
        let mut session = ClientConnection::new_with_alpn(config, name, vec![protocol.to_vec()])
            .map_err(|error| failed(error.to_string()))?;
        let mut timed = Timed { socket: &socket, deadline };
        while session.is_handshaking() {
            session
                .complete_io(&mut timed)
                .map_err(|error| failed(format!("no secure connection to {host}: {error}")))?;
        }
        let records = vec![0; READ_BYTES].into();
        Ok(Self {
            session: Mutex::new(session),
            incoming: Mutex::new(Incoming { records, start: 0, end: 0 }),
            outgoing: Mutex::default(),
            socket,
        })
    }

    /// As [`super::link::Link::read`].
    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut incoming = lock(&self.incoming);
        loop {
            {
                let mut session = lock(&self.session);
                match session.reader().read(buffer) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    outcome => return outcome,
                }
                if incoming.start < incoming.end {
                    incoming.decrypt(&mut session)?;
                    let has_answer = session.wants_write();
                    drop(session);
                    if has_answer {
                        self.answer();
                    }
                    continue;
                }
            }
            let count = (&*self.socket).read(&mut incoming.records)?;
            if count == 0 {
                // Without a goodbye of TLS somebody may have cut the connection.
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            (incoming.start, incoming.end) = (0, count);
        }
    }

    /// What TLS itself has to say. If somebody is writing, it goes with that.
    fn answer(&self) {
        if let Ok(mut outgoing) = self.outgoing.try_lock() {
            let _ = outgoing.take(&mut lock(&self.session));
            let _ = outgoing.flush(&self.socket);
        }
    }

    /// As [`super::link::Link::write`]: after a pause it is to be called with the same bytes again.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut outgoing = lock(&self.outgoing);
        outgoing.flush(&self.socket)?;
        if outgoing.accepted == 0 {
            let mut session = lock(&self.session);
            outgoing.accepted = session.writer().write(bytes)?;
            outgoing.take(&mut session)?;
        }
        outgoing.flush(&self.socket)?;
        Ok(std::mem::take(&mut outgoing.accepted))
    }

    /// A goodbye of TLS.
    pub(super) fn say_goodbye(&self) {
        lock(&self.session).send_close_notify();
        self.answer();
    }
}

impl Incoming {
    fn decrypt(&mut self, session: &mut ClientConnection) -> io::Result<()> {
        let mut records = &self.records[self.start..self.end];
        self.start += session.read_tls(&mut records)?;
        let outcome = session.process_new_packets();
        outcome.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error)).map(drop)
    }
}

impl Outgoing {
    fn take(&mut self, session: &mut ClientConnection) -> io::Result<()> {
        while session.wants_write() {
            session.write_tls(&mut self.records)?;
        }
        Ok(())
    }

    fn flush(&mut self, mut socket: &Socket) -> io::Result<()> {
        while self.written < self.records.len() {
            self.written += socket.write(&self.records[self.written..])?;
        }
        self.records.clear();
        self.written = 0;
        Ok(())
    }
}

/// A socket that answers before a deadline, or fails.
struct Timed<'s> {
    socket: &'s Socket,
    deadline: Instant,
}

impl Timed<'_> {
    fn within<T>(&self, mut call: impl FnMut(&Socket) -> io::Result<T>) -> io::Result<T> {
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the server does not answer in time",
                ));
            }
            self.socket.set_read_timeout(Some(left))?;
            match call(self.socket) {
                Err(error) if is_pause(&error) => {}
                outcome => return outcome,
            }
        }
    }
}

impl Read for Timed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.within(|mut socket| socket.read(buffer))
    }
}

impl Write for Timed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.within(|mut socket| socket.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
