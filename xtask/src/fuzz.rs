//! `cargo xtask fuzz TARGET [SECONDS]`: a fuzzer looks for bytes that take a target new ways.
//!
//! Contract: it begins with what is in `fuzz/corpus`, and leaves the shortest bytes of each way there, as
//! one file of `[length: u16][bytes]`, which an ordinary test replays. It needs a nightly compiler and
//! cargo-fuzz, which are not installed for you: nothing else of the project needs them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{Argument, Arguments, is_count, others, word};
use crate::{Failure, process, workspace};

pub(crate) const ARGUMENTS: &[Argument] = &[
    word("messages", "60 s", "messages of WebSockets"),
    word("handshake", "60 s", "requests for a WebSocket"),
    word("node", "60 s", "what a Main hears"),
    word("noise", "60 s", "the handshake of a sealed link"),
    word("records", "60 s", "a sealed link of two nodes, with somebody on the way"),
    word("port", "60 s", "the first bytes at a port that speaks TLS too"),
    others("SECONDS", is_count, "how long, 60 if not said"),
];
const ENGINE: &str = "fuzz/engine";
const LENGTH_MAX_BYTES: &str = "-max_len=1000";

pub(crate) fn run(arguments: &Arguments<'_>) -> Result<(), Failure> {
    let (target, seconds) = match arguments.words[..] {
        [target] if !is_count(target) => (target, "60"),
        [target, seconds] if !is_count(target) && is_count(seconds) => (target, seconds),
        _ => return Err(Failure::misused("First the target, then the seconds")),
    };
    let packed = workspace::root().join("fuzz/corpus").join(target);
    require_tools()?;
    let (found, shortest) = (folder(target, "found")?, folder(target, "shortest")?);
    unpack(&packed, &found)?;
    let limit = format!("-max_total_time={seconds}");
    process::pass_through(fuzzer("run", target).arg(&found).args([
        "--",
        &limit,
        LENGTH_MAX_BYTES,
    ]))?;
    let mut merge = fuzzer("run", target);
    merge.args([&shortest, &found]).args(["--", "-merge=1", LENGTH_MAX_BYTES]);
    process::require(&mut merge)?;
    let count = pack(&shortest, &packed)?;
    println!("{count} inputs in {}", packed.display());
    Ok(())
}

fn require_tools() -> Result<(), Failure> {
    let version = process::capture(Command::new("cargo").args(["+nightly", "fuzz", "--version"]));
    if version.is_success {
        return Ok(());
    }
    Err("fuzzing needs a nightly compiler and cargo-fuzz:\n  rustup toolchain install nightly\n  \
         cargo install cargo-fuzz --locked"
        .into())
}

/// Without a sanitizer, because nothing of it is unsafe; with every check of arithmetic.
fn fuzzer(what: &str, target: &str) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.args(["+nightly", "fuzz", what, "--fuzz-dir", ENGINE, "--sanitizer", "none"]);
    cargo.args(["--release", "--debug-assertions", "--target-dir"]);
    cargo.arg(workspace::target_folder("fuzz")).arg(target).current_dir(workspace::root());
    cargo
}

/// An empty folder for this target.
fn folder(target: &str, what: &str) -> Result<PathBuf, Failure> {
    let folder = workspace::target_folder("fuzz").join(what).join(target);
    // It may not be there yet.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    Ok(folder)
}

fn unpack(packed: &Path, folder: &Path) -> Result<(), Failure> {
    // A new target has none.
    let bytes = std::fs::read(packed).unwrap_or_default();
    let (mut rest, mut count) = (&bytes[..], 0);
    while let Some((length, behind)) = rest.split_first_chunk() {
        let length = usize::from(u16::from_le_bytes(*length));
        let (input, behind) = behind.split_at_checked(length).ok_or("the corpus is cut off")?;
        std::fs::write(folder.join(format!("{count:05}")), input)
            .map_err(|error| error.to_string())?;
        (rest, count) = (behind, count + 1);
    }
    Ok(())
}

/// The shortest first, so that a failing test tells the simplest input.
fn pack(folder: &Path, packed: &Path) -> Result<usize, Failure> {
    let told = |error: std::io::Error| error.to_string();
    let mut inputs = Vec::new();
    for file in std::fs::read_dir(folder).map_err(told)? {
        inputs.push(std::fs::read(file.map_err(told)?.path()).map_err(told)?);
    }
    inputs.sort_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
    let framed =
        inputs.iter().map(|input| [&(input.len() as u16).to_le_bytes()[..], input].concat());
    std::fs::write(packed, framed.collect::<Vec<_>>().concat()).map_err(told)?;
    Ok(inputs.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_of_the_engine_is_told() {
        let targets = std::fs::read_dir(workspace::root().join(ENGINE).join("targets")).unwrap();
        for target in targets.map(|entry| entry.unwrap().path()) {
            let name = target.file_stem().unwrap().to_str().unwrap();
            assert!(ARGUMENTS.iter().any(|argument| argument.name == name), "{name}");
        }
    }
}
