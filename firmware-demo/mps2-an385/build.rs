//! The linker's scripts: memory as large as `device.toml` says, and the interrupts' names.

use std::path::{Path, PathBuf};

/// The binaries, and the key of `device.toml` that says how much RAM each may have.
const BINARIES: [(&str, &str); 4] =
    [("world", "RAM_KB"), ("chat", "CHAT_RAM_KB"), ("client", "RAM_KB"), ("echo", "RAM_KB")];

fn main() {
    let folder = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    for (binary, ram) in BINARIES {
        let own = folder.join(binary);
        write_scripts(&own, &kb(ram));
        println!("cargo::rustc-link-arg-bin={binary}=-L{}", own.display());
    }
    println!("cargo::rerun-if-changed=build.rs");
    for argument in ["--nmagic", "-Tlink.x"] {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
    if std::env::var_os("CARGO_FEATURE_LOG").is_some() {
        println!("cargo::rustc-link-arg-bins=-Tdefmt.x");
    }
}

fn kb(key: &str) -> String {
    let name = format!("DEP_TINYREALM_DEVICE_{key}");
    std::env::var(name).expect("the roles' build script hands the sizes on")
}

fn write_scripts(folder: &Path, ram_kb: &str) {
    // The board has 4 MB of each; whoever buys a chip does not.
    let memory = format!(
        "MEMORY\n{{\n  FLASH : ORIGIN = 0x00000000, LENGTH = {}K\n  \
         RAM : ORIGIN = 0x20000000, LENGTH = {ram_kb}K\n}}\n",
        kb("FLASH_KB"),
    );
    std::fs::create_dir_all(folder).expect("OUT_DIR can be written");
    std::fs::write(folder.join("memory.x"), memory).expect("OUT_DIR can be written");
    // Handlers are found by the names in `board.rs`, so the linker has nothing to provide.
    std::fs::write(folder.join("device.x"), "").expect("OUT_DIR can be written");
}
