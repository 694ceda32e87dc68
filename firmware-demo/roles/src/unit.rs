//! What this unit is: as `device.toml` says, or, with the feature `settings`, as its own settings do.

use tinyrealm_core::node::cluster::ClusterKey;
#[cfg(feature = "sealed-clients")]
use tinyrealm_core::node::device_key::DeviceKey;

use crate::device;

/// What the unit's settings have in place of the constant.
#[cfg(not(feature = "settings"))]
macro_rules! own {
    ($($way:tt)*) => {
        None
    };
}
#[cfg(feature = "settings")]
macro_rules! own {
    ($($way:tt)*) => {
        own::get().$($way)*
    };
}

/// The hardware address.
#[inline]
pub fn mac() -> [u8; 6] {
    own!(settings.mac).unwrap_or(device::network::MAC)
}

/// The address on the network, its bits, and the gateway; none, if the network is to say that.
#[inline]
pub(crate) fn fixed_address() -> Option<([u8; 4], u8, [u8; 4])> {
    #[cfg(feature = "settings")]
    match own::get().settings.addressing {
        Some(tinyrealm_settings::Addressing::Dhcp) => return None,
        Some(tinyrealm_settings::Addressing::Static { address, prefix_bits, gateway }) => {
            return Some((address.octets(), prefix_bits, gateway.octets()));
        }
        None => {}
    }
    let (address, prefix_bits) = device::network::ADDRESS;
    let is_asked =
        cfg!(feature = "dhcp") && matches!(device::network::ADDRESSING.as_bytes(), b"dhcp");
    if is_asked { None } else { Some((address, prefix_bits, device::network::GATEWAY)) }
}

/// Where Main is.
#[inline]
pub(crate) fn main_address() -> &'static str {
    own!(main_address).unwrap_or(device::main::ADDRESS)
}

/// Where Login is.
#[inline]
pub(crate) fn login_address() -> &'static str {
    own!(login_address).unwrap_or(device::login::ADDRESS)
}

/// A key as `device.toml` has it, read while the image is built.
const fn written(key: &str) -> ClusterKey {
    match ClusterKey::from_hex(key) {
        Some(key) => key,
        None => {
            panic!("device.toml: a key of [main] is not 64 hexadecimal digits: see `tinyrealm key`")
        }
    }
}

/// What a world proves itself with.
#[inline]
pub(crate) fn world_key() -> &'static ClusterKey {
    const KEY: ClusterKey = written(device::main::WORLD_KEY);
    own!(world_key).unwrap_or(&KEY)
}

/// What a chat server proves itself with.
#[inline]
pub(crate) fn chat_key() -> &'static ClusterKey {
    const KEY: ClusterKey = written(device::main::CHAT_KEY);
    own!(chat_key).unwrap_or(&KEY)
}

/// Which world it is.
#[inline]
pub(crate) fn world_id() -> u16 {
    own!(world_id()).unwrap_or(device::world::WORLD_ID as u16)
}

/// The world's region.
#[inline]
pub(crate) fn region() -> &'static str {
    own!(settings.region).unwrap_or(device::world::REGION)
}

/// Where clients find the world.
#[inline]
pub(crate) fn public_address() -> &'static str {
    own!(settings.public_address).unwrap_or(device::world::PUBLIC_ADDRESS)
}

/// Bytes of the longest region and the longest address that it may have.
pub(crate) const REGISTERED_TEXT_BYTES: usize = if cfg!(feature = "settings") {
    tinyrealm_core::protocol::REGION_MAX_BYTES + tinyrealm_core::protocol::ADDRESS_MAX_BYTES
} else {
    device::world::REGION.len()
        + match device::world::PUBLIC_ADDRESS.len() {
            0 => "255.255.255.255:65535".len(),
            bytes => bytes,
        }
};

/// Where a client wants to play.
#[inline]
pub(crate) fn client_region() -> &'static str {
    own!(settings.client_region).unwrap_or(device::client::REGION)
}

/// A client's account and its password; both empty for a guest.
#[inline]
pub(crate) fn account() -> (&'static str, &'static str) {
    own!(account()).unwrap_or((device::client::ACCOUNT, device::client::PASSWORD))
}

/// Bytes of the longest account with its password.
pub(crate) const ACCOUNT_BYTES: usize = if cfg!(feature = "settings") {
    tinyrealm_core::protocol::ACCOUNT_MAX_BYTES + tinyrealm_core::protocol::PASSWORD_MAX_BYTES
} else {
    device::client::ACCOUNT.len() + device::client::PASSWORD.len()
};

/// The key of a client's account.
#[cfg(feature = "sealed-clients")]
#[inline]
pub(crate) fn device_key() -> Option<DeviceKey> {
    own!(device_key()).unwrap_or(DeviceKey::from_hex(device::client::DEVICE_KEY))
}

#[cfg(feature = "settings")]
pub(crate) use own::put;

#[cfg(feature = "settings")]
mod own {
    //! The settings, from the start on.

    use core::cell::Cell;
    use core::fmt::Write as _;
    use core::net::SocketAddrV4;

    use critical_section::Mutex;
    use static_cell::ConstStaticCell;
    use tinyrealm_core::node::cluster::ClusterKey;
    #[cfg(feature = "sealed-clients")]
    use tinyrealm_core::node::device_key::DeviceKey;
    use tinyrealm_settings::{Account, Key, Settings};

    const SOCKET_TEXT_BYTES: usize = "255.255.255.255:65535".len();

    #[derive(Copy, Clone, Default)]
    pub(super) struct Own {
        pub(super) settings: Settings<'static>,
        pub(super) main_address: Option<&'static str>,
        pub(super) login_address: Option<&'static str>,
        pub(super) world_key: Option<&'static ClusterKey>,
        pub(super) chat_key: Option<&'static ClusterKey>,
    }

    static OWN: Mutex<Cell<Option<Own>>> = Mutex::new(Cell::new(None));

    type Text = ConstStaticCell<heapless::String<SOCKET_TEXT_BYTES>>;

    static MAIN_ADDRESS: Text = ConstStaticCell::new(heapless::String::new());
    static LOGIN_ADDRESS: Text = ConstStaticCell::new(heapless::String::new());

    type Secret = ConstStaticCell<ClusterKey>;

    static WORLD_KEY: Secret = ConstStaticCell::new(ClusterKey::new([0; 32]));
    static CHAT_KEY: Secret = ConstStaticCell::new(ClusterKey::new([0; 32]));

    /// Once, before anything asks.
    pub(crate) fn put(settings: Settings<'static>) {
        let own = Own {
            settings,
            main_address: settings.main_address.and_then(|address| text(&MAIN_ADDRESS, address)),
            login_address: settings.login_address.and_then(|address| text(&LOGIN_ADDRESS, address)),
            world_key: settings.world_key.and_then(|key| secret(&WORLD_KEY, key)),
            chat_key: settings.chat_key.and_then(|key| secret(&CHAT_KEY, key)),
        };
        critical_section::with(|section| OWN.borrow(section).set(Some(own)));
    }

    fn text(place: &'static Text, address: SocketAddrV4) -> Option<&'static str> {
        let text = place.try_take()?;
        write!(text, "{address}").ok()?;
        Some(text)
    }

    fn secret(place: &'static Secret, key: Key) -> Option<&'static ClusterKey> {
        let place = place.try_take()?;
        *place = ClusterKey::new(*key.bytes());
        Some(place)
    }

    pub(super) fn get() -> Own {
        critical_section::with(|section| OWN.borrow(section).get()).unwrap_or_default()
    }

    impl Own {
        pub(super) fn world_id(&self) -> Option<u16> {
            self.settings.world_id.map(core::num::NonZero::get)
        }

        /// Whoever has a key has no password, whatever `device.toml` says.
        pub(super) fn account(&self) -> Option<(&'static str, &'static str)> {
            Some(match self.settings.account? {
                Account::Password { id, password } => (id, password),
                Account::DeviceKey(_) => ("", ""),
            })
        }

        #[cfg(feature = "sealed-clients")]
        pub(super) fn device_key(&self) -> Option<Option<DeviceKey>> {
            Some(match self.settings.account? {
                Account::Password { .. } => None,
                Account::DeviceKey(key) => Some(DeviceKey::new(*key.bytes())),
            })
        }
    }
}
