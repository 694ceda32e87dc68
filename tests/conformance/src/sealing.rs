//! A peer's end of a sealed link: its handshake, and records both ways.
//!
//! Purpose: scripts are about frames, and say the same whether a link is sealed or not. What such a peer has heard is what
//! came in clear, and then what was in the records.
//!
//! Contract: as PROTOCOL.md has it, worked out anew beside the core. A record that does not open is a panic.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tinyrealm_core::node::device_key::DeviceKey;
use tinyrealm_core::protocol::client_to_listener::SecureClient;
use tinyrealm_core::protocol::dialer_to_listener::{SecureHello, SecureReady};
use tinyrealm_core::protocol::listener_to_client::SecureClientAnswer;
use tinyrealm_core::protocol::listener_to_dialer::SecureAnswer;
use tinyrealm_core::protocol::{HandshakeKey, KeyId, SealedStart, ServerKind, Versions, decode};
use tinyrealm_core::secure::{
    Channel, Dialing, Drawn, Heard, LinkKey, RECORD_EXTRA_BYTES, TERMS_BYTES,
};

use crate::clock;
use crate::cluster::{Claim, WORLD_ID, key};
use crate::hosts::Host;
use crate::script::{Voice, frame};

const LABEL: &[u8] = b"tinyrealm sealed v2";
const CLIENT_LABEL: &[u8] = b"tinyrealm client v2";
/// How long records may be that come to a peer: shorter than some frames.
const RECORD_BYTES: u16 = 300;
const VERSION: u16 = 2;

/// A channel, and what has come through it.
pub(crate) struct Seal {
    channel: Channel,
    /// How long the records may be that the node takes.
    most_bytes: usize,
    /// What came in clear, and the frames of the records behind it.
    opened: Vec<u8>,
    /// How much of what has come that is.
    taken: usize,
}

impl Seal {
    fn new(channel: Channel, terms: [u8; TERMS_BYTES], clear: &[u8]) -> Self {
        let [low, high, ..] = terms;
        let most_bytes = u16::from_le_bytes([low, high]).into();
        Self { channel, most_bytes, opened: clear.to_vec(), taken: clear.len() }
    }

    /// Frames as records, none longer than the node takes.
    pub(crate) fn seal(&mut self, frames: &[u8]) -> Vec<u8> {
        let records = frames.chunks(self.most_bytes).flat_map(|part| {
            let mut record = [&[0], part, &[0; RECORD_EXTRA_BYTES - 1]].concat();
            self.channel.sealer.seal(&mut record).expect("a key that is not worn");
            [&(record.len() as u16).to_le_bytes()[..], &record].concat()
        });
        records.collect()
    }

    /// Opens what is whole of what has come, and answers all that was heard so far.
    pub(crate) fn open(&mut self, received: &[u8]) -> &[u8] {
        while let Some((length, rest)) = received[self.taken..].split_first_chunk()
            && let Some(record) = rest.get(..u16::from_le_bytes(*length).into())
        {
            let mut record = record.to_vec();
            let frames = self.channel.opener.open(&mut record).expect("the node's next record");
            self.opened.extend_from_slice(frames);
            self.taken += length.len() + record.len();
        }
        &self.opened
    }
}

/// What is mixed into the handshake: what was said in clear.
fn prologue(hello: &SecureHello) -> Vec<u8> {
    let SecureHello { versions, from, to, id, generation, .. } = *hello;
    let numbers = [versions.from, versions.to, from.0, to.0, id, generation];
    [LABEL, &numbers.map(u16::to_le_bytes).concat()].concat()
}

fn link_key(key: &[u8; 32], label: &[u8]) -> LinkKey {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
    mac.update(label);
    LinkKey::new(mac.finalize().into_bytes().into())
}

fn terms() -> [u8; TERMS_BYTES] {
    let ([a, b], [c, d]) = (RECORD_BYTES.to_le_bytes(), VERSION.to_le_bytes());
    [a, b, c, d]
}

/// A peer proves what it claims, and its link is sealed from then on. Answers how many frames it has heard meanwhile that are
/// not for what the link is for.
pub(crate) fn prove(
    claim: Claim,
    host: &mut impl Host,
    (peer, voice): (usize, &mut Voice),
    place: &dyn Fn() -> String,
) -> usize {
    match claim {
        Claim::World(id) => {
            let (dialing, hello) = begin(id);
            host.send(peer, &frame(&hello));
            voice.await_more(host, peer, 1, place);
            let received = host.received(peer);
            let answer: SecureAnswer =
                decode(&voice.frames(received)[0][4..]).expect("a SecureAnswer");
            let finished = dialing.finish(clock::now(), answer.start.0);
            let (channel, terms) = finished.expect("the node has this world's key");
            voice.seal(Seal::new(channel, terms, received));
            host.send(peer, &voice.says(frame(&SecureReady {})));
            1
        }
        Claim::Main => {
            voice.await_more(host, peer, 1, place);
            let received = host.received(peer);
            let hello: SecureHello =
                decode(&voice.frames(received)[0][4..]).expect("a SecureHello");
            let (seal, answer) = answer(&hello, received);
            host.send(peer, &frame(&answer));
            voice.seal(seal);
            voice.await_more(host, peer, 1, place);
            2
        }
    }
}

fn begin(id: u16) -> (Dialing, SecureHello) {
    let hello = SecureHello {
        versions: Versions::OURS,
        from: ServerKind::WORLD,
        to: ServerKind::MAIN,
        id,
        generation: 0,
        start: SealedStart([0; 52]),
        former_start: None,
    };
    let begun = Dialing::begin(
        &link_key(key(id).bytes(), LABEL),
        &prologue(&hello),
        Drawn::new([3; 32]),
        terms(),
    );
    let (dialing, start) = begun.expect("a message is long enough");
    (dialing, SecureHello { start: SealedStart(start), ..hello })
}

fn answer(hello: &SecureHello, received: &[u8]) -> (Seal, SecureAnswer) {
    let heard =
        Heard::first(&link_key(key(WORLD_ID).bytes(), LABEL), &prologue(hello), hello.start.0);
    let heard = heard.expect("the world has its key");
    let theirs = heard.terms;
    let answered = heard.answer(Drawn::new([4; 32]), clock::now(), terms());
    let (channel, start) = answered.expect("a key that was drawn");
    (Seal::new(channel, theirs, received), SecureAnswer { start: SealedStart(start) })
}

/// What a client's link is sealed with.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct ClientKey {
    to: ServerKind,
    id: KeyId,
    key: [u8; 32],
}

impl ClientKey {
    /// A ticket's, which is called by the first bytes of its key here.
    pub fn of_ticket(key: &HandshakeKey) -> Self {
        let id = KeyId(*key.0.first_chunk().expect("32 bytes"));
        Self { to: ServerKind::WORLD, id, key: key.0 }
    }

    /// A device's, for its link to Main.
    pub fn of_device(key: &DeviceKey) -> Self {
        Self { to: ServerKind::MAIN, id: key.key_id(), key: key.seal_key().0 }
    }

    /// What the key's ticket is called by.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    fn link_key(&self) -> LinkKey {
        link_key(&self.key, CLIENT_LABEL)
    }

    fn prologue(&self) -> Vec<u8> {
        let Versions { from, to } = Versions::OURS;
        let numbers = [from, to, self.to.0].map(u16::to_le_bytes).concat();
        [CLIENT_LABEL, &numbers, &self.id.0].concat()
    }
}

/// A peer that has connected seals its link with the key. Answers how many frames it has heard for that: none if it was refused,
/// and speaks on in clear.
pub(crate) fn seal_client(
    key: &ClientKey,
    host: &mut impl Host,
    (peer, voice): (usize, &mut Voice),
    place: &dyn Fn() -> String,
) -> usize {
    let drawn = Drawn::new([5; 32]);
    let begun = Dialing::begin(&key.link_key(), &key.prologue(), drawn, terms());
    let (dialing, start) = begun.expect("a message is long enough");
    let (versions, start) = (Versions::OURS, SealedStart(start));
    let hello = SecureClient { versions, to: key.to, key_id: key.id, start };
    host.send(peer, &frame(&hello));
    voice.await_more(host, peer, 1, place);
    let received = host.received(peer);
    let heard = voice.frames(received)[0];
    let Some(answer) = heard.strip_prefix(&SecureClientAnswer::OPCODE.0.to_le_bytes()[..]) else {
        return 0;
    };
    let answer: SecureClientAnswer = decode(answer).expect("a SecureClientAnswer");
    let finished = dialing.finish(clock::now(), answer.start.0);
    let (channel, terms) = finished.expect("the node has this key");
    voice.seal(Seal::new(channel, terms, received));
    1
}

/// A peer to whom the node has connected answers its first message, which is made with the key. Answers how many frames it has
/// heard for that.
pub(crate) fn take_client(
    key: &ClientKey,
    host: &mut impl Host,
    (peer, voice): (usize, &mut Voice),
    place: &dyn Fn() -> String,
) -> usize {
    voice.await_more(host, peer, 1, place);
    let received = host.received(peer);
    let hello: SecureClient = decode(&voice.frames(received)[0][4..]).expect("a SecureClient");
    assert_eq!((hello.to, hello.key_id), (key.to, key.id));
    let heard = Heard::first(&key.link_key(), &key.prologue(), hello.start.0);
    let heard = heard.expect("the client has this key");
    let theirs = heard.terms;
    let answered = heard.answer(Drawn::new([6; 32]), clock::now(), terms());
    let (channel, start) = answered.expect("a key that was drawn");
    let seal = Seal::new(channel, theirs, received);
    host.send(peer, &frame(&SecureClientAnswer { start: SealedStart(start) }));
    voice.seal(seal);
    1
}
