//! `cargo xtask web`: the realm's client for browsers, in `backend-web`.
//!
//! Purpose: without a word it makes what is checked in: `protocol.js`, `module.js` and their types from the
//! schema, and `tinyrealm.wasm` from `backend-web/module`. With `check` it changes nothing, builds the
//! module anew, and runs the same tests on it and on the one that is checked in.
//!
//! Contract: a module is below [`MODULE_LIMIT_BYTES`]. The one that is checked in has the same
//! [`shape`](wasm_shape) as one that the same compiler makes, whose version lies beside it; other compilers make others. That it
//! speaks today's protocol holds with any: both sides carry a fingerprint of the schema, and
//! `tinyrealm.js` refuses a module with another one.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::Arguments;
use crate::toolchain::Toolchain;
use crate::{Failure, packages, process, protocol, wasm_shape, workspace};

const TARGET: &str = "wasm32-unknown-unknown";
const CRATE: &str = "backend-web/module";
/// A module of a test, with a protocol of its own.
const OWN_CRATE: &str = "backend-web/tests/own";
const MODULE: &str = "backend-web/tinyrealm.wasm";
/// Who has made the module that is checked in.
const COMPILER: &str = "backend-web/tinyrealm.wasm.rustc";
const MODULE_LIMIT_BYTES: usize = 40 * 1024;
const TESTS: &str = "backend-web/tests";
/// What needs no module.
const CODECS_TEST: &str = "backend-web/tests/postcard.mjs";
/// A protocol without a realm.
const OWN_TEST: &str = "backend-web/tests/own.mjs";
/// WebSockets for Node, and the compiler that reads the types.
const PACKAGES: &str = "backend-web/tests/package.json";
const BOOK: &str = "docs";
const TYPES: &str = "backend-web/tests/types.ts";
/// A stack of 64 KiB, where a megabyte is usual; and references as short as they can be, which is a tenth
/// of the module.
const LINKER_WORDS: &str = "-Clink-arg=-zstack-size=65536 -Clink-arg=--compress-relocations";

pub(crate) fn run(arguments: &Arguments<'_>) -> Result<(), Failure> {
    if arguments.words.is_empty() { make() } else { check() }
}

fn make() -> Result<(), Failure> {
    protocol::write_modules()?;
    let toolchain = Toolchain::choose(TARGET, None)?;
    let built = build(toolchain, CRATE, "tinyrealm")?;
    // Its bytes, and not that it is a program.
    write(MODULE, &read(&built)?)?;
    write(COMPILER, (toolchain.version()? + "\n").as_bytes())
}

fn check() -> Result<(), Failure> {
    let toolchain = Toolchain::choose(TARGET, None)?;
    lint(toolchain)?;
    let built = build(toolchain, CRATE, "tinyrealm")?;
    let own = build(toolchain, OWN_CRATE, "own")?;
    let checked_in = workspace::root().join(MODULE);
    compare(toolchain, &built, &checked_in)?;
    let modules = workspace::target_folder("web");
    packages::install_npm(PACKAGES, &modules)?;
    check_types(&modules)?;
    check_book(&modules)?;
    print!(
        "{}",
        process::require(Command::new("node").arg(CODECS_TEST).current_dir(workspace::root()))?
    );
    let mut own_protocol = Command::new("node");
    own_protocol.arg(OWN_TEST).current_dir(workspace::root());
    own_protocol.env("TINYREALM_OWN_MODULE", own).env("TINYREALM_MODULES", &modules);
    print!("{}", process::require(&mut own_protocol)?);
    let binary = workspace::release_binary()?;
    for (name, module) in [("checked in", checked_in), ("built now", built)] {
        println!("the module, {name}: {} of {MODULE_LIMIT_BYTES} bytes", size_of(&module)?);
        for test in ["module.mjs", "realm.mjs"] {
            let mut node = Command::new("node");
            node.arg(format!("{TESTS}/{test}")).current_dir(workspace::root());
            node.env("TINYREALM_MODULE", &module).env("TINYREALM_MODULES", &modules);
            node.env("TINYREALM_BINARY", &binary);
            print!("{}", process::require(&mut node)?);
        }
    }
    Ok(())
}

/// What a game in TypeScript may write, and what it may not.
fn check_types(modules: &Path) -> Result<(), Failure> {
    let mut compiler = Command::new("node");
    compiler.arg(modules.join("node_modules/typescript/bin/tsc")).arg(TYPES);
    compiler.args(["--noEmit", "--strict", "--target", "es2022", "--module", "nodenext"]);
    compiler.args(["--lib", "es2022,dom"]).current_dir(workspace::root());
    process::require(&mut compiler).map(drop)
}

/// The JavaScript of the book's pages, read with the types of what it imports.
fn check_book(modules: &Path) -> Result<(), Failure> {
    let folder = workspace::target_folder("web").join("book");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let client = workspace::root().join("backend-web").display().to_string();
    let mut compiler = Command::new("node");
    compiler.arg(modules.join("node_modules/typescript/bin/tsc"));
    compiler.args(["--noEmit", "--strict", "--allowJs", "--checkJs", "--target", "es2022"]);
    compiler.args(["--module", "nodenext", "--lib", "es2022,dom"]);
    for (number, block) in javascript_of_the_book()?.iter().enumerate() {
        let file = folder.join(format!("{number}.mjs"));
        let block = block.replace("\"./tinyrealm.js\"", &format!("\"{client}/tinyrealm.js\""));
        std::fs::write(&file, block).map_err(|error| format!("{}: {error}", file.display()))?;
        compiler.arg(file);
    }
    process::require(compiler.current_dir(workspace::root())).map(drop)
}

fn javascript_of_the_book() -> Result<Vec<String>, Failure> {
    let folder = workspace::root().join(BOOK);
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("{BOOK}: {error}"))?;
    let mut blocks = Vec::new();
    for page in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if page.extension().is_some_and(|end| end == "md") {
            let text = String::from_utf8_lossy(&read(&page)?).into_owned();
            let parts = text.split("```js\n").skip(1);
            blocks.extend(parts.filter_map(|part| Some(part.split_once("```")?.0.to_string())));
        }
    }
    Ok(blocks)
}

/// A module's crate is a workspace of its own, with the versions of this one.
fn manifest(of_crate: &str) -> Result<PathBuf, Failure> {
    let manifest = workspace::root().join(of_crate).join("Cargo.toml");
    let copy = manifest.with_file_name("Cargo.lock");
    std::fs::copy(workspace::root().join("Cargo.lock"), &copy)
        .map_err(|error| format!("{}: {error}", copy.display()))?;
    Ok(manifest)
}

fn with_linker_words(mut cargo: Command, manifest: &Path) -> Command {
    cargo.arg("--manifest-path").arg(manifest).arg("--release");
    let variable = format!("CARGO_TARGET_{}_RUSTFLAGS", TARGET.to_uppercase().replace('-', "_"));
    cargo.env(variable, LINKER_WORDS);
    cargo
}

/// Builds the module of a crate, and answers where it is.
fn build(toolchain: Toolchain, of_crate: &str, name: &str) -> Result<PathBuf, Failure> {
    process::require(&mut with_linker_words(toolchain.build(TARGET), &manifest(of_crate)?))?;
    let built = toolchain.folder().join(TARGET).join(format!("release/{name}.wasm"));
    let bytes = size_of(&built)?;
    if bytes >= MODULE_LIMIT_BYTES {
        return Err(format!(
            "the module has {bytes} bytes with {toolchain}, and has to be below {MODULE_LIMIT_BYTES}"
        )
        .into());
    }
    Ok(built)
}

fn lint(toolchain: Toolchain) -> Result<(), Failure> {
    let Some(cargo) = toolchain.clippy(TARGET) else { return Ok(()) };
    let mut cargo = with_linker_words(cargo, &manifest(CRATE)?);
    process::require(cargo.args(["--", "--deny", "warnings"])).map(drop)
}

fn size_of(module: &Path) -> Result<usize, Failure> {
    read(module).map(|bytes| bytes.len())
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    Ok(std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?)
}

fn write(path: &str, content: &[u8]) -> Result<(), Failure> {
    let told = |error| format!("{path}: {error}");
    Ok(std::fs::write(workspace::root().join(path), content).map_err(told)?)
}

/// The same compiler makes the same functions, in whatever folder.
fn compare(toolchain: Toolchain, built: &Path, checked_in: &Path) -> Result<(), Failure> {
    let made_by = read(&workspace::root().join(COMPILER))?;
    let version = toolchain.version()?;
    if String::from_utf8_lossy(&made_by).trim() != version {
        println!(
            "the module that is checked in is another compiler's, so its functions are not compared"
        );
        return Ok(());
    }
    let same = (wasm_shape::shape(&read(built)?), wasm_shape::shape(&read(checked_in)?));
    if same.0.is_none() || same.0 != same.1 {
        return Err(format!("{MODULE} is stale: run `cargo xtask web`").into());
    }
    Ok(())
}
