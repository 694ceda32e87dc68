//! The firmware in QEMU: the tests of devices, and a device to look at.
//!
//! Contract: whatever is missing is installed or named: QEMU comes from Debian's packages if we may
//! install them. Everything that was started ends with us.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::thread;
use std::time::Instant;

use crate::command::Arguments;
use crate::toolchain::{self, Toolchain};
use crate::{Failure, process, workspace};

const TARGET: &str = "thumbv7m-none-eabi";
const BOARD_PACKAGE: &str = "tinyrealm-mps2-an385";
const EMULATOR: &str = "qemu-system-arm";
const SOAK_MINUTES: f64 = 10.0;
/// Where the roles of `device.toml` find Main, seen from here.
const MAIN_PORT: u16 = 7_000;
/// What the keys in `firmware-demo/device.toml` are derived from.
const DEMO_SECRET: &str = "45749a8e97eb840a910ff8688c936ebb14d27a0083b06ec9e30cf7c8b4c32b87";
/// The ports of the device's world and of its chat server, here and there.
const WORLD_PORT: u16 = 7_100;
const CHAT_PORT: u16 = 7_300;

/// One image of the tests: its name, and that of its `tests/qemu/devices` file.
struct TestImage {
    name: &'static str,
    device: &'static str,
    role: &'static str,
    features: &'static str,
}

const fn image(
    name: &'static str,
    device: &'static str,
    role: &'static str,
    features: &'static str,
) -> TestImage {
    TestImage { name, device, role, features }
}

const SOAK_IMAGE: TestImage = image("soak", "soak", "world", "websocket");

const TEST_IMAGES: [TestImage; 14] = [
    image("world", "world", "world", "websocket"),
    image("world-without-web-sockets", "world", "world", ""),
    image("sealed-world", "sealed-world", "world", "secure"),
    image("sealed-players", "sealed-world", "world", "sealed-clients"),
    image("world-with-log", "world-with-log", "world", "log,websocket"),
    image("patient-world", "patient-world", "world", "log,websocket"),
    image("world-with-dhcp", "world-with-dhcp", "world", "log,dhcp"),
    image("coin-rush", "coin-rush", "coin-rush", "things,websocket"),
    image("moving-world", "moving-world", "coin-rush", "moving,names,things,websocket"),
    image("client", "client", "client", "log"),
    image("client-with-account", "client-with-account", "client", "log"),
    image("client-with-device-key", "client-with-device-key", "client", "log,sealed-clients"),
    image("chat", "chat", "chat", ""),
    image("unit", "unit", "world", "settings"),
];

/// `cargo xtask qemu`: the tests of devices among desktop servers.
pub(crate) fn test(arguments: &Arguments<'_>) -> Result<(), Failure> {
    println!("running the tests of devices");
    process::pass_through(tests("device", &TEST_IMAGES)?.args(&arguments.words))
}

/// `cargo xtask soak [MINUTES]`: a device with everything that can happen to it, for that long.
pub(crate) fn soak(arguments: &Arguments<'_>) -> Result<(), Failure> {
    let minutes = arguments.words.first().and_then(|minutes| minutes.parse::<f64>().ok());
    let seconds = (minutes.unwrap_or(SOAK_MINUTES) * 60.0) as u64;
    let mut soak = tests("soak", &[SOAK_IMAGE])?;
    process::pass_through(soak.env("TINYREALM_SOAK_SECONDS", seconds.to_string()))
}

/// `cargo test` of one of the files of tests, with these images and all else that it needs.
fn tests(name: &str, images: &[TestImage]) -> Result<Command, Failure> {
    install()?;
    // The servers are built elsewhere, so both go on at once.
    let binary = thread::scope(|scope| {
        let binary = scope.spawn(workspace::release_binary);
        images.iter().try_for_each(|image| keep(image).map(drop))?;
        binary.join().map_err(|_| "the build of the servers has panicked")?
    })?;
    let images = workspace::target_folder("images");
    let mut tests = workspace::tests(name);
    tests.args(["--features", "tinyrealm-qemu/machines", "--", "--nocapture"]);
    tests.env("TINYREALM_BUDGET", workspace::target_folder("budget"));
    tests.env("TINYREALM_IMAGES", images).env("TINYREALM_BINARY", binary);
    Ok(tests)
}

/// One image of the tests, where they look for it, with QEMU to run it.
pub(crate) fn test_image(name: &str) -> Result<PathBuf, Failure> {
    install()?;
    let image = TEST_IMAGES.iter().find(|image| image.name == name);
    keep(image.ok_or_else(|| format!("the tests have no image `{name}`"))?)
}

fn keep(image: &TestImage) -> Result<PathBuf, Failure> {
    let device = format!("tests/qemu/devices/{}.toml", image.device);
    let built = build_image(image.role, &device, image.features)?;
    let images = workspace::target_folder("images");
    std::fs::create_dir_all(&images).map_err(|error| error.to_string())?;
    let kept = images.join(image.name);
    std::fs::copy(&built, &kept).map_err(|error| error.to_string())?;
    Ok(kept)
}

/// `cargo xtask firmware run ROLE`: one device, with the servers that it needs.
pub(crate) fn run(role: &str) -> Result<(), Failure> {
    install()?;
    let features = if role == "world" { "log,websocket" } else { "log" };
    let image = build_image(role, "tests/qemu/devices/demo.toml", features)?;
    let servers = start_servers(role)?;
    let mut emulator = workspace::cargo();
    emulator.args(["run", "--quiet", "--package", "tinyrealm-qemu", "--"]).arg(image);
    let listens_at = match role {
        "world" => Some(WORLD_PORT),
        "chat" => Some(CHAT_PORT),
        _ => None,
    };
    emulator.args(listens_at.map(|port| format!("{port}:{port}")));
    let outcome = process::pass_through(&mut process::ending_with_us(&emulator));
    if let Some(mut servers) = servers {
        // They have had the same Ctrl-C; if not, this is their end.
        let _ = servers.kill();
        let _ = servers.wait();
    }
    outcome
}

/// Builds a role for QEMU's board with `device` over `device.toml`, and answers where it lies.
pub(crate) fn build_image(role: &str, device: &str, features: &str) -> Result<PathBuf, Failure> {
    let started = Instant::now();
    let toolchain = Toolchain::choose(TARGET, None)?;
    let mut build = toolchain.build(TARGET);
    build.args(["--release", "--package", BOARD_PACKAGE, "--bin", role, "--features", features]);
    build.env("TINYREALM_DEVICE", workspace::root().join(device));
    // Cargo's configuration for devices lies there.
    build.current_dir(workspace::root().join("firmware-demo"));
    process::require(&mut build)?;
    println!("built the role {role} of {device} ({:.1} s)", started.elapsed().as_secs_f32());
    Ok(toolchain.folder().join(TARGET).join("release").join(role))
}

/// The servers that a device of this role is for, unless somebody runs them already.
fn start_servers(role: &str) -> Result<Option<Child>, Failure> {
    let arguments: &[&str] = match role {
        // These boards are built without sealed links.
        "world" | "chat" => &["main", "--set", "cluster.clear=world:100,chat"],
        "client" => &["up", "--bots", "4", "--set", "up.auth=guest"],
        _ => return Ok(None),
    };
    if TcpListener::bind((Ipv4Addr::LOCALHOST, MAIN_PORT)).is_err() {
        println!("somebody listens at port {MAIN_PORT}: taken for a Main");
        return Ok(None);
    }
    let mut command = Command::new(workspace::release_binary()?);
    // A device as it ships has this secret.
    command.env("TINYREALM_CLUSTER_SECRET", DEMO_SECRET);
    command.args(arguments);
    let servers = process::ending_with_us(&command).spawn().map_err(|error| error.to_string())?;
    println!("started `tinyrealm {}`; in another terminal:", arguments.join(" "));
    println!("  cargo run --release -- client --main 127.0.0.1:{MAIN_PORT}");
    if role != "chat" {
        println!("  cargo run --release -- bots --main 127.0.0.1:{MAIN_PORT} --count 7");
    }
    Ok(Some(servers))
}

pub(crate) fn install() -> Result<(), Failure> {
    toolchain::require_program(EMULATOR, EMULATOR)
}
