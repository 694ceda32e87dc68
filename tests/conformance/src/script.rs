//! What peers do to a node, as data, and what they hear of it.
//!
//! Contract: a script's answer does not depend on timing. Whoever says something that others hear is
//! the only one to speak until they have heard it.

use tinyrealm_core::protocol::{Message, encode_frame};

use crate::hosts::{Addresses, Host, Place};

/// One thing that a peer does, or waits for. Peers are numbered as they come.
pub enum Act {
    /// The next peer connects to the node.
    Connect,
    /// The next peer is who the node connects to, there.
    Accept(Place),
    /// The peer says this.
    Say(usize, Vec<u8>),
    /// The peer says this, one byte at a time.
    Trickle(usize, Vec<u8>),
    /// The peer says what comes of what all peers have heard.
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
    let mut awaited = Vec::new();
    for (number, act) in script.acts.iter().enumerate() {
        let place = || format!("{}, act {number}", script.name);
        perform(act, host, &mut awaited, &place);
    }
    host.shut_down();
    for peer in 0..awaited.len() {
        await_end(host, peer, &|| format!("{}, at the end", script.name));
    }
    assert!(host.join(), "{}: the node does not close down", script.name);
    heard(host, awaited.len())
}

fn heard(host: &impl Host, peers: usize) -> Heard {
    let streams = (0..peers).map(|peer| host.received(peer).to_vec()).collect();
    Heard { streams, addresses: host.addresses() }
}

fn perform(act: &Act, host: &mut impl Host, awaited: &mut Vec<usize>, place: &dyn Fn() -> String) {
    match act {
        Act::Connect => {
            host.connect();
            awaited.push(0);
        }
        Act::Accept(at) => {
            assert!(host.accept(*at), "{}: the node does not connect", place());
            awaited.push(0);
        }
        Act::Say(peer, bytes) => host.send(*peer, bytes),
        Act::Trickle(peer, bytes) => {
            for byte in bytes {
                host.send(*peer, &[*byte]);
            }
        }
        Act::Answer(peer, answer) => {
            let bytes = answer(&heard(host, awaited.len()));
            host.send(*peer, &bytes);
        }
        Act::Await(peer, count) => {
            awaited[*peer] += count;
            while frames(host.received(*peer)).len() < awaited[*peer] {
                let has_more = host.await_more(*peer);
                assert!(has_more, "{}: {:x?}", place(), host.received(*peer));
            }
        }
        Act::AwaitEnd(peer) => await_end(host, *peer, place),
        Act::Shut(peer) => host.shut(*peer),
    }
}

fn await_end(host: &mut impl Host, peer: usize, place: &dyn Fn() -> String) {
    while !host.has_ended(peer) {
        let has_more = host.await_more(peer);
        assert!(has_more, "{}: peer {peer} waits for its end", place());
    }
    host.shut(peer);
}
