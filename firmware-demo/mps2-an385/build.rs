//! The linker's scripts: memory as large as `device.toml` says, and the interrupts' names.

use std::path::{Path, PathBuf};

/// A binary, and the keys of `device.toml` that say how much RAM and flash it may have.
type Binary = (&'static str, &'static str, &'static str);

const BINARIES: [Binary; 6] = [
    ("abilities", "WEBSOCKET_RAM_KB", "WEBSOCKET_FLASH_KB"),
    // More of a game than the smallest world has room for.
    ("coin-rush", "WEBSOCKET_RAM_KB", "WEBSOCKET_FLASH_KB"),
    ("world", "RAM_KB", "FLASH_KB"),
    ("chat", "CHAT_RAM_KB", "FLASH_KB"),
    ("client", "RAM_KB", "FLASH_KB"),
    ("echo", "RAM_KB", "FLASH_KB"),
];

fn main() {
    let folder = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let takes_web_sockets = std::env::var_os("CARGO_FEATURE_WEBSOCKET").is_some();
    let is_sealed = std::env::var_os("CARGO_FEATURE_SECURE").is_some();
    let seals_clients = std::env::var_os("CARGO_FEATURE_SEALED_CLIENTS").is_some();
    for binary in BINARIES {
        let (binary, ram, flash) = match binary {
            ("world", ..) if takes_web_sockets => {
                ("world", "WEBSOCKET_RAM_KB", "WEBSOCKET_FLASH_KB")
            }
            (binary, "RAM_KB", "FLASH_KB") if seals_clients => {
                (binary, "SEALED_CLIENTS_RAM_KB", "SEALED_CLIENTS_FLASH_KB")
            }
            (binary, "RAM_KB", "FLASH_KB") if is_sealed => {
                (binary, "SECURE_RAM_KB", "SECURE_FLASH_KB")
            }
            (binary, ram, "FLASH_KB") if is_sealed => (binary, ram, "SECURE_FLASH_KB"),
            other => other,
        };
        let own = folder.join(binary);
        write_scripts(&own, &kb(ram), &kb(flash));
        println!("cargo::rustc-link-arg-bin={binary}=-L{}", own.display());
    }
    println!("cargo::rerun-if-changed=build.rs");
    // With what the linker has put in, the budget tells addresses from numbers: this board's code begins at 0.
    for argument in ["--nmagic", "-Tlink.x", "--emit-relocs"] {
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

fn write_scripts(folder: &Path, ram_kb: &str, flash_kb: &str) {
    // The board has 4 MB of each; whoever buys a chip does not.
    let memory = format!(
        "MEMORY\n{{\n  FLASH : ORIGIN = 0x00000000, LENGTH = {flash_kb}K\n  \
         RAM : ORIGIN = 0x20000000, LENGTH = {ram_kb}K\n}}\n"
    );
    std::fs::create_dir_all(folder).expect("OUT_DIR can be written");
    std::fs::write(folder.join("memory.x"), memory).expect("OUT_DIR can be written");
    // Handlers are found by the names in `board.rs`, so the linker has nothing to provide.
    std::fs::write(folder.join("device.x"), "").expect("OUT_DIR can be written");
}
