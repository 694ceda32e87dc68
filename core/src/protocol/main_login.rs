//! Main and Login: whose token is this?

use super::protocol;
use super::{ErrorCode, Token, Uid};
use crate::wire::opcode::LOGIN;

protocol! {
    /// From Main to Login.
    mod main_to_login in LOGIN.peer_to_server;

    /// Whose token is it? Asking twice gives the same answer, while the token is good.
    1 verify_token => VerifyToken {
        /// A number that the answer repeats.
        request: u32,
        /// What a client has shown.
        token: Token,
    }
}

protocol! {
    /// From Login to Main.
    mod login_to_main in LOGIN.server_to_peer;

    /// It is this user's.
    1 verify_ack => VerifyAck {
        /// The number of the `VerifyToken` that it answers.
        request: u32,
        /// Who.
        uid: Uid,
    }

    /// It is nobody's, or can't be checked now.
    2 verify_denied => VerifyDenied {
        /// The number of the `VerifyToken` that it answers.
        request: u32,
        /// `BAD_TOKEN`, `BUSY` or `LOGIN_UNAVAILABLE`.
        reason: ErrorCode,
    }
}
