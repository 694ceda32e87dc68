//! Turns `device.toml` into constants, so that a device's sizes are known when it is built.

use std::path::{Path, PathBuf};

mod device_file;

fn main() {
    println!("cargo::rerun-if-env-changed=TINYREALM_DEVICE");
    let demonstration = PathBuf::from(env("CARGO_MANIFEST_DIR")).join("../device.toml");
    let own = std::env::var_os("TINYREALM_DEVICE").map(PathBuf::from);
    let has_dhcp = std::env::var_os("CARGO_FEATURE_DHCP").is_some();
    let own_text = own.as_deref().map(read);
    let device = device_file::device(&read(&demonstration), own_text.as_deref(), has_dhcp);
    let device = device.unwrap_or_else(|problem| {
        stop(&format!("{}: {problem}", own.unwrap_or(demonstration).display()))
    });
    std::fs::write(PathBuf::from(env("OUT_DIR")).join("device.rs"), device.source)
        .unwrap_or_else(|error| stop(&format!("the constants can't be written: {error}")));
    // For the boards' linker scripts, as `DEP_TINYREALM_DEVICE_…`.
    for (key, value) in device.memory {
        println!("cargo::metadata={key}={value}");
    }
}

fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| stop(&format!("cargo sets {name}")))
}

fn stop(problem: &str) -> ! {
    println!("cargo::error=the device's configuration: {}", problem.replace('\n', " "));
    std::process::exit(1)
}

fn read(path: &Path) -> String {
    println!("cargo::rerun-if-changed={}", path.display());
    std::fs::read_to_string(path)
        .unwrap_or_else(|error| stop(&format!("{} can't be read: {error}", path.display())))
}
