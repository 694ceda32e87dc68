//! What host and module say to each other, as messages of the same kind as the realm's.
//!
//! So JavaScript encodes and decodes all of it with what is generated from the schema. None of these
//! goes over a network.

use tinyrealm_core::protocol::{
    self, ACCOUNT_MAX_BYTES, ADDRESS_MAX_BYTES, ErrorCode, LinkSchema, NICKNAME_MAX_BYTES,
    Password, REGION_MAX_BYTES, Text, Token, Versions,
};
use tinyrealm_core::wire::opcode::Band;

/// Above the servers' bands.
const TO_MODULE: Band = Band { first: 0x7000, count: 0x100 };
const FROM_MODULE: Band = Band { first: 0x7100, count: 0x100 };

/// `ws://` and an address.
pub const URL_MAX_BYTES: usize = 5 + ADDRESS_MAX_BYTES;
/// What a Close frame of RFC 6455 has room for, in bytes.
pub const CLOSE_REASON_MAX_BYTES: usize = 123;

tinyrealm_core::protocol! {
    /// From the host to the module.
    mod host_to_module in TO_MODULE;

    /// What a client is made of: said once, and first.
    0 start => Start<'a> {
        /// Where Main is, `host:port`; behind `wss://` if it is reached by TLS, and with it every server whose address says
        /// nothing else.
        #[serde(borrow)]
        main_address: Text<'a, ADDRESS_MAX_BYTES>,
        /// The region whose worlds it wants; empty for any.
        #[serde(borrow)]
        region: Text<'a, REGION_MAX_BYTES>,
        /// What the user wants to be called; empty for nothing.
        #[serde(borrow)]
        nickname: Text<'a, NICKNAME_MAX_BYTES>,
        /// Where Login is; empty for a guest.
        #[serde(borrow)]
        login_address: Text<'a, ADDRESS_MAX_BYTES>,
        /// The account's id.
        #[serde(borrow)]
        id: Text<'a, ACCOUNT_MAX_BYTES>,
        /// Its password.
        #[serde(borrow)]
        pw: Password<'a>,
        /// The token of a visit before, which saves the login and keeps a guest who it is.
        token: Option<Token>,
        /// What an earlier login has given to this device: others' guesses do not hold it back.
        device: Option<Token>,
        /// The game that the page was made for, by its fingerprint; 0: any.
        fingerprint: u32,
    }
}

tinyrealm_core::protocol! {
    /// From the module to the host, among the realm's own messages.
    mod module_to_host in FROM_MODULE;

    /// Where the links are, whenever that changes: places in [`MAIN_STATES`](super::MAIN_STATES) and
    /// [`WORLD_STATES`](super::WORLD_STATES).
    0 state => State {
        /// The link to Main, by way of Login.
        main: u16,
        /// The link to a world.
        world: u16,
    }

    /// A link has ended, and is tried again.
    1 lost => Lost {
        /// Which: a place in [`LINKS`](super::LINKS).
        link: u16,
        /// The peer's reason; `GOODBYE` if the connection has just ended.
        reason: ErrorCode,
    }

    /// It is over: said once, and last.
    2 closed => Closed {
        /// Why; `GOODBYE` if the host wanted it.
        reason: ErrorCode,
    }

    /// A connection has ended, behind whatever came over it.
    3 disconnected => Disconnected<'a> {
        /// Where it went to.
        #[serde(borrow)]
        url: Text<'a, URL_MAX_BYTES>,
        /// As the host's socket has it.
        code: u16,
        /// The same.
        #[serde(borrow)]
        reason: Text<'a, CLOSE_REASON_MAX_BYTES>,
    }
}

/// Where the link to Main can be, in the order of `MainState`.
pub const MAIN_STATES: [&str; 7] =
    ["waiting", "connecting to login", "logging in", "connecting", "greeting", "ready", "stopped"];
/// Where the link to a world can be, in the order of `WorldState`.
pub const WORLD_STATES: [&str; 5] = ["outside", "asking", "connecting", "joining", "inside"];
/// What can be lost.
pub const LINKS: [&str; 3] = ["main", "world", "login"];

/// What a host and a module have to agree on: both carry it, and a module of other days is found out.
pub const FINGERPRINT: u32 = {
    let links = [
        &protocol::either_way::SCHEMA,
        &protocol::client_to_main::SCHEMA,
        &protocol::main_to_client::SCHEMA,
        &protocol::client_to_world::SCHEMA,
        &protocol::world_to_client::SCHEMA,
        &protocol::client_to_login::SCHEMA,
        &protocol::login_to_client::SCHEMA,
        &host_to_module::SCHEMA,
        &module_to_host::SCHEMA,
    ];
    let mut hash = hash_of_number(FNV_BASIS, Versions::OURS.to as u32);
    let mut next = 0;
    while next < links.len() {
        hash = hash_of_link(hash, links[next]);
        next += 1;
    }
    hash
};

// FNV-1a, 32 bits: no secret depends on it.
const FNV_BASIS: u32 = 0x811c_9dc5;
const FNV_PRIME: u32 = 0x0100_0193;

const fn hash_of(mut hash: u32, bytes: &[u8]) -> u32 {
    let mut next = 0;
    while next < bytes.len() {
        // Compilers differ in where they put spaces into a type's name.
        if bytes[next] != b' ' {
            hash = hash_of_number(hash, bytes[next] as u32);
        }
        next += 1;
    }
    // So that `a`, `bc` is not `ab`, `c`.
    hash_of_number(hash, 0)
}

const fn hash_of_number(hash: u32, number: u32) -> u32 {
    (hash ^ number).wrapping_mul(FNV_PRIME)
}

const fn hash_of_link(mut hash: u32, link: &LinkSchema) -> u32 {
    let mut message = 0;
    while message < link.messages.len() {
        let schema = &link.messages[message];
        hash = hash_of(hash, schema.name.as_bytes());
        hash = hash_of_number(hash, schema.opcode.0 as u32);
        let mut field = 0;
        while field < schema.fields.len() {
            hash = hash_of(hash, schema.fields[field].name.as_bytes());
            hash = hash_of(hash, schema.fields[field].type_name.as_bytes());
            field += 1;
        }
        message += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::string::String;
    use tinyrealm_core::node::client::{MainState, WorldState};

    /// `ConnectingToLogin` is `connecting to login`.
    fn words(name: &str) -> String {
        let spaced =
            name.chars().map(|c| if c.is_uppercase() { format!(" {c}") } else { c.into() });
        spaced.collect::<String>().trim().to_lowercase()
    }

    #[test]
    fn states_are_told_by_their_places() {
        use MainState as M;
        use WorldState as W;
        let mains = [
            M::Waiting,
            M::ConnectingToLogin,
            M::LoggingIn,
            M::Connecting,
            M::Greeting,
            M::Ready,
            M::Stopped,
        ];
        for state in mains {
            assert_eq!(MAIN_STATES[state as usize], words(&format!("{state:?}")));
        }
        for state in [W::Outside, W::Asking, W::Connecting, W::Joining, W::Inside] {
            assert_eq!(WORLD_STATES[state as usize], words(&format!("{state:?}")));
        }
    }

    #[test]
    fn another_name_is_another_fingerprint() {
        assert_ne!(hash_of(FNV_BASIS, b"ab"), hash_of(FNV_BASIS, b"ba"));
        assert_ne!(hash_of(hash_of(1, b"a"), b"bc"), hash_of(hash_of(1, b"ab"), b"c"));
        assert_eq!(hash_of(1, b"Text < 'a, N >"), hash_of(1, b"Text<'a,N>"));
    }
}
