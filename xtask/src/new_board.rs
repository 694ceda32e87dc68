//! What `tinyrealm new --board` writes, built, measured and played on as its author would.
//!
//! Contract: the crate lies in the build folder, and builds into the folder of the other boards with their versions, so that
//! little but itself is compiled. Its limits are checked from both sides. It runs by the command that its own
//! configuration has for `cargo run`, registers with a Main, and bots play in its world. Ports are free ones.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use crate::toolchain::Toolchain;
use crate::{Failure, process, qemu, workspace};

const NAME: &str = "gizmo";
const TARGET: &str = "thumbv7m-none-eabi";
const IMAGE: &str = "world, 8 players";
/// What the board takes is less, and more than the half of it.
const RAM_LIMIT: &str = "ram_bytes = 20_480";
const TOO_LITTLE_RAM: &str = "ram_bytes = 10_240";
const TOO_MUCH: &str = "world, 8 players: RAM with stack takes ";
const BOTS: [&str; 5] = ["--count", "8", "--seconds", "3", "--json"];
/// How long a board may take to register, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was started, and ends with this.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn run() -> Result<(), Failure> {
    qemu::install()?;
    let folder = workspace::target_folder("new").join(NAME);
    let _ = std::fs::remove_dir_all(&folder);
    let binary = workspace::debug_binary()?;
    let server = || {
        let mut server = Command::new(&binary);
        server.env("XDG_DATA_HOME", folder.join("data"));
        server
    };
    let into = folder.display().to_string();
    print!("{}", process::require(server().args(["new", "--board", NAME, "--into", &into]))?);
    let versions = workspace::root().join("firmware-demo/Cargo.lock");
    std::fs::copy(versions, folder.join("Cargo.lock")).map_err(|error| error.to_string())?;
    let key = process::require(server().args(["key", "world", "100"]))?;
    let mut main = server();
    main.args(["main", "--port", "0", "--set", "main.chat=", "--set", "cluster.clear=world:100"]);
    let (_main, said) = started(&main)?;
    let main = wait_for(&said, "main listening on ")?;
    settle(&folder, &key, &main)?;
    measure(&folder)?;
    let (_board, _) = started(&emulator(&folder)?)?;
    wait_for(&said, "world 100 registered")?;
    let report = process::require(server().args(["bots", "--main", &main]).args(BOTS))?;
    let report = report.lines().last().unwrap_or_default();
    if !report.contains("\"joined\":8,") {
        return Err(format!("not all of them have joined: {report}").into());
    }
    println!("bots play on {NAME} in QEMU: {report}");
    Ok(())
}

/// Says in its files what the author would: the key, where Main is, and where its players come in.
fn settle(folder: &Path, key: &str, main: &str) -> Result<(), Failure> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map_err(|error| error.to_string())?
        .port();
    let main_port = main.rsplit(':').next().unwrap_or_default();
    let key = format!("world_key = {:?}", key.lines().last().unwrap_or_default());
    replace(
        &folder.join("device.toml"),
        &[
            ("# world_key = \"…\"", &key),
            ("10.0.2.2:7000", &format!("10.0.2.2:{main_port}")),
            ("127.0.0.1:7100", &format!("127.0.0.1:{port}")),
        ],
    )?;
    let (old, new) = ("tcp:127.0.0.1:7100", format!("tcp:127.0.0.1:{port}"));
    replace(&folder.join(".cargo/config.toml"), &[(old, &new)])
}

/// Puts the second text of each pair where the first one stands.
fn replace(path: &Path, pairs: &[(&str, &str)]) -> Result<(), Failure> {
    let at = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut text = std::fs::read_to_string(path).map_err(at)?;
    for (old, new) in pairs {
        if !text.contains(old) {
            return Err(format!("{}: there is no {old}", path.display()).into());
        }
        text = text.replace(old, new);
    }
    Ok(std::fs::write(path, text).map_err(at)?)
}

/// Its image is built and within its limits, and beyond one that is too low.
fn measure(folder: &Path) -> Result<(), Failure> {
    let xtask = std::env::current_exe().map_err(|error| error.to_string())?;
    let budget = || {
        let mut budget = Command::new(&xtask);
        budget.args(["budget", "--image", IMAGE, "--board"]).arg(folder);
        process::capture(&mut budget)
    };
    let measured = budget();
    if !measured.is_success {
        return Err(measured.output.into());
    }
    let limits = folder.join("budget.toml");
    replace(&limits, &[(RAM_LIMIT, TOO_LITTLE_RAM)])?;
    let over = budget();
    replace(&limits, &[(TOO_LITTLE_RAM, RAM_LIMIT)])?;
    if over.is_success || !over.output.contains(TOO_MUCH) {
        return Err(format!("with {TOO_LITTLE_RAM} it does not fail:\n{}", over.output).into());
    }
    let told = measured.output.lines().filter(|line| line.contains(" free"));
    told.for_each(|line| println!("{line}"));
    Ok(())
}

/// What `cargo run` starts there, with the image that was measured.
fn emulator(folder: &Path) -> Result<Command, Failure> {
    let config = folder.join(".cargo/config.toml");
    let text = std::fs::read_to_string(&config).map_err(|error| error.to_string())?;
    let runner = text.lines().find_map(|line| line.strip_prefix("runner = \""));
    let mut words = runner.and_then(|words| words.strip_suffix('"')).unwrap_or_default().split(' ');
    let program = words.next().filter(|program| !program.is_empty());
    let mut emulator = Command::new(program.ok_or("its configuration has no runner")?);
    emulator.args(words).arg(image()?);
    Ok(emulator)
}

fn image() -> Result<PathBuf, Failure> {
    Ok(Toolchain::choose(TARGET, None)?.folder().join(TARGET).join("release").join(NAME))
}

/// Starts it, and hands on the lines of both of its outputs.
fn started(command: &Command) -> Result<(Started, Receiver<String>), Failure> {
    let mut command = process::ending_with_us(command);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let (sender, lines) = mpsc::channel();
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    if let Some(stdout) = stdout {
        hand_on(BufReader::new(stdout), sender.clone());
    }
    if let Some(stderr) = stderr {
        hand_on(BufReader::new(stderr), sender);
    }
    Ok((Started(child), lines))
}

fn hand_on(lines: impl BufRead + Send + 'static, sender: mpsc::Sender<String>) {
    thread::spawn(move || {
        lines.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
    });
}

/// The rest of the line that has these words, which has to come in time.
fn wait_for(lines: &Receiver<String>, words: &str) -> Result<String, Failure> {
    let deadline = Instant::now() + PATIENCE;
    let mut said = String::new();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let Ok(line) = lines.recv_timeout(left) else {
            return Err(format!("nobody has said `{words}`, but:\n{said}").into());
        };
        if let Some((_, rest)) = line.split_once(words) {
            return Ok(rest.to_owned());
        }
        said += &(line + "\n");
    }
}
