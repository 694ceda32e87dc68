//! People: who wants in, what the game says to that, and how it gets rid of somebody.
//!
//! Purpose: [`Game::admit`](super::Game::admit) is asked [who](Who) comes before anybody sees anything, and answers
//! with an [`Admission`]. Later a game asks [`RoomContext::who`], [kicks](RoomContext::kick) and
//! [bans](RoomContext::ban).
//!
//! Contract: a game sees what somebody wants ([`Who::options`]) of a room whose name and mode it knows
//! ([`RoomContext::name`], [`RoomContext::mode`]), before it is in. Whoever is refused, kicked or banned is told the game's code and words, and does not come back by
//! itself. A game never learns an address.
//!
//! Bounds: a refusal's words have up to [`REFUSAL_MAX_BYTES`] bytes.
//!
//! ```
//! use tinyrealm_core::node::world::{Admission, Game, Refusal, RoomContext, Who};
//!
//! /// A room for those who have an account; others may look on.
//! struct Members;
//! impl Game for Members {
//!     const NAME: &'static str = "members";
//!     fn admit(&mut self, _: &mut RoomContext<'_, '_>, who: &Who<'_>) -> Admission {
//!         match who.options {
//!             b"watch" => Admission::Spectator,
//!             _ if who.is_guest => Admission::Refuse(Refusal::new(1, "members only")),
//!             _ => Admission::Player,
//!         }
//!     }
//! }
//! ```

use super::RoomContext;
use crate::node::Names;
use crate::protocol::world_to_client::JoinDenied;
use crate::protocol::{ErrorCode, JoinDenial, MemberNumber, REFUSAL_MAX_BYTES, Text, Uid};
use crate::session::PeerAddress;
use crate::session::manager::Farewell;
use crate::wire::Full;

/// Somebody who wants in, or is in.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Who<'w> {
    /// Who.
    pub uid: Uid,
    /// What it is called in the room; none for a spectator, and as long as it is not in.
    pub number: Option<MemberNumber>,
    /// The name of its account, which is nobody else's; empty for a guest.
    pub name: &'w str,
    /// What it wants to be called; empty for nothing. Others may want the same.
    pub nickname: &'w str,
    /// Whether Main has invented it.
    pub is_guest: bool,
    /// Where it comes from, roughly.
    pub address: AddressClass,
    /// Whether its seat was held for it.
    pub is_returning: bool,
    /// What it wants of the room, in the game's own words: the options of its wish, as far as it has any. Only for
    /// [`Game::admit`](super::Game::admit), and empty where rooms have no names (core's feature `rooms`).
    pub options: &'w [u8],
}

impl<'w> Who<'w> {
    pub(super) fn new(uid: Uid, names: &'w Names, address: PeerAddress) -> Self {
        Self {
            uid,
            number: None,
            name: names.account(),
            nickname: names.nickname(),
            is_guest: uid.is_guest(),
            address: AddressClass::of(address),
            is_returning: false,
            options: &[],
        }
    }
}

/// Where somebody comes from.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum AddressClass {
    /// The world's own machine.
    Loopback,
    /// A network that is not the internet: a home's, a company's, a provider's inner one.
    Private,
    /// Anywhere else, and wherever nobody knows.
    Public,
}

impl AddressClass {
    /// The class of an address.
    pub const fn of(address: PeerAddress) -> Self {
        match address.0 {
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, a, b, _, _] => Self::of_v4(a, b),
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] => Self::Loopback,
            // Unique local, and of one link.
            [0xFC | 0xFD, ..] | [0xFE, 0x80..=0xBF, ..] => Self::Private,
            _ => Self::Public,
        }
    }

    const fn of_v4(a: u8, b: u8) -> Self {
        match (a, b) {
            (127, _) => Self::Loopback,
            (10, _) | (172, 16..=31) | (192, 168) | (169, 254) | (100, 64..=127) => Self::Private,
            _ => Self::Public,
        }
    }
}

/// What a game says to somebody who wants in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Admission {
    /// It plays.
    Player,
    /// It hears the room, and has neither a place nor a body there. A room without room for one more spectator
    /// is full.
    Spectator,
    /// It stays outside.
    Refuse(Refusal),
}

/// Why somebody is not wanted: a number for programs, words for people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// In the game's own numbering; 0 for none.
    pub code: u16,
    /// Empty for none.
    pub reason: heapless::String<REFUSAL_MAX_BYTES, u8>,
}

impl Refusal {
    /// Without a reason.
    pub const UNSAID: Self = Self { code: 0, reason: heapless::String::new() };

    /// As much of `reason` as fits, cut between characters.
    pub fn new(code: u16, reason: &str) -> Self {
        let cut = Text::<REFUSAL_MAX_BYTES>::truncated(reason);
        Self { code, reason: heapless::String::try_from(cut.as_str()).unwrap_or_default() }
    }

    /// What the client hears.
    pub(super) fn denied(&self, reason: JoinDenial) -> JoinDenied<'_> {
        JoinDenied { reason, code: self.code, text: Text::truncated(&self.reason) }
    }
}

impl RoomContext<'_, '_> {
    /// Who somebody in the room is, member or spectator.
    pub fn who(&self, uid: Uid) -> Option<Who<'_>> {
        let user = self.rooms.users.get(self.rooms.users.find(uid)?)?;
        let address = self.sessions.address(user.session).unwrap_or_default();
        let who = Who::new(uid, &user.names, address);
        let number = (!user.is_spectator()).then_some(user.number);
        (user.room == self.room).then_some(Who { number, ..who })
    }

    /// Those who only listen.
    pub fn spectators(&self) -> impl Iterator<Item = Uid> {
        let keys = self.rooms.spectator_keys(self.room);
        keys.filter_map(|key| Some(self.rooms.users.get(key)?.uid))
    }

    /// Removes somebody from the room and closes its connection. Its client shows why, and does not come back by
    /// itself. Whoever is away loses its seat.
    pub fn kick(&mut self, uid: Uid, why: &Refusal) {
        self.put_out(uid, why, JoinDenial::REFUSED, ErrorCode::REMOVED);
    }

    /// Bans somebody for a time, of seven weeks at most: it is out of this room, and neither Main nor a world of
    /// the realm takes it until then.
    ///
    /// # Errors
    /// [`Full`] if the world keeps as many bans as it can, or none: then it is out of the room, and no more.
    pub fn ban(&mut self, uid: Uid, for_ms: u32, why: &Refusal) -> Result<(), Full> {
        self.put_out(uid, why, JoinDenial::BANNED, ErrorCode::BANNED);
        self.rooms.bans.add(self.now, uid, for_ms)
    }

    fn put_out(&mut self, uid: Uid, why: &Refusal, denial: JoinDenial, code: ErrorCode) {
        let Some(session) = self.session_of(uid) else { return };
        self.rooms.give_up_seat(self.now, uid, code);
        self.rooms.send_held(self.sessions, uid);
        if *why != Refusal::UNSAID {
            // Whose queue is full is told less.
            let _ = self.sessions.send(session, &why.denied(denial));
        }
        self.sessions.close(self.now, session, Farewell::Bye(code));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_every_class_of_addresses() {
        let v4 = |a, b| PeerAddress([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, a, b, 7, 7]);
        let v6 = |a, b, last| PeerAddress([a, b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
        let near = [v4(127, 0), v4(127, 255), v6(0, 0, 1)];
        let private = [
            [v4(10, 0), v4(10, 255), v4(172, 16), v4(172, 31), v4(192, 168)],
            [v4(169, 254), v4(100, 64), v4(100, 127), v6(0xFC, 0, 1), v6(0xFD, 255, 1)],
            [v6(0xFE, 0x80, 1), v6(0xFE, 0xBF, 1), v4(10, 1), v4(10, 2), v4(10, 3)],
        ];
        let public = [
            [v4(126, 255), v4(128, 0), v4(9, 255), v4(11, 0), v4(172, 15), v4(172, 32)],
            [v4(192, 167), v4(192, 169), v4(169, 253), v4(100, 63), v4(100, 128), v6(0, 0, 2)],
            [
                v6(0xFB, 255, 1),
                v6(0xFE, 0x7F, 1),
                v6(0xFE, 0xC0, 1),
                v6(0, 0, 0),
                v4(1, 1),
                v4(8, 8),
            ],
        ];
        assert!(near.into_iter().all(|it| AddressClass::of(it) == AddressClass::Loopback));
        assert!(
            private.into_iter().flatten().all(|it| AddressClass::of(it) == AddressClass::Private)
        );
        assert!(
            public.into_iter().flatten().all(|it| AddressClass::of(it) == AddressClass::Public)
        );
    }

    #[test]
    fn both_sides_of_a_refusal_s_words() {
        let longest = "x".repeat(REFUSAL_MAX_BYTES);
        assert_eq!(Refusal::new(7, &longest).reason, *longest);
        assert_eq!(Refusal::new(7, &(longest.clone() + "y")).reason, *longest);
        assert_eq!(Refusal::new(0, ""), Refusal::UNSAID);
    }
}
