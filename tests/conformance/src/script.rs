//! What peers do to a node, as data, and what they hear of it.
//!
//! Contract: a script's answer does not depend on timing. Whoever says something that others hear is
//! the only one to speak until they have heard it.

use tinyrealm_core::protocol::{Message, encode_frame};
use tinyrealm_core::wire::ws::Side;

use crate::hosts::{Addresses, Host, Place};
use crate::web;

/// One thing that a peer does, or waits for. Peers are numbered as they come.
pub enum Act {
    /// The next peer connects to the node.
    Connect,
    /// The next peer is who the node connects to, there.
    Accept(Place),
    /// The peer, who has said nothing yet, becomes a WebSocket: by its request if it has connected, by
    /// its response if the node has.
    Open(usize),
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
    /// By peer, all bytes.
    pub streams: Vec<Vec<u8>>,
    /// Where peers are, for the node.
    pub addresses: Addresses,
}

impl Heard {
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

/// Runs a script on a host, and answers what everybody has heard at the end.
///
/// # Panics
/// If something that the script waits for does not come.
pub fn run(script: &Script, host: &mut impl Host) -> Heard {
    let mut voices = Vec::new();
    for (number, act) in script.acts.iter().enumerate() {
        let place = || format!("{}, act {number}", script.name);
        perform(act, host, &mut voices, &place);
    }
    host.shut_down();
    for peer in 0..voices.len() {
        await_end(host, peer, &|| format!("{}, at the end", script.name));
    }
    assert!(host.join(), "{}: the node does not close down", script.name);
    heard(host, voices.len())
}

/// How a peer hears and speaks.
struct Voice {
    /// Its side of the connection.
    side: Side,
    /// Bytes of the head that made it a WebSocket, if it is one.
    head_bytes: Option<usize>,
    /// Frames that have been waited for.
    awaited: usize,
}

impl Voice {
    const fn new(side: Side) -> Self {
        Self { side, head_bytes: None, awaited: 0 }
    }

    fn has_heard(&self, received: &[u8]) -> usize {
        match self.head_bytes {
            Some(bytes) => web::count(self.side, &received[bytes..]),
            None => frames(received).len(),
        }
    }

    fn says(&self, stream: Vec<u8>) -> Vec<u8> {
        match self.head_bytes {
            Some(_) => web::messages_of(self.side, &stream),
            None => stream,
        }
    }
}

fn heard(host: &impl Host, peers: usize) -> Heard {
    let streams = (0..peers).map(|peer| host.received(peer).to_vec()).collect();
    Heard { streams, addresses: host.addresses() }
}

fn perform(act: &Act, host: &mut impl Host, voices: &mut Vec<Voice>, place: &dyn Fn() -> String) {
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
        Act::Say(peer, bytes) => host.send(*peer, bytes),
        Act::Trickle(peer, bytes) => {
            for byte in bytes {
                host.send(*peer, &[*byte]);
            }
        }
        Act::Answer(peer, answer) => {
            let bytes = answer(&heard(host, voices.len()));
            host.send(*peer, &voices[*peer].says(bytes));
        }
        Act::Await(peer, count) => {
            voices[*peer].awaited += count;
            while voices[*peer].has_heard(host.received(*peer)) < voices[*peer].awaited {
                let has_more = host.await_more(*peer);
                assert!(has_more, "{}: {:x?}", place(), host.received(*peer));
            }
        }
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
