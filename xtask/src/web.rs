//! `cargo xtask web`: the realm's client for browsers, in `backend-web`.
//!
//! Purpose: without a word it makes what is checked in: `protocol.js`, `module.js` and their types from the
//! schema, and `tinyrealm.wasm` from `backend-web/module`. With `check` it changes nothing, builds the
//! module anew, and runs the same tests on it and on the one that is checked in.
//!
//! Contract: a module is below the limit of its [`Module`]. The one that is checked in has the same
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
/// Who has made the modules that are checked in.
const COMPILER: &str = "backend-web/tinyrealm.wasm.rustc";

/// One of the modules of the realm's client.
#[derive(Copy, Clone)]
struct Module {
    /// Where it is checked in.
    path: &'static str,
    feature: Option<&'static str>,
    limit_bytes: usize,
    /// What the realm of its test is set to.
    setting: &'static str,
}

const MODULES: [Module; 2] = [
    Module {
        path: "backend-web/tinyrealm.wasm",
        feature: None,
        limit_bytes: 41 * 1024,
        setting: "world.sealed_clients=0",
    },
    Module {
        path: "backend-web/tinyrealm-sealed.wasm",
        feature: Some("sealed-clients"),
        limit_bytes: 68 * 1024,
        setting: "world.sealed_clients=16",
    },
];
const OWN_LIMIT_BYTES: usize = MODULES[0].limit_bytes;
const TESTS: &str = "backend-web/tests";
/// What needs no module.
const CODECS_TEST: &str = "backend-web/tests/postcard.mjs";
/// A protocol without a realm.
const OWN_TEST: &str = "backend-web/tests/own.mjs";
/// WebSockets for Node, and the compiler that reads the types.
const PACKAGES: &str = "backend-web/tests/package.json";
const BOOK: &str = "docs";
const TYPES: &str = "backend-web/tests/types.ts";
/// A stack of 64 KiB, where a megabyte is usual; references as short as they can be, which is a tenth of the module; and
/// the shortest code of hash and curve that their crates have, 10 KB less.
const COMPILER_WORDS: &str = "-Clink-arg=-zstack-size=65536 -Clink-arg=--compress-relocations \
    --cfg sha2_backend_soft=\"compact\" --cfg curve25519_dalek_bits=\"32\"";

pub(crate) fn run(arguments: &Arguments<'_>) -> Result<(), Failure> {
    if arguments.words.is_empty() { make() } else { check() }
}

fn make() -> Result<(), Failure> {
    protocol::write_modules()?;
    let toolchain = Toolchain::choose(TARGET, None)?;
    for module in MODULES {
        let built = build_module(toolchain, module)?;
        // Its bytes, and not that it is a program.
        write(module.path, &read(&built)?)?;
    }
    write(COMPILER, (toolchain.version()? + "\n").as_bytes())
}

fn check() -> Result<(), Failure> {
    let toolchain = Toolchain::choose(TARGET, None)?;
    lint(toolchain)?;
    let own = build(toolchain, (OWN_CRATE, "own"), None, OWN_LIMIT_BYTES)?;
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
    MODULES.into_iter().try_for_each(|module| check_module(toolchain, module, &modules))
}

fn check_module(toolchain: Toolchain, module: Module, modules: &Path) -> Result<(), Failure> {
    let built = build_module(toolchain, module)?;
    let checked_in = workspace::root().join(module.path);
    compare(toolchain, &built, &checked_in)?;
    let binary = workspace::release_binary()?;
    for (name, file) in [("checked in", checked_in), ("built now", built)] {
        let Module { path, limit_bytes, setting, .. } = module;
        println!("{path}, {name}: {} of {limit_bytes} bytes", size_of(&file)?);
        for test in ["module.mjs", "realm.mjs", "moving.mjs"] {
            let mut node = Command::new("node");
            node.arg(format!("{TESTS}/{test}")).current_dir(workspace::root());
            node.env("TINYREALM_MODULE", &file).env("TINYREALM_MODULES", modules);
            node.env("TINYREALM_BINARY", &binary).env("TINYREALM_SETTING", setting);
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

fn with_compiler_words(mut cargo: Command, manifest: &Path) -> Command {
    cargo.arg("--manifest-path").arg(manifest).arg("--release");
    let variable = format!("CARGO_TARGET_{}_RUSTFLAGS", TARGET.to_uppercase().replace('-', "_"));
    cargo.env(variable, COMPILER_WORDS);
    cargo
}

/// Builds one of the client's modules, and answers where it is: a copy of its own, as both are called the same.
fn build_module(toolchain: Toolchain, module: Module) -> Result<PathBuf, Failure> {
    let built = build(toolchain, (CRATE, "tinyrealm"), module.feature, module.limit_bytes)?;
    let name = Path::new(module.path).file_name().unwrap_or_default();
    let copy = workspace::target_folder("web").join(name);
    let told = |error| format!("{}: {error}", copy.display());
    std::fs::create_dir_all(workspace::target_folder("web")).map_err(told)?;
    std::fs::copy(&built, &copy).map_err(told)?;
    Ok(copy)
}

/// Builds the module of a crate, and answers where it is.
fn build(
    toolchain: Toolchain,
    (of_crate, name): (&str, &str),
    feature: Option<&str>,
    limit_bytes: usize,
) -> Result<PathBuf, Failure> {
    let mut cargo = with_compiler_words(toolchain.build(TARGET), &manifest(of_crate)?);
    if let Some(feature) = feature {
        // Ciphers are as quick as a browser needs: its size is what counts.
        cargo.args(["--features", feature]).env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "z");
    }
    process::require(&mut cargo)?;
    let built = toolchain.folder().join(TARGET).join(format!("release/{name}.wasm"));
    let bytes = size_of(&built)?;
    if bytes >= limit_bytes {
        return Err(format!(
            "{name} has {bytes} bytes with {toolchain}, and has to be below {limit_bytes}"
        )
        .into());
    }
    Ok(built)
}

fn lint(toolchain: Toolchain) -> Result<(), Failure> {
    let Some(cargo) = toolchain.clippy(TARGET) else { return Ok(()) };
    let mut cargo = with_compiler_words(cargo, &manifest(CRATE)?);
    process::require(cargo.args(["--all-features", "--", "--deny", "warnings"])).map(drop)
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
        return Err(format!("{} is stale: run `cargo xtask web`", checked_in.display()).into());
    }
    Ok(())
}
