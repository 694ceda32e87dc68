//! Random peers: what a node has to survive, whatever its role.

use std::vec::Vec;

use proptest::prelude::*;
use proptest::sample::Index;

use super::{Bench, address_of};
use crate::node::Role;
use crate::session::SessionKey;

/// What a peer might say: numbers that the role's tests turn into a frame. Only they know what makes
/// sense, which it mostly has to: otherwise everyone is closed at once and nothing happens.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Word {
    pub(crate) what: u8,
    pub(crate) whom: u8,
    pub(crate) amount: u16,
}

/// What happens to the bytes of a peer that does not keep to the protocol.
#[derive(Copy, Clone, Debug)]
pub(crate) enum Damage {
    Changed(u8),
    Inserted(u8),
    CutOff,
}

/// One thing that happens to a node. Peers are chosen among those that are there.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Accept {
        address: u16,
    },
    /// The oldest connection that the node has asked for stands, or does not.
    Dialed {
        succeeds: bool,
    },
    Say {
        peer: Index,
        words: Vec<Word>,
        damage: Option<(Index, Damage)>,
    },
    HangUp {
        peer: Index,
    },
    Pass {
        ms: u32,
    },
    /// The peer's transport is full after so many more bytes.
    Limit {
        peer: Index,
        room: usize,
    },
    Unblock {
        peer: Index,
        room: usize,
    },
    /// The driver has something for a session that it has let go of.
    Late {
        peer: Index,
        bytes: Vec<u8>,
    },
}

fn any_room() -> impl Strategy<Value = usize> {
    prop_oneof![Just(0), 1usize..40, 40usize..1_000, Just(usize::MAX)]
}

fn any_words() -> impl Strategy<Value = Vec<Word>> {
    let word = any::<(u8, u8, u16)>();
    let word = word.prop_map(|(what, whom, amount)| Word { what, whom, amount });
    prop::collection::vec(word, 1..4)
}

fn any_damage() -> impl Strategy<Value = Option<(Index, Damage)>> {
    let damage = prop_oneof![
        any::<u8>().prop_map(Damage::Changed),
        any::<u8>().prop_map(Damage::Inserted),
        Just(Damage::CutOff),
    ];
    prop::option::weighted(0.02, (any::<Index>(), damage))
}

fn any_step() -> impl Strategy<Value = Step> {
    let peer = any::<Index>;
    prop_oneof![
        8 => (0u16..8).prop_map(|address| Step::Accept { address }),
        4 => prop::bool::weighted(0.8).prop_map(|succeeds| Step::Dialed { succeeds }),
        60 => (peer(), any_words(), any_damage())
            .prop_map(|(peer, words, damage)| Step::Say { peer, words, damage }),
        2 => peer().prop_map(|peer| Step::HangUp { peer }),
        20 => (0u32..60).prop_map(|ms| Step::Pass { ms }),
        1 => (0u32..6_000).prop_map(|ms| Step::Pass { ms }),
        4 => (peer(), any_room()).prop_map(|(peer, room)| Step::Limit { peer, room }),
        6 => (peer(), any_room()).prop_map(|(peer, room)| Step::Unblock { peer, room }),
        1 => (peer(), any::<[u8; 5]>())
            .prop_map(|(peer, bytes)| Step::Late { peer, bytes: bytes.to_vec() }),
    ]
}

pub(crate) fn any_steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(any_step(), 1..250)
}

fn damaged(mut bytes: Vec<u8>, damage: Option<(Index, Damage)>) -> Vec<u8> {
    if let Some((place, damage)) = damage {
        let place = place.index(bytes.len());
        match damage {
            Damage::Changed(value) => bytes[place] = value,
            Damage::Inserted(value) => bytes.insert(place, value),
            Damage::CutOff => bytes.truncate(place),
        }
    }
    bytes
}

impl<'a, R: Role<'a>> Bench<'a, R> {
    /// Takes one step, and checks what holds for every node after every step. `speak` turns a word
    /// of a peer into a frame.
    pub(crate) fn take(&mut self, step: &Step, speak: impl Fn(&Self, SessionKey, Word) -> Vec<u8>) {
        match step {
            Step::Accept { address } => drop(self.accept_from(address_of(*address))),
            Step::Dialed { succeeds } => self.finish_dial(*succeeds),
            Step::Say { peer, words, damage } => {
                let Some(key) = self.choose(peer, false) else { return };
                let frames = words.iter().flat_map(|word| speak(self, key, *word));
                let bytes = damaged(frames.collect(), *damage);
                self.say_bytes(key, &bytes);
            }
            Step::HangUp { peer } => self.with_peer(peer, Self::disconnect),
            Step::Pass { ms } => self.pass_ms(*ms),
            Step::Limit { peer, room } => {
                self.with_peer(peer, |bench, key| bench.limit(key, *room));
            }
            Step::Unblock { peer, room } => {
                self.with_peer(peer, |bench, key| bench.unblock(key, *room));
            }
            Step::Late { peer, bytes } => {
                let Some(key) = self.choose(peer, true) else { return };
                self.call_late(key, bytes);
            }
        }
        self.check();
    }

    fn choose(&self, choice: &Index, is_gone: bool) -> Option<SessionKey> {
        let keys = self.peers.iter().filter(|peer| peer.is_gone == is_gone).map(|peer| peer.key);
        let keys: Vec<SessionKey> = keys.collect();
        (!keys.is_empty()).then(|| keys[choice.index(keys.len())])
    }

    fn with_peer(&mut self, choice: &Index, act: impl FnOnce(&mut Self, SessionKey)) {
        if let Some(key) = self.choose(choice, false) {
            act(self, key);
        }
    }

    fn finish_dial(&mut self, succeeds: bool) {
        match self.dials.first().copied() {
            Some(key) if succeeds => self.connected(key),
            Some(key) => self.connect_failed(key),
            None => {}
        }
    }

    fn call_late(&mut self, key: SessionKey, bytes: &[u8]) {
        self.turn(|node, turn| {
            node.handle_received(turn, key, bytes);
            node.handle_connected(turn, key);
            node.handle_disconnected(turn, key);
            node.handle_writable(key);
        });
        self.drive();
    }

    /// Peers that the driver holds a transport for.
    pub(crate) fn live_peers(&self) -> Vec<SessionKey> {
        self.peers.iter().filter(|peer| !peer.is_gone).map(|peer| peer.key).collect()
    }

    fn check(&self) {
        let transports = self.live_peers().len() + self.dials.len();
        assert_eq!(self.node.sessions().len(), transports, "sessions are what the driver holds");
        let held = usize::from(self.node.receive_buffers_in_use());
        assert!(held <= self.live_peers().len(), "a receive buffer has leaked");
        let is_anyone_blocked = self.peers.iter().any(|peer| !peer.is_gone && peer.is_blocked);
        let sending = self.node.sessions().buffers_in_use();
        assert!(sending == 0 || is_anyone_blocked, "a send buffer has leaked");
        assert!(self.node.poll_timeout().is_none_or(|at| at > self.now), "{:?}", self.now);
    }
}
