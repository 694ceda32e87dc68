//! `cargo xtask no-panic`: no panic is reachable from the core, proven by the linker.
//!
//! Purpose: `tests/no-panic` exports the core's surface as a library whose panic handler calls a
//! symbol that nobody defines. If the optimiser could not rule a panic out, the link breaks.
//!
//! Contract: linked for speed and for size, on the ordinary toolchain; and once more with a panic put
//! in, which has to break. A broken link is answered with the functions that can panic.
//!
//! Bounds: Linux, because `-z defs` is a word of its linkers. Overflowing arithmetic wraps in these
//! builds, so it is not part of the proof.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::command::Arguments;
use crate::{Failure, process, workspace};

const MANIFEST: &str = "tests/no-panic/Cargo.toml";
const PROFILES: [&str; 2] = ["speed", "size"];
const HANDLER_SYMBOL: &str = "a_panic_is_reachable";
/// A few of the exports: if the library lost them, the proof would be empty.
const EXPORTS: [&str; 7] = [
    "world_received",
    "busy_received",
    "main_received",
    "chat_received",
    "client_received",
    "parts_framer",
    "web_socket_assembly",
];

pub(crate) fn run(_: &Arguments<'_>) -> Result<(), Failure> {
    if !cfg!(target_os = "linux") {
        return Err("no-panic needs a linker that knows `-z defs`: run it on Linux".into());
    }
    use_the_workspace_s_versions()?;
    process::require(&mut lint())?;
    for profile in PROFILES {
        let started = Instant::now();
        process::require(&mut link(profile, &["-Clink-arg=-Wl,-z,defs"]))
            .map_err(|said| explain(profile, &said.to_string()))?;
        check_exports(profile)?;
        let seconds = started.elapsed().as_secs_f32();
        println!("no panic is reachable, built for {profile} ({seconds:.1} s)");
    }
    check_that_it_can_fail()
}

/// Cargo drops from the copy what the proof does not use, and keeps the versions of the rest.
fn use_the_workspace_s_versions() -> Result<(), Failure> {
    let lock = workspace::root().join("Cargo.lock");
    let copy = workspace::root().join(MANIFEST).with_file_name("Cargo.lock");
    let told = |error| format!("{}: {error}", copy.display());
    Ok(std::fs::copy(&lock, &copy).map(drop).map_err(told)?)
}

fn cargo(subcommand: &str) -> Command {
    let mut cargo = workspace::cargo();
    cargo.args([subcommand, "--quiet", "--manifest-path", MANIFEST]);
    cargo.env("CARGO_TARGET_DIR", workspace::target_folder("no-panic"));
    cargo
}

fn lint() -> Command {
    let mut cargo = cargo("clippy");
    // The profile of a link: what runs on the host is built once for both.
    cargo.args(["--profile", PROFILES[0], "--", "--deny", "warnings"]);
    cargo
}

/// The linker's words concern the library alone; with them in RUSTFLAGS, all would be built anew.
fn link(profile: &str, words: &[&str]) -> Command {
    let mut cargo = cargo("rustc");
    cargo.args(["--profile", profile, "--", "-Clink-arg=-lc"]).args(words);
    cargo
}

fn check_that_it_can_fail() -> Result<(), Failure> {
    let mut cargo = cargo("rustc");
    cargo.args(["--profile", "size", "--features", "prove-it-fails"]);
    cargo.args(["--", "-Clink-arg=-lc", "-Clink-arg=-Wl,-z,defs"]);
    let finished = process::capture(&mut cargo);
    if finished.is_success {
        return Err("a panic that was put in did not break the link: the proof is empty".into());
    }
    if !finished.output.contains(HANDLER_SYMBOL) {
        return Err(format!("the link broke for another reason:\n{}", finished.output).into());
    }
    println!("a panic that is put in breaks the link, as it has to");
    Ok(())
}

fn library(profile: &str) -> std::path::PathBuf {
    workspace::target_folder("no-panic").join(profile).join("libtinyrealm_no_panic.so")
}

fn check_exports(profile: &str) -> Result<(), Failure> {
    let path = library(profile);
    let bytes = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let has = |name: &str| bytes.windows(name.len()).any(|window| window == name.as_bytes());
    match EXPORTS.iter().find(|name| !has(name)) {
        None => Ok(()),
        Some(name) => Err(format!("{} does not export {name}", path.display()).into()),
    }
}

/// Links without the proof and looks for the calls, so that a broken proof says where.
fn explain(profile: &str, output: &str) -> Failure {
    if !output.contains(HANDLER_SYMBOL) {
        return output.into();
    }
    let heading = format!("A panic is reachable, built for {profile}.");
    match process::require(&mut link(profile, &[])).and_then(|_| panicking(&library(profile))) {
        Ok(functions) => format!("{heading} These functions can panic:\n{functions}").into(),
        Err(problem) => format!("{heading} (Looking for it failed: {problem})").into(),
    }
}

fn panicking(library: &Path) -> Result<String, Failure> {
    let mut objdump = Command::new("objdump");
    objdump.args(["--disassemble", "--demangle=rust", "--no-show-raw-insn"]).arg(library);
    Ok(callers_of_panics(&process::require(&mut objdump)?).join("\n"))
}

/// The functions of a disassembly that call one of the library's panics.
fn callers_of_panics(disassembly: &str) -> Vec<String> {
    let mut function = "";
    let mut found = Vec::new();
    for line in disassembly.lines() {
        if let Some((_, name)) = line.strip_suffix(">:").and_then(|line| line.split_once('<')) {
            function = name;
        }
        let callee = line.split_once("call").and_then(|(_, operand)| operand.split_once('<'));
        let Some((_, callee)) = callee else { continue };
        if is_panic(callee) && !function.starts_with("core::") {
            found.push(format!("  {function}\n    calls {}", callee.trim_end_matches('>')));
        }
    }
    found.dedup();
    found
}

fn is_panic(function: &str) -> bool {
    function.starts_with("core::") && (function.contains("panic") || function.contains("_fail"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disassembly_tells_who_can_panic() {
        let text = "\
0000000000001000 <fine>:
    1000:\tcall   2000 <other::attach_failed>
0000000000001100 <divides<u32>>:
    1100:\tcall   3000 <core::panicking::panic_const::panic_const_div_by_zero>
";
        let found = callers_of_panics(text);
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("divides<u32>") && found[0].contains("div_by_zero"));
    }
}
