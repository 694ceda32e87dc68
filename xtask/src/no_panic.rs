//! `cargo xtask no-panic`: no panic is reachable from the core, proven by the linker.
//!
//! Purpose: `tests/no-panic` exports the core's surface as a library whose panic handler calls a
//! symbol that nobody defines. If the optimiser could not rule a panic out, the link breaks.
//!
//! Contract: linked for size, as boards are, on the ordinary toolchain; and once more with a panic put
//! in, which has to break. A broken link is answered with the functions that can panic. With sealed links, as servers have them, it is
//! built for speed and for size. The ciphers
//! of other crates have panics that the optimiser can't rule out (slices whose lengths are constants), so there the functions
//! that can panic are looked for in the library, and have to be those ([`CIPHERS`]).
//!
//! Bounds: Linux, because `-z defs` is a word of its linkers. Overflowing arithmetic wraps in these
//! builds, so it is not part of the proof.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::command::Arguments;
use crate::{Failure, process, workspace};

const MANIFEST: &str = "tests/no-panic/Cargo.toml";
const SIZE: &str = "size";
const PROFILES: [&str; 2] = ["speed", SIZE];
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

/// What of the ciphers the optimiser can't see through; our own `Cipher` and `multiply`, which do nothing but call them,
/// have theirs inlined. Their contracts leave no panic: keys, nonces and tags have the lengths of their types, and a
/// record is shorter than 2^38 bytes.
const CIPHERS: [&str; 6] = [
    "poly1305::",
    "chacha20",
    "x25519_dalek::",
    "curve25519_dalek::",
    "tinyrealm_core::secure::agreement::multiply",
    "tinyrealm_core::secure::cipher::Cipher::",
];

pub(crate) fn run(_: &Arguments<'_>) -> Result<(), Failure> {
    if !cfg!(target_os = "linux") {
        return Err("no-panic needs a linker that knows `-z defs`: run it on Linux".into());
    }
    use_the_workspace_s_versions()?;
    process::require(&mut lint())?;
    let started = Instant::now();
    process::require(&mut link(&["-Clink-arg=-Wl,-z,defs"]))
        .map_err(|said| explain(&said.to_string()))?;
    check_exports(SIZE)?;
    let seconds = started.elapsed().as_secs_f32();
    println!("no panic is reachable, built for {SIZE} ({seconds:.1} s)");
    // As servers have it, and boards that seal. Nobody has it for speed without: that is part of this.
    for profile in PROFILES {
        check_sealed(profile)?;
        check_exports(profile)?;
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
fn link(words: &[&str]) -> Command {
    let mut cargo = cargo("rustc");
    cargo.args(["--profile", SIZE, "--", "-Clink-arg=-lc"]).args(words);
    cargo
}

/// With sealed links, nothing but the ciphers can panic.
fn check_sealed(profile: &str) -> Result<(), Failure> {
    let mut cargo = cargo("rustc");
    cargo.args(["--profile", profile, "--features", "sealed", "--", "-Clink-arg=-lc"]);
    process::require(&mut cargo)?;
    let (theirs, ours): (Vec<String>, Vec<String>) =
        panicking(&library(profile))?.into_iter().partition(|found| is_of_ciphers(found));
    if theirs.is_empty() {
        return Err("no cipher is in the library with sealed links: the search is empty".into());
    }
    if !ours.is_empty() {
        let list = ours.join("\n");
        return Err(
            format!("With sealed links, built for {profile}, these can panic:\n{list}").into()
        );
    }
    println!(
        "with sealed links no panic is reachable but in {} functions of ciphers, built for {profile}",
        theirs.len()
    );
    Ok(())
}

fn is_of_ciphers(found: &str) -> bool {
    let function = found.trim_start();
    // What they iterate with is a function of its own.
    let is_theirs = CIPHERS.iter().any(|name| function.starts_with(name));
    is_theirs || function.starts_with("<core::iter::adapters::rev::Rev<I>")
}

fn check_that_it_can_fail() -> Result<(), Failure> {
    let mut cargo = cargo("rustc");
    cargo.args(["--profile", SIZE, "--features", "prove-it-fails"]);
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
fn explain(output: &str) -> Failure {
    if !output.contains(HANDLER_SYMBOL) {
        return output.into();
    }
    let heading = format!("A panic is reachable, built for {SIZE}.");
    match process::require(&mut link(&[])).and_then(|_| panicking(&library(SIZE))) {
        Ok(functions) => {
            format!("{heading} These functions can panic:\n{}", functions.join("\n")).into()
        }
        Err(problem) => format!("{heading} (Looking for it failed: {problem})").into(),
    }
}

fn panicking(library: &Path) -> Result<Vec<String>, Failure> {
    let mut objdump = Command::new("objdump");
    objdump.args(["--disassemble", "--demangle=rust", "--no-show-raw-insn"]).arg(library);
    Ok(callers_of_panics(&process::require(&mut objdump)?))
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
