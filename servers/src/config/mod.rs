//! The configuration: defaults, then a TOML file, then `TINYREALM_*`, then flags.
//!
//! Contract: every key has a default; an unknown key or variable, a wrong type or a number out of
//! range is one error that names it. `main.port`, `world.port`, `login.port`, `chat.port`,
//! `http.port` and `admin.port`, if set, replace the port of `listen`.
//!
//! The variable of `world.room_capacity` is `TINYREALM_WORLD_ROOM_CAPACITY`. One more variable,
//! `TINYREALM_CLUSTER_SECRET`, has no key: secrets do not stand in configurations. What Kubernetes makes for a
//! service of a name like ours ([`services`]) is none.

mod chat;
pub(crate) mod directory;
mod http;
mod layers;
mod listen;
pub(crate) mod log;
pub(crate) mod login;
pub(crate) mod net;
mod place;
mod relay;
mod services;
#[cfg(test)]
mod tests;
mod validate;
pub(crate) mod world;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use tinyrealm_core::node::cluster::ClusterSecret;
use tinyrealm_core::node::main::MainConfig;

pub(crate) use chat::{ChatPlace, ChatSettings};
pub(crate) use http::{AdminSettings, HttpService, HttpSettings};
pub(crate) use layers::Override;
pub(crate) use place::parse_address;
pub(crate) use relay::RelaySettings;

use crate::cluster_secret::{CLUSTER_SECRET_VARIABLE, cluster_from_variable};
use crate::control::Threads;
use crate::games::{self, Games, HostedGame};
use directory::DirectorySettings;
use listen::with_port;
use log::LogSettings;
use login::LoginSettings;
use net::NetSettings;
use world::WorldSettings;

/// Everything that can be configured.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// What the process says of its work.
    pub(crate) log: LogSettings,
    /// Everything in one process.
    pub(crate) up: UpSettings,
    /// MainServer.
    pub(crate) main: MainSettings,
    /// WorldServer.
    pub(crate) world: WorldSettings,
    /// LoginServer.
    pub(crate) login: LoginSettings,
    /// ChatServer, and what users may do in channels.
    pub(crate) chat: ChatSettings,
    /// The live page, health and figures.
    pub(crate) http: HttpSettings,
    /// The operator's entrance.
    pub(crate) admin: AdminSettings,
    /// What tells the Mains of one realm who is where.
    pub(crate) directory: DirectorySettings,
    /// What the servers prove to each other.
    pub(crate) cluster: ClusterSettings,
    /// The limits of all servers' sessions.
    pub(crate) net: NetSettings,
    /// Regions whose worlds run another game than `world.game`: `REGION = "GAME"`.
    pub(crate) regions: BTreeMap<String, String>,
    /// The games' own settings, a table each.
    pub(crate) game: toml::Table,
    /// The games that there are.
    #[serde(skip)]
    pub(crate) games: Games,
    /// What acts on worlds from threads of its own.
    #[serde(skip)]
    pub(crate) threads: Threads,
}

/// `[up]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct UpSettings {
    /// Demo bots.
    pub(crate) bots: u16,
    /// How often a demo bot moves, a second.
    pub(crate) bots_hz: f64,
    /// How often a demo bot says something in their channel, a second.
    pub(crate) bots_chat_hz: f64,
    /// Worlds; 0 for as many as there are cores.
    pub(crate) worlds: u16,
    /// Who is welcome, as `main.auth`: with `login` there is a login server too.
    pub(crate) auth: Auth,
}

/// Who is welcome.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Auth {
    /// Everyone, under an invented name.
    Guest,
    /// Whoever has an account.
    Login,
}

/// What users are called.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum NameRule {
    /// As they like, or like their accounts.
    Any,
    /// Like their accounts.
    Accounts,
}

/// What `main.chat` is for all chat servers that the directory knows.
const ANNOUNCED: &str = "announced";

/// `[main]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MainSettings {
    /// Where Main listens.
    #[serde(deserialize_with = "listen::listen_address")]
    pub(crate) listen: SocketAddr,
    /// Replaces the port of `listen`; 0 picks a free one. Left out: `listen` as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u16>,
    /// The address that clients of the realm's other Mains are told, `host:port`, with a scheme before it if they are to speak
    /// that there, as `world.advertise`. Empty: the listening one, unless that is every address of the machine.
    pub(crate) advertise: String,
    /// The same for worlds, `host:port`. Empty: that of clients, without its scheme.
    pub(crate) advertise_servers: String,
    /// Connections, of clients and worlds.
    pub(crate) sessions: u16,
    /// Users whom Main knows, connected or in a world.
    pub(crate) users: u16,
    /// Worlds that can register, at most 64.
    pub(crate) worlds: u16,
    /// Who may register: `ID`, or `ID REGION`; none: whoever has the key of its id. With `--set` and in
    /// the environment there are commas between them.
    pub(crate) allowed_worlds: Vec<String>,
    /// How long a world may take to answer.
    pub(crate) attach_timeout_ms: u32,
    /// How long a handshake key works.
    pub(crate) attach_ttl_ms: u32,
    /// Rooms of all worlds together that can be found by name; 0: no room has one.
    pub(crate) rooms_max: u16,
    /// For how long after its start Main makes no room with a name: worlds that were there before tell of theirs
    /// first.
    pub(crate) registry_settle_ms: u32,
    /// For how long the names of a lost world's rooms are kept for it.
    pub(crate) room_hold_ms: u32,
    /// Where the chat server is, `host:port`; `announced` for all that the directory knows, which share the channels; empty for a
    /// realm without channels.
    pub(crate) chat: String,
    /// The folder with what Main keeps of guests, made at the first start; empty: a folder of this
    /// user.
    pub(crate) data_folder: String,
    /// A file with the key of guests' tokens; it is made if it is not there. Empty: one in the data
    /// folder.
    pub(crate) secret_file: String,
    /// Who is welcome: `guest` or `login`.
    pub(crate) auth: Auth,
    /// What users are called: `any`, as they like or like their accounts; `accounts`, like their accounts alone.
    pub(crate) names: NameRule,
    /// Where Login is, `host:port`.
    pub(crate) login: String,
    /// How long Login may take to answer.
    pub(crate) hello_timeout_ms: u32,
    /// Clients who may wait for Login's answer at once.
    pub(crate) hellos: u16,
    /// Devices that may be connected at once with links that they have sealed with their own keys.
    pub(crate) devices: u16,
    /// The first wait before another attempt to reach Login.
    pub(crate) reconnect_first_ms: u32,
    /// The longest wait before another attempt to reach Login.
    pub(crate) reconnect_most_ms: u32,
    /// Worlds that are reached through Main.
    pub(crate) relay: RelaySettings,
}

/// `[cluster]`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ClusterSettings {
    /// A file with the realm's secret, as `tinyrealm secret new` makes it. Empty: a file of this user,
    /// which the first server makes; `up` makes a new secret at every start.
    pub(crate) secret_file: String,
    /// A file with the secret that counted before and still does, while secrets are exchanged; or empty.
    pub(crate) former_secret_file: String,
    /// A file with this server's own key, as `tinyrealm key` prints it, in place of the secret; or empty.
    pub(crate) key_file: String,
    /// A file with the key that counted before and still does; or empty.
    pub(crate) former_key_file: String,
    /// Which of the keys that this server has had one after the other `key_file` is.
    pub(crate) generation: u16,
    /// For whoever has the realm's secret: servers whose keys are of a later generation than the first, like
    /// "world:7:2". Older keys open nothing any more.
    pub(crate) generations: Vec<String>,
    /// For Main: servers whose links are in clear, like "world:7": boards that are built without sealed links.
    pub(crate) clear: Vec<String>,
    /// Whether a server ends, with 3, when others refuse it again and again for what no attempt changes: a key, an id, a
    /// version, or that they are of another kind.
    pub(crate) exit_when_hopeless: bool,
    /// The secret itself, from the environment; it goes before the file.
    #[serde(skip)]
    pub(crate) secret: Option<ClusterSecret>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            log: LogSettings::default(),
            up: UpSettings::default(),
            main: MainSettings::default(),
            world: WorldSettings::default(),
            login: LoginSettings::default(),
            chat: ChatSettings::default(),
            http: HttpSettings::default(),
            admin: AdminSettings::default(),
            directory: DirectorySettings::default(),
            cluster: ClusterSettings::default(),
            net: NetSettings::default(),
            regions: BTreeMap::new(),
            game: toml::Table::new(),
            games: &[],
            threads: Threads::default(),
        }
    }
}

impl Default for UpSettings {
    fn default() -> Self {
        Self { bots: 32, bots_hz: 10.0, bots_chat_hz: 0.1, worlds: 0, auth: Auth::Login }
    }
}

impl Default for MainSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 7_000)),
            port: None,
            advertise: String::new(),
            advertise_servers: String::new(),
            sessions: 12_000,
            users: 12_000,
            worlds: 64,
            allowed_worlds: Vec::new(),
            attach_timeout_ms: MainConfig::DEFAULT.attach_timeout_ms,
            attach_ttl_ms: MainConfig::DEFAULT.attach_ttl_ms,
            rooms_max: 1_024,
            registry_settle_ms: MainConfig::DEFAULT.registry_settle_ms,
            room_hold_ms: MainConfig::DEFAULT.room_hold_ms,
            chat: "127.0.0.1:7300".to_owned(),
            data_folder: String::new(),
            secret_file: String::new(),
            auth: Auth::Guest,
            names: NameRule::Any,
            login: "127.0.0.1:7200".to_owned(),
            hello_timeout_ms: 3_000,
            hellos: 1_024,
            devices: 256,
            reconnect_first_ms: 200,
            reconnect_most_ms: 2_000,
            relay: RelaySettings::default(),
        }
    }
}

impl MainSettings {
    /// Where to listen, all things considered.
    pub(crate) fn address(&self) -> SocketAddr {
        with_port(self.listen, self.port)
    }

    /// Whether its chat servers are those that the directory knows.
    pub(crate) fn chat_is_announced(&self) -> bool {
        self.chat == ANNOUNCED
    }

    /// Where clients and servers find it if it listens at `bound`; nobody knows if that is every address of the machine.
    #[cfg(feature = "cluster")]
    pub(crate) fn found_at(&self, bound: SocketAddr) -> Option<(String, String)> {
        let for_clients = match self.advertise.as_str() {
            "" if bound.ip().is_unspecified() => return None,
            "" => bound.to_string(),
            advertised => advertised.to_owned(),
        };
        let place = for_clients.split_once("://").map_or(&*for_clients, |(_, place)| place);
        let for_servers = match self.advertise_servers.as_str() {
            "" => place.to_owned(),
            advertised => advertised.to_owned(),
        };
        Some((for_clients, for_servers))
    }
}

impl Config {
    /// What the rooms of a region are for.
    ///
    /// # Errors
    /// That there is no such game.
    pub(crate) fn game_of(&self, region: &str) -> anyhow::Result<HostedGame> {
        games::find(self.games, self.regions.get(region).unwrap_or(&self.world.game))
    }

    /// The settings of one game.
    pub(crate) fn settings_of(&self, game: &str) -> toml::Table {
        self.game.get(game).and_then(toml::Value::as_table).cloned().unwrap_or_default()
    }

    /// The configuration as it is to be used.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub(crate) fn load(
        games: Games,
        file: Option<&Path>,
        variables: impl Iterator<Item = (String, String)>,
        overrides: &[Override],
    ) -> anyhow::Result<Self> {
        let mut table = layers::defaults()?;
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("can't read the configuration {}", path.display()))?;
            let layer = layers::from_file(&text)
                .with_context(|| format!("in the configuration {}", path.display()))?;
            layers::merge(&mut table, layer);
        }
        let (secrets, variables): (Vec<_>, Vec<_>) =
            variables.partition(|(name, _)| name == CLUSTER_SECRET_VARIABLE);
        layers::apply_variables(&mut table, games, variables.into_iter())?;
        for one in overrides {
            layers::apply(&mut table, one).with_context(|| format!("setting {}", one.key()))?;
        }
        let mut config = layers::finish(table)?;
        if let Some((_, value)) = secrets.first() {
            config.cluster.secret = Some(cluster_from_variable(value)?);
        }
        config.games = games;
        config.validate()?;
        Ok(config)
    }

    /// All keys with their values.
    pub(crate) fn to_toml(&self) -> anyhow::Result<String> {
        Ok(toml::to_string(self)?)
    }

    /// The same, to look at.
    pub(crate) fn to_table(&self) -> anyhow::Result<toml::Table> {
        Ok(self.to_toml()?.parse()?)
    }
}
