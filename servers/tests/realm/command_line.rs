//! What the binary says to the person who runs it: every mistake is one clear line and a non-zero exit
//! code, and numbers come from where they are said to come from.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::thread;

use crate::support::{Finished, PATIENCE, Peer, Process, ScratchFile, Server, Signal, Stream};
use toml::{Table, Value};

/// Runs the binary to its end.
fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Finished {
    Process::start_with(arguments, variables).finish(PATIENCE)
}

/// A mistake: the one error line names what is wrong, and nothing has panicked.
#[track_caller]
fn expect_mistake(finished: &Finished, code: i32, named: &str) {
    finished.expect_code(code);
    let lines = finished.lines(Stream::Stderr);
    let (errors, others): (Vec<&str>, Vec<&str>) =
        lines.iter().partition(|line| line.starts_with("error: "));
    let [error] = errors[..] else { panic!("one error line, not {lines:?}") };
    assert!(error.contains(named), "{error:?} does not name {named:?}");
    assert!(!lines.iter().any(|line| line.contains("panicked")), "{lines:?}");
    // Of the command line, the usage follows; bots say meanwhile that they are joining, and what keeps them.
    let is_expected = |line: &&str| {
        let is_progress = ["joining: 0 of 2 bots", "waiting for the last of 0"]
            .iter()
            .any(|begin| line.starts_with(begin));
        line.is_empty() || code == 2 || is_progress || line.contains(" WARN can't ")
    };
    assert!(others.iter().all(is_expected), "nothing but the error: {lines:?}");
    assert_eq!(finished.lines(Stream::Stdout), [""; 0]);
}

#[test]
fn wrong_flags_and_keys_are_named() {
    expect_mistake(&run(&["main", "--ports", "0"], &[]), 2, "--ports");
    expect_mistake(&run(&["mian"], &[]), 2, "mian");
    expect_mistake(&run(&["bots", "--count", "many"], &[]), 2, "--count");
    expect_mistake(&run(&["bots", "--count", "0"], &[]), 2, "--count");
    expect_mistake(&run(&["world", "--set", "rooms"], &[]), 2, "KEY=VALUE");
    expect_mistake(&run(&["world", "--set", "world.roms=2"], &[]), 1, "world.roms");
    expect_mistake(&run(&["world", "--rooms", "0"], &[]), 1, "world.rooms");
    expect_mistake(&run(&["main", "--log", "loud"], &[]), 1, "loud");
    expect_mistake(&run(&["world", "--game", "chess"], &[]), 1, "chess");
    expect_mistake(&run(&["world", "--main", "nowhere"], &[]), 1, "world.mains");
    let unknown = [("TINYREALM_WORLD_ROMS", "2")];
    expect_mistake(&run(&["check-config"], &unknown), 1, "TINYREALM_WORLD_ROMS");
    let wrong = [("TINYREALM_WORLD_ROOMS", "two")];
    expect_mistake(&run(&["check-config"], &wrong), 1, "TINYREALM_WORLD_ROOMS");
    expect_mistake(&run(&["client"], &[]), 1, "terminal");
}

/// Each role has its own least; with that it starts, and fails at what comes next.
#[test]
fn a_frame_limit_that_keeps_servers_apart_is_refused() {
    use tinyrealm_core::node::longest;
    for (role, least) in [
        ("main", longest::MAIN_HEARS_BYTES),
        ("world", longest::WORLD_HEARS_BYTES),
        ("chat", longest::CHAT_HEARS_BYTES),
        ("login", longest::LOGIN_HEARS_BYTES),
        ("up", longest::MAIN_HEARS_BYTES),
    ] {
        let with = |limit: usize| {
            let limit = format!("net.frame_limit_bytes={limit}");
            let missing = "cluster.secret_file=/nowhere/secret";
            let arguments = [role, "--set", &limit, "--set", missing, "--set", "main.auth=login"];
            Process::start_without_secret(&arguments, &[]).finish(PATIENCE)
        };
        expect_mistake(&with(least - 1), 1, &format!("set it to {least} at least"));
        if role != "up" {
            expect_mistake(&with(least), 1, "/nowhere/secret");
        }
    }
}

#[test]
fn bytes_are_told_in_words() {
    let ping = run(&["decode", "05 00", "02000000", "05"], &[]);
    ping.expect_code(0);
    let said = ping.lines(Stream::Stdout).join("\n");
    assert!(said.contains("Ping 0x0002, either way") && said.contains("nonce: 5"), "{said}");
    let longer = run(&["decode", "--as", "body", "02 00 00 00 85 00"], &[]);
    longer.expect_code(1);
    let said = longer.lines(Stream::Stdout).join("\n");
    assert!(said.contains("wrong: `nonce`: 85 00 is a longer form"), "{said}");
    expect_mistake(&run(&["decode", "0g"], &[]), 1, "`g`");
    expect_mistake(&run(&["decode", "--as", "smoke", "00"], &[]), 2, "smoke");
}

#[test]
fn mistakes_in_a_file_are_named_with_their_file() {
    let missing = ScratchFile::new("missing.toml");
    expect_mistake(&run(&["main", "--config", missing.path()], &[]), 1, missing.path());
    for (text, named) in [
        ("[world]\n\nroms = 2\n", "line 3, `roms = 2`: unknown field `roms`"),
        ("[world\n", "line 1, `[world`: "),
        ("[net]\nping_interval_ms = \"often\"\n", "line 2, `ping_interval_ms = \"often\"`: "),
        ("[up]\nauth = \"chess\"\n", "unknown variant `chess`"),
    ] {
        let file = ScratchFile::with("broken.toml", text);
        for command in ["main", "world", "chat", "up", "bots", "check-config"] {
            let finished = run(&[command, "--config", file.path()], &[]);
            expect_mistake(&finished, 1, &format!("in the configuration {}: ", file.path()));
            expect_mistake(&finished, 1, named);
        }
    }
    let file = ScratchFile::with("wrong.toml", "[main]\nworlds = 65\n");
    expect_mistake(&run(&["main", "--config", file.path()], &[]), 1, "main.worlds");
}

#[test]
fn a_port_in_use_is_named() {
    let main = Server::main(&[]);
    let address = main.address.to_string();
    for server in ["main", "world"] {
        let own = [server, "--listen", &address];
        expect_mistake(&run(&own, &[]), 1, &address);
        let operators = ["--port", "0", "--set", &format!("admin.listen={address}")];
        expect_mistake(&run(&[&[server][..], &operators].concat(), &[]), 1, &address);
    }
    let main_listen = format!("main.listen={address}");
    let up = ["up", "--set", "up.auth=guest", "--set", &main_listen, "--set", "chat.port=0"];
    expect_mistake(&run(&up, &[]), 1, &address);
    let http_listen = format!("http.listen={address}");
    let free =
        ["main.port=0", "--set", "chat.port=0", "--set", "world.port=0", "--set", &http_listen];
    let up = run(&[&up[..4], &free].concat(), &[]);
    up.expect_code(1);
    assert!(up.lines(Stream::Stderr).iter().any(|line| line.contains(&address)), "{http_listen}");
    let foreign = run(&["main", "--listen", "192.0.2.1:0"], &[]);
    expect_mistake(&foreign, 1, "192.0.2.1:0");
    main.stop();
}

#[test]
fn a_secret_that_can_t_be_used_is_named() {
    let short = ScratchFile::with("short-secret", "too short");
    let setting = format!("main.secret_file={}", short.path());
    expect_mistake(&run(&["main", "--port", "0", "--set", &setting], &[]), 1, short.path());
    let setting = "main.secret_file=/nowhere/at/all";
    expect_mistake(&run(&["main", "--port", "0", "--set", setting], &[]), 1, "/nowhere/at/all");
}

#[test]
fn a_secret_that_others_may_read_is_refused_with_what_to_do() {
    let secret = ScratchFile::with("open-secret", crate::support::process::CLUSTER_SECRET);
    let accounts = ScratchFile::with("open-accounts", "alice her password\n");
    let cluster = format!("cluster.secret_file={}", secret.path());
    let guests = format!("main.secret_file={}", secret.path());
    let bots = ["bots", "--count", "1", "--accounts", accounts.path()];
    let refused = |arguments: &[&str], file: &ScratchFile| {
        let named = format!("`chmod 600 {}`", file.path());
        file.set_mode(0o640);
        let finished = Process::start_without_secret(arguments, &[]).finish(PATIENCE);
        expect_mistake(&finished, 1, &named);
        file.set_mode(0o600);
    };
    for server in ["main", "world", "login", "chat"] {
        refused(&[server, "--port", "0", "--set", &cluster], &secret);
    }
    refused(&["up", "--set", &cluster], &secret);
    refused(&["main", "--port", "0", "--set", &guests], &secret);
    refused(&bots, &accounts);
    // The owner's own is taken.
    let main = Process::start_without_secret(&["main", "--port", "0", "--set", &cluster], &[]);
    main.wait_for(Stream::Stdout, |line| line.strip_prefix("main listening on ").map(drop));
}

#[test]
fn bots_without_a_realm_say_so() {
    let gone = Server::main(&[]);
    let address = gone.address.to_string();
    gone.stop();
    // Nobody listens there; nobody has such a name; somebody listens who is no Main.
    let world = Server::world(1, address.parse().unwrap(), &[]);
    let silent = world.address.to_string();
    let plan = ["--count", "2", "--seconds", "1", "--json"];
    thread::scope(|scope| {
        for main in [&address, "no-such-host.invalid:7000", &silent] {
            scope.spawn(move || {
                let finished = run(&[&["bots", "--main", main], &plan[..]].concat(), &[]);
                expect_mistake(&finished, 1, &format!("Main at {main}"));
            });
        }
    });
    world.stop();
    for command in ["bots", "client"] {
        for nowhere in ["no-port", "localhost:65536", "::1:7000"] {
            expect_mistake(&run(&[command, "--main", nowhere], &[]), 2, "HOST:PORT");
        }
    }
}

/// Every key of a configuration, with its section.
fn keys(table: &Table) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (name, value) in table {
        match value {
            Value::Table(section) => {
                all.extend(keys(section).iter().map(|key| format!("{name}.{key}")));
            }
            _ => drop(all.insert(name.clone())),
        }
    }
    all
}

fn checked(arguments: &[&str], variables: &[(&str, &str)]) -> Table {
    let finished = run(&[&["check-config"], arguments].concat(), variables);
    finished.expect_code(0);
    assert_eq!(finished.lines(Stream::Stderr), [""; 0]);
    finished.lines(Stream::Stdout).join("\n").parse().unwrap()
}

const KEYS: &str = "
    log.level log.format up.bots up.bots_hz up.bots_chat_hz up.worlds up.auth cluster.secret_file
    main.listen main.advertise main.advertise_servers main.sessions main.users main.worlds main.attach_timeout_ms main.attach_ttl_ms
    main.allowed_worlds main.data_folder main.secret_file main.chat main.auth main.login main.hello_timeout_ms main.hellos main.devices
    main.reconnect_first_ms main.reconnect_most_ms main.names main.rooms_max main.registry_settle_ms main.room_hold_ms
    main.relay.connections main.relay.connections_per_address main.relay.bytes_per_second
    directory.servers directory.realm directory.user directory.password_file directory.authorities directory.claim_timeout_ms directory.review_ms
    login.listen login.data_folder login.database login.database_file login.database_authorities login.sessions login.hash_threads login.hash_memory_kib
    login.hash_passes login.queue login.kept_percent login.verify_queue login.token_ttl_s login.tokens_per_account
    login.remembered login.account_free_failures login.account_first_delay_ms
    login.account_most_delay_ms login.account_forget_after_ms login.address_free_failures
    login.address_first_delay_ms login.address_most_delay_ms login.address_forget_after_ms
    login.address_logins
    world.id world.region world.listen world.advertise world.mains world.nodes world.rooms
    world.room_capacity world.room_spectators world.spare_sessions world.sealed_clients world.ring_bytes world.flush_interval_ms
    world.status_interval_ms world.reconnect_first_ms world.reconnect_most_ms world.move_away_ms world.game
    world.data_folder world.chat chat.listen chat.advertise chat.mains chat.channels chat.reserved chat.memberships chat.channel_members
    chat.history_bytes chat.past_page chat.ring_bytes chat.channels_per_user chat.message_bytes
    chat.requests_per_second chat.request_burst chat.flush_interval_ms
    http.service http.listen http.connections http.connections_per_address http.visitors
    http.head_timeout_ms http.stall_timeout_ms http.page admin.listen admin.token_file
    cluster.secret_file cluster.former_secret_file cluster.key_file cluster.former_key_file
    cluster.generation cluster.generations cluster.clear cluster.exit_when_hopeless
    net.frame_limit_bytes net.greeting_timeout_ms net.ping_interval_ms net.idle_timeout_ms
    net.drain_timeout_ms net.packets_per_second net.packet_burst net.connections_per_address
    net.openings_per_second net.hosts
    net.send_buffers_per_session net.send_buffers_per_server net.socket_send_buffer_bytes net.origins net.trusted_proxies
    net.tls.certificate net.tls.key net.tls.require";

#[test]
fn check_config_prints_every_key_and_reads_what_it_prints() {
    let defaults = checked(&[], &[]);
    assert_eq!(keys(&defaults), KEYS.split_whitespace().map(str::to_owned).collect());
    let file = ScratchFile::with("printed.toml", &defaults.to_string());
    assert_eq!(checked(&["--config", file.path()], &[]), defaults);
}

#[test]
fn every_key_is_a_variable_and_a_flag_wins() {
    let defaults = checked(&[], &[]);
    let mut all: Vec<String> = keys(&defaults).into_iter().collect();
    all.extend(
        ["main.port", "world.port", "login.port", "chat.port", "http.port", "admin.port"]
            .map(str::to_owned),
    );
    let value_of = |key: &str| {
        let value = key.split('.').try_fold(None, |table: Option<&Value>, part| {
            table.map_or_else(|| defaults.get(part), |table| table.get(part)).map(Some)
        });
        match value.flatten() {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(list)) => {
                list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")
            }
            Some(number) => number.to_string(),
            None => "0".to_owned(),
        }
    };
    let names: Vec<(String, String)> = all
        .iter()
        .map(|key| (format!("TINYREALM_{}", key.replace('.', "_").to_uppercase()), value_of(key)))
        .collect();
    let variables: Vec<(&str, &str)> =
        names.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let read = checked(&[], &variables);
    assert_eq!(read["main"]["port"], Value::Integer(0));
    assert_eq!(keys(&read).len(), all.len());

    let file = ScratchFile::with("layers.toml", "[world]\nrooms = 2\nroom_capacity = 3\nid = 4\n");
    let variables = [("TINYREALM_WORLD_ROOM_CAPACITY", "5"), ("TINYREALM_WORLD_ID", "6")];
    let layered = checked(&["--config", file.path(), "--set", "world.id=7"], &variables);
    let world = &layered["world"];
    assert_eq!(
        ["rooms", "room_capacity", "id"].map(|key| world[key].as_integer()),
        [2, 5, 7].map(Some)
    );
}

#[test]
fn a_free_port_is_printed_and_is_the_one() {
    let limit = tinyrealm_core::node::longest::MAIN_HEARS_BYTES.to_string();
    let variables = [("TINYREALM_MAIN_PORT", "0"), ("TINYREALM_NET_FRAME_LIMIT_BYTES", &limit)];
    let main = Process::start_with(&["main"], &variables);
    let address: SocketAddr =
        main.wait_for(Stream::Stdout, |line| line.strip_prefix("main listening on ")?.parse().ok());
    assert_ne!(address.port(), 0);
    Peer::connect(address).expect_served();

    // Several nodes of one process have a port each.
    let main_text = address.to_string();
    let flags = ["world", "--nodes", "3", "--port", "0", "--id", "5", "--main", &main_text];
    let worlds = Process::start(&flags);
    let ports = [5, 6, 7].map(|id| {
        let prefix = format!("world {id} listening on ");
        let parse = |line: &str| line.strip_prefix(&prefix)?.parse::<SocketAddr>().ok();
        worlds.wait_for(Stream::Stdout, parse).port()
    });
    assert_eq!(BTreeSet::from(ports).len(), 3);
    worlds.wait_until_said(Stream::Stderr, "registered with Main", 3);
    for process in [worlds, main] {
        process.signal(Signal::Interrupt);
        process.finish(PATIENCE).expect_code(0);
    }
}

/// What a command was asked for is its work; what a server says is not.
#[cfg(target_os = "linux")]
#[test]
fn a_server_goes_on_when_nobody_can_hear_it_and_a_command_says_so() {
    let main = Process::start_with(&["main"], &[("TINYREALM_MAIN_PORT", "0")]);
    let address = main.wait_for(Stream::Stdout, |line| {
        line.strip_prefix("main listening on ").map(str::to_owned)
    });
    let world = ["world", "--port", "0", "--id", "5", "--main", &address];
    let world = Process::start_unheard(&world);
    world.wait_until_said(Stream::Stderr, "registered with Main", 1);
    for process in [world, main] {
        process.signal(Signal::Interrupt);
        process.finish(PATIENCE).expect_code(0);
    }
    for command in [&["schema", "--json"][..], &["check-config"], &["key", "chat"]] {
        let finished = Process::start_unheard(command).finish(PATIENCE);
        finished.expect_code(1);
        let said = finished.lines(Stream::Stderr).join(" ");
        assert!(said.contains("can't write to the standard output"), "{command:?}: {said}");
    }
}

/// The servers' own lines, and those of the core.
#[test]
fn a_log_for_programs_is_an_object_a_line() {
    let json = ["--set", "log.format=json", "--log", "debug"];
    let main = Process::start(&[&["main", "--port", "0"][..], &json].concat());
    let address = main.wait_for(Stream::Stdout, |line| {
        line.strip_prefix("main listening on ").map(str::to_owned)
    });
    let world = ["world", "--port", "0", "--id", "5", "--main", &address];
    let world = Process::start(&[&world[..], &json].concat());
    let registered = world.wait_for(Stream::Stderr, |line| {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        line["message"].as_str()?.starts_with("registered with Main as world 5").then_some(line)
    });
    assert_eq!(registered["level"], "INFO");
    assert_eq!(registered["target"], "tinyrealm");
    for process in [world, main] {
        process.signal(Signal::Terminate);
        let finished = process.finish(PATIENCE);
        for line in finished.expect_code(0).lines(Stream::Stderr) {
            let object: serde_json::Value = serde_json::from_str(line).unwrap();
            let all = ["time", "level", "target", "message"].map(|key| object[key].is_string());
            assert_eq!(all, [true; 4], "{line}");
        }
    }
}
