//! `Tokens`: whose each token is.
//!
//! Invariant: a token is worth one uid, for as long as it is worth anything, on whichever Main.

use std::collections::HashMap;

use tinyrealm_core::protocol::{Token, Uid};

use crate::broken::{Broken, ensure};

/// Every token that was ever welcomed; see the [module](self).
#[derive(Default)]
pub(crate) struct Tokens {
    uids: HashMap<[u8; 32], Uid>,
}

impl Tokens {
    pub(super) fn take(&mut self, uid: Uid, token: &Token) -> Result<(), Broken> {
        let before = *self.uids.entry(token.0).or_insert(uid);
        ensure(before == uid, "a token is worth one user", || {
            format!("it was {before:?}'s, and is {uid:?}'s")
        })
    }
}
