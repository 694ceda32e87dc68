//! `cargo xtask firmware`: the boards of `firmware-demo`.
//!
//! Purpose: `build` makes every role for a board, as `cargo build --release` in the board's folder
//! does, with whatever compiler is there for its target; `lint` has clippy read it, with logs on; `refuse`
//! sees that a real board is not built with the demonstration's keys; `run` starts a role in QEMU.
//!
//! Contract: cargo runs in the board's folder, because its configuration is there. The images lie
//! where [`Toolchain`] builds. A board that has no secret of a realm gets one that no realm has, for it is
//! not built without.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::command::{Argument, Arguments, others, word};
use crate::toolchain::{self, Source, Toolchain};
use crate::{Failure, process, qemu, workspace};

/// Names a `device.toml` that is not the board's own.
pub(crate) const DEVICE: &str = "TINYREALM_DEVICE";

pub(crate) const ARGUMENTS: &[Argument] = &[
    word("build", "5 minutes", "builds every role for the boards"),
    word("lint", "3 minutes", "has clippy read them, with logs on"),
    word(
        "refuse",
        "1 minute",
        "tries to build them with the demonstration's keys, which may not work",
    ),
    word("run", "until Ctrl-C", "one role in QEMU, with the servers that it needs"),
    others("BOARD", is_board, "only this one: mps2-an385, rp2040-w5500, stm32f103, stm32h743"),
    others("ROLE", is_role, "what `run` starts: world, chat, client, echo"),
    toolchain::ARGUMENT,
];
const ROLES: [&str; 4] = ["world", "chat", "client", "echo"];

/// A member of `firmware-demo` that is a board.
#[derive(PartialEq, Eq, Debug)]
struct Board {
    /// Also its folder's.
    name: &'static str,
    target: &'static str,
    /// What clippy reads besides its games' features.
    linted: &'static str,
    games: &'static [GameImage],
}

/// A binary with a game of its own.
#[derive(PartialEq, Eq, Debug)]
struct GameImage {
    name: &'static str,
    /// What it is built with besides.
    features: &'static str,
    /// A device that is large enough for it.
    device: &'static str,
}

const COIN_RUSH: GameImage = GameImage {
    name: "coin-rush",
    features: "things",
    device: "tests/qemu/devices/coin-rush.toml",
};

const BOARDS: [Board; 4] = [
    Board {
        name: "mps2-an385",
        target: "thumbv7m-none-eabi",
        linted: "log,settings,websocket",
        games: &[COIN_RUSH],
    },
    Board {
        name: "rp2040-w5500",
        target: "thumbv6m-none-eabi",
        linted: "log,websocket",
        games: &[],
    },
    // Its flash has no room for WebSockets.
    Board { name: "stm32f103", target: "thumbv7m-none-eabi", linted: "log", games: &[] },
    Board {
        name: "stm32h743",
        target: "thumbv7em-none-eabihf",
        linted: "log,websocket",
        games: &[],
    },
];

pub(crate) fn run(arguments: &Arguments<'_>) -> Result<(), Failure> {
    let (action, names) = match arguments.words[..] {
        ["run", role] if is_role(role) => return qemu::run(role),
        [action, ref names @ ..] if names.iter().all(|name| is_board(name)) => (action, names),
        _ => return Err(misused()),
    };
    let act = match action {
        "build" => build,
        "lint" => lint,
        "refuse" => refuse,
        _ => return Err(misused()),
    };
    let only = arguments.option(toolchain::ARGUMENT.name).and_then(Source::of_name);
    for board in chosen(names) {
        let started = Instant::now();
        let said = act(board, Toolchain::choose(board.target, only)?)?;
        println!("{}: {said} ({:.1} s)", board.name, started.elapsed().as_secs_f32());
    }
    Ok(())
}

/// The boards of these names; all of them if none is named.
fn chosen(names: &[&str]) -> Vec<&'static Board> {
    let is_chosen = |board: &&Board| names.is_empty() || names.contains(&board.name);
    BOARDS.iter().filter(is_chosen).collect()
}

fn misused() -> Failure {
    Failure::misused("First build, lint or refuse, then boards; or `run` and one role")
}

/// What they are called.
#[cfg(test)]
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    BOARDS.iter().map(|board| board.name)
}

fn is_board(name: &str) -> bool {
    BOARDS.iter().any(|board| board.name == name)
}

fn is_role(name: &str) -> bool {
    ROLES.contains(&name)
}

fn build(board: &Board, toolchain: Toolchain) -> Result<String, Failure> {
    process::require(in_folder_of(board, &mut toolchain.build(board.target))?.arg("--bins"))?;
    for game in board.games {
        let mut build = toolchain.build(board.target);
        let build = for_game(game, in_folder_of(board, &mut build)?);
        process::require(build.args(["--bin", game.name, "--features", game.features]))?;
    }
    Ok(format!("built with {toolchain}"))
}

/// For a device that the game fits, if nobody has named another one.
fn for_game<'a>(game: &GameImage, cargo: &'a mut Command) -> &'a mut Command {
    match std::env::var_os(DEVICE) {
        Some(_) => cargo,
        None => cargo.env(DEVICE, workspace::root().join(game.device)),
    }
}

fn lint(board: &Board, toolchain: Toolchain) -> Result<String, Failure> {
    let Some(mut clippy) = toolchain.clippy(board.target) else {
        return Ok(format!("no clippy with {toolchain}"));
    };
    let clippy = in_folder_of(board, &mut clippy)?;
    let clippy = board.games.iter().fold(clippy, |clippy, game| for_game(game, clippy));
    let games = board.games.iter().map(|game| game.features);
    let features = games.chain([board.linted]).collect::<Vec<_>>().join(",");
    process::require(clippy.args(["--features", &features, "--", "--deny", "warnings"]))?;
    Ok("nothing for clippy".into())
}

/// As a board's folder lies there, neither servers' role is built, and the errors say what to do.
fn refuse(board: &Board, toolchain: Toolchain) -> Result<String, Failure> {
    let folder = folder_of(board);
    if !folder.join("device.toml").is_file() {
        return Ok("has the demonstration's keys".into());
    }
    let mut build = toolchain.build(board.target);
    build.args(["--release", "--keep-going", "--bin", "world", "--bin", "chat"]);
    let built = process::capture(build.current_dir(folder).env_remove(DEVICE));
    let missing = ["world_key", "chat_key"].into_iter().find(|key| {
        !built.output.contains(&format!("device.toml: main.{key} is the demonstration's"))
    });
    match missing {
        Some(key) => {
            Err(format!("{}: nothing is said of main.{key}:\n{}", board.name, built.output).into())
        }
        None if built.is_success => Err(format!("{} is built all the same", board.name).into()),
        None => Ok("not built with the demonstration's keys".into()),
    }
}

fn folder_of(board: &Board) -> PathBuf {
    workspace::root().join("firmware-demo").join(board.name)
}

/// `cargo`, for the images that are flashed, in the board's folder.
fn in_folder_of<'a>(board: &Board, cargo: &'a mut Command) -> Result<&'a mut Command, Failure> {
    let folder = folder_of(board);
    if let Some(device) = device_of(&folder)? {
        cargo.env(DEVICE, device);
    }
    Ok(cargo.arg("--release").current_dir(folder))
}

/// What the board in this folder has otherwise than the demonstration, with a secret; or what the environment names.
pub(crate) fn device_of(folder: &Path) -> Result<Option<PathBuf>, Failure> {
    if let Some(named) = std::env::var_os(DEVICE) {
        return Ok(Some(named.into()));
    }
    let own = folder.join("device.toml");
    let Ok(device) = std::fs::read_to_string(&own) else { return Ok(None) };
    let Some(device) = with_secret(&device) else { return Ok(Some(own)) };
    let name = folder.file_name().unwrap_or_default().display();
    let path = workspace::target_folder("boards").join(format!("{name}.toml"));
    write_if_other(&path, &device).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(Some(path))
}

/// A board's `device.toml` with a secret, if it has none.
fn with_secret(device: &str) -> Option<String> {
    let has_one = device.lines().any(|line| line.starts_with("world_key"));
    let zeros = "0".repeat(64);
    let keys = format!("[main]\nworld_key = \"{zeros}\"\nchat_key = \"{zeros}\"\n");
    (!has_one).then(|| device.replacen("[main]\n", &keys, 1))
}

/// Cargo builds anew what a file is newer than.
fn write_if_other(path: &Path, text: &str) -> std::io::Result<()> {
    if std::fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    std::fs::write(path, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_board_has_a_folder_whose_configuration_has_its_target() {
        for board in &BOARDS {
            let config =
                std::fs::read_to_string(folder_of(board).join(".cargo/config.toml")).unwrap();
            assert!(config.contains(&format!("target = \"{}\"", board.target)), "{board:?}");
        }
    }

    #[test]
    fn every_member_with_binaries_is_a_board() {
        let folders = std::fs::read_dir(workspace::root().join("firmware-demo")).unwrap();
        for folder in folders.flatten().filter(|folder| folder.path().join("src/bin").is_dir()) {
            let name = folder.file_name();
            assert!(BOARDS.iter().any(|board| name == board.name), "{name:?} is not in the list");
        }
    }

    #[test]
    fn a_board_without_a_secret_gets_one_to_be_built_with() {
        let device = "[main]\naddress = \"192.168.1.2:7000\"\n";
        let with = with_secret(device).unwrap();
        assert!(with.starts_with("[main]\nworld_key = ") && with.ends_with("7000\"\n"));
        assert_eq!(with_secret(&with), None);
    }

    #[test]
    fn boards_are_chosen_by_name_and_every_name_is_told() {
        assert_eq!(chosen(&[]).len(), BOARDS.len());
        assert_eq!(chosen(&["stm32h743"]), [&BOARDS[3]]);
        let told = |name| ARGUMENTS.iter().any(|argument| argument.does.contains(name));
        assert!(BOARDS.iter().all(|board| told(board.name)) && ROLES.into_iter().all(told));
    }
}
