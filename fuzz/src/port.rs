//! The first bytes at a port that speaks TLS too: however they are cut, they say the same, and what says TLS is nothing else.

use tinyrealm_core::wire::{Framed, PacketFramer};

use crate::cuts::{pattern_and_rest, reads};

/// As the driver of servers has it, which needs nothing for it but these bytes.
#[path = "../../backend-std/src/driver/tls/begins.rs"]
mod begins;
use begins::Begins;

/// The longest frame that somebody may say first.
const GREETING_BYTES: u16 = 512;

/// Four bytes of where the stream is cut, the stream.
pub fn port(bytes: &[u8]) {
    let (pattern, stream) = pattern_and_rest(bytes);
    let whole = by_the_book(stream);
    assert_eq!(Begins::of(stream), whole);
    let (mut here, mut told) = (0, Begins::Unknown);
    for read in reads(stream, pattern) {
        here += read.len();
        let begins = Begins::of(&stream[..here]);
        assert!(told == Begins::Unknown || told == begins, "{told:?}, and then {begins:?}");
        told = begins;
    }
    assert_eq!(told, whole, "cut by {pattern:?}");
    let framed = PacketFramer::new(GREETING_BYTES).next_frame(stream);
    let is_greeting = matches!(framed, Framed::Frame { .. });
    let is_web_socket = stream.starts_with(b"GE");
    assert!(!(is_greeting || is_web_socket) || whole == Begins::Clear, "{framed:?}");
}

/// RFC 8446, section 5.1: a handshake's record, of any version.
fn by_the_book(stream: &[u8]) -> Begins {
    match [stream.first(), stream.get(1)] {
        [Some(0x16), Some(0x03)] => Begins::Tls,
        [Some(0x16), None] | [None, _] => Begins::Unknown,
        _ => Begins::Clear,
    }
}
