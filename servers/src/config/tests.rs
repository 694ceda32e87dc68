//! Layers, mistakes and limits of the configuration.

use tinyrealm_core::node::world::{Game, ROOM_CAPACITY_MAX, Relay, Setting, SettingProblem};
use tinyrealm_core::protocol::ADDRESS_MAX_BYTES;

use super::*;

/// A game with two settings.
#[derive(Default)]
struct Coins;

impl Game for Coins {
    const NAME: &'static str = "coin-rush";

    fn configure(&mut self, key: &str, value: Setting<'_>) -> Result<(), SettingProblem> {
        match (key, value) {
            ("coins", Setting::Integer(1..=9)) | ("title", Setting::Text(_)) => Ok(()),
            ("coins", _) => Err("must be between 1 and 9"),
            _ => Err("is not a setting"),
        }
    }
}

const GAMES: Games = crate::games![Relay, Coins];

fn load(text: &str, variables: &[(&str, &str)], overrides: &[Override]) -> anyhow::Result<Config> {
    let folder = std::env::temp_dir().join(format!("tinyrealm-config-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let name = format!("{:?}.toml", std::thread::current().id());
    let path = folder.join(name);
    std::fs::write(&path, text)?;
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(GAMES, Some(&path), variables, overrides)
}

fn problem(text: &str) -> String {
    format!("{:#}", load(text, &[], &[]).unwrap_err())
}

#[test]
fn the_defaults_are_valid_and_survive_their_own_text() {
    let defaults = Config::load(GAMES, None, std::iter::empty(), &[]).unwrap();
    let text = defaults.to_toml().unwrap();
    let again = load(&text, &[], &[]).unwrap();
    assert_eq!(again.to_toml().unwrap(), text);
}

#[test]
fn later_layers_win() {
    let text = "[world]\nrooms = 2\nroom_capacity = 3\nregion = \"file\"\n";
    let variables =
        [("TINYREALM_WORLD_ROOM_CAPACITY", "4"), ("TINYREALM_WORLD_REGION", "env"), ("PATH", "x")];
    let config = load(text, &variables, &[Override::new("world.region", "flag")]).unwrap();
    assert_eq!(config.world.rooms, 2);
    assert_eq!(config.world.room_capacity, 4);
    assert_eq!(config.world.region, "flag");
    assert_eq!(config.world.flush_interval_ms, 20);
}

#[test]
fn a_port_replaces_the_one_of_the_address() {
    let config = load("", &[("TINYREALM_MAIN_PORT", "0")], &[]).unwrap();
    assert_eq!(config.main.address().port(), 0);
    let config = load("[world]\nport = 9000\n", &[], &[]).unwrap();
    assert_eq!((config.world.address(0).port(), config.world.address(2).port()), (9000, 9002));
}

/// The operator's listener is beside the server's, unless it is said where.
#[test]
fn the_operator_finds_a_server_81_ports_behind_it() {
    let address = |text: &str, server: u16| {
        let config = load(text, &[], &[]).unwrap();
        config.admin.address(SocketAddr::from(([0, 0, 0, 0], server))).to_string()
    };
    for (server, port) in [(7_000, 7_081), (65_454, 65_535), (65_455, 0), (0, 0)] {
        assert_eq!(address("", server), format!("127.0.0.1:{port}"));
    }
    assert_eq!(address("[admin]\nport = 9\n", 7_000), "127.0.0.1:9");
    assert_eq!(address("[admin]\nlisten = \"0.0.0.0:8\"\n", 7_000), "0.0.0.0:8");
    assert_eq!(address("[admin]\nlisten = \"0.0.0.0:8\"\nport = 9\n", 7_000), "0.0.0.0:9");
}

/// In a cluster where a service is called `tinyrealm-main`.
#[test]
fn variables_of_services_set_nothing_and_stop_nothing() {
    let variables = [
        ("TINYREALM_MAIN_SERVICE_HOST", "10.96.0.7"),
        ("TINYREALM_MAIN_PORT", "tcp://10.96.0.7:7000"),
        ("TINYREALM_MAIN_PORT_7000_TCP_ADDR", "10.96.0.7"),
    ];
    let config = load("", &variables, &[]).unwrap();
    assert_eq!((config.main.port, config.main.listen.port()), (None, 7_000));
    assert!(load("", &[("TINYREALM_MAIN_HOST", "10.96.0.7")], &[]).is_err());
}

#[test]
fn a_mistake_of_a_file_is_told_with_its_line() {
    for (file, told) in [
        ("[main]\nport = 1\n\n[wurld]\nrooms = 2\n", "line 4, `[wurld]`: unknown field `wurld`"),
        ("roms = 2\n[world]\n", "line 1, `roms = 2`: unknown field `roms`"),
        ("[main]\n[world]\nrooms = 1\nroms = 2\n", "line 4, `roms = 2`: unknown field `roms`"),
        ("world.roms = 2\n", "line 1, `world.roms = 2`: unknown field `roms`"),
        ("world = { rooms = 1, roms = 2 }\n", "line 1, `world = { rooms = 1, roms = 2 }`: "),
        ("[main]\n[world]\nrooms = -1\n", "line 3, `rooms = -1`: invalid value: integer `-1`"),
        ("\n[regions]\na = 1\nb = []\n", "line 3, `a = 1`: invalid type: integer `1`"),
        ("main = 1\n", "line 1, `main = 1`: invalid type: integer `1`"),
        ("[main]\nport = 1\nport = 2\n", "line 3, `port = 2`: duplicate key"),
        ("[main]\nport = 99999999999999999999\n", "line 2, `port = 99999999999999999999`: "),
    ] {
        let problem = problem(file);
        assert!(problem.contains(told), "{file:?}: {problem}");
    }
}

#[test]
fn every_mistake_is_named() {
    assert!(problem("[world]\nroms = 2\n").contains("roms"));
    assert!(problem("[world]\nroms = 2\n").contains("line 2"));
    assert!(problem("[world]\nrooms = \"two\"\n").contains("rooms"));
    assert!(problem("world = [").contains("line 1"));
    assert!(problem("[world]\nring_bytes = 5000\n").contains("power of two"));
    assert!(problem("[net]\nping_interval_ms = 30000\n").contains("ping_interval_ms"));
    assert!(problem("[log]\nlevel = \"loud\"\n").contains("loud"));
    assert!(problem("[log]\nformat = \"xml\"\n").contains("`json`"));
    assert!(problem("log = \"info\"\n").contains("log"));
    assert!(problem("[world]\nrooms = 1000\nroom_capacity = 1000\n").contains("room_capacity"));
    let unknown = load("", &[("TINYREALM_WORLD_ROMS", "1")], &[]).unwrap_err();
    assert!(format!("{unknown:#}").contains("TINYREALM_WORLD_ROMS"));
    let unknown = load("", &[], &[Override::new("world.roms", "1")]).unwrap_err();
    assert!(format!("{unknown:#}").contains("world.roms"));
    let beyond = load("", &[], &[Override::new("net.packet_burst", "1000000")]).unwrap_err();
    let beyond = format!("{beyond:#}");
    assert!(beyond.contains("packet_burst") && beyond.contains("from 0 to 65535"), "{beyond}");
    assert!(problem("[net]\npacket_burst = 65536\n").contains("from 0 to 65535"));
    let wrong = load("", &[("TINYREALM_WORLD_ROOMS", "many")], &[]).unwrap_err();
    assert!(format!("{wrong:#}").contains("whole number"));
}

#[test]
fn both_sides_of_the_limits() {
    let accepted = |text: &str| load(text, &[], &[]).is_ok();
    assert!(accepted("[main]\nworlds = 64\n") && !accepted("[main]\nworlds = 65\n"));
    assert!(accepted("[main]\nworlds = 1\n") && !accepted("[main]\nworlds = 0\n"));
    assert!(accepted("[world]\nregion = \"sixteen bytes in\"\n"));
    assert!(!accepted("[world]\nregion = \"seventeen bytes i\"\n"));
    assert!(accepted("[world]\nrooms = 1\nroom_capacity = 8\nring_bytes = 1024\n"));
    assert!(!accepted("[world]\nrooms = 1\nroom_capacity = 8\nring_bytes = 512\n"));
    let many = |members, spectators| {
        format!("[world]\nrooms = 2\nroom_capacity = {members}\nroom_spectators = {spectators}\n")
    };
    assert!(accepted(&many(16_301, 0)) && accepted(&many(16_293, 8)));
    assert!(!accepted(&many(16_302, 0)) && !accepted(&many(16_294, 8)));
    assert!(accepted(&format!(
        "[world]\nrooms = 1\nroom_capacity = {ROOM_CAPACITY_MAX}\nroom_spectators = 0\n"
    )));
    assert!(!accepted(&format!(
        "[world]\nrooms = 1\nroom_capacity = {}\nroom_spectators = 0\n",
        ROOM_CAPACITY_MAX + 1
    )));
    assert!(accepted("[world]\nrooms = 1\nroom_capacity = 8\nring_bytes = 524288\n"));
    assert!(!accepted("[world]\nrooms = 1\nroom_capacity = 8\nring_bytes = 1048576\n"));
    assert!(accepted("[main]\nhello_timeout_ms = 4999\n"));
    assert!(!accepted("[main]\nhello_timeout_ms = 5000\n"));
    assert!(accepted("[login]\nhash_memory_kib = 8\n"));
    assert!(!accepted("[login]\nhash_memory_kib = 7\n"));
    assert!(accepted("[login]\nhash_passes = 1\n") && !accepted("[login]\nhash_passes = 0\n"));
    assert!(accepted("[login]\nqueue = 65471\n") && !accepted("[login]\nqueue = 65472\n"));
    assert!(accepted("[login]\nkept_percent = 50\n"));
    assert!(!accepted("[login]\nkept_percent = 51\n"));
    assert!(accepted("[login]\nremembered = 8\n") && !accepted("[login]\nremembered = 9\n"));
    assert!(accepted("[main]\nsessions = 30000\nusers = 35531\n"));
    assert!(!accepted("[main]\nsessions = 30000\nusers = 35532\n"));
    assert!(accepted("[chat]\nmains = 8\n") && !accepted("[chat]\nmains = 9\n"));
    assert!(accepted("[chat]\npast_page = 16\n") && !accepted("[chat]\npast_page = 17\n"));
    assert!(accepted("[chat]\nring_bytes = 1024\n") && !accepted("[chat]\nring_bytes = 512\n"));
    assert!(!accepted("[chat]\nring_bytes = 3000\n"));
    assert!(
        accepted("[chat]\nmessage_bytes = 256\n") && !accepted("[chat]\nmessage_bytes = 257\n")
    );
    let relay = |text: &str| accepted(&format!("[main.relay]\n{text}\n"));
    assert!(relay("connections = 0") && relay("connections_per_address = 1"));
    assert!(!relay("connections_per_address = 0"));
    assert!(relay("bytes_per_second = 1024") && !relay("bytes_per_second = 1023"));
    assert!(accepted("[main]\nchat = \"\"\n") && !accepted("[main]\nchat = \"nowhere\"\n"));
}

#[test]
fn origins_are_a_list_of_origins() {
    let accepted = |text: &str| load(text, &[], &[]).is_ok();
    assert!(accepted("[net]\norigins = [\"https://game.example\", \"http://localhost:7080\"]\n"));
    assert!(accepted("[net]\norigins = [\"*\"]\n"));
    for wrong in ["game.example", "https://", "https://game.example/", "ftp://game.example"] {
        let told = problem(&format!("[net]\norigins = [\"{wrong}\"]\n"));
        assert!(told.contains("is no origin"), "{told}");
    }
}

#[test]
fn proxies_are_a_list_of_networks() {
    let text = "[net]\ntrusted_proxies = [\"10.0.0.0/8\", \"::1\", \"192.0.2.7\"]\n";
    assert!(load(text, &[], &[]).is_ok());
    for wrong in ["proxy.example", "10.0.0.0/33", "10.0.0.1:80", ""] {
        let told = problem(&format!("[net]\ntrusted_proxies = [\"{wrong}\"]\n"));
        assert!(told.contains("is no network"), "{told}");
    }
}

#[test]
fn servers_listen_at_names_too() {
    let config = load("[main]\nlisten = \"localhost:7000\"\n", &[], &[]).unwrap();
    assert!(config.main.address().ip().is_loopback() && config.main.address().port() == 7_000);
    for wrong in ["no-such-host.invalid:7000", "localhost", "7000", ""] {
        let told = problem(&format!("[main]\nlisten = \"{wrong}\"\n"));
        assert!(told.contains("can't listen at"), "{told}");
    }
}

/// What can never be an address is told before anybody looks for it.
#[test]
fn servers_are_looked_for_at_addresses() {
    let accepted = |(section, key): (&str, &str), address: &str| {
        let list = if key == "mains" { ["[", "]"] } else { ["", ""] };
        let [begin, end] = list;
        load(&format!("[{section}]\n{key} = {begin}\"{address}\"{end}\n"), &[], &[]).is_ok()
    };
    for key in [("main", "login"), ("main", "chat"), ("world", "mains")] {
        for good in ["localhost:1", "game.example:65535", "192.0.2.7:7000", "[::1]:7000"] {
            assert!(accepted(key, good), "{key:?} {good}");
        }
        for wrong in [
            "localhost",
            "localhost:0",
            "localhost:65536",
            ":7000",
            "::1:7000",
            "a b:7000",
            "a/b:1",
        ] {
            assert!(!accepted(key, wrong), "{key:?} {wrong}");
        }
    }
    assert!(accepted(("main", "chat"), "") && !accepted(("main", "login"), ""));
}

#[test]
fn both_sides_of_how_many_mains_a_world_has() {
    let accepted =
        |mains: &[String]| load(&format!("[world]\nmains = {mains:?}\n"), &[], &[]).is_ok();
    let mains: Vec<String> = (1..=9).map(|port| format!("localhost:{port}")).collect();
    assert!(!accepted(&[]) && accepted(&mains[..1]) && accepted(&mains[..8]) && !accepted(&mains));
    assert!(!accepted(&[mains[0].clone(), mains[0].clone()]), "twice the same");
}

#[test]
fn clients_are_told_what_they_can_reach() {
    let accepted = |text: &str| load(&format!("[world]\n{text}\n"), &[], &[]).is_ok();
    for everywhere in ["0.0.0.0:7100", "[::]:7100"] {
        let told = problem(&format!("[world]\nlisten = \"{everywhere}\"\n"));
        assert!(told.contains("set world.advertise"), "{told}");
        assert!(accepted(&format!("listen = \"{everywhere}\"\nadvertise = \"game.example:7100\"")));
        assert!(!accepted(&format!("advertise = \"{everywhere}\"")));
    }
    for good in ["game.example:1", "192.0.2.7:65534", "[2001:db8::7]:7100"] {
        assert!(accepted(&format!("advertise = \"{good}\"")), "{good}");
    }
    for wrong in
        ["game.example", "game.example:0", "game.example:65536", ":7100", "2001:db8::7:7100"]
    {
        assert!(!accepted(&format!("advertise = \"{wrong}\"")), "{wrong}");
    }
    assert!(accepted("advertise = \"a:65533\"\nnodes = 2"));
    assert!(!accepted("advertise = \"a:65534\"\nnodes = 2"));
}

#[test]
fn others_are_told_where_a_main_is() {
    let accepted = |text: &str| load(&format!("[main]\n{text}\n"), &[], &[]).is_ok();
    let long = format!("{}:1", "a".repeat(62));
    assert_eq!(long.len(), ADDRESS_MAX_BYTES);
    for good in ["main.example:7000", "[2001:db8::7]:7000", &long] {
        assert!(accepted(&format!("advertise = \"{good}\"\nadvertise_servers = \"{good}\"")));
    }
    assert!(accepted("advertise = \"tls://main.example:7000\""));
    assert!(!accepted("advertise_servers = \"tls://main.example:7000\""));
    let longer = format!("a{long}");
    for wrong in ["main.example", "0.0.0.0:7000", "[::]:7000", "main.example:0", "a b:1", &longer] {
        for key in ["advertise", "advertise_servers"] {
            assert!(!accepted(&format!("{key} = \"{wrong}\"")), "{key} {wrong}");
        }
    }
}

#[cfg(feature = "cluster")]
#[test]
fn a_main_says_where_it_is_as_far_as_it_knows() {
    let found_at = |settings: &str, bound: &str| {
        let config = load(&format!("[main]\n{settings}\n"), &[], &[]).unwrap();
        config.main.found_at(bound.parse().unwrap())
    };
    let both = |clients: &str, servers: &str| Some((clients.to_owned(), servers.to_owned()));
    assert_eq!(found_at("", "10.0.0.1:7000"), both("10.0.0.1:7000", "10.0.0.1:7000"));
    assert_eq!(found_at("", "0.0.0.0:7000"), None);
    let advertised = "advertise = \"tls://main.example:443\"";
    assert_eq!(
        found_at(advertised, "0.0.0.0:7000"),
        both("tls://main.example:443", "main.example:443")
    );
    let both_set = format!("{advertised}\nadvertise_servers = \"10.0.0.1:7000\"");
    assert_eq!(
        found_at(&both_set, "0.0.0.0:7000"),
        both("tls://main.example:443", "10.0.0.1:7000")
    );
}

#[test]
fn games_and_their_settings() {
    let config = load("[regions]\narena = \"coin-rush\"\n[game.coin-rush]\ncoins = 9\n", &[], &[]);
    let config = config.unwrap();
    let name_of = |config: &Config, region| config.game_of(region).unwrap().name();
    assert_eq!((name_of(&config, "home"), name_of(&config, "arena")), ("relay", "coin-rush"));
    assert_eq!(config.settings_of("coin-rush")["coins"].as_integer(), Some(9));
    let again = load(&config.to_toml().unwrap(), &[], &[]).unwrap();
    assert_eq!(again.to_toml().unwrap(), config.to_toml().unwrap());

    let overrides = [
        Override::new("game.coin-rush.coins", "3"),
        Override::new("game.coin-rush.title", "Rush 2"),
        Override::new("regions.home", "coin-rush"),
    ];
    let config = load("[game.coin-rush]\ncoins = 9\n", &[], &overrides).unwrap();
    assert_eq!(config.settings_of("coin-rush")["coins"].as_integer(), Some(3));
    assert_eq!(name_of(&config, "home"), "coin-rush");
    let config = load("", &[("TINYREALM_GAME_COIN_RUSH_COINS", "4")], &[]).unwrap();
    assert_eq!(config.settings_of("coin-rush")["coins"].as_integer(), Some(4));

    assert!(problem("[world]\ngame = \"chess\"\n").contains("only relay, coin-rush"));
    assert!(problem("[regions]\nx = \"chess\"\n").contains("regions.x"));
    assert!(problem("[game.chess]\nx = 1\n").contains("game.chess"));
    assert!(problem("[game.coin-rush]\ncoins = 10\n").contains("coins must be between 1 and 9"));
    assert!(problem("[game.coin-rush]\nx = 1\n").contains("x is not a setting"));
    assert!(load("", &[("TINYREALM_GAME_CHESS_X", "1")], &[]).is_err());
}

#[test]
fn nodes_take_the_regions_in_turn() {
    let config = load("[world]\nregion = \"home, arena\"\n", &[], &[]).unwrap();
    let regions: Vec<_> = (0..3).map(|node| config.world.region_of(node)).collect();
    assert_eq!(regions, ["home", "arena", "home"]);
    assert_eq!(load("[world]\nregion = \"\"\n", &[], &[]).unwrap().world.region_of(5), "");
}

/// Every key whose value is a number, and whether it is a fraction; ports too, which are left out unless somebody
/// sets them.
fn numbers() -> Vec<(String, bool)> {
    let defaults: toml::Table = Config::default().to_toml().unwrap().parse().unwrap();
    let sections = defaults.iter().filter_map(|(name, value)| Some((name, value.as_table()?)));
    let mut numbers = Vec::new();
    for (section, keys) in sections {
        let is_number = |value: &toml::Value| value.is_integer() || value.is_float();
        let keys_with_one = keys.iter().filter(|(_, value)| is_number(value));
        numbers.extend(
            keys_with_one.map(|(key, value)| (format!("{section}.{key}"), value.is_float())),
        );
        if keys.contains_key("listen") {
            numbers.push((format!("{section}.port"), false));
        }
    }
    assert!(numbers.len() > 70, "{numbers:?}");
    numbers
}

/// What is wrong with this value, set by a flag and in a file; it is one line that names the key and its bounds.
fn problems_of(key: &str, value: &str) -> usize {
    const BOUNDS: [&str; 7] =
        ["from 0 to ", "between ", "at least ", "at most ", "below ", "multiple of ", "too large"];
    let (section, name) = key.split_once('.').unwrap();
    let by_flag = load("", &[], &[Override::new(key, value)]);
    let by_file = load(&format!("[{section}]\n{name} = {value}\n"), &[], &[]);
    let problems = [by_flag, by_file].map(|loaded| loaded.err().map(|error| format!("{error:#}")));
    for problem in problems.iter().flatten() {
        let has_bounds = BOUNDS.iter().any(|words| problem.contains(words));
        let is_right = problem.contains(name) && !problem.contains('\n') && has_bounds;
        assert!(is_right, "{key} = {value}: {problem}");
    }
    problems.into_iter().flatten().count()
}

#[test]
fn every_number_out_of_range_is_told_with_its_bounds() {
    for (key, is_fraction) in numbers() {
        let beyond: &[&str] = if is_fraction {
            &["-1.0", "1001.0", "1e9", "inf", "nan"]
        } else {
            &["-1", "4294967296", "9223372036854775807", "99999999999999999999"]
        };
        for value in beyond {
            assert_eq!(problems_of(&key, value), 2, "{key} = {value}");
        }
        // Whether those are too much or too little is the key's own affair.
        let edges: &[&str] = if is_fraction {
            &["0.0", "0.1"]
        } else {
            &["0", "1", "2", "255", "256", "65535", "65536", "4294967295"]
        };
        for value in edges {
            assert_ne!(problems_of(&key, value), 1, "{key} = {value}");
        }
    }
}
