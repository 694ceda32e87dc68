//! `Session`: one connection's TLS, without a socket: records in, text out, and the other way round; of a server, and of
//! who dials one.

use std::io::{self, Write};
use std::sync::Arc;

use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::ServerName;
use rustls::server::UnbufferedServerConnection;
use rustls::{ClientConfig, ServerConfig};

use super::engine::{Engine, Seal, Sealed, Step, Unsound};

/// What a stranger may say before its handshake is over.
pub const GREETING_MAX_BYTES: usize = 16 * 1_024;
/// One record with all that belongs to it (RFC 8446, section 5.2).
const RECORD_MAX_BYTES: usize = 5 + 16_384 + 256;
/// How far a session has come.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Standing {
    /// Not all of the handshake is done.
    Greeting,
    /// Text goes both ways.
    Established,
    /// The peer has said goodbye, and may still read.
    Ending,
    /// We have, or it has broken TLS: whatever comes now is nothing to us, and nothing more is said.
    Over,
}

/// See the [module](self).
pub(crate) struct Session {
    connection: Box<dyn Engine>,
    standing: Standing,
    /// What has come of a record that is not complete.
    incoming: Vec<u8>,
    /// Records that have been made, and how much of them the socket has.
    outgoing: Vec<u8>,
    sent: usize,
}

impl Session {
    /// Of a server.
    pub(crate) fn new(config: Arc<ServerConfig>) -> Result<Self, Unsound> {
        Ok(Self::on(Box::new(UnbufferedServerConnection::new(config)?)))
    }

    /// Of who dials the server of this name, to speak `protocol` with it. Its first words are there once it has heard
    /// nothing.
    pub(crate) fn of_client(
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
        protocol: &[u8],
    ) -> Result<Self, Unsound> {
        let protocols = vec![protocol.to_vec()];
        let connection = UnbufferedClientConnection::new_with_alpn(config, name, protocols)?;
        Ok(Self::on(Box::new(connection)))
    }

    fn on(connection: Box<dyn Engine>) -> Self {
        let (incoming, outgoing) = (Vec::new(), Vec::new());
        Self { connection, standing: Standing::Greeting, incoming, outgoing, sent: 0 }
    }

    pub(crate) const fn is_established(&self) -> bool {
        !matches!(self.standing, Standing::Greeting)
    }

    /// Whether the peer has said goodbye.
    pub(crate) const fn is_ending(&self) -> bool {
        matches!(self.standing, Standing::Ending)
    }

    /// Takes what has come, and appends the text that is in it. What TLS itself answers is to be flushed, behind an error
    /// too: it says why.
    pub(crate) fn hear(&mut self, came: &mut [u8], text: &mut Vec<u8>) -> Result<(), Unsound> {
        if self.standing == Standing::Over {
            return Ok(());
        }
        let heard = self.hear_records(came, text);
        if heard.is_err() {
            self.standing = Standing::Over;
        }
        heard
    }

    fn hear_records(&mut self, came: &mut [u8], text: &mut Vec<u8>) -> Result<(), Unsound> {
        if self.incoming.is_empty() {
            let taken = self.take_records(came, text)?;
            self.incoming.extend_from_slice(&came[taken..]);
        } else {
            self.incoming.extend_from_slice(came);
            let mut incoming = std::mem::take(&mut self.incoming);
            let taken = self.take_records(&mut incoming, text)?;
            if taken < incoming.len() {
                incoming.drain(..taken);
                self.incoming = incoming;
            }
        }
        let most = if self.is_established() { RECORD_MAX_BYTES } else { GREETING_MAX_BYTES };
        if self.incoming.len() > most {
            return Err(Unsound("it says too much before its first record is complete".to_owned()));
        }
        Ok(())
    }

    fn take_records(&mut self, records: &mut [u8], text: &mut Vec<u8>) -> Result<usize, Unsound> {
        let mut taken = 0;
        loop {
            let (discard, step) =
                self.connection.step(&mut records[taken..], text, &mut self.outgoing);
            taken += discard;
            match step {
                Ok(Step::GoOn) => {}
                Ok(Step::PeerClosed) => self.standing = Standing::Ending,
                Ok(Step::Blocked) => return Ok(taken),
                Ok(Step::Established) => {
                    if self.standing == Standing::Greeting {
                        self.standing = Standing::Established;
                    }
                    return Ok(taken);
                }
                Err(unsound) => {
                    self.take_alert();
                    return Err(unsound);
                }
            }
        }
    }

    /// What rustls says to a peer that breaks its rules, behind what it had to say before. It looks at no record again.
    fn take_alert(&mut self) {
        while self.connection.wants_write() {
            let step = self.connection.step(&mut [], &mut Vec::new(), &mut self.outgoing);
            if !matches!(step, (_, Ok(Step::GoOn))) {
                return;
            }
        }
    }

    /// Makes records of `text`, as few as there can be, and gives the socket what it takes of them; the rest waits for
    /// [`Session::flush`]. `scratch` is anybody's.
    pub(crate) fn say(
        &mut self,
        text: &[u8],
        scratch: &mut Vec<u8>,
        socket: impl Write,
    ) -> Result<(), Unsound> {
        scratch.clear();
        self.seal(Seal::Text(text), scratch)?;
        Ok(self.send(scratch, socket)?)
    }

    /// Says that nothing more comes: whoever reads knows that nothing was cut off.
    pub(crate) fn say_goodbye(&mut self, socket: impl Write) -> Result<(), Unsound> {
        if self.standing == Standing::Over {
            return Ok(());
        }
        let mut record = Vec::new();
        self.seal(Seal::Goodbye, &mut record)?;
        self.standing = Standing::Over;
        Ok(self.send(&record, socket)?)
    }

    fn seal(&mut self, what: Seal<'_>, records: &mut Vec<u8>) -> Result<(), Unsound> {
        if self.standing == Standing::Over {
            return Err(Unsound("it is over".to_owned()));
        }
        loop {
            // It wants to see what it has seen of a message in pieces. All that is whole in it has been taken.
            match self.connection.seal(&mut self.incoming, what, records)? {
                Sealed::Done => return Ok(()),
                Sealed::GoOn => {}
                Sealed::PeerClosed => self.standing = Standing::Ending,
            }
        }
    }

    /// Records leave in the order in which they were made.
    fn send(&mut self, records: &[u8], mut socket: impl Write) -> io::Result<()> {
        let mut sent = 0;
        if self.flush(&mut socket)? {
            sent = write_some(records, &mut socket)?;
        }
        self.outgoing.extend_from_slice(&records[sent..]);
        Ok(())
    }

    /// Whether there are records that the socket has not taken.
    pub(crate) fn has_outgoing(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Gives the socket what has waited for it; `true` if nothing waits any more.
    pub(crate) fn flush(&mut self, mut socket: impl Write) -> io::Result<bool> {
        self.sent += write_some(&self.outgoing[self.sent..], &mut socket)?;
        if self.sent < self.outgoing.len() {
            return Ok(false);
        }
        // An idle connection keeps nothing.
        (self.outgoing, self.sent) = (Vec::new(), 0);
        Ok(true)
    }
}

/// As much as the socket takes.
fn write_some(bytes: &[u8], socket: &mut impl Write) -> io::Result<usize> {
    let mut sent = 0;
    while sent < bytes.len() {
        match socket.write(&bytes[sent..]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => sent += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(sent)
}
