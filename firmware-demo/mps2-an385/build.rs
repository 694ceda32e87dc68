//! The linker's scripts: memory as large as `device.toml` says, and the interrupts' names.

use std::path::PathBuf;

fn main() {
    let folder = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let kb = |key: &str| {
        let name = format!("DEP_TINYREALM_DEVICE_{key}");
        std::env::var(name).expect("the roles' build script hands the sizes on")
    };
    // The board has 4 MB of each; whoever buys a chip does not.
    let memory = format!(
        "MEMORY\n{{\n  FLASH : ORIGIN = 0x00000000, LENGTH = {}K\n  \
         RAM : ORIGIN = 0x20000000, LENGTH = {}K\n}}\n",
        kb("FLASH_KB"),
        kb("RAM_KB")
    );
    std::fs::write(folder.join("memory.x"), memory).expect("OUT_DIR can be written");
    // Handlers are found by the names in `board.rs`, so the linker has nothing to provide.
    std::fs::write(folder.join("device.x"), "").expect("OUT_DIR can be written");
    println!("cargo::rustc-link-search={}", folder.display());
    println!("cargo::rerun-if-changed=build.rs");
    for argument in ["--nmagic", "-Tlink.x"] {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
    if std::env::var_os("CARGO_FEATURE_LOG").is_some() {
        println!("cargo::rustc-link-arg-bins=-Tdefmt.x");
    }
}
