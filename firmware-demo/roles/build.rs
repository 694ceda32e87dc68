//! Turns `device.toml` into constants, so that a device's sizes are known when it is built.
//!
//! The project's own file is the schema: another one may give its keys other values of the same type,
//! and has no keys of its own.

use std::fmt::Write as _;
use std::net::SocketAddrV4;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

fn main() {
    println!("cargo::rerun-if-env-changed=TINYREALM_DEVICE");
    let mut device = read(&PathBuf::from(env("CARGO_MANIFEST_DIR")).join("../device.toml"));
    let demonstration = device["main"].clone();
    if let Some(named) = std::env::var_os("TINYREALM_DEVICE") {
        merge("", &mut device, read(Path::new(&named)));
    }
    check_addressing(&device);
    check_values(&device);
    let is_own = |key| device["main"][key] != demonstration[key];
    let mut text = format!(
        "/// Whether a world's key is not the demonstration's, whose secret everyone knows.\n\
         pub const HAS_OWN_WORLD_KEY: bool = {};\n\
         /// The same of a chat server's key.\n\
         pub const HAS_OWN_CHAT_KEY: bool = {};\n",
        is_own("world_key"),
        is_own("chat_key")
    );
    for (section, keys) in &device {
        writeln!(text, "/// The section `{section}`.\npub mod {section} {{")
            .expect("a string grows");
        for (key, value) in keys.as_table().into_iter().flatten() {
            let constant = constant(section, key, value);
            writeln!(text, "    {constant}").expect("a string grows");
        }
        text.push_str("}\n");
    }
    std::fs::write(PathBuf::from(env("OUT_DIR")).join("device.rs"), text)
        .unwrap_or_else(|error| stop(&format!("the constants can't be written: {error}")));
    // For the boards' linker scripts, as `DEP_TINYREALM_DEVICE_…`.
    for key in ["ram_kb", "chat_ram_kb", "websocket_ram_kb", "flash_kb", "websocket_flash_kb"] {
        println!("cargo::metadata={key}={}", device["memory"][key]);
    }
}

fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| stop(&format!("cargo sets {name}")))
}

fn stop(problem: &str) -> ! {
    println!("cargo::error=the device's configuration: {}", problem.replace('\n', " "));
    std::process::exit(1)
}

fn read(path: &Path) -> Table {
    println!("cargo::rerun-if-changed={}", path.display());
    let text = std::fs::read_to_string(path)
        .unwrap_or_else(|error| stop(&format!("{} can't be read: {error}", path.display())));
    text.parse().unwrap_or_else(|error| stop(&format!("{}: {error}", path.display())))
}

fn merge(place: &str, below: &mut Table, above: Table) {
    for (key, value) in above {
        let place = format!("{place}{key}");
        match (below.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => {
                merge(&format!("{place}."), below, above);
            }
            (Some(old), value) if old.same_type(&value) => *old = value,
            (Some(old), _) => stop(&format!("`{place}` has to be of type {}", old.type_str())),
            (None, _) => stop(&format!("there is no key `{place}`")),
        }
    }
}

fn check_addressing(device: &Table) {
    let has_dhcp = std::env::var_os("CARGO_FEATURE_DHCP").is_some();
    match device["network"]["addressing"].as_str() {
        Some("static") => {}
        Some("dhcp") if has_dhcp => {}
        Some("dhcp") => stop("addressing = \"dhcp\" needs `--features dhcp`"),
        _ => stop("`network.addressing` is \"static\" or \"dhcp\""),
    }
}

/// Keys whose numbers the roles keep in 16 bits, of which 0 is none.
const NUMBERS_OF_16_BITS: [(&str, &str); 6] = [
    ("world", "world_id"),
    ("world", "port"),
    ("chat", "port"),
    ("echo", "port"),
    ("links", "packets_per_second"),
    ("links", "packet_burst"),
];

/// What a device would only find out when it runs.
fn check_values(device: &Table) {
    for (section, key) in [("main", "address"), ("login", "address")] {
        let text = device[section][key].as_str().unwrap_or_default();
        if !text.parse::<SocketAddrV4>().is_ok_and(|address| address.port() > 0) {
            stop(&format!(
                "`{section}.{key}` is \"{text}\": a device resolves no names, so it is an IPv4 address and \
                 a port, like 192.168.1.2:7000"
            ));
        }
    }
    let public = device["world"]["public_address"].as_str().unwrap_or_default();
    let port = public.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port);
    if !public.is_empty() && port.is_none_or(|port| port.parse::<NonZero<u16>>().is_err()) {
        stop(&format!(
            "`world.public_address` is \"{public}\": it is empty, or what clients dial, like 192.168.1.3:7100"
        ));
    }
    for (section, key) in NUMBERS_OF_16_BITS {
        let number = device[section][key].as_integer();
        if !number.is_some_and(|number| (1..=0xFFFF).contains(&number)) {
            stop(&format!("`{section}.{key}` is a number from 1 to 65535"));
        }
    }
}

fn constant(section: &str, key: &str, value: &Value) -> String {
    let name = key.to_uppercase();
    let (kind, value) = match (section, key, value) {
        ("network", "mac", Value::String(text)) => {
            ("[u8; 6]".to_owned(), format!("{:?}", bytes::<6>(text, ':', 16)))
        }
        ("network", "gateway", Value::String(text)) => {
            ("[u8; 4]".to_owned(), format!("{:?}", bytes::<4>(text, '.', 10)))
        }
        ("network", "address", Value::String(text)) => {
            ("([u8; 4], u8)".to_owned(), format!("{:?}", address_with_prefix(text)))
        }
        (_, _, Value::String(text)) => ("&str".to_owned(), format!("{text:?}")),
        (_, _, Value::Array(texts)) if texts.iter().all(Value::is_str) => (
            "&[&str]".to_owned(),
            format!(
                "&{:?}",
                texts.iter().map(|text| text.as_str().unwrap_or_default()).collect::<Vec<_>>()
            ),
        ),
        (_, _, Value::Integer(number @ 0..=0xFFFF_FFFF)) => ("u32".to_owned(), number.to_string()),
        _ => stop(&format!(
            "`{section}.{key}` is neither text, texts, nor a number from 0 to 2^32 - 1"
        )),
    };
    format!("/// The key `{key}`.\n    pub const {name}: {kind} = {value};")
}

/// The bytes that `separator` separates in `text`.
fn bytes<const COUNT: usize>(text: &str, separator: char, radix: u32) -> [u8; COUNT] {
    let bytes: Result<Vec<u8>, _> =
        text.split(separator).map(|part| u8::from_str_radix(part, radix)).collect();
    let bytes = bytes.ok().and_then(|bytes| <[u8; COUNT]>::try_from(bytes).ok());
    bytes.unwrap_or_else(|| stop(&format!("`{text}` is not {COUNT} bytes with `{separator}`")))
}

fn address_with_prefix(text: &str) -> ([u8; 4], u8) {
    let parts =
        text.split_once('/').and_then(|(address, bits)| Some((address, bits.parse().ok()?)));
    let (address, bits) = parts
        .filter(|(_, bits)| *bits <= 32)
        .unwrap_or_else(|| stop(&format!("`{text}` is not like 10.0.2.15/24")));
    (bytes(address, '.', 10), bits)
}
