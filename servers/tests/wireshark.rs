//! The dissector of `tinyrealm schema --wireshark` in tshark, over sessions of real servers. `cargo xtask wireshark`
//! runs it: it needs tshark.

mod support;

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;

use serde_json::Value;

use support::channel::wait_until_found;
use tinyrealm_core::protocol::client_to_world::Input;
use tinyrealm_core::protocol::either_way::{Ping, Pong};
use tinyrealm_core::protocol::world_to_client::MemberExtra;
use tinyrealm_core::protocol::{Bytes, MemberNumber};

use support::login::{Accounts, CHEAP};
use support::peer::{frame, raw_frame};
use support::recorder::Recorder;
use support::web::{messages_of, request};
use support::{Bots, PATIENCE, Process, ScratchFile, Server, Stream};

/// What tshark has found in a capture: the packets' fields, and each value of a field.
struct Dissected {
    values: Vec<BTreeMap<&'static str, Vec<String>>>,
}

const FIELDS: [&str; 6] = [
    "tinyrealm.message",
    "tinyrealm.direction",
    "tinyrealm.malformed",
    "tinyrealm.unknown",
    "_ws.malformed",
    "tinyrealm.main_to_client.chat_broadcast.msg",
];
/// Those of the game in `examples/wheel.rs`, which another binary's dissector does not know.
const GAME_FIELDS: [&str; 5] = [
    "tinyrealm.wheel_to_client.turned.stand.angle",
    "tinyrealm.wheel_to_client.turned.stand.speed",
    "tinyrealm.wheel_to_client.turned.stand.hands",
    "tinyrealm.wheel_to_client.turned.is_new",
    "tinyrealm.wheel_to_client.turned.shout",
];

/// Of the same game, within the realm's messages.
const CARRIED_FIELDS: [&str; 3] = [
    "tinyrealm.carried",
    "tinyrealm.client_to_wheel.nudge.by",
    "tinyrealm.wheel_to_client.nudges.times",
];

impl Dissected {
    fn of(recorder: &Recorder, name: &str) -> Self {
        Self::with(Process::start, recorder, name, &[])
    }

    /// The same with the dissector that another binary writes, and more fields.
    fn with(
        run: impl Fn(&[&str]) -> Process,
        recorder: &Recorder,
        name: &str,
        more: &[&'static str],
    ) -> Self {
        let fields = [&FIELDS, more].concat();
        let script = ScratchFile::new(&format!("{name}.lua"));
        run(&["schema", "--wireshark", "--out", script.path()]).finish(PATIENCE).expect_code(0);
        let capture = ScratchFile::new(&format!("{name}.pcap"));
        std::fs::write(capture.path(), recorder.pcap()).unwrap();
        let mut command = Command::new("tshark");
        command.args(["-r", capture.path(), "-X", &format!("lua_script:{}", script.path())]);
        command.args(["-T", "fields", "-E", "separator=|", "-E", "aggregator=,"]);
        command.args(fields.iter().flat_map(|field| ["-e", field]));
        let finished = Process::spawn("tshark", command).finish(PATIENCE);
        finished.expect_code(0);
        let said = finished.lines(Stream::Stderr);
        assert!(said.iter().all(|line| !line.contains("Lua")), "{said:?}");
        let packet = |line: &str| {
            let values = line.split('|').map(|cell| {
                cell.split(',').filter(|value| !value.is_empty()).map(str::to_owned).collect()
            });
            fields.iter().copied().zip(values).collect()
        };
        Self { values: finished.lines(Stream::Stdout).into_iter().map(packet).collect() }
    }

    fn all(&self, field: &str) -> impl Iterator<Item = &str> {
        self.values.iter().flat_map(move |packet| &packet[field]).map(String::as_str)
    }

    fn counts(&self, field: &str) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for value in self.all(field) {
            *counts.entry(value.to_owned()).or_default() += 1;
        }
        counts
    }
}

/// Whatever a realm's servers and clients say to each other.
const DIRECTIONS: [&str; 14] = [
    "client to main",
    "main to client",
    "client to world",
    "world to client",
    "world to main",
    "main to world",
    "client to login",
    "login to client",
    "main to login",
    "login to main",
    "main to chat",
    "chat to main",
    "dialer to listener",
    "listener to dialer",
];

/// Nobody dissects what is in sealed records.
const CLEAR: &str = "cluster.clear=world:1,login,chat";

#[test]
fn every_frame_of_a_realm_with_bots_is_dissected() {
    let recorder = Arc::<Recorder>::default();
    let [to_main, to_world, to_login, to_chat] = [(); 4].map(|()| recorder.relay());
    let accounts = Accounts::new("wireshark");
    let (login, chat) = (accounts.login(&[&CHEAP[..], &[CLEAR]].concat()), Server::chat(&[CLEAR]));
    let settings = [
        CLEAR.to_owned(),
        "main.auth=login".to_owned(),
        format!("main.login={}", to_login.address),
        format!("main.chat={}", to_chat.address),
    ];
    to_login.lead_to(login.address);
    to_chat.lead_to(chat.address);
    let main = Server::main(&settings.each_ref().map(String::as_str));
    main.process.wait_until_said(Stream::Stderr, "connected to Login", 1);
    wait_until_found(&main, 1);
    to_main.lead_to(main.address);
    let advertised = format!("world.advertise={}", to_world.address);
    let world = Server::world(1, to_main.address, &[&advertised, CLEAR]);
    to_world.lead_to(world.address);
    world.wait_until_registered(1);

    let (at, data) = (to_login.address.to_string(), accounts.setting());
    let who =
        ["--login", &at, "--set", &data, "--make-accounts", "bot-", "--count", "6", "--ws", "3"];
    let what = ["--seconds", "2", "--chat-hz", "2", "--channels", "2"];
    let moving = Bots::start(to_main.address, &[&who[..], &what].concat());
    moving.outcome().expect_clean(6);
    let (main, world) = (main.stop(), world.stop());
    main.expect(&[("net.violations", 0)]);
    world.expect(&[("net.violations", 0)]);
    drop((login, chat));

    expect_dissected(&recorder);
}

fn expect_dissected(recorder: &Recorder) {
    let dissected = Dissected::of(recorder, "realm");
    assert_eq!(dissected.counts("tinyrealm.message"), recorder.frames());
    for wrong in ["tinyrealm.malformed", "tinyrealm.unknown", "_ws.malformed"] {
        assert_eq!(dissected.all(wrong).next(), None, "{wrong}");
    }
    assert!(dissected.all("tinyrealm.main_to_client.chat_broadcast.msg").next().is_some());
    let directions = dissected.counts("tinyrealm.direction");
    for direction in DIRECTIONS {
        assert!(directions.contains_key(direction), "{direction}: {directions:?}");
    }
}

#[test]
fn every_vector_is_dissected_or_found_malformed() {
    let vectors: Value = serde_json::from_str(include_str!("../../vectors.json")).unwrap();
    for kind in ["valid", "invalid"] {
        let recorder = Arc::<Recorder>::default();
        let vectors = vectors[kind].as_array().unwrap();
        for vector in vectors {
            recorder.invent(&[&bytes_of(vector["frame"].as_str().unwrap())]);
        }
        let dissected = Dissected::of(&recorder, kind);
        for (vector, packet) in vectors.iter().zip(&dissected.values) {
            assert_eq!(
                packet["tinyrealm.message"],
                [vector["message"].as_str().unwrap()],
                "{vector}"
            );
            let is_malformed = !packet["tinyrealm.malformed"].is_empty();
            assert_eq!(is_malformed, kind == "invalid", "{vector}");
        }
        assert_eq!(dissected.values.len(), vectors.len());
    }
}

#[test]
fn a_game_s_own_messages_are_dissected() {
    const TURNED: i32 = 0x5101;
    let payload = [&[0xE7, 0x02, 0x00, 0x00, 0xC0, 0x3F, 0xFF, 0x01, 0x02][..], b"hi"].concat();
    let recorder = Arc::<Recorder>::default();
    recorder.invent(&[&raw_frame(TURNED, &payload)]);
    let wheel = |arguments: &[&str]| Process::start_example("wheel", arguments);
    let dissected = Dissected::with(wheel, &recorder, "wheel", &GAME_FIELDS);
    assert_eq!(dissected.all("tinyrealm.message").collect::<Vec<_>>(), ["Turned"]);
    let values = GAME_FIELDS.iter().flat_map(|field| dissected.all(field));
    assert_eq!(values.collect::<Vec<_>>(), ["-180", "1.5", "255", "1", "hi"]);
}

#[test]
fn what_the_realm_s_messages_carry_of_the_game_is_dissected() {
    let nudge = Input { tick: 9, kind: 2, data: Bytes::new(&[0xB4, 0x01]).unwrap() };
    let unknown = Input { kind: 200, ..nudge };
    let broken = Input { data: Bytes::new(&[0]).unwrap(), kind: 1, ..nudge };
    let nudges = MemberExtra { number: MemberNumber(1), kind: 3, data: Bytes::new(&[7]).unwrap() };
    let recorder = Arc::<Recorder>::default();
    for frame in [frame(&nudge), frame(&unknown), frame(&broken), frame(&nudges)] {
        recorder.invent(&[&frame]);
    }
    let wheel = |arguments: &[&str]| Process::start_example("wheel", arguments);
    let dissected = Dissected::with(wheel, &recorder, "carried", &CARRIED_FIELDS);
    let values = |field: &str| dissected.all(field).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(values("tinyrealm.message"), ["Input", "Input", "Input", "MemberExtra"]);
    assert_eq!(values(CARRIED_FIELDS[0]), ["Nudge", "Turn", "Nudges"]);
    assert_eq!(values(CARRIED_FIELDS[1]), ["90"]);
    assert_eq!(values(CARRIED_FIELDS[2]), ["7"]);
    let malformed: Vec<_> =
        dissected.values.iter().map(|it| !it["tinyrealm.malformed"].is_empty()).collect();
    assert_eq!(malformed, [false, false, true, false]);
}

/// The sealed sessions of PROTOCOL.md: a server's, and a client's.
#[test]
fn what_is_behind_a_handshake_is_told_as_sealed_records() {
    let page = include_str!("../../PROTOCOL.md");
    let said_in = |heading: &str| -> Vec<Vec<u8>> {
        let (_, session) = page.split_once(heading).unwrap();
        let lines = session.lines().take_while(|line| *line != "```");
        let hex = lines.map(|line| line.replace(' ', "")).filter(|line| is_hex(line));
        hex.map(|line| bytes_of(&line)).collect()
    };
    let [hello, answer, ready, ping, next, ..] = &said_in("SecureHello, from the dialer\n")[..]
    else {
        panic!("the session is shorter");
    };
    let [client, world, join, leave] = &said_in("\nSecureClient\n")[..] else {
        panic!("the client's session is another one");
    };
    let recorder = Arc::<Recorder>::default();
    recorder.invent(&[hello, answer, &[&ready[..], next].concat(), ping]);
    recorder.invent(&[client, world, &[&join[..], leave].concat()]);
    let dissected = Dissected::with(Process::start, &recorder, "sealed", &["tinyrealm.record"]);
    let starts = ["SecureHello", "SecureAnswer", "SecureClient", "SecureClientAnswer"];
    assert_eq!(dissected.all("tinyrealm.message").collect::<Vec<_>>(), starts);
    let records = [ready, next, ping, join, leave].map(|record| record[2..].to_vec());
    let told: Vec<_> = dissected.all("tinyrealm.record").map(bytes_of).collect();
    assert_eq!(told, records);
    for wrong in ["tinyrealm.malformed", "tinyrealm.unknown"] {
        assert_eq!(dissected.all(wrong).next(), None, "{wrong}");
    }
}

fn is_hex(line: &str) -> bool {
    !line.is_empty() && line.bytes().all(|digit| digit.is_ascii_hexdigit())
}

#[test]
fn a_web_socket_that_offers_no_sub_protocol_is_known_by_its_first_message() {
    const RESPONSE: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    let recorder = Arc::<Recorder>::default();
    let offering = request("");
    let silent = offering.replace("Sec-WebSocket-Protocol: tinyrealm.v2\r\n", "");
    assert_ne!(silent, offering);
    let said = messages_of(&[frame(&Ping { nonce: 5 }), frame(&Pong { nonce: 6 })].concat());
    recorder.invent(&[silent.as_bytes(), RESPONSE, &said]);
    let dissected = Dissected::of(&recorder, "silent");
    assert_eq!(dissected.counts("tinyrealm.message"), recorder.frames());
    assert_eq!(dissected.all("tinyrealm.message").collect::<Vec<_>>(), ["Ping", "Pong"]);
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}
