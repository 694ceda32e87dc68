//! What both ends of a sealed link between servers agree about: which key it is, what was said in clear, and how long
//! records may be.

use super::secret::{ClusterKey, ClusterKeys, mac};
use crate::protocol::dialer_to_listener::SecureHello;
use crate::protocol::{SealedStart, ServerKind, Versions};
use crate::secure::{
    Broken, Channel, Dialing, Drawn, Heard, LinkKey, MESSAGE_BYTES, Shared, TERMS_BYTES,
    message_with, terms_of,
};
use crate::time::Instant;

/// So that what is sealed with a key means nothing where something is proven with it, and so in the prologue.
const LABEL: [u8; 19] = *b"tinyrealm sealed v2";
const PROLOGUE_BYTES: usize = LABEL.len() + 6 * 2;
type Prologue = heapless::Vec<u8, { PROLOGUE_BYTES + MESSAGE_BYTES }>;

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

    /// Numbers of two bytes, little-endian, behind the label; and for a start with the former key the one with the newest,
    /// so that nobody on the way can take that one out and have the link fall back.
    fn prologue(&self, newest: Option<&SealedStart>) -> Prologue {
        let Self { versions, from, to, id, generation } = *self;
        let numbers = [versions.from, versions.to, from.0, to.0, id, generation];
        let mut prologue = Prologue::new();
        let numbers = numbers.map(u16::to_le_bytes);
        for bytes in [&LABEL[..], numbers.as_flattened(), newest.map_or(&[], |start| &start.0)] {
            // There is room for all three.
            let _ = prologue.extend_from_slice(bytes);
        }
        prologue
    }

    /// The first message, with each key, of which each has a pair of its own.
    pub(super) fn begin(
        self,
        keys: &ClusterKeys,
        record_bytes: u16,
        drawn: (&Drawn, Option<&Drawn>),
        Begun([newest, former]): &mut Begun,
    ) -> Result<SecureHello, Broken> {
        let terms = Terms { record_bytes, version: self.versions.to }.bytes();
        let begin = |place: &mut Option<Dialing>, key: &ClusterKey, drawn, before| {
            let mut start = message_with(terms);
            Dialing::begin_in(place, &key.link_key(), &self.prologue(before), drawn, &mut start)?;
            Ok(SealedStart(start))
        };
        let start = begin(newest, &keys.newest, drawn.0, None)?;
        let former_start = match (&keys.former, drawn.1) {
            (Some(key), Some(drawn)) => Some(begin(former, key, drawn, Some(&start))?),
            _ => None,
        };
        Ok(self.with(start, former_start))
    }

    /// Hears the first message with whichever of the keys it was made with, and answers it.
    pub(super) fn answer(
        self,
        keys: &ClusterKeys,
        hello: &SecureHello,
        (random, now): ([u8; 32], Instant),
        record_bytes: u16,
    ) -> Result<(Sealed, SealedStart), Broken> {
        let heard = self.hear(keys, hello).ok_or(Broken)?;
        let terms = Terms::from(heard.terms);
        let version = Versions::spoken_with(self.versions);
        let ours = Terms { record_bytes, version }.bytes();
        let (channel, start) = heard.answer(Drawn::new(random), now, ours)?;
        Ok((Sealed { channel, terms }, SealedStart(start)))
    }

    fn hear(self, keys: &ClusterKeys, hello: &SecureHello) -> Option<Heard> {
        let starts = [
            Some((hello.start, self.prologue(None))),
            hello.former_start.map(|former| (former, self.prologue(Some(&hello.start)))),
        ];
        let known = [Some(&keys.newest), keys.former.as_ref()].into_iter().flatten();
        known.map(ClusterKey::link_key).find_map(|key| {
            let mut starts = starts.iter().flatten();
            starts.find_map(|(start, prologue)| Heard::first(&key, prologue, start.0).ok())
        })
    }
}

/// A handshake that waits for its answer, with each key that the dialer has.
#[derive(Debug)]
pub(super) struct Begun([Option<Dialing>; 2]);

impl Begun {
    /// None has begun.
    pub(super) const NONE: Self = Self([const { None }; 2]);

    /// The answer has come, to one of them: what each shares with its sender.
    pub(super) fn share(&self, start: &SealedStart) -> [Option<Shared>; 2] {
        self.0.each_ref().map(|begun| begun.as_ref()?.share(&start.0).ok())
    }

    /// The rest of what follows from the answer, in which the listener's terms are then.
    pub(super) fn finish(
        &mut self,
        shared: &[Option<Shared>; 2],
        now: Instant,
        start: &mut SealedStart,
    ) -> Result<Channel, Broken> {
        let [newest, former] = &mut self.0;
        let mut finish = |begun: &mut Option<Dialing>, shared: &Option<Shared>| {
            let (begun, shared) = (begun.as_mut().ok_or(Broken)?, shared.as_ref().ok_or(Broken)?);
            begun.finish_in(shared, now, &mut start.0)
        };
        finish(newest, &shared[0]).or_else(|Broken| finish(former, &shared[1]))
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
    /// In an answer that has opened.
    pub(super) fn of(start: &SealedStart) -> Option<Self> {
        terms_of(&start.0).ok().map(Self::from)
    }

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
    LinkKey::new(mac(key, &[label]))
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

    fn key_of_world_7(first: u8) -> ClusterKey {
        ClusterSecret::new(&counting(first)).unwrap().key_of(ServerKind::WORLD, 7)
    }

    fn counting(first: u8) -> [u8; 32] {
        core::array::from_fn(|place| first + place as u8)
    }

    fn assert_in_page(said: &[Vec<u8>]) {
        let page = include_str!("../../../../PROTOCOL.md");
        for bytes in said.iter().map(|bytes| hex(bytes)) {
            assert!(page.contains(&bytes), "PROTOCOL.md does not have {bytes}");
        }
    }

    const CLEAR: Clear = Clear {
        versions: Versions::OURS,
        from: ServerKind::WORLD,
        to: ServerKind::MAIN,
        id: 7,
        generation: 0,
    };

    /// The session of PROTOCOL.md, which another implementation makes as well (`tests/interop/sealed.py`).
    #[test]
    fn a_whole_session_is_these_bytes() {
        let keys = ClusterKeys::of(key_of_world_7(0));
        let (mut begun, drawn) = (Begun::NONE, Drawn::new(counting(0x40)));
        let hello = CLEAR.begin(&keys, 4_096, (&drawn, None), &mut begun).unwrap();
        let heard = (counting(0x60), start());
        let (listener, answer) = Clear::of(&hello).answer(&keys, &hello, heard, 1_024).unwrap();
        let mut listener = listener.channel;
        let (shared, mut opened) = (begun.share(&answer), answer);
        let mut dialer = begun.finish(&shared, start(), &mut opened).unwrap();
        assert_eq!(Terms::of(&opened), Some(Terms { record_bytes: 1_024, version: 2 }));
        assert_in_page(&[
            framed(&hello),
            framed(&SecureAnswer { start: answer }),
            record_of(&mut dialer.sealer, &framed(&SecureReady {})),
            record_of(&mut listener.sealer, &framed(&Ping { nonce: 5 })),
            prefixed(&dialer.sealer.next_key(start()).unwrap()),
            record_of(&mut dialer.sealer, &framed(&Ping { nonce: 300 })),
        ]);
    }

    /// While keys are exchanged, from that page as well.
    #[test]
    fn a_first_message_with_two_keys_is_these_bytes() {
        let keys = ClusterKeys::of(key_of_world_7(0)).with_former(key_of_world_7(0x20));
        let drawn = [0x40, 0x80].map(|first| Drawn::new(counting(first)));
        let (drawn, mut begun) = ((&drawn[0], Some(&drawn[1])), Begun::NONE);
        let hello = CLEAR.begin(&keys, 4_096, drawn, &mut begun).unwrap();
        assert_in_page(&[framed(&hello)]);
    }
}
