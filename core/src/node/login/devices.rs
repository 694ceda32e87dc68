//! Devices that an account has logged in from, by the tokens that they keep.
//!
//! Purpose: whoever was let in before is not held back by what others guess at the same account. A login
//! gives a device a token; shown again, with the password, it has its own count of wrong guesses.
//!
//! Contract: nothing is stored. A token names its account and the generation of its password, and has a
//! MAC over them, with the id, under Login's own key: it is worth nothing for another account, and behind
//! a new password nothing at all. It lets nobody in: it is no token for Main.
//!
//! Bounds: one HMAC-SHA-256 an attempt.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::protocol::{Token, Uid};

const CLAIM_BYTES: usize = 16;
const MAC_BYTES: usize = 16;

/// What a device's token says; whether it is so still, the accounts know.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct DeviceClaim {
    /// Whose it is.
    pub uid: Uid,
    /// The generation of the account's password.
    pub generation: u64,
}

impl DeviceClaim {
    fn to_bytes(self) -> [u8; CLAIM_BYTES] {
        let bytes = u128::from(self.generation) << 64 | u128::from(self.uid.0);
        bytes.to_le_bytes()
    }
}

/// Makes and reads tokens of devices; see the [module](self).
pub(super) struct Devices {
    key: [u8; 32],
}

impl core::fmt::Debug for Devices {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Devices(…)")
    }
}

impl Devices {
    pub(super) const fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// The token of a device that has logged in as `id`.
    pub(super) fn issue(&self, id: &str, claim: DeviceClaim) -> Token {
        let mut token = [0; CLAIM_BYTES + MAC_BYTES];
        let claim = claim.to_bytes();
        let halves = token.first_chunk_mut().map(|half| *half = claim);
        let mac = self.mac(id, &claim);
        if let (Some(()), Some(half), Some(mac)) = (halves, token.last_chunk_mut(), mac) {
            *half = mac;
        }
        Token(token)
    }

    /// What a token says, if it is one of ours for `id`.
    pub(super) fn read(&self, id: &str, token: &Token) -> Option<DeviceClaim> {
        let claim = u128::from_le_bytes(*token.0.first_chunk()?);
        let claim = DeviceClaim { uid: Uid(claim as u64), generation: (claim >> 64) as u64 };
        // Tokens compare in constant time.
        (self.issue(id, claim) == *token).then_some(claim)
    }

    fn mac(&self, id: &str, claim: &[u8; CLAIM_BYTES]) -> Option<[u8; MAC_BYTES]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(b"tinyrealm device v1");
        mac.update(claim);
        mac.update(id.as_bytes());
        mac.finalize().into_bytes().first_chunk().copied()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A token of the Login that has this key.
    #[cfg(feature = "shares")]
    pub(in crate::node::login) fn device_of(key: [u8; 32], id: &str, claim: DeviceClaim) -> Token {
        Devices::new(key).issue(id, claim)
    }

    const CLAIM: DeviceClaim = DeviceClaim { uid: Uid(7), generation: 3 };

    #[test]
    fn a_token_is_good_for_one_account_and_one_key() {
        let devices = Devices::new([1; 32]);
        let token = devices.issue("alice", CLAIM);
        assert_eq!(devices.read("alice", &token), Some(CLAIM));
        assert_eq!(devices.read("bob", &token), None);
        assert_eq!(Devices::new([2; 32]).read("alice", &token), None);
        for byte in 0..32 {
            let mut forged = token;
            forged.0[byte] ^= 1;
            assert_eq!(devices.read("alice", &forged), None, "{byte}");
        }
        let next = DeviceClaim { generation: 4, ..CLAIM };
        assert_ne!(devices.issue("alice", next), token);
    }
}
