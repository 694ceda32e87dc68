//! What both ends of a sealed link between servers agree about: which key it is, what was said in clear, and how long
//! records may be.

use hmac::Mac;

use super::secret::{ClusterKey, ClusterKeys, mac_with};
use crate::protocol::dialer_to_listener::SecureHello;
use crate::protocol::{SealedStart, ServerKind, Versions};
use crate::secure::{Broken, Channel, Dialing, Drawn, Heard, LinkKey, TERMS_BYTES};
use crate::time::Instant;

/// So that what is sealed with a key means nothing where something is proven with it, and so in the prologue.
const LABEL: [u8; 19] = *b"tinyrealm sealed v2";
const PROLOGUE_BYTES: usize = LABEL.len() + 6 * 2;

/// What is said in clear, without the message that it comes with.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) struct Clear {
    pub(super) versions: Versions,
    pub(super) from: ServerKind,
    pub(super) to: ServerKind,
    pub(super) id: u16,
    pub(super) generation: u16,
}

impl Clear {
    pub(super) const fn of(hello: &SecureHello) -> Self {
        let SecureHello { versions, from, to, id, generation, .. } = *hello;
        Self { versions, from, to, id, generation }
    }

    const fn with(self, start: SealedStart, former_start: Option<SealedStart>) -> SecureHello {
        let Self { versions, from, to, id, generation } = self;
        SecureHello { versions, from, to, id, generation, start, former_start }
    }

    /// Numbers of two bytes, little-endian, behind the label.
    fn prologue(&self) -> [u8; PROLOGUE_BYTES] {
        let Self { versions, from, to, id, generation } = *self;
        let numbers = [versions.from, versions.to, from.0, to.0, id, generation];
        let bytes = LABEL.into_iter().chain(numbers.into_iter().flat_map(u16::to_le_bytes));
        let mut prologue = [0; PROLOGUE_BYTES];
        prologue.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
        prologue
    }

    /// The first message, with each key; what is drawn is for one handshake each.
    pub(super) fn begin(
        self,
        keys: &ClusterKeys,
        record_bytes: u16,
        mut draw: impl FnMut() -> [u8; 32],
    ) -> Result<(Begun, SecureHello), Broken> {
        let terms = Terms { record_bytes, version: self.versions.to }.bytes();
        let prologue = self.prologue();
        let mut begin = |key: &ClusterKey| {
            Dialing::begin(&key.link_key(), &prologue, Drawn::new(draw()), terms)
        };
        let (newest, start) = begin(&keys.newest)?;
        let Some(former) = &keys.former else {
            return Ok((Begun([Some(newest), None]), self.with(SealedStart(start), None)));
        };
        let (former, former_start) = begin(former)?;
        let hello = self.with(SealedStart(start), Some(SealedStart(former_start)));
        Ok((Begun([Some(newest), Some(former)]), hello))
    }

    /// Hears the first message with whichever of the keys it was made with, and answers it.
    pub(super) fn answer(
        self,
        keys: &ClusterKeys,
        hello: &SecureHello,
        (drawn, now): ([u8; 32], Instant),
        record_bytes: u16,
    ) -> Result<(Sealed, SealedStart), Broken> {
        let heard = self.hear(keys, hello).ok_or(Broken)?;
        let terms = Terms::from(heard.terms);
        let version = Versions::spoken_with(self.versions);
        let ours = Terms { record_bytes, version }.bytes();
        let (channel, start) = heard.answer(Drawn::new(drawn), now, ours)?;
        Ok((Sealed { channel, terms }, SealedStart(start)))
    }

    fn hear(self, keys: &ClusterKeys, hello: &SecureHello) -> Option<Heard> {
        let prologue = self.prologue();
        let known = [Some(&keys.newest), keys.former.as_ref()].into_iter().flatten();
        known
            .flat_map(|key| {
                let said = [Some(hello.start), hello.former_start].into_iter().flatten();
                said.map(move |start| (key, start))
            })
            .find_map(|(key, start)| Heard::first(&key.link_key(), &prologue, start.0).ok())
    }
}

/// A handshake that waits for its answer, with each key that the dialer has.
#[derive(Debug)]
pub(super) struct Begun([Option<Dialing>; 2]);

impl Begun {
    /// None has begun.
    pub(super) const NONE: Self = Self([const { None }; 2]);

    pub(super) const fn is_none(&self) -> bool {
        self.0[0].is_none()
    }

    /// The answer has come, to one of them.
    pub(super) fn finish(self, now: Instant, start: SealedStart) -> Result<Sealed, Broken> {
        let finished = self.0.into_iter().flatten().find_map(|dialing| {
            let (channel, terms) = dialing.finish(now, start.0).ok()?;
            Some(Sealed { channel, terms: Terms::from(terms) })
        });
        finished.ok_or(Broken)
    }
}

/// A link that is sealed, and what its other end has said of itself.
#[derive(Debug)]
pub(super) struct Sealed {
    pub(super) channel: Channel,
    pub(super) terms: Terms,
}

/// What each end says of itself, sealed.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(in crate::node) struct Terms {
    /// How many bytes of frames a record to it may have.
    pub(in crate::node) record_bytes: u16,
    /// The newest version that a dialer speaks; the one that the link speaks.
    pub(in crate::node) version: u16,
}

impl Terms {
    pub(in crate::node) const fn bytes(self) -> [u8; TERMS_BYTES] {
        let ([a, b], [c, d]) = (self.record_bytes.to_le_bytes(), self.version.to_le_bytes());
        [a, b, c, d]
    }
}

impl From<[u8; TERMS_BYTES]> for Terms {
    fn from([a, b, c, d]: [u8; TERMS_BYTES]) -> Self {
        let [record_bytes, version] = [[a, b], [c, d]].map(u16::from_le_bytes);
        Self { record_bytes, version }
    }
}

impl ClusterKey {
    /// What links are sealed with.
    fn link_key(&self) -> LinkKey {
        link_key(self.bytes(), &LABEL)
    }
}

/// Of a key that both ends have, what links of this label are sealed with.
pub(in crate::node) fn link_key(key: &[u8; 32], label: &[u8]) -> LinkKey {
    let mut mac = mac_with(key);
    mac.update(label);
    LinkKey::new(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::node::cluster::ClusterSecret;
    use crate::node::testing::sealed::{hex, prefixed, record_of};
    use crate::protocol::Message;
    use crate::protocol::dialer_to_listener::SecureReady;
    use crate::protocol::either_way::Ping;
    use crate::protocol::listener_to_dialer::SecureAnswer;
    use crate::time::testing::start;

    /// As a stream has it.
    fn framed(message: &impl Message) -> Vec<u8> {
        crate::node::testing::frame_of(message)
    }

    /// The session of PROTOCOL.md, which another implementation makes as well (`tests/interop/sealed.py`).
    #[test]
    fn a_whole_session_is_these_bytes() {
        let secret: [u8; 32] = core::array::from_fn(|place| place as u8);
        let key = ClusterSecret::new(&secret).unwrap().key_of(ServerKind::WORLD, 7);
        let keys = ClusterKeys::of(key);
        let drawn = |first: u8| core::array::from_fn(|place| first + place as u8);
        let clear = Clear {
            versions: Versions::OURS,
            from: ServerKind::WORLD,
            to: ServerKind::MAIN,
            id: 7,
            generation: 0,
        };
        let (begun, hello) = clear.begin(&keys, 4_096, || drawn(0x40)).unwrap();
        let heard = (drawn(0x60), start());
        let (listener, answer) = Clear::of(&hello).answer(&keys, &hello, heard, 1_024).unwrap();
        let mut listener = listener.channel;
        let dialer = begun.finish(start(), answer).unwrap();
        assert_eq!(dialer.terms, Terms { record_bytes: 1_024, version: 2 });
        let mut dialer = dialer.channel;
        let session = [
            hex(&framed(&hello)),
            hex(&framed(&SecureAnswer { start: answer })),
            hex(&record_of(&mut dialer.sealer, &framed(&SecureReady {}))),
            hex(&record_of(&mut listener.sealer, &framed(&Ping { nonce: 5 }))),
            hex(&prefixed(&dialer.sealer.next_key(start()).unwrap())),
            hex(&record_of(&mut dialer.sealer, &framed(&Ping { nonce: 300 }))),
        ];
        let page = include_str!("../../../../PROTOCOL.md");
        for bytes in session {
            assert!(page.contains(&bytes), "PROTOCOL.md does not have {bytes}");
        }
    }
}
