//! `Dialing` and `Heard`: how two ends that share a key come to keys that nobody else can have.

use super::agreement::{Drawn, Secret, Shared};
use super::cipher::{KEY_BYTES, TAG_BYTES};
use super::record::Channel;
use super::transcript::Transcript;
use super::{Broken, LinkKey};
use crate::time::Instant;

/// What each message carries besides, sealed: whatever both ends have to agree about.
pub const TERMS_BYTES: usize = 4;
/// Of each of both messages: a public key, the terms, and their tag.
pub const MESSAGE_BYTES: usize = KEY_BYTES + TERMS_BYTES + TAG_BYTES;

/// The end that has dialed, which waits for the answer; see the [module](super).
pub struct Dialing {
    transcript: Transcript,
    secret: Secret,
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
        let (mut begun, mut message) = (None, message_with(terms));
        Self::begin_in(&mut begun, key, prologue, &drawn, &mut message)?;
        Ok((begun.ok_or(Broken)?, message))
    }

    /// [`Dialing::begin`] where it will stay, with the terms in `message` already.
    pub(crate) fn begin_in(
        place: &mut Option<Self>,
        key: &LinkKey,
        prologue: &[u8],
        drawn: &Drawn,
        message: &mut [u8],
    ) -> Result<(), Broken> {
        let transcript = Transcript::begin(key, prologue);
        let begun = place.insert(Self { transcript, secret: drawn.secret.clone() });
        write(&mut begun.transcript, &drawn.public, None, message)
    }

    /// Reads the answer, and the listener's terms in it.
    ///
    /// # Errors
    /// [`Broken`]: whoever has answered has another key, has heard something else, or is no end of a handshake at all.
    pub fn finish(
        mut self,
        now: Instant,
        mut message: [u8; MESSAGE_BYTES],
    ) -> Result<(Channel, [u8; TERMS_BYTES]), Broken> {
        let shared = self.share(&message)?;
        let channel = self.finish_in(&shared, now, &mut message)?;
        Ok((channel, terms_of(&message)?))
    }

    /// What we share with whoever has sent this answer. It is a step of its own for whoever has little stack: it wants
    /// more of it than all the rest.
    pub(crate) fn share(&self, message: &[u8]) -> Result<Shared, Broken> {
        self.secret.share(message.first_chunk().ok_or(Broken)?)
    }

    /// The rest of [`Dialing::finish`], once; the terms are in `message` then. One that does not open stays as it is.
    #[inline(never)]
    pub(crate) fn finish_in(
        &mut self,
        shared: &Shared,
        now: Instant,
        message: &mut [u8],
    ) -> Result<Channel, Broken> {
        let (public, sealed) = message.split_first_chunk_mut().ok_or(Broken)?;
        self.transcript.mix_public(public);
        let cipher = self.transcript.mix_key(&shared.0);
        self.transcript.open(cipher, sealed)?;
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

/// A message with our terms, not sealed yet.
pub(crate) fn message_with(terms: [u8; TERMS_BYTES]) -> [u8; MESSAGE_BYTES] {
    let mut message = [0; MESSAGE_BYTES];
    for (place, byte) in message.iter_mut().skip(KEY_BYTES).zip(terms) {
        *place = byte;
    }
    message
}

/// What the other end's terms are, in a message that has opened.
pub(crate) fn terms_of(message: &[u8; MESSAGE_BYTES]) -> Result<[u8; TERMS_BYTES], Broken> {
    message.get(KEY_BYTES..).and_then(<[u8]>::first_chunk).copied().ok_or(Broken)
}

pub(super) fn hear_first(
    key: &LinkKey,
    prologue: &[u8],
    message: &mut [u8],
) -> Result<(Transcript, [u8; KEY_BYTES]), Broken> {
    let mut transcript = Transcript::begin(key, prologue);
    let (public, sealed) = message.split_first_chunk_mut().ok_or(Broken)?;
    let cipher = transcript.mix_public(public);
    transcript.open(cipher, sealed)?;
    Ok((transcript, *public))
}

pub(super) fn answer_with(
    mut transcript: Transcript,
    public: &[u8; KEY_BYTES],
    drawn: Drawn,
    now: Instant,
    message: &mut [u8],
) -> Result<Channel, Broken> {
    let shared = drawn.secret.share(public)?;
    write(&mut transcript, &drawn.public, Some(shared), message)?;
    let [theirs, ours] = transcript.split();
    Ok(Channel::new(ours, theirs, now))
}

/// Our public key, what we share with the peer's if that is known, and the text that is in the message.
fn write(
    transcript: &mut Transcript,
    public: &[u8; KEY_BYTES],
    shared: Option<Shared>,
    message: &mut [u8],
) -> Result<(), Broken> {
    let (place, text) = message.split_first_chunk_mut().ok_or(Broken)?;
    *place = *public;
    let mut cipher = transcript.mix_public(public);
    if let Some(shared) = shared {
        cipher = transcript.mix_key(&shared.0);
    }
    transcript.seal(cipher, text)
}
