//! Settings as they are told: what is secret by its fingerprint, or not at all.

use sha2::{Digest as _, Sha256};
use tinyrealm_settings::{Account, Addressing, Key, Settings};

use crate::secret::hex;

/// Bytes of a fingerprint.
const FINGERPRINT_BYTES: usize = 4;

/// By which whoever has the key knows it again: the first bytes of its SHA-256.
fn fingerprint(key: Key) -> String {
    let digest = Sha256::digest(key.bytes());
    format!("key with the fingerprint {}", hex(&digest[..FINGERPRINT_BYTES]))
}

fn mac(bytes: [u8; 6]) -> String {
    bytes.map(|byte| format!("{byte:02x}")).join(":")
}

/// A line for each that is there.
pub(super) fn lines(settings: &Settings<'_>) -> Vec<String> {
    let (addressing, address, gateway) = match settings.addressing {
        None => (None, None, None),
        Some(Addressing::Dhcp) => (Some("dhcp".to_owned()), None, None),
        Some(Addressing::Static { address, prefix_bits, gateway }) => (
            Some("static".to_owned()),
            Some(format!("{address}/{prefix_bits}")),
            Some(gateway.to_string()),
        ),
    };
    let (account, password, device_key) = match settings.account {
        None => (None, None, None),
        Some(Account::Password { id, .. }) => {
            (Some(id.to_owned()), Some("(not shown)".to_owned()), None)
        }
        Some(Account::DeviceKey(key)) => (None, None, Some(fingerprint(key))),
    };
    let text = |text: Option<&str>| text.map(|text| format!("\"{text}\""));
    let all = [
        ("network.mac", settings.mac.map(mac)),
        ("network.addressing", addressing),
        ("network.address", address),
        ("network.gateway", gateway),
        ("main.address", settings.main_address.map(|address| address.to_string())),
        ("main.world_key", settings.world_key.map(fingerprint)),
        ("main.chat_key", settings.chat_key.map(fingerprint)),
        ("world.world_id", settings.world_id.map(|id| id.to_string())),
        ("world.region", text(settings.region)),
        ("world.public_address", text(settings.public_address)),
        ("login.address", settings.login_address.map(|address| address.to_string())),
        ("client.region", text(settings.client_region)),
        ("client.account", account),
        ("client.password", password),
        ("client.device_key", device_key),
    ];
    let there = all.into_iter().filter_map(|(key, value)| Some(format!("{key}: {}", value?)));
    there.collect()
}
