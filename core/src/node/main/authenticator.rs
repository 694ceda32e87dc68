//! `Authenticator`: who somebody is that says hello.
//!
//! Purpose: Main asks one authenticator, whichever the configuration names. [`Guests`] invents a user
//! for everyone who has no token, and recognises the tokens that it has given: a token carries the
//! uid and a MAC over it, so nothing is stored, and a Main that restarts with the same secret still
//! knows its guests. [`Accounts`] leaves the answer to LoginServer, which comes later. [`GuestsOrAccounts`] is either.
//!
//! Bounds: one HMAC-SHA-256 (RFC 2104) over 16 bytes a hello; tokens of guests do not expire.
//!
//! ```
//! use tinyrealm_core::entropy::{Entropy, Turn};
//! use tinyrealm_core::node::main::{Authenticator, Guests, Identity};
//! # struct Zeros;
//! # impl Entropy for Zeros { fn fill(&mut self, bytes: &mut [u8]) { bytes.fill(0) } }
//! # let mut zeros = Zeros;
//! # let mut turn = Turn { now: Default::default(), entropy: &mut zeros };
//! let mut guests = Guests::new([7; 32]);
//! let Ok(Identity::Known(uid, token)) = guests.identify(&mut turn, None, &|_| false) else { panic!() };
//! let again = guests.identify(&mut turn, Some(token), &|_| true);
//! assert_eq!(again, Ok(Identity::Known(uid, token)));
//! ```

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::nicknames;
use crate::entropy::Turn;
use crate::protocol::{ErrorCode, NICKNAME_MAX_BYTES, ROOM_NAME_MAX_BYTES, Token, Uid};
use crate::session::PeerAddress;
use crate::time::Instant;
use crate::wire::BinaryReader;

/// Who a client is, as far as that can be said at once.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Identity {
    /// This user, and the token to show next time.
    Known(Uid, Token),
    /// Whoever LoginServer says that this token is.
    AskLogin(Token),
}

/// Tells who a client is.
pub trait Authenticator {
    /// The user who shows `token`, or a new one. `is_taken` tells whether a uid is in use.
    ///
    /// # Errors
    /// What the client is told.
    fn identify(
        &mut self,
        turn: &mut Turn<'_>,
        token: Option<Token>,
        is_taken: &dyn Fn(Uid) -> bool,
    ) -> Result<Identity, ErrorCode>;

    /// Whether this user may come from there, and stay.
    ///
    /// # Errors
    /// What it is told.
    fn welcomes(&mut self, uid: Uid, from: PeerAddress) -> Result<(), ErrorCode> {
        let _ = (uid, from);
        Ok(())
    }

    /// What a user is called that wants to be called this: the same text in the form that compares (NFC), by
    /// whoever has the tables for it, and [checked](nicknames::checked).
    ///
    /// # Errors
    /// What the client is told.
    fn nickname(
        &mut self,
        wanted: &str,
    ) -> Result<heapless::String<NICKNAME_MAX_BYTES>, ErrorCode> {
        nicknames::checked(wanted)
    }

    /// What a room, or a mode of rooms, is called that is wanted by this name: the same text in the form that compares
    /// (NFC), by whoever has the tables for it, and [checked](nicknames::checked_room).
    ///
    /// # Errors
    /// What the client is told.
    fn room_name(
        &mut self,
        wanted: &str,
    ) -> Result<heapless::String<ROOM_NAME_MAX_BYTES>, ErrorCode> {
        nicknames::checked_room(wanted)
    }

    /// A game has banned this user, for so long from now: from here on it is not [welcome](Self::welcomes). Whoever
    /// keeps no bans leaves it to the worlds, which keep their own.
    fn ban(&mut self, now: Instant, uid: Uid, for_ms: u32) {
        let _ = (now, uid, for_ms);
    }
}

/// Only those whom LoginServer knows are welcome.
#[derive(Copy, Clone, Debug)]
pub struct Accounts;

impl Authenticator for Accounts {
    fn identify(
        &mut self,
        _: &mut Turn<'_>,
        token: Option<Token>,
        _: &dyn Fn(Uid) -> bool,
    ) -> Result<Identity, ErrorCode> {
        token.map(Identity::AskLogin).ok_or(ErrorCode::LOGIN_NEEDED)
    }
}

/// Whichever of the two a realm is configured to have.
#[derive(Clone)]
pub enum GuestsOrAccounts {
    /// Everyone is welcome.
    Guests(Guests),
    /// Whoever Login knows.
    Accounts(Accounts),
}

impl Authenticator for GuestsOrAccounts {
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

/// Everyone is welcome, under an invented name.
#[derive(Clone)]
pub struct Guests {
    secret: [u8; 32],
}

const SIGNED_BYTES: usize = 16;
const MAC_BYTES: usize = 16;
/// Random uids that are tried before giving up; more than a few mean that the realm is full.
const UID_DRAWS: usize = 16;

impl Guests {
    /// Guests whose tokens are signed with `secret`.
    pub const fn new(secret: [u8; 32]) -> Self {
        Self { secret }
    }

    fn mac(&self, signed: &[u8; SIGNED_BYTES]) -> Option<[u8; MAC_BYTES]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).ok()?;
        mac.update(b"tinyrealm guest v2");
        mac.update(signed);
        mac.finalize().into_bytes().first_chunk().copied()
    }

    /// `[uid: u64 LE][salt: 8 bytes][mac: 16 bytes]`
    fn issue(&self, turn: &mut Turn<'_>, uid: Uid) -> Option<Token> {
        let mut signed: [u8; SIGNED_BYTES] = turn.random();
        *signed.first_chunk_mut()? = uid.0.to_le_bytes();
        let mut token = [0; SIGNED_BYTES + MAC_BYTES];
        *token.first_chunk_mut()? = signed;
        *token.last_chunk_mut()? = self.mac(&signed)?;
        Some(Token(token))
    }

    fn verify(&self, token: Token) -> Option<Uid> {
        let mut reader = BinaryReader::new(&token.0);
        let signed = reader.array::<SIGNED_BYTES>().ok()?;
        let (uid, _) = signed.split_first_chunk()?;
        let mut expected = token;
        *expected.0.last_chunk_mut()? = self.mac(&signed)?;
        // Tokens compare in constant time.
        (expected == token).then_some(Uid(u64::from_le_bytes(*uid)))
    }
}

impl Authenticator for Guests {
    fn identify(
        &mut self,
        turn: &mut Turn<'_>,
        token: Option<Token>,
        is_taken: &dyn Fn(Uid) -> bool,
    ) -> Result<Identity, ErrorCode> {
        if let Some(token) = token {
            let uid = self.verify(token).ok_or(ErrorCode::BAD_TOKEN)?;
            return Ok(Identity::Known(uid, token));
        }
        for _ in 0..UID_DRAWS {
            let uid = Uid(u64::from_le_bytes(turn.random()) & Uid::MAX.0 | Uid::GUEST_BIT);
            if !is_taken(uid) {
                let token = self.issue(turn, uid).ok_or(ErrorCode::FULL)?;
                return Ok(Identity::Known(uid, token));
            }
        }
        Err(ErrorCode::FULL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::Entropy;
    struct Counter(u8);
    impl Entropy for Counter {
        fn fill(&mut self, bytes: &mut [u8]) {
            bytes.fill_with(|| {
                self.0 = self.0.wrapping_add(1);
                self.0
            });
        }
    }

    fn identify(
        guests: &mut Guests,
        token: Option<Token>,
        taken: &dyn Fn(Uid) -> bool,
    ) -> Result<(Uid, Token), ErrorCode> {
        let mut turn = Turn { now: Instant::ZERO, entropy: &mut Counter(0) };
        guests.identify(&mut turn, token, taken).map(|identity| match identity {
            Identity::Known(uid, token) => (uid, token),
            Identity::AskLogin(_) => panic!("guests are known at once"),
        })
    }

    #[test]
    fn an_account_needs_a_token_and_login_its_say() {
        let mut turn = Turn { now: Instant::ZERO, entropy: &mut Counter(0) };
        let nobody = Accounts.identify(&mut turn, None, &|_| false);
        assert_eq!(nobody, Err(ErrorCode::LOGIN_NEEDED));
        let token = Token([7; 32]);
        let somebody = Accounts.identify(&mut turn, Some(token), &|_| false);
        assert_eq!(somebody, Ok(Identity::AskLogin(token)));
    }

    #[test]
    fn either_is_what_it_was_made_of() {
        let mut turn = Turn { now: Instant::ZERO, entropy: &mut Counter(0) };
        let mut guests = GuestsOrAccounts::Guests(Guests::new([1; 32]));
        let guest = guests.identify(&mut turn, None, &|_| false);
        assert!(matches!(guest, Ok(Identity::Known(uid, _)) if uid.is_guest()));
        let mut accounts = GuestsOrAccounts::Accounts(Accounts);
        assert_eq!(accounts.identify(&mut turn, None, &|_| false), Err(ErrorCode::LOGIN_NEEDED));
    }

    #[test]
    fn a_token_is_worth_its_uid_to_whoever_has_the_secret() {
        let mut guests = Guests::new([1; 32]);
        let (uid, token) = identify(&mut guests, None, &|_| false).unwrap();
        assert!(uid.is_guest() && uid <= Uid::MAX);
        let mut restarted = Guests::new([1; 32]);
        assert_eq!(identify(&mut restarted, Some(token), &|_| true), Ok((uid, token)));
        let mut stranger = Guests::new([2; 32]);
        assert_eq!(identify(&mut stranger, Some(token), &|_| true), Err(ErrorCode::BAD_TOKEN));
    }

    #[test]
    fn every_changed_byte_spoils_a_token() {
        let mut guests = Guests::new([1; 32]);
        let (_, token) = identify(&mut guests, None, &|_| false).unwrap();
        for byte in 0..32 {
            let mut forged = token;
            forged.0[byte] ^= 1;
            assert_eq!(identify(&mut guests, Some(forged), &|_| true), Err(ErrorCode::BAD_TOKEN));
        }
    }

    #[test]
    fn a_uid_in_use_is_not_given_again() {
        let mut guests = Guests::new([1; 32]);
        let (first, _) = identify(&mut guests, None, &|_| false).unwrap();
        let (second, _) = identify(&mut guests, None, &|uid| uid == first).unwrap();
        assert_ne!(first, second);
        assert_eq!(identify(&mut guests, None, &|_| true), Err(ErrorCode::FULL));
    }
}
