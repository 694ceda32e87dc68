//! `cargo xtask browser`: the live page in a headless Chromium.
//!
//! Contract: whatever is missing is installed or named: Node, npm and Chromium come from Debian's
//! packages if we may install them, playwright-core from npm into the build folder. Pictures of the
//! page are kept there, in `browser/screenshots`.

use std::path::Path;
use std::process::Command;

use crate::{Failure, process, toolchain, workspace};

const BROWSER: &str = "chromium";
const TEST: &str = "tests/browser/live-page.mjs";
const MANIFEST: &str = "tests/browser/package.json";

pub(crate) fn run(_: &[String]) -> Result<(), Failure> {
    for (program, package) in [("node", "nodejs"), ("npm", "npm"), (BROWSER, BROWSER)] {
        toolchain::require_program(program, package)?;
    }
    let folder = workspace::target_folder("browser");
    install_modules(&folder)?;
    let binary = workspace::release_binary()?;
    let mut test = Command::new("node");
    test.arg(TEST).current_dir(workspace::root());
    test.env("TINYREALM_BINARY", binary).env("TINYREALM_MODULES", &folder);
    test.env("TINYREALM_BROWSER", format!("/usr/bin/{BROWSER}"));
    test.env("TINYREALM_SCREENSHOTS", folder.join("screenshots"));
    process::pass_through(&mut test)?;
    println!("pictures: {}", folder.join("screenshots").display());
    Ok(())
}

/// What the manifest names, unless it is there already.
fn install_modules(folder: &Path) -> Result<(), Failure> {
    let told = |error: std::io::Error| error.to_string();
    let manifest = std::fs::read(workspace::root().join(MANIFEST)).map_err(told)?;
    let installed = folder.join("package.json");
    let is_there = folder.join("node_modules/playwright-core").is_dir();
    if is_there && std::fs::read(&installed).is_ok_and(|known| known == manifest) {
        return Ok(());
    }
    std::fs::create_dir_all(folder).map_err(told)?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"]);
    std::fs::write(&installed, &manifest).map_err(told)?;
    process::require(npm.current_dir(folder)).map(drop).inspect_err(|_| {
        // The next run tries again.
        let _ = std::fs::remove_file(&installed);
    })
}
