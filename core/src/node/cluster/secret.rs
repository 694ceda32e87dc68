//! `ClusterSecret`, the keys that are derived from it, and the proofs that are made with those.
//!
//! ```
//! use tinyrealm_core::node::cluster::ClusterSecret;
//! use tinyrealm_core::protocol::ServerKind;
//! let secret = ClusterSecret::new(b"32 random bytes, or more of them").unwrap();
//! assert_eq!(format!("{secret:?}"), "ClusterSecret(…)");
//! assert!(ClusterSecret::new(b"too short").is_err());
//! let [seventh, eighth] = [7, 8].map(|id| secret.key_of(ServerKind::WORLD, id));
//! assert_ne!(seventh.bytes(), eighth.bytes());
//! ```

use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::protocol::{Nonce, Proof, ServerKind};
use crate::wire::Full;

/// The fewest bytes that a secret has.
pub const CLUSTER_SECRET_MIN_BYTES: usize = 32;
/// What every proof begins with, and what keys are extracted with, so that they mean nothing elsewhere.
const LABEL: &[u8] = b"tinyrealm cluster v2";

/// What a realm's Mains have, and nobody else has to. It prints as `…`.
#[derive(Clone)]
pub struct ClusterSecret {
    /// Extracted from the secret (HKDF, RFC 5869).
    extracted: [u8; 32],
}

/// A secret of fewer bytes than [`CLUSTER_SECRET_MIN_BYTES`].
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct TooShort {
    /// How many it has.
    pub bytes: usize,
}

impl ClusterSecret {
    /// A secret of random bytes.
    ///
    /// # Errors
    /// [`TooShort`].
    pub fn new(secret: &[u8]) -> Result<Self, TooShort> {
        if secret.len() < CLUSTER_SECRET_MIN_BYTES {
            return Err(TooShort { bytes: secret.len() });
        }
        Ok(Self { extracted: mac(LABEL, &[secret]) })
    }

    /// The first key of one server.
    pub fn key_of(&self, kind: ServerKind, id: u16) -> ClusterKey {
        self.key_of_generation(kind, id, 0)
    }

    /// The key of one server, by HKDF-SHA-256: of its own alone, and telling nothing of another one's. Each generation
    /// has another one.
    pub fn key_of_generation(&self, kind: ServerKind, id: u16, generation: u16) -> ClusterKey {
        let [kind, id, generation] = [kind.0, id, generation].map(u16::to_le_bytes);
        ClusterKey(mac(&self.extracted, &[&kind, &id, &generation, &[1]]))
    }
}

impl fmt::Debug for ClusterSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClusterSecret(…)")
    }
}

/// What a server that is not Main proves itself with, and has Main prove itself with: the key of its
/// links. It prints as `…`.
#[derive(Clone)]
pub struct ClusterKey([u8; 32]);

impl ClusterKey {
    /// Of these bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// From 64 hexadecimal digits, as it is written down; none from anything else.
    pub const fn from_hex(text: &str) -> Option<Self> {
        match bytes_from_hex(text) {
            Some(bytes) => Some(Self(bytes)),
            None => None,
        }
    }

    /// To be written down.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The proof of one side of a connection.
    pub fn proof(&self, side: Side, transcript: &Transcript) -> Proof {
        let Transcript { dialer, listener, id, dialer_nonce, listener_nonce } = transcript;
        let ([a, b], [c, d], [e, f]) =
            (dialer.0.to_le_bytes(), listener.0.to_le_bytes(), id.to_le_bytes());
        let about = [side as u8, a, b, c, d, e, f];
        Proof(mac(&self.0, &[LABEL, &about, &dialer_nonce.0, &listener_nonce.0]))
    }
}

impl fmt::Debug for ClusterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClusterKey(…)")
    }
}

/// A key as it is written down: 64 hexadecimal digits.
pub(crate) const fn bytes_from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let mut places: &mut [u8] = &mut bytes;
    let mut digits = text.as_bytes();
    while let [high, low, more @ ..] = digits {
        let (Some(high), Some(low)) = (nibble(*high), nibble(*low)) else { return None };
        let Some((place, others)) = places.split_first_mut() else { return None };
        *place = high << 4 | low;
        places = others;
        digits = more;
    }
    if places.is_empty() && digits.is_empty() { Some(bytes) } else { None }
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// How the links of a server stand.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Way {
    /// They are sealed: nobody reads along, and nothing can be changed.
    #[cfg(feature = "secure")]
    Sealed,
    /// Both ends prove themselves, and what they say is in clear: for boards that are built without `secure`. What is built with
    /// that, and without `clear-links`, seals its links all the same.
    Clear,
}

/// Whether links may be in clear at all.
pub(super) const MAY_BE_CLEAR: bool =
    cfg!(any(not(feature = "secure"), feature = "clear-links", test));

impl Way {
    pub(super) const fn is_clear(self) -> bool {
        MAY_BE_CLEAR && matches!(self, Self::Clear)
    }

    /// The best there is in this build.
    #[cfg(feature = "secure")]
    pub const BEST: Self = Self::Sealed;
    /// The best there is in this build.
    #[cfg(not(feature = "secure"))]
    pub const BEST: Self = Self::Clear;
}

/// The keys of a server that count, two while keys are exchanged, and how its links stand.
#[derive(Clone, Debug)]
pub struct ClusterKeys {
    pub(super) newest: ClusterKey,
    pub(super) former: Option<ClusterKey>,
    /// Of both keys.
    #[cfg(feature = "secure")]
    pub(super) generation: u16,
    pub(super) way: Way,
}

impl ClusterKeys {
    /// One key alone, of the first generation; its links are sealed where they can be.
    pub const fn of(key: ClusterKey) -> Self {
        Self {
            newest: key,
            former: None,
            #[cfg(feature = "secure")]
            generation: 0,
            way: Way::BEST,
        }
    }

    /// With the key that counted before, and still does.
    #[must_use]
    pub fn with_former(self, former: ClusterKey) -> Self {
        Self { former: Some(former), ..self }
    }

    /// They are of this generation.
    #[cfg(feature = "secure")]
    #[must_use]
    pub fn of_generation(self, generation: u16) -> Self {
        Self { generation, ..self }
    }

    /// Its links stand so.
    #[must_use]
    pub fn on(self, way: Way) -> Self {
        Self { way, ..self }
    }

    /// The proofs of one side with both: the newest key's, and the former one's if there is one.
    pub fn proofs(&self, side: Side, transcript: &Transcript) -> (Proof, Option<Proof>) {
        let former = self.former.as_ref().map(|key| key.proof(side, transcript));
        (self.newest.proof(side, transcript), former)
    }

    /// The key that the dialing server's `proof` or its former one was made with.
    pub(super) fn shown_by(
        &self,
        (proof, former_proof): (&Proof, Option<&Proof>),
        transcript: &Transcript,
    ) -> Option<&ClusterKey> {
        let mut keys = [Some(&self.newest), self.former.as_ref()].into_iter().flatten();
        keys.find(|key| {
            let expected = key.proof(Side::Dialer, transcript);
            // Proofs compare in constant time.
            expected == *proof || former_proof.is_some_and(|former| expected == *former)
        })
    }
}

/// What is otherwise with one server than with all others.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct ServerException {
    /// What it is.
    pub kind: ServerKind,
    /// Which one.
    pub id: u16,
    /// Keys of another generation open nothing: a stolen board's, say.
    pub generation: u16,
    /// How its links stand.
    pub way: Way,
}

/// How many servers may be exceptions.
pub const SERVER_EXCEPTIONS_MAX: usize = 64;

/// The realm's secrets that count, two while secrets are exchanged, and which servers are exceptions.
#[derive(Clone, Debug)]
pub struct ClusterSecrets {
    newest: ClusterSecret,
    former: Option<ClusterSecret>,
    way: Way,
    exceptions: heapless::Vec<ServerException, SERVER_EXCEPTIONS_MAX>,
}

impl ClusterSecrets {
    /// One secret alone.
    pub const fn of(secret: ClusterSecret) -> Self {
        Self { newest: secret, former: None, way: Way::BEST, exceptions: heapless::Vec::new() }
    }

    /// The links of all servers stand so, but those of exceptions.
    #[must_use]
    pub fn on(self, way: Way) -> Self {
        Self { way, ..self }
    }

    /// With the secret that counted before, and still does.
    #[must_use]
    pub fn with_former(self, former: ClusterSecret) -> Self {
        Self { former: Some(former), ..self }
    }

    /// Notes how it is with one server.
    ///
    /// # Errors
    /// There are [`SERVER_EXCEPTIONS_MAX`] of them.
    pub fn except(&mut self, exception: ServerException) -> Result<(), Full> {
        self.exceptions.push(exception).map_err(|_| Full)
    }

    /// The keys of one server.
    pub fn keys_of(&self, kind: ServerKind, id: u16) -> ClusterKeys {
        let noted = self.exceptions.iter().find(|noted| (noted.kind, noted.id) == (kind, id));
        let (generation, way) = noted.map_or((0, self.way), |noted| (noted.generation, noted.way));
        let key_from = |secret: &ClusterSecret| secret.key_of_generation(kind, id, generation);
        let newest = key_from(&self.newest);
        ClusterKeys {
            newest,
            former: self.former.as_ref().map(key_from),
            #[cfg(feature = "secure")]
            generation,
            way,
        }
    }
}

/// Whose proofs a [`Gate`](super::Gate) takes.
pub trait KeyChain {
    /// The keys of the links of the server with this id; none if no such one is to be linked.
    fn keys_for(&self, id: u16) -> Option<ClusterKeys>;
}

/// Of Main: any world's.
impl KeyChain for ClusterSecrets {
    fn keys_for(&self, id: u16) -> Option<ClusterKeys> {
        Some(self.keys_of(ServerKind::WORLD, id))
    }
}

/// Of a server that Main dials: its own.
impl KeyChain for ClusterKeys {
    fn keys_for(&self, id: u16) -> Option<ClusterKeys> {
        (id == ONLY_ID).then(|| self.clone())
    }
}

/// The id of a server of which a realm has one.
pub const ONLY_ID: u16 = 0;

/// Who proves.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Side {
    /// The server that has dialed.
    Dialer = 1,
    /// The server that was dialed.
    Listener = 2,
}

/// What the proofs of a connection are about.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Transcript {
    /// What the dialing server is.
    pub dialer: ServerKind,
    /// What the listening server is.
    pub listener: ServerKind,
    /// Which one the end that is not Main is.
    pub id: u16,
    /// Chosen by the dialing server.
    pub dialer_nonce: Nonce,
    /// Chosen by the listening server.
    pub listener_nonce: Nonce,
}

/// HMAC-SHA-256 of all `parts`, one behind the other; a key that is shorter than a block is one with zeros behind it (RFC 2104).
pub(crate) fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut block = [0; BLOCK_BYTES];
    for (place, byte) in block.iter_mut().zip(key) {
        *place = *byte;
    }
    let mut mac = Hmac::<Sha256>::new(&block.into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// What SHA-256 hashes at once.
const BLOCK_BYTES: usize = 64;
