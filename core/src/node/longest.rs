//! The longest bodies that servers say to each other: a node whose `frame_limit_bytes` is less than its own can't
//! have links to the others.
//!
//! ```
//! use tinyrealm_core::config::NetConfig;
//! use tinyrealm_core::node::longest;
//! assert!(NetConfig::DEFAULT.frame_limit_bytes as usize >= longest::MAIN_HEARS_BYTES);
//! ```

use crate::protocol::{
    ACCOUNT_MAX_BYTES, NICKNAME_MAX_BYTES, REVOCATION_PAGE, ROOM_MODE_MAX_BYTES,
    ROOM_NAME_MAX_BYTES, ROOM_OPTIONS_MAX_BYTES, ROOM_SECRET_MAX_BYTES, USER_PAGE_USERS,
};
use crate::wire::opcode::OPCODE_BYTES;
use crate::wire::{VARINT_U32_MAX_BYTES, VARINT_U53_MAX_BYTES};

const VARINT_U16_MAX_BYTES: usize = 3;
const NONCE_BYTES: usize = 16;
const PROOF_BYTES: usize = 32;

/// What a dialer proves itself with: its id, a nonce, a proof, and perhaps another.
const CLUSTER_PROOF_BYTES: usize =
    OPCODE_BYTES + VARINT_U16_MAX_BYTES + NONCE_BYTES + PROOF_BYTES + 1 + PROOF_BYTES;
/// `AttachUser` of a world that chooses rooms itself: uid, key and what it is called by, lifetime, attempt, names, and
/// an empty wish.
const PLAIN_ATTACH_BYTES: usize = OPCODE_BYTES
    + VARINT_U53_MAX_BYTES
    + 8
    + 32
    + 2 * VARINT_U32_MAX_BYTES
    + 2
    + ACCOUNT_MAX_BYTES
    + NICKNAME_MAX_BYTES
    + 7;
/// What a wish has more, if it says all that it can: kind, three texts, options with a count of two bytes, places.
const WISH_BYTES: usize = 2
    + ROOM_NAME_MAX_BYTES
    + ROOM_MODE_MAX_BYTES
    + ROOM_SECRET_MAX_BYTES
    + 1
    + ROOM_OPTIONS_MAX_BYTES
    + 2;
/// `AttachUser` of a world that has rooms with names.
pub const NAMED_ATTACH_BYTES: usize = PLAIN_ATTACH_BYTES + WISH_BYTES;
/// `UserList`: which page, count, uids, who of them is away, and who watches.
const USER_LIST_BYTES: usize =
    OPCODE_BYTES + 2 + 1 + USER_PAGE_USERS * VARINT_U53_MAX_BYTES + 2 * VARINT_U32_MAX_BYTES;
/// `Revocations`: where it begins, count, uid and two revisions each, how far all is known.
const REVOCATIONS_BYTES: usize =
    OPCODE_BYTES + 3 * VARINT_U53_MAX_BYTES + 1 + REVOCATION_PAGE * 3 * VARINT_U53_MAX_BYTES;

/// `RoomBlock`, and `TakeBlock`, without its bytes: which move, a world, which block, whether it is the last, a count of two bytes.
const BLOCK_HEAD_BYTES: usize =
    OPCODE_BYTES + VARINT_U32_MAX_BYTES + 2 * VARINT_U16_MAX_BYTES + 1 + 2;
/// The longest.
const BLOCK_BYTES: usize = BLOCK_HEAD_BYTES + crate::protocol::ROOM_BLOCK_BYTES;
/// What a frame with a block has besides the block's bytes.
#[cfg(feature = "moving")]
pub(super) const BLOCK_FRAME_HEAD_BYTES: usize =
    crate::wire::PacketHeader::BYTES + BLOCK_HEAD_BYTES;
/// What a world's buffers for private packets hold at least, or its rooms can't leave it: a block with the longest piece.
#[cfg(feature = "moving")]
pub const BLOCK_BUFFER_BYTES: usize =
    BLOCK_FRAME_HEAD_BYTES + super::world::moving::PIECE_MAX_BYTES;
/// `RoomOpened` as a frame: which room, its line, whether it is listed.
#[cfg(feature = "rooms")]
const ROOM_OPENED_FRAME_BYTES: usize = crate::wire::PacketHeader::BYTES
    + OPCODE_BYTES
    + VARINT_U16_MAX_BYTES
    + (1 + ROOM_NAME_MAX_BYTES + 1 + ROOM_MODE_MAX_BYTES + 2 * VARINT_U16_MAX_BYTES + 2)
    + (1 + crate::protocol::ROOM_PROPERTIES_MAX_BYTES)
    + 1;
/// What a world's buffers for private packets hold at least, so that it can tell Main of its rooms.
#[cfg(all(feature = "rooms", not(feature = "moving")))]
pub const WORLD_BUFFER_BYTES: usize = ROOM_OPENED_FRAME_BYTES;
/// What a world's buffers for private packets hold at least, so that it can tell Main of its rooms, and let them move.
#[cfg(feature = "moving")]
pub const WORLD_BUFFER_BYTES: usize = BLOCK_BUFFER_BYTES;

/// A world hears Main.
pub const WORLD_HEARS_BYTES: usize = if cfg!(feature = "moving") {
    BLOCK_BYTES
} else if cfg!(feature = "rooms") {
    NAMED_ATTACH_BYTES
} else {
    PLAIN_ATTACH_BYTES
};
/// Main hears worlds, Login and the chat server.
pub const MAIN_HEARS_BYTES: usize =
    if cfg!(feature = "moving") { BLOCK_BYTES } else { REVOCATIONS_BYTES };
/// Login hears Mains.
pub const LOGIN_HEARS_BYTES: usize = CLUSTER_PROOF_BYTES;
/// The chat server hears Mains.
pub const CHAT_HEARS_BYTES: usize = super::chat::MAIN_BODY_MAX_BYTES;

#[cfg(feature = "moving")]
const _: () = assert!(BLOCK_BUFFER_BYTES >= ROOM_OPENED_FRAME_BYTES);

const _: () = {
    assert!(BLOCK_BYTES >= REVOCATIONS_BYTES && BLOCK_BYTES >= NAMED_ATTACH_BYTES);
    assert!(MAIN_HEARS_BYTES >= USER_LIST_BYTES && MAIN_HEARS_BYTES >= CLUSTER_PROOF_BYTES);
    assert!(
        MAIN_HEARS_BYTES + crate::wire::PacketHeader::BYTES >= super::chat::PAST_FRAME_MAX_BYTES
    );
    assert!(CHAT_HEARS_BYTES >= CLUSTER_PROOF_BYTES);
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::dialer_to_listener::ClusterProof;
    use crate::protocol::login_to_main::Revocations;
    use crate::protocol::main_to_world::{AttachUser, TakeBlock};
    use crate::protocol::world_to_main::{RoomBlock, UserList};
    use crate::protocol::{
        Bytes, HandshakeKey, KeyId, Message, Nonce, Proof, ROOM_BLOCK_BYTES, Revision, Revocation,
        Text, Uid, Wish, WishKind, WorldId, encode_frame,
    };
    use crate::wire::PacketHeader;

    fn body_bytes<M: Message>(message: &M) -> usize {
        let mut out = [0; 600];
        encode_frame(message, &mut out).unwrap() - PacketHeader::BYTES
    }

    fn longest_wish() -> Wish<'static> {
        Wish {
            kind: WishKind(u16::MAX),
            name: Text::new("nnnnnnnnnnnnnnnnnnnnnnnn").unwrap(),
            mode: Text::new("mmmmmmmmmmmmmmmm").unwrap(),
            secret: Text::new("ssssssssssssssssssssssss").unwrap(),
            options: Bytes::new(&[1; ROOM_OPTIONS_MAX_BYTES]).unwrap(),
            is_listed: true,
            places: u16::MAX,
        }
    }

    #[test]
    fn the_longest_messages_are_as_long_as_that() {
        let (uid, revision) = (Uid::MAX, Revision(Uid::MAX.0));
        let proof = Proof([1; 32]);
        let shown =
            ClusterProof { id: u16::MAX, nonce: Nonce([1; 16]), proof, former_proof: Some(proof) };
        assert_eq!(body_bytes(&shown), CLUSTER_PROOF_BYTES);
        let (handshake_key, ttl_ms, attempt) = (HandshakeKey([1; 32]), u32::MAX, u32::MAX);
        let attach = AttachUser {
            uid,
            key_id: KeyId([1; 8]),
            handshake_key,
            ttl_ms,
            attempt,
            account: Text::truncated("alice@example.org, alice@example.org"),
            nickname: Text::truncated("alice, and all the others"),
            wish: Wish::ANY,
        };
        assert_eq!(body_bytes(&attach), PLAIN_ATTACH_BYTES);
        assert_eq!(body_bytes(&AttachUser { wish: longest_wish(), ..attach }), NAMED_ATTACH_BYTES);
        let uids = core::iter::repeat_n(uid, USER_PAGE_USERS).collect();
        let list =
            UserList { is_first: true, is_last: true, uids, held: u32::MAX, spectators: u32::MAX };
        assert_eq!(body_bytes(&list), USER_LIST_BYTES);
        let one = Revocation { uid, revision, renewed_at: revision };
        let list = core::iter::repeat_n(one, REVOCATION_PAGE).collect();
        let page = Revocations { after: revision, after_uid: uid, list, complete: revision };
        assert_eq!(body_bytes(&page), REVOCATIONS_BYTES);
        let bytes = Bytes::new(&[1; ROOM_BLOCK_BYTES]).unwrap();
        let (move_id, to, index) = (u32::MAX, WorldId(u16::MAX), u16::MAX);
        let block = RoomBlock { move_id, to, index, is_last: true, bytes };
        assert_eq!(body_bytes(&block), BLOCK_BYTES);
        #[cfg(feature = "rooms")]
        {
            let line = crate::protocol::RoomLine {
                name: longest_wish().name,
                mode: longest_wish().mode,
                members: u16::MAX,
                capacity: u16::MAX,
                is_locked: true,
                is_private: true,
                properties: Bytes::new(&[1; crate::protocol::ROOM_PROPERTIES_MAX_BYTES]).unwrap(),
            };
            let room_id = crate::protocol::RoomId(u16::MAX);
            let opened =
                crate::protocol::world_to_main::RoomOpened { room_id, line, is_listed: true };
            assert_eq!(body_bytes(&opened) + PacketHeader::BYTES, ROOM_OPENED_FRAME_BYTES);
        }
        let block = TakeBlock { move_id, from: to, index, is_last: true, bytes };
        assert_eq!(body_bytes(&block), BLOCK_BYTES);
    }
}
