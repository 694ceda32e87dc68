//! `Door`: who is let in by a Main: guests, or those whom Login knows. The seed chooses.

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::main::{Accounts, Authenticator, Guests, Identity};
use tinyrealm_core::protocol::{ErrorCode, Token, Uid};

/// One of the core's authenticators; see the [module](self).
pub(crate) enum Door {
    Guests(Guests),
    Accounts(Accounts),
}

impl Authenticator for Door {
    fn identify(
        &mut self,
        turn: &mut Turn<'_>,
        token: Option<Token>,
        is_taken: &dyn Fn(Uid) -> bool,
    ) -> Result<Identity, ErrorCode> {
        match self {
            Self::Guests(guests) => guests.identify(turn, token, is_taken),
            Self::Accounts(accounts) => accounts.identify(turn, token, is_taken),
        }
    }
}
