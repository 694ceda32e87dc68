//! Packages of other languages, for tests: installed into the build folder, once for each list of them.

use std::path::Path;
use std::process::Command;

use crate::{Failure, process, toolchain, workspace};

/// What has been installed last, beside the packages.
const STAMP: &str = "installed-from";

/// Runs `install` with the list at `list` of the workspace, unless `folder` holds what that list names.
pub(crate) fn install_once(
    list: &str,
    folder: &Path,
    install: impl FnOnce(&Path) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let told = |error: std::io::Error| error.to_string();
    let list = workspace::root().join(list);
    let wanted = std::fs::read(&list).map_err(told)?;
    let stamp = folder.join(STAMP);
    if std::fs::read(&stamp).is_ok_and(|known| known == wanted) {
        return Ok(());
    }
    std::fs::create_dir_all(folder).map_err(told)?;
    install(&list)?;
    Ok(std::fs::write(stamp, wanted).map_err(told)?)
}

/// Installs what the npm manifest at `manifest` of the workspace names into `folder`.
pub(crate) fn install_npm(manifest: &str, folder: &Path) -> Result<(), Failure> {
    for (program, package) in [("node", "nodejs"), ("npm", "npm")] {
        toolchain::require_program(program, package)?;
    }
    install_once(manifest, folder, |manifest| {
        let copied = std::fs::copy(manifest, folder.join("package.json"));
        copied.map_err(|error| error.to_string())?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"]);
        process::require(npm.current_dir(folder)).map(drop)
    })
}

/// Installs what pip's list at `requirements` of the workspace names into `folder`.
pub(crate) fn install_python(requirements: &str, folder: &Path) -> Result<(), Failure> {
    install_once(requirements, folder, |requirements| {
        if !process::capture(Command::new("python3").args(["-m", "pip", "--version"])).is_success {
            toolchain::install_packages(&["python3-pip"])?;
        }
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        pip.arg("--root-user-action=ignore").arg("--target").arg(folder);
        pip.arg("--requirement").arg(requirements);
        process::require(&mut pip).map(drop)
    })
}
