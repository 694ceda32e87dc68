//! `TokenHash`: a token as it is stored.
//!
//! Purpose: whoever reads the store, or a copy of it, has no token. A token is 256 random bits, so
//! one SHA-256 without salt is enough: there is nothing to guess.
//!
//! ```
//! use tinyrealm_core::node::login::TokenHash;
//! use tinyrealm_core::protocol::Token;
//! assert_eq!(TokenHash::of(&Token([1; 32])), TokenHash::of(&Token([1; 32])));
//! assert_ne!(TokenHash::of(&Token([1; 32])), TokenHash::of(&Token([2; 32])));
//! ```

use sha2::{Digest, Sha256};

use crate::protocol::Token;

/// The SHA-256 of a token.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct TokenHash(pub [u8; 32]);

impl TokenHash {
    /// The hash of `token`.
    pub fn of(token: &Token) -> Self {
        Self(Sha256::digest(token.0).into())
    }
}
