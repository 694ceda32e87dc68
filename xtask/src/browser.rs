//! `cargo xtask browser`: the live page in a headless Chromium, in a realm of its own, in clear and by TLS, and in the
//! room of a device; the operator's page; a game's own page, there, too; the npm package, by Vite and in Node; and a game in a hidden tab. With `hidden` that alone, for longer than the servers' own time-outs.
//!
//! Contract: whatever is missing is installed or named: Node, npm, Chromium and QEMU come from Debian's
//! packages if we may install them, playwright-core, Vite and ws from npm into the build folder. Pictures of the
//! page are kept there, in `browser/screenshots`.

use std::path::PathBuf;
use std::process::Command;

use crate::command::Arguments;
use crate::{Failure, packages, process, qemu, toolchain, workspace};

const BROWSER: &str = "chromium";
const TESTS: [&str; 7] = [
    "tests/browser/live-page.mjs",
    "tests/browser/operator.mjs",
    "tests/browser/secure.mjs",
    "tests/browser/through-main.mjs",
    HIDDEN_TEST,
    "tests/browser/coin-rush.mjs",
    "tests/browser/package.mjs",
];
/// Tests with a board, and their images.
const BOARD_TESTS: [(&str, &str); 2] =
    [("tests/browser/device.mjs", "world"), ("tests/browser/coin-rush-device.mjs", "coin-rush")];
const HIDDEN_TEST: &str = "tests/browser/hidden.mjs";
/// Twice what a server waits for somebody who says nothing, and more.
const HIDDEN_SECONDS: &str = "70";
const MANIFEST: &str = "tests/browser/package.json";

pub(crate) fn run(arguments: &Arguments<'_>) -> Result<(), Failure> {
    if arguments.words.is_empty() {
        return run_all();
    }
    process::pass_through(test(HIDDEN_TEST)?.env("TINYREALM_HIDDEN_SECONDS", HIDDEN_SECONDS))
}

fn run_all() -> Result<(), Failure> {
    for script in TESTS {
        process::pass_through(&mut test(script)?)?;
    }
    for (script, image) in BOARD_TESTS {
        let image = qemu::test_image(image)?;
        process::pass_through(test(script)?.env("TINYREALM_IMAGE", &image))?;
    }
    println!("pictures: {}", screenshots().display());
    Ok(())
}

fn screenshots() -> PathBuf {
    workspace::target_folder("browser").join("screenshots")
}

/// Node with this script and all that it needs.
pub(crate) fn test(script: &str) -> Result<Command, Failure> {
    toolchain::require_program(BROWSER, BROWSER)?;
    let folder = workspace::target_folder("browser");
    packages::install_npm(MANIFEST, &folder)?;
    let mut test = Command::new("node");
    test.arg(script).current_dir(workspace::root());
    test.env("TINYREALM_BINARY", workspace::release_binary()?).env("TINYREALM_MODULES", &folder);
    test.env("TINYREALM_BROWSER", format!("/usr/bin/{BROWSER}"));
    test.env("TINYREALM_SCREENSHOTS", screenshots());
    Ok(test)
}
