//! The proof: what every server has to show, and what nobody gets by without it.

use crate::protocol::Versions;
use std::format;
use std::vec::Vec;

use super::*;
use crate::node::testing::{BENCH_CONFIG, Bench, BenchMemory, Said, Sizes, frame_of, said_in};
use crate::node::{Caller, Context, Role};
use crate::protocol::dialer_to_listener::{ClusterHello, ClusterProof};
use crate::protocol::either_way::{Error, Ping, Pong};
use crate::protocol::listener_to_dialer::ClusterChallenge;
use crate::protocol::world_to_main::UserJoined;
use crate::protocol::{Dispatched, ErrorCode, Nonce, Proof, ServerKind, Uid};
use crate::session::manager::Ended;
use crate::session::{LinkTag, SessionKey};
use crate::wire::opcode::DIALER;
use crate::wire::{Frame, Opcode};

/// What the servers of all benches share.
pub(crate) fn test_secret() -> ClusterSecret {
    ClusterSecret::new(&[9; 32]).expect("32 bytes")
}

const PEERS_NONCE: Nonce = Nonce([3; 16]);

/// What a dialing peer answers to the challenge that `stream` ends with, if it has got one.
pub(crate) fn proof_for(stream: &[u8], dialer: ServerKind, listener: ServerKind) -> Option<Said> {
    let challenge = last_of(stream, ClusterChallenge::OPCODE)?;
    let challenge: ClusterChallenge = challenge.read()?;
    let transcript =
        Transcript { dialer, listener, dialer_nonce: PEERS_NONCE, listener_nonce: challenge.nonce };
    let proof = test_secret().proof(Side::Dialer, &transcript);
    Some(Said::of(&ClusterProof { nonce: PEERS_NONCE, proof }))
}

/// What a dialing peer begins with.
pub(crate) fn hello_of(kind: ServerKind) -> ClusterHello {
    ClusterHello { versions: Versions::OURS, kind, nonce: PEERS_NONCE }
}

/// What a dialed peer answers to the hello that `stream` ends with, if it has got one.
pub(crate) fn challenge_for(stream: &[u8], listener: ServerKind) -> Option<ClusterChallenge> {
    let hello: ClusterHello = last_of(stream, ClusterHello::OPCODE)?.read()?;
    let transcript = Transcript {
        dialer: hello.kind,
        listener,
        dialer_nonce: hello.nonce,
        listener_nonce: PEERS_NONCE,
    };
    let proof = test_secret().proof(Side::Listener, &transcript);
    Some(ClusterChallenge { version: 2, nonce: PEERS_NONCE, proof })
}

fn last_of(stream: &[u8], opcode: Opcode) -> Option<Said> {
    let (said, _) = said_in(stream);
    said.into_iter().rev().find(|said| said.opcode == opcode)
}

impl<'a, R: Role<'a>> Bench<'a, R> {
    /// The peer, which has just connected, proves that it is a server of the realm.
    pub(crate) fn prove_as(&mut self, key: SessionKey, dialer: ServerKind, listener: ServerKind) {
        self.say(key, &hello_of(dialer));
        let proof = proof_for(self.stream(key), dialer, listener).expect("a challenge");
        self.heard(key);
        self.say(key, &proof.read::<ClusterProof>().expect("a proof"));
    }

    /// The peer, which the node has just dialed, proves that it is a server of the realm; leaves to
    /// hear what the node says behind its own proof.
    pub(crate) fn take_proof_as(&mut self, key: SessionKey, listener: ServerKind) {
        let hello = self.next_heard(key).expect("a hello");
        assert!(hello.is::<ClusterHello>(), "{hello:?}");
        let challenge = challenge_for(self.stream(key), listener).expect("a hello");
        self.say(key, &challenge);
        let proof = self.next_heard(key).expect("a proof");
        assert!(proof.is::<ClusterProof>(), "{proof:?}");
    }
}

const STRANGER: u8 = 0;
const PROVEN: u8 = 1;
const DIALED: u8 = 2;

/// A server that only proves: dialed by worlds, and dialing a login server.
struct Prover {
    gate: Gate,
    dialer: Dialer,
    secret: ClusterSecret,
    parsed: Vec<Opcode>,
    proven: usize,
    ended: Vec<Ended>,
}

impl<'a> Role<'a> for Prover {
    fn on_connected(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey) {
        self.dialer.begin(cx, key);
    }

    fn on_frame(&mut self, caller: &mut Caller<'_, 'a>, frame: Frame<'_>) -> Dispatched {
        let heard = match caller.tag.kind {
            STRANGER if DIALER.contains(frame.opcode) => self.gate.hear(caller, frame),
            DIALED => self.dialer.hear(&self.secret, caller, frame),
            PROVEN => {
                self.parsed.push(frame.opcode);
                return Dispatched::Handled;
            }
            _ => return Dispatched::Unknown,
        };
        if heard == Heard::Proven {
            self.proven += 1;
            caller.sessions.set_tag(caller.key, LinkTag { kind: PROVEN, index: 0 });
        }
        heard.dispatched()
    }

    fn on_ended(&mut self, _: &mut Context<'_, 'a>, ended: Ended) {
        self.ended.push(ended);
    }
}

fn with_prover(test: impl FnOnce(&mut Bench<'_, Prover>)) {
    let mut memory = std::boxed::Box::new(BenchMemory::NEW);
    let prover = Prover {
        gate: Gate::new(test_secret(), ServerKind::MAIN, ServerKind::WORLD),
        dialer: Dialer::new(ServerKind::MAIN, ServerKind::LOGIN),
        secret: test_secret(),
        parsed: Vec::new(),
        proven: 0,
        ended: Vec::new(),
    };
    let mut bench = Bench::new(Sizes::ALL.lend(&mut memory), BENCH_CONFIG, prover);
    test(&mut bench);
    bench.finish();
}

impl Bench<'_, Prover> {
    fn dial(&mut self) -> SessionKey {
        self.act(|_, cx| cx.sessions.connect(cx.now, LinkTag { kind: DIALED, index: 0 }).unwrap());
        self.connect_next()
    }

    fn challenge(&mut self, key: SessionKey) -> ClusterChallenge {
        self.say(key, &hello_of(ServerKind::WORLD));
        self.heard(key)[0].read().expect("a challenge")
    }
}

fn refused(code: ErrorCode, about: Opcode) -> Said {
    Said::of(&Error { code, about: about.0 })
}

fn transcript(listener_nonce: Nonce) -> Transcript {
    Transcript {
        dialer: ServerKind::WORLD,
        listener: ServerKind::MAIN,
        dialer_nonce: PEERS_NONCE,
        listener_nonce,
    }
}

#[test]
fn whoever_knows_the_secret_is_let_in_once_it_has_shown_it() {
    with_prover(|bench| {
        let key = bench.accept();
        bench.prove_as(key, ServerKind::WORLD, ServerKind::MAIN);
        assert_eq!((bench.role().proven, bench.heard(key)), (1, Vec::new()));
        let challenge = last_of(bench.stream(key), ClusterChallenge::OPCODE).unwrap();
        let ClusterChallenge { nonce, proof, .. } = challenge.read().unwrap();
        assert_eq!(proof, test_secret().proof(Side::Listener, &transcript(nonce)));
        bench.say(key, &UserJoined { uid: Uid(1) });
        assert_eq!(bench.role().parsed, [UserJoined::OPCODE]);
    });
}

#[test]
fn the_dialing_side_proves_and_is_proven_to() {
    with_prover(|bench| {
        let key = bench.dial();
        bench.take_proof_as(key, ServerKind::LOGIN);
        assert_eq!(bench.role().proven, 1);
    });
}

#[test]
fn a_dialer_with_another_secret_is_refused() {
    with_prover(|bench| {
        let key = bench.accept();
        let challenge = bench.challenge(key);
        let other = ClusterSecret::new(&[8; 32]).unwrap();
        let proof = other.proof(Side::Dialer, &transcript(challenge.nonce));
        bench.say(key, &ClusterProof { nonce: PEERS_NONCE, proof });
        assert_eq!(bench.heard(key), [refused(ErrorCode::BAD_PROOF, ClusterProof::OPCODE)]);
        assert_eq!(bench.ended(key), Some(ErrorCode::BAD_PROOF));
        assert_eq!(bench.role().proven, 0);
    });
}

#[test]
fn a_listener_with_another_secret_is_refused() {
    with_prover(|bench| {
        let key = bench.dial();
        let mut challenge = challenge_for(bench.stream(key), ServerKind::LOGIN).unwrap();
        challenge.proof.0[31] ^= 1;
        bench.heard(key);
        bench.say(key, &challenge);
        assert_eq!(bench.heard(key), [refused(ErrorCode::BAD_PROOF, ClusterChallenge::OPCODE)]);
        assert_eq!(bench.ended(key), Some(ErrorCode::BAD_PROOF));
    });
}

/// Another kind of server, with the right secret, is not who was dialed.
#[test]
fn a_listener_of_another_kind_is_refused() {
    with_prover(|bench| {
        let key = bench.dial();
        let challenge = challenge_for(bench.stream(key), ServerKind::CHAT).unwrap();
        bench.say(key, &challenge);
        assert_eq!(bench.ended(key), Some(ErrorCode::BAD_PROOF));
    });
}

#[test]
fn a_dialer_of_another_kind_is_out_of_place() {
    with_prover(|bench| {
        let key = bench.accept();
        bench.say(key, &hello_of(ServerKind::CHAT));
        assert_eq!(bench.heard(key), [refused(ErrorCode::OUT_OF_PLACE, ClusterHello::OPCODE)]);
    });
}

#[test]
fn a_proof_of_an_earlier_connection_is_worth_nothing() {
    with_prover(|bench| {
        let first = bench.accept();
        bench.say(first, &hello_of(ServerKind::WORLD));
        let proof = proof_for(bench.stream(first), ServerKind::WORLD, ServerKind::MAIN).unwrap();
        let proof = proof.read::<ClusterProof>().unwrap();
        bench.say(first, &proof);
        assert_eq!(bench.role().proven, 1);
        bench.disconnect(first);
        // The same slot, and the whole conversation again.
        let again = bench.accept();
        assert_eq!(again.index(), first.index());
        bench.say(again, &hello_of(ServerKind::WORLD));
        bench.say(again, &proof);
        assert_eq!((bench.role().proven, bench.ended(again)), (1, Some(ErrorCode::BAD_PROOF)));
    });
}

#[test]
fn a_proof_without_a_hello_is_worth_nothing() {
    with_prover(|bench| {
        let key = bench.accept();
        let proof = test_secret().proof(Side::Dialer, &transcript(Nonce([0; 16])));
        bench.say(key, &ClusterProof { nonce: PEERS_NONCE, proof });
        assert_eq!(bench.ended(key), Some(ErrorCode::BAD_PROOF));
    });
}

/// A listener's own proof, sent back to it, and a dialer's own hello turned into a challenge.
#[test]
fn no_side_can_be_shown_its_own_proof() {
    with_prover(|bench| {
        let key = bench.accept();
        let challenge = bench.challenge(key);
        bench.say(key, &ClusterProof { nonce: PEERS_NONCE, proof: challenge.proof });
        assert_eq!(bench.ended(key), Some(ErrorCode::BAD_PROOF));
    });
    let own = transcript(PEERS_NONCE);
    let secret = test_secret();
    assert_ne!(secret.proof(Side::Dialer, &own), secret.proof(Side::Listener, &own));
}

/// What the node says when it dials itself, through somebody who passes everything on.
#[test]
fn a_node_does_not_prove_itself_to_itself() {
    with_prover(|bench| {
        let dialed = bench.dial();
        let hello: ClusterHello = bench.heard(dialed)[0].read().unwrap();
        let accepted = bench.accept();
        bench.say(
            accepted,
            &ClusterHello { versions: Versions::OURS, kind: ServerKind::WORLD, ..hello },
        );
        let challenge: ClusterChallenge = bench.heard(accepted)[0].read().unwrap();
        bench.say(dialed, &challenge);
        assert_eq!(bench.ended(dialed), Some(ErrorCode::BAD_PROOF));
    });
}

#[test]
fn nothing_but_the_proof_is_parsed_before_it() {
    with_prover(|bench| {
        let key = bench.dial();
        bench.heard(key);
        // It would not even decode.
        bench.say_bytes(key, &[5, 0, 0x05, 0x22, 0, 0, 0xFF]);
        assert_eq!(bench.heard(key), [refused(ErrorCode::OUT_OF_PLACE, UserJoined::OPCODE)]);
        assert_eq!(bench.role().parsed, []);
    });
    with_prover(|bench| {
        let key = bench.dial();
        bench.heard(key);
        bench.say(key, &Ping { nonce: 4 });
        assert_eq!(bench.heard(key), [Said::of(&Pong { nonce: 4 })]);
    });
}

#[test]
fn a_malformed_proof_is_a_violation() {
    with_prover(|bench| {
        let key = bench.accept();
        bench.say_bytes(key, &[5, 0, 0x80, 0, 0, 0, 1]);
        assert_eq!(bench.heard(key), [refused(ErrorCode::MALFORMED, ClusterHello::OPCODE)]);
    });
}

#[test]
fn nonces_are_fresh_both_ways() {
    with_prover(|bench| {
        let keys = [bench.accept(), bench.accept()];
        let [first, second] = keys.map(|key| bench.challenge(key));
        assert_ne!(first.nonce, second.nonce);
        let dials = [bench.dial(), bench.dial()];
        let [first, second] =
            dials.map(|key| bench.heard(key)[0].read::<ClusterHello>().unwrap().nonce);
        assert_ne!(first, second);
    });
}

/// Worked out with another implementation (Python's `hmac`): see PROTOCOL.md.
#[test]
fn proofs_are_these_bytes() {
    let secret = ClusterSecret::new(b"an example of a cluster secret, 45 bytes long").unwrap();
    let transcript = Transcript {
        dialer: ServerKind::WORLD,
        listener: ServerKind::MAIN,
        dialer_nonce: Nonce(core::array::from_fn(|place| place as u8)),
        listener_nonce: Nonce(core::array::from_fn(|place| 0xA0 + place as u8)),
    };
    let hex = |proof: Proof| -> std::string::String {
        proof.0.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    assert_eq!(hex(secret.proof(Side::Listener, &transcript)), LISTENERS_PROOF);
    assert_eq!(hex(secret.proof(Side::Dialer, &transcript)), DIALERS_PROOF);
}

const LISTENERS_PROOF: &str = "331bf518f6467242960f140e40c616625d796d834d4b8cfc4ca3f91077374a85";
const DIALERS_PROOF: &str = "32f23c3dd31ecb81f401a183adf1d46f998827472bc29bf9d405b1b7fbe3716e";

#[test]
fn both_sides_of_the_least_secret() {
    assert_eq!(ClusterSecret::new(&[1; 31]).err(), Some(TooShort { bytes: 31 }));
    assert!(ClusterSecret::new(&[1; 32]).is_ok() && ClusterSecret::new(&[1; 1_000]).is_ok());
    assert_eq!(format!("{:?}", test_secret()), "ClusterSecret(…)");
    assert_eq!(format!("{:?}", Proof([1; 32])), "Proof(…)");
}

/// Proofs compare with `subtle`, whose time does not depend on where they differ; here is that every
/// byte of them counts.
#[test]
fn every_byte_of_a_proof_counts() {
    let proof = test_secret().proof(Side::Dialer, &transcript(PEERS_NONCE));
    for byte in 0..proof.0.len() {
        let mut other = proof;
        other.0[byte] ^= 0x80;
        assert_ne!(other, proof);
    }
}

#[test]
fn a_hello_is_short() {
    assert_eq!(frame_of(&hello_of(ServerKind::WORLD)).len(), 6 + 2 + 1 + 16);
}
