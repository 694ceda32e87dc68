//! `Session`: one connection's TLS, without a socket: records in, text out, and the other way round.
//!
//! rustls's unbuffered interface works in our buffers, so an idle connection keeps its keys and nothing else.

use std::io::{self, Write};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncodeTlsData, EncryptError, InsufficientSizeError,
    UnbufferedStatus,
};

/// What a stranger may say before its handshake is over.
pub const GREETING_MAX_BYTES: usize = 16 * 1_024;
/// One record with all that belongs to it (RFC 8446, section 5.2).
const RECORD_MAX_BYTES: usize = 5 + 16_384 + 256;
/// What a record may have besides its text; it is more than any cipher adds.
const RECORD_EXTRA_BYTES: usize = 64;
/// The text of a full record.
const RECORD_TEXT_BYTES: usize = 16_384;

/// The peer breaks TLS, or speaks one that we do not: the connection ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Unsound(pub(crate) String);

impl<E: std::error::Error> From<E> for Unsound {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// How far a session has come.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Standing {
    /// Not all of the handshake is done.
    Greeting,
    /// Text goes both ways.
    Established,
    /// The peer has said goodbye, and may still read.
    Ending,
    /// We have: whatever comes now is nothing to us.
    Over,
}

/// See the [module](self).
pub(crate) struct Session {
    connection: UnbufferedServerConnection,
    standing: Standing,
    /// What has come of a record that is not complete.
    incoming: Vec<u8>,
    /// Records that have been made, and how much of them the socket has.
    outgoing: Vec<u8>,
    sent: usize,
}

impl Session {
    pub(crate) fn new(config: Arc<ServerConfig>) -> Result<Self, Unsound> {
        Ok(Self {
            connection: UnbufferedServerConnection::new(config)?,
            standing: Standing::Greeting,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            sent: 0,
        })
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
            let rest = &mut records[taken..];
            let UnbufferedStatus { mut discard, state } = self.connection.process_tls_records(rest);
            let state = match state {
                Ok(state) => state,
                Err(error) => {
                    self.take_alert();
                    return Err(error.into());
                }
            };
            let mut is_over = false;
            match state {
                ConnectionState::ReadTraffic(mut traffic) => {
                    while let Some(record) = traffic.next_record() {
                        let record = record?;
                        discard += record.discard;
                        text.extend_from_slice(record.payload);
                    }
                }
                ConnectionState::EncodeTlsData(data) => encode(data, &mut self.outgoing)?,
                ConnectionState::TransmitTlsData(data) => data.done(),
                ConnectionState::PeerClosed => self.standing = Standing::Ending,
                ConnectionState::BlockedHandshake | ConnectionState::Closed => is_over = true,
                ConnectionState::WriteTraffic(_) => {
                    if self.standing == Standing::Greeting {
                        self.standing = Standing::Established;
                    }
                    is_over = true;
                }
                other => return Err(Unsound(format!("{other:?} is not spoken here"))),
            }
            taken += discard;
            if is_over {
                return Ok(taken);
            }
        }
    }

    /// What rustls says to a peer that breaks its rules, behind what it had to say before. It looks at no record again.
    fn take_alert(&mut self) {
        while self.connection.wants_write() {
            let UnbufferedStatus { state, .. } = self.connection.process_tls_records(&mut []);
            let Ok(ConnectionState::EncodeTlsData(data)) = state else { return };
            if encode(data, &mut self.outgoing).is_err() {
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
        let records = text.len().div_ceil(RECORD_TEXT_BYTES);
        self.append(scratch, text.len() + records * RECORD_EXTRA_BYTES, |traffic, place| {
            traffic.encrypt(text, place)
        })?;
        Ok(self.send(scratch, socket)?)
    }

    /// Says that nothing more comes: whoever reads knows that nothing was cut off.
    pub(crate) fn say_goodbye(&mut self, socket: impl Write) -> Result<(), Unsound> {
        if self.standing == Standing::Over {
            return Ok(());
        }
        let mut record = Vec::new();
        self.append(&mut record, RECORD_EXTRA_BYTES, |traffic, place| {
            traffic.queue_close_notify(place)
        })?;
        self.standing = Standing::Over;
        Ok(self.send(&record, socket)?)
    }

    fn append(
        &mut self,
        records: &mut Vec<u8>,
        most: usize,
        write: impl FnOnce(&mut Traffic<'_>, &mut [u8]) -> Result<usize, EncryptError>,
    ) -> Result<(), Unsound> {
        loop {
            // As for an alert. All that is whole in it has been taken.
            let UnbufferedStatus { state, .. } =
                self.connection.process_tls_records(&mut self.incoming);
            match state? {
                ConnectionState::WriteTraffic(mut traffic) => {
                    let before = records.len();
                    records.resize(before + most, 0);
                    let written = write(&mut traffic, &mut records[before..])?;
                    records.truncate(before + written);
                    return Ok(());
                }
                ConnectionState::EncodeTlsData(data) => encode(data, records)?,
                ConnectionState::TransmitTlsData(data) => data.done(),
                ConnectionState::PeerClosed => self.standing = Standing::Ending,
                other => return Err(Unsound(format!("nothing can be said: {other:?}"))),
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

type Traffic<'c> = rustls::unbuffered::WriteTraffic<'c, rustls::server::ServerConnectionData>;

fn encode(
    mut data: EncodeTlsData<'_, rustls::server::ServerConnectionData>,
    outgoing: &mut Vec<u8>,
) -> Result<(), Unsound> {
    let before = outgoing.len();
    let mut bytes = 0;
    loop {
        outgoing.resize(before + bytes, 0);
        match data.encode(&mut outgoing[before..]) {
            Ok(written) => {
                outgoing.truncate(before + written);
                return Ok(());
            }
            Err(EncodeError::InsufficientSize(InsufficientSizeError { required_size })) => {
                bytes = required_size;
            }
            Err(error) => return Err(error.into()),
        }
    }
}
