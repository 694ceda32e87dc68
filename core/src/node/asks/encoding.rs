//! How questions and answers are written.

use crate::protocol::client_to_world::AnswerGame;
use crate::protocol::world_to_client::GameAnswers;
use crate::protocol::{Bytes, EVENT_MAX_BYTES, ErrorCode, Message, SendError};
use crate::wire::BinaryWriter;
use crate::wire::opcode::Band;

/// Encodes a message of `band`, and hands it over.
pub(crate) fn with_encoded<M: Message, T>(
    band: Band,
    message: &M,
    send: impl FnOnce(u8, Bytes<'_, EVENT_MAX_BYTES>) -> Result<T, SendError>,
) -> Result<T, SendError> {
    let mut room = [0; EVENT_MAX_BYTES];
    let mut writer = BinaryWriter::new(&mut room);
    message.encode_payload(&mut writer).map_err(|_| SendError::TooLong)?;
    let used = writer.written();
    let data = room.get(..used).and_then(Bytes::new).ok_or(SendError::TooLong)?;
    send((M::OPCODE.0 - band.first) as u8, data)
}

impl GameAnswers<'static> {
    /// No answer.
    pub(crate) fn none(number: u32, reason: ErrorCode, code: u16) -> Self {
        Self { number, reason, code, kind: 0, data: Bytes::EMPTY }
    }
}

impl AnswerGame<'static> {
    /// No answer.
    pub(crate) fn none(number: u32, reason: ErrorCode, code: u16) -> Self {
        Self { number, reason, code, kind: 0, data: Bytes::EMPTY }
    }
}
