//! `Dialing` and `Heard`: how two ends that share a key come to keys that nobody else can have.

use zeroize::Zeroize;

use super::cipher::{KEY_BYTES, TAG_BYTES};
use super::record::Channel;
use super::transcript::Transcript;
use super::{Broken, Drawn, LinkKey};
use crate::time::Instant;

/// What each message carries besides, sealed: whatever both ends have to agree about.
pub const TERMS_BYTES: usize = 4;
/// Of each of both messages: a public key, the terms, and their tag.
pub const MESSAGE_BYTES: usize = KEY_BYTES + TERMS_BYTES + TAG_BYTES;

/// The end that has dialed, which waits for the answer; see the [module](super).
pub struct Dialing {
    transcript: Transcript,
    drawn: Drawn,
}

impl Dialing {
    /// Begins, and writes the first message with our `terms`. `prologue` is what was said in clear before: both ends have to
    /// have heard the same.
    ///
    /// # Errors
    /// None that can be: a message is long enough.
    pub fn begin(
        key: &LinkKey,
        prologue: &[u8],
        drawn: Drawn,
        terms: [u8; TERMS_BYTES],
    ) -> Result<(Self, [u8; MESSAGE_BYTES]), Broken> {
        let mut message = message_with(terms);
        let dialing = Self::begin_with(key, prologue, drawn, &mut message)?;
        Ok((dialing, message))
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

    /// Reads the answer, and the listener's terms in it.
    ///
    /// # Errors
    /// [`Broken`]: whoever has answered has another key, has heard something else, or is no end of a handshake at all.
    pub fn finish(
        self,
        now: Instant,
        mut message: [u8; MESSAGE_BYTES],
    ) -> Result<(Channel, [u8; TERMS_BYTES]), Broken> {
        let channel = self.finish_with(now, &mut message)?;
        Ok((channel, terms_of(&message)?))
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

/// A first message that has opened: who says it has the key, or repeats whoever had.
pub struct Heard {
    transcript: Transcript,
    public: [u8; KEY_BYTES],
    /// The dialer's.
    pub terms: [u8; TERMS_BYTES],
}

impl Heard {
    /// Reads the first message.
    ///
    /// # Errors
    /// [`Broken`]: whoever has dialed has another key, has said something else in clear, or is no end of a handshake at all.
    pub fn first(
        key: &LinkKey,
        prologue: &[u8],
        mut message: [u8; MESSAGE_BYTES],
    ) -> Result<Self, Broken> {
        let (transcript, public) = hear_first(key, prologue, &mut message)?;
        Ok(Self { transcript, public, terms: terms_of(&message)? })
    }

    /// The answer, with our `terms`. Whoever has dialed is proven by its first record, not by its message: that may be an
    /// old one.
    ///
    /// # Errors
    /// [`Broken`]: the dialer's public key is one whose secrets everybody knows.
    pub fn answer(
        self,
        drawn: Drawn,
        now: Instant,
        terms: [u8; TERMS_BYTES],
    ) -> Result<(Channel, [u8; MESSAGE_BYTES]), Broken> {
        let mut message = message_with(terms);
        let channel = answer_with(self.transcript, &self.public, drawn, now, &mut message)?;
        Ok((channel, message))
    }
}

impl core::fmt::Debug for Heard {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Heard(…)")
    }
}

fn message_with(terms: [u8; TERMS_BYTES]) -> [u8; MESSAGE_BYTES] {
    let mut message = [0; MESSAGE_BYTES];
    for (place, byte) in message.iter_mut().skip(KEY_BYTES).zip(terms) {
        *place = byte;
    }
    message
}

fn terms_of(message: &[u8; MESSAGE_BYTES]) -> Result<[u8; TERMS_BYTES], Broken> {
    message.get(KEY_BYTES..).and_then(<[u8]>::first_chunk).copied().ok_or(Broken)
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
