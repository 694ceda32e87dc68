//! `Names`: what a user is called.
//!
//! Contract: the account's name is Login's word, the nickname the user's own, which Main has
//! [looked at](super::main::nicknames). Without the cargo feature `names` nothing of it is kept, and nobody has a
//! name.
//!
//! ```
//! use tinyrealm_core::node::Names;
//! use tinyrealm_core::protocol::Text;
//! let names = Names::new(Text::truncated("alice"), Text::truncated(""));
//! # #[cfg(feature = "names")]
//! assert_eq!(names.shown(), "alice");
//! ```

use crate::protocol::{ACCOUNT_MAX_BYTES, NAME_MAX_BYTES, NICKNAME_MAX_BYTES, Text};

const _: () = assert!(ACCOUNT_MAX_BYTES <= NAME_MAX_BYTES && NICKNAME_MAX_BYTES <= NAME_MAX_BYTES);

/// What a user is called; see the [module](self).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Names {
    #[cfg(feature = "names")]
    account: heapless::String<ACCOUNT_MAX_BYTES, u8>,
    #[cfg(feature = "names")]
    nickname: heapless::String<NICKNAME_MAX_BYTES, u8>,
}

impl Names {
    /// Of somebody without a name.
    pub const NONE: Self = Self {
        #[cfg(feature = "names")]
        account: heapless::String::new(),
        #[cfg(feature = "names")]
        nickname: heapless::String::new(),
    };

    /// The user's own name for itself, or else that of its account; empty for none.
    pub fn shown(&self) -> &str {
        if self.nickname().is_empty() { self.account() } else { self.nickname() }
    }
}

#[cfg(feature = "names")]
impl Names {
    /// Of whoever has these; either may be empty.
    pub fn new(
        account: Text<'_, ACCOUNT_MAX_BYTES>,
        nickname: Text<'_, NICKNAME_MAX_BYTES>,
    ) -> Self {
        // The messages' types keep them within the strings' capacities.
        Self {
            account: heapless::String::try_from(account.as_str()).unwrap_or_default(),
            nickname: heapless::String::try_from(nickname.as_str()).unwrap_or_default(),
        }
    }

    /// The account's name; empty for a guest.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The user's own name for itself; empty for none.
    pub fn nickname(&self) -> &str {
        &self.nickname
    }
}

#[cfg(not(feature = "names"))]
impl Names {
    /// Nothing is kept.
    pub const fn new(_: Text<'_, ACCOUNT_MAX_BYTES>, _: Text<'_, NICKNAME_MAX_BYTES>) -> Self {
        Self::NONE
    }

    /// The account's name; empty for a guest.
    pub const fn account(&self) -> &str {
        ""
    }

    /// The user's own name for itself; empty for none.
    pub const fn nickname(&self) -> &str {
        ""
    }
}
