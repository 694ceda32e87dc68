//! `device.toml` as constants, or why not.
//!
//! Purpose: the build script's, in a file of its own, so that what it refuses is tested where there is a
//! test harness (`tests/qemu`).
//!
//! Contract: the project's own file is the schema: another one may give its keys other values of the same
//! type, and has no keys of its own. What a device would only find out when it runs is refused here.

use std::fmt::Write as _;
use std::net::SocketAddrV4;
use std::num::NonZero;

use toml::{Table, Value};

/// A device, as its firmware is built.
#[derive(Debug)]
pub(crate) struct Device {
    /// A module for each section, and its keys as constants.
    pub(crate) source: String,
    /// What the boards' linker scripts are told.
    pub(crate) memory: Vec<(&'static str, String)>,
}

/// The keys of the section `memory`.
const MEMORY: [&str; 9] = [
    "ram_kb",
    "chat_ram_kb",
    "websocket_ram_kb",
    "flash_kb",
    "secure_ram_kb",
    "secure_flash_kb",
    "sealed_clients_ram_kb",
    "sealed_clients_flash_kb",
    "websocket_flash_kb",
];

/// The device of the `demonstration`'s file, with what its `own` has otherwise.
pub(crate) fn device(
    demonstration: &str,
    own: Option<&str>,
    has_dhcp: bool,
) -> Result<Device, String> {
    let mut device = parse(demonstration)?;
    let demonstration = device["main"].clone();
    if let Some(own) = own {
        merge("", &mut device, parse(own)?)?;
    }
    check_addressing(&device, has_dhcp)?;
    check_values(&device)?;
    let is_own = |key| device["main"][key] != demonstration[key];
    let mut source = format!(
        "/// Whether a world's key is not the demonstration's, whose secret everyone knows.\n\
         pub const HAS_OWN_WORLD_KEY: bool = {};\n\
         /// The same of a chat server's key.\n\
         pub const HAS_OWN_CHAT_KEY: bool = {};\n",
        is_own("world_key"),
        is_own("chat_key")
    );
    for (section, keys) in &device {
        source += &module(section, keys)?;
    }
    let memory = MEMORY.map(|key| (key, device["memory"][key].to_string())).to_vec();
    Ok(Device { source, memory })
}

fn module(section: &str, keys: &Value) -> Result<String, String> {
    let mut source = format!("/// The section `{section}`.\npub mod {section} {{\n");
    for (key, value) in keys.as_table().into_iter().flatten() {
        let constant = constant(section, key, value)?;
        writeln!(source, "    {constant}").map_err(|error| error.to_string())?;
    }
    Ok(source + "}\n")
}

fn parse(text: &str) -> Result<Table, String> {
    text.parse().map_err(|error| format!("{error}"))
}

fn merge(place: &str, below: &mut Table, above: Table) -> Result<(), String> {
    for (key, value) in above {
        let place = format!("{place}{key}");
        match (below.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => {
                merge(&format!("{place}."), below, above)?;
            }
            (Some(old), value) if old.same_type(&value) => *old = value,
            (Some(old), _) => {
                return Err(format!("`{place}` has to be of type {}", old.type_str()));
            }
            (None, _) => return Err(format!("there is no key `{place}`")),
        }
    }
    Ok(())
}

fn check_addressing(device: &Table, has_dhcp: bool) -> Result<(), String> {
    match device["network"]["addressing"].as_str() {
        Some("static") => Ok(()),
        Some("dhcp") if has_dhcp => Ok(()),
        Some("dhcp") => Err("addressing = \"dhcp\" needs `--features dhcp`".into()),
        _ => Err("`network.addressing` is \"static\" or \"dhcp\"".into()),
    }
}

/// Keys whose numbers the roles keep in 16 bits, of which 0 is none.
const NUMBERS_OF_16_BITS: [(&str, &str); 10] = [
    ("world", "world_id"),
    ("world", "port"),
    ("world", "room_capacity"),
    ("chat", "port"),
    ("echo", "port"),
    ("links", "packets_per_second"),
    ("links", "packet_burst"),
    ("links", "frame_limit_bytes"),
    ("client", "frame_limit_bytes"),
    ("client", "moves_per_second"),
];
/// Texts that the roles would cut, and the most bytes of each.
const CUT_TEXTS: [(&str, &str, usize); 3] =
    [("world", "region", 16), ("client", "region", 16), ("world", "public_address", 64)];
const ADDRESSES: [(&str, &str); 2] = [("main", "address"), ("login", "address")];
/// The keys that a device proves itself with.
const KEYS: [&str; 2] = ["world_key", "chat_key"];
const KEY_DIGITS: usize = 64;

fn check_values(device: &Table) -> Result<(), String> {
    for (section, key) in ADDRESSES {
        let text = device[section][key].as_str().unwrap_or_default();
        if !text.parse::<SocketAddrV4>().is_ok_and(|address| address.port() > 0) {
            return Err(format!(
                "`{section}.{key}` is \"{text}\": a device resolves no names, so it is an IPv4 address and \
                 a port, like 192.168.1.2:7000"
            ));
        }
    }
    for key in KEYS {
        let text = device["main"][key].as_str().unwrap_or_default();
        if !is_key(text) {
            return Err(format!(
                "`main.{key}` is not 64 hexadecimal digits: put what `tinyrealm key` prints there"
            ));
        }
    }
    let device_key = device["client"]["device_key"].as_str().unwrap_or_default();
    if !device_key.is_empty() && !is_key(device_key) {
        return Err("`client.device_key` is neither empty nor 64 hexadecimal digits: put what `tinyrealm user add ID \
                    --device-key` prints there"
            .into());
    }
    if !device_key.is_empty() && device["client"]["account"].as_str() != Some("") {
        return Err("a client has `client.account` or `client.device_key`, not both".into());
    }
    check_public_address(device["world"]["public_address"].as_str().unwrap_or_default())?;
    for (section, key, most) in CUT_TEXTS {
        if device[section][key].as_str().is_none_or(|text| text.len() > most) {
            return Err(format!("`{section}.{key}` has at most {most} bytes"));
        }
    }
    for (section, key) in NUMBERS_OF_16_BITS {
        let number = device[section][key].as_integer();
        if !number.is_some_and(|number| (1..=0xFFFF).contains(&number)) {
            return Err(format!("`{section}.{key}` is a number from 1 to 65535"));
        }
    }
    Ok(())
}

fn is_key(text: &str) -> bool {
    text.len() == KEY_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn check_public_address(public: &str) -> Result<(), String> {
    let port = public.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port);
    let is_whole = port.is_some_and(|port| port.parse::<NonZero<u16>>().is_ok());
    if public.is_empty() || ["tcp://", "ws://"].contains(&public) || is_whole {
        return Ok(());
    }
    Err(format!(
        "`world.public_address` is \"{public}\": it is empty, tcp:// or ws://, or what clients dial, like 192.168.1.3:7100"
    ))
}

fn constant(section: &str, key: &str, value: &Value) -> Result<String, String> {
    let name = key.to_uppercase();
    let (kind, value) = match (section, key, value) {
        ("network", "mac", Value::String(text)) => {
            ("[u8; 6]", format!("{:?}", bytes::<6>(text, ':', 16)?))
        }
        ("network", "gateway", Value::String(text)) => {
            ("[u8; 4]", format!("{:?}", bytes::<4>(text, '.', 10)?))
        }
        ("network", "address", Value::String(text)) => {
            ("([u8; 4], u8)", format!("{:?}", address_with_prefix(text)?))
        }
        (_, _, Value::String(text)) => ("&str", format!("{text:?}")),
        (_, _, Value::Array(texts)) if texts.iter().all(Value::is_str) => {
            let texts: Vec<&str> = texts.iter().filter_map(Value::as_str).collect();
            ("&[&str]", format!("&{texts:?}"))
        }
        (_, _, Value::Integer(number @ 0..=0xFFFF_FFFF)) => ("u32", number.to_string()),
        _ => {
            return Err(format!(
                "`{section}.{key}` is neither text, texts, nor a number from 0 to 2^32 - 1"
            ));
        }
    };
    Ok(format!("/// The key `{key}`.\n    pub const {name}: {kind} = {value};"))
}

/// The bytes that `separator` separates in `text`.
fn bytes<const COUNT: usize>(
    text: &str,
    separator: char,
    radix: u32,
) -> Result<[u8; COUNT], String> {
    let bytes: Result<Vec<u8>, _> =
        text.split(separator).map(|part| u8::from_str_radix(part, radix)).collect();
    let bytes = bytes.ok().and_then(|bytes| <[u8; COUNT]>::try_from(bytes).ok());
    bytes.ok_or_else(|| format!("`{text}` is not {COUNT} bytes with `{separator}`"))
}

fn address_with_prefix(text: &str) -> Result<([u8; 4], u8), String> {
    let parts =
        text.split_once('/').and_then(|(address, bits)| Some((address, bits.parse().ok()?)));
    let (address, bits) = parts
        .filter(|(_, bits)| *bits <= 32)
        .ok_or_else(|| format!("`{text}` is not like 10.0.2.15/24"))?;
    Ok((bytes(address, '.', 10)?, bits))
}
