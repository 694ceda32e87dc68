//! The vectors: for every message an ordinary value, and the ends of what its fields can hold.

use std::vec;
use std::vec::Vec;

use super::values::{GUEST, LAST_VERSIONS, handshake_key, longest_text, text, token};
use super::{Vector, channel_vectors, chat_server_vectors, golden, room_vectors, world_vectors};
use crate::protocol::client_to_login::LoginReq;
use crate::protocol::client_to_main::{ChatJoin, ChatLeave, ChatSay, EnterWorldReq, Hello};
use crate::protocol::dialer_to_listener::{ClusterHello, ClusterProof};
use crate::protocol::either_way::{Bye, Error, Ping, Pong, VersionRefused};
use crate::protocol::listener_to_dialer::{ClusterAck, ClusterChallenge};
use crate::protocol::login_to_client::{LoginAck, LoginDenied};
use crate::protocol::login_to_main::{Revocations, StoreRevision, VerifyAck, VerifyDenied};
use crate::protocol::main_to_client::{ChatBroadcast, EnterWorldAck, Welcome};
use crate::protocol::main_to_login::{RevokedSince, VerifyToken};
use crate::protocol::{
    ErrorCode, HandshakeKey, LoginDenial, Nonce, Password, Proof, Revision, Revocation, Seq,
    ServerKind, Token, Uid, Versions, Wish,
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
    let others = [channel_vectors::all(), chat_server_vectors::all(), room_vectors::all()];
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
    ]
}

const LISTENERS_PROOF: &str = "94 85 0a 25 05 51 1b 12 0f fa a4 8b 4e 3e ac 8b c2 c3 ff 22 a1 1a 63 \
    46 a4 c1 21 38 66 21 91 5f";
const DIALERS_PROOF: &str = "0b 3a 72 69 66 f5 77 3c d0 0f 5b 9f 42 d2 03 7e a1 b6 d2 fe 1b ce ec \
    35 c2 0c 90 73 ef e9 2a 51";

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
        golden(EnterWorldAck {
            world_addr: text("127.0.0.1:7201"),
            handshake_key: handshake_key(),
        }),
        golden(EnterWorldAck {
            world_addr: longest_text("w"),
            handshake_key: HandshakeKey([0; 16]),
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
