//! Client and Login: an id and a password for a token.

use super::{ACCOUNT_MAX_BYTES, protocol};
use super::{LoginDenial, Password, Text, Token, Uid, Versions};
use crate::wire::opcode::LOGIN;

protocol! {
    /// From a client to Login.
    mod client_to_login in LOGIN.client_to_server, hears login_to_client;

    /// The only message: answered by [`LoginAck`](super::login_to_client::LoginAck) or
    /// [`LoginDenied`](super::login_to_client::LoginDenied), behind which the connection closes.
    1 login_req => LoginReq<'a> {
        /// The versions that the client speaks.
        versions: Versions,
        /// The account's id.
        #[serde(borrow)]
        id: Text<'a, ACCOUNT_MAX_BYTES>,
        /// Its password.
        #[serde(borrow)]
        pw: Password<'a>,
        /// What this device was given at an earlier login of the account.
        device: Option<Token>,
    }
}

protocol! {
    /// From Login to a client.
    mod login_to_client in LOGIN.server_to_client;

    /// You are this user.
    1 login_ack => LoginAck {
        /// The version that the answer is in.
        version: u16,
        /// The account's uid.
        uid: Uid,
        /// For [`Hello`](super::super::client_to_main::Hello), until it expires.
        token: Token,
        /// For how long the token is good, in seconds from now.
        ttl_s: u32,
        /// For the next [`LoginReq`](super::client_to_login::LoginReq) of this device: wrong guesses of
        /// others do not hold it back.
        device: Token,
    }

    /// You get no token.
    2 login_denied => LoginDenied {
        /// Why.
        reason: LoginDenial,
        /// When the next attempt will be heard, in milliseconds from now; 0 for at once.
        retry_after_ms: u32,
    }
}
