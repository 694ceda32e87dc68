//! `DeviceKey`: the credential of a device that has an account, and no password.
//!
//! Purpose: a device seals its link to Main, and is let in, with one key that it keeps; it needs no Login for that. All
//! that is said, or kept elsewhere, is derived from it (HKDF-Expand, RFC 5869), each for one thing.
//!
//! ```text
//!  key ──┬── "… id"    ► key id, said in clear: which key is meant
//!        ├── "… seal"  ► seal key: Login keeps it, and tells it a Main that is asked to seal a link
//!        └── "… token" ► token, said sealed: who it is; Login keeps its hash
//! ```
//! Contract: none of the three tells the key or another of them. Whoever reads what Login keeps can't let himself in: he
//! has no token.
//!
//! ```
//! use tinyrealm_core::node::device_key::DeviceKey;
//! let key = DeviceKey::from_hex(&"07".repeat(32)).unwrap();
//! assert_eq!(format!("{key:?}"), "DeviceKey(…)");
//! assert_ne!(key.key_id(), DeviceKey::new([8; 32]).key_id());
//! ```

use super::cluster::{bytes_from_hex, mac};
use crate::protocol::{KeyId, SealKey, Token};

/// What a device has, and nobody else: 256 random bits. It prints as `…`.
#[derive(Clone)]
pub struct DeviceKey([u8; 32]);

impl DeviceKey {
    /// A key of random bytes.
    pub const fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// From 64 hexadecimal digits, as it is written down; none from anything else.
    pub const fn from_hex(text: &str) -> Option<Self> {
        match bytes_from_hex(text) {
            Some(key) => Some(Self(key)),
            None => None,
        }
    }

    /// What it is called by.
    pub fn key_id(&self) -> KeyId {
        KeyId(self.expand(b"tinyrealm device id v2").first_chunk().copied().unwrap_or_default())
    }

    /// What its link to Main is sealed with.
    pub fn seal_key(&self) -> SealKey {
        SealKey(self.expand(b"tinyrealm device seal v2"))
    }

    /// What it shows to Main, on a link that is sealed.
    pub fn token(&self) -> Token {
        Token(self.expand(b"tinyrealm device token v2"))
    }

    fn expand(&self, info: &[u8]) -> [u8; 32] {
        mac(&self.0, &[info, &[1]])
    }
}

impl core::fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("DeviceKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::string::String;

    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Worked out with another implementation (Python's `hmac`): see PROTOCOL.md.
    #[test]
    fn what_is_derived_is_these_bytes() {
        let key = DeviceKey::new(core::array::from_fn(|place| place as u8));
        assert_eq!(hex(&key.key_id().0), ID);
        assert_eq!(hex(&key.seal_key().0), SEAL);
        assert_eq!(hex(&key.token().0), TOKEN);
        let page = include_str!("../../../PROTOCOL.md");
        assert!([ID, SEAL, TOKEN].iter().all(|text| page.contains(text)));
    }

    #[test]
    fn both_sides_of_a_written_key() {
        let written = hex(&core::array::from_fn::<u8, 32, _>(|place| place as u8));
        assert_eq!(hex(&DeviceKey::from_hex(&written).unwrap().key_id().0), ID);
        for wrong in [&written[1..], &format!("{written}0"), &written.replace('f', "g"), ""] {
            assert!(DeviceKey::from_hex(wrong).is_none(), "{wrong}");
        }
    }

    const ID: &str = "1cf2862ef3bb7e9c";
    const SEAL: &str = "126c566dfe48b26fab1db749b7c02759906de9265ed5c8aea09706b4385a6f0c";
    const TOKEN: &str = "99ed0550c1b16b71a1a4ada717f49c9c65cfc431b339f6ea9451ed834bc2f1ee";
}
