//! Main and Login: whose token is this, and what is a device's link sealed with?

use super::{ACCOUNT_MAX_BYTES, REVOCATION_PAGE, protocol};
use super::{ErrorCode, KeyId, Revision, Revocation, SealKey, Text, Token, Uid};
use crate::wire::opcode::LOGIN;

protocol! {
    /// From Main to Login.
    mod main_to_login in LOGIN.peer_to_server;

    /// Whose token is it? Asking twice gives the same answer, while the token is good.
    1 verify_token => VerifyToken {
        /// A number that the answer repeats, and that no other question of this Main has.
        request: u32,
        /// What a client has shown.
        token: Token,
    }

    /// Who was revoked behind this place? They are told in order, by revision and uid. Answered by
    /// [`Revocations`](super::login_to_main::Revocations), or by nothing if there is too much to do.
    2 revoked_since => RevokedSince {
        /// The revision up to which everything is known: 0 for nothing.
        revision: Revision,
        /// And of the next revision those up to this uid; [`Uid::MAX`] for all of `revision`.
        uid: Uid,
    }

    /// What is this device's link to be sealed with? That is all that a device proves with it: who it is, the token of its
    /// first message says.
    3 verify_device => VerifyDevice {
        /// A number that the answer repeats, and that no other question of this Main has.
        request: u32,
        /// What a client has called its key by.
        key_id: KeyId,
    }
}

protocol! {
    /// From Login to Main.
    mod login_to_main in LOGIN.server_to_peer;

    /// It is this user's.
    1 verify_ack => VerifyAck<'a> {
        /// The number of the `VerifyToken` that it answers.
        request: u32,
        /// Who.
        uid: Uid,
        /// Of which revision of the accounts that is so.
        revision: Revision,
        /// The account's name.
        #[serde(borrow)]
        account: Text<'a, ACCOUNT_MAX_BYTES>,
    }

    /// It is nobody's, or can't be checked now.
    2 verify_denied => VerifyDenied {
        /// The number of the `VerifyToken` or `VerifyDevice` that it answers.
        request: u32,
        /// `BAD_TOKEN` of a token, `BAD_PROOF` of a device's key, `BUSY` or `LOGIN_UNAVAILABLE`.
        reason: ErrorCode,
    }

    /// The accounts have this revision now: somebody may have been revoked.
    3 store_revision => StoreRevision {
        /// It only rises.
        revision: Revision,
    }

    /// Whatever these users had been given is void: sessions, tickets, channels. What began with a later
    /// revision is not concerned.
    4 revocations => Revocations {
        /// The question's revision.
        after: Revision,
        /// The question's uid.
        after_uid: Uid,
        /// Who, in order.
        list: heapless::Vec<Revocation, REVOCATION_PAGE>,
        /// The revision up to which everything is told, if there is no more; else 0, and the next question
        /// is for those behind the last one here.
        complete: Revision,
    }
    /// Somebody's device has this key, and may come in.
    5 device_ack => DeviceAck {
        /// The number of the `VerifyDevice` that it answers.
        request: u32,
        /// What its link is sealed with.
        seal_key: SealKey,
    }
}
