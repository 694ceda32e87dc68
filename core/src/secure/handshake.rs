//! `Dialing` and [`answer`]: how two ends that share a key come to keys that nobody else can have.

use zeroize::Zeroize;

use super::cipher::{KEY_BYTES, TAG_BYTES};
use super::record::Channel;
use super::transcript::Transcript;
use super::{Broken, Drawn, LinkKey};
use crate::time::Instant;

/// Of each of both messages: a public key, and the tag of an empty text.
pub const MESSAGE_BYTES: usize = KEY_BYTES + TAG_BYTES;

/// The end that has dialed, which waits for the answer; see the [module](super).
pub struct Dialing {
    transcript: Transcript,
    drawn: Drawn,
}

impl Dialing {
    /// Begins, and writes the first message. `prologue` is what was said in clear before: both ends have to have heard
    /// the same.
    ///
    /// # Errors
    /// None that can be: a message is long enough.
    pub fn begin(
        key: &LinkKey,
        prologue: &[u8],
        drawn: Drawn,
        message: &mut [u8; MESSAGE_BYTES],
    ) -> Result<Self, Broken> {
        Self::begin_with(key, prologue, drawn, message)
    }

    pub(super) fn begin_with(
        key: &LinkKey,
        prologue: &[u8],
        drawn: Drawn,
        message: &mut [u8],
    ) -> Result<Self, Broken> {
        let mut transcript = Transcript::begin(key, prologue);
        write(&mut transcript, &drawn, None, message)?;
        Ok(Self { transcript, drawn })
    }

    /// Reads the answer.
    ///
    /// # Errors
    /// [`Broken`]: whoever has answered has another key, has heard something else, or is no end of a handshake at all.
    pub fn finish(
        self,
        now: Instant,
        message: &mut [u8; MESSAGE_BYTES],
    ) -> Result<Channel, Broken> {
        self.finish_with(now, message)
    }

    pub(super) fn finish_with(
        mut self,
        now: Instant,
        message: &mut [u8],
    ) -> Result<Channel, Broken> {
        let (public, sealed) = message.split_first_chunk_mut().ok_or(Broken)?;
        self.transcript.mix_public(public);
        self.drawn.agree(&mut self.transcript, public)?;
        self.transcript.open(sealed)?;
        let [ours, theirs] = self.transcript.split();
        Ok(Channel::new(ours, theirs, now))
    }
}

impl core::fmt::Debug for Dialing {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Dialing(…)")
    }
}

/// Reads the first message, and writes the answer in its place. Whoever has dialed is proven by its first record, not by
/// this message: that may be an old one.
///
/// # Errors
/// [`Broken`]: whoever has dialed has another key, has heard something else, or is no end of a handshake at all.
pub fn answer(
    key: &LinkKey,
    prologue: &[u8],
    drawn: Drawn,
    now: Instant,
    message: &mut [u8; MESSAGE_BYTES],
) -> Result<Channel, Broken> {
    let (transcript, public) = hear_first(key, prologue, message)?;
    answer_with(transcript, &public, drawn, now, message)
}

pub(super) fn hear_first(
    key: &LinkKey,
    prologue: &[u8],
    message: &mut [u8],
) -> Result<(Transcript, [u8; KEY_BYTES]), Broken> {
    let mut transcript = Transcript::begin(key, prologue);
    let (public, sealed) = message.split_first_chunk_mut().ok_or(Broken)?;
    transcript.mix_public(public);
    transcript.open(sealed)?;
    Ok((transcript, *public))
}

pub(super) fn answer_with(
    mut transcript: Transcript,
    public: &[u8; KEY_BYTES],
    drawn: Drawn,
    now: Instant,
    message: &mut [u8],
) -> Result<Channel, Broken> {
    write(&mut transcript, &drawn, Some(public), message)?;
    let [theirs, ours] = transcript.split();
    Ok(Channel::new(ours, theirs, now))
}

/// Our public key, what we share with the peer's if that is known, and the text that is in the message.
fn write(
    transcript: &mut Transcript,
    drawn: &Drawn,
    peer: Option<&[u8; KEY_BYTES]>,
    message: &mut [u8],
) -> Result<(), Broken> {
    let (place, text) = message.split_first_chunk_mut().ok_or(Broken)?;
    *place = drawn.public();
    transcript.mix_public(place);
    if let Some(peer) = peer {
        drawn.agree(transcript, peer)?;
    }
    transcript.seal(text)
}

impl Drawn {
    fn public(&self) -> [u8; KEY_BYTES] {
        x25519_dalek::x25519(self.0, x25519_dalek::X25519_BASEPOINT_BYTES)
    }

    /// Mixes what only both ends know. A peer's key of low order would make it known to everybody.
    fn agree(&self, transcript: &mut Transcript, peer: &[u8; KEY_BYTES]) -> Result<(), Broken> {
        let mut shared = x25519_dalek::x25519(self.0, *peer);
        let all = shared.iter().fold(0, |all, byte| all | byte);
        if all == 0 {
            return Err(Broken);
        }
        transcript.mix_key(&shared);
        shared.zeroize();
        Ok(())
    }
}
