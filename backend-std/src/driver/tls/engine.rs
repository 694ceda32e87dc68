//! `Engine`: rustls's unbuffered interface, the same for both ends of a connection.
//!
//! It works in our buffers, so an idle connection keeps its keys and nothing else.

use rustls::client::UnbufferedClientConnection;
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncodeTlsData, InsufficientSizeError, UnbufferedStatus,
    WriteTraffic,
};

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

/// What there is to do behind a step.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// The next one.
    GoOn,
    /// The same; the peer has said goodbye.
    PeerClosed,
    /// Nothing before more has come.
    Blocked,
    /// The same; text can be said.
    Established,
}

/// What is to become a record.
#[derive(Copy, Clone, Debug)]
pub(super) enum Seal<'t> {
    /// Text, in as few as there can be.
    Text(&'t [u8]),
    /// That nothing more comes.
    Goodbye,
}

/// Whether it has.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Sealed {
    /// It has.
    Done,
    /// Something else had to be said first: once more.
    GoOn,
    /// The same; the peer has said goodbye.
    PeerClosed,
}

/// One end of a connection.
pub(super) trait Engine: Send {
    /// Takes some of `records`, and answers how many bytes of them; appends the text that is in them, and what is to be
    /// said of itself.
    fn step(
        &mut self,
        records: &mut [u8],
        text: &mut Vec<u8>,
        outgoing: &mut Vec<u8>,
    ) -> (usize, Result<Step, Unsound>);

    /// Appends records; `incoming` is what was not taken.
    fn seal(
        &mut self,
        incoming: &mut [u8],
        what: Seal<'_>,
        records: &mut Vec<u8>,
    ) -> Result<Sealed, Unsound>;

    /// Whether it has something to say of itself.
    fn wants_write(&self) -> bool;
}

/// The two ends have no trait of rustls's in common.
macro_rules! engine {
    ($Connection:ty) => {
        impl Engine for $Connection {
            fn step(
                &mut self,
                records: &mut [u8],
                text: &mut Vec<u8>,
                outgoing: &mut Vec<u8>,
            ) -> (usize, Result<Step, Unsound>) {
                take(self.process_tls_records(records), text, outgoing)
            }

            fn seal(
                &mut self,
                incoming: &mut [u8],
                what: Seal<'_>,
                records: &mut Vec<u8>,
            ) -> Result<Sealed, Unsound> {
                put(self.process_tls_records(incoming), what, records)
            }

            fn wants_write(&self) -> bool {
                (**self).wants_write()
            }
        }
    };
}

engine!(UnbufferedServerConnection);
engine!(UnbufferedClientConnection);

fn take<Data>(
    UnbufferedStatus { mut discard, state }: UnbufferedStatus<'_, '_, Data>,
    text: &mut Vec<u8>,
    outgoing: &mut Vec<u8>,
) -> (usize, Result<Step, Unsound>) {
    let step = match state {
        Err(error) => Err(error.into()),
        Ok(ConnectionState::ReadTraffic(mut traffic)) => {
            let mut step = Ok(Step::GoOn);
            while let Some(record) = traffic.next_record() {
                match record {
                    Ok(record) => {
                        discard += record.discard;
                        text.extend_from_slice(record.payload);
                    }
                    Err(error) => step = Err(error.into()),
                }
            }
            step
        }
        Ok(ConnectionState::EncodeTlsData(data)) => encode(data, outgoing).map(|()| Step::GoOn),
        Ok(ConnectionState::TransmitTlsData(data)) => {
            data.done();
            Ok(Step::GoOn)
        }
        Ok(ConnectionState::PeerClosed) => Ok(Step::PeerClosed),
        Ok(ConnectionState::BlockedHandshake | ConnectionState::Closed) => Ok(Step::Blocked),
        Ok(ConnectionState::WriteTraffic(_)) => Ok(Step::Established),
        Ok(_) => Err(Unsound("what was not offered is not spoken here".to_owned())),
    };
    (discard, step)
}

fn put<Data>(
    UnbufferedStatus { state, .. }: UnbufferedStatus<'_, '_, Data>,
    what: Seal<'_>,
    records: &mut Vec<u8>,
) -> Result<Sealed, Unsound> {
    match state? {
        ConnectionState::WriteTraffic(traffic) => {
            write(traffic, what, records).map(|()| Sealed::Done)
        }
        ConnectionState::EncodeTlsData(data) => encode(data, records).map(|()| Sealed::GoOn),
        ConnectionState::TransmitTlsData(data) => {
            data.done();
            Ok(Sealed::GoOn)
        }
        ConnectionState::PeerClosed => Ok(Sealed::PeerClosed),
        _ => Err(Unsound("nothing can be said".to_owned())),
    }
}

fn write<Data>(
    mut traffic: WriteTraffic<'_, Data>,
    what: Seal<'_>,
    records: &mut Vec<u8>,
) -> Result<(), Unsound> {
    let text_bytes = match what {
        Seal::Text(text) => text.len(),
        Seal::Goodbye => 0,
    };
    let count = text_bytes.div_ceil(RECORD_TEXT_BYTES).max(1);
    let before = records.len();
    // A key may be changed before it.
    records.resize(before + text_bytes + (count + 1) * RECORD_EXTRA_BYTES, 0);
    let place = &mut records[before..];
    let written = match what {
        Seal::Text(text) => traffic.encrypt(text, place),
        Seal::Goodbye => traffic.queue_close_notify(place),
    }?;
    records.truncate(before + written);
    Ok(())
}

fn encode<Data>(mut data: EncodeTlsData<'_, Data>, outgoing: &mut Vec<u8>) -> Result<(), Unsound> {
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
