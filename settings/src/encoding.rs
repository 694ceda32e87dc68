//! Settings as bytes: those that there are, one behind the other.
//!
//! Contract: a page that an older image has written is read by a newer one, so the settings below keep their numbers, and new ones come
//! behind them. What an older image does not know, it does not read in part.

use core::net::{Ipv4Addr, SocketAddrV4};
use core::num::NonZero;

use crc::{CRC_32_ISO_HDLC, Crc, NoTable};
use serde::{Deserialize, Serialize};

use crate::key::Key;
use crate::settings::{Account, Addressing, Settings};

/// The most that settings take.
pub const SETTINGS_MAX_BYTES: usize = 496;

/// As a loop: a table would be a kilobyte, and this is done once a start.
pub(crate) const CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

/// One of them.
#[derive(Serialize, Deserialize)]
enum Setting<'s> {
    Mac([u8; 6]),
    Dhcp,
    Static { address: [u8; 4], prefix_bits: u8, gateway: [u8; 4] },
    MainAddress([u8; 4], u16),
    WorldKey([u8; 32]),
    ChatKey([u8; 32]),
    WorldId(NonZero<u16>),
    Region(&'s str),
    PublicAddress(&'s str),
    LoginAddress([u8; 4], u16),
    ClientRegion(&'s str),
    Password { id: &'s str, password: &'s str },
    DeviceKey([u8; 32]),
}

/// Bytes are no settings, or those of a newer image.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Unreadable;

/// Writes settings; answers how long they are, and `None` if there is no room for them.
pub(crate) fn encode(settings: &Settings<'_>, place: &mut [u8]) -> Option<usize> {
    let mut length = 0;
    for setting in settings.each().into_iter().flatten() {
        length += postcard::to_slice(&setting, place.get_mut(length..)?).ok()?.len();
    }
    Some(length)
}

/// What [`encode`] has written.
pub(crate) fn decode(mut bytes: &[u8]) -> Result<Settings<'_>, Unreadable> {
    let mut settings = Settings::default();
    while !bytes.is_empty() {
        let (setting, rest) = postcard::take_from_bytes(bytes).map_err(|_| Unreadable)?;
        settings.put(setting)?;
        bytes = rest;
    }
    Ok(settings)
}

/// By which both ends of a line know that they have the same settings.
pub(crate) fn check_of(settings: &[u8]) -> u32 {
    CRC.checksum(settings)
}

const fn octets(address: SocketAddrV4) -> ([u8; 4], u16) {
    (address.ip().octets(), address.port())
}

fn socket(address: [u8; 4], port: u16) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::from(address), port)
}

/// Puts what there is none of yet.
fn put<T>(place: &mut Option<T>, value: T) -> Result<(), Unreadable> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(Unreadable),
    }
}

impl<'s> Settings<'s> {
    fn each(&self) -> [Option<Setting<'s>>; 11] {
        let main_address = self.main_address.map(octets);
        let login_address = self.login_address.map(octets);
        [
            self.mac.map(Setting::Mac),
            self.addressing.map(|addressing| match addressing {
                Addressing::Dhcp => Setting::Dhcp,
                Addressing::Static { address, prefix_bits, gateway } => Setting::Static {
                    address: address.octets(),
                    prefix_bits,
                    gateway: gateway.octets(),
                },
            }),
            main_address.map(|(address, port)| Setting::MainAddress(address, port)),
            self.world_key.map(|key| Setting::WorldKey(*key.bytes())),
            self.chat_key.map(|key| Setting::ChatKey(*key.bytes())),
            self.world_id.map(Setting::WorldId),
            self.region.map(Setting::Region),
            self.public_address.map(Setting::PublicAddress),
            login_address.map(|(address, port)| Setting::LoginAddress(address, port)),
            self.client_region.map(Setting::ClientRegion),
            self.account.map(|account| match account {
                Account::Password { id, password } => Setting::Password { id, password },
                Account::DeviceKey(key) => Setting::DeviceKey(*key.bytes()),
            }),
        ]
    }

    fn put(&mut self, setting: Setting<'s>) -> Result<(), Unreadable> {
        match setting {
            Setting::Mac(mac) => put(&mut self.mac, mac),
            Setting::Dhcp => put(&mut self.addressing, Addressing::Dhcp),
            Setting::Static { address, prefix_bits, gateway } => {
                let (address, gateway) = (Ipv4Addr::from(address), Ipv4Addr::from(gateway));
                put(&mut self.addressing, Addressing::Static { address, prefix_bits, gateway })
            }
            Setting::MainAddress(address, port) => {
                put(&mut self.main_address, socket(address, port))
            }
            Setting::WorldKey(key) => put(&mut self.world_key, Key::new(key)),
            Setting::ChatKey(key) => put(&mut self.chat_key, Key::new(key)),
            Setting::WorldId(id) => put(&mut self.world_id, id),
            Setting::Region(text) => put(&mut self.region, text),
            Setting::PublicAddress(text) => put(&mut self.public_address, text),
            Setting::LoginAddress(address, port) => {
                put(&mut self.login_address, socket(address, port))
            }
            Setting::ClientRegion(text) => put(&mut self.client_region, text),
            Setting::Password { id, password } => {
                put(&mut self.account, Account::Password { id, password })
            }
            Setting::DeviceKey(key) => put(&mut self.account, Account::DeviceKey(Key::new(key))),
        }
    }
}

#[cfg(test)]
mod tests;
