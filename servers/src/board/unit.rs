//! A unit's settings as a file has them: some of the keys of `device.toml`.
//!
//! Contract: what is wrong is told by its line, without the value where that is a secret.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::num::NonZero;

use tinyrealm_core::node::cluster::{ClusterSecret, ONLY_ID};
use tinyrealm_core::protocol::ServerKind;
use tinyrealm_settings::{Account, Addressing, Key, Settings, Wrong};
use toml::de::{DeTable, DeValue};

/// What the demonstration's servers have, for everyone to see.
const DEMONSTRATION_SECRET: [u8; 32] = [
    0x45, 0x74, 0x9a, 0x8e, 0x97, 0xeb, 0x84, 0x0a, 0x91, 0x0f, 0xf8, 0x68, 0x8c, 0x93, 0x6e, 0xbb,
    0x14, 0xd2, 0x7a, 0x00, 0x83, 0xb0, 0x6e, 0xc9, 0xe3, 0x0c, 0xf7, 0xc8, 0xb4, 0xc3, 0x2b, 0x87,
];
/// The world of a `device.toml` that says no other one.
const DEFAULT_WORLD_ID: NonZero<u16> = NonZero::new(100).unwrap();

/// A mistake, and where it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Problem {
    pub(super) line: usize,
    pub(super) text: String,
}

/// What a file has said, as far as it can be read.
#[derive(Default)]
pub(super) struct Unit {
    mac: Option<[u8; 6]>,
    addressing: Option<Addressing>,
    main_address: Option<SocketAddrV4>,
    world_key: Option<Key>,
    chat_key: Option<Key>,
    world_id: Option<NonZero<u16>>,
    region: Option<String>,
    public_address: Option<String>,
    login_address: Option<SocketAddrV4>,
    client_region: Option<String>,
    account: Option<String>,
    password: Option<String>,
    device_key: Option<Key>,
}

impl Unit {
    /// As a board gets them.
    pub(super) fn settings(&self) -> Settings<'_> {
        let password = self.account.as_deref().zip(self.password.as_deref());
        let password = password.map(|(id, password)| Account::Password { id, password });
        Settings {
            mac: self.mac,
            addressing: self.addressing,
            main_address: self.main_address,
            world_key: self.world_key,
            chat_key: self.chat_key,
            world_id: self.world_id,
            region: self.region.as_deref(),
            public_address: self.public_address.as_deref(),
            login_address: self.login_address,
            client_region: self.client_region.as_deref(),
            account: self.device_key.map(Account::DeviceKey).or(password),
        }
    }
}

/// A unit of this text.
///
/// # Errors
/// All that is wrong with it, by its lines.
pub(super) fn read(text: &str) -> Result<Unit, Vec<Problem>> {
    let mut reading = Reading { text, values: BTreeMap::new(), problems: Vec::new() };
    reading.read_tables();
    let unit = reading.unit();
    if reading.problems.is_empty() {
        reading.check(&unit);
    }
    if reading.problems.is_empty() {
        return Ok(unit);
    }
    reading.problems.sort_by_key(|problem| problem.line);
    Err(reading.problems)
}

/// The keys of a unit. What else a `device.toml` has is its image's.
const KEYS: [&str; 15] = [
    "network.mac",
    "network.addressing",
    "network.address",
    "network.gateway",
    "main.address",
    "main.world_key",
    "main.chat_key",
    "world.world_id",
    "world.region",
    "world.public_address",
    "login.address",
    "client.region",
    "client.account",
    "client.password",
    "client.device_key",
];

/// A value as text, and where its key is.
struct Value {
    text: String,
    line: usize,
}

struct Reading<'t> {
    text: &'t str,
    values: BTreeMap<&'static str, Value>,
    problems: Vec<Problem>,
}

impl Reading<'_> {
    fn line(&self, at: usize) -> usize {
        1 + self.text.bytes().take(at).filter(|byte| *byte == b'\n').count()
    }

    fn tell(&mut self, line: usize, text: impl Into<String>) {
        self.problems.push(Problem { line, text: text.into() });
    }

    fn read_tables(&mut self) {
        let tables = match DeTable::parse(self.text) {
            Ok(tables) => tables.into_inner(),
            Err(error) => {
                let line = self.line(error.span().map_or(0, |span| span.start));
                return self.tell(line, error.message());
            }
        };
        for (section, keys) in &tables {
            let line = self.line(section.span().start);
            match keys.get_ref() {
                DeValue::Table(keys) => self.read_keys(section.get_ref(), keys),
                _ => self.tell(line, format!("`{}` is in no section", section.get_ref())),
            }
        }
        if self.values.is_empty() && self.problems.is_empty() {
            self.tell(1, "there are no settings");
        }
    }

    fn read_keys(&mut self, section: &str, keys: &DeTable<'_>) {
        for (key, value) in keys {
            let line = self.line(key.span().start);
            let name = format!("{section}.{}", key.get_ref());
            let Some(known) = KEYS.into_iter().find(|known| *known == name) else {
                self.tell(line, format!("`{name}` is none of a unit's settings: see `--help`"));
                continue;
            };
            let text = match (known, value.get_ref()) {
                ("world.world_id", DeValue::Integer(number)) => Some(number.as_str().to_owned()),
                ("world.world_id", _) => None,
                (_, DeValue::String(text)) => Some(text.clone().into_owned()),
                _ => None,
            };
            match text {
                Some(text) => drop(self.values.insert(known, Value { text, line })),
                None if known == "world.world_id" => {
                    self.tell(line, format!("`{known}` is a number"));
                }
                None => self.tell(line, format!("`{known}` is a text, in quotes")),
            }
        }
    }

    fn line_of(&self, key: &str) -> Option<usize> {
        self.values.get(key).map(|value| value.line)
    }

    /// The value of a key, which has to be as `like` says.
    fn take<T>(
        &mut self,
        key: &'static str,
        like: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = self.values.get(key)?;
        let (parsed, line) = (parse(&value.text), value.line);
        if parsed.is_none() {
            self.tell(line, format!("`{key}` is not {like}"));
        }
        parsed
    }

    fn text(&self, key: &str) -> Option<String> {
        self.values.get(key).map(|value| value.text.clone())
    }

    fn unit(&mut self) -> Unit {
        const SOCKET: &str =
            "an IPv4 address and a port, like 192.168.1.2:7000: a board resolves no names";
        const KEY: &str = "64 hexadecimal digits: put what `tinyrealm key` prints there";
        const DEVICE_KEY: &str =
            "64 hexadecimal digits: put what `tinyrealm user add ID --device-key` prints there";
        let number = |text: &str| text.parse().ok();
        let unit = Unit {
            mac: self.take("network.mac", "like 02:00:00:00:71:01", mac),
            addressing: self.addressing(),
            main_address: self.take("main.address", SOCKET, |text| text.parse().ok()),
            world_key: self.take("main.world_key", KEY, |text| text.parse().ok()),
            chat_key: self.take("main.chat_key", KEY, |text| text.parse().ok()),
            world_id: self.take("world.world_id", "a number from 1 to 65535", number),
            region: self.text("world.region"),
            public_address: self.text("world.public_address"),
            login_address: self.take("login.address", SOCKET, |text| text.parse().ok()),
            client_region: self.text("client.region"),
            account: self.text("client.account"),
            password: self.text("client.password"),
            device_key: self.take("client.device_key", DEVICE_KEY, |text| text.parse().ok()),
        };
        self.check_account();
        unit
    }

    fn addressing(&mut self) -> Option<Addressing> {
        let kind = self.take("network.addressing", "\"static\" or \"dhcp\"", |text| {
            ["static", "dhcp"].into_iter().find(|known| *known == text)
        });
        let address = self.take("network.address", "like 192.168.1.3/24", |text| {
            let (address, bits) = text.split_once('/')?;
            Some((address.parse::<Ipv4Addr>().ok()?, bits.parse::<u8>().ok()?))
        });
        let gateway = self.take("network.gateway", "like 192.168.1.1", |text| text.parse().ok());
        let lines = ["network.addressing", "network.address", "network.gateway"]
            .map(|key| self.line_of(key));
        match (kind, lines) {
            (_, [None, None, None]) => None,
            (Some("dhcp"), [_, None, None]) => Some(Addressing::Dhcp),
            (Some("dhcp"), [_, address, gateway]) => {
                let line = address.or(gateway).unwrap_or_default();
                self.tell(line, "with `network.addressing = \"dhcp\"` there is neither an address nor a gateway");
                None
            }
            (_, [_, Some(_), Some(_)]) => {
                let ((address, prefix_bits), gateway) = address.zip(gateway)?;
                Some(Addressing::Static { address, prefix_bits, gateway })
            }
            (_, lines) => {
                let line = lines.into_iter().flatten().next().unwrap_or_default();
                self.tell(line, "`network.address` and `network.gateway` go together");
                None
            }
        }
    }

    fn check_account(&mut self) {
        let lines =
            ["client.account", "client.password", "client.device_key"].map(|key| self.line_of(key));
        match lines {
            [Some(line), None, _] | [None, Some(line), _] => {
                self.tell(line, "`client.account` and `client.password` go together");
            }
            [Some(_), Some(_), Some(line)] => {
                self.tell(line, "a client has `client.account` or `client.device_key`, not both");
            }
            [None, None, _] | [Some(_), Some(_), None] => {}
        }
    }

    /// What is no board's, and of the demonstration.
    fn check(&mut self, unit: &Unit) {
        let wrong = unit.settings().check().err().or_else(|| of_demonstration(unit));
        if let Some(wrong) = wrong {
            let line = self.line_of(wrong.key()).unwrap_or_default();
            self.tell(line, format!("`{}` {wrong}", wrong.key()));
        }
    }
}

/// The key that anyone can make, whichever world it is for.
fn of_demonstration(unit: &Unit) -> Option<Wrong> {
    let secret = ClusterSecret::new(&DEMONSTRATION_SECRET).ok()?;
    let is_of = |key: Option<Key>, kind, id| {
        key.is_some_and(|key| key.bytes() == secret.key_of(kind, id).bytes())
    };
    let world_id = unit.world_id.unwrap_or(DEFAULT_WORLD_ID).get();
    if is_of(unit.world_key, ServerKind::WORLD, world_id) {
        return Some(Wrong::WorldKey);
    }
    is_of(unit.chat_key, ServerKind::CHAT, ONLY_ID).then_some(Wrong::ChatKey)
}

fn mac(text: &str) -> Option<[u8; 6]> {
    let bytes = text.split(':').map(|part| {
        let is_whole = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
        u8::from_str_radix(part, 16).ok().filter(|_| is_whole)
    });
    bytes.collect::<Option<Vec<u8>>>()?.try_into().ok()
}

#[cfg(test)]
mod tests;
