//! The messages and codes that every link shares.
//!
//! ```
//! use tinyrealm_core::protocol::ErrorCode;
//! assert_eq!(ErrorCode::TOO_FAST.name(), "TOO_FAST");
//! assert_eq!(ErrorCode(999).name(), "UNKNOWN"); // a newer peer may say more
//! ```

use super::codes::Codes;
use super::{Versions, protocol};
use crate::wire::opcode::COMMON;

/// A code that a peer of another version may extend: a number with names for the known values.
macro_rules! codes {
    ($(#[$meta:meta])* $Code:ident { $( $(#[$code_meta:meta])* $NAME:ident = $value:literal, )* }) => {
        $(#[$meta])*
        #[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Default, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $Code(pub u16);

        impl $Code {
            $( $(#[$code_meta])* pub const $NAME: Self = Self($value); )*

            /// Every known code, for documentation and generators.
            pub const ALL: &'static [Self] = &[$(Self::$NAME),*];

            /// The same as data.
            pub const CODES: Codes =
                Codes { name: stringify!($Code), values: &[$(($value, stringify!($NAME))),*] };

            /// The code's name; `UNKNOWN` for one that this version does not know.
            pub const fn name(self) -> &'static str {
                match self.0 {
                    $( $value => stringify!($NAME), )*
                    _ => "UNKNOWN",
                }
            }
        }
    };
}

codes! {
    /// Why something was refused, or a connection closed.
    ErrorCode {
        /// The frame's length is outside of the link's limits.
        BAD_FRAME = 1,
        /// The payload does not decode, or has bytes left over.
        MALFORMED = 2,
        /// The message is known, but not in this state of the connection.
        OUT_OF_PLACE = 3,
        /// More packets a second than allowed.
        TOO_FAST = 4,
        /// No greeting in time.
        GREETING_TIMEOUT = 5,
        /// Nothing heard for too long.
        SILENT = 6,
        /// The server is closing down.
        SHUTTING_DOWN = 7,
        /// The same user has connected again; that connection goes on.
        REPLACED = 8,
        /// The peer reads too slowly for what it is owed.
        TOO_SLOW = 9,
        /// The client speaks a version that this server does not.
        BAD_VERSION = 10,
        /// The token is not valid, or not any more.
        BAD_TOKEN = 11,
        /// Every place is taken.
        FULL = 12,
        /// No world of that region is registered.
        NO_WORLD = 13,
        /// The worlds of that region did not answer in time.
        WORLD_TIMEOUT = 14,
        /// The world that the user was in has gone.
        WORLD_LOST = 15,
        /// The world's key is not that of this id, or Main has it not on its list with this region.
        NOT_YOURS = 16,
        /// There is no chat server.
        CHAT_UNAVAILABLE = 17,
        /// Main has taken the user out of this world.
        DETACHED = 18,
        /// The game has removed the user from its room.
        REMOVED = 19,
        /// The peer ended the connection in good order.
        GOODBYE = 20,
        /// Nothing more of this kind is taken for a moment; try again.
        BUSY = 21,
        /// The peer does not have the key of the link.
        BAD_PROOF = 22,
        /// Accounts can't be checked now; try again.
        LOGIN_UNAVAILABLE = 23,
        /// This realm has no guests: a token of the login server is needed.
        LOGIN_NEEDED = 24,
        /// The account was disabled, removed or logged out, or its password changed.
        REVOKED = 26,
        /// The user or its address may not come in.
        BANNED = 27,
        /// The connection broke.
        LOST = 28,
        /// The server's name leads to no address.
        UNRESOLVED = 29,
        /// The user is not in that channel.
        NOT_IN_CHANNEL = 30,
        /// The user is in that channel already.
        ALREADY_IN_CHANNEL = 31,
        /// The user is in as many channels as it may be.
        TOO_MANY_CHANNELS = 32,
        /// The channel has as many members as it may have.
        CHANNEL_FULL = 33,
        /// There is no room for one more channel.
        CHANNELS_FULL = 34,
        /// A channel can't have that name.
        BAD_CHANNEL = 35,
        /// The chat message is longer than allowed.
        MESSAGE_TOO_LONG = 36,
        /// More chat messages or questions a second than allowed.
        CHAT_TOO_FAST = 37,
        /// The way to the chat server broke while the message was on it: it may come, or not.
        CHAT_INTERRUPTED = 38,
        /// The member that the page was to begin behind has left: begin anew.
        PAGE_LOST = 40,
        /// Nobody takes connections at the server's address.
        UNREACHABLE = 41,
        /// The server takes no such message on this connection; it was passed over.
        NOT_UNDERSTOOD = 42,
        /// A number that no server can have given.
        BAD_NUMBER = 43,
        /// Another room has the name of the one that the user was in: that one is closed.
        ROOM_CLOSED = 49,
        /// There is no room of that name.
        NO_ROOM = 50,
        /// There is a room of that name already.
        ROOM_EXISTS = 51,
        /// The room takes nobody more for now.
        ROOM_LOCKED = 52,
        /// The room is private, and its secret another one.
        WRONG_SECRET = 53,
        /// There can be no such room: its name, its mode, its places, or its game does not take the options.
        BAD_ROOM = 54,
        /// A user can't have that name.
        BAD_NAME = 55,
        /// A spectator only listens.
        SPECTATING = 56,
        /// The world plays another version of the game than the client was made for: it needs the new client.
        GAME_CHANGED = 62,
        /// Whoever was asked refuses, with a code of its own.
        REFUSED = 70,
        /// There was no answer in time.
        TIMED_OUT = 71,
        /// Only by TLS: `tls://`, `wss://`.
        TLS_NEEDED = 72,
        /// A record of a sealed link does not open: somebody is on the way, or the peer does not follow the rules.
        BROKEN_SEAL = 73,
        /// The link of that server has to be sealed.
        NOT_SEALED = 74,
        /// This realm takes guests alone: no device has an account here.
        NO_ACCOUNTS = 75,
        /// The directory of users does not answer: those inside go on, and nobody comes in.
        DIRECTORY_UNAVAILABLE = 76,
        /// The user has come in by another Main since: what this one says of it is old.
        STALE_CLAIM = 77,
        /// The room goes on in another world, where the user's seat is held: whoever asks Main for a world is led there.
        MOVED = 78,
        /// The room's name was claimed for a room that has been there since: it is to be claimed anew.
        STALE_ROOM = 79,
    }
}

codes! {
    /// What a server is to the others.
    ServerKind {
        /// MainServer.
        MAIN = 1,
        /// WorldServer.
        WORLD = 2,
        /// LoginServer.
        LOGIN = 3,
        /// ChatServer.
        CHAT = 4,
    }
}

codes! {
    /// Which room somebody wants to be in.
    WishKind {
        /// Any of a mode, or a new one if none has a place.
        ANY = 0,
        /// The one of that name.
        NAMED = 1,
        /// A new one.
        CREATE = 2,
        /// The one of that name, or a new one if there is none.
        NAMED_OR_NEW = 3,
    }
}

codes! {
    /// What two worlds tell each other of a room that moves.
    MoveWord {
        /// The target has the blocks before this one.
        TAKEN = 1,
        /// The target has all of it, and waits.
        ARRIVED = 2,
        /// The room is the target's: it is to play it.
        GONE = 3,
        /// The source plays it: the target is to forget it.
        KEPT = 4,
        /// The target plays it.
        OPENED = 5,
        /// The target does not take it.
        REFUSED = 6,
        /// The target knows nothing of it.
        LOST = 7,
    }
}

codes! {
    /// Why a world does not let somebody join.
    JoinDenial {
        /// Main has not attached this user: never, not yet, or so long ago that it is forgotten.
        NOT_ATTACHED = 1,
        /// The user is attached with another key.
        WRONG_KEY = 2,
        /// The key was right, but its time is over.
        KEY_EXPIRED = 3,
        /// The key was right, but it has been used.
        KEY_USED = 4,
        /// Every room is full.
        FULL = 5,
        /// The game does not let this user in: coming back does not help.
        REFUSED = 6,
        /// The game has banned this user for a time: coming back at once does not help.
        BANNED = 7,
        /// The world plays another version of the game than the client was made for: it needs the new client.
        GAME_CHANGED = 62,
    }
}

codes! {
    /// Why the login server gives no token.
    LoginDenial {
        /// There is no such account, or its password is another one: which of the two is not said.
        WRONG = 1,
        /// Too many wrong passwords for this id: come back later.
        LOCKED = 2,
        /// Too many attempts from this address: come back later.
        TOO_MANY = 3,
        /// More attempts than can be checked now: come back later.
        BUSY = 4,
        /// The password is right, but the account is disabled.
        DISABLED = 5,
        /// The accounts can't be read now: come back later.
        UNAVAILABLE = 6,
        /// The address is banned, or the password is right and the account is: coming back does not help.
        BANNED = 7,
    }
}

protocol! {
    /// Messages that either side of any link may send.
    mod either_way in COMMON;

    /// Something was refused. If it broke the protocol, the connection is closed behind it.
    0 error => Error {
        /// Why.
        code: ErrorCode,
        /// The opcode that it answers; 0 if it answers none.
        about: i32,
    }

    /// Are you there? Answered by [`Pong`] with the same nonce.
    1 ping => Ping {
        /// Any number.
        nonce: u32,
    }

    /// Yes.
    2 pong => Pong {
        /// The [`Ping`]'s number.
        nonce: u32,
    }

    /// The connection ends here, in good order.
    3 bye => Bye {
        /// Why.
        reason: ErrorCode,
    }

    /// Your greeting has no version that I speak. The connection is closed behind it. This message and
    /// the beginning of every greeting are the same in all versions.
    4 version_refused => VersionRefused {
        /// What I speak.
        versions: Versions,
    }
}
