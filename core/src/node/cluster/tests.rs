//! The proof: what every server has to show, and what nobody gets by without it.

#[cfg(feature = "secure")]
mod sealed;

use crate::protocol::Versions;
use std::format;
use std::vec::Vec;

use super::*;
use crate::node::testing::{BENCH_CONFIG, Bench, BenchMemory, Said, Sizes, frame_of, said_in};
use crate::node::{Caller, Context, Role};
use crate::protocol::dialer_to_listener::{ClusterHello, ClusterProof, SecureHello};
use crate::protocol::either_way::{Error, Ping, Pong};
use crate::protocol::listener_to_dialer::{ClusterAck, ClusterChallenge};
use crate::protocol::world_to_main::UserJoined;
use crate::protocol::{Dispatched, ErrorCode, Nonce, Proof, SealedStart, ServerKind, Uid};
use crate::session::manager::Ended;
use crate::session::{LinkTag, SessionKey, Trust};
use crate::wire::opcode::DIALER;
use crate::wire::{Frame, Opcode};

/// What the servers of all benches have their keys from.
pub(crate) fn test_secret() -> ClusterSecret {
    ClusterSecret::new(&[9; 32]).expect("32 bytes")
}

/// In clear: what is sealed has tests of its own.
pub(crate) fn test_secrets() -> ClusterSecrets {
    ClusterSecrets::of(test_secret()).on(Way::Clear)
}

/// The keys of one server of all benches.
pub(crate) fn test_keys(kind: ServerKind, id: u16) -> ClusterKeys {
    test_secrets().keys_of(kind, id)
}

const PEERS_NONCE: Nonce = Nonce([3; 16]);

/// The key of the link between these two.
fn key_between(dialer: ServerKind, listener: ServerKind, id: u16) -> ClusterKey {
    test_secret().key_of(if dialer == ServerKind::MAIN { listener } else { dialer }, id)
}

/// What a dialing peer answers to the challenge that `stream` ends with, if it has got one.
pub(crate) fn proof_for(
    stream: &[u8],
    dialer: ServerKind,
    listener: ServerKind,
    id: u16,
) -> Option<Said> {
    let challenge = last_of(stream, ClusterChallenge::OPCODE)?;
    let ClusterChallenge { nonce: listener_nonce, .. } = challenge.read()?;
    let transcript = Transcript { dialer, listener, id, dialer_nonce: PEERS_NONCE, listener_nonce };
    let proof = key_between(dialer, listener, id).proof(Side::Dialer, &transcript);
    Some(Said::of(&ClusterProof { id, nonce: PEERS_NONCE, proof, former_proof: None }))
}

/// What a dialing peer begins with.
pub(crate) fn hello_of(kind: ServerKind, id: u16) -> ClusterHello {
    ClusterHello { versions: Versions::OURS, kind, id, nonce: PEERS_NONCE }
}

/// What a Main without the key begins a sealed link with.
pub(crate) const fn secure_hello_to(to: ServerKind) -> SecureHello {
    SecureHello {
        versions: Versions::OURS,
        from: ServerKind::MAIN,
        to,
        id: ONLY_ID,
        generation: 0,
        start: SealedStart([7; 52]),
        former_start: None,
    }
}

/// What a dialed peer answers to a hello.
pub(crate) const CHALLENGE: ClusterChallenge = ClusterChallenge { version: 2, nonce: PEERS_NONCE };

/// What a dialed peer answers to the hello and the proof that `stream` has.
pub(crate) fn ack_for(stream: &[u8], listener: ServerKind) -> Option<ClusterAck> {
    let hello: ClusterHello = last_of(stream, ClusterHello::OPCODE)?.read()?;
    let transcript = Transcript {
        dialer: hello.kind,
        listener,
        id: hello.id,
        dialer_nonce: hello.nonce,
        listener_nonce: PEERS_NONCE,
    };
    let key = key_between(hello.kind, listener, hello.id);
    Some(ClusterAck { proof: key.proof(Side::Listener, &transcript) })
}

fn last_of(stream: &[u8], opcode: Opcode) -> Option<Said> {
    let (said, _) = said_in(stream);
    said.into_iter().rev().find(|said| said.opcode == opcode)
}

impl<'a, R: Role<'a>> Bench<'a, R> {
    /// The peer, which has just connected, proves that it is a server of the realm.
    pub(crate) fn prove_as(
        &mut self,
        key: SessionKey,
        dialer: ServerKind,
        listener: ServerKind,
        id: u16,
    ) {
        self.say(key, &hello_of(dialer, id));
        let proof = proof_for(self.stream(key), dialer, listener, id).expect("a challenge");
        self.heard(key);
        self.say(key, &proof.read::<ClusterProof>().expect("a proof"));
        let ack = self.next_heard(key).expect("an ack");
        assert!(ack.is::<ClusterAck>(), "{ack:?}");
    }

    /// The peer, which the node has just dialed, proves that it is a server of the realm; leaves to
    /// hear what the node says behind that.
    pub(crate) fn take_proof_as(&mut self, key: SessionKey, listener: ServerKind) {
        let ack = self.hear_proof(key, listener);
        self.say(key, &ack);
    }

    /// The node, which has dialed the peer, proves itself; what it is owed for that.
    pub(crate) fn hear_proof(&mut self, key: SessionKey, listener: ServerKind) -> ClusterAck {
        self.say(key, &CHALLENGE);
        let ack = ack_for(self.stream(key), listener).expect("a hello");
        let hello = self.next_heard(key).expect("a hello");
        assert!(hello.is::<ClusterHello>(), "{hello:?}");
        let proof = self.next_heard(key).expect("a proof");
        assert!(proof.is::<ClusterProof>(), "{proof:?}");
        ack
    }
}

const STRANGER: u8 = 0;
const PROVEN: u8 = 1;
const DIALED: u8 = 2;

/// An end of links that proves, dialed or dialing, and notes what it hears behind that.
struct Prover {
    gate: Gate<ClusterSecrets>,
    dialer: Dialer,
    keys: ClusterKeys,
    /// It has to flush before it hears more.
    is_busy: bool,
    /// What it has heard of those who have proven themselves.
    heard: Vec<(Opcode, Vec<u8>)>,
    proven: Vec<u16>,
}

impl Prover {
    const fn new(gate: Gate<ClusterSecrets>, dialer: Dialer, keys: ClusterKeys) -> Self {
        Self { gate, dialer, keys, is_busy: false, heard: Vec::new(), proven: Vec::new() }
    }

    fn opcodes(&self) -> Vec<Opcode> {
        self.heard.iter().map(|(opcode, _)| *opcode).collect()
    }
}

impl<'a> Role<'a> for Prover {
    fn on_connected(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey) {
        self.dialer.begin(&self.keys, cx, key);
    }

    fn on_frame(&mut self, caller: &mut Caller<'_, 'a>, frame: Frame<'_>) -> Dispatched {
        let heard = match caller.tag.kind {
            STRANGER if DIALER.contains(frame.opcode) => self.gate.hear(caller, frame),
            DIALED => self.dialer.hear(&self.keys, caller, frame),
            PROVEN => {
                self.heard.push((frame.opcode, frame.payload.to_vec()));
                return Dispatched::Handled;
            }
            _ => return Dispatched::Unknown,
        };
        if let Heard::Proven(id) = heard {
            self.proven.push(id);
            caller.sessions.prove(caller.now, caller.key, Trust::Server);
            caller.sessions.set_tag(caller.key, LinkTag { kind: PROVEN, index: 0 });
        }
        heard.dispatched()
    }

    fn must_flush_first(&self) -> bool {
        self.is_busy
    }

    fn on_ended(&mut self, _: &mut Context<'_, 'a>, _: Ended) {}
}

fn with_prover(test: impl FnOnce(&mut Bench<'_, Prover>)) {
    let mut memory = std::boxed::Box::new(BenchMemory::NEW);
    let secrets = test_secrets().with_former(former_secret());
    let prover = Prover::new(
        Gate::new(secrets, ServerKind::MAIN, ServerKind::WORLD),
        Dialer::new(ServerKind::MAIN, ServerKind::LOGIN, ONLY_ID),
        test_keys(ServerKind::LOGIN, ONLY_ID)
            .with_former(former_secret().key_of(ServerKind::LOGIN, ONLY_ID)),
    );
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
        self.say(key, &hello_of(ServerKind::WORLD, 7));
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
        id: 7,
        dialer_nonce: PEERS_NONCE,
        listener_nonce,
    }
}

#[test]
fn whoever_has_its_key_is_let_in_once_it_has_shown_it() {
    with_prover(|bench| {
        let key = bench.accept();
        bench.prove_as(key, ServerKind::WORLD, ServerKind::MAIN, 7);
        assert_eq!((bench.role().proven.len(), bench.heard(key)), (1, Vec::new()));
        bench.say(key, &UserJoined { uid: Uid(1), is_spectator: false });
        assert_eq!(bench.role().opcodes(), [UserJoined::OPCODE]);
    });
}

/// A stranger gets nothing that depends on a secret.
#[test]
fn the_listener_proves_last() {
    with_prover(|bench| {
        let key = bench.accept();
        let nonce = bench.challenge(key).nonce;
        assert_eq!(bench.heard(key), []);
        let world = test_secret().key_of(ServerKind::WORLD, 7);
        bench.say(key, &shown(&world, nonce));
        let proof = world.proof(Side::Listener, &transcript(nonce));
        assert_eq!(bench.heard(key), [Said::of(&ClusterAck { proof })]);
    });
}

/// What the other realm secret that counts is, while secrets are exchanged.
fn former_secret() -> ClusterSecret {
    ClusterSecret::new(&[8; 32]).unwrap()
}

/// What world 7 shows with this key, over the connection whose challenge had `nonce`.
fn shown(key: &ClusterKey, nonce: Nonce) -> ClusterProof {
    let proof = key.proof(Side::Dialer, &transcript(nonce));
    ClusterProof { id: 7, nonce: PEERS_NONCE, proof, former_proof: None }
}

#[test]
fn a_listener_with_two_secrets_takes_both_and_answers_with_the_one_shown() {
    for secret in [test_secret(), former_secret()] {
        with_prover(|bench| {
            let key = bench.accept();
            let nonce = bench.challenge(key).nonce;
            let world = secret.key_of(ServerKind::WORLD, 7);
            bench.say(key, &shown(&world, nonce));
            let proof = world.proof(Side::Listener, &transcript(nonce));
            assert_eq!(bench.heard(key), [Said::of(&ClusterAck { proof })]);
            assert_eq!(bench.role().proven.len(), 1);
        });
    }
}

#[test]
fn a_dialer_with_two_keys_shows_both() {
    with_prover(|bench| {
        let key = bench.accept();
        let nonce = bench.challenge(key).nonce;
        let unknown = ClusterSecret::new(&[1; 32]).unwrap().key_of(ServerKind::WORLD, 7);
        let known = test_secret().key_of(ServerKind::WORLD, 7);
        let former_proof = Some(known.proof(Side::Dialer, &transcript(nonce)));
        bench.say(key, &ClusterProof { former_proof, ..shown(&unknown, nonce) });
        let proof = known.proof(Side::Listener, &transcript(nonce));
        assert_eq!(bench.heard(key), [Said::of(&ClusterAck { proof })]);
    });
}

#[test]
fn a_dialer_with_two_keys_takes_an_answer_with_its_former_one() {
    with_prover(|bench| {
        let key = bench.dial();
        bench.say(key, &CHALLENGE);
        let hello: ClusterHello =
            last_of(bench.stream(key), ClusterHello::OPCODE).unwrap().read().unwrap();
        let transcript = Transcript {
            dialer: ServerKind::MAIN,
            listener: ServerKind::LOGIN,
            id: ONLY_ID,
            dialer_nonce: hello.nonce,
            listener_nonce: PEERS_NONCE,
        };
        let former = former_secret().key_of(ServerKind::LOGIN, ONLY_ID);
        bench.say(key, &ClusterAck { proof: former.proof(Side::Listener, &transcript) });
        assert_eq!(bench.role().proven.len(), 1);
    });
}

/// Each key of the realm but that of world 7.
#[test]
fn a_key_opens_nothing_but_its_own_server() {
    let others = [
        (ServerKind::WORLD, 8),
        (ServerKind::MAIN, 7),
        (ServerKind::CHAT, 7),
        (ServerKind::LOGIN, 7),
        (ServerKind::CHAT, ONLY_ID),
    ];
    for (kind, id) in others {
        with_prover(|bench| {
            let key = bench.accept();
            let nonce = bench.challenge(key).nonce;
            bench.say(key, &shown(&test_secret().key_of(kind, id), nonce));
            assert_eq!(bench.ended(key), Some(ErrorCode::BAD_PROOF));
        });
    }
}

/// World 7's own key, shown as that of world 8.
#[test]
fn a_key_proves_no_other_id() {
    with_prover(|bench| {
        let key = bench.accept();
        bench.say(key, &hello_of(ServerKind::WORLD, 8));
        let challenge: ClusterChallenge = bench.heard(key)[0].read().unwrap();
        let own = test_secret().key_of(ServerKind::WORLD, 7);
        bench.say(key, &ClusterProof { id: 8, ..shown(&own, challenge.nonce) });
        assert_eq!(bench.ended(key), Some(ErrorCode::BAD_PROOF));
    });
}

#[test]
fn a_server_that_is_dialed_has_no_other_id_than_its_own() {
    let keys = test_keys(ServerKind::CHAT, ONLY_ID);
    assert!(keys.keys_for(ONLY_ID).is_some() && keys.keys_for(1).is_none());
}

#[test]
fn the_dialing_side_proves_and_is_proven_to() {
    with_prover(|bench| {
        let key = bench.dial();
        bench.take_proof_as(key, ServerKind::LOGIN);
        assert_eq!(bench.role().proven.len(), 1);
    });
}

#[test]
fn a_dialer_with_another_secret_is_refused() {
    with_prover(|bench| {
        let key = bench.accept();
        let nonce = bench.challenge(key).nonce;
        let other = ClusterSecret::new(&[1; 32]).unwrap().key_of(ServerKind::WORLD, 7);
        bench.say(key, &shown(&other, nonce));
        assert_eq!(bench.heard(key), [refused(ErrorCode::BAD_PROOF, ClusterProof::OPCODE)]);
        assert_eq!(bench.ended(key), Some(ErrorCode::BAD_PROOF));
        assert_eq!(bench.role().proven.len(), 0);
    });
}

#[test]
fn a_listener_with_another_secret_is_refused() {
    with_prover(|bench| {
        let key = bench.dial();
        let mut ack = bench.hear_proof(key, ServerKind::LOGIN);
        ack.proof.0[31] ^= 1;
        bench.say(key, &ack);
        assert_eq!(bench.heard(key), [refused(ErrorCode::BAD_PROOF, ClusterAck::OPCODE)]);
        assert_eq!(bench.ended(key), Some(ErrorCode::BAD_PROOF));
    });
}

#[test]
fn a_listener_that_wants_no_proof_or_two_is_out_of_place() {
    with_prover(|bench| {
        let key = bench.dial();
        bench.heard(key);
        bench.say(key, &ClusterAck { proof: Proof([0; 32]) });
        assert_eq!(bench.heard(key), [refused(ErrorCode::OUT_OF_PLACE, ClusterAck::OPCODE)]);
    });
    with_prover(|bench| {
        let key = bench.dial();
        bench.hear_proof(key, ServerKind::LOGIN);
        bench.say(key, &CHALLENGE);
        assert_eq!(bench.heard(key), [refused(ErrorCode::OUT_OF_PLACE, ClusterChallenge::OPCODE)]);
    });
}

/// Another kind of server of the realm is not who was dialed.
#[test]
fn a_listener_of_another_kind_is_refused() {
    with_prover(|bench| {
        let key = bench.dial();
        let ack = bench.hear_proof(key, ServerKind::CHAT);
        bench.say(key, &ack);
        assert_eq!(bench.ended(key), Some(ErrorCode::BAD_PROOF));
    });
}

#[test]
fn a_dialer_of_another_kind_is_out_of_place() {
    with_prover(|bench| {
        let key = bench.accept();
        bench.say(key, &hello_of(ServerKind::CHAT, 7));
        assert_eq!(bench.heard(key), [refused(ErrorCode::OUT_OF_PLACE, ClusterHello::OPCODE)]);
    });
}

#[test]
fn a_proof_of_an_earlier_connection_is_worth_nothing() {
    with_prover(|bench| {
        let first = bench.accept();
        bench.say(first, &hello_of(ServerKind::WORLD, 7));
        let proof = proof_for(bench.stream(first), ServerKind::WORLD, ServerKind::MAIN, 7).unwrap();
        let proof = proof.read::<ClusterProof>().unwrap();
        bench.say(first, &proof);
        assert_eq!(bench.role().proven.len(), 1);
        bench.disconnect(first);
        // The same slot, and the whole conversation again.
        let again = bench.accept();
        assert_eq!(again.index(), first.index());
        bench.say(again, &hello_of(ServerKind::WORLD, 7));
        bench.say(again, &proof);
        assert_eq!(
            (bench.role().proven.len(), bench.ended(again)),
            (1, Some(ErrorCode::BAD_PROOF))
        );
    });
}

#[test]
fn a_proof_without_a_hello_is_worth_nothing() {
    with_prover(|bench| {
        let key = bench.accept();
        let world = test_secret().key_of(ServerKind::WORLD, 7);
        bench.say(key, &shown(&world, Nonce([0; 16])));
        assert_eq!(bench.ended(key), Some(ErrorCode::BAD_PROOF));
    });
}

#[test]
fn no_side_can_be_shown_its_own_proof() {
    with_prover(|bench| {
        let key = bench.dial();
        bench.say(key, &CHALLENGE);
        let shown = last_of(bench.stream(key), ClusterProof::OPCODE).unwrap();
        let ClusterProof { proof, .. } = shown.read().unwrap();
        bench.say(key, &ClusterAck { proof });
        assert_eq!(bench.ended(key), Some(ErrorCode::BAD_PROOF));
    });
}

/// What the node says when it dials itself, through somebody who passes everything on.
#[test]
fn a_node_does_not_prove_itself_to_itself() {
    with_prover(|bench| {
        let dialed = bench.dial();
        let hello: ClusterHello = bench.heard(dialed)[0].read().unwrap();
        let accepted = bench.accept();
        bench.say(accepted, &ClusterHello { kind: ServerKind::WORLD, ..hello });
        let challenge: ClusterChallenge = bench.heard(accepted)[0].read().unwrap();
        bench.say(dialed, &challenge);
        let proof: ClusterProof = bench.heard(dialed)[0].read().unwrap();
        bench.say(accepted, &proof);
        assert_eq!(bench.ended(accepted), Some(ErrorCode::BAD_PROOF));
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
        assert_eq!(bench.role().opcodes(), []);
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
fn keys_and_proofs_are_these_bytes() {
    let secret: [u8; 32] = core::array::from_fn(|place| place as u8);
    let key = ClusterSecret::new(&secret).unwrap().key_of(ServerKind::WORLD, 7);
    let transcript = Transcript {
        dialer: ServerKind::WORLD,
        listener: ServerKind::MAIN,
        id: 7,
        dialer_nonce: Nonce(core::array::from_fn(|place| place as u8)),
        listener_nonce: Nonce(core::array::from_fn(|place| 0xA0 + place as u8)),
    };
    let hex = |bytes: &[u8; 32]| -> std::string::String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    assert_eq!(hex(key.bytes()), KEY);
    assert_eq!(hex(ClusterKey::from_hex(KEY).unwrap().bytes()), KEY);
    assert_eq!(hex(&key.proof(Side::Listener, &transcript).0), LISTENERS_PROOF);
    assert_eq!(hex(&key.proof(Side::Dialer, &transcript).0), DIALERS_PROOF);
}

const KEY: &str = "32971dac3d4997b681d829a2e60515b32cfe97ea2a97aba083a999011737b5fb";
const LISTENERS_PROOF: &str = "8bfd40639ee8b34ca95a500085c49402ed5dd285b35b930f9387a30e672ee400";
const DIALERS_PROOF: &str = "c74d4b36f1962fe110fb24b370986b30397cf084bde31851f6f31ea92f5ef12c";

#[test]
fn both_sides_of_a_written_key() {
    assert!(ClusterKey::from_hex(&"aB".repeat(32)).is_some());
    let wrong = [
        "a".repeat(63),
        "a".repeat(65),
        "a".repeat(66),
        "g".repeat(64),
        std::string::String::new(),
    ];
    assert!(wrong.iter().all(|text| ClusterKey::from_hex(text).is_none()));
    assert_eq!(format!("{:?}", ClusterKey::from_hex(KEY).unwrap()), "ClusterKey(…)");
}

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
    let key = test_secret().key_of(ServerKind::WORLD, 7);
    let proof = key.proof(Side::Dialer, &transcript(PEERS_NONCE));
    for byte in 0..proof.0.len() {
        let mut other = proof;
        other.0[byte] ^= 0x80;
        assert_ne!(other, proof);
    }
}

#[test]
fn a_hello_is_short() {
    assert_eq!(frame_of(&hello_of(ServerKind::WORLD, 7)).len(), 6 + 2 + 1 + 1 + 16);
}
