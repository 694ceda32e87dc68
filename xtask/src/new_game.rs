//! `cargo xtask new-game`: what `tinyrealm new` writes, built, tested and played as its author would: a game, and a board.
//!
//! Contract: the game's repository lies in the build folder, and builds with the workspace's versions and into the
//! workspace's folder, so that only what is new is compiled. Bots play the game on its own server, and the page
//! and the module of its messages are asked for. Its board is built with whatever compiler is there for it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::command::Arguments;
use crate::toolchain::Toolchain;
use crate::{Failure, firmware, new_board, process, workspace};

const NAME: &str = "treasure";
const DEVICE_TARGET: &str = "thumbv7m-none-eabi";
/// Ports are free ones; guests need no account.
const SETTINGS: [&str; 7] = [
    "http.page=web",
    "http.port=0",
    "admin.port=0",
    "main.port=0",
    "chat.port=0",
    "world.port=0",
    "up.auth=guest",
];
const BOTS: [&str; 8] = ["--game", NAME, "--count", "8", "--seconds", "3", "--json", "--ws=4"];

pub(crate) fn run(_: &Arguments<'_>) -> Result<(), Failure> {
    let folder = workspace::target_folder("new").join(NAME);
    let _ = std::fs::remove_dir_all(&folder);
    let into = folder.display().to_string();
    let mut new = Command::new(workspace::debug_binary()?);
    print!("{}", process::require(new.args(["new", NAME, "--into", &into]))?);
    std::fs::copy(workspace::root().join("Cargo.lock"), folder.join("Cargo.lock"))
        .map_err(|error| error.to_string())?;
    let cargo = |word: &[&str]| {
        let mut cargo = workspace::cargo();
        cargo.args(word).current_dir(&folder).env("CARGO_TARGET_DIR", workspace::target_folder(""));
        // As the workspace has it: nobody debugs this one, and to write it is a third of the build.
        cargo.env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only");
        process::require(&mut cargo)
    };
    print!("{}", cargo(&["test", "--quiet", "--workspace"])?);
    cargo(&["build", "--quiet"])?;
    let binary = workspace::target_folder("debug").join(format!("{NAME}-server"));
    let mut server = Command::new(binary);
    server.current_dir(&folder).env("XDG_DATA_HOME", folder.join("data"));
    play(&server)?;
    build_device(&folder.join("device"))?;
    new_board::run()
}

/// The game on its board, as `cargo build` there does it.
fn build_device(folder: &Path) -> Result<(), Failure> {
    let versions = workspace::root().join("firmware-demo/Cargo.lock");
    std::fs::copy(versions, folder.join("Cargo.lock")).map_err(|error| error.to_string())?;
    let toolchain = Toolchain::choose(DEVICE_TARGET, None)?;
    let mut build = toolchain.build(DEVICE_TARGET);
    // Its author puts a key into it.
    build.envs(firmware::device_of(folder)?.map(|device| (firmware::DEVICE, device)));
    process::require(build.arg("--release").current_dir(folder))?;
    println!("{NAME} is built for a board with {toolchain}");
    Ok(())
}

/// The game's own realm, and bots from the same binary.
fn play(server: &Command) -> Result<(), Failure> {
    let mut up = process::ending_with_us(server);
    up.args(["up", "--bots", "0", "--worlds", "1"]);
    up.args(SETTINGS.iter().flat_map(|setting| ["--set", setting]));
    let mut realm = up
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| error.to_string())?;
    let outcome = visit(server, &mut realm);
    let _ = realm.kill();
    let _ = realm.wait();
    outcome
}

fn visit(server: &Command, realm: &mut Child) -> Result<(), Failure> {
    let stdout = realm.stdout.take().ok_or("it says nothing")?;
    let mut addresses = [("main listening on ", None), ("http listening on ", None)];
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        for (words, address) in &mut addresses {
            if let Some(found) = line.strip_prefix(*words) {
                *address = Some(found.to_owned());
            }
        }
        if line.starts_with("stop:") {
            break;
        }
    }
    let [(_, Some(main)), (_, Some(http))] = addresses else {
        return Err("the realm did not say where it is".into());
    };
    let module = page(&http, &format!("/{NAME}.js"))?;
    if !page(&http, "/")?.contains("page.js") || !module.contains("Waved: [0x5101") {
        return Err("the page, or the module of the game's messages, is not there".into());
    }
    let mut bots = Command::new(server.get_program());
    bots.args(["bots", "--main", &main]).args(BOTS);
    let report = process::require(&mut bots)?;
    println!("bots play {NAME} by its own server: {}", report.lines().last().unwrap_or_default());
    Ok(())
}

/// What is at that path.
fn page(address: &str, path: &str) -> Result<String, Failure> {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    };
    ask().map_err(|error| format!("{address}{path}: {error}").into())
}
