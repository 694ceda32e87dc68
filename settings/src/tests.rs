//! What the tests of this crate share, and both ends of the line, with a bad line and resets between them.
//!
//! The seed is printed; `TINYREALM_SETTINGS_SEED` runs it again.

mod flash;
mod talk;

use core::net::{Ipv4Addr, SocketAddrV4};
use core::num::NonZero;

use crate::{Account, Addressing, Key, Settings};
pub(crate) use flash::{Cut, Flash};

/// Numbers of a seed (splitmix64).
#[derive(Clone)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn is_one_in(&mut self, many: u64) -> bool {
        many > 0 && self.below(many) == 0
    }
}

/// So many seeds, or the one that is asked for; each is printed.
pub(crate) fn seeds(count: u64) -> Vec<u64> {
    let asked = std::env::var("TINYREALM_SETTINGS_SEED").ok().and_then(|text| text.parse().ok());
    let seeds = asked.map_or(0..count, |seed| seed..seed + 1);
    seeds.inspect(|seed| println!("TINYREALM_SETTINGS_SEED={seed}")).collect()
}

/// Settings that differ by their number.
pub(crate) fn short(number: u16) -> Settings<'static> {
    Settings {
        world_key: Some(Key::new([number as u8; 32])),
        world_id: NonZero::new(number),
        ..Settings::default()
    }
}

/// The longest that may be.
pub(crate) fn longest(number: u16) -> Settings<'static> {
    const TEXT: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\
                        0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const PUBLIC: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789a:7100";
    let address = SocketAddrV4::new(Ipv4Addr::new(192, 168, 255, 254), u16::MAX);
    Settings {
        mac: Some([2, 0xFF, 0xFF, 0xFF, 0xFF, number as u8]),
        addressing: Some(Addressing::Static {
            address: *address.ip(),
            prefix_bits: 24,
            gateway: Ipv4Addr::new(192, 168, 255, 1),
        }),
        main_address: Some(address),
        world_key: Some(Key::new([0xA5; 32])),
        chat_key: Some(Key::new([0x5A; 32])),
        world_id: NonZero::new(u16::MAX),
        region: Some(&TEXT[..16]),
        public_address: Some(PUBLIC),
        login_address: Some(address),
        client_region: Some(&TEXT[..16]),
        account: Some(Account::Password { id: &TEXT[..32], password: TEXT }),
    }
}
