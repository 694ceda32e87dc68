//! `cargo xtask browser`: the live page in a headless Chromium, in a realm of its own and in the room of a
//! device.
//!
//! Contract: whatever is missing is installed or named: Node, npm, Chromium and QEMU come from Debian's
//! packages if we may install them, playwright-core from npm into the build folder. Pictures of the
//! page are kept there, in `browser/screenshots`.

use std::process::Command;

use crate::{Failure, packages, process, qemu, toolchain, workspace};

const BROWSER: &str = "chromium";
const TESTS: [&str; 2] = ["tests/browser/live-page.mjs", "tests/browser/device.mjs"];
/// The image of the device's test.
const IMAGE: &str = "world";
const MANIFEST: &str = "tests/browser/package.json";

pub(crate) fn run(_: &[String]) -> Result<(), Failure> {
    toolchain::require_program(BROWSER, BROWSER)?;
    let folder = workspace::target_folder("browser");
    packages::install_npm(MANIFEST, &folder)?;
    let binary = workspace::release_binary()?;
    let image = qemu::test_image(IMAGE)?;
    for script in TESTS {
        let mut test = Command::new("node");
        test.arg(script).current_dir(workspace::root());
        test.env("TINYREALM_BINARY", &binary).env("TINYREALM_MODULES", &folder);
        test.env("TINYREALM_BROWSER", format!("/usr/bin/{BROWSER}"));
        test.env("TINYREALM_SCREENSHOTS", folder.join("screenshots"));
        process::pass_through(test.env("TINYREALM_IMAGE", &image))?;
    }
    println!("pictures: {}", folder.join("screenshots").display());
    Ok(())
}
