//! The vectors: for every message an ordinary value, and the ends of what its fields can hold.

use std::vec;
use std::vec::Vec;

use super::values::{GUEST, LAST_VERSIONS, handshake_key, key_id, longest_text, text, token};
use super::{
    Vector, channel_vectors, chat_server_vectors, golden, move_vectors, room_vectors, world_vectors,
};
use crate::node::device_key::DeviceKey;
use crate::protocol::client_to_listener::SecureClient;
use crate::protocol::client_to_login::LoginReq;
use crate::protocol::client_to_main::{ChatJoin, ChatLeave, ChatSay, EnterWorldReq, Hello};
use crate::protocol::dialer_to_listener::{ClusterHello, ClusterProof, SecureHello, SecureReady};
use crate::protocol::either_way::{Bye, Error, Ping, Pong, VersionRefused};
use crate::protocol::listener_to_client::SecureClientAnswer;
use crate::protocol::listener_to_dialer::{ClusterAck, ClusterChallenge, SecureAnswer};
use crate::protocol::login_to_client::{LoginAck, LoginDenied};
use crate::protocol::login_to_main::{
    DeviceAck, Revocations, StoreRevision, VerifyAck, VerifyDenied,
};
use crate::protocol::main_to_client::{ChatBroadcast, EnterWorldAck, MainAddress, Welcome};
use crate::protocol::main_to_login::{RevokedSince, VerifyDevice, VerifyToken};
use crate::protocol::{
    ErrorCode, HandshakeKey, KeyId, LoginDenial, Nonce, Password, Proof, Revision, Revocation,
    SealedStart, Seq, ServerKind, Token, Uid, Versions, Wish,
};

/// Every vector, checked.
pub(super) fn all() -> Vec<Vector> {
    let links = [
        either_way(),
        cluster(),
        client_to_main(),
        main_to_client(),
        world_vectors::client_to_world(),
        world_vectors::joins(),
        world_vectors::world_to_client(),
        world_vectors::snapshots(),
        world_vectors::world_to_main(),
        world_vectors::main_to_world(),
        client_and_login(),
        main_and_login(),
    ];
    let others = [
        channel_vectors::all(),
        chat_server_vectors::all(),
        room_vectors::all(),
        move_vectors::all(),
    ];
    links.into_iter().chain(others).flatten().collect()
}

fn either_way() -> Vec<Vector> {
    vec![
        golden(Error { code: ErrorCode::NO_WORLD, about: EnterWorldReq::OPCODE.0 }),
        golden(Error { code: ErrorCode::TOO_FAST, about: 0 }),
        golden(Error { code: ErrorCode(u16::MAX), about: i32::MIN }),
        golden(Ping { nonce: 300 }),
        golden(Ping { nonce: 5 }),
        golden(Ping { nonce: u32::MAX }),
        golden(Pong { nonce: 5 }),
        golden(Bye { reason: ErrorCode::GOODBYE }),
        golden(Bye { reason: ErrorCode::REPLACED }),
        golden(VersionRefused { versions: Versions::OURS }),
        golden(VersionRefused { versions: LAST_VERSIONS }),
    ]
}

/// The example of PROTOCOL.md, whose proofs another implementation has made.
fn cluster() -> Vec<Vector> {
    let dialer_nonce = Nonce(core::array::from_fn(|place| place as u8));
    let listener_nonce = Nonce(core::array::from_fn(|place| 0xA0 + place as u8));
    let proof = |hex| Proof(super::bytes_of(hex).try_into().unwrap());
    vec![
        golden(ClusterHello {
            versions: Versions::OURS,
            kind: ServerKind::WORLD,
            id: 7,
            nonce: dialer_nonce,
        }),
        golden(ClusterHello {
            versions: LAST_VERSIONS,
            kind: ServerKind(u16::MAX),
            id: u16::MAX,
            nonce: Nonce([0xFF; 16]),
        }),
        golden(ClusterChallenge { version: 2, nonce: listener_nonce }),
        golden(ClusterProof {
            id: 7,
            nonce: dialer_nonce,
            proof: proof(DIALERS_PROOF),
            former_proof: None,
        }),
        golden(ClusterProof {
            id: u16::MAX,
            nonce: Nonce([0xFF; 16]),
            proof: proof(LISTENERS_PROOF),
            former_proof: Some(proof(DIALERS_PROOF)),
        }),
        golden(ClusterAck { proof: proof(LISTENERS_PROOF) }),
        golden(SecureHello {
            versions: Versions::OURS,
            from: ServerKind::WORLD,
            to: ServerKind::MAIN,
            id: 7,
            generation: 0,
            start: sealed_start(FIRST_START),
            former_start: None,
        }),
        golden(SecureHello {
            versions: LAST_VERSIONS,
            from: ServerKind(u16::MAX),
            to: ServerKind(u16::MAX),
            id: u16::MAX,
            generation: u16::MAX,
            start: SealedStart([0xFF; 52]),
            former_start: Some(SealedStart([0; 52])),
        }),
        golden(SecureReady {}),
        golden(SecureAnswer { start: sealed_start(SECOND_START) }),
        golden(SecureClient {
            versions: Versions::OURS,
            to: ServerKind::WORLD,
            key_id: key_id(),
            start: sealed_start(CLIENTS_START),
        }),
        golden(SecureClient {
            versions: LAST_VERSIONS,
            to: ServerKind(u16::MAX),
            key_id: KeyId([0xFF; 8]),
            start: SealedStart([0xFF; 52]),
        }),
        golden(SecureClientAnswer { start: sealed_start(WORLDS_START) }),
    ]
}

/// Of the session that PROTOCOL.md has.
const FIRST_START: &str = "79 a6 31 ee de 1b f9 c9 8f 12 03 2c de ad d0 e7 a0 79 39 8f c7 86 b8 8c c8 46 \
    ec 89 af 85 a5 1a 9d 33 86 79 8e d5 91 74 28 27 a8 a6 4b 55 2b 7f 70 ef 97 db";
const SECOND_START: &str = "67 5d d5 74 ed 77 89 31 0b 3d 2e 76 81 f3 79 0b 46 6c 77 3b 15 21 fe cf 36 57 \
    79 58 37 1e a5 2f 8c cd f4 b3 a1 c6 75 3b cc ff 56 de 78 83 18 e5 bc 54 39 91";

const CLIENTS_START: &str = "79 a6 31 ee de 1b f9 c9 8f 12 03 2c de ad d0 e7 a0 79 39 8f c7 86 b8 8c c8 46 \
    ec 89 af 85 a5 1a 1e f8 14 07 93 81 13 51 43 79 21 29 58 cb d5 98 a0 8c 30 b8";
const WORLDS_START: &str = "67 5d d5 74 ed 77 89 31 0b 3d 2e 76 81 f3 79 0b 46 6c 77 3b 15 21 fe cf 36 57 \
    79 58 37 1e a5 2f 2c 4c e3 b6 30 72 e0 f7 1b dc 5f 61 89 ac 9f 74 f0 66 d8 8d";

fn sealed_start(hex: &str) -> SealedStart {
    SealedStart(super::bytes_of(hex).try_into().unwrap())
}

const LISTENERS_PROOF: &str = "8b fd 40 63 9e e8 b3 4c a9 5a 50 00 85 c4 94 02 ed 5d d2 85 b3 5b 93 0f \
    93 87 a3 0e 67 2e e4 00";
const DIALERS_PROOF: &str = "c7 4d 4b 36 f1 96 2f e1 10 fb 24 b3 70 98 6b 30 39 7c f0 84 bd e3 18 51 \
    f6 f3 1e a9 2f 5e f1 2c";

fn client_to_main() -> Vec<Vector> {
    vec![
        golden(Hello { versions: Versions::OURS, token: None, nickname: text("") }),
        golden(Hello { versions: Versions::OURS, token: Some(token()), nickname: text("Zoë") }),
        golden(Hello { versions: LAST_VERSIONS, token: None, nickname: longest_text("n") }),
        golden(EnterWorldReq { region: text(""), wish: Wish::ANY }),
        golden(EnterWorldReq { region: text("eu"), wish: Wish::ANY }),
        golden(ChatJoin { channel: text("lobby") }),
        golden(ChatLeave { channel: text("lobby") }),
        golden(ChatSay { request: 7, channel: text("lobby"), msg: text("안녕") }),
        golden(ChatSay { request: 0, channel: text(""), msg: text("") }),
        golden(ChatSay { request: u32::MAX, channel: longest_text("c"), msg: longest_text("m") }),
    ]
}

fn main_to_client() -> Vec<Vector> {
    vec![
        golden(Welcome { version: 2, uid: GUEST, token: token() }),
        golden(Welcome { version: u16::MAX, uid: Uid(1), token: Token([0xFF; 32]) }),
        golden(MainAddress { index: 1, count: 2, is_here: false, addr: text("10.0.0.2:7000") }),
        golden(MainAddress {
            index: u16::MAX,
            count: u16::MAX,
            is_here: true,
            addr: longest_text("m"),
        }),
        golden(EnterWorldAck {
            world_addr: text("127.0.0.1:7201"),
            is_sealing: true,
            key_id: key_id(),
            handshake_key: handshake_key(),
        }),
        golden(EnterWorldAck {
            world_addr: longest_text("w"),
            is_sealing: false,
            key_id: KeyId([0; 8]),
            handshake_key: HandshakeKey([0; 32]),
        }),
        golden(ChatBroadcast {
            channel: text("lobby"),
            seq: Seq::first_of(3).plus(129),
            uid: GUEST,
            request: 7,
            msg: text("hello"),
        }),
    ]
}

fn client_and_login() -> Vec<Vector> {
    vec![
        golden(LoginReq {
            versions: Versions::OURS,
            id: text("alice"),
            pw: Password(text("pässword")),
            device: None,
        }),
        golden(LoginReq {
            versions: LAST_VERSIONS,
            id: longest_text("i"),
            pw: Password(longest_text("p")),
            device: Some(token()),
        }),
        golden(LoginAck {
            version: 2,
            uid: Uid(1),
            token: token(),
            ttl_s: 604_800,
            device: token(),
        }),
        golden(LoginDenied { reason: LoginDenial::WRONG, retry_after_ms: 0 }),
        golden(LoginDenied { reason: LoginDenial::LOCKED, retry_after_ms: 60_000 }),
    ]
}

/// The example of PROTOCOL.md.
fn device_key() -> DeviceKey {
    DeviceKey::new(token().0)
}

fn main_and_login() -> Vec<Vector> {
    vec![
        golden(VerifyToken { request: 300, token: token() }),
        golden(VerifyAck {
            request: 300,
            uid: Uid(1),
            revision: Revision(300),
            account: text("alice"),
        }),
        golden(VerifyDenied { request: u32::MAX, reason: ErrorCode::BAD_TOKEN }),
        golden(VerifyDevice { request: 300, key_id: device_key().key_id() }),
        golden(DeviceAck { request: 300, seal_key: device_key().seal_key() }),
        golden(StoreRevision { revision: Revision(300) }),
        golden(Revocations {
            after: Revision(2),
            after_uid: Uid(1),
            list: [
                Revocation { uid: Uid(1), revision: Revision(3), renewed_at: Revision(4) },
                Revocation { uid: Uid(300), revision: Revision(3), renewed_at: Revision(0) },
            ]
            .into_iter()
            .collect(),
            complete: Revision(4),
        }),
        golden(RevokedSince { revision: Revision(2), uid: Uid(1) }),
    ]
}
