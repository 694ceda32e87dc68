//! Frames as tests compare and print them.

use core::fmt;
use std::vec;
use std::vec::Vec;

use serde::Deserialize;

use crate::protocol::{Message, SCHEMAS, decode, encode_frame};
use crate::session::PeerAddress;
use crate::wire::{Framed, NetFrameV1, Opcode, PacketFramer};

/// A frame that was sent.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) opcode: Opcode,
    pub(crate) payload: Vec<u8>,
}

impl Said {
    /// `message` as a frame.
    pub(crate) fn of<M: Message>(message: &M) -> Self {
        let frame = NetFrameV1::parse(&frame_of(message)[2..])
            .map(|frame| Self { opcode: frame.opcode, payload: frame.payload.to_vec() });
        frame.expect("a frame of our own")
    }

    /// The message in it, if it is an `M`.
    pub(crate) fn read<'p, M: Message + Deserialize<'p>>(&'p self) -> Option<M> {
        (self.opcode == M::OPCODE).then(|| decode(&self.payload)).flatten()
    }

    /// [`Said::read`], for as long as the test runs.
    pub(crate) fn keep<M: Message + Deserialize<'static>>(&self) -> Option<M> {
        let kept: &'static Self = std::boxed::Box::leak(std::boxed::Box::new(self.clone()));
        kept.read()
    }

    pub(crate) fn is<M: Message>(&self) -> bool {
        self.opcode == M::OPCODE
    }
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let messages = SCHEMAS.iter().flat_map(|link| link.messages);
        let message = messages.clone().find(|message| message.opcode == self.opcode);
        let name = message.map_or("an unknown opcode", |message| message.name);
        write!(f, "{name} {:02x?}", self.payload)
    }
}

/// `message` as stream bytes.
pub(crate) fn frame_of<M: Message>(message: &M) -> Vec<u8> {
    let mut bytes = vec![0; 1_024];
    let used = encode_frame(message, &mut bytes).expect("messages are short");
    bytes.truncate(used);
    bytes
}

/// Frames as stream bytes.
pub(crate) fn stream_of(said: &[Said]) -> Vec<u8> {
    let frames = said.iter().flat_map(|said| {
        let body_bytes = 4 + said.payload.len() as u16;
        let opcode = said.opcode.0.to_le_bytes();
        [&body_bytes.to_le_bytes()[..], &opcode, &said.payload].concat()
    });
    frames.collect()
}

/// The whole frames in `stream`, and how many bytes of a cut one are behind them.
pub(crate) fn said_in(stream: &[u8]) -> (Vec<Said>, usize) {
    let framer = PacketFramer::new(u16::MAX);
    let (mut said, mut input) = (Vec::new(), stream);
    loop {
        match framer.next_frame(input) {
            Framed::Frame { frame, rest } => {
                said.push(Said { opcode: frame.opcode, payload: frame.payload.to_vec() });
                input = rest;
            }
            Framed::Partial { .. } => return (said, input.len()),
            Framed::Invalid(error) => panic!("the stream is broken behind {said:?}: {error:?}"),
        }
    }
}

/// The address of peer `number`.
pub(crate) fn address_of(number: u16) -> PeerAddress {
    let [high, low] = number.to_be_bytes();
    PeerAddress([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 0, high, low])
}
