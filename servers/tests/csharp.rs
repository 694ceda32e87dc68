//! The C# of `tinyrealm schema --csharp`, compiled and run by Mono: its codec with every vector, its client with real
//! servers. `cargo xtask csharp` runs it: it needs Mono's compiler and runtime, and OpenSSL.

mod support;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, PKCS_RSA_SHA256,
};
use serde_json::Value;

use support::channel::{self, LOBBY, wait_until_found};
use support::den::wait_until_rooms_move;
use support::login::{Accounts, CHEAP, main_of};
use support::operator::{of, told};
use support::{Finished, PATIENCE, Process, Realm, ScratchFile, Server, Stream, User};

use tinyrealm_core::protocol::world_to_client::{EventBroadcast, UserLeft};
use tinyrealm_core::protocol::{ErrorCode, Uid};

/// A program of `tests/csharp` with the client, compiled.
struct Program {
    file: ScratchFile,
    _client: ScratchFile,
}

impl Program {
    fn compile(name: &str, test: &str) -> Self {
        Self::compile_with(Process::start, name, test)
    }

    /// The same with the client that another binary writes.
    fn compile_with(run: impl Fn(&[&str]) -> Process, name: &str, test: &str) -> Self {
        let client = ScratchFile::new(&format!("{test}.cs"));
        let written = run(&["schema", "--csharp", "--out", client.path()]);
        written.finish(PATIENCE).expect_code(0);
        let file = ScratchFile::new(&format!("{test}.exe"));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/csharp").join(name);
        let mut compiler = Command::new("mcs");
        compiler.args(["-langversion:7.2", "-warnaserror", &format!("-out:{}", file.path())]);
        compiler.arg(client.path()).arg(source);
        Process::spawn("mcs", compiler).finish(PATIENCE).expect_code(0);
        Self { file, _client: client }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut mono = Command::new("mono");
        mono.arg(self.file.path()).args(arguments);
        mono
    }

    fn start(&self, arguments: &[&str]) -> Process {
        Process::spawn("a client in C#", self.command(arguments))
    }
}

#[test]
fn every_vector_is_decoded_and_encoded_or_refused() {
    let program = Program::compile("Vectors.cs", "vectors");
    let vectors: Value = serde_json::from_str(include_str!("../../vectors.json")).unwrap();
    for kind in ["valid", "invalid"] {
        let vectors = vectors[kind].as_array().unwrap();
        let frames: String =
            vectors.iter().map(|it| format!("{}\n", it["frame"].as_str().unwrap())).collect();
        let command = program.command(&[]);
        let finished = Process::spawn_with_input("vectors", command, &frames).finish(PATIENCE);
        finished.expect_code(0);
        let answers = finished.lines(Stream::Stdout);
        assert_eq!(answers.len(), vectors.len());
        for (vector, answer) in vectors.iter().zip(answers) {
            match kind {
                "invalid" => assert_eq!(answer, "malformed", "{vector}"),
                _ => expect_vector(vector, answer),
            }
        }
    }
}

#[track_caller]
fn expect_vector(vector: &Value, answer: &str) {
    let Some((fields, frame)) = answer.split_once('\t') else {
        panic!("{answer}: {vector}");
    };
    let fields: Value = serde_json::from_str(fields).unwrap();
    assert_eq!((&fields, frame), (&vector["fields"], vector["frame"].as_str().unwrap()));
}

#[test]
fn a_guest_plays_chats_and_comes_back() {
    let program = Program::compile("Visitor.cs", "guest");
    let chat = Server::chat(&[]);
    let mut main = Server::main(&[&format!("main.chat={}", chat.address)]);
    wait_until_found(&main, 1);
    let mut world = Server::world(1, main.address, &[]);
    world.wait_until_registered(1);
    let visitor = program.start(&[&main.address.to_string()]);
    let uid = welcome_of(&visitor);
    visitor.wait_until_said(Stream::Stdout, "in lobby", 1);
    visitor.wait_until_said(Stream::Stdout, "number ", 1);
    meet(&visitor, &mut User::enter(main.address, ""), uid);

    main.restart_after(Duration::ZERO);
    visitor.wait_until_said(Stream::Stdout, &format!("welcome {uid}"), 2);
    visitor.wait_until_said(Stream::Stdout, "in lobby", 2);
    world.wait_until_registered(2);
    world.restart_after(Duration::ZERO);
    visitor.wait_until_said(Stream::Stdout, "number ", 2);

    let mut user = User::enter(main.address, "");
    user.world.say(5, b"stop");
    let number = user.world.number_of(Uid(uid));
    assert_eq!(user.world.find::<UserLeft>().number, number);
    let finished = visitor.finish(PATIENCE);
    let came = ["welcome", "number", "lost Main", "welcome", "lost the world", "number", "ended:"];
    assert_eq!(course_of(&finished), came);
    main.stop().expect(&[("net.violations", 0), ("net.unknown_opcodes", 0)]);
    world.stop().expect(&[("net.violations", 0), ("net.unknown_opcodes", 0)]);
}

/// Its room goes on in another world, and it goes there.
#[test]
fn a_guest_goes_where_its_room_is() {
    let of_coin_rush = |words: &[&str]| Process::start(&[words, &["--game", "coin-rush"]].concat());
    let program = Program::compile_with(of_coin_rush, "Visitor.cs", "moving");
    let mut realm = Realm::start(&["world.game=coin-rush", "world.rooms=2"]);
    let visitor = program.start(&[&realm.main.address.to_string()]);
    visitor.wait_until_said(Stream::Stdout, "number ", 1);
    realm.add_world(2, &[]);
    wait_until_rooms_move(&realm.main, 2);
    let said = told(of(&realm.main), &["move", "0", "--from", "1", "--to", "2"]);
    visitor.wait_until_said(Stream::Stdout, "number ", 2);
    realm.worlds[1].wait_until_reported(&[("users", 1), ("returned", 1), ("joined", 0)]);
    visitor.kill();
    let (main, _) = realm.stop();
    // It has asked once, and was led there once.
    assert_eq!(main.count("enters"), 2, "{said:?}");
}

/// The visitor and a user move, and hear each other in their room and in the lobby.
#[track_caller]
fn meet(visitor: &Process, user: &mut User, uid: u64) {
    let entered = format!("entered {}", user.uid.0);
    visitor.wait_until_said(Stream::Stdout, &entered, 1);
    let (mover, pos) = user.world.find_move();
    assert_eq!((mover.0, pos.y), (uid, -pos.x));
    user.world.move_to(777);
    let moved = format!("moved {} 777", user.number.0);
    visitor.wait_until_said(Stream::Stdout, &moved, 1);

    user.world.say(5, b"hi");
    visitor.wait_until_said(Stream::Stdout, "event 7 hi", 1);
    let answers = [&b"hi"[..], b"C# has heard hi"];
    for (request, text) in [7, 1].into_iter().zip(answers) {
        let event = user.world.find::<EventBroadcast<'_>>();
        assert_eq!((event.request, event.data.as_slice()), (request, text));
    }

    channel::join(&mut user.main, LOBBY);
    channel::say(&mut user.main, LOBBY, "hello");
    assert_eq!(channel::heard(&mut user.main).1, "hello");
    assert_eq!(channel::heard(&mut user.main).1, "C# has heard hello");
}

/// An authority of this name, with an RSA key: Mono's chains know no others.
fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, rsa_key()).unwrap()
}

fn rsa_key() -> KeyPair {
    let mut openssl = Command::new("openssl");
    openssl.args(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]);
    let made = openssl.output().unwrap();
    let pem = String::from_utf8(made.stdout).unwrap();
    KeyPair::from_pem_and_sign_algo(&pem, &PKCS_RSA_SHA256).unwrap()
}

/// A server's certificate for these names, and its key.
fn certificate_by<const N: usize>(
    issuer: &CertifiedIssuer<'_, KeyPair>,
    names: [&str; N],
) -> [ScratchFile; 2] {
    let key = rsa_key();
    let params = CertificateParams::new(names.map(str::to_owned)).unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap();
    [("pem", certificate.pem()), ("key", key.serialize_pem())]
        .map(|(kind, text)| ScratchFile::with(&format!("secure-{}.{kind}", names[0]), &text))
}

fn tls_settings([certificate, key]: &[ScratchFile; 2]) -> [String; 2] {
    [("certificate", certificate), ("key", key)]
        .map(|(name, file)| format!("net.tls.{name}={}", file.path()))
}

#[test]
fn by_tls_a_guest_trusts_whom_it_is_told_to_and_nobody_else() {
    let program = Program::compile("Visitor.cs", "secure");
    let ours = authority("The authority");
    let here = certificate_by(&ours, ["localhost", "127.0.0.1"]);
    let settings = tls_settings(&here);
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let chat = Server::chat(&[]);
    let to_chat = format!("main.chat={}", chat.address);
    let main = Server::main(&[&settings[..], &[&to_chat]].concat());
    wait_until_found(&main, 1);
    let world = Server::world(1, main.address, &settings);
    world.wait_until_registered(1);
    let come = |pinned: Option<&ScratchFile>, main: &Server| {
        let mut command = program.command(&[&format!("tls://localhost:{}", main.address.port())]);
        command.envs(pinned.map(|file| ("PINNED", file.path())));
        Process::spawn("a client in C#", command)
    };
    let pem = ScratchFile::with("secure-authority.pem", &ours.pem());
    let visitor = come(Some(&pem), &main);
    let uid = welcome_of(&visitor);
    visitor.wait_until_said(Stream::Stdout, "in lobby", 1);
    visitor.wait_until_said(Stream::Stdout, "number ", 1);
    meet(&visitor, &mut User::enter(main.address, ""), uid);
    visitor.kill();
    let visitor = come(Some(&here[0]), &main);
    visitor.wait_until_said(Stream::Stdout, "number ", 1);
    visitor.kill();

    // Somebody else who is called so, whom the system trusts, and a server of another name.
    let forged = ScratchFile::with("secure-forged.pem", &authority("The authority").pem());
    let there = certificate_by(&ours, ["elsewhere.example"]);
    let elsewhere = Server::main(&tls_settings(&there).each_ref().map(String::as_str));
    for (pinned, main) in [(Some(&forged), &main), (None, &main), (Some(&pem), &elsewhere)] {
        let visitor = come(pinned, main);
        visitor.wait_until_said(Stream::Stdout, "no TLS: ", 2);
        assert!(!visitor.has_said(Stream::Stdout, "welcome"));
        visitor.kill();
    }
    elsewhere.stop().expect(&[("hellos", 0)]);
    world.stop().expect(&[("net.violations", 0)]);
    main.stop().expect(&[("hellos", 3), ("net.violations", 0)]);
}

#[test]
fn a_guest_whose_token_is_refused_leaves_its_world_and_is_somebody_new() {
    let program = Program::compile("Visitor.cs", "somebody-new");
    let main = Server::main(&[]);
    let world = Server::world(1, main.address, &[]);
    world.wait_until_registered(1);
    let visitor = program.start(&[&main.address.to_string()]);
    let uid = welcome_of(&visitor);
    visitor.wait_until_said(Stream::Stdout, "number ", 1);
    let address = main.address;
    main.process.kill();
    // It can't know the tokens of the other.
    let folder = ScratchFile::new("other-main");
    let main = Server::main_at(address, &[&format!("main.data_folder={}", folder.path())]);
    visitor.wait_until_said(Stream::Stdout, "number ", 2);
    visitor.wait_until_said(Stream::Stdout, &format!("welcome {uid}"), 1);
    world.wait_until_reported(&[("users", 1), ("joined", 2), ("left", 1)]);
    User::enter(main.address, "").world.say(5, b"stop");
    let finished = visitor.finish(PATIENCE);
    let came = ["welcome", "number", "lost Main", "lost the world", "welcome", "number", "ended:"];
    assert_eq!(course_of(&finished), came);
}

#[test]
fn an_account_logs_in_comes_back_and_stays_out_when_it_has_to() {
    let program = Program::compile("Visitor.cs", "account");
    let accounts = Accounts::new("csharp");
    accounts.user(&["add", "ann"], "correct horse\n");
    let login = accounts.login(&CHEAP);
    let mut main = main_of(&login, &[]);
    let world = Server::world(1, main.address, &[]);
    world.wait_until_registered(1);
    let (at, login_at) = (main.address.to_string(), login.address.to_string());
    let come = |password: &str| program.start(&[&at, &login_at, "ann", password]);
    expect_end(come("wrong"), "WRONG");

    let visitor = come("correct horse");
    let uid = welcome_of(&visitor);
    visitor.wait_until_said(Stream::Stdout, "number ", 1);
    main.restart_after(Duration::ZERO);
    visitor.wait_until_said(Stream::Stdout, &format!("welcome {uid}"), 2);
    let token = support::login::login(login.address, "ann", "correct horse").token();
    let (peer, same) = support::login::try_hello(main.address, Some(token)).unwrap();
    assert_eq!(same, Uid(uid));
    let finished = expect_end(visitor, "REPLACED");
    let course = course_of(&finished);
    assert_eq!(course[..5], ["logged", "welcome", "number", "lost Main", "welcome"]);
    drop(peer);

    let visitor = come("correct horse");
    visitor.wait_until_said(Stream::Stdout, "number ", 1);
    accounts.user(&["disable", "ann"], "");
    expect_end(visitor, "REVOKED");
    expect_end(come("correct horse"), "DISABLED");
}

#[track_caller]
fn expect_end(visitor: Process, reason: &str) -> Finished {
    let finished = visitor.finish(PATIENCE);
    let last = finished.lines(Stream::Stdout).last().map(|line| (*line).to_owned());
    assert_eq!(last, Some(format!("ended: {reason}")));
    finished
}

/// What a program has done in a realm that plays `examples/wheel.rs`.
fn in_a_realm_of_wheels(source: &str, name: &str) -> Finished {
    let wheel = |arguments: &[&str]| Process::start_example("wheel", arguments);
    let program = Program::compile_with(wheel, source, name);
    let main = wheel(&["main", "--port", "0", "--set", "main.chat="]);
    let at = address_of(&main, "main listening on ");
    let world = wheel(&["world", "--port", "0", "--main", &at]);
    world.wait_until_said(Stream::Stderr, "registered with Main", 1);
    let finished = program.start(&[&at]).finish(PATIENCE);
    finished.expect_code(0);
    finished
}

#[test]
fn a_game_s_own_messages_are_said_and_heard() {
    let finished = in_a_realm_of_wheels("Wheel.cs", "wheel");
    let turned = ["-180 1.5 255 True hart backbord", "-180 1.5 255 False hart backbord"];
    assert_eq!(finished.lines(Stream::Stdout), turned);
}

#[test]
fn rooms_by_name_inputs_things_and_seats_are_in_c_sharp_too() {
    let wheel = |arguments: &[&str]| Process::start_example("wheel", arguments);
    let program = Program::compile_with(wheel, "Crew.cs", "crew");
    let main = wheel(&["main", "--port", "0", "--set", "main.chat="]);
    let at = address_of(&main, "main listening on ");
    let world = wheel(&["world", "--port", "0", "--main", &at]);
    world.wait_until_said(Stream::Stderr, "registered with Main", 1);
    let says = |who: &Process, line: &str| who.wait_until_said(Stream::Stdout, line, 1);

    let ann = program.start(&[&at, "ann", "bridge", "sesame", "new"]);
    for line in ["in 1 False", "thing 0 90 True False", "nudges ann 1", "ack 2 90"] {
        says(&ann, line);
    }
    says(&ann, "refused NOT_UNDERSTOOD");
    says(&ann, "room bridge sail True 4");
    // A wrong secret stays wrong: whoever does not wish for anything else is refused once, and has ended.
    let stranger = program.start(&[&at, "stranger", "bridge", "wrong", "once"]);
    let finished = expect_end(stranger, "WRONG_SECRET");
    let lines = finished.lines(Stream::Stdout);
    assert_eq!(lines.iter().filter(|line| line.starts_with("refused")).count(), 1, "{lines:?}");
    let bob = program.start(&[&at, "bob", "bridge", "wrong", "there"]);
    for line in ["refused WRONG_SECRET", "in 2 False", "complete True 1 1", "ack 2 180"] {
        says(&bob, line);
    }
    for line in ["thing 0 180 True False", "nudges bob 1"] {
        says(&ann, line);
    }

    let token = bob.wait_for(Stream::Stdout, |line| line.strip_prefix("token ").map(str::to_owned));
    bob.kill();
    says(&ann, "away bob True");
    let bob = program.start(&[&at, "bob", "bridge", "sesame", "there", &token]);
    for line in ["in 2 True", "resumed 0", "complete True 1 2"] {
        says(&bob, line);
    }
    says(&ann, "back bob False");
    // She goes into another room, which is not listed.
    ann.wait_until_said(Stream::Stdout, "in 1 False", 2);
    for line in ["listed: bridge", "list: Main is away"] {
        says(&ann, line);
    }
    says(&bob, "left 1");
    bob.kill();
    let finished = ann.finish(PATIENCE);
    finished.expect_code(0);
    let lines = finished.lines(Stream::Stdout);
    assert_eq!(lines.last(), Some(&"ended: "));
    assert!(!lines.iter().any(|line| line.contains("sent") || line.contains("is an input")));
}

#[test]
fn questions_are_asked_and_answered_in_c_sharp_too() {
    let finished = in_a_realm_of_wheels("Bosun.cs", "bosun");
    let not_understood = format!("REFUSED {}", ErrorCode::NOT_UNDERSTOOD.0);
    let became = [
        "REFUSED 1",
        "given 2",
        "REFUSED 77",
        not_understood.as_str(),
        "TIMED_OUT 0",
        "NOT_UNDERSTOOD 0",
        "NOT_UNDERSTOOD 0",
        "too long: 0",
        "too many: 0",
        "LOST 0",
        "LOST 0",
        "LOST 0",
        "LOST 0",
        "ended: ",
    ];
    assert_eq!(finished.lines(Stream::Stdout), became);
}

#[track_caller]
fn address_of(server: &Process, prefix: &str) -> String {
    server.wait_for(Stream::Stdout, |line| line.strip_prefix(prefix).map(str::to_owned))
}

#[track_caller]
fn welcome_of(visitor: &Process) -> u64 {
    visitor.wait_for(Stream::Stdout, |line| line.strip_prefix("welcome ")?.parse().ok())
}

/// What has happened to a visitor, in a word each.
fn course_of(finished: &Finished) -> Vec<&str> {
    finished.expect_code(0);
    let kinds = ["logged", "welcome", "number", "lost Main", "lost the world", "ended:"];
    let lines = finished.lines(Stream::Stdout);
    lines.iter().filter_map(|line| kinds.into_iter().find(|kind| line.starts_with(kind))).collect()
}
