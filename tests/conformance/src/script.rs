//! What peers do to a node, as data, and what they hear of it.
//!
//! Contract: a script's answer does not depend on timing. Whoever says something that others hear is
//! the only one to speak until they have heard it.

use tinyrealm_core::node::cluster::Way;
use tinyrealm_core::protocol::client_to_world::Join;
use tinyrealm_core::protocol::{Message, decode, encode_frame};
use tinyrealm_core::wire::ws::Side;

use crate::cluster::{self, Claim};
use crate::hosts::{Addresses, Host, Place};
use crate::sealing::{self, ClientKey, Seal};
use crate::web;

const PREFIX_BYTES: usize = 2;

/// One thing that a peer does, or waits for. Peers are numbered as they come.
pub enum Act {
    /// The next peer connects to the node.
    Connect,
    /// The next peer is who the node connects to, there.
    Accept(Place),
    /// The peer, who has said nothing yet, becomes a WebSocket: by its request if it has connected, by
    /// its response if the node has.
    Open(usize),
    /// The peer, who has said nothing yet, proves that it is this server; links stand as the script is run.
    Prove(usize, Claim),
    /// The link to the peer, who has said nothing yet, is sealed with this key: by its first message if it has connected, by its
    /// answer if the node has. Whoever is refused goes on in clear.
    Seal(usize, ClientKey),
    /// The peer says this.
    Say(usize, Vec<u8>),
    /// The peer says this, one byte at a time.
    Trickle(usize, Vec<u8>),
    /// The peer says what comes of what all peers have heard: frames, in its way.
    Answer(usize, fn(&Heard) -> Vec<u8>),
    /// Until the peer has heard so many more frames.
    Await(usize, usize),
    /// Until the peer has come to the end of what it hears. It closes then.
    AwaitEnd(usize),
    /// The peer closes its side.
    Shut(usize),
}

/// A script with its name.
pub struct Script {
    /// For whoever reads of a failure.
    pub name: &'static str,
    /// What happens. Then the node is shut down, and everyone hears the end.
    pub acts: Vec<Act>,
}

/// What everybody has heard.
#[derive(PartialEq, Eq, Debug)]
pub struct Heard {
    /// By peer, all bytes; of a sealed link those in clear, and then the frames.
    pub streams: Vec<Vec<u8>>,
    /// By peer, how many frames of those were about who it is.
    pub proofs: Vec<usize>,
    /// Where peers are, for the node.
    pub addresses: Addresses,
}

impl Heard {
    /// What peers have heard behind the frames about who they are.
    pub fn behind_proofs(&self) -> Vec<&[u8]> {
        let peers = self.streams.iter().zip(&self.proofs);
        let behind = peers.map(|(stream, proof)| {
            let bodies = frames(stream).into_iter().take(*proof);
            &stream[bodies.map(|body| PREFIX_BYTES + body.len()).sum()..]
        });
        behind.collect()
    }

    /// The frames that a peer has heard, without their lengths.
    pub fn frames(&self, peer: usize) -> Vec<&[u8]> {
        frames(&self.streams[peer])
    }
}

/// The whole frames of a stream, without their lengths.
pub fn frames(mut stream: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while let [low, high, rest @ ..] = stream {
        let body_bytes = usize::from(u16::from_le_bytes([*low, *high]));
        let Some((body, rest)) = rest.split_at_checked(body_bytes) else { break };
        found.push(body);
        stream = rest;
    }
    found
}

/// The same with this peer as a WebSocket.
pub fn by_web_socket(peer: usize, acts: Vec<Act>) -> Vec<Act> {
    let (mut peers, mut side) = (0, Side::Client);
    let acts = acts.into_iter().flat_map(|act| {
        let comes = matches!(act, Act::Connect | Act::Accept(_));
        let opens = comes && peers == peer;
        if opens && matches!(act, Act::Accept(_)) {
            side = Side::Server;
        }
        peers += usize::from(comes);
        let act = match act {
            Act::Say(who, bytes) if who == peer => Act::Say(who, web::messages_of(side, &bytes)),
            Act::Trickle(who, bytes) if who == peer => {
                Act::Trickle(who, web::messages_of(side, &bytes))
            }
            other => other,
        };
        [Some(act), opens.then_some(Act::Open(peer))].into_iter().flatten()
    });
    acts.collect()
}

/// The same with players who come with a ticket of Main's, and seal their links with its key in place of saying it: those whose
/// links are streams.
pub fn sealed_with_tickets(acts: Vec<Act>) -> Vec<Act> {
    let (mut peers, mut silent) = (0, Vec::new());
    let acts = acts.into_iter().flat_map(|act| {
        match &act {
            Act::Connect => silent.push(peers),
            Act::Say(peer, said) if silent.contains(peer) => {
                if let Some((key, joins)) = join_without_key(said) {
                    silent.retain(|other| other != peer);
                    return vec![Act::Seal(*peer, key), Act::Say(*peer, joins)];
                }
            }
            _ => {}
        }
        peers += usize::from(matches!(act, Act::Connect | Act::Accept(_)));
        if let Act::Say(peer, _) | Act::Trickle(peer, _) | Act::Open(peer) = &act {
            silent.retain(|other| other != peer);
        }
        vec![act]
    });
    acts.collect()
}

/// If this is a `Join` with the key of a ticket, that key, and one without.
fn join_without_key(said: &[u8]) -> Option<(ClientKey, Vec<u8>)> {
    let [body] = frames(said)[..] else { return None };
    let payload = body.strip_prefix(&Join::OPCODE.0.to_le_bytes()[..])?;
    let join: Join = decode(payload)?;
    let key = ClientKey::of_ticket(join.handshake_key.as_ref()?);
    Some((key, frame(&Join { handshake_key: None, ..join })))
}

/// A message as a frame.
pub fn frame<M: Message>(message: &M) -> Vec<u8> {
    let mut out = [0; 600];
    let used = encode_frame(message, &mut out).expect("a message fits");
    out[..used].to_vec()
}

/// A body as a frame, right or wrong.
pub fn raw_frame(body: &[u8]) -> Vec<u8> {
    let body_bytes = body.len() as u16;
    [&body_bytes.to_le_bytes(), body].concat()
}

/// Runs a script on a host whose links with servers stand so, and answers what everybody has heard at the end.
///
/// # Panics
/// If something that the script waits for does not come.
pub fn run(script: &Script, host: &mut impl Host, way: Way) -> Heard {
    let mut voices = Vec::new();
    for (number, act) in script.acts.iter().enumerate() {
        let place = || format!("{}, act {number}", script.name);
        perform(act, host, way, &mut voices, &place);
    }
    host.shut_down();
    for peer in 0..voices.len() {
        await_end(host, peer, &|| format!("{}, at the end", script.name));
    }
    assert!(host.join(), "{}: the node does not close down", script.name);
    heard(host, &mut voices)
}

/// How a peer hears and speaks.
pub(crate) struct Voice {
    /// Its side of the connection.
    side: Side,
    /// Bytes of the head that made it a WebSocket, if it is one.
    head_bytes: Option<usize>,
    /// What is around what it hears and says, if its link is sealed.
    seal: Option<Seal>,
    /// Frames that were about who it is.
    proof: usize,
    /// Frames that have been waited for.
    awaited: usize,
}

impl Voice {
    const fn new(side: Side) -> Self {
        Self { side, head_bytes: None, seal: None, proof: 0, awaited: 0 }
    }

    /// Everything behind this is sealed.
    pub(crate) fn seal(&mut self, seal: Seal) {
        self.seal = Some(seal);
    }

    /// What it has heard, of all that it has received.
    fn stream<'h>(&'h mut self, received: &'h [u8]) -> &'h [u8] {
        self.seal.as_mut().map_or(received, |seal| seal.open(received))
    }

    /// The frames of that.
    pub(crate) fn frames<'h>(&'h mut self, received: &'h [u8]) -> Vec<&'h [u8]> {
        frames(self.stream(received))
    }

    fn has_heard(&mut self, received: &[u8]) -> usize {
        match self.head_bytes {
            Some(bytes) => web::count(self.side, &received[bytes..]),
            None => self.frames(received).len(),
        }
    }

    /// Frames, in its way.
    fn says_frames(&mut self, stream: Vec<u8>) -> Vec<u8> {
        match self.head_bytes {
            Some(_) => web::messages_of(self.side, &stream),
            None => self.says(stream),
        }
    }

    /// Bytes that are in its way already, but for its seal.
    pub(crate) fn says(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        self.seal.as_mut().map_or(bytes.clone(), |seal| seal.seal(&bytes))
    }

    /// Waits until it has heard so many more frames.
    pub(crate) fn await_more(
        &mut self,
        host: &mut impl Host,
        peer: usize,
        count: usize,
        place: &dyn Fn() -> String,
    ) {
        self.awaited += count;
        while self.has_heard(host.received(peer)) < self.awaited {
            let has_more = host.await_more(peer);
            assert!(has_more, "{}: {:x?}", place(), self.stream(host.received(peer)));
        }
    }
}

fn heard(host: &impl Host, voices: &mut [Voice]) -> Heard {
    let proofs = voices.iter().map(|voice| voice.proof).collect();
    let voices = voices.iter_mut().enumerate();
    let streams = voices.map(|(peer, voice)| voice.stream(host.received(peer)).to_vec());
    Heard { streams: streams.collect(), proofs, addresses: host.addresses() }
}

fn perform(
    act: &Act,
    host: &mut impl Host,
    way: Way,
    voices: &mut Vec<Voice>,
    place: &dyn Fn() -> String,
) {
    match act {
        Act::Connect => {
            host.connect();
            voices.push(Voice::new(Side::Client));
        }
        Act::Accept(at) => {
            assert!(host.accept(*at), "{}: the node does not connect", place());
            voices.push(Voice::new(Side::Server));
        }
        Act::Open(peer) => {
            let head_bytes = open(host, *peer, voices[*peer].side, place);
            voices[*peer].head_bytes = Some(head_bytes);
        }
        Act::Prove(peer, claim) => {
            let voice = (*peer, &mut voices[*peer]);
            let proof = match way {
                Way::Clear => cluster::prove(*claim, host, voice, place),
                Way::Sealed => sealing::prove(*claim, host, voice, place),
            };
            voices[*peer].proof = proof;
        }
        Act::Seal(peer, key) => {
            let voice = &mut voices[*peer];
            voice.proof = match voice.side {
                Side::Client => sealing::seal_client(key, host, (*peer, voice), place),
                Side::Server => sealing::take_client(key, host, (*peer, voice), place),
            };
        }
        Act::Say(peer, bytes) => host.send(*peer, &voices[*peer].says(bytes.clone())),
        Act::Trickle(peer, bytes) => {
            for byte in voices[*peer].says(bytes.clone()) {
                host.send(*peer, &[byte]);
            }
        }
        Act::Answer(peer, answer) => {
            let bytes = answer(&heard(host, voices));
            host.send(*peer, &voices[*peer].says_frames(bytes));
        }
        Act::Await(peer, count) => voices[*peer].await_more(host, *peer, *count, place),
        Act::AwaitEnd(peer) => await_end(host, *peer, place),
        Act::Shut(peer) => host.shut(*peer),
    }
}

/// Has the peer say its request or its response, and answers how long the other one is.
fn open(host: &mut impl Host, peer: usize, side: Side, place: &dyn Fn() -> String) -> usize {
    if side == Side::Client {
        host.send(peer, web::request("").as_bytes());
    }
    let head_bytes = loop {
        if let Some(bytes) = web::head_bytes(host.received(peer)) {
            break bytes;
        }
        assert!(host.await_more(peer), "{}: peer {peer} hears no head", place());
    };
    if side == Side::Server {
        let response = web::response(&host.received(peer)[..head_bytes]);
        host.send(peer, &response);
    }
    head_bytes
}

fn await_end(host: &mut impl Host, peer: usize, place: &dyn Fn() -> String) {
    while !host.has_ended(peer) {
        let has_more = host.await_more(peer);
        assert!(has_more, "{}: peer {peer} waits for its end", place());
    }
    host.shut(peer);
}
